"""The order of values: sorting, and the largest or smallest few."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..autograd import public
from ..autograd.graph import make_tensor
from ..autograd.operands import dimension
from ..backend import Array
from ..tensor import Tensor
from .indexing import WHOLE, gathered
from .selection import along, with_dimension
from .shape import reshape

__all__ = ["argsort", "sort", "topk"]


class Sorted(NamedTuple):
    """Values in order, and where in the input they were."""

    values: Tensor
    indices: Tensor


def _order(input: Tensor, axis: int, descending: bool) -> Array:
    """The positions along an axis in the order of the values there; equal values keep theirs."""
    x = with_dimension(input).array
    if not descending:
        return np.argsort(x, axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(np.argsort(np.flip(x, axis), axis=axis, kind="stable"), axis)


def _first(k: int | None, input: Tensor, axis: int, descending: bool) -> Sorted:
    """The first `k` values in order (all if None), and their positions."""
    positions = _order(input, axis, descending)[(*(WHOLE,) * axis, slice(k))]
    values = gathered(with_dimension(input), along(positions, axis))
    shape = positions.shape if input.ndim else positions.shape[1:]
    return Sorted(reshape(values, shape), make_tensor(positions.reshape(shape).copy()))  # memory of the user's own


@public()
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Sorted:
    """Values along `dim` in order, with their positions; always stable, whatever `stable` says.

    >>> import minideep
    >>> sort(minideep.tensor([3, 1, 2]), descending=True).indices
    tensor([0, 2, 1])
    """
    return _first(None, input, dimension("sort", dim, input.ndim), descending)


@public(numpy=[np.argsort])
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The positions that would sort the input along `dim`."""
    return make_tensor(_order(input, dimension("argsort", dim, input.ndim), descending).reshape(input.shape))


@public()
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    """The `k` largest (or smallest) values along `dim`, best first, with their positions; of equals, the first."""
    axis = dimension("topk", dim, input.ndim)
    if not 0 <= k <= with_dimension(input).shape[axis]:
        raise RuntimeError(f"topk: k={k} is out of range for dim {dim} of a tensor of shape {input.shape}")
    return _first(k, input, axis, largest)
