"""Reading and writing parts of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import op
from ..autograd.graph import Pieces
from ..autograd.views import changed_in_place, check_inplace
from ..backend import Array, bool_
from ..tensor import Tensor

# ---------------------------------------------------------------------------------------------- x[i] and x[i] = v


def raw_index(index: Any) -> Any:
    """An index with the Tensors in it as raw arrays, and lists of integers or booleans as arrays."""
    if isinstance(index, tuple):
        return tuple(raw_index(i) for i in index)
    if isinstance(index, Tensor):
        array = index.array
        if array.dtype.kind not in "iub":
            raise IndexError(f"index: tensors used as indices must be integer or boolean tensors, but got {array.dtype}")
        return int(array) if array.ndim == 0 and array.dtype != bool_ else array
    if isinstance(index, list):
        return np.asarray(index if index else np.empty(0, np.int64))
    return index


def is_basic(index: Any) -> bool:
    """Whether an index is made of integers, slices, None and ``...`` alone: such a part is a view."""
    if isinstance(index, tuple):
        return all(map(is_basic, index))
    return index is None or index is Ellipsis or isinstance(index, slice | int | np.integer) and not isinstance(index, bool)


def _explain(error: IndexError, input: Array, index: Any) -> IndexError:
    return IndexError(f"index: {error} (the tensor has shape {input.shape})")


def _part_gradient(g: Any, input_shape: tuple[int, ...], index: Any) -> Any:
    """Zeros with `g` added where it was read: on raw arrays only noted, to be put together at once."""
    if isinstance(g, Tensor):
        return part_of_zeros(g, input_shape, index)
    return Pieces(input_shape, [(index, g)])


def _getitem(input: Array, index: Any) -> Array:
    try:
        return input[index]
    except IndexError as error:
        raise _explain(error, input, index) from None


@op(name="select", method=False, view=True, input=_part_gradient)
def _part(input: Array, index: Any) -> Array:
    return _getitem(input, index)


@op(name="index", method=False, input=_part_gradient)
def _gathered(input: Array, index: Any) -> Array:
    return _getitem(input, index)


@op(method=False, input=lambda g, index: g[index])
def part_of_zeros(input: Array, shape: tuple[int, ...], index: Any) -> Array:
    """Zeros of `shape`, with `input` added at `index`: repeated indices add up."""
    y = np.zeros_like(input, shape=shape)
    if is_basic(index):
        y[index] = input
    else:
        np.add.at(y, index, input)
    return y


def getitem(self: Tensor, index: Any) -> Tensor:
    index = raw_index(index)
    if not is_basic(index):
        return _gathered(self, index)
    index = index if isinstance(index, tuple) else (index,)
    return _part(self, index if Ellipsis in index else (*index, Ellipsis))  # with `...`, x[0] is a view as well


def _without(g: Any, index: Any) -> Any:
    g = np.copy(g)
    g[index] = 0
    return g


@op(method=False, input=_without, value=lambda g, index, value_shape: fit_value(g[index], value_shape))
def _set_part(input: Array, value: Array, index: Any) -> Array:
    try:
        input[index] = value
    except IndexError as error:
        raise _explain(error, input, index) from None
    return input


def fit_value(g: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of a value that was broadcast into a part; it may have had more leading ones than the part."""
    from ..autograd.operands import fit

    while len(shape) > g.ndim and shape[0] == 1:
        return fit_value(g, shape[1:]).reshape(shape)
    return fit(g, shape)


def setitem(self: Tensor, index: Any, value: Any) -> None:
    check_inplace(self, "setitem")
    if not isinstance(value, Tensor | int | float | bool):
        value = Tensor(value, dtype=self.dtype)
    changed_in_place(self, _set_part(self, value, raw_index(index)).node)


Tensor.__getitem__ = getitem  # type: ignore[method-assign]
Tensor.__setitem__ = setitem  # type: ignore[method-assign]
