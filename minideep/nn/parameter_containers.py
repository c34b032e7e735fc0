"""Modules that hold parameters, in a row or by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn, Self

from ..tensor import Tensor
from .containers import Container, Dictionary, Row
from .parameter import Parameter


class _Parameters(Container):
    """Entries are parameters: tensors become ones, and anything else is kept as it is."""

    _entries: dict[str, None]  # their names, as not all are members

    def _names(self) -> list[str]:
        return list(self._entries)

    def _put(self, name: str, value: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{type(self).__name__}: expected a string as key, but got {name!r}")
        plain = isinstance(value, Tensor) and not isinstance(value, Parameter)
        setattr(self, name, Parameter(value) if plain else value)
        self._entries[name] = None

    def _take(self, name: str) -> None:
        super()._take(name)
        del self._entries[name]

    def extra_repr(self) -> str:
        return "\n".join(f"  ({name}): {_summary(getattr(self, name))}" for name in self._names())

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(f"{type(self).__name__}: should not be called; its entries are for the forward of a module")


def _summary(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    where = "" if value.device.type == "cpu" else f" ({value.device})"
    sides = "x".join(map(str, value.shape))
    return f"Parameter containing: [minideep.{value.dtype} of size {sides}{where}]"


class ParameterList(_Parameters, Row):
    """A list of parameters.

    >>> ParameterList([Tensor([1.0, 2.0]), Tensor([[3.0]])])
    ParameterList(
        (0): Parameter containing: [minideep.float32 of size 2]
        (1): Parameter containing: [minideep.float32 of size 1x1]
    )
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._entries = {}
        if values is not None:
            self.extend(values)


class ParameterDict(_Parameters, Dictionary):
    """A dict of parameters; from a plain dict they are taken in the order of their names, as PyTorch does."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._entries = {}
        if parameters is not None:
            self.update(parameters)

    def _pairs(self, entries: Any) -> Iterable[Any]:
        ordered = not isinstance(entries, Mapping) or isinstance(entries, OrderedDict)
        return super()._pairs(entries) if ordered else sorted(entries.items())

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._names())

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The entry of that name; `default` becomes it if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Take the last entry out, and return its name and value."""
        name = self._names()[-1]
        return name, self.pop(name)

    def copy(self) -> ParameterDict:
        """Another dict of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dict in which all of `keys` have the same value."""
        return ParameterDict((key, default) for key in keys)

    def __or__(self, other: ParameterDict) -> ParameterDict:
        merged = self.copy()
        merged.update(other)
        return merged

    def __ior__(self, other: ParameterDict) -> Self:
        self.update(other)
        return self
