"""PyTorch's storages: flat arrays, each on some device, of which tensors are views with a start and strides."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .. import backend
from ..autograd.graph import make_tensor
from ..backend import Array
from ..tensor import Tensor
from .dtypes import STORED, decoded
from .placement import Placement
from .source import LoadError


class _View(NamedTuple):
    """How a tensor lies in its storage; `offset` and `strides` count entries."""

    code: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Storage:
    """A storage of `size` bytes, not read yet, and the tensors in it; `code` is None if each has a dtype of its own."""

    def __init__(self, code: str | None, location: str, size: int) -> None:
        self.code, self.location, self.size = code, location, size
        self._views: list[tuple[Tensor, _View]] = []

    def view(self, code: str, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> Tensor:
        """A tensor that will lie in this memory once it is read."""
        entries, rest = divmod(self.size, STORED[code].itemsize)
        end = offset + sum((side - 1) * stride for side, stride in zip(shape, strides, strict=True)) + 1
        if rest or offset > entries or (0 not in shape and end > entries):
            raise LoadError(
                f"tensor: expected it inside its storage of {self.size} bytes, but {code} of shape {shape} with "
                f"strides {strides} at offset {offset} is not"
            )
        tensor = make_tensor(np.empty(0))
        self._views.append((tensor, _View(code, offset, shape, strides)))
        return tensor

    def fill(self, data: np.ndarray, byteorder: str, placement: Placement) -> None:
        """Give the tensors their memory: the storage's bytes, which they share."""
        if data.size != self.size:
            raise LoadError(f"storage: expected {self.size} bytes, but got {data.size}")
        entries: dict[str, Array] = {}
        for tensor, view in self._views:
            if view.code not in entries:
                entries[view.code] = placement.place(decoded(data, view.code, byteorder), self.location)
            tensor.array = _strided(entries[view.code], view)


def _strided(entries: Array, view: _View) -> Array:
    as_strided = backend.module_of(entries).lib.stride_tricks.as_strided
    steps = tuple(stride * entries.itemsize for stride in view.strides)
    try:
        return as_strided(entries[view.offset :], view.shape, steps)
    except ValueError as error:
        raise LoadError(f"tensor: NumPy cannot have shape {view.shape} with strides {view.strides}: {error}") from None
