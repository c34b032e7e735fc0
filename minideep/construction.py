"""Making tensors of what holds numbers: Python's numbers and sequences, arrays of any library, other tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import backend
from .autograd import graph
from .autograd.graph import make_tensor
from .backend import Array

if TYPE_CHECKING:
    from .tensor import Tensor


def to_array(data: Any, dtype: Any = None, device: Any = None) -> Array:
    """Anything that holds numbers as a raw array; Python floats get the default dtype."""
    if isinstance(data, graph.Tensor):
        array = data.array
    elif hasattr(data, "dtype") and hasattr(data, "ndim"):
        array = backend.as_array(data)
    else:
        array = _from_python(data, dtype)
    if dtype is not None and array.dtype != dtype:
        array = array.astype(dtype)
    elif array.dtype.kind not in "biuf":
        raise TypeError(
            f"tensor: can't convert {array.dtype} to a tensor; the supported kinds are bool, integer and float"
        )
    elif array.dtype is not np.dtype(array.dtype.type):
        array = array.astype(array.dtype.type)  # another byte order, or a dtype that was unpickled
    return array if device is None else backend.to_device(array, backend.device(device))


def _from_python(data: Any, dtype: Any) -> np.ndarray:
    if isinstance(data, list | tuple) and any(isinstance(x, graph.Tensor) for x in data):
        data = [x.tolist() if isinstance(x, graph.Tensor) else x for x in data]
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"tensor: expected sequences of equal length at every depth ({error})") from None
    if array.dtype.kind in "OUSM":
        raise TypeError(
            f"tensor: expected numbers, or nested sequences of numbers, but got {type(data).__name__} {data!r:.60}"
        )
    if array.dtype == np.float64 and dtype is None and not hasattr(_first_entry(data), "dtype"):
        return array.astype(backend.get_default_dtype())
    return array


def _first_entry(data: Any) -> Any:
    while isinstance(data, list | tuple) and data:
        data = data[0]
    return data


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`: numbers, nested sequences of numbers, arrays, tensors.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    array = to_array(data, dtype, device)
    shared = getattr(data, "array", data)
    if array is shared or getattr(array, "base", None) is not None:
        array = array.copy()
    return make_tensor(array).requires_grad_(requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """As `tensor`, but without a copy where none is needed; a Tensor of that dtype is returned itself."""
    same_dtype = dtype is None or getattr(data, "dtype", None) == dtype
    if isinstance(data, graph.Tensor) and same_dtype and (device is None or data.device == backend.device(device)):
        return data
    return make_tensor(to_array(data, dtype, device))


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of a NumPy array."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected np.ndarray, but got {type(array).__name__}")
    return make_tensor(to_array(array))


def from_dlpack(source: Any) -> Tensor:
    """A tensor that shares the memory of any array that speaks DLPack (PyTorch, JAX, CuPy, …), without a copy."""
    on_gpu = hasattr(source, "__dlpack_device__") and int(source.__dlpack_device__()[0]) == 2
    return make_tensor(to_array(backend.module_for(backend.device("cuda" if on_gpu else "cpu")).from_dlpack(source)))


def is_tensor(value: Any) -> bool:
    return isinstance(value, graph.Tensor)
