"""Random numbers. All are drawn from the generator of the device in question, or from the one given as `generator`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from ..autograd import public
from ..autograd.graph import make_tensor
from ..autograd.views import changed_in_place, check_inplace
from ..backend import Array, DType, Generator, as_array, device_of, float16, float32, int64
from ..tensor import Tensor
from .shape import numbers

__all__ = [
    "bernoulli", "multinomial", "normal", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like",
    "randperm",
]  # fmt: skip

Shape = tuple[int, ...]

# ---------------------------------------------------------------------------------------------- raw arrays


def _stream(name: str, device: Any, generator: Generator | None) -> Any:
    """NumPy's or CuPy's own generator for a device."""
    where = backend.device(device or "cpu")
    if generator is not None and generator.device.type != where.type:
        raise RuntimeError(
            f"{name}: expected a generator for device '{where.type}', but got one for '{generator.device}'"
        )
    return (generator or backend.default_generator(where)).on(backend.module_for(where))


def _uniform(stream: Any, shape: Shape, dtype: DType) -> Array:
    """Evenly distributed from 0 up to, but never, 1."""
    if dtype == float16:  # a multiple of 2⁻¹¹, as rounding could make it 1
        return (np.floor(_uniform(stream, shape, float32) * 2048) / 2048).astype(float16)
    return as_array(stream.random(shape, dtype)).astype(dtype, copy=False)


def _gaussian(stream: Any, shape: Shape, dtype: DType) -> Array:
    if dtype == float32 and math.prod(shape) >= _MANY and isinstance(stream, np.random.Generator):
        return _many_gaussians(stream, shape)
    return as_array(stream.standard_normal(shape, float32 if dtype == float16 else dtype)).astype(dtype, copy=False)


_MANY, _AT_A_TIME = 2**16, 2**15


def _many_gaussians(stream: np.random.Generator, shape: Shape) -> np.ndarray:
    """As NumPy's, in a third of the time: of a point whose coordinates are normal, the direction is evenly distributed,
    and so is exp(-r²/2), with its distance r from the origin. Box and Muller, 1958."""
    made = np.empty(shape, float32)
    for part in np.split(made.reshape(-1), range(_AT_A_TIME, made.size, _AT_A_TIME)):
        r, y = part[: (part.size + 1) // 2], part[(part.size + 1) // 2 :]
        stream.random(out=r, dtype=float32)
        np.sqrt(-2 * np.log(1 - r), out=r)
        angle = stream.random(r.size, dtype=float32) * float32.type(2 * math.pi)
        np.multiply(r[: y.size], np.sin(angle[: y.size]), out=y)
        r *= np.cos(angle)
    return made


# ---------------------------------------------------------------------------------------------- of a shape


def _family(name: str, draw: Callable[[Any, Shape, DType], Array], content: str) -> list[Callable[..., Tensor]]:
    """The two ways to draw floats: of a shape, and of the shape of another tensor."""

    def by_shape(
        *size: Any,
        generator: Generator | None = None,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:
        kind = backend.get_default_dtype() if dtype is None else np.dtype(dtype)
        if kind.kind != "f":
            raise NotImplementedError(f"{name}: not implemented for {kind}; ask for floats and convert, or use randint")
        return make_tensor(draw(_stream(name, device, generator), numbers(size), kind)).requires_grad_(requires_grad)

    def like(
        input: Tensor, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,
        requires_grad: bool = False,
    ) -> Tensor:  # fmt: skip
        dtype, device = dtype or input.dtype, device or input.device
        return by_shape(input.shape, generator=generator, dtype=dtype, device=device, requires_grad=requires_grad)

    by_shape.__doc__ = f"{content}; the shape as several numbers or one tuple."
    like.__doc__ = f"{content}, with the shape, dtype and device of `input` where no other is given."
    return [public(name=name, method=False)(by_shape), public(name=f"{name}_like", method=False)(like)]


rand, rand_like = _family("rand", _uniform, "Evenly distributed between 0 (included) and 1 (excluded)")
randn, randn_like = _family("randn", _gaussian, "Normally distributed, with mean 0 and variance 1")


@public(method=False)
def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, generator: Generator | None = None, dtype: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Integers from `low` (or 0) up to but not including `high`; ``randint(high, size)`` will do."""
    if size is None:
        high, size = None, high
    low, high = (0, low) if high is None else (low, high)
    if high <= low:
        raise RuntimeError(f"randint: expects 'low' to be less than 'high', but got low={low} >= high={high}")
    drawn = _stream("randint", device, generator).integers(low, high, size=tuple(size), dtype=int64)
    dtype = int64 if dtype is None else np.dtype(dtype)
    return make_tensor(as_array(drawn).astype(dtype, copy=False)).requires_grad_(requires_grad)


@public(method=False)
def randint_like(
    input: Tensor, low: int = 0, high: int | None = None, *, generator: Generator | None = None, dtype: Any = None,
    device: Any = None,
) -> Tensor:  # fmt: skip
    """As `randint`, with the shape, dtype and device of `input` where no other is given."""
    dtype, device = dtype or input.dtype, device or input.device
    return randint(low, high, input.shape, generator=generator, dtype=dtype, device=device)


@public(method=False)
def randperm(n: int, *, generator: Generator | None = None, dtype: Any = None, device: Any = None) -> Tensor:
    """The numbers 0 … n − 1 in random order."""
    if n < 0:
        raise RuntimeError(f"randperm: n must be non-negative, but got {n}")
    keys = _stream("randperm", device, generator).random((n,))
    return make_tensor(np.argsort(keys).astype(int64 if dtype is None else np.dtype(dtype), copy=False))


# ---------------------------------------------------------------------------------------------- of a distribution


@public(method=False)
def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
) -> Tensor:
    """Normally distributed, with these means and standard deviations: tensors that broadcast, or numbers and `size`."""
    mean, std = [x.array if isinstance(x, Tensor) else x for x in (mean, std)]
    if np.any(std < 0):
        raise RuntimeError(f"normal: expects all elements of std >= 0.0, but found {float(np.min(std))}")
    given = [x for x in (mean, std) if hasattr(x, "shape")]
    if not given:
        return randn(size, generator=generator, dtype=dtype, device=device) * std + mean
    shape = np.broadcast_shapes(*[x.shape for x in given])
    noise = _gaussian(_stream("normal", device_of(given[0]), generator), shape, given[0].dtype)
    return make_tensor(as_array(noise * std + mean))


def _happens(stream: Any, p: Any, shape: Shape) -> Array:
    """True with probability `p`, a number or an array."""
    if not np.all((p >= 0) & (p <= 1)):
        raise RuntimeError(f"bernoulli: expected every p to be a probability, 0 <= p <= 1, but got {p}")
    return as_array(_uniform(stream, shape, getattr(p, "dtype", float32)) < p)


@public()
def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that `input` states for each entry (or `p` for all of them), else 0."""
    stream = _stream("bernoulli", input.device, generator)
    return make_tensor(_happens(stream, input.array if p is None else p, input.shape).astype(input.dtype))


@public()
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """`num_samples` positions in each row of weights `input`, each with a chance in proportion to its weight.

    Without replacement: those that come first when position i waits an exponentially distributed time at rate wᵢ.
    With: where an evenly distributed number falls among the running sums of the weights.
    """
    weights = input.array
    _check_weights(weights, num_samples, replacement)
    stream = _stream("multinomial", input.device, generator)
    if not replacement:
        waiting = -np.log1p(-_uniform(stream, weights.shape, backend.float64)) / weights
        return make_tensor(np.argsort(np.where(weights > 0, waiting, np.inf), axis=-1)[..., :num_samples])
    rows = weights.reshape(-1, weights.shape[-1]).astype(backend.float64)
    upto = np.cumsum(rows, axis=1)
    row = np.expand_dims(np.arange(len(rows), like=upto), 1)  # the rows end to end, each in a unit of its own
    at = _uniform(stream, (len(rows), num_samples), backend.float64) + row
    found = np.searchsorted((upto / upto[:, -1:] + row).reshape(-1), at.reshape(-1), side="right").reshape(at.shape)
    return make_tensor((found - row * rows.shape[1]).reshape((*weights.shape[:-1], num_samples)))


def _check_weights(weights: Array, num_samples: int, replacement: bool) -> None:
    if weights.ndim not in (1, 2) or weights.dtype.kind != "f":
        raise RuntimeError(
            f"multinomial: expected one or two dimensions of floating point weights, but got {weights.dtype} of shape "
            f"{weights.shape}"
        )
    if num_samples <= 0 or not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            f"multinomial: cannot sample n_sample > prob_dist.size(-1) samples without replacement, nor none: got "
            f"num_samples={num_samples} for {weights.shape[-1]} categories"
        )
    if not bool((np.isfinite(weights) & (weights >= 0)).all()):
        raise RuntimeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0")
    if not bool((weights > 0).any(axis=-1).all()):
        raise RuntimeError("multinomial: invalid multinomial distribution: the weights of a row sum to 0")


# ---------------------------------------------------------------------------------------------- in place


def _overwrite(input: Tensor, values: Array) -> Tensor:
    input.array[...] = values
    return changed_in_place(input, None)


@public(method="uniform_")
def uniform_(input: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Write numbers evenly distributed from `from_` up to but not including `to`."""
    check_inplace(input, "uniform_")
    if from_ > to:
        raise RuntimeError(f"uniform_: expects to return a [from, to) range, but found from={from_} > to={to}")
    drawn = _uniform(_stream("uniform_", input.device, generator), input.shape, input.dtype)
    drawn *= to - from_  # in place: of large arrays, each new one costs more than the drawing
    drawn += from_
    return _overwrite(input, drawn)


@public(method="normal_")
def normal_(input: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Write numbers normally distributed around `mean` with standard deviation `std`."""
    check_inplace(input, "normal_")
    if std < 0:
        raise RuntimeError(f"normal_: expects std >= 0.0, but found std {std}")
    drawn = _gaussian(_stream("normal_", input.device, generator), input.shape, input.dtype)
    drawn *= std
    drawn += mean
    return _overwrite(input, drawn)


@public(method="bernoulli_")
def bernoulli_(input: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Write 1 with probability `p`, a number or a tensor that broadcasts, else 0."""
    check_inplace(input, "bernoulli_")
    stream = _stream("bernoulli_", input.device, generator)
    return _overwrite(input, _happens(stream, getattr(p, "array", p), input.shape))
