"""Whether ops record the graph: context managers and decorators that change it, each thread for itself."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Generator
from typing import Any


class _Mode(threading.local):
    """What each thread has switched on."""

    grad = True


mode = _Mode()


def is_grad_enabled() -> bool:
    return mode.grad


class _GradMode:
    """A context manager and decorator that sets the mode inside, and restores it outside, in this thread only."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(mode.grad)
        mode.grad = self._enabled

    def __exit__(self, *_: object) -> None:
        mode.grad = self._before.pop()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return _run_in_mode(self._enabled, function)


def _run_in_mode(enabled: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isgeneratorfunction(function):
        return _generate_in_mode(enabled, function)

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with _GradMode(enabled):
            return function(*args, **kwargs)

    return wrapped


def _generate_in_mode(enabled: bool, function: Callable[..., Any]) -> Callable[..., Any]:
    """As above for a generator: the mode holds while it runs, not while it waits for its caller."""

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        running = function(*args, **kwargs)
        step, sent = running.send, None
        while True:
            try:
                with _GradMode(enabled):
                    produced = step(sent)
            except StopIteration as end:
                return end.value
            try:
                step, sent = running.send, (yield produced)
            except BaseException as error:
                step, sent = running.throw, error

    return wrapped


class no_grad(_GradMode):
    """Inside, ops record nothing: ``with no_grad(): …``, ``@no_grad()`` or ``@no_grad``."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _run_in_mode(False, function)

    def __init__(self) -> None:
        super().__init__(False)


class enable_grad(_GradMode):
    """Inside, ops record the graph again, also within `no_grad`."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _run_in_mode(True, function)

    def __init__(self) -> None:
        super().__init__(True)


class inference_mode(_GradMode):
    """As `no_grad`, which here keeps nothing that could be left out too; ``inference_mode(False)`` is `enable_grad`."""

    def __new__(cls, mode: bool | Callable[..., Any] = True) -> Any:
        return _run_in_mode(False, mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(not mode)


inference = inference_mode


class set_grad_enabled(_GradMode):
    """Sets the mode at once: alone it is a switch; as a context manager or decorator it restores what was before."""

    def __init__(self, enabled: bool) -> None:
        super().__init__(bool(enabled))
        self._outside = mode.grad
        mode.grad = self._enabled

    def __enter__(self) -> None:
        self._before.append(self._outside)
        mode.grad = self._enabled

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        mode.grad = self._outside
        return super().__call__(function)
