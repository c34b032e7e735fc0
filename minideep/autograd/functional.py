"""Products with Jacobians, whole Jacobians and Hessians of functions of tensors, as ``torch.autograd.functional``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import graph
from .graph import make_tensor, walk_back
from .modes import enable_grad
from .op import registry

Tensors = Any  # one Tensor, or a tuple of them


def vjp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> Any:
    """``(func(*inputs), vᵀ J)``: the gradient of the outputs weighted by `v`.

    >>> import minideep
    >>> vjp(lambda x: x**2, minideep.tensor([1.0, 2.0]), minideep.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    many, xs, outs_many, ys = _run("vjp", func, inputs, create_graph)
    vs = _vectors("vjp", ys, v, "the output")
    gradients = _gradients(ys, xs, vs, create_graph, "vjp" if strict else "")
    return _pack(outs_many, [_finish(y, create_graph) for y in ys]), _pack(many, gradients)


def jvp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> Any:
    """``(func(*inputs), J v)``: how the outputs move when the inputs move along `v`.

    Two backward passes: vᵀJ is linear in its cotangent u, and the derivative of (uᵀJ) v with respect to u is J v.

    >>> import minideep
    >>> jvp(lambda x: x**2, minideep.tensor([1.0, 2.0]), minideep.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    _, xs, outs_many, ys = _run("jvp", func, inputs, create_graph)
    vs = _vectors("jvp", xs, v, "the input")
    with enable_grad():
        us = [y.new_zeros(y.shape).requires_grad_() for y in ys]
        rows = _gradients(ys, xs, us, True, "jvp" if strict else "")
        products = _gradients(rows, us, vs, create_graph)
    return _pack(outs_many, [_finish(y, create_graph) for y in ys]), _pack(outs_many, products)


def jacobian(func: Callable[..., Any], inputs: Tensors, create_graph: bool = False, strict: bool = False) -> Any:
    """All partial derivatives: for output y and input x, a tensor of shape ``(*y.shape, *x.shape)``.

    >>> import minideep
    >>> jacobian(lambda x: x**2, minideep.tensor([1.0, 3.0]))
    tensor([[2., 0.],
            [0., 6.]])
    """
    many, xs, outs_many, ys = _run("jacobian", func, inputs, create_graph)
    refusing = "jacobian" if strict else ""
    blocks = []
    for y in ys:
        columns: list[list[Any]] = [[] for _ in xs]
        for entry in range(y.numel()):
            one = y.new_zeros(y.numel())
            one.array[entry] = 1
            gradients = _gradients([y], xs, [one.reshape(y.shape)], create_graph, refusing)
            for column, gradient in zip(columns, gradients, strict=True):
                column.append(gradient)
        shapes = [y.shape + x.shape for x in xs]
        stacked = [
            registry["stack"](c).reshape(s) if c else y.new_zeros(s) for c, s in zip(columns, shapes, strict=True)
        ]
        blocks.append(_pack(many, stacked))
    return _pack(outs_many, blocks)


def hessian(func: Callable[..., Any], inputs: Tensors, create_graph: bool = False, strict: bool = False) -> Any:
    """The second derivatives of a function with a single number as its result.

    >>> import minideep
    >>> hessian(lambda x: (x**3).sum(), minideep.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    many = isinstance(inputs, tuple | list)

    def gradient(*xs: Any) -> Any:
        result = jacobian(_scalar("hessian", func), tuple(xs), create_graph=True)
        return tuple(g.reshape(x.shape) for g, x in zip(result, xs, strict=True))

    rows = jacobian(gradient, tuple(inputs) if many else (inputs,), create_graph, strict)
    return rows if many else rows[0][0]


def hvp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> Any:
    """``(func(*inputs), H v)``, without building the Hessian H.

    >>> import minideep
    >>> hvp(lambda x: (x**3).sum(), minideep.tensor([1.0, 2.0]), minideep.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    many, xs, _, ys = _run("hvp", _scalar("hvp", func), inputs, create_graph)
    vs = _vectors("hvp", xs, v, "the input")
    with enable_grad():
        refusing = "hvp" if strict else ""
        gradients = _gradients(ys, xs, [ys[0].new_ones(ys[0].shape)], True, refusing)
        products = _gradients(gradients, xs, vs, create_graph, refusing)
    return _finish(ys[0], create_graph), _pack(many, products)


# ---------------------------------------------------------------------------------------------- shared steps


def _run(
    name: str, func: Callable[..., Any], inputs: Tensors, create_graph: bool
) -> tuple[bool, list[Any], bool, list[Any]]:
    """Call the function on inputs that record: fresh leaves, or under `create_graph` views of the given ones."""
    many = isinstance(inputs, tuple | list)
    given = list(inputs) if many else [inputs]
    for x in given:
        if not isinstance(x, graph.Tensor):
            raise TypeError(f"{name}: the inputs must be Tensors or a tuple of Tensors, but got {type(x).__name__}")
    with enable_grad():
        xs = [x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in given]
        outputs = func(*xs)
    outs_many = isinstance(outputs, tuple | list)
    ys = list(outputs) if outs_many else [outputs]
    for y in ys:
        if not isinstance(y, graph.Tensor):
            raise TypeError(
                f"{name}: the function must return Tensors or a tuple of Tensors, but got {type(y).__name__}"
            )
    return many, xs, outs_many, ys


def _scalar(name: str, func: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*xs: Any) -> Any:
        y = func(*xs)
        if not isinstance(y, graph.Tensor) or y.numel() != 1:
            raise RuntimeError(f"{name}: the function must return a Tensor with a single element")
        return y

    return checked


def _vectors(name: str, like: Sequence[Any], v: Any, what: str) -> list[Any]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(
                f"{name}: the vector v can only be None if {what} is a single Tensor with a single element"
            )
        return [like[0].new_ones(like[0].shape)]
    vs = list(v) if isinstance(v, tuple | list) else [v]
    if len(vs) != len(like):
        raise RuntimeError(f"{name}: v should have one Tensor for each of {what}'s {len(like)}, but has {len(vs)}")
    for vector, x in zip(vs, like, strict=True):
        if vector.shape != x.shape:
            raise RuntimeError(f"{name}: v has shape {vector.shape}, but {what} has {x.shape}")
    return vs


def _gradients(
    ys: Sequence[Any], xs: Sequence[Any], vs: Sequence[Any], create_graph: bool, refusing: str = ""
) -> list[Any]:
    """The gradients of `ys` weighted by `vs`; zeros where there is no path, or an error of the function `refusing`."""
    used = [(y, v) for y, v in zip(ys, vs, strict=True) if y.requires_grad]
    arrived: dict[Any, Any] = {}
    if used:
        cotangents = [v if create_graph else v.array for _, v in used]
        nodes = [x.current_node() for x in xs]
        arrived = walk_back([y.current_node() for y, _ in used], cotangents, nodes, True, create_graph)
    results = []
    for position, x in enumerate(xs):
        g = arrived.get(x.current_node())
        if g is None and refusing:
            raise RuntimeError(f"{refusing}: strict=True, but the output is independent of input {position}")
        g = x.new_zeros(x.shape) if g is None else g
        results.append(g if isinstance(g, graph.Tensor) else make_tensor(g))
    return results


def _finish(y: Any, create_graph: bool) -> Any:
    return y if create_graph else y.detach()


def _pack(many: bool, values: Sequence[Any]) -> Any:
    return tuple(values) if many else values[0]
