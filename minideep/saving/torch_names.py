"""What a file of PyTorch's may ask for by name, and what it gets."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import backend
from ..backend import DType
from ..tensor import Tensor
from .dtypes import BY_SHORT_NAME, code_of
from .pickles import Call, as_key
from .source import LoadError
from .storages import Storage


class StorageClass(NamedTuple):
    """A class of storages; those without a code hold bytes."""

    name: str
    code: str | None


class ForeignDtype(NamedTuple):
    """A dtype that NumPy lacks."""

    name: str
    code: str


# ---------------------------------------------------------------------------------------------- tensors


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *flags: Any) -> Tensor:
    """A tensor in a storage; the flags are requires_grad, hooks, and what only complex tensors have."""
    if type(storage) is not Storage or storage.code is None:
        raise LoadError(f"tensor: expected a storage with a dtype, but got {type(storage).__name__}")
    return _view(storage, storage.code, offset, shape, strides, flags[2:])


def _tensor_of_dtype(
    storage: Any, offset: Any, shape: Any, strides: Any, _gradient: Any, _hooks: Any, dtype: Any, *flags: Any
) -> Tensor:
    """A tensor in a storage of bytes."""
    code = dtype.code if type(dtype) is ForeignDtype else code_of(dtype) if isinstance(dtype, np.dtype) else None
    if type(storage) is not Storage or code is None:
        raise LoadError(
            f"tensor: expected a storage and a dtype, but got {type(storage).__name__} and {type(dtype).__name__}"
        )
    return _view(storage, code, offset, shape, strides, flags)


def _view(storage: Storage, code: str, offset: Any, shape: Any, strides: Any, flags: tuple[Any, ...]) -> Tensor:
    if not _are_sizes((offset,)) or not _are_sizes(shape) or not _are_sizes(strides) or any(flags):
        raise LoadError("tensor: expected offset, shape and strides of a plain tensor, but got others")
    return storage.view(code, offset, shape, strides)


def _are_sizes(values: Any) -> bool:
    return type(values) is tuple and all(type(n) is int and 0 <= n < 2**63 for n in values)


def _parameter(tensor: Any, *_: Any) -> Tensor:
    """A parameter comes as the tensor it is."""
    if not isinstance(tensor, Tensor):
        raise LoadError(f"parameter: expected the tensor of a parameter, but got {type(tensor).__name__}")
    return tensor


# ---------------------------------------------------------------------------------------------- Python's and NumPy's


def _ordered_dict(pairs: Any = ()) -> OrderedDict[Any, Any]:
    return OrderedDict((as_key(key), value) for key, value in _expected(pairs, list, tuple))


def _counter(counts: Any = None) -> Counter[Any]:
    return Counter({} if counts is None else _expected(counts, dict))


def _set(members: Any = ()) -> set[Any]:
    return {as_key(member) for member in _expected(members, list, tuple)}


def _complex(real: Any, imaginary: Any) -> complex:
    return complex(_expected(real, float), _expected(imaginary, float))


def _encode(text: Any, encoding: Any) -> bytes:
    """Bytes, which pickles for Python 2 as well hold as text."""
    if encoding != "latin1":
        raise LoadError("bytes: expected bytes as text in latin1, but got another encoding")
    return _expected(text, str).encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _size(sides: Any) -> tuple[int, ...]:
    return tuple(_expected(side, int) for side in _expected(sides, tuple))


def _device(kind: Any, index: Any = None) -> backend.device:
    try:
        return backend.device(_expected(kind, str), _expected(index, int, type(None)))
    except RuntimeError as error:
        raise LoadError(str(error)) from None


def _numpy_dtype(name: Any, *_: Any) -> DType:
    if _expected(name, str) not in BY_SHORT_NAME:
        raise LoadError(f"dtype: expected a dtype of numbers, but got {name!r:.20}")
    return np.dtype(name)


def _numpy_scalar(dtype: Any, data: Any) -> np.generic:
    if not isinstance(dtype, np.dtype) or len(_expected(data, bytes)) != dtype.itemsize:
        raise LoadError("scalar: expected a dtype and the bytes of one number, but got others")
    return np.frombuffer(data, dtype)[0]


def _expected(value: Any, *kinds: type) -> Any:
    if type(value) not in kinds:
        raise LoadError(f"argument: expected a {kinds[0].__name__}, but got {type(value).__name__}")
    return value


# ---------------------------------------------------------------------------------------------- all of them

_CALLS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    "torch._utils._rebuild_tensor_v2": _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_dtype,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "torch.Size": _size,
    "torch.device": _device,
    "collections.OrderedDict": _ordered_dict,
    "collections.Counter": _counter,
    "builtins.set": _set,
    "builtins.complex": _complex,
    "__builtin__.set": _set,
    "__builtin__.bytes": _no_bytes,
    "__builtin__.complex": _complex,
    "_codecs.encode": _encode,
    "numpy.dtype": _numpy_dtype,
    "numpy.core.multiarray.scalar": _numpy_scalar,
    "numpy._core.multiarray.scalar": _numpy_scalar,
}
# PyTorch's names for dtypes, the classes of storages it had for them, and the codes of their entries.
_DTYPES = [
    words.split()
    for words in """float64 Double F64, float32 Float F32, float16 Half F16, bfloat16 BFloat16 BF16, int64 Long I64,
    int32 Int I32, int16 Short I16, int8 Char I8, uint8 Byte U8, bool Bool BOOL, uint16 - U16, uint32 - U32,
    uint64 - U64, float8_e4m3fn - F8_E4M3, float8_e5m2 - F8_E5M2""".split(",")
]


def _dtype(name: str, code: str) -> DType | ForeignDtype:
    return ForeignDtype(f"torch.{name}", code) if "float8" in name or name == "bfloat16" else np.dtype(name)


KNOWN: dict[str, Any] = {
    **{name: Call(name, function) for name, function in _CALLS.items()},
    **{f"torch.{name}": _dtype(name, code) for name, _, code in _DTYPES},
    **{f"torch.{kind}Storage": StorageClass(f"{kind}Storage", code) for _, kind, code in _DTYPES if kind != "-"},
    **dict.fromkeys(["torch.UntypedStorage", "torch.storage.UntypedStorage"], StorageClass("UntypedStorage", None)),
}
