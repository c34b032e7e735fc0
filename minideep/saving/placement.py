"""On which device the tensors of a file come to lie."""

from __future__ import annotations

from typing import Any

from .. import backend
from ..backend import Array
from .source import LoadError


class Placement:
    """`load`'s `map_location`: None for where a tensor was saved, a device for all, or a dict from one to another."""

    def __init__(self, map_location: Any = None) -> None:
        if not isinstance(map_location, str | backend.device | dict | None):
            raise TypeError(
                f"load: map_location: expected None, a device such as 'cpu' or 'cuda:0', or a dict from device to "
                f"device, but got {type(map_location).__name__}"
            )
        self._wanted = map_location
        for wanted in (
            map_location.values()
            if isinstance(map_location, dict)
            else [backend.CPU if map_location is None else map_location]
        ):
            backend.module_for(backend.device(wanted))  # which says what is missing, if this machine lacks it

    def place(self, array: Array, saved_on: str = "cpu") -> Array:
        """The array on the device wanted of what was saved on `saved_on`."""
        wanted = self._wanted.get(saved_on) if isinstance(self._wanted, dict) else self._wanted
        try:
            return backend.to_device(array, backend.device(wanted or saved_on))
        except (RuntimeError, ValueError) as error:
            raise LoadError(
                f"map_location: a tensor was saved on '{saved_on}', which this machine lacks ({error}); to have "
                "it on the CPU, load(…, map_location='cpu')"
            ) from None
