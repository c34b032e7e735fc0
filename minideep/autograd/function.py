"""`Function`: an op of one's own, with a forward and a backward written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import graph
from .graph import Node, make_tensor, mode, no_grad


class Context:
    """What `forward` hands to `backward`: saved tensors, flags, and any attribute you set."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Any, ...] = ()
        self._not_differentiable: tuple[int, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for `backward`, where they are ``ctx.saved_tensors``."""
        self._saved = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs (indices, masks) have no gradient."""
        self._not_differentiable = tuple(map(id, tensors))

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self._saved


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
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("Function: write a static method forward(ctx, *inputs) in your subclass")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError("Function: write a static method backward(ctx, *grad_outputs) in your subclass")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, and note in the graph to go back through `backward`."""
        parents = tuple(a.current_node() if isinstance(a, graph.Tensor) else None for a in args)
        ctx = Context(tuple(parent is not None for parent in parents))
        with no_grad():
            outputs = cls.forward(ctx, *args, **kwargs)
        several = isinstance(outputs, tuple)
        listed = outputs if several else (outputs,)
        for output in listed:
            if not isinstance(output, graph.Tensor):
                raise TypeError(f"{cls.__name__}.forward: expected to return Tensors, but got {type(output).__name__}")
        if not mode.grad or not any(ctx.needs_input_grad):
            return outputs
        call = _Call(cls, ctx, args, listed)
        node = Node(call, parents, (True,), ())
        results = []
        for position, output in enumerate(listed):
            own = id(output) in ctx._not_differentiable
            result = make_tensor(output.array, None if own else Node(_Pick(position), (node,), (), ()))
            ctx._saved = tuple(result if saved is output else saved for saved in ctx._saved)
            results.append(result)
        call.outputs_of(results)
        return tuple(results) if several else results[0]


class _Call:
    """One call of a Function, in the place of an op."""

    saved_arrays = ()

    def __init__(self, function: type[Function], ctx: Context, args: Sequence[Any], outputs: Sequence[Any]) -> None:
        self.function, self.ctx, self.name = function, ctx, function.__name__
        self.likes = [(o.array.shape, o.array.dtype) for o in outputs]
        self.input_shapes = [a.shape if isinstance(a, graph.Tensor) else None for a in args]

    def outputs_of(self, results: Sequence[Any]) -> None:
        """Cut saved outputs off from their own node, which would keep itself alive; `pull` puts it back."""
        ids = {id(r): r.node for r in results}
        self.output_nodes = [ids.get(id(saved)) and position for position, saved in enumerate(self.ctx._saved)]
        self.ctx._saved = tuple(
            make_tensor(saved.array) if id(saved) in ids else saved for saved in self.ctx._saved
        )

    def pull(self, g: Any, saved: Any, parents: Sequence[Any]) -> list[Any]:
        gradients = self._call([None if part is None else make_tensor(part) for part in self._parts(g)])
        return [None if r is None else r.array.copy() for r in gradients]

    def pull_tracked(self, node: Node, g: Any, parents: Sequence[Any]) -> list[Any]:
        return self._call(self._parts(g))

    def _parts(self, g: Parts) -> list[Any]:
        return [g.parts.get(position) for position in range(len(self.likes))]

    def _call(self, grads: list[Any]) -> list[Any]:
        import numpy as np

        filled = [
            make_tensor(np.zeros(shape, dtype)) if g is None else g for g, (shape, dtype) in zip(grads, self.likes, strict=True)
        ]
        returned = self.function.backward(self.ctx, *filled)
        gradients = list(returned) if isinstance(returned, tuple) else [returned]
        wanted = len(self.input_shapes)
        if len(gradients) < wanted or any(extra is not None for extra in gradients[wanted:]):
            raise RuntimeError(
                f"{self.name}.backward: returned an incorrect number of gradients (expected {wanted}, one for each input "
                f"of forward, None where there is none; got {len(gradients)})"
            )
        for position, (gradient, shape) in enumerate(zip(gradients, self.input_shapes, strict=False)):
            if gradient is not None and shape is not None and gradient.shape != shape:
                raise RuntimeError(
                    f"{self.name}.backward: returned an invalid gradient at index {position}: got {gradient.shape}, but "
                    f"the input has shape {shape}"
                )
        return gradients[:wanted]


class _Pick:
    """Leads from one output of a Function to the call that made them all."""

    name, saved_arrays = "pick", ()

    def __init__(self, position: int) -> None:
        self.position = position

    def pull(self, g: Any, saved: Any, parents: Sequence[Any]) -> tuple[Any]:
        return (Parts({self.position: g}),)

    def pull_tracked(self, node: Node, g: Any, parents: Sequence[Any]) -> tuple[Any]:
        return (Parts({self.position: g}),)


class Parts:
    """The gradients of several outputs, on their way to the call that made them."""

    base = None

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Parts) -> Parts:
        merged = dict(self.parts)
        for position, g in other.parts.items():
            merged[position] = merged[position] + g if position in merged else g
        return Parts(merged)
