"""The greatest and the least entries, and where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd import op, public
from ..autograd.operands import dimension
from ..backend import Array
from ..tensor import Tensor
from .elementwise import maximum, minimum
from .reduction import Dims, as_axes, refuse_nothing, share_of_ties

__all__ = ["amax", "amin", "argmax", "argmin", "max", "min"]


class Extremes(NamedTuple):
    """The greatest or least entries along a dimension, and where they are: of several alike, the first."""

    values: Tensor
    indices: Tensor


@op(numpy=[np.max], input=share_of_ties)
def amax(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    """The greatest entry; if there are several, they share the gradient evenly."""
    refuse_nothing("amax", input.shape, None if dim == () else dim)
    return input.max(axis=as_axes("amax", dim, input.ndim), keepdims=keepdim)


@op(numpy=[np.min], input=share_of_ties)
def amin(input: Array, dim: Dims = (), keepdim: bool = False) -> Array:
    """The least entry; if there are several, they share the gradient evenly."""
    refuse_nothing("amin", input.shape, None if dim == () else dim)
    return input.min(axis=as_axes("amin", dim, input.ndim), keepdims=keepdim)


def _position(name: str, input: Array, dim: int | None, keepdim: bool) -> Array:
    refuse_nothing(name, input.shape, dim, IndexError)
    axis = None if dim is None or not input.ndim else dimension(name, dim, input.ndim)
    y = getattr(input, name)(axis=axis)
    return y.reshape(tuple([1 if axis in (None, i) else n for i, n in enumerate(input.shape)])) if keepdim else y


@op(numpy=[np.argmax])
def argmax(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """Where the first of the greatest entries is: along `dim`, or counting through all of them."""
    return _position("argmax", input, dim, keepdim)


@op(numpy=[np.argmin])
def argmin(input: Array, dim: int | None = None, keepdim: bool = False) -> Array:
    """Where the first of the least entries is: along `dim`, or counting through all of them."""
    return _position("argmin", input, dim, keepdim)


def _extreme(positions: Callable[..., Tensor], input: Tensor, dim: int, keepdim: bool) -> Extremes:
    """PyTorch's max and min along one dimension: the gradient goes to the first of several alike."""
    indices = positions(input, dim, keepdim=True)
    values = input.take_along_dim(indices, dim) if input.ndim else input.clone()
    return Extremes(values, indices) if keepdim else Extremes(values.squeeze(dim), indices.squeeze(dim))


@public()
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, axis: int | None = None) -> Any:
    """The greatest entry (`amax`); along one `dim`, a pair of values and indices; with another tensor, `maximum`.

    >>> max(Tensor([[1.0, 5.0], [7.0, 3.0]]), dim=1)
    Extremes(values=tensor([5., 7.]), indices=tensor([1, 0]))
    """
    other, dim = dim if isinstance(dim, Tensor) else other, axis if dim is None else dim
    if other is not None:
        return maximum(input, other)
    return amax(input) if dim is None else _extreme(argmax, input, dim, keepdim)


@public()
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, axis: int | None = None) -> Any:
    """The least entry (`amin`); along one `dim`, a pair of values and indices; with another tensor, `minimum`."""
    other, dim = dim if isinstance(dim, Tensor) else other, axis if dim is None else dim
    if other is not None:
        return minimum(input, other)
    return amin(input) if dim is None else _extreme(argmin, input, dim, keepdim)
