"""The greatest and the least entries, and where they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..autograd.operands import dimension
from ..backend import Array, module_of
from ..tensor import Tensor
from .elementwise import maximum, minimum
from .reduction import Dims, Shape, as_axes, refuse_nothing, share_of_ties

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


def _to_position(g: Any, indices: Array, input_shape: Shape, dim: int, keepdim: bool) -> Any:
    """All of g goes to the entry that was found."""
    if not input_shape:
        return g
    numbers = module_of(indices).arange(input_shape[dim]).reshape((-1,) + (1,) * (len(input_shape) - dim - 1))
    return (g if keepdim else np.expand_dims(g, dim)) * (numbers == indices)


@op(method=False, name="max", input=_to_position)
def _greatest(input: Array, indices: Array, dim: int, keepdim: bool) -> Array:
    return input.max(axis=(dim,)[: input.ndim], keepdims=keepdim)


@op(method=False, name="min", input=_to_position)
def _least(input: Array, indices: Array, dim: int, keepdim: bool) -> Array:
    return input.min(axis=(dim,)[: input.ndim], keepdims=keepdim)


def _with_indices(
    positions: Callable[..., Tensor], values: Callable[..., Tensor], input: Tensor, dim: int, keepdim: bool
) -> Extremes:
    indices = positions(input, dim, True)
    y = values(input, indices, dimension("max", dim, input.ndim), keepdim)
    return Extremes(y, indices if keepdim else make_tensor(indices.array.reshape(y.shape)))


@public()
def max(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    """The greatest entry (`amax`); along one `dim`, a pair of values and indices; with another tensor, `maximum`.

    >>> max(Tensor([[1.0, 5.0], [7.0, 3.0]]), dim=1)
    Extremes(values=tensor([5., 7.]), indices=tensor([1, 0]))
    """
    dim = axis if dim is None else dim
    if other is not None or isinstance(dim, Tensor):
        return maximum(input, dim if other is None else other)
    return amax(input) if dim is None else _with_indices(argmax, _greatest, input, dim, keepdim or keepdims)


@public()
def min(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Any:
    """The least entry (`amin`); along one `dim`, a pair of values and indices; with another tensor, `minimum`."""
    dim = axis if dim is None else dim
    if other is not None or isinstance(dim, Tensor):
        return minimum(input, dim if other is None else other)
    return amin(input) if dim is None else _with_indices(argmin, _least, input, dim, keepdim or keepdims)
