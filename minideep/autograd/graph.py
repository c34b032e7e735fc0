"""The graph of a computation, and the walk back through it.

A tensor that needs gradients has a `Node`. The node of an op's result knows the op, the nodes of its inputs
(`parents`) and what the op's rules asked to keep (`saved`); the node of a tensor the user made is a `Leaf`, where
gradients end up. Nodes carry a creation number, so going back is: collect what is reachable, go through it in
descending order. No recursion, one visit a node, whatever the depth.
"""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

from ..backend import Array, as_array
from .anomaly import anomaly, as_line, user_place
from .modes import mode

next_number = itertools.count(1).__next__  # one clock for nodes and for changes in place
_by_number = attrgetter("number")
_accumulating = threading.Lock()  # several threads may go back to the same leaf
FREED: Any = ("freed",)


class _Changes:
    """The newest change in place to any tensor: while no node is older, nothing needs to be compared."""

    def __init__(self) -> None:
        self.latest = 0  # of an instance: to assign to a class empties Python's caches


changes = _Changes()


class Version:
    """Shared by a tensor and all its views: when, how often, and by which line, their memory was changed in place."""

    changed, count, place = 0, 0, ("", 0)  # until the first change

    def bump(self) -> None:
        self.changed = changes.latest = next_number()
        self.count += 1
        self.place = user_place()

    @staticmethod
    def bump_all(versions: Iterable[Version]) -> None:
        """`bump` for many, by one and the same line."""
        number, place = next_number(), user_place()
        changes.latest = number
        for version in versions:
            version.changed, version.place = number, place
            version.count += 1


class Step:
    """What a node asks of the op that it records: going back, on raw arrays and on Tensors."""

    name: str
    saved_names: Sequence[str] = ()  # what was saved, in order, and which of it are arrays that a change would spoil
    saved_arrays: Sequence[str] = ()

    def pull(self, g: Any, saved: Any, parents: Sequence[Any]) -> Iterable[Any]:
        """The gradients of the inputs whose parent is not None, from `g`, that of the result."""
        raise NotImplementedError

    def pull_tracked(self, node: Node, g: Any, parents: Sequence[Any]) -> Iterable[Any]:
        """`pull` on Tensors that belong to the graph, so that its results do."""
        return self.pull(g, node.saved, parents)


class Node:
    """One op that was carried out: what to do when a gradient of its result arrives."""

    __slots__ = ("__weakref__", "hooks", "number", "op", "parents", "saved", "versions")

    def __init__(self, op: Any, parents: tuple[Any, ...], saved: tuple[Any, ...], versions: tuple[Any, ...]) -> None:
        self.number = next_number()
        self.op = op
        self.parents = parents
        self.saved = saved
        self.versions = versions
        self.hooks: dict[Any, Callable[[Any], Any]] | None = None
        if anomaly.enabled:
            anomaly.lines[self] = as_line(user_place())

    def name(self) -> str:
        """PyTorch's way to call it: ``MulBackward0``."""
        return "".join(part.capitalize() for part in self.op.name.split("_")) + "Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        return tuple((parent, 0) for parent in self.parents)

    def __repr__(self) -> str:
        return f"<{self.name()}>"

    def pull(self, g: Any, parents: Sequence[Any], create_graph: bool) -> Iterable[Any]:
        """The gradients of the inputs, from `g`, that of the result."""
        if self.saved is FREED or changes.latest > self.number:
            self._check_saved()
        if create_graph:
            return self.op.pull_tracked(self, g, parents)
        return self.op.pull(g, self.saved, parents)

    def _check_saved(self) -> None:
        """Refuse to go back through this node if what was saved was freed, or changed in place, since."""
        if self.saved is FREED:
            raise RuntimeError(
                f"{self.op.name}: trying to go backward through the graph a second time, but what its rules need was "
                "freed by the first; call backward or grad with retain_graph=True the first time"
            )
        kept = dict(zip(self.op.saved_names, self.saved, strict=True)) if self.versions else {}
        for name, version in zip(self.op.saved_arrays, self.versions, strict=False):
            versions = version if isinstance(version, list) else [version]  # one for each of a sequence of inputs
            changed = [v for v in versions if v is not None and v.changed > self.number]
            if changed and kept[name] is not None:
                line = as_line(changed[0].place)
                raise RuntimeError(
                    f"{self.op.name}: one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: its backward rule needs '{name}' as it was, but {line} changed it; change a "
                    "copy (clone()), or use the form of that operation that is not in place"
                )


class Leaf(Node):
    """Where gradients end up: the node of a tensor that the user made with ``requires_grad=True``."""

    __slots__ = ("after", "tensor")
    _op: ClassVar[Any] = type("AccumulateGrad", (Step,), {"name": "accumulate_grad"})()

    def __init__(self, tensor: Any) -> None:
        super().__init__(Leaf._op, (), (), ())
        self.tensor = weakref.ref(tensor)
        self.after: dict[Any, Callable[[Any], Any]] | None = None

    def name(self) -> str:
        return "AccumulateGrad"


# Floor 2 puts the Tensor class here: autograd makes tensors, but knows nothing else of them.
Tensor: Any = None


def make_tensor(array: Array, node: Node | None = None) -> Any:
    """A Tensor around an array, without looking at it."""
    tensor = object.__new__(Tensor)
    tensor.array = array
    tensor.node = node
    tensor.grad = None
    tensor.view_of = None
    tensor.version = Version()
    return tensor


# ---------------------------------------------------------------------------------------------- going back


def walk_back(
    roots: Sequence[Node],
    gradients: Sequence[Any],
    targets: Sequence[Node] | None = None,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Node, Any]:
    """Carry `gradients` of the `roots` back to the leaves; or, given `targets`, return those that arrive there.

    Between nodes, gradients are raw arrays, or Tensors under `create_graph`. All state is in local variables: an
    exception leaves nothing behind.
    """
    before, mode.grad = mode.grad, create_graph
    try:
        return _walk_back(roots, gradients, targets, retain_graph, create_graph)
    finally:
        mode.grad = before


def _walk_back(
    roots: Sequence[Node],
    gradients: Sequence[Any],
    targets: Sequence[Node] | None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Node, Any]:
    order = reachable(roots)
    needed = None if targets is None else _leading_to(order, targets)
    pending: dict[Node, Any] = {}
    arrived: dict[Node, Any] = {}
    for node, g in zip(roots, gradients, strict=True):
        pending[node] = pending[node] + g if node in pending else g
    taken = {id(_memory(g)) for g in gradients}  # arrays that somebody holds: not to be given away again
    wanted = set(targets or ())
    while order:
        node = order.pop()
        g = pending.pop(node, None)
        if g is None or (needed is not None and node not in needed):
            continue
        if g.__class__ is Pieces:
            g = g.whole()
        if node.hooks:
            g = _run_hooks(node.hooks, g)
            taken.add(id(_memory(g)))
        if wanted and node in wanted:
            arrived[node] = owned(g, taken)
        if node.__class__ is Leaf:
            if targets is None and (tensor := node.tensor()) is not None:
                accumulate(tensor, g, taken)
            continue
        parents: Sequence[Any] = node.parents
        if needed is not None:
            parents = [parent if parent in needed else None for parent in parents]
            if not any(parents):
                continue
        results = node.pull(g, parents, create_graph)
        if anomaly.enabled:
            results = anomaly.check_gradients(node, g, results)
        for parent, gradient in zip(parents, results):  # noqa: B905  strict= costs 0.2 µs a node
            if parent is not None and gradient is not None:
                pending[parent] = _sum(pending[parent], gradient) if parent in pending else gradient
        if not retain_graph and node.versions:
            node.saved = FREED
    return arrived


def _sum(g: Any, more: Any) -> Any:
    return more + g if more.__class__ is Pieces else g + more  # a Tensor would not know what Pieces are


def reachable(roots: Iterable[Node]) -> list[Node]:
    """The roots and all they were computed from, oldest first."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_by_number)


def _leading_to(order: list[Node], targets: Sequence[Node]) -> set[Node]:
    """The nodes of `order` from which a target can be reached."""
    needed = set(targets)
    for node in order:
        if any(parent in needed for parent in node.parents):
            needed.add(node)
    return needed


def _run_hooks(hooks: dict[Any, Callable[[Any], Any]], g: Any) -> Any:
    """What a node's hooks make of its gradient; the one of `retain_grad` comes last, to see what the others did."""
    for key in sorted(hooks, key=lambda key: key == "retain_grad"):
        given = g if isinstance(g, Tensor) else make_tensor(as_array(g))
        result = hooks[key](given)
        if result is None:
            continue
        if not isinstance(result, Tensor):
            raise TypeError(f"hook: expected a Tensor or None, but it returned {type(result).__name__}")
        if (result.shape, result.dtype) != (given.shape, given.dtype):
            raise RuntimeError(
                f"hook: expected a gradient like the one it was given, {given.dtype} {given.shape}, but it returned "
                f"{result.dtype} {result.shape}"
            )
        g = result if given is g else result.array
    return g


def accumulate(tensor: Any, g: Any, taken: set[int]) -> None:
    """Add `g` to ``tensor.grad``: into the same memory, except where the graph has to see it; then call its hooks."""
    after = getattr(tensor.node, "after", None)
    with _accumulating:
        if tensor.grad is None:
            # A hook may change the gradient in place while other nodes still wait for the same array.
            g = owned(g, taken) if not after else g.clone() if isinstance(g, Tensor) else as_array(g.copy())
            tensor.grad = g if isinstance(g, Tensor) else make_tensor(g)
        elif isinstance(g, Tensor):
            tensor.grad = tensor.grad + g
        else:
            tensor.grad.array += g
            tensor.grad.version.bump()
    for hook in tuple(after.values()) if after else ():
        hook(tensor)


def owned(g: Any, taken: set[int]) -> Any:
    """`g` itself if it is memory of its own that no one else was given, else a copy; `taken` remembers it."""
    array = _memory(g)
    if id(array) in taken or getattr(array, "base", None) is not None:
        g = g.clone() if isinstance(g, Tensor) else g.copy()
        array = _memory(g)
    taken.add(id(array))
    return as_array(g)


def _memory(g: Any) -> Array:
    return g.array if isinstance(g, Tensor) else g


class Pieces:
    """The gradient of a tensor that was only read in part: where each part belongs, put together when it is needed.

    Many slices of one tensor then cost one pass over it, not one each. Indices are basic ones: nothing in them repeats.
    """

    __slots__ = ("join", "parts", "shape")
    __array_ufunc__ = None  # `array + pieces` is ours to compute

    def __init__(self, shape: tuple[int, ...], parts: list[tuple[Any, Any]], join: Callable[..., Any]) -> None:
        self.shape, self.parts, self.join = shape, parts, join

    def __add__(self, other: Any) -> Pieces:
        self.parts += other.parts if other.__class__ is Pieces else [(..., other)]  # one walk alone knows of them
        return self

    __radd__ = __add__

    def whole(self) -> Any:
        indices, parts = zip(*self.parts, strict=True)
        return self.join(parts, indices, self.shape)
