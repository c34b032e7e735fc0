"""Entries chosen by their positions along a dimension or by a mask, and tensors written to in these places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..autograd.operands import dimension, fit
from ..backend import Array, bool_, int64, module_of
from ..tensor import Tensor
from .indexing import WHOLE, Index, add_part, assign, change, gathered, getitem, set_part
from .shape import broadcast_tensors, broadcast_to, clone, common_shape, ravel, reshape

__all__ = [
    "gather", "index_add", "index_put", "index_select", "masked_fill", "masked_select", "nonzero", "scatter",
    "scatter_add", "take", "take_along_dim",
]  # fmt: skip


# ---------------------------------------------------------------------------------------------- positions, checked


def _check_positions(name: str, index: Any, size: int, error: type[Exception]) -> Array:
    """The positions in a tensor as int64, each from 0 to `size` - 1; a copy, which later changes do not reach."""
    if not isinstance(index, Tensor):
        raise TypeError(f"{name}: expected a tensor of positions, but got {type(index).__name__}")
    if index.dtype.kind != "i" or index.dtype.itemsize < 4:
        raise RuntimeError(f"{name}: expected positions of dtype int64 or int32, but got {index.dtype}")
    check_range(name, index.array, size, error)
    return index.array.astype(int64)


def check_range(name: str, positions: Array, size: int, error: type[Exception]) -> None:
    """Refuse positions that are negative or beyond the end."""
    unsigned = positions.view(f"u{positions.dtype.itemsize}")  # in which negative numbers are large
    if positions.size and int(unsigned.max()) >= size:
        wrong = positions[unsigned >= size].reshape(-1)[0]
        raise error(f"{name}: index {int(wrong)} is out of range: positions go from 0 to {size - 1}")


def along(positions: Array, dim: int) -> Index:
    """The index that takes `positions` along one dimension and, along the others, every entry in its own place."""
    arange, ndim = module_of(positions).arange, positions.ndim
    places = [arange(n).reshape((n,) + (1,) * (ndim - 1 - i)) for i, n in enumerate(positions.shape)]
    places[dim] = positions
    return tuple(places)


def _place(name: str, input: Tensor, dim: int, index: Tensor) -> Index:
    """The index meant by `dim` and `index` in gather and scatter, in an input that has a dimension."""
    axis = dimension(name, dim, input.ndim)
    sides = input.shape or (1,)
    positions = _check_positions(name, index, sides[axis], RuntimeError)
    positions = positions if positions.ndim else positions.reshape(1)
    if positions.ndim != len(sides):
        raise RuntimeError(
            f"{name}: expected an index with {len(sides)} dimensions as the input has, but its shape is {index.shape}"
        )
    if positions.size and any(n > m for i, (n, m) in enumerate(zip(positions.shape, sides, strict=True)) if i != axis):
        raise RuntimeError(
            f"{name}: except in dim {axis}, an index can be no larger than the input, of shape {input.shape}, but its "
            f"shape is {index.shape}"
        )
    return along(positions, axis)


def with_dimension(x: Tensor) -> Tensor:
    """The tensor; a single number as a vector of one."""
    return x if x.ndim else reshape(x, 1)


# ---------------------------------------------------------------------------------------------- along a dimension


@public()
def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Of each row along `dim` the entries at the positions in `index`: ``y[i, j] = input[i, index[i, j]]`` for dim=1.

    >>> import minideep
    >>> gather(minideep.tensor([[1, 2, 3], [4, 5, 6]]), 1, minideep.tensor([[2, 0], [1, 1]]))
    tensor([[3, 1],
            [5, 5]])
    """
    picked = gathered(with_dimension(input), _place("gather", input, dim, index))
    return picked if index.ndim else reshape(picked, ())


@public()
def scatter(input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: float | None = None) -> Tensor:
    """The reverse of `gather`, in a copy of the input: ``y[i, index[i, j]] = src[i, j]``; `src` may be one number."""
    if src is None and value is None:
        raise TypeError("scatter: expected src, a tensor, or value, a number")
    return _scattered("scatter", set_part, input, dim, index, value if src is None else src)


@public()
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """As `scatter`, but added to what is there: ``y[i, index[i, j]] += src[i, j]``."""
    if not isinstance(src, Tensor):
        raise TypeError(f"scatter_add: argument 'src' must be Tensor, not {type(src).__name__}")
    return _scattered("scatter_add", add_part, input, dim, index, src)


def _scattered(name: str, put: Any, input: Tensor, dim: int, index: Tensor, src: Any) -> Tensor:
    place = _place(name, input, dim, index)
    if isinstance(src, Tensor):
        src = _source(name, input, index, src)
    result = clone(input)
    change(put, with_dimension(result), place, src)
    return result


def _source(name: str, input: Tensor, index: Tensor, src: Tensor) -> Tensor:
    """As much of `src` as there are positions for."""
    if src.dtype != input.dtype:
        raise RuntimeError(f"{name}: expected src of the input's dtype {input.dtype}, but it is {src.dtype}")
    if src.ndim != index.ndim or any(n > m for n, m in zip(index.shape, src.shape, strict=True)):
        raise RuntimeError(f"{name}: expected an index no larger than src, {src.shape}, but its shape is {index.shape}")
    return with_dimension(src if src.shape == index.shape else src[tuple(slice(n) for n in index.shape)])


def _slices(name: str, input: Tensor, dim: int, index: Tensor) -> Index:
    """The index that takes whole slices at the positions in a vector."""
    axis = dimension(name, dim, input.ndim)
    positions = _check_positions(name, index, input.shape[axis], IndexError)
    if positions.ndim > 1:
        raise IndexError(f"{name}: expected a vector of positions, but the index has shape {positions.shape}")
    return (*(WHOLE,) * axis, positions.reshape(-1))


@public()
def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices at the positions in `index`, a vector, along `dim`."""
    source = with_dimension(input)
    selected = gathered(source, _slices("index_select", source, dim, index))
    return selected if input.ndim else reshape(selected, ())


@public()
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy of the input with ``alpha · source`` added, slice by slice along `dim`, at the positions in `index`."""
    result = clone(input)
    target, added = with_dimension(result), with_dimension(source)
    place = _slices("index_add", target, dim, index)
    expected = (*target.shape[: len(place) - 1], place[-1].size, *target.shape[len(place) :])
    if added.shape != expected or source.ndim != input.ndim or source.dtype != input.dtype:
        raise RuntimeError(
            f"index_add: adding {place[-1].size} slices to {input.dtype} {input.shape} along dim {dim} wants a source "
            f"of shape {expected} and the same dtype, but it is {source.dtype} {source.shape}"
        )
    change(add_part, target, place, added if alpha == 1 else added * alpha)
    return result


@public(numpy=[np.take_along_axis])
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """As `gather`, but broadcasting input and indices in the other dimensions; without `dim`, as `take`."""
    if dim is None:
        return take(input, ravel(indices))
    axis = dimension("take_along_dim", dim, input.ndim)
    if indices.dtype != int64 or indices.ndim != input.ndim:
        raise RuntimeError(
            f"take_along_dim: expected int64 indices with {input.ndim} dimensions as the input has, but got "
            f"{indices.dtype} of shape {indices.shape}"
        )
    rest = common_shape("take_along_dim", *(_replaced(x.shape, axis, 1) for x in (input, indices)))
    source = broadcast_to(input, _replaced(rest, axis, input.shape[axis]))
    return gathered(source, along(broadcast_to(indices, _replaced(rest, axis, indices.shape[axis])).array.copy(), axis))


def _replaced(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


@public()
def take(input: Tensor, index: Tensor) -> Tensor:
    """The entries at the positions in `index`, counted through the whole tensor."""
    if index.dtype != int64:
        raise RuntimeError(f"take: expected positions of dtype int64, but got {index.dtype}")
    return gathered(ravel(input), (index.array.copy(),))


@public()
def index_put(input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of the input after ``y[indices] = values``; with `accumulate`, ``+=``, in which repeated places add up."""
    if not isinstance(indices, tuple | list) or not all(isinstance(x, Tensor) for x in (*indices, values)):
        raise TypeError("index_put: expected a tuple of Tensors as indices, and a Tensor of values")
    result = clone(input)
    assign(add_part if accumulate else set_part, result, tuple(indices), values)
    return result


# ---------------------------------------------------------------------------------------------- masks


def _check_mask(name: str, mask: Any) -> None:
    if mask.dtype != bool_:
        raise RuntimeError(f"{name}: expected a mask of dtype bool, but got {mask.dtype}")


@op(
    input=lambda g, mask, input_shape: fit(np.where(mask, 0.0, g), input_shape),
    value=lambda g, mask, value_shape: fit(np.where(mask, g, 0.0), value_shape),
)
def masked_fill(input: Array, mask: Array, value: Array | float) -> Array:
    """`value`, a number or a tensor without dimensions, where the mask is true; elsewhere the input."""
    _check_mask("masked_fill", mask)
    if not isinstance(value, float | int) and value.ndim:
        raise RuntimeError(f"masked_fill: expected a number or a 0-dimensional value, but its shape is {value.shape}")
    common_shape("masked_fill", input.shape, mask.shape)
    filling = input.dtype.type(value) if isinstance(value, float | int) else value.astype(input.dtype)
    return np.where(mask, filling, input)


@public()
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The entries where the mask is true, in a row; input and mask are broadcast against each other."""
    _check_mask("masked_select", mask)
    return getitem(*broadcast_tensors(input, mask))


@public()
def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Where entries are not zero: one row of positions for each, or (`as_tuple`) one vector for each dimension."""
    places = np.nonzero(with_dimension(input).array)
    if as_tuple:
        return tuple(map(make_tensor, places))
    return make_tensor(np.stack(places, axis=1)[:, : input.ndim])
