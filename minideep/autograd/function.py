"""`Function`: an op of one's own, with a forward and a backward written by hand."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from ..backend import as_array, is_floating, module_of
from . import graph
from .graph import FREED, Node, Step, Version, make_tensor
from .modes import mode, no_grad
from .operands import fit


class Context:
    """What `forward` hands to `backward`: saved tensors, flags, and any attribute you set."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.materialize_grads = True
        self.to_save: tuple[Any, ...] = ()
        self.not_differentiable: tuple[Any, ...] = ()
        self.node: weakref.ref[Node] | None = None  # once `forward` is over

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for `backward`, where they are ``ctx.saved_tensors``."""
        for position, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, graph.Tensor):
                raise TypeError(
                    f"save_for_backward: expected Tensors or None, but argument {position} is {type(tensor).__name__}; "
                    "keep other values as attributes of ctx"
                )
        self.to_save = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs (indices, masks) have no gradient."""
        self.not_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (the default) or None for an output that nothing depends on."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        if self.node is None:
            return self.to_save
        node = self.node()
        if node is None or node.saved is FREED:
            raise RuntimeError(
                "ctx: trying to use saved_tensors after they were freed; call backward or grad with "
                "retain_graph=True the first time"
            )
        return tuple(_output(node, *value) if isinstance(value, tuple) else value for value in node.saved)


class Function:
    """Subclass it, write two static methods, call `apply`:

    >>> import minideep
    >>> class Cube(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x ** 3
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         x, = ctx.saved_tensors
    ...         return 3 * x ** 2 * grad_output
    >>> x = minideep.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(ctx: Any, *args: Any) -> Any:
        raise NotImplementedError("Function: write a static method forward(ctx, *inputs) in your subclass")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError("Function: write a static method backward(ctx, *grad_outputs) in your subclass")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run `forward`, and note in the graph to go back through `backward`."""
        parents = tuple(a.current_node() if isinstance(a, graph.Tensor) else None for a in args)
        ctx = Context(tuple(parent is not None for parent in parents))
        with no_grad():
            outputs = cls.forward(ctx, *args)
        listed = list(outputs) if isinstance(outputs, tuple) else [outputs]
        if not mode.grad or not any(ctx.needs_input_grad):
            return outputs
        # A saved output is kept as (position, array): as a Tensor it would keep alive the node that keeps it.
        positions = {id(output): position for position, output in enumerate(listed)}
        saved = [(positions[id(t)], t.array, t.version) if id(t) in positions else t for t in ctx.to_save]
        node = Node(
            _Call(cls, ctx, args, listed),
            parents,
            tuple(saved),
            tuple(getattr(t, "version", None) for t in ctx.to_save),
        )
        ctx.node, ctx.to_save = weakref.ref(node), ()
        constants = {id(t) for t in ctx.not_differentiable}
        for position, output in enumerate(listed):
            if isinstance(output, graph.Tensor):
                differentiable = id(output) not in constants and is_floating(output.dtype)
                listed[position] = _output(node if differentiable else None, position, output.array, output.version)
        return tuple(listed) if isinstance(outputs, tuple) else listed[0]


def _output(call: Node | None, position: int, array: Any, version: Version) -> Any:
    """One of the results of a call: a new Tensor, also where `forward` returned one of its inputs."""
    result = make_tensor(array, None if call is None else Node(_Pick(position), (call,), (), ()))
    result.version = version
    return result


class _Call(Step):
    """One call of a Function, in the place of an op."""

    def __init__(self, function: type[Function], ctx: Context, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        self.function, self.ctx, self.name = function, ctx, function.__name__
        tensors = [o.array if isinstance(o, graph.Tensor) else None for o in outputs]
        self.outputs = [None if o is None else (module_of(o), o.shape, o.dtype) for o in tensors]
        self.inputs = [(a.shape, a.dtype) if isinstance(a, graph.Tensor) else None for a in args]
        self.saved_names = self.saved_arrays = [f"saved_tensors[{i}]" for i in range(len(ctx.to_save))]

    def pull(self, g: Parts, saved: Any, parents: Sequence[Any]) -> list[Any]:
        gradients = self._backward({position: make_tensor(as_array(part)) for position, part in g.parts.items()})
        # Views: what a user returns may be a user's own, and whoever keeps the gradient then makes a copy.
        return [None if gradient is None else gradient.array[...] for gradient in gradients]

    def pull_tracked(self, node: Node, g: Parts, parents: Sequence[Any]) -> list[Any]:
        return self._backward(g.parts)

    def _backward(self, parts: dict[int, Any]) -> list[Any]:
        """The gradients of the inputs, checked for number, shape and dtype."""
        grads = [parts[i] if i in parts else self._zeros(like) for i, like in enumerate(self.outputs)]
        returned = self.function.backward(self.ctx, *grads)
        gradients = list(returned) if isinstance(returned, tuple) else [returned]
        wanted = len(self.inputs)
        if len(gradients) < wanted or any(extra is not None for extra in gradients[wanted:]):
            raise RuntimeError(
                f"{self.name}.backward: returned an incorrect number of gradients (expected {wanted}, one for each "
                f"input of forward, None where there is none; got {len(gradients)})"
            )
        return [self._fitted(i, gradient) for i, gradient in enumerate(gradients[:wanted])]

    def _zeros(self, like: Any) -> Any:
        if like is None or not self.ctx.materialize_grads:
            return None
        module, shape, dtype = like
        return make_tensor(module.zeros(shape, dtype))

    def _fitted(self, position: int, gradient: Any) -> Any:
        """A gradient as its input needs it: of its dtype, and summed where `backward` left it broadcast."""
        like = self.inputs[position]
        if gradient is None or like is None:
            return None
        if not isinstance(gradient, graph.Tensor):
            raise RuntimeError(
                f"{self.name}.backward: expected a Tensor or None as the gradient at index {position}, but got "
                f"{type(gradient).__name__}"
            )
        shape, dtype = like
        if gradient.shape != shape and not _broadcasts(shape, gradient.shape):
            raise RuntimeError(
                f"{self.name}.backward: returned an invalid gradient at index {position}: got {gradient.shape}, but "
                f"the input has shape {shape}"
            )
        return fit(gradient if gradient.dtype == dtype else gradient.to(dtype), shape)


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(to), strict=False))


class _Pick(Step):
    """Leads from one output of a Function to the call that made them all."""

    name = "pick"

    def __init__(self, position: int) -> None:
        self.position = position

    def pull(self, g: Any, saved: Any, parents: Sequence[Any]) -> tuple[Any]:
        return (Parts({self.position: g}),)


class Parts:
    """The gradients of several outputs, on their way to the call that made them."""

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        merged = dict(self.parts)
        for position, g in other.parts.items():
            merged[position] = merged[position] + g if position in merged else g
        return Parts(merged)
