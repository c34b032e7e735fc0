"""Floor 1: differentiation. Nodes, the declaration of ops, the way back; it knows no op, and no op knows it does so.

`backward` and `grad` are PyTorch's; `functional` holds products with Jacobians, `Function` is for ops of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import functional, graph
from .graph import (
    Node,
    detect_anomaly,
    enable_grad,
    inference,
    inference_mode,
    is_grad_enabled,
    make_tensor,
    no_grad,
    set_grad_enabled,
    walk_back,
)
from .function import Function
from .op import elementwise, methods, numpy_functions, op, public, registry

__all__ = [
    "Function", "Node", "backward", "detect_anomaly", "elementwise", "enable_grad", "functional", "grad", "inference",
    "inference_mode", "is_grad_enabled", "methods", "no_grad", "numpy_functions", "op", "public", "registry",
    "set_grad_enabled",
]  # fmt: skip


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors`, weighted by `grad_tensors`, to the ``.grad`` of the leaves (or of `inputs` alone)."""
    outputs = _listed(tensors)
    cotangents = _cotangents("backward", outputs, grad_tensors, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    roots = [t.current_node() for t in outputs]
    if inputs is None:
        walk_back(roots, cotangents, None, keep, create_graph)
        return
    targets = _listed(inputs)
    for target, g in zip(targets, grad(outputs, targets, grad_tensors, keep, create_graph, True), strict=True):
        if g is not None:
            target.grad = g if target.grad is None else target.grad + g


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs`, weighted by `grad_outputs`, with respect to `inputs`; no ``.grad`` is touched.

    >>> import minideep
    >>> x = minideep.tensor([1.0, 2.0], requires_grad=True)
    >>> grad((x**3).sum(), x)
    (tensor([ 3., 12.]),)
    """
    outputs, targets = _listed(outputs), _listed(inputs)
    cotangents = _cotangents("grad", outputs, grad_outputs, create_graph)
    nodes = [t.current_node() for t in targets]
    if None in nodes:
        raise RuntimeError(
            f"grad: one of the differentiated Tensors does not require grad (input {nodes.index(None)}); call "
            "requires_grad_() on it before it is used"
        )
    keep = create_graph if retain_graph is None else retain_graph
    arrived = walk_back([t.current_node() for t in outputs], cotangents, nodes, keep, create_graph)
    results = [arrived.get(node) for node in nodes]
    if None in [r if r is None else 0 for r in results]:
        position = next(i for i, r in enumerate(results) if r is None)
        if materialize_grads:
            results = [t.new_zeros(t.shape) if r is None else r for r, t in zip(results, targets, strict=True)]
        elif not allow_unused:
            raise RuntimeError(
                f"grad: one of the differentiated Tensors appears to not have been used in the graph (input {position}); "
                "set allow_unused=True if None is the answer you want"
            )
    return tuple(g if g is None or isinstance(g, graph.Tensor) else make_tensor(g) for g in results)


def _listed(tensors: Any) -> list[Any]:
    return [tensors] if isinstance(tensors, graph.Tensor) else list(tensors)


def _cotangents(name: str, outputs: Sequence[Any], given: Any, tracked: bool) -> list[Any]:
    """One gradient for each output: what was given, or 1 for a scalar."""
    listed = [None] * len(outputs) if given is None else _listed(given)
    if len(listed) != len(outputs):
        raise RuntimeError(f"{name}: got {len(outputs)} outputs and {len(listed)} gradients for them")
    result = []
    for output, g in zip(outputs, listed, strict=True):
        if output.current_node() is None:
            raise RuntimeError(
                f"{name}: the output (shape {output.shape}) does not require grad and does not have a grad_fn: nothing it "
                "was computed from has requires_grad=True, or it was computed under no_grad()"
            )
        if g is None:
            if output.numel() != 1:
                raise RuntimeError(
                    f"{name}: grad can be implicitly created only for scalar outputs, but this one has shape "
                    f"{output.shape}; reduce it first (.sum(), .mean()), or pass a gradient of that shape"
                )
            g = output.new_ones(output.shape)
        elif g.shape != output.shape:
            raise RuntimeError(f"{name}: the output has shape {output.shape}, but the gradient given for it {g.shape}")
        g = g if g.dtype == output.dtype else g.to(output.dtype)
        result.append(g if tracked else g.array)
    return result
