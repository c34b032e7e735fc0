"""Reductions: many entries to one, over some dimensions or all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend
from ..autograd import op
from ..autograd.operands import dimensions
from ..backend import Array, DType, float16, float32
from ..sums import in_float32, total
from ..tensor import Tensor
from .elementwise import not_zero

__all__ = ["all", "any", "count_nonzero", "logsumexp", "mean", "norm", "std", "sum", "var"]

Shape = tuple[int, ...]
Dims = int | Sequence[int] | None
_WORTH_A_VIEW = 16384  # entries; fewer are written out sooner than NumPy has made a view that repeats one

# ---------------------------------------------------------------------------------------------- what they share


def as_axes(name: str, dim: Dims, ndim: int) -> Shape | None:
    """The dimensions to reduce, ascending from 0 up; None for all of them."""
    if dim is None or dim == () or dim == []:
        return None
    if dim.__class__ is int and -ndim <= dim < ndim:
        return (dim % ndim,)
    axes = tuple(sorted(dimensions(name, dim, ndim)))
    return axes if ndim else ()


def _size(shape: Shape, axes: Shape | None) -> int:
    """How many entries come to one."""
    return math.prod(shape if axes is None else [shape[axis] for axis in axes])


def refuse_nothing(name: str, shape: Shape, dim: Dims, without_dim: type[Exception] = RuntimeError) -> None:
    """Of no entries, none is the greatest."""
    if 0 in shape and not _size(shape, as_axes(name, dim, len(shape))):
        error = without_dim if dim is None else IndexError
        raise error(f"{name}: expected dimensions of non-zero size to reduce, but got dim={dim} of shape {shape}")


def expand_to(g: Any, shape: Shape, dim: Dims, keepdim: bool) -> Any:
    """What belongs to the result of a reduction (its gradient, its value), for each of the entries reduced to it."""
    axes = as_axes("expand_to", dim, len(shape))
    if axes is not None and not keepdim:
        g = g.reshape(tuple([1 if axis in axes else n for axis, n in enumerate(shape)]))
    if isinstance(g, Tensor) or math.prod(shape) > _WORTH_A_VIEW:
        return np.broadcast_to(g, shape)
    whole = np.empty_like(g, shape=shape)
    whole[...] = g
    return whole


def share_of_ties(g: Any, input: Any, y: Any, dim: Dims, keepdim: bool) -> Any:
    """All of g where an entry alone equals the extreme y; an even share of it where there are several."""
    ties = input == expand_to(y, input.shape, dim, keepdim)
    count = ties.sum(axis=as_axes("amax", dim, input.ndim), keepdims=keepdim).astype(g.dtype)
    return expand_to(g / count, input.shape, dim, keepdim) * ties


def _sum(x: Any, axes: Shape | None) -> Any:
    """Σ x, with the reduced dimensions kept, of raw arrays and Tensors alike."""
    return sum(x, axes, True) if isinstance(x, Tensor) else total(x, axes, True)


# ---------------------------------------------------------------------------------------------- sums


@op(numpy=[np.sum], input=lambda g, input_shape, dim, keepdim: expand_to(g, input_shape, dim, keepdim))
def sum(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Array:
    """Σ x; integers and booleans are added up as int64."""
    y = total(input, as_axes("sum", dim, input.ndim), keepdim)
    return y if dtype is None or y.dtype == dtype else y.astype(dtype)


def _mean_rule(g: Any, input_shape: Shape, dim: Dims, keepdim: bool) -> Any:
    n = _size(input_shape, as_axes("mean", dim, len(input_shape)))
    return expand_to(g * (1 / (n or 1)), input_shape, dim, keepdim)


@op(numpy=[np.mean], input=_mean_rule)
def mean(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Array:
    """Σ x / n; of nothing, nan."""
    if input.dtype.kind != "f":
        raise RuntimeError(f"mean: could not infer output dtype: input is {input.dtype}; use .float(), or give dtype=")
    axes = as_axes("mean", dim, input.ndim)
    if input.dtype == float16:
        return (total(input.astype(float32), axes, keepdim) / _size(input.shape, axes)).astype(float16)
    return total(input, axes, keepdim) / _size(input.shape, axes)


@op()
def count_nonzero(input: Array, dim: Dims = None) -> Array:
    """How many entries are not 0."""
    return total(input != 0, as_axes("count_nonzero", dim, input.ndim))


def _logsumexp_rule(g: Any, input: Any, y: Any, dim: Dims, keepdim: bool) -> Any:
    g, y = [expand_to(x, input.shape, dim, keepdim) for x in (g, y)]
    return g * np.exp(input - y)


@op(input=_logsumexp_rule)
@in_float32
def logsumexp(input: Array, dim: Dims, keepdim: bool = False) -> Array:
    """log Σ exp x, without overflow on the way: the greatest x is taken out of the sum, and added again."""
    x = input if input.dtype.kind == "f" else input.astype(backend.get_default_dtype())
    axes = as_axes("logsumexp", dim, x.ndim)
    top = x.max(axis=axes, keepdims=True) if x.size else total(x, axes, True)
    top = np.where(np.isfinite(top), top, 0)
    y = np.log(total(np.exp(x - top), axes, True)) + top
    return y if keepdim else total(y, axes)


# ---------------------------------------------------------------------------------------------- yes or no


@op(numpy=[np.all])
def all(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether no entry is 0."""
    return input.all(axis=() if dim == () else as_axes("all", dim, input.ndim), keepdims=keepdim)


@op(numpy=[np.any])
def any(input: Array, dim: Dims = None, keepdim: bool = False) -> Array:
    """Whether some entry is not 0."""
    return input.any(axis=() if dim == () else as_axes("any", dim, input.ndim), keepdims=keepdim)


# ---------------------------------------------------------------------------------------------- spread and length


def _freedom(
    name: str, shape: Shape, dim: Any, unbiased: bool | None, correction: float | None
) -> tuple[Shape | None, float]:
    """The dimensions of a variance, and its n − correction; `unbiased` is PyTorch's older way to say 1."""
    if isinstance(dim, bool):  # var(False)
        dim, unbiased = None, dim
    if correction is None:
        correction = 0 if unbiased is False else 1
    axes = as_axes(name, dim, len(shape))
    n = _size(shape, axes) - correction
    return axes, n if n > 0 else 0


def _deviations(x: Any, axes: Shape | None) -> Any:
    """x − mean, by way of x − its first entry: exactly 0 if all are equal, and as good far from 0 as near it."""
    first = tuple([slice(1) if axes is None or axis in axes else slice(None) for axis in range(x.ndim)])
    x = x - x[first]
    return x - _sum(x, axes) * (1 / (_size(x.shape, axes) or 1))


def _variance(name: str, x: Array, dim: Any, unbiased: bool | None, keepdim: bool, correction: float | None) -> Array:
    if x.dtype.kind != "f":
        raise RuntimeError(f"{name}: only floating point dtypes have a spread, but input is {x.dtype}; use .float()")
    axes, n = _freedom(name, x.shape, dim, unbiased, correction)
    return total(np.square(_deviations(x, axes)), axes, keepdim) / n


def _var_rule(g: Any, input: Any, dim: Any, unbiased: bool | None, keepdim: bool, correction: float | None) -> Any:
    axes, n = _freedom("var", input.shape, dim, unbiased, correction)
    return expand_to(g * (2 / n if n else math.inf), input.shape, axes, keepdim) * _deviations(input, axes)


@op(input=_var_rule)
@in_float32
def var(
    input: Array, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> Array:  # fmt: skip
    """Σ (x − mean)² / (n − correction), where `correction` is 1, or 0 with ``unbiased=False``."""
    return _variance("var", input, dim, unbiased, keepdim, correction)


def _std_rule(
    g: Any, input: Any, y: Any, dim: Any, unbiased: bool | None, keepdim: bool, correction: float | None
) -> Any:
    return _var_rule(g / not_zero(y) * 0.5, input, dim, unbiased, keepdim, correction)


@op(input=_std_rule)
@in_float32
def std(
    input: Array, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> Array:  # fmt: skip
    """√var."""
    return np.sqrt(_variance("std", input, dim, unbiased, keepdim, correction))


def _norm_rule(g: Any, input: Any, y: Any, p: Any, dim: Dims, keepdim: bool) -> Any:
    """Along the input, and so 0 where it is 0."""
    p = 2 if p in ("fro", None) else p
    if p == 0:
        return np.zeros_like(input)
    if p == 2:
        return input * expand_to(g / not_zero(y), input.shape, dim, keepdim)
    size = np.absolute(input)
    if p in (math.inf, -math.inf):
        return np.sign(input) * share_of_ties(g, size, y, dim, keepdim)
    share = expand_to(g / not_zero(y) ** (p - 1), input.shape, dim, keepdim)
    return np.sign(input) * not_zero(size) ** (p - 1) * share


@op(input=_norm_rule)
@in_float32
def norm(
    input: Array, p: float | str | None = "fro", dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Array:
    """(Σ |x|ᵖ)^(1/p): 2, or "fro", is the length; inf the greatest |x|, -inf the least; 0 counts what is not 0."""
    if input.dtype.kind != "f":
        raise RuntimeError(f"norm: expected a floating point tensor, but input is {input.dtype}; use .float()")
    p, axes = 2 if p in ("fro", None) else p, as_axes("norm", dim, input.ndim)
    if isinstance(p, str):
        raise RuntimeError(f"norm: order {p!r} is not supported; p is a number, inf, -inf or 'fro'")
    if p == 2:
        return np.sqrt(total(np.square(input), axes, keepdim))
    if p == 0:
        return total(input != 0, axes, keepdim).astype(input.dtype)
    size = np.absolute(input)
    if p in (math.inf, -math.inf):
        refuse_nothing("norm", input.shape, dim)
        return size.max(axis=axes, keepdims=keepdim) if p > 0 else size.min(axis=axes, keepdims=keepdim)
    return total(size if p == 1 else size**p, axes, keepdim) ** (1 / p)
