"""Where files are read from: bytes of a known number, and the one refusal of whatever is wrong with them."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

_PIECE = 1 << 20  # bytes read at once: what is read passes through the cache, and nothing is held twice


class LoadError(RuntimeError):
    """A file that `load` refuses: damaged, cut short, of another kind, or asking for more than numbers."""


class Source:
    """A file of `size` bytes, read from front to back; more than it holds cannot be asked for."""

    def __init__(self, file: Any, size: int) -> None:
        self._file, self.size, self.position = file, size, 0

    @property
    def left(self) -> int:
        return self.size - self.position

    def take(self, count: int, what: str) -> bytes:
        """The next `count` bytes, which are `what`."""
        self._expect(count, what)
        data = self._file.read(count)
        if len(data) != count:
            raise LoadError(f"{what}: the file ended {count - len(data)} bytes early, while it was read")
        self.position += count
        return data

    def bytes(self, count: int, what: str) -> np.ndarray:
        """The next `count` bytes as an array with memory of its own."""
        self._expect(count, what)
        data = np.empty(count, np.uint8)
        for start in range(0, count, _PIECE):
            piece = data[start : start + _PIECE]
            if self._file.readinto(piece.data) != piece.size:
                raise LoadError(f"{what}: the file ended early, while it was read")
        self.position += count
        return data

    def _expect(self, count: int, what: str) -> None:
        if not 0 <= count <= self.left:
            raise LoadError(f"{what}: expected {count} bytes at byte {self.position}, but {self.left} are left")


@contextmanager
def opened(f: Any) -> Iterator[tuple[BinaryIO, int]]:
    """The file that a path or a file object stands for, to be read and searched, and its size in bytes."""
    if hasattr(f, "read"):
        data = f.read()
        if not isinstance(data, bytes):
            raise TypeError(f"load: expected a file opened for bytes ('rb'), but reading it gave {type(data).__name__}")
        yield io.BytesIO(data), len(data)
    elif isinstance(f, str | os.PathLike):
        with open(f, "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode):
                yield file, status.st_size
            else:
                with opened(file) as whole:  # a pipe has no size, and no way back
                    yield whole
    else:
        raise AttributeError(f"load: expected a path or a file object, but got {type(f).__name__}")
