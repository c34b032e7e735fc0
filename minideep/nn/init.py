"""First values for parameters. Every function writes into its tensor, outside the graph, and returns it.

A layer adds up `fan_in` products for each of its outputs, and on the way back `fan_out` for each of its inputs. To keep
the sums about as large as their terms, the variance of the weights is made 1 / fan, or 2 / fan where ReLU drops half of
them: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010; He et al.,
"Delving Deep into Rectifiers", 2015.
"""

from __future__ import annotations

import contextlib
import functools
import math
import warnings
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import numpy as np

from ..autograd import no_grad
from ..backend import Array, Generator, as_array, float64, special_function, widened
from ..ops.random import rand, rand_like, randn_like
from ..tensor import Tensor

_ndtri = special_function("ndtri")
_skipping = ContextVar("_skipping", default=False)
Draw = TypeVar("Draw", bound=Callable[..., Tensor])


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By how much weights should be larger in front of a nonlinearity; `param` is the slope of a leaky ReLU.

    >>> calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"calculate_gain: negative_slope {param} not a valid number")
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(
            f"calculate_gain: Unsupported nonlinearity {nonlinearity}; expected leaky_relu, {', '.join(_GAINS)}"
        )
    return _GAINS[nonlinearity]


_LINEAR = ["linear", *(f"conv{transposed}{n}d" for transposed in ("", "_transpose") for n in (1, 2, 3)), "sigmoid"]
_GAINS = dict.fromkeys(_LINEAR, 1.0) | {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4}


def _written(tensor: Tensor, values: Array) -> Tensor:
    with no_grad():
        return tensor.copy_(Tensor(as_array(values)))


# ---------------------------------------------------------------------------------------------- without chance


def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere."""
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity of a linear layer, as far as its sides allow."""
    _expect_dims("eye_", tensor, (2,), "2")
    return _written(tensor, np.eye(*tensor.shape, dtype=tensor.dtype, like=tensor.array))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The identity of a convolution: in each group, output channel i is input channel i, as far as there are both."""
    _expect_dims("dirac_", tensor, (3, 4, 5), "3, 4, or 5")
    out_channels, in_channels, *window = tensor.shape
    if out_channels % groups:
        raise ValueError(f"dirac_: dim 0 must be divisible by groups, but got {out_channels} and groups={groups}")
    values = np.zeros_like(tensor.array)
    centre = tuple(side // 2 for side in window)
    for first in range(0, out_channels, out_channels // groups):
        for i in range(min(out_channels // groups, in_channels)):
            values[(first + i, i, *centre)] = 1
    return _written(tensor, values)


# ---------------------------------------------------------------------------------------------- of a distribution


@contextlib.contextmanager
def skipped() -> Iterator[None]:
    """Inside, nothing is drawn, and tensors keep what happens to be in their memory. Constants are written as ever.

    For modules whose values come from elsewhere, a file or another module: to draw them first can take longer.
    """
    token = _skipping.set(True)
    try:
        yield
    finally:
        _skipping.reset(token)


def _drawing(draw: Draw) -> Draw:
    @functools.wraps(draw)
    def unless_skipped(tensor: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return tensor if _skipping.get() else draw(tensor, *args, **kwargs)

    return cast("Draw", unless_skipped)


@_drawing
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Evenly distributed from `a` to `b`."""
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


@_drawing
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normally distributed."""
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


@_drawing
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed, of which what falls outside of [`a`, `b`] is drawn again.

    Once is enough: it becomes the quantile of an evenly distributed number among the probabilities of what lies within.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "trunc_normal_: mean is more than 2 std from [a, b]; the distribution of values may be incorrect",
            stacklevel=3,
        )
    values = mean + std * randn_like(tensor, generator=generator).array
    outside = (values < a) | (values > b)
    if count := int(outside.sum()):
        lowest, highest = (math.erfc((mean - end) / std / math.sqrt(2)) / 2 for end in (a, b))
        evenly = rand(count, generator=generator, dtype=float64, device=tensor.device).array
        values[outside] = np.clip(mean + std * _ndtri(lowest + (highest - lowest) * evenly), a, b)
    return _written(tensor, values)


@_drawing
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normally distributed, but in each column a share of `sparsity`, rounded up, is 0.

    Martens, "Deep learning via Hessian-free optimization", 2010.
    """
    _expect_dims("sparse_", tensor, (2,), "2")
    normal_(tensor, 0.0, std, generator)
    rank = np.argsort(np.argsort(rand_like(tensor, generator=generator).array, axis=0), axis=0)
    return _written(tensor, np.where(rank < math.ceil(sparsity * tensor.shape[0]), 0, tensor.array))


# ---------------------------------------------------------------------------------------------- by the layer's size


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many products an output of the layer adds up, and how many an input of it takes part in."""
    if tensor.ndim < 2:
        raise ValueError(
            "fan: Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, but its shape is "
            f"{tensor.shape}"
        )
    out_channels, in_channels, *window = tensor.shape
    return in_channels * math.prod(window), out_channels * math.prod(window)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    return gain * math.sqrt(2 / sum(_calculate_fan_in_and_fan_out(tensor)))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform, with standard deviation gain · √(2 / (fan_in + fan_out)), a mean of what either direction asks for."""
    bound = math.sqrt(3) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal, with standard deviation gain · √(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


def _kaiming_std(name: str, tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    """gain / √fan; 0 for a tensor without entries, which has none to scale."""
    if 0 in tensor.shape:
        warnings.warn(f"{name}: Initializing zero-element tensors is a no-op", stacklevel=3)
        return 0.0
    fans = dict(zip(("fan_in", "fan_out"), _calculate_fan_in_and_fan_out(tensor), strict=True))
    if mode.lower() not in fans:
        raise ValueError(f"{name}: Mode {mode} not supported, please use one of {list(fans)}")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode.lower()])


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform, with standard deviation gain / √fan; `a` is the slope of a leaky ReLU."""
    bound = math.sqrt(3) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal, with standard deviation gain / √fan; `a` is the slope of a leaky ReLU."""
    return normal_(tensor, 0.0, _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


@_drawing
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A random (semi-)orthogonal matrix times `gain`; all dimensions but the first count as one.

    The Q of a normal matrix, with the signs that make it evenly distributed: Saxe et al., "Exact solutions to the
    nonlinear dynamics of learning in deep linear neural networks", 2013; Mezzadri, "How to generate random matrices
    from the classical compact groups", 2006.
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"orthogonal_: Only tensors with 2 or more dimensions are supported, but its shape is {tensor.shape}"
        )
    if 0 in tensor.shape:
        return tensor
    normal = widened(randn_like(tensor, generator=generator).array).reshape(tensor.shape[0], -1)
    wide = normal.shape[0] < normal.shape[1]
    q, r = np.linalg.qr(normal.T if wide else normal)
    q = q * np.sign(np.diagonal(r))
    return _written(tensor, gain * (q.T if wide else q).reshape(tensor.shape))


def _expect_dims(name: str, tensor: Tensor, allowed: tuple[int, ...], words: str) -> None:
    if tensor.ndim not in allowed:
        raise ValueError(f"{name}: Only tensors with {words} dimensions are supported, but its shape is {tensor.shape}")
