"""Softmax: numbers along a dimension as shares of a whole. What it is made of serves the losses and attention, too."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import op, public
from ..autograd.operands import dimension
from ..backend import Array, DType, widened
from ..parallel import blocks, share
from ..sums import dots, total
from ..tensor import Tensor
from .activation import expect_floats

__all__ = ["log_softmax", "softmax"]

_SAFE = 64.0  # exp(±64) is far from the ends of float32, for sums of it too

# ---------------------------------------------------------------------------------------------- along axis 1


def as_lanes(x: Array, dim: int) -> Array:
    """The array with `dim` as axis 1: the dimensions before it made one, and those after it, unless of size 1."""
    sides = x.shape or (1,)
    after = math.prod(sides[dim + 1 :])
    lanes = (math.prod(sides[:dim]), sides[dim])
    return x.reshape(lanes if after == 1 else (*lanes, after))


def is_small(x: Array) -> bool:
    """Whether exp(x), and sums of it, are so far from 0 and from overflow that x need not be shifted for it.

    A GPU would have to stop to answer that, so there the answer is no.
    """
    return not x.size or x.__class__ is np.ndarray and bool(x.max() < _SAFE and x.min() > -_SAFE)


def sums(x: Array) -> Array:
    """Σ x along axis 1, which stays."""
    return total(x, (1,), keepdims=True)


def products(a: Array, b: Array) -> Array:
    """Σ a·b along axis 1, which stays."""
    return dots(a, b)[:, None] if a.ndim == 2 else sums(a * b)


# ---------------------------------------------------------------------------------------------- softmax


def _softmax_part(x: Array, y: Array) -> None:
    np.exp(x if is_small(x) else np.subtract(x, x.max(axis=1, keepdims=True), out=y), out=y)
    y /= sums(y)


def _softmax_gradient_part(g: Array, y: Array, out: Array) -> None:
    np.copyto(out, products(g, y))  # spread out first: NumPy is slow to subtract one number from each of a short row
    np.subtract(g, out, out=out)
    out *= y


def _log_softmax_part(x: Array, y: Array) -> None:
    np.subtract(x, x.max(axis=1, keepdims=True), out=y)  # always: else little is left of the log of a share near 1
    y -= np.log(sums(np.exp(y)))


def _log_softmax_gradient_part(g: Array, y: Array, out: Array) -> None:
    np.exp(y, out=out)
    out *= sums(g)
    np.subtract(g, out, out=out)


def _in_parts(kernel: Callable[..., None], dim: int, *arrays: Array) -> Array:
    """What a kernel writes to its last argument, an array like the others; `dim` is axis 1 of all of them."""
    result = np.empty_like(widened(arrays[0]), order="C")
    *lanes, out = [as_lanes(widened(x), dim) for x in (*arrays, result)]
    if out.size:
        share(lambda part: kernel(*[x[part] for x in lanes], out[part]), blocks(out))
    return result.astype(arrays[0].dtype, copy=False)


def _softmax_gradient(g: Any, y: Any, dim: int) -> Any:
    if isinstance(g, Tensor):
        return (g - (g * y).sum(dim, keepdim=True)) * y
    return _in_parts(_softmax_gradient_part, dim, g, y)


def _log_softmax_gradient(g: Any, y: Any, dim: int) -> Any:
    if isinstance(g, Tensor):
        return g - np.exp(y) * g.sum(dim, keepdim=True)
    return _in_parts(_log_softmax_gradient_part, dim, g, y)


@op(name="softmax", input=_softmax_gradient)
def _softmax(input: Array, dim: int) -> Array:
    return _in_parts(_softmax_part, dim, expect_floats("softmax", input)).astype(input.dtype, copy=False)


@op(name="log_softmax", input=_log_softmax_gradient)
def _log_softmax(input: Array, dim: int) -> Array:
    return _in_parts(_log_softmax_part, dim, expect_floats("log_softmax", input)).astype(input.dtype, copy=False)


@public()
def softmax(input: Tensor, dim: int | None = None, dtype: DType | None = None, *, axis: int | None = None) -> Tensor:
    """exp x / Σ exp x along `dim`: positive numbers that add up to 1. With `dtype`, x is converted first.

    >>> softmax(Tensor([0.0, math.log(3)]), dim=0)
    tensor([0.2500, 0.7500])
    """
    x = input if dtype is None else input.to(dtype)
    return _softmax(x, _dimension("softmax", axis if dim is None else dim, input.ndim))


@public()
def log_softmax(
    input: Tensor, dim: int | None = None, dtype: DType | None = None, *, axis: int | None = None
) -> Tensor:
    """log(softmax(x)) = x − log Σ exp x along `dim`, without the log of 0 that one after the other may lead to."""
    x = input if dtype is None else input.to(dtype)
    return _log_softmax(x, _dimension("log_softmax", axis if dim is None else dim, input.ndim))


def _dimension(name: str, dim: int | None, ndim: int) -> int:
    if dim is None:
        dim = 0 if ndim in (0, 1, 3) else 1
        warnings.warn(f"{name}: no dim is given, so it works along dim {dim}; say which you mean", stacklevel=3)
    return dimension(name, dim, ndim)
