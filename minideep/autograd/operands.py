"""What an op accepts: Tensors and plain numbers mixed, of one device, brought to one dtype as PyTorch does.

A number has no dtype of its own: it takes the tensor's, unless its kind is higher (a float beside integers makes the
default float). Tensors with dimensions outrank tensors without, as long as their kind (bool, integer, float) is not lower.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backend
from ..backend import Array, DType, bool_, device_of, float64, int64, is_numpy_scalar
from . import graph

if TYPE_CHECKING:
    from .op import Op

_Number = (builtins.bool, int, float)
_KINDS = "?buif"  # bool, unsigned and signed integers, floats: the order of dtypes' kinds
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def _rank(dtype: DType) -> int:
    return 0 if dtype == bool_ else _RANK[dtype.kind]


def result_type(*operands: Any) -> DType:
    """The dtype that an op on these tensors, arrays and numbers computes in.

    >>> import minideep
    >>> result_type(minideep.ones(2, dtype=minideep.int64), 2.5)
    dtype('float32')
    """
    best: list[DType | None] = [None, None, None]  # of tensors with dimensions, of 0-d tensors, of numbers
    for x in operands:
        if isinstance(x, _Number) or is_numpy_scalar(x):
            level, dtype = 2, _dtype_of_number(x)
        else:
            array = getattr(x, "array", x)
            level, dtype = (0 if array.ndim else 1), array.dtype
        known = best[level]
        best[level] = dtype if known is None else _promote(known, dtype)
    winner: DType | None = None
    for dtype in best:
        if dtype is not None and (winner is None or _rank(dtype) > _rank(winner)):
            winner = dtype
    assert winner is not None
    return winner


def _dtype_of_number(x: Any) -> DType:
    if isinstance(x, builtins.bool | np.bool_):
        return bool_
    return int64 if isinstance(x, int | np.integer) else backend.get_default_dtype()


def _promote(a: DType, b: DType) -> DType:
    if _rank(a) != _rank(b):
        return a if _rank(a) > _rank(b) else b
    return np.promote_types(a, b)


def prepare(op: Op, *inputs: Any) -> Sequence[Any]:
    """The inputs of an op, ready for it: NumPy scalars as numbers, all tensors of one dtype."""
    Tensor = graph.Tensor
    if inputs[-1].__class__ in _Number and isinstance(inputs[0], Tensor) and inputs[0].array.dtype.kind == "f":
        if len(inputs) == 2:
            return inputs  # a tensor of floats and a number: nearly all that comes here
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    if len(tensors) < len(inputs):
        if op.variadic:
            wrong = next(x for x in inputs if not isinstance(x, Tensor))
            raise TypeError(f"{op.name}: expected Tensors, but one of them is a {type(wrong).__name__}")
        inputs = tuple(x if isinstance(x, Tensor) else _plain(op, name, x) for name, x in zip(op.inputs, inputs, strict=True))
        tensors = [x for x in inputs if isinstance(x, Tensor)]
    if not tensors:
        if op.variadic:
            raise RuntimeError(f"{op.name}: expected a non-empty list of Tensors")
        # numbers alone: the first becomes a tensor
        return (graph.make_tensor(np.asarray(inputs[0], dtype=result_type(*inputs))), *inputs[1:])
    dtype = tensors[0].array.dtype
    if len(tensors) == len(inputs):
        if all(t.array.dtype is dtype for t in tensors):
            return inputs
    elif _rank(dtype) == 2 and all(t.array.dtype is dtype for t in tensors):
        return inputs
    dtype = result_type(*inputs)
    return [x.to(dtype) if isinstance(x, Tensor) and x.array.dtype != dtype else x for x in inputs]


def _plain(op: Op, name: str, x: Any) -> Any:
    """An operand that is no Tensor: a number as it is, an array as a Tensor."""
    if isinstance(x, _Number):
        return x
    if is_numpy_scalar(x):
        return x.item()
    return graph.make_tensor(operand(op, name, x))


def operand(op: Op, name: str, x: Any) -> Any:
    """The raw value of an input that is no Tensor; anything but a number, an array or a default is refused."""
    if isinstance(x, _Number) or x is None and op.parameters[name].default is None:
        return x
    if hasattr(x, "dtype") and hasattr(x, "ndim"):
        return x
    expected = "Tensor or a number" if op.promotes else "Tensor"
    raise TypeError(f"{op.name}(): argument '{name}' must be {expected}, not {type(x).__name__}")


def settle(y: Array, inputs: Sequence[Any]) -> Array:
    """A float64 result that no float64 input asked for (NumPy makes one of integers) in the default dtype."""
    if any(getattr(x, "dtype", None) == float64 for x in inputs):
        return y
    return y.astype(backend.get_default_dtype())


def fit(g: Any, shape: tuple[int, ...]) -> Any:
    """A gradient summed over the axes along which an input of this shape was broadcast."""
    if g.shape == shape:
        return g
    extra = len(g.shape) - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1)
    return (g.sum(axis=axes) if axes else g).reshape(shape)


def explain(op: Op, error: Exception, inputs: Sequence[Any]) -> Exception:
    """The error of a body, told in terms of the op and the shapes, dtypes and devices it was given."""
    arrays = [x for x in inputs if hasattr(x, "dtype")]
    devices = {str(device_of(x)) for x in arrays}
    if len(devices) > 1:
        listed = ", ".join(
            f"'{name}' is on {device_of(x)}" for name, x in zip(op.inputs, inputs, strict=False) if hasattr(x, "dtype")
        )
        return RuntimeError(
            f"{op.name}: expected all tensors to be on the same device, but {listed}; move one with .to(device)"
        )
    if op.promotes and isinstance(error, ValueError) and "broadcast" in str(error):
        return RuntimeError(_broadcast_message(op, arrays))
    if isinstance(error, np.exceptions.AxisError):
        ndim = arrays[0].ndim
        return IndexError(
            f"{op.name}: Dimension out of range (expected to be in range of [{-max(ndim, 1)}, {max(ndim, 1) - 1}], "
            f"but got {error.axis}): the tensor has {ndim} dimensions"
        )
    if isinstance(error, np.exceptions.DTypePromotionError | np._core._exceptions._UFuncNoLoopError):
        dtypes = ", ".join(str(x.dtype) for x in arrays)
        return RuntimeError(f"{op.name}: not implemented for {dtypes}; convert with .float() or .to(dtype) first")
    return error


def _broadcast_message(op: Op, arrays: Sequence[Array]) -> str:
    shapes = [tuple(x.shape) for x in arrays]
    listed = " and ".join(f"'{name}' {shape}" for name, shape in zip(op.inputs, shapes, strict=False))
    for dim in range(1, max(map(len, shapes)) + 1):
        sizes = {shape[-dim] for shape in shapes if len(shape) >= dim} - {1}
        if len(sizes) > 1:
            first, second = sorted(sizes)[:2]
            return (
                f"{op.name}: cannot broadcast {listed}: at dimension -{dim} the size of one ({first}) must match the "
                f"size of the other ({second}), or be 1"
            )
    return f"{op.name}: cannot broadcast {listed}"
