"""A function of `functional`, with its settings, as a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .module import Module


class FunctionModule(Module):
    """Calls one function; its settings are attributes of the module, and stand in its repr.

    A subclass names the function, and hands the settings, by the function's own names for them, to `__init__`.

    >>> from minideep import clamp
    >>> class Clamp(FunctionModule):
    ...     function = staticmethod(clamp)
    ...
    ...     def __init__(self, min: float, max: float) -> None:
    ...         super().__init__(min=min, max=max)
    >>> Clamp(-1.0, 1.0)
    Clamp(min=-1.0, max=1.0)
    """

    function: ClassVar[Callable[..., Any]]
    buffers_among_settings: ClassVar[tuple[str, ...]] = ()
    not_shown: ClassVar[tuple[str, ...]] = ()
    _settings: tuple[str, ...]

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self._settings = tuple(settings)
        for name, value in settings.items():
            if name in self.buffers_among_settings:
                self.register_buffer(name, value)
            else:
                setattr(self, name, value)

    def forward(self, *inputs: Any, **named_inputs: Any) -> Any:
        return self.function(*inputs, **named_inputs, **{name: getattr(self, name) for name in self._settings})

    def extra_repr(self) -> str:
        """All settings, but for those that PyTorch does not show either."""
        shown = [(name, getattr(self, name)) for name in self._settings if name not in self.not_shown]
        return ", ".join(f"{name}={value!r}" for name, value in shown if (name, value) != ("inplace", False))
