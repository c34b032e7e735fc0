"""Reading and writing parts of a tensor: ``x[i]`` and ``x[i] = v``.

Four ops do all of it. A `part`, read with integers, slices, None and ``...``, is a view; what arrays of positions or
masks pick out is `gathered`; `set_part` and `add_part` write. The functions of `selection.py` put what PyTorch says in
other words (positions along one dimension, masks) into these terms.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import places
from ..autograd import op
from ..autograd.graph import Pieces, make_tensor
from ..autograd.operands import fit
from ..autograd.views import changed_in_place, check_inplace
from ..backend import Array, bool_, device_of, int64, is_numpy_scalar, module_of, to_device, uint8
from ..construction import to_array
from ..tensor import Tensor

__all__: list[str] = []

Index = tuple[Any, ...]
WHOLE = slice(None)
_BASIC = frozenset((int, slice, type(None), type(Ellipsis)))


# ---------------------------------------------------------------------------------------------- reading


def _read(input: Array, index: Index) -> Array:
    try:
        return input[index]
    except IndexError as error:
        raise IndexError(f"index: {error} (the shape is {input.shape})") from None


def _part_gradient(g: Any, input_shape: tuple[int, ...], index: Index) -> Any:
    """Zeros but for `g` where it was read: only noted, for all the parts to be put together at once."""
    join = put_together if isinstance(g, Tensor) else put_together.op.body  # type: ignore[attr-defined]
    return Pieces(input_shape, [(index, g)], join)


@op(method=False, gradients=lambda g, indices: [g[index] for index in indices])
def put_together(parts: Sequence[Array], indices: Sequence[Index], shape: tuple[int, ...]) -> Array:
    """Zeros of `shape`, with each of `parts` added at its index."""
    whole = np.zeros_like(parts[0], shape=shape)
    for index, part in zip(indices, parts, strict=True):
        whole[index] += part
    return whole


@op(method=False, view=True, input=_part_gradient)
def part(input: Array, index: Index) -> Array:
    """``input[index]`` for an index without arrays, and with a ``...``, by which the result is not a bare number."""
    return _read(input, index)


def gathered_gradient(g: Any, input_shape: tuple[int, ...], index: Index) -> Any:
    return (sum_at if isinstance(g, Tensor) else places.sum_at)(g, input_shape, index)


@op(method=False, input=gathered_gradient)
def gathered(input: Array, index: Index) -> Array:
    """``input[index]`` for an index of arrays and of slices that take everything."""
    return _read(input, index)


@op(method=False, input=lambda g, index: g[index])
def sum_at(input: Array, shape: tuple[int, ...], index: Index) -> Array:
    """Zeros of `shape` with `input` added at `index`: entries meant for the same place add up."""
    return places.sum_at(input, shape, index)


# ---------------------------------------------------------------------------------------------- writing


def _without(g: Any, index: Index) -> Any:
    g = np.copy(g)
    g[index] = 0
    return g


def _value_gradient(g: Any, index: Index, value_shape: tuple[int, ...]) -> Any:
    """What the value was stretched to, summed up again; it may have had ones in front that the part lacks."""
    g = g[index]
    return fit(g, value_shape[max(len(value_shape) - g.ndim, 0) :]).reshape(value_shape)


def _written(input: Array, value: Any, index: Index, write: Callable[[Array, Index, Any], None]) -> Array:
    try:
        write(input, index, value)
    except (IndexError, ValueError):
        place = _read(input, index).shape
        given = getattr(value, "shape", ())
        raise RuntimeError(
            f"setitem: a value of shape {given} does not fill the part to write to, of shape {place}"
        ) from None
    return input


@op(method=False, input=_without, value=_value_gradient)
def set_part(input: Array, value: Array | float, index: Index) -> Array:
    """``input[index] = value``, in the memory of `input`."""
    return _written(input, value, index, operator.setitem)


def _add(input: Array, index: Index, value: Any) -> None:
    values = np.empty_like(input[index])
    values[...] = value
    input += places.sum_at(values, input.shape, index)


@op(method=False, input=lambda g: g, value=_value_gradient)
def add_part(input: Array, value: Array | float, index: Index) -> Array:
    """``input[index] += value`` in the memory of `input`: values meant for the same place add up."""
    return _written(input, value, index, _add)


def change(put: Callable[..., Tensor], target: Tensor, index: Index, value: Any) -> Tensor:
    """Carry out `set_part` or `add_part`, and let the graph know that the target has changed; returns it."""
    return changed_in_place(target, put(target, value, index).node)


# ---------------------------------------------------------------------------------------------- x[i] and x[i] = v


def getitem(self: Tensor, index: Any) -> Tensor:
    """``self[index]``: a view as far as integers, slices, None and ``...`` go, a copy of what arrays pick out."""
    first, then = steps(self.array, index)
    result = part(self, first) if first else self
    return gathered(result, then) if then else result


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``: the value is stretched to fill the part, and converted to its dtype."""
    check_inplace(self, "setitem")
    assign(set_part, self, index, value)


def assign(put: Callable[..., Tensor], target: Tensor, index: Any, value: Any) -> Tensor:
    """Write to the part of the target that any index stands for."""
    first, then = steps(target.array, index)
    value = _value(value, target, exactly=bool(then))
    if first and then:
        change(put, part(target, first), then, value)
        return target
    return change(put, target, first or then, value)


def _value(value: Any, target: Tensor, exactly: bool) -> Any:
    """What is to be written, as a number or as a Tensor of the target's dtype."""
    if isinstance(value, int | float):
        return value
    if is_numpy_scalar(value):
        return value.item()
    if not hasattr(value, "dtype"):
        raise TypeError(
            f"setitem: can't assign a {type(value).__name__} to a part of a tensor; make a tensor of it first"
        )
    if not isinstance(value, Tensor):
        return make_tensor(to_array(value, target.dtype))
    if exactly and value.dtype != target.dtype:
        raise RuntimeError(
            f"setitem: where arrays or masks index it, a tensor of {target.dtype} takes values of the same dtype, not "
            f"of {value.dtype}; convert them with .to({target.dtype})"
        )
    return value.to(target.dtype)


def steps(input: Array, index: Any) -> tuple[Index, Index]:
    """An index in two steps: one for `part` and, in its result, one for `gathered`; () where there is nothing to do.

    As in PyTorch, integers are taken first; NumPy, where there are arrays, treats integers as arrays too, which can put
    the dimensions of the result in another order.
    """
    items = index if index.__class__ is tuple else (index,)
    for item in items:
        if item.__class__ not in _BASIC or item.__class__ is slice and item.step is not None:
            items = tuple([_element(input, element) for element in items])
            if any(item.__class__ not in _BASIC for item in items):
                return _split(input, items)
            break
    return items if Ellipsis in items else (*items, Ellipsis), ()


def _element(input: Array, item: Any) -> Any:
    """One element of an index: an int, a slice, None, ``...``, or an array of positions (int64) or a mask (bool)."""
    if isinstance(item, slice) and item.step is not None and int(item.step) < 1:
        raise ValueError(f"index: the step of a slice must be greater than zero, but got {item.step}; flip() reverses")
    if item.__class__ in _BASIC:
        return item
    if isinstance(item, list | tuple | range):
        item = to_array(item) if len(item) else np.empty(0, int64)
    array = item.array if isinstance(item, Tensor) else np.asarray(item) if isinstance(item, bool) else item
    if not hasattr(array, "dtype") or array.dtype.kind not in "iub":
        raise IndexError(
            "index: expected integers, slices, `...`, None, and tensors, arrays or lists of integers or truth values, "
            f"but got {type(item).__name__}{f' of {array.dtype}' if hasattr(array, 'dtype') else ''}"
        )
    mask = array.dtype == bool_ or isinstance(item, Tensor) and array.dtype == uint8  # bytes are PyTorch's old masks
    if not mask and array.ndim == 0:
        return int(array)
    return to_device(array.astype(bool_ if mask else int64), device_of(input))  # a copy, safe from changes to come


def _split(input: Array, items: Index) -> tuple[Index, Index]:
    """The two steps of an index with arrays in it: in the first, slices keep their places."""
    widths = [
        item.ndim if getattr(item, "dtype", None) == bool_ else int(item is not None and item is not ...)
        for item in items
    ]
    rest = input.ndim - sum(widths)
    first: list[Any] = []
    then: list[Any] = []
    for item, width in zip(items, widths, strict=True):
        if item is Ellipsis:
            first += [WHOLE] * rest
            then += [WHOLE] * rest
        elif item.__class__ in _BASIC:
            first.append(item)
            then += [] if item.__class__ is int else [WHOLE]
        else:  # a single truth value takes no dimension, and makes one: with one entry if true, else none
            first += [WHOLE] * width or [None]
            then.append(item if item.ndim else module_of(input).arange(int(item)))
    return () if all(item == WHOLE for item in first) else (*first, Ellipsis), tuple(then)


Tensor.__getitem__ = getitem
Tensor.__setitem__ = setitem
