"""Views and changes in place, as the graph sees them.

A view shares its base's memory, so a change to one is a change to the other, and the graph has to say so. A view
remembers what it was made of. When it is changed, its base becomes "the base as it was, with this part replaced";
when the base is changed, the view's node is made anew the next time it is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..backend import as_array
from . import graph
from .graph import Node, Step
from .modes import mode

if TYPE_CHECKING:
    from .op import Op


class View:
    """How a tensor came to share the memory of another: `op` with `settings`, applied to `base`."""

    __slots__ = ("base", "base_node", "op", "seen", "settings")

    def __init__(self, base: Any, op: Op, settings: dict[str, Any]) -> None:
        self.base, self.op, self.settings = base, op, settings
        self.base_node = base.node
        self.seen = base.version.changed  # the change up to which the view's node is known to be right

    @classmethod
    def of(cls, base: Any, op: Op, settings: dict[str, Any], result: Any) -> View | None:
        """The record for `result`, which then shares its base's version; None if the memory is not shared."""
        if not isinstance(base, graph.Tensor):
            return None
        array, source = result.array, base.array
        if array is not source and array.base is not source and (array.base is None or array.base is not source.base):
            return None
        result.version = base.version
        return cls(base, op, settings)

    def node_of(self, view: Any) -> Node | None:
        """The view's node, made anew if the base was given another one since the view was taken."""
        if self.seen != view.version.changed and mode.grad:
            outdated = [view]
            while (base := outdated[-1].view_of.base).view_of is not None:
                outdated.append(base)
            for tensor in reversed(outdated):
                tensor.view_of.renew(tensor)
        node: Node | None = view.node
        return node

    def renew(self, view: Any) -> None:
        """Make the view's node anew if its base, which is up to date, has another node than when it was made."""
        self.seen = view.version.changed
        if self.base.node is not self.base_node:
            self.base_node = self.base.node
            view.node = self.op.function(self.base, **self.settings).node

    def replaced_by(self, view: Any) -> None:
        """Tell the base, and its base, that the part of it that `view` shows is now what `view.node` computes."""
        base = self.base
        base.node = Node(_write_back, (base.current_node(), view.node), (self.op, self.settings), ())
        self.base_node = base.node
        if base.view_of is not None:
            base.view_of.replaced_by(base)


class _WriteBack(Step):
    """What changing a view does to its base: one part of it is replaced."""

    name = "write_back"

    def pull(self, g: Any, saved: Any, parents: Sequence[Any]) -> tuple[Any, Any]:
        op, settings = saved
        of_base = as_array(g.copy())  # in C order, of which every view op makes a view
        op.body(of_base, **settings)[...] = 0
        return of_base, op.body(g, **settings)

    def pull_tracked(self, node: Node, g: Any, parents: Sequence[Any]) -> tuple[Any, Any]:
        op, settings = node.saved
        of_base = g.clone()
        op.function(of_base, **settings).zero_()
        return of_base, op.function(g, **settings)


class _Overwritten(Step):
    """A value that depends on nothing took the place of one that did, which still counts as needing gradients."""

    name = "overwritten"

    def pull(self, g: Any, saved: Any, parents: Sequence[Any]) -> tuple[Any]:
        return (np.zeros_like(g),)


_write_back, _overwritten = _WriteBack(), _Overwritten()


def check_inplace(tensor: Any, name: str) -> None:
    """Refuse what PyTorch refuses: changing a leaf that needs gradients, or a view of one, while recording."""
    if not getattr(tensor.array.flags, "writeable", True):
        raise RuntimeError(
            f"{name}: this tensor cannot be written to: several of its entries share one place in memory (after "
            "expand), or the memory is read-only; work on a copy (clone())"
        )
    if not mode.grad:
        return
    root = tensor
    while root.view_of is not None:
        root = root.view_of.base
    if root.node.__class__ is graph.Leaf:
        what = "a leaf Variable" if root is tensor else "a view of a leaf Variable"
        raise RuntimeError(
            f"{name}: {what} that requires grad is being used in an in-place operation; wrap it in "
            "'with minideep.no_grad():' to change its values, or work on a copy (clone())"
        )


def keep_original(tensor: Any, node: Node | None) -> None:
    """Let a node that saved the tensor keep a copy instead, as the tensor's memory is about to be overwritten."""
    if node is not None and any(saved is tensor.array for saved in node.saved):
        original = tensor.array.copy()
        node.saved = tuple(original if saved is tensor.array else saved for saved in node.saved)
        node.versions = tuple(None if version is tensor.version else version for version in node.versions)


def changed_in_place(tensor: Any, node: Node | None) -> Any:
    """Record that a tensor's memory now holds what `node` computed; returns the tensor."""
    tensor.version.bump()
    if mode.grad and ((before := tensor.current_node()) is not None or node is not None):
        tensor.node = Node(_overwritten, (before,), (), ()) if node is None else node
        if before is not None and "retain_grad" in (before.hooks or ()):
            tensor.node.hooks = {"retain_grad": before.hooks.pop("retain_grad")}
        if tensor.view_of is not None:
            tensor.view_of.replaced_by(tensor)
    return tensor
