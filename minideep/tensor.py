"""Floor 2: the Tensor, an array that remembers how it was computed.

What stands here is what makes a Tensor one: its attributes and its place in the graph; `protocols` holds how Python,
NumPy and others see it, `construction` how it is made. The mathematics comes from the ops, one floor up: each op
declared as a method is attached to this class by `attach`.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend
from .autograd import backward, graph
from .autograd.graph import Leaf, Node, Version, make_tensor
from .autograd.hooks import RemovableHandle, keep_gradient
from .autograd.views import View
from .backend import Array, DType, device_of, is_floating
from .construction import to_array
from .protocols import Protocols


class Tensor(Protocols):
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
                f"requires_grad: only Tensors of floating point dtype can require gradients, but this one is "
                f"{self.dtype}; convert it with .float() first"
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
        backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory, outside the graph."""
        result = make_tensor(self.array)
        result.version = self.version
        return result

    def detach_(self) -> Tensor:
        """Take the tensor itself out of the graph."""
        if self.view_of is not None:
            raise RuntimeError(
                "detach_: can't detach views in-place, as their base stays in the graph; use detach() instead"
            )
        self.node = None
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of a computed tensor in ``.grad`` too."""
        node = self.current_node()
        if node is None:
            raise RuntimeError("retain_grad: can't retain_grad on Tensor that has requires_grad=False")
        if not self.is_leaf:
            node.hooks = node.hooks or {}
            node.hooks["retain_grad"] = functools.partial(keep_gradient, weakref.ref(self))

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
            raise RuntimeError(
                "register_post_accumulate_grad_hook: post accumulate grad hooks are for leaf tensors only"
            )
        self.node.after = self.node.after if self.node.after is not None else {}
        return RemovableHandle(self.node.after, hook)

    @property
    def _version(self) -> int:
        return self.version.count


graph.Tensor = Tensor


def attach(methods: dict[str, Callable[..., Any]]) -> None:
    """Make functions methods of Tensor."""
    for name, function in methods.items():
        setattr(Tensor, name, function)
