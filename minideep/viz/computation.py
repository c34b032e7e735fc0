"""What a graph of computations holds, for drawing: a box for each op, parameter and input, with its numbers.

The gradients are the engine's: its own walk back tells what arrives at each node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..autograd.graph import Leaf, Node, reachable, walk_back
from ..backend import module_of, to_numpy
from ..nn import Module
from ..tensor import Tensor

OP, PARAMETER, INPUT, RESULT, MORE = "op", "parameter", "input", "result", "more"


@dataclass
class Box:
    """One thing to draw. `sources` are the boxes its inputs come from, each with the input's name."""

    kind: str
    title: str
    shape: tuple[int, ...] | None = None
    value: np.ndarray | None = None
    gradient: np.ndarray | None = None
    node: Node | None = None
    sources: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Computation:
    """The boxes, each after those it was computed from; the result is the last."""

    boxes: list[Box]
    ops: int
    hidden: int  # ops that are not drawn, as there are too many
    gradients: dict[Node, Any]  # what arrives at each node, as the engine has it


def read(
    name: str, result: Tensor, module: Module | None, names: Mapping[str, Tensor] | None, limit: int, needed: bool
) -> Computation:
    """The graph under `result`; the gradients must be known if they are `needed`, else only their shapes are."""
    root = result.current_node() if isinstance(result, Tensor) else None
    if root is None or isinstance(root, Leaf):
        got = f"one of shape {result.shape} without" if isinstance(result, Tensor) else type(result).__name__
        raise ValueError(
            f"{name}: expected a Tensor with a graph, but got {got}: it has to be computed from something with "
            "requires_grad=True, and not under no_grad()"
        )
    nodes = reachable([root])
    gradients = _gradients(name, result, root, nodes, needed)
    values = _values(nodes)
    values[root] = result.array
    named, arrays = _names(module, names, values)
    ops = [node for node in nodes if not isinstance(node, Leaf)]
    shown = set(ops[-limit:])
    reader = _Reader(values, gradients, named, arrays, shown)
    for node in ops[-limit:]:
        reader.add_op(node)
    reader.boxes[-1].kind = RESULT
    return Computation(reader.boxes, len(ops), len(ops) - len(shown), gradients)


# ---------------------------------------------------------------------------------------------- numbers


def _gradients(name: str, result: Tensor, root: Node, nodes: Sequence[Node], needed: bool) -> dict[Node, Any]:
    """What arrives at each node when the engine goes back from `result`; the graph stays, and no ``.grad`` changes."""
    if needed and result.numel() != 1:
        raise ValueError(
            f"{name}: expected a loss, a tensor of one number, but got one of shape {result.shape}; reduce it first "
            "(.sum(), .mean())"
        )
    start = module_of(result.array).ones(result.shape, result.dtype)
    try:
        with _nothing_retained(nodes):
            return walk_back([root], [start], nodes, retain_graph=True)
    except RuntimeError as error:
        if not needed:
            return {}  # freed, or changed since: it can still be drawn, without the shapes
        raise RuntimeError(
            f"{name}: the gradients cannot be computed any more ({error}); draw before backward() and before the "
            "optimizer's step, or call backward(retain_graph=True)"
        ) from None


@contextmanager
def _nothing_retained(nodes: Sequence[Node]) -> Iterator[None]:
    """Without the hooks of `retain_grad`, which would add to ``.grad`` once more."""
    before = {node: node.hooks for node in nodes if node.hooks and "retain_grad" in node.hooks}
    for node, hooks in before.items():
        node.hooks = {key: hook for key, hook in hooks.items() if key != "retain_grad"}
    try:
        yield
    finally:
        for node, hooks in before.items():
            node.hooks = hooks


def saved_by_name(node: Node) -> dict[str, Any]:
    """What a node kept for its rules."""
    names = getattr(node.op, "saved_names", ())
    return dict(zip(names, node.saved, strict=True)) if len(names) == len(node.saved) else {}


def input_names(node: Node) -> list[str]:
    """The names of what a node's op was given, one for each parent."""
    names = getattr(node.op, "inputs", None) or []
    if len(names) == len(node.parents) and all(isinstance(name, str) for name in names):
        return list(names)
    return [f"input {i}" if len(node.parents) > 1 else "input" for i in range(len(node.parents))]


def _values(nodes: Sequence[Node]) -> dict[Node, Any]:
    """The results that are still known: of leaves, and what some rule needs."""
    values: dict[Node, Any] = {}
    for node in nodes:
        if isinstance(node, Leaf):
            if (tensor := node.tensor()) is not None:
                values[node] = tensor.array
            continue
        saved = saved_by_name(node)
        if is_array(saved.get("y")):
            values[node] = saved["y"]
        for name, parent in zip(input_names(node), node.parents, strict=True):
            if parent is not None and is_array(saved.get(name)):
                values.setdefault(parent, saved[name])
    return values


def _names(
    module: Module | None, names: Mapping[str, Tensor] | None, values: dict[Node, Any]
) -> tuple[dict[Node, str], dict[int, str]]:
    """Names by node, and for what has none by the id of its array; the values of what is named are known, too."""
    tensors = {**(dict(module.named_parameters()) if module is not None else {}), **(names or {})}
    named, arrays = {}, {}
    for name, tensor in tensors.items():
        node = tensor.current_node()
        if node is None:
            arrays[id(tensor.array)] = name
        else:
            named[node] = name
            values[node] = tensor.array
    return named, arrays


def is_array(value: Any) -> bool:
    return hasattr(value, "dtype") and hasattr(value, "shape")


def as_numbers(g: Any) -> np.ndarray | None:
    """A gradient between nodes as a NumPy array; None for one that is several."""
    if hasattr(g, "whole"):
        g = g.whole()
    if hasattr(g, "parts"):  # of the outputs of a Function
        parts = list(g.parts.values())
        g = parts[0] if len(parts) == 1 else None
    g = g.array if isinstance(g, Tensor) else g
    return None if g is None else np.array(to_numpy(g))


# ---------------------------------------------------------------------------------------------- boxes


class _Reader:
    """Makes the boxes, each after its sources."""

    def __init__(
        self,
        values: dict[Node, Any],
        gradients: dict[Node, Any],
        named: dict[Node, str],
        arrays: dict[int, str],
        shown: set[Node],
    ) -> None:
        self.values, self.gradients, self.named, self.arrays, self.shown = values, gradients, named, arrays, shown
        self.boxes: list[Box] = []
        self.place: dict[Any, int] = {}  # of a node, or the id of an array

    def add_op(self, node: Node) -> None:
        saved = saved_by_name(node)
        sources = []
        for name, parent in zip(input_names(node), node.parents, strict=True):
            if parent is not None:
                place = self._of_node(parent)
            elif is_array(saved.get(name)):
                place = self._of_array(name, saved[name])
            else:
                continue
            sources.append((place, name))
        title = node.op.name if node not in self.named else f"{self.named[node]} = {node.op.name}"
        self._add(node, self._box(OP, title, node, sources))

    def _of_node(self, node: Node) -> int:
        if node in self.place:
            return self.place[node]
        if isinstance(node, Leaf):
            return self._add(node, self._box(PARAMETER, self.named.get(node, "leaf"), node, []))
        return self.place[MORE] if MORE in self.place else self._add(MORE, Box(MORE, "earlier ops"))

    def _of_array(self, name: str, array: Any) -> int:
        """An input that needs no gradient; one box, however many ops it goes into."""
        if id(array) in self.place:
            return self.place[id(array)]
        value = np.array(to_numpy(array))
        return self._add(id(array), Box(INPUT, self.arrays.get(id(array), name), value.shape, value))

    def _box(self, kind: str, title: str, node: Node, sources: list[tuple[int, str]]) -> Box:
        value, gradient = self.values.get(node), as_numbers(self.gradients.get(node))
        known = value if value is not None else gradient  # a gradient has the shape of what it belongs to
        shape = None if known is None else tuple(known.shape)
        return Box(kind, title, shape, None if value is None else np.array(to_numpy(value)), gradient, node, sources)

    def _add(self, key: Any, box: Box) -> int:
        self.place[key] = len(self.boxes)
        self.boxes.append(box)
        return self.place[key]
