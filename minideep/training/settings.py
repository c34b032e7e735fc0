"""`Settings`: options with names, types and defaults, which refuse what they do not know or cannot be."""

from __future__ import annotations

import os
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from weakref import WeakKeyDictionary

__all__ = ["ConfigError", "Settings"]


class ConfigError(ValueError):
    """A setting that is unknown, of another type than expected, or too small."""


class _Mismatch(Exception):
    """A value is not of the kind that was expected."""


class _Written(str):
    """A value from the command line, which may be a text, or a number, or whatever else YAML knows."""


class Settings:
    """Options as annotated attributes with defaults; one whose type is a subclass of Settings is a section.

    They come from a YAML file, a dict, or keyword arguments, the latter going before what is in the file or dict.

    >>> class Net(Settings):
    ...     width: int = 64
    ...     dropout: float = 0.0
    >>> Net({"dropout": 0.5}, width=32)
    Net(width=32, dropout=0.5)
    >>> Net(widht=32)
    Traceback (most recent call last):
        ...
    minideep.training.settings.ConfigError: Net: widht is unknown; did you mean width (int)?
    """

    lowest: ClassVar[Mapping[str, float]] = {}  # by name, the smallest number that makes sense

    def __init__(self, source: str | os.PathLike[str] | Mapping[str, Any] | None = None, /, **values: Any) -> None:
        self._take_defaults()
        if isinstance(source, str | os.PathLike):
            try:
                self.update(_read(Path(source)))
            except ConfigError as error:
                raise ConfigError(f"{error}, in {os.fspath(source)}") from None
        elif source is not None:
            self.update(source)
        self.update(values)
        self._miss_none((), self)

    def _take_defaults(self) -> None:
        for name, kind in _kinds(type(self)).items():
            if hasattr(type(self), name):
                vars(self)[name] = deepcopy(getattr(type(self), name))
            elif _is_section(kind):
                section = vars(self)[name] = kind.__new__(kind)
                section._take_defaults()

    def _miss_none(self, where: tuple[str, ...], root: Settings) -> None:
        for name, kind in _kinds(type(self)).items():
            path = (*where, name)
            if name not in vars(self):
                place = f"{type(root).__name__}: {'.'.join(path)}"
                raise ConfigError(f"{place} ({_text(kind)}) is missing, and has no default")
            if _is_section(kind):
                getattr(self, name)._miss_none(path, root)

    # ------------------------------------------------------------------------------------------ changing

    def update(self, values: Mapping[str, Any]) -> Self:
        """Take other values, in sections and dicts only for the names that are given; returns the settings."""
        self._take(values, (), self)
        return self

    def override(self, arguments: Iterable[str]) -> Self:
        """Take other values as written on a command line: ``config.override(sys.argv[1:])``; returns the settings.

        Such as ``["training.epochs=5", "training.learning_rate=1e-3"]``; a value is whatever YAML makes of it.
        """
        for argument in arguments:
            path, sign, text = argument.partition("=")
            if not sign:
                raise ConfigError(f"{type(self).__name__}: expected section.name=value, but got {argument!r}")
            values: Any = _Written(text)
            for name in reversed(path.split(".")):
                values = {name: values}
            self.update(values)
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        kind: Any = _kinds(type(self)).get(name)
        if _is_section(kind) and isinstance(value, Mapping):
            value = kind(value)
        self._set(name, value, (name,), self)

    def _take(self, values: Any, where: tuple[str, ...], root: Settings) -> None:
        """`where` and `root` say in messages where these settings are."""
        if not isinstance(values, Mapping):
            place = ".".join(where) or "all of it"
            raise ConfigError(f"{type(root).__name__}: {place} expects values by their names, but got {values!r}")
        for name, value in values.items():
            path, known = (*where, str(name)), vars(self).get(name)
            if isinstance(known, Settings) and not isinstance(value, Settings):
                known._take({} if value is None else value, path, root)
            elif isinstance(known, dict) and isinstance(value, Mapping):
                self._set(name, {**known, **value}, path, root)
            else:
                self._set(name, value, path, root)

    def _set(self, name: str, value: Any, path: tuple[str, ...], root: Settings) -> None:
        where = f"{type(root).__name__}: {'.'.join(path)}"
        kinds = _kinds(type(self))
        if name not in kinds:
            nearest, kind = _nearest(root, path)
            raise ConfigError(f"{where} is unknown; did you mean {nearest} ({_text(kind)})?")
        try:
            value = _as_kind(value, kinds[name])
        except _Mismatch:
            got = repr(value) if isinstance(value, _Written) else f"{value!r} ({type(value).__name__})"
            raise ConfigError(f"{where} expects {_text(kinds[name])}, but got {got}") from None
        if name in self.lowest and value is not None and not value >= self.lowest[name]:
            raise ConfigError(f"{where} expects at least {self.lowest[name]}, but got {value}")
        vars(self)[name] = value

    # ------------------------------------------------------------------------------------------ reading

    def to_dict(self) -> dict[str, Any]:
        """All values by name, sections as dicts."""
        values = {name: getattr(self, name) for name in _kinds(type(self))}
        return {name: v.to_dict() if isinstance(v, Settings) else deepcopy(v) for name, v in values.items()}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all values to a YAML file, from which equal settings can be made."""
        Path(path).write_text(_yaml().safe_dump(self.to_dict(), sort_keys=False, allow_unicode=True), encoding="utf-8")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.to_dict() == other.to_dict()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in _kinds(type(self)))})"


# ---------------------------------------------------------------------------------------------- kinds of values


_known: WeakKeyDictionary[type, dict[str, Any]] = WeakKeyDictionary()  # to find out takes a millisecond


def _kinds(cls: type[Settings]) -> dict[str, Any]:
    """The types of settings by name."""
    if cls not in _known:
        hints = typing.get_type_hints(cls)
        _known[cls] = {name: kind for name, kind in hints.items() if typing.get_origin(kind) is not ClassVar}
    return _known[cls]


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)


def _as_kind(value: Any, kind: Any) -> Any:
    """The value as one of this type: whole numbers count as floats, tuples as lists, and the other way round."""
    if isinstance(value, _Written):
        try:
            return _as_kind(_parsed(value), kind)
        except _Mismatch:
            return _as_kind(str(value), kind)
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _as_one_of(value, arguments)
    if kind is Any or origin is Literal and any(value == a and type(value) is type(a) for a in arguments):
        return value
    if kind is float and type(value) in (int, float):
        return float(value)
    if origin in (list, tuple) and isinstance(value, list | tuple):
        return origin(_as_kind(member, arguments[0] if arguments else Any) for member in value)
    if origin is dict and isinstance(value, Mapping):
        inside = arguments or (Any, Any)
        return {_as_kind(key, inside[0]): _as_kind(member, inside[1]) for key, member in value.items()}
    if isinstance(origin, type) and isinstance(value, origin) and not (isinstance(value, bool) and origin is int):
        return value
    raise _Mismatch


def _as_one_of(value: Any, kinds: Iterable[Any]) -> Any:
    for kind in kinds:
        try:
            return _as_kind(value, kind)
        except _Mismatch:
            continue
    raise _Mismatch


def _text(kind: Any) -> str:
    """A type as it is written: 'int', 'float | None'."""
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "")


def _nearest(root: Settings, path: tuple[str, ...]) -> tuple[str, Any]:
    """Of all settings under `root`, the one that was probably meant: by its own name, and by where it stands."""

    def likeness(known: tuple[str, Any]) -> float:
        pairs = [(".".join(path), known[0]), (path[-1], known[0].split(".")[-1])]
        return sum(SequenceMatcher(None, *pair).ratio() for pair in pairs)

    return max(_leaves(type(root)), key=likeness, default=("none of its settings, as there are none", Any))


def _leaves(cls: type[Settings], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, kind in _kinds(cls).items():
        if _is_section(kind):
            yield from _leaves(kind, f"{prefix}{name}.")
        yield f"{prefix}{name}", kind


# ---------------------------------------------------------------------------------------------- YAML


def _yaml() -> Any:
    try:
        import yaml  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise ImportError("Settings: YAML needs PyYAML: pip install 'minideep[lessons]', or PyYAML alone") from None
    return yaml


@cache
def _loader() -> Any:
    """YAML's safe loader, to which 1e-4 is a number, as in YAML 1.2; PyYAML knows 1.0e-4 alone."""
    yaml = _yaml()
    loader: Any = type("Loader", (yaml.SafeLoader,), {})
    number = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d+$")
    loader.add_implicit_resolver("tag:yaml.org,2002:float", number, list("-+.0123456789"))
    return loader


def _parsed(text: str) -> Any:
    yaml = _yaml()
    try:
        return yaml.load(text, _loader())
    except yaml.YAMLError as error:
        raise ConfigError(f"Settings: this is not YAML: {error}") from None


def _read(path: Path) -> Any:
    """What a file says; one that is empty says nothing."""
    values = _parsed(path.read_text(encoding="utf-8"))
    return {} if values is None else values
