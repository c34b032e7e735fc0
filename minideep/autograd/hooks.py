"""Hooks: how they are taken away again, and the one that keeps the gradient of a computed tensor."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any


def keep_gradient(tensor: weakref.ref[Any], g: Any) -> None:
    if (kept := tensor()) is not None:
        kept.grad = g.clone() if kept.grad is None else kept.grad + g


class RemovableHandle:
    """What registering a hook returns: `remove` takes the hook away again, also at the end of a ``with`` block."""

    _next = 0

    def __init__(self, hooks: dict[int, Any], hook: Callable[..., Any]) -> None:
        self._hooks, self.id = hooks, RemovableHandle._next
        RemovableHandle._next += 1
        hooks[self.id] = hook

    def remove(self) -> None:
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
