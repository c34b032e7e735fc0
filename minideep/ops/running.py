"""Products, and sums and products that run along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import op
from ..autograd.operands import dimension
from ..backend import Array, DType, float16, float32, int64
from ..sums import in_float32
from .reduction import expand_to

__all__ = ["cumprod", "cumsum", "prod"]


def _running_sum(x: Any, dim: int) -> Any:
    return np.cumsum(x.astype(float32), dim).astype(float16) if x.dtype == float16 else np.cumsum(x, dim)


@op(numpy=[np.cumsum], input=lambda g, dim: np.flip(_running_sum(np.flip(g, dim), dim), dim) if g.ndim else g)
def cumsum(input: Array, dim: int, *, dtype: DType | None = None) -> Array:
    """yᵢ = x₁ + … + xᵢ along `dim`."""
    axis = dimension("cumsum", dim, input.ndim)
    y = _running_sum(input, axis) if input.dtype.kind == "f" else np.cumsum(input, axis, dtype=dtype or int64)
    return y.reshape(input.shape)


def _along(dim: int, part: slice) -> tuple[slice, ...]:
    return (*[slice(None)] * dim, part)


def _product_before(x: Any, dim: int) -> Any:
    """x₁ · … · xᵢ₋₁."""
    first, others = x[_along(dim, slice(1))], x[_along(dim, slice(-1))]
    return np.cumprod(np.concatenate([np.ones_like(first), others], dim), dim)


def _later(x: Any, steps: int, dim: int) -> Any:
    """xᵢ₊ₛ, and 0 beyond the end."""
    gone, left = x[_along(dim, slice(steps))], x[_along(dim, slice(steps, None))]
    return np.concatenate([left, np.zeros_like(gone)], dim)


def _prod_rule(g: Any, input: Any, dim: int | None, keepdim: bool) -> Any:
    """To each entry goes the product of the others: not y / x, so that zeros do no harm, in any derivative."""
    x, along = (input.reshape(-1), 0) if dim is None or not input.ndim else (input, dim % input.ndim)
    others = _product_before(x, along) * np.flip(_product_before(np.flip(x, along), along), along)
    return expand_to(g, input.shape, dim, keepdim) * others.reshape(input.shape)


@op(numpy=[np.prod], input=_prod_rule)
@in_float32
def prod(input: Array, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None) -> Array:
    """Π x; integers and booleans are multiplied as int64."""
    axis = None if dim is None else (dimension("prod", dim, input.ndim),)[: input.ndim]
    return input.prod(axis=axis, keepdims=keepdim, dtype=None if input.dtype.kind == "f" else dtype or int64)


def _cumprod_rule(g: Any, input: Any, dim: int) -> Any:
    """Σₖ gₖ · (y of k without xᵢ) = (x₁ · … · xᵢ₋₁) · sᵢ, where sᵢ = gᵢ + xᵢ₊₁ · sᵢ₊₁.

    That recurrence is worked out for all i at once, over 1, 2, 4, … terms; without a division, so zeros do no harm.
    """
    if not input.ndim:
        return g
    dim %= input.ndim
    s, factor, steps = g, _later(input, 1, dim), 1
    while steps < input.shape[dim]:
        s = s + factor * _later(s, steps, dim)
        factor = factor * _later(factor, steps, dim)
        steps *= 2
    return _product_before(input, dim) * s


@op(numpy=[np.cumprod], input=_cumprod_rule)
@in_float32
def cumprod(input: Array, dim: int, *, dtype: DType | None = None) -> Array:
    """yᵢ = x₁ · … · xᵢ along `dim`."""
    axis = dimension("cumprod", dim, input.ndim)
    y = np.cumprod(input, axis, dtype=None if input.dtype.kind == "f" else dtype or int64)
    return y.reshape(input.shape)
