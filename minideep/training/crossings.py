"""Following a pass through a model: which of its modules is entered and left when, on the way there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from ..nn import Module

Visit = tuple[str, Any]  # a module, or what else computes, and its name


class Path:
    """Which modules are under way: `entered`, the innermost last. `observe` is called before each change of it.

    Going back, a module is under way from when the gradients of its results are known until those of its inputs are;
    one whose inputs need none, to the end.
    """

    def __init__(self, observe: Callable[[], None] = lambda: None) -> None:
        self.entered: list[Visit] = []
        self.results: dict[str, Any] = {}  # what each module returned at its latest call
        self._observe = observe

    @contextmanager
    def through(self, model: Module) -> Iterator[None]:
        """Inside, passes through this model are followed."""
        handles = []
        for name, module in model.named_modules():
            visit = name or "the model", module
            handles += [
                module.register_forward_pre_hook(partial(self._enter, visit)),
                module.register_forward_hook(partial(self._leave, visit)),
                module.register_full_backward_pre_hook(partial(self._enter, visit)),
                module.register_full_backward_hook(partial(self._leave_back, visit)),
            ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, visit: Visit, *_: Any) -> None:
        self._observe()
        self.entered.append(visit)

    def _leave(self, visit: Visit, module: Module, inputs: Any, result: Any) -> None:
        self.results[visit[0]] = result
        self._drop(visit)

    def _leave_back(self, visit: Visit, module: Module, grad_input: tuple[Any, ...], grad_output: Any) -> None:
        if any(gradient is not None for gradient in grad_input):
            self._drop(visit)

    def _drop(self, visit: Visit) -> None:
        self._observe()
        self.entered.remove(visit)
