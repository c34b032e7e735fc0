"""An object taken apart into arrays by name and JSON for the rest, and put together again.

JSON's own values stand for themselves, lists included; anything else is an object with one name that says what it is:

    {"dict": [["epoch", 3], ["model", {"OrderedDict": [["weight", {"tensor": ["model.weight", "cpu"]}]]}]]}
"""

from __future__ import annotations

import base64
import json
import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .. import backend
from ..autograd.graph import make_tensor
from ..tensor import Tensor
from .dtypes import STORED, code_of
from .placement import Placement
from .source import LoadError

DEEPEST = 100  # levels of nesting; an object inside itself is deeper than any

_MAPPINGS: dict[str, Callable[..., Any]] = {"dict": dict, "OrderedDict": OrderedDict, "Counter": Counter}
_SEQUENCES: dict[str, Callable[..., Any]] = {"tuple": tuple, "set": set}
_DTYPES = {dtype.name: dtype for dtype in STORED.values()}
# What has one short text: its class, how it becomes the text, and how the text becomes it.
_TEXTS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "int": (int, hex, lambda text: int(text, 16)),  # one too large for other readers of JSON
    "float": (float, repr, float),  # nan and the infinities
    "complex": (complex, repr, complex),
    "bytes": (bytes, lambda data: base64.b64encode(data).decode(), lambda text: base64.b64decode(text, validate=True)),
    "device": (backend.device, str, backend.device),
}
_KEYS = (str, int, float, bool, type(None), bytes)


def is_key(value: Any) -> bool:
    """Whether this may be a key of a dict or a member of a set: a number, a text, or a tuple of such."""
    return type(value) in _KEYS or (type(value) is tuple and all(type(part) in _KEYS for part in value))


# ---------------------------------------------------------------------------------------------- taking apart


def pack(value: Any) -> tuple[dict[str, np.ndarray], str]:
    """The arrays in a value, by readable names, and all the rest as JSON."""
    packing = _Packing()
    tree = packing.pack(value)
    return packing.arrays, json.dumps(tree, separators=(",", ":"), allow_nan=False)


class _Packing:
    """The arrays found so far, by name."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._name_of: dict[Any, str] = {}  # by what identifies the memory

    def pack(self, value: Any, path: tuple[Any, ...] = ()) -> Any:
        """A value as JSON; `path` are the keys and positions that lead to it."""
        kind = type(value)
        if len(path) > DEEPEST:
            raise ValueError(f"save: {_place(path)} is nested deeper than {DEEPEST} levels, or inside itself")
        if value is None or kind in (str, bool) or (kind is int and abs(value) < 2**53):
            return value
        if kind is float and math.isfinite(value):
            return value
        if kind is list:
            return self._members(value, path)
        if kind in _MAPPINGS.values() or isinstance(value, OrderedDict):
            name = kind.__name__ if kind in _MAPPINGS.values() else "OrderedDict"  # a state dict of a class of its own
            return {name: [[self._key(key, path), self.pack(inside, (*path, key))] for key, inside in value.items()]}
        if kind in _SEQUENCES.values():
            return {kind.__name__: self._members(value, path)}
        if isinstance(value, Tensor):
            return {"tensor": [self._stored(value.array, path), str(value.device)]}
        if kind in (np.ndarray, np.memmap):
            return {"array": self._stored(value, path)}
        if isinstance(value, np.generic):
            return {"scalar": self._stored(np.asarray(value), path)}
        for name, (known, to_text, _) in _TEXTS.items():
            if kind is known:
                return {name: to_text(value)}
        if isinstance(value, np.dtype) and value.name in _DTYPES:
            return {"dtype": value.name}
        raise TypeError(f"save: {_place(path)} is {_stranger(value)}")

    def _members(self, values: Iterable[Any], path: tuple[Any, ...]) -> list[Any]:
        return [self.pack(value, (*path, position)) for position, value in enumerate(values)]

    def _key(self, key: Any, path: tuple[Any, ...]) -> Any:
        if not is_key(key):
            raise TypeError(
                f"save: {_place(path)} has the key {key!r:.40} of type {type(key).__name__}; keys may be numbers and "
                "texts of Python, None, and tuples of these"
            )
        return self.pack(key)

    def _stored(self, array: Any, path: tuple[Any, ...]) -> str:
        """The name under which an array is stored: that of an array with the same memory, or a new one."""
        if code_of(array.dtype) is None:
            raise TypeError(
                f"save: {_place(path)} is an array of {array.dtype}; what can be saved are bool, int8 to int64, uint8 "
                "to uint64, float16, float32 and float64"
            )
        where = make_tensor(array).data_ptr(), str(backend.device_of(array))
        identity = (*where, array.shape, array.strides, array.dtype) if array.size else object()
        if identity not in self._name_of:
            name = self._unique(".".join(map(str, path)) or "tensor")
            self.arrays[name] = backend.to_numpy(array)
            self._name_of[identity] = name
        return self._name_of[identity]

    def _unique(self, wish: str) -> str:
        """A name that no other array has: keys joined by dots may be the same for two of them."""
        name = wish = wish.encode(errors="replace").decode()
        tries = 1
        while name in self.arrays or name == "__metadata__":
            tries += 1
            name = f"{wish}_{tries}"
        return name


def _place(path: tuple[Any, ...]) -> str:
    return "obj" + "".join(f"[{key!r:.40}]" for key in path[:10]) + ("…" if len(path) > 10 else "")


def _stranger(value: Any) -> str:
    """What a value is that cannot be saved, and what to save in its place."""
    name = type(value).__name__
    if hasattr(value, "state_dict"):
        return f"of type {name}: save its state_dict()"
    for kind in (dict, list, tuple, set, str, bytes, int, float):
        if isinstance(value, kind):
            return f"of type {name}, which is more than a {kind.__name__}: save {kind.__name__}(…) of it"
    return (
        f"of type {name}; what can be saved are tensors, arrays, numbers, texts, bytes, None, dtypes, devices, and "
        "dicts, lists, tuples and sets of these"
    )


# ---------------------------------------------------------------------------------------------- putting together


def unpack(text: str, arrays: dict[str, np.ndarray], placement: Placement) -> Any:
    """The value that `pack` took apart: memory that was shared is shared again."""
    made: dict[tuple[str, str], Tensor] = {}

    def tensor(name: str, saved_on: str) -> Tensor:
        """One Tensor for each place, and one memory for all of them."""
        known = made.get((name, saved_on))
        if known is not None:
            return known.detach()
        made[name, saved_on] = make_tensor(placement.place(arrays[name], saved_on))
        return made[name, saved_on]

    def build(tree: Any) -> Any:
        if isinstance(tree, list):
            return [build(member) for member in tree]
        if not isinstance(tree, dict):
            return tree
        ((kind, inside),) = tree.items()
        if kind in _MAPPINGS:
            pairs = {build(key): build(value) for key, value in inside}
            return _MAPPINGS[kind](pairs)
        if kind in _SEQUENCES:
            return _SEQUENCES[kind](build(inside))
        if kind in _TEXTS:
            return _TEXTS[kind][2](inside)
        if kind == "tensor":
            return tensor(*inside)
        if kind == "dtype":
            return _DTYPES[inside]
        if kind == "array":
            return arrays[inside]
        if kind == "scalar":
            return arrays[inside][()]
        raise ValueError(f"{kind!r:.40} stands for nothing")

    try:
        return build(json.loads(text))
    except LoadError:
        raise
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        raise LoadError(f"nesting: not as minideep writes it: {type(error).__name__}: {error}") from None
