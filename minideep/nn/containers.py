"""Modules that hold others, in a row or by name: like a list or a dict, but what is inside is found and saved."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import chain, count, groupby
from typing import Any, Self

from ..tensor import Tensor
from .members import Kind
from .module import Module


class Container(Module):
    """What all of them share. Entries are attributes, whose names are also those of the state dict."""

    def _names(self) -> list[str]:
        """The names of the entries, in order."""
        return list(self._modules)

    def _put(self, name: str, value: Any) -> None:
        """Make `value` the entry of that name, in its old place or as the last."""
        if name in self._member_kinds:
            setattr(self, name, value)
        else:
            self.add_module(name, value)

    def _take(self, name: str) -> None:
        delattr(self, name)

    def __len__(self) -> int:
        return len(self._names())

    def clear(self) -> None:
        for name in self._names():
            self._take(name)

    def _expect_iterable(self, method: str, what: str, values: Any) -> None:
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            owner = type(self).__name__
            raise TypeError(
                f"{owner}.{method}: should be called with an iterable{what}, but got {type(values).__name__}"
            )


# ---------------------------------------------------------------------------------------------- in a row


class Row(Container):
    """Entries are named '0', '1', …"""

    def _place(self, idx: Any) -> int:
        place = operator.index(idx)
        if not -len(self) <= place < len(self):
            raise IndexError(f"{type(self).__name__}: index {place} is out of range; there are {len(self)} entries")
        return place

    def _refill(self, values: list[Any]) -> None:
        self.clear()
        self.extend(values)

    def __iter__(self) -> Iterator[Any]:
        return iter([getattr(self, name) for name in self._names()])

    def __getitem__(self, idx: Any) -> Any:
        if isinstance(idx, slice):
            return type(self)(list(self)[idx])  # type: ignore[call-arg]
        return getattr(self, self._names()[self._place(idx)])

    def __setitem__(self, idx: int, value: Any) -> None:
        self._put(self._names()[self._place(idx)], value)

    def __delitem__(self, idx: int | slice) -> None:
        """What comes after moves up, and is numbered anew."""
        values = list(self)
        del values[idx if isinstance(idx, slice) else self._place(idx)]
        self._refill(values)

    def append(self, value: Any) -> Self:
        """Add an entry at the end; returns the container."""
        names = self._names()
        self._put(next(name for number in count(len(names)) if (name := str(number)) not in names), value)
        return self

    def insert(self, index: int, value: Any) -> Self:
        """Add an entry before the one at `index`; what comes after moves down, and is numbered anew."""
        length = len(self)
        if not -length <= index <= length:
            raise IndexError(f"{type(self).__name__}.insert: Index out of range: {index}, of {length} entries")
        values = list(self.append(value))  # which refuses what will not do, before anything is moved
        values.insert(index % length if index < 0 else index, values.pop())
        self._refill(values)
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """Add several entries at the end; returns the container."""
        self._expect_iterable("extend", "", values)
        for value in list(values):
            self.append(value)
        return self

    def pop(self, key: Any) -> Any:
        """Take an entry, or a slice of them, out, and return it."""
        value = self[key]
        del self[key]
        return value

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)


class Sequential(Row):
    """Modules of which each is given what the one before it returned; their names may be given in an OrderedDict.

    >>> double = Sequential(OrderedDict(once=Sequential(), twice=Sequential()))
    >>> double(Tensor([1.0]))
    tensor([1.])
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], OrderedDict) else enumerate(args)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        attributes, child = self.__dict__, Kind.CHILD
        for name, kind in self._member_kinds.items():
            if kind is child:
                input = attributes[name](input)
        return input

    def __getitem__(self, idx: Any) -> Any:
        """One module; or those in a slice, under the names that they have here."""
        if isinstance(idx, slice):
            return type(self)(OrderedDict(list(self._modules.items())[idx]))
        return super().__getitem__(idx)

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(
                f"Sequential: the add operator supports only objects of Sequential class, but {type(other)} is given"
            )
        return Sequential(*self, *other)


class ModuleList(Row):
    """A list of modules; how they are called is up to you.

    >>> ModuleList([Sequential()]).append(Sequential())
    ModuleList(
      (0-1): 2 x Sequential()
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(chain(self, other))

    def _children_repr(self) -> list[str]:
        """Neighbours that look the same are written once."""
        lines = []
        for text, group in groupby(self._modules.items(), key=lambda item: repr(item[1])):
            first, *others = [name for name, _ in group]
            lines.append(f"({first}-{others[-1]}): {len(others) + 1} x {text}" if others else f"({first}): {text}")
        return lines


# ---------------------------------------------------------------------------------------------- by name


class Dictionary(Container):
    """Entries have names of the user's choice."""

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __contains__(self, key: object) -> bool:
        return key in self._names()

    def __getitem__(self, key: str) -> Any:
        if key not in self:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._put(key, value)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._take(key)

    def _dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._names()}

    def keys(self) -> KeysView[str]:
        return self._dict().keys()

    def values(self) -> ValuesView[Any]:
        return self._dict().values()

    def items(self) -> ItemsView[str, Any]:
        return self._dict().items()

    def get(self, key: str, default: Any = None) -> Any:
        return getattr(self, key) if key in self else default

    def pop(self, key: str) -> Any:
        """Take an entry out, and return it."""
        value = self[key]
        del self[key]
        return value

    def update(self, entries: Any) -> None:
        """Set the entries of a mapping, or of an iterable of (key, value) pairs."""
        self._expect_iterable("update", " of key/value pairs", entries)
        for key, value in self._pairs(entries):
            self[key] = value

    def _pairs(self, entries: Any) -> Iterable[Any]:
        if isinstance(entries, Mapping | Dictionary):
            return entries.items()
        pairs = list(entries)
        for number, pair in enumerate(pairs):
            name = f"{type(self).__name__}.update: sequence element #{number}"
            if not isinstance(pair, Iterable):
                raise TypeError(f"{name} should be Iterable; is {type(pair).__name__}")
            if len(tuple(pair)) != 2:
                raise ValueError(f"{name} has length {len(tuple(pair))}; 2 is required")
        return pairs


class ModuleDict(Dictionary):
    """A dict of modules.

    >>> choices = ModuleDict({"nothing": Sequential()})
    >>> "nothing" in choices, choices["nothing"](5)
    (True, 5)
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)
