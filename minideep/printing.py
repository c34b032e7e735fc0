"""Floor 2: how a Tensor is written out: as PyTorch does it, character for character.

All entries are written in one style (integers with a point, fixed digits, or powers of ten) and to one width, so that
columns line up; of a large tensor only the edges are shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import backend
from .backend import Array, bool_, int64, to_numpy

if TYPE_CHECKING:
    from .tensor import Tensor


@dataclass
class _Options:
    precision: int = 4  # digits after the point
    threshold: float = 1000  # tensors with more entries are shortened,
    edgeitems: int = 3  # to so many at either end of each dimension
    linewidth: int = 80
    sci_mode: bool | None = None  # powers of ten: always, never, or (None) where the values ask for it


_options = _Options()
_PROFILES = {"default": _Options(), "short": _Options(precision=2, edgeitems=2), "full": _Options(threshold=math.inf)}
_INDENT = len("tensor(")


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors are printed: first everything as in `profile` (default, short or full), then what is given.

    >>> import minideep
    >>> minideep.set_printoptions(precision=2)
    >>> minideep.tensor([3.14159])
    tensor([3.14])
    >>> minideep.set_printoptions(profile="default")
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"set_printoptions: profile must be one of {', '.join(_PROFILES)}, but got {profile!r}")
        vars(_options).update(vars(_PROFILES[profile]))
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    vars(_options).update({name: value for name, value in given.items() if value is not None}, sci_mode=sci_mode)


def tensor_repr(tensor: Tensor) -> str:
    """What ``repr(tensor)`` is: its entries, and whatever about it is not what one would expect."""
    text = "tensor(" + _entries(tensor.array)
    width = len(text) - text.rfind("\n") + 1  # of the last line, and room for two more characters
    for note in _notes(tensor):
        fits = width + len(note) + 2 <= _options.linewidth
        text += ", " + note if fits else ",\n" + " " * _INDENT + note
        width = (width + 2 if fits else _INDENT) + len(note)
    return text + ")"


def _notes(tensor: Tensor) -> list[str]:
    """Device, shape, dtype and place in the graph, where the entries alone do not tell them."""
    notes = []
    empty = tensor.numel() == 0
    if tensor.device.type != "cpu":
        notes.append(f"device='{tensor.device}'")
    if (tensor.ndim != 1) if empty else (_options.edgeitems == 0):
        notes.append(f"size={tensor.shape}")
    if tensor.dtype != backend.get_default_dtype() and (empty or tensor.dtype not in (int64, bool_)):
        notes.append(f"dtype=minideep.{tensor.dtype}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return notes


def _entries(array: Array) -> str:
    """The entries in nested brackets."""
    if array.size == 0:
        return "[]"
    shortened = [array.size > _options.threshold and side > 2 * _options.edgeitems for side in array.shape]
    for axis in range(array.ndim):
        if shortened[axis]:
            array = _edges(array, axis)
    shown = to_numpy(array)
    return _nested(shown, shortened, _style_for(shown), _INDENT)


def _edges(array: Array, axis: int) -> Array:
    before, after = slice(_options.edgeitems), slice(array.shape[axis] - _options.edgeitems, None)
    leading = (slice(None),) * axis
    return np.concatenate((array[(*leading, before)], array[(*leading, after)]), axis=axis)


def _nested(shown: np.ndarray, shortened: list[bool], style: _Style, indent: int) -> str:
    """What is `shown` of a tensor; in the `shortened` dimensions with dots in the middle."""
    if shown.ndim == 0:
        return style.padded(shown.item())
    if shown.ndim == 1:
        parts, dots = [style.padded(value) for value in shown.tolist()], " ..." if len(shown) else "..."
    else:
        parts, dots = [_nested(part, shortened[1:], style, indent + 1) for part in shown], "..."
    if shortened[0]:
        parts.insert(_options.edgeitems, dots)
    if shown.ndim == 1:
        per_line = max(1, (_options.linewidth - indent) // (style.width + len(", ")))
        parts = [", ".join(parts[start : start + per_line]) for start in range(0, len(parts), per_line)]
    line_end = "," + "\n" * max(1, shown.ndim - 1) + " " * (indent + 1)
    return "[" + line_end.join(parts) + "]"


class _Style(NamedTuple):
    """The one way in which every entry is written."""

    write: Callable[[Any], str]
    width: int

    def padded(self, value: Any) -> str:
        return self.write(value).rjust(self.width)


def _style_for(shown: np.ndarray) -> _Style:
    """Fit for all the entries; of floats, zeros, infinities and nans have no say in it."""
    if shown.dtype.kind == "f":
        numbers = shown[np.isfinite(shown) & (shown != 0)]
        write = _float_style(numbers)
    else:
        numbers, write = shown, str
    return _Style(write, max((len(write(number)) for number in numbers.ravel().tolist()), default=1))


def _float_style(numbers: np.ndarray) -> Callable[[Any], str]:
    sizes = np.abs(numbers.astype(np.float64))
    scientific = _options.sci_mode
    if scientific is None and sizes.size:
        smallest, largest = sizes.min().item(), sizes.max().item()
        scientific = largest / smallest > 1000 or largest > 1e8 or smallest < 1e-4
    if scientific and sizes.size:
        return f"{{:.{_options.precision}e}}".format
    if (numbers == np.ceil(numbers)).all():
        return lambda value: f"{value:.0f}" + "." * math.isfinite(value)
    return f"{{:.{_options.precision}f}}".format
