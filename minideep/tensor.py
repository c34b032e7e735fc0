"""Floor 2: the Tensor, an array that remembers how it was computed.

What stands here is what makes a Tensor one: its attributes, its place in the graph, and the protocols through which
Python, NumPy, DLPack, pickle and einops see it. The mathematics comes from the ops, one floor up: each op declared as
a method is attached to this class by `attach`.
"""

from __future__ import annotations

import copy
import functools
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import backend
from .autograd import graph, numpy_functions
from .autograd.graph import Leaf, Node, Version, make_tensor
from .autograd.operands import rank
from .autograd.views import View, changed_in_place, check_inplace, keep_original
from .backend import Array, DType, device_of, is_floating, to_numpy


class Tensor:
    """An n-dimensional array with an optional place in a graph of computations.

    `array` is the raw NumPy or CuPy array; `node` is None for a constant, a `Leaf` for what gradients are wanted of,
    and the record of an op for its result.

    >>> x = Tensor([1.0, 2.0])
    >>> x.requires_grad_().pow(2).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__dict__", "__weakref__", "array", "grad", "node", "version", "view_of")
    __hash__ = object.__hash__
    array: Array
    node: Node | None
    grad: Tensor | None
    version: Version
    view_of: View | None

    def __init__(self, data: Any = (), dtype: Any = None) -> None:
        self.array = to_array(data, dtype or (None if hasattr(data, "dtype") else backend.get_default_dtype()))
        self.node = self.grad = self.view_of = None
        self.version = Version()

    if TYPE_CHECKING:  # the ops' methods, attached below

        def __getattr__(self, name: str) -> Any: ...

    # ------------------------------------------------------------------------------------------ attributes

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> DType:
        return self.array.dtype

    @property
    def device(self) -> backend.device:
        return device_of(self.array)

    @property
    def is_cuda(self) -> bool:
        return self.device.type == "cuda"

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def itemsize(self) -> int:
        return self.array.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.array.nbytes

    @property
    def data(self) -> Tensor:
        """The same memory as a tensor outside the graph; assigning replaces the memory, and no graph notices."""
        return make_tensor(self.array)

    @data.setter
    def data(self, other: Any) -> None:
        self.array = other.array if isinstance(other, Tensor) else to_array(other)
        self.view_of = None

    def size(self, dim: int | None = None) -> Any:
        """The shape, or one side of it."""
        if dim is None:
            return self.array.shape
        if not -self.ndim <= dim < self.ndim:
            raise IndexError(
                f"size: Dimension out of range (expected to be in range of [{-max(self.ndim, 1)}, "
                f"{max(self.ndim, 1) - 1}], but got {dim})"
            )
        return self.array.shape[dim]

    def dim(self) -> int:
        return self.array.ndim

    def numel(self) -> int:
        return self.array.size

    def element_size(self) -> int:
        return self.itemsize

    def is_floating_point(self) -> bool:
        return is_floating(self.array.dtype)

    def is_contiguous(self) -> bool:
        return self.array.flags.c_contiguous

    def stride(self, dim: int | None = None) -> Any:
        """The step from one entry to the next along each dimension, counted in entries."""
        strides = tuple(step // self.itemsize for step in self.array.strides)
        return strides if dim is None else strides[dim]

    def data_ptr(self) -> int:
        return self.array.__array_interface__["data"][0] if isinstance(self.array, np.ndarray) else self.array.data.ptr

    # ------------------------------------------------------------------------------------------ place in the graph

    def current_node(self) -> Node | None:
        """The node, up to date also if this is a view whose base was changed in place."""
        return self.node if self.view_of is None else self.view_of.node_of(self)

    @property
    def grad_fn(self) -> Node | None:
        """The op that this is the result of; None for what the user made."""
        node = self.current_node()
        return None if node.__class__ is Leaf else node

    @property
    def is_leaf(self) -> bool:
        return self.grad_fn is None

    @property
    def requires_grad(self) -> bool:
        return self.current_node() is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether `backward` should leave a gradient here; returns the tensor."""
        node = self.current_node()
        if requires_grad and not is_floating(self.dtype):
            raise RuntimeError(
                f"requires_grad: only Tensors of floating point dtype can require gradients, but this one is {self.dtype}; "
                "convert it with .float() first"
            )
        if not requires_grad and self.grad_fn is not None:
            raise RuntimeError(
                "requires_grad: you can only change requires_grad flags of leaf variables; to use a computed value "
                "where its gradient is not wanted, take y.detach()"
            )
        if requires_grad and node is None:
            self.node = Leaf(self)
        elif not requires_grad:
            self.node = None
        if self.view_of is not None and self.view_of.op is not None and node is None:
            self.view_of = None  # a leaf from now on: what happens to its base concerns the memory only
        return self

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | None = None,
    ) -> None:
        """Add d(self)/d(leaf), weighted by `gradient`, to the ``.grad`` of every leaf below.

        >>> x = Tensor([3.0]).requires_grad_()
        >>> (x * x).backward()
        >>> x.grad
        tensor([6.])
        """
        from .autograd import backward

        backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory, outside the graph."""
        result = make_tensor(self.array)
        result.version = self.version
        return result

    def detach_(self) -> Tensor:
        """Take the tensor itself out of the graph."""
        if self.view_of is not None:
            raise RuntimeError("detach_: can't detach views in-place, as their base stays in the graph; use detach() instead")
        self.node = None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of a computed tensor in ``.grad`` too."""
        node = self.current_node()
        if node is None:
            raise RuntimeError("retain_grad: can't retain_grad on Tensor that has requires_grad=False")
        if not self.is_leaf:
            node.hooks = node.hooks or {}
            node.hooks["retain_grad"] = functools.partial(_keep_gradient, weakref.ref(self))

    @property
    def retains_grad(self) -> bool:
        return not self.is_leaf and "retain_grad" in (self.node.hooks or {})  # type: ignore[union-attr]

    def register_hook(self, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """Call `hook(gradient)` when this tensor's gradient is known; what it returns, unless None, takes its place."""
        node = self.current_node()
        if node is None:
            raise RuntimeError("register_hook: cannot register a hook on a tensor that doesn't require gradient")
        node.hooks = node.hooks if node.hooks is not None else {}
        return RemovableHandle(node.hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> RemovableHandle:
        """Call `hook(tensor)` after a backward pass has added to this leaf's ``.grad``."""
        if not isinstance(self.node, Leaf):
            raise RuntimeError("register_post_accumulate_grad_hook: post accumulate grad hooks are for leaf tensors only")
        self.node.after = self.node.after if self.node.after is not None else {}
        return RemovableHandle(self.node.after, hook)

    @property
    def _version(self) -> int:
        return self.version.count

    # ------------------------------------------------------------------------------------------ to Python and NumPy

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The values as a NumPy array that shares this tensor's memory; `force` detaches and copies as needed."""
        if force:
            return to_numpy(self.array)
        if self.requires_grad:
            raise RuntimeError("numpy: can't call numpy() on Tensor that requires grad; use tensor.detach().numpy() instead")
        if not isinstance(self.array, np.ndarray):
            raise TypeError(f"numpy: can't convert a {self.device} tensor to NumPy; use tensor.cpu() to copy it first")
        return self.array

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
            f"bool: boolean value of Tensor with {'no' if self.array.size == 0 else 'more than one'} value is ambiguous "
            f"(shape {self.shape}); use .any() or .all()"
        )

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

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
        return format(self.item(), spec) if self.ndim == 0 and type(self) is Tensor else object.__format__(self, spec)

    def __repr__(self) -> str:
        from .printing import tensor_repr

        return tensor_repr(self)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.numpy()
        if copy:
            return array.astype(dtype or array.dtype, copy=True)
        return array if dtype is None else array.astype(dtype, copy=False)

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


def _rebuilt(kind: type[Tensor], array: Array, attributes: dict[str, Any], requires_grad: bool) -> Tensor:
    tensor = object.__new__(kind)
    tensor.array = array
    tensor.node = tensor.grad = tensor.view_of = None
    tensor.version = Version()
    tensor.__dict__.update(attributes)
    return tensor.requires_grad_(requires_grad)


def _unpickled(kind: type[Tensor], array: np.ndarray, attributes: dict[str, Any], requires_grad: bool, device: str) -> Tensor:
    array = np.asarray(array, np.dtype(array.dtype.type))  # an unpickled dtype equals NumPy's own, but is another object
    return _rebuilt(kind, backend.to_device(array, backend.device(device)), attributes, requires_grad)


def _keep_gradient(tensor: weakref.ref[Tensor], g: Tensor) -> None:
    if (kept := tensor()) is not None:
        kept.grad = g.clone() if kept.grad is None else kept.grad + g


class RemovableHandle:
    """What registering a hook returns: `remove` takes the hook away again, also at the end of a ``with`` block."""

    _next = 0

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        self._hooks, self.id = hooks, RemovableHandle._next
        RemovableHandle._next += 1
        hooks[self.id] = hook

    def remove(self) -> None:
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


graph.Tensor = Tensor


# ---------------------------------------------------------------------------------------------- making tensors


def to_array(data: Any, dtype: Any = None, device: Any = None) -> Array:
    """Anything that holds numbers as a raw array; Python floats get the default dtype."""
    if isinstance(data, Tensor):
        array = data.array
    elif hasattr(data, "dtype") and hasattr(data, "ndim"):
        array = backend.as_array(data)
    else:
        array = _from_python(data, dtype)
    if dtype is not None and array.dtype != dtype:
        array = array.astype(dtype)
    elif array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: can't convert {array.dtype} to a tensor; the supported kinds are bool, integer and float")
    elif array.dtype is not np.dtype(array.dtype.type):
        array = array.astype(array.dtype.type)  # another byte order, or a dtype that was unpickled
    return array if device is None else backend.to_device(array, backend.device(device))


def _from_python(data: Any, dtype: Any) -> np.ndarray:
    if isinstance(data, list | tuple) and any(isinstance(x, Tensor) for x in data):
        data = [x.tolist() if isinstance(x, Tensor) else x for x in data]
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"tensor: expected sequences of equal length at every depth ({error})") from None
    if array.dtype.kind in "OUSM":
        raise TypeError(f"tensor: expected numbers, or nested sequences of numbers, but got {type(data).__name__} {data!r:.60}")
    if array.dtype == np.float64 and dtype is None:
        return array.astype(backend.get_default_dtype())
    return array


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
    if isinstance(data, Tensor) and (dtype is None or data.dtype == dtype):
        if device is None or data.device == backend.device(device):
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
    return isinstance(value, Tensor)


# ---------------------------------------------------------------------------------------------- methods from the ops


def inplace(function: Callable[..., Tensor], name: str) -> Callable[..., Tensor]:
    """The in-place form of a function: its result is written into the first argument's memory."""

    @functools.wraps(function)
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        check_inplace(self, name)
        result = function(self, *args, **kwargs)
        if result.array.dtype != self.array.dtype:
            if rank(result.array.dtype) > rank(self.array.dtype):
                raise RuntimeError(
                    f"{name}: result type {result.dtype} can't be cast to the desired output type {self.dtype}; use "
                    f"{name.rstrip('_')}(), which makes a new tensor"
                )
            result = result.to(self.array.dtype)
        if result.array.shape != self.array.shape:
            raise RuntimeError(
                f"{name}: output with shape {self.shape} doesn't match the broadcast shape {result.shape}; use "
                f"{name.rstrip('_')}(), which makes a new tensor"
            )
        keep_original(self, result.node)
        self.array[...] = result.array
        return changed_in_place(self, result.node)

    method.__name__ = method.__qualname__ = name
    return method


def attach(methods: dict[str, Callable[..., Any]]) -> None:
    """Make functions methods of Tensor."""
    for name, function in methods.items():
        setattr(Tensor, name, function)
