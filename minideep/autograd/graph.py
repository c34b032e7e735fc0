"""The graph of a computation, and the walk back through it.

A tensor that needs gradients has a `Node`. The node of an op's result knows the op, the nodes of its inputs
(`parents`) and what the op's rules asked to keep (`saved`); the node of a tensor the user made is a `Leaf`, where
gradients end up. Nodes carry a creation number, so going back is: collect what is reachable, go through it in
descending order. No recursion, one visit a node, whatever the depth.
"""

from __future__ import annotations

import functools
import itertools
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, ClassVar

import numpy as np

from ..backend import Array, as_array

next_number = itertools.count(1).__next__  # one clock for nodes and for changes in place
_by_number = attrgetter("number")
FREED: Any = ("freed",)


# ---------------------------------------------------------------------------------------------- modes


class _Mode(threading.local):
    """What each thread has switched on."""

    grad = True


mode = _Mode()


class set_grad_enabled:
    """Whether ops record the graph: a context manager, a decorator, and (called alone) a switch, as in PyTorch."""

    def __init__(self, enabled: bool) -> None:
        self._before, self._enabled = mode.grad, bool(enabled)
        mode.grad = self._enabled

    def __enter__(self) -> None:
        mode.grad = self._enabled

    def __exit__(self, *_: object) -> None:
        mode.grad = self._before


class _GradMode:
    """A context manager and decorator that sets the mode inside, and restores it outside, in this thread only."""

    enabled: ClassVar[bool]

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        instance = super().__new__(cls)
        instance._before = []
        return instance if function is None else instance(function)  # `@no_grad` without the brackets

    def __enter__(self) -> None:
        self._before.append(mode.grad)
        mode.grad = self.enabled

    def __exit__(self, *_: object) -> None:
        mode.grad = self._before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)():
                return function(*args, **kwargs)

        return wrapped

    _before: list[bool]


class no_grad(_GradMode):
    """Inside, ops record nothing: ``with no_grad(): …`` or ``@no_grad``."""

    enabled = False


class enable_grad(_GradMode):
    """Inside, ops record the graph again, also within `no_grad`."""

    enabled = True


inference = inference_mode = no_grad  # nothing is kept that could be skipped further


def is_grad_enabled() -> bool:
    return mode.grad


# ---------------------------------------------------------------------------------------------- nodes


class Version:
    """Shared by a tensor and all its views: when, how often, and by which line, their memory was changed in place."""

    latest = 0  # the newest change to any tensor: while no node is older, nothing needs to be compared
    changed, count, line = 0, 0, ""  # until the first change

    def bump(self) -> None:
        self.changed = Version.latest = next_number()
        self.count += 1
        self.line = user_line()


class Node:
    """One op that was carried out: what to do when a gradient of its result arrives."""

    __slots__ = ("__weakref__", "hooks", "number", "op", "parents", "saved", "versions")

    def __init__(self, op: Any, parents: tuple[Any, ...], saved: tuple[Any, ...], versions: tuple[Any, ...]) -> None:
        self.number = next_number()
        self.op = op
        self.parents = parents
        self.saved = saved
        self.versions = versions
        self.hooks: dict[int, Callable[[Any], Any]] | None = None
        if anomaly.enabled:
            anomaly.lines[self] = user_line()

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
        if self.saved is FREED:
            raise RuntimeError(
                f"{self.op.name}: trying to go backward through the graph a second time, but what its rules need was "
                "freed by the first; call backward or grad with retain_graph=True the first time"
            )
        if Version.latest > self.number:
            self._check_versions()
        if create_graph:
            return self.op.pull_tracked(self, g, parents)
        return self.op.pull(g, self.saved, parents)

    def _check_versions(self) -> None:
        kept = dict(zip(self.op.saved_names, self.saved, strict=True)) if self.versions else {}
        for name, version in zip(self.op.saved_arrays, self.versions, strict=False):
            versions = version if isinstance(version, list) else [version]  # one for each of a sequence of inputs
            changed = [v for v in versions if v is not None and v.changed > self.number]
            if changed and kept[name] is not None:
                version = changed[0]
                raise RuntimeError(
                    f"{self.op.name}: one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: its backward rule needs '{name}' as it was, but {version.line} changed it; "
                    "change a copy (clone()), or use the form of that operation that is not in place"
                )


class Leaf(Node):
    """Where gradients end up: the node of a tensor that the user made with ``requires_grad=True``."""

    __slots__ = ("after", "tensor")
    _op: ClassVar[Any] = type("AccumulateGrad", (), {"name": "accumulate_grad", "saved_arrays": ()})

    def __init__(self, tensor: Any) -> None:
        super().__init__(Leaf._op, (), (), ())
        self.tensor = weakref.ref(tensor)
        self.after: dict[int, Callable[[Any], Any]] | None = None

    def name(self) -> str:
        return "AccumulateGrad"

    def accumulate(self, g: Any, create_graph: bool, taken: set[int]) -> None:
        tensor = self.tensor()
        if tensor is None:
            return
        if create_graph:
            tensor.grad = g if tensor.grad is None else tensor.grad + g
        elif tensor.grad is None:
            tensor.grad = make_tensor(owned(g, taken))
        elif tensor.grad.node is None:
            tensor.grad.array += g
        else:
            tensor.grad = make_tensor(tensor.grad.array + g)
        for hook in tuple((self.after or {}).values()):
            hook(tensor)


def owned(g: Any, taken: set[int]) -> Any:
    """`g` itself if it is memory of its own that no one else was given, else a copy; `taken` remembers it."""
    array = getattr(g, "array", g)
    if id(array) in taken or getattr(array, "base", None) is not None:
        g = g.clone() if g is not array else g.copy()
        array = getattr(g, "array", g)
    taken.add(id(array))
    return as_array(g)


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
    with set_grad_enabled(create_graph):
        return _walk_back(roots, gradients, targets, retain_graph, create_graph)


def _walk_back(
    roots: Sequence[Node], gradients: Sequence[Any], targets: Sequence[Node] | None, retain_graph: bool, create_graph: bool
) -> dict[Node, Any]:
    order = reachable(roots)
    needed = None if targets is None else _leading_to(order, targets)
    pending: dict[Node, Any] = {}
    arrived: dict[Node, Any] = {}
    for node, g in zip(roots, gradients, strict=True):
        pending[node] = pending[node] + g if node in pending else g
    taken = {id(getattr(g, "array", g)) for g in gradients}  # arrays that somebody holds: not to be given away again
    wanted = set(targets or ())
    order.reverse()
    while order:
        node = order.pop()
        g = pending.pop(node, None)
        if g is None or (needed is not None and node not in needed):
            continue
        if g.__class__ is Pieces:
            g = g.whole()
        if node.hooks:
            g = _run_hooks(node, g, create_graph)
            taken.add(id(g))
        if node in wanted:
            arrived[node] = owned(g, taken)
        if node.__class__ is Leaf:
            if targets is None:
                node.accumulate(g, create_graph, taken)  # type: ignore[attr-defined]
            continue
        parents: Sequence[Any] = node.parents
        if needed is not None:
            parents = [parent if parent in needed else None for parent in parents]
            if not any(parents):
                continue
        results = node.pull(g, parents, create_graph)
        if anomaly.enabled:
            results = anomaly.check_gradients(node, g, results)
        for parent, gradient in zip(parents, results, strict=True):
            if parent is None or gradient is None:
                continue
            before = pending.get(parent)
            pending[parent] = gradient if before is None else before + gradient
        if not retain_graph and node.saved:
            node.saved = FREED
    return arrived


def reachable(roots: Iterable[Node]) -> list[Node]:
    """The roots and all they were computed from, newest first."""
    seen = set(roots)
    stack = list(seen)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return sorted(seen, key=_by_number, reverse=True)


def _leading_to(order: list[Node], targets: Sequence[Node]) -> set[Node]:
    """The nodes of `order` from which a target can be reached."""
    needed = set(targets)
    for node in reversed(order):
        if any(parent in needed for parent in node.parents):
            needed.add(node)
    return needed


def _run_hooks(node: Node, g: Any, create_graph: bool) -> Any:
    for hook in tuple((node.hooks or {}).values()):
        g = _hook_result(hook(g if create_graph else make_tensor(g)), g)
    return g


def _hook_result(result: Any, g: Any) -> Any:
    if result is None:
        return g
    if result.shape != g.shape:
        raise RuntimeError(f"hook: expected a gradient of shape {tuple(g.shape)}, but it returned {tuple(result.shape)}")
    return result.array if isinstance(g, type(result.array)) else result


class Pieces:
    """The gradient of a tensor that was only read in part: where each part belongs, put together when it is needed.

    Many slices of one tensor then cost one pass over it, not one each.
    """

    __slots__ = ("like", "parts", "shape")
    __array_ufunc__ = None  # `array + pieces` is ours to compute

    def __init__(self, shape: tuple[int, ...], parts: list[tuple[Any, Array]]) -> None:
        self.shape, self.parts = shape, parts

    def __add__(self, other: Any) -> Any:
        if other.__class__ is Pieces:
            return Pieces(self.shape, self.parts + other.parts)
        return self._into(np.array(other, copy=True) if other.__class__ is np.ndarray else other.copy())

    __radd__ = __add__

    def whole(self) -> Array:
        return self._into(np.zeros_like(self.parts[0][1], shape=self.shape))

    def _into(self, whole: Array) -> Array:
        for index, part in self.parts:
            whole[index] += part
        return as_array(whole)


# ---------------------------------------------------------------------------------------------- anomalies

_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_GENERATED = "<op "


def user_line() -> str:
    """The innermost line of the running program that is not in this package: ``file.py:12``."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_HOME, _GENERATED)):
            break
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


class _Anomaly:
    """Whether results are checked for NaN and Inf as they are made, forward and backward."""

    enabled = False
    lines: weakref.WeakKeyDictionary[Node, str] = weakref.WeakKeyDictionary()  # where each node was made

    def check_forward(self, name: str, result: Array, inputs: Iterable[Any]) -> None:
        bad = self.describe(result)
        if bad and not any(self.describe(x) for x in inputs):
            raise RuntimeError(f"{name}: the forward pass made {bad} in its result, at {user_line()}")

    def check_gradients(self, node: Node, g: Any, results: Iterable[Any]) -> list[Any]:
        listed = list(results)
        for position, gradient in enumerate(listed):
            bad = self.describe(gradient)
            if bad and not self.describe(g):
                raise RuntimeError(
                    f"{node.op.name}: the backward pass returned {bad} in the gradient of input {position}; "
                    f"the forward call is at {self.lines.get(node, 'an unknown line (made outside detect_anomaly)')}"
                )
        return listed

    @staticmethod
    def describe(value: Any) -> str:
        """'nan values', 'inf values' or ''."""
        if value.__class__ is Pieces:
            value = value.whole()
        array = np.float64(value) if isinstance(value, float) else getattr(value, "array", value)
        if not hasattr(array, "dtype") or array.dtype.kind != "f" or bool(np.isfinite(array).all()):
            return ""
        return "nan values" if bool(np.isnan(array).any()) else "inf values"


anomaly = _Anomaly()


class detect_anomaly:
    """Inside, the first op that makes a NaN or an Inf raises, naming itself and the line that called it.

    >>> import minideep
    >>> x = minideep.tensor([0.0], requires_grad=True)
    >>> with detect_anomaly():
    ...     minideep.log(x).sum().backward()
    Traceback (most recent call last):
        ...
    RuntimeError: log: the forward pass made inf values in its result, at ...
    """

    def __enter__(self) -> None:
        self._before = anomaly.enabled
        anomaly.enabled = True

    def __exit__(self, *_: object) -> None:
        anomaly.enabled = self._before


