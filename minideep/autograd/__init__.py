"""Floor 1: differentiation. Nodes, the declaration of ops, the way back; it knows no op, and no op knows it does so.

`backward` and `grad` are PyTorch's; `functional` holds products with Jacobians, `Function` is for ops of one's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backend import module_of
from . import functional, graph
from .anomaly import detect_anomaly
from .function import Function
from .graph import Node, accumulate, make_tensor, walk_back
from .modes import enable_grad, inference, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .op import apply, elementwise, methods, numpy_functions, op, public, registry

__all__ = [
    "Function", "Node", "apply", "backward", "detect_anomaly", "elementwise", "enable_grad", "functional", "grad",
    "inference", "inference_mode", "is_grad_enabled", "methods", "no_grad", "numpy_functions", "op", "public",
    "registry", "set_grad_enabled",
]  # fmt: skip


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors`, weighted by `grad_tensors`, to the ``.grad`` of the leaves (or of `inputs`)."""
    outputs = _listed(tensors)
    cotangents = _cotangents("backward", outputs, grad_tensors, create_graph)
    keep = create_graph if retain_graph is None else retain_graph
    roots = [t.current_node() for t in outputs]
    if inputs is None:
        walk_back(roots, cotangents, None, keep, create_graph)
        return
    targets = _listed(inputs)
    if not targets:
        raise RuntimeError("backward: inputs cannot be empty; leave it out to reach every leaf")
    nodes = _nodes("backward", targets)
    arrived = walk_back(roots, cotangents, nodes, keep, create_graph)
    for node, target in dict(zip(nodes, targets, strict=True)).items():
        if node in arrived:
            accumulate(target, arrived[node], set())


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
    nodes = _nodes("grad", targets)
    if materialize_grads and allow_unused is False:
        raise ValueError("grad: expected allow_unused to be True or not passed when materialize_grads=True")
    keep = create_graph if retain_graph is None else retain_graph
    arrived = walk_back([t.current_node() for t in outputs], cotangents, nodes, keep, create_graph)
    results = [arrived.get(node) for node in nodes]
    if materialize_grads:
        results = [t.new_zeros(t.shape) if r is None else r for r, t in zip(results, targets, strict=True)]
    elif not allow_unused and (missing := [i for i, r in enumerate(results) if r is None]):
        raise RuntimeError(
            f"grad: one of the differentiated Tensors appears to not have been used in the graph (input {missing[0]}); "
            "set allow_unused=True if None is the answer you want"
        )
    return tuple(g if g is None or isinstance(g, graph.Tensor) else make_tensor(g) for g in results)


def _listed(tensors: Any) -> list[Any]:
    """One tensor or several of them, as a list."""
    several = hasattr(tensors, "__iter__") and not isinstance(tensors, graph.Tensor)
    return list(tensors) if several else [tensors]


def _nodes(name: str, targets: Sequence[Any]) -> list[Node]:
    nodes = [t.current_node() for t in targets]
    if None in nodes:
        raise RuntimeError(
            f"{name}: one of the differentiated Tensors does not require grad (input {nodes.index(None)}); call "
            "requires_grad_() on it before it is used"
        )
    return nodes


def _cotangents(name: str, outputs: Sequence[Any], given: Any, tracked: bool) -> list[Any]:
    """One gradient for each output: what was given, or 1 for a scalar."""
    listed = [None] * len(outputs) if given is None else _listed(given)
    if len(listed) != len(outputs):
        raise RuntimeError(f"{name}: got {len(outputs)} outputs and {len(listed)} gradients for them")
    result = []
    for output, g in zip(outputs, listed, strict=True):
        if output.current_node() is None:
            raise RuntimeError(
                f"{name}: the output (shape {output.shape}) does not require grad and does not have a grad_fn: nothing "
                "it was computed from has requires_grad=True, or it was computed under no_grad()"
            )
        if g is None:
            if output.array.size != 1:
                raise RuntimeError(
                    f"{name}: grad can be implicitly created only for scalar outputs, but this one has shape "
                    f"{output.shape}; reduce it first (.sum(), .mean()), or pass a gradient of that shape"
                )
            ones = module_of(output.array).ones(output.array.shape, output.array.dtype)
            result.append(make_tensor(ones) if tracked else ones)
            continue
        if not isinstance(g, graph.Tensor):
            raise TypeError(
                f"{name}: the gradient given for an output must be a Tensor or None, not {type(g).__name__}"
            )
        if g.shape != output.shape:
            raise RuntimeError(f"{name}: the output has shape {output.shape}, but the gradient given for it {g.shape}")
        g = g if g.dtype == output.dtype else g.to(output.dtype)
        result.append(g if tracked else g.array)
    return result
