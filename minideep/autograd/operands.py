"""What an op accepts: Tensors and plain numbers mixed, of one device, brought to one dtype as PyTorch does.

A number has no dtype of its own: it takes the tensor's, unless its kind is higher (a float beside integers makes the
default float). Tensors with dimensions outrank tensors without, unless their kind (bool, integer, float) is lower.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backend
from ..backend import Array, DType, bool_, device_of, int64, is_numpy_scalar
from ..sums import total
from . import graph

if TYPE_CHECKING:
    from .op import Op

_Number = (builtins.bool, int, float)
_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}


def rank(dtype: DType) -> int:
    """The kind of a dtype in PyTorch's order: bool, integer, float."""
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
    return max((dtype for dtype in best if dtype is not None), key=rank)  # the first of those of the highest kind


def _dtype_of_number(x: Any) -> DType:
    if isinstance(x, builtins.bool | np.bool_):
        return bool_
    return int64 if isinstance(x, int | np.integer) else backend.get_default_dtype()


def _promote(a: DType, b: DType) -> DType:
    if rank(a) != rank(b):
        return a if rank(a) > rank(b) else b
    return np.promote_types(a, b)


def prepare(op: Op, *inputs: Any) -> Sequence[Any]:
    """The inputs of an op, ready for it: NumPy scalars as numbers, all tensors of one dtype."""
    Tensor = graph.Tensor
    number_first = len(inputs) == 2 and inputs[0].__class__ in _Number and isinstance(inputs[1], Tensor)
    if number_first and inputs[1].array.dtype.kind == "f" and not op.variadic:
        return inputs  # 1 - x; what else is common, the op's function does not send here
    tensors = [x for x in inputs if isinstance(x, Tensor)]
    if len(tensors) < len(inputs):
        if op.variadic:
            wrong = next(x for x in inputs if not isinstance(x, Tensor))
            raise TypeError(f"{op.name}: expected Tensors, but one of them is a {type(wrong).__name__}")
        inputs = tuple(
            x if isinstance(x, Tensor) else _plain(op, name, x) for name, x in zip(op.inputs, inputs, strict=True)
        )
        tensors = [x for x in inputs if isinstance(x, Tensor)]
    if not inputs:  # an empty sequence of tensors: its op says what that means
        return inputs
    if not tensors:  # numbers alone: the first becomes a tensor
        return (graph.make_tensor(np.asarray(inputs[0], dtype=result_type(*inputs))), *inputs[1:])
    dtype = tensors[0].array.dtype
    if len(tensors) == len(inputs):
        if all(t.array.dtype is dtype for t in tensors):
            return inputs
    elif rank(dtype) == 2 and all(t.array.dtype is dtype for t in tensors):
        return inputs
    dtype = result_type(*[x for x in inputs if x is not None])
    return [x.to(dtype) if isinstance(x, Tensor) and x.array.dtype != dtype else x for x in inputs]


def _plain(op: Op, name: str, x: Any) -> Any:
    """An operand that is no Tensor: a number as it is, an array as a Tensor."""
    if is_numpy_scalar(x):
        return x.item()
    value = operand(op, name, x)
    return value if value is None or isinstance(value, _Number) else graph.make_tensor(value)


def operand(op: Op, name: str, x: Any) -> Any:
    """The raw value of an input that is no Tensor; anything but a number, an array or a default is refused."""
    if isinstance(x, tuple(op.plain_types(name))):
        return x
    if hasattr(x, "dtype") and hasattr(x, "ndim"):
        return x
    expected = "Tensor or a number" if float in op.plain_types(name) else "Tensor"
    raise TypeError(f"{op.name}(): argument '{name}' must be {expected}, not {type(x).__name__}")


def as_floats(y: Array, inputs: Sequence[Any]) -> Sequence[Any] | None:
    """If `y`, made of integers, has floats of NumPy's choice (float16 of int8): the inputs in the default dtype."""
    if y.dtype.kind != "f" or any(x.dtype.kind == "f" for x in inputs if hasattr(x, "dtype")):
        return None
    dtype = backend.get_default_dtype()
    return [x.astype(dtype) if hasattr(x, "dtype") else x for x in inputs]


def fit(g: Any, shape: tuple[int, ...]) -> Any:
    """A gradient summed over the axes along which an input of this shape was broadcast."""
    if g.shape == shape:
        return g
    sides, extra = g.shape, g.ndim - len(shape)
    axes = tuple(range(extra))
    if 1 in shape:
        axes += tuple([axis for axis, n in enumerate(shape, extra) if n == 1 and sides[axis] != 1])
    if axes:
        g = g.sum(axis=axes) if isinstance(g, graph.Tensor) else total(g, axes)
    return g if g.shape == shape else g.reshape(shape)


def dimension(name: str, dim: int, ndim: int) -> int:
    """`dim` counted from the front; a tensor without dimensions counts as having one."""
    if -max(ndim, 1) <= dim < max(ndim, 1):
        return dim % max(ndim, 1)
    raise _no_dimension(name, dim, ndim)


def dimensions(name: str, dims: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    """Several dimensions counted from the front, none of them twice."""
    wanted = tuple([dimension(name, dim, ndim) for dim in ([dims] if isinstance(dims, int) else dims)])
    if len(set(wanted)) < len(wanted):
        repeated = next(dim for dim in wanted if wanted.count(dim) > 1)
        raise RuntimeError(f"{name}: dim {repeated} appears multiple times in the list of dims {dims}")
    return wanted


def _no_dimension(name: str, dim: int, ndim: int) -> IndexError:
    last = max(ndim, 1) - 1
    return IndexError(
        f"{name}: Dimension out of range (expected to be in range of [{-last - 1}, {last}], but got {dim}): the tensor "
        f"has {ndim} dimensions"
    )


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
    if isinstance(error, ValueError) and "broadcast" in str(error) and len(arrays) > 1:
        return RuntimeError(_broadcast_message(op, arrays))
    if isinstance(error, np.exceptions.AxisError):
        return _no_dimension(op.name, int(error.axis or 0), arrays[0].ndim)
    if isinstance(error, TypeError | OverflowError) and (op.promotes or "ufunc" in str(error)):
        dtypes = ", ".join(str(x.dtype) for x in arrays)
        return NotImplementedError(f"{op.name}: not implemented for {dtypes}; convert with .to(dtype) first ({error})")
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
