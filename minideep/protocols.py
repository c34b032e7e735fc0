"""How others see a Tensor: Python's conversions and containers, NumPy, DLPack, copy and pickle."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import backend
from .autograd import numpy_functions
from .autograd.graph import Version
from .backend import Array, to_numpy

if TYPE_CHECKING:
    from .tensor import Tensor


class Protocols:
    """The half of `Tensor` that the language and other libraries ask for."""

    __slots__ = ()

    if TYPE_CHECKING:  # the other half, and the methods that come from the ops

        def __getattr__(self, name: str) -> Any: ...

        def _unary(self) -> Any: ...
        def _binary(self, other: Any) -> Any: ...

        __getitem__: Any
        __setitem__: Any
        __neg__ = __abs__ = __invert__ = _unary
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _binary
        __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _binary
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = _binary
        __lt__ = __le__ = __gt__ = __ge__ = _binary

    # ------------------------------------------------------------------------------------------ Python

    def item(self) -> Any:
        """The only entry, as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(
                f"item: a Tensor with {self.array.size} elements cannot be converted to a number (shape {self.shape}); "
                "use tolist(), or reduce it first"
            )
        return self.array.item()

    def tolist(self) -> Any:
        return self.array.tolist()

    def __bool__(self) -> bool:
        if self.array.size == 1:
            return bool(self.array.item())
        raise RuntimeError(
            f"bool: boolean value of Tensor with {'no' if self.array.size == 0 else 'more than one'} value is "
            f"ambiguous (shape {self.shape}); use .any() or .all()"
        )

    def __float__(self) -> float:
        return float(self._as_number("float"))

    def __int__(self) -> int:
        return int(self._as_number("int"))

    def _as_number(self, name: str) -> Any:
        if self.array.size != 1:
            raise ValueError(
                f"{name}: only one element tensors can be converted to Python scalars, not one of shape {self.shape}"
            )
        return self.array.item()

    def __index__(self) -> int:
        if self.dtype.kind not in "iub" or self.array.size != 1:
            raise TypeError("index: only integer tensors of a single element can be converted to an index")
        return int(self.array.item())

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: len() of a 0-d tensor")
        return self.array.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeError("iter: iteration over a 0-d tensor")
        return iter([self[i] for i in range(self.array.shape[0])])

    def __contains__(self, element: Any) -> bool:
        return bool((self.detach() == element).any())

    def __format__(self, spec: str) -> str:
        """A 0-d tensor as the number it holds: ``f"{loss:.3f}"``; any other as it prints."""
        return format(self.item(), spec) if self.ndim == 0 else object.__format__(self, spec)

    def __repr__(self) -> str:
        from .printing import tensor_repr

        return tensor_repr(cast("Tensor", self))

    # ------------------------------------------------------------------------------------------ NumPy and DLPack

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The values as a NumPy array that shares this tensor's memory; `force` detaches and copies as needed."""
        if force:
            return to_numpy(self.array)
        if self.requires_grad:
            raise RuntimeError(
                "numpy: can't call numpy() on Tensor that requires grad; use tensor.detach().numpy() instead"
            )
        if not isinstance(self.array, np.ndarray):
            raise TypeError(f"numpy: can't convert a {self.device} tensor to NumPy; use tensor.cpu() to copy it first")
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        function = numpy_functions.get(ufunc)
        if function is None or method != "__call__" or kwargs:
            how = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
            extra = f" with {', '.join(kwargs)}=" if kwargs else ""
            raise TypeError(f"numpy.{how}{extra} has no counterpart on Tensors; use tensor.detach().numpy()")
        return function(*inputs)

    def __array_function__(self, numpy_function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        function = numpy_functions.get(numpy_function)
        if function is None:
            name = getattr(numpy_function, "__name__", numpy_function)
            raise TypeError(f"numpy.{name} has no counterpart on Tensors; use tensor.detach().numpy()")
        return function(*args, **kwargs)

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.requires_grad:
            raise BufferError("dlpack: can't export tensors that require gradient; use tensor.detach()")
        return self.array.__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()

    # ------------------------------------------------------------------------------------------ copies

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if self.grad_fn is not None:
            raise RuntimeError(
                "deepcopy: only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; "
                "copy y.detach() instead"
            )
        twin = _rebuilt(type(self), self.array.copy(), {}, self.requires_grad)
        memo[id(self)] = twin
        twin.grad = copy.deepcopy(self.grad, memo)
        twin.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        if self.grad_fn is not None:
            raise RuntimeError("pickle: can't pickle a tensor that is part of a graph; pickle y.detach() instead")
        return _unpickled, (type(self), to_numpy(self.array), dict(self.__dict__), self.requires_grad, str(self.device))


def _rebuilt(kind: type, array: Array, attributes: dict[str, Any], requires_grad: bool) -> Tensor:
    tensor: Any = object.__new__(kind)
    tensor.array = array
    tensor.node = tensor.grad = tensor.view_of = None
    tensor.version = Version()
    tensor.__dict__.update(attributes)
    return tensor.requires_grad_(requires_grad)


def _unpickled(kind: type, array: np.ndarray, attributes: dict[str, Any], requires_grad: bool, device: str) -> Tensor:
    array = np.asarray(
        array, np.dtype(array.dtype.type)
    )  # an unpickled dtype equals NumPy's own, but is another object
    return _rebuilt(kind, backend.to_device(array, backend.device(device)), attributes, requires_grad)
