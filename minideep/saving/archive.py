"""Zip archives, as NumPy's .npz and PyTorch's .pth files are, with limits to what they may unpack to.

Every file inside carries a checksum, which is compared when it has been read.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from .source import LoadError, Source

_MOST_INFLATED = 200  # times the size of the archive, and a little: more is taken for a bomb
_A_LITTLE = 1 << 26  # bytes
_LOCAL_HEADER = 30  # bytes before the name of a file, the last four of which say how long name and extra field are
_LONGEST_DESCRIPTOR = 24  # bytes that may follow a file

# What Python's zipfile raises for archives that are not sound.
_UNSOUND = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
    LookupError,
    struct.error,
)


class Archive:
    """The files in a zip archive, stored or deflated, which are all that it holds."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        with _sound():
            self._zip = zipfile.ZipFile(file)
            members = sorted(self._zip.infolist(), key=lambda member: member.header_offset)
            _expect_whole(file, members, self._zip.start_dir)
        self.names = [member.filename for member in members]
        inflated = sum(member.file_size for member in members)
        if inflated > _MOST_INFLATED * size + _A_LITTLE:
            raise LoadError(
                f"zip: expected at most {_MOST_INFLATED} times the archive's {size} bytes, but its files would take "
                f"{inflated}: a zip bomb?"
            )

    def read(self, name: str) -> np.ndarray:
        """The bytes of one of the files, compared with its checksum, as an array with memory of its own."""
        with _sound(), self._zip.open(name) as file:
            size = self._zip.getinfo(name).file_size
            return Source(file, size).bytes(size, f"zip: {name!r:.60}")


def _expect_whole(file: BinaryIO, members: list[zipfile.ZipInfo], directory: int) -> None:
    """Whether the files follow each other up to the directory of them, which has no checksum of its own."""
    end, names = 0, set()
    for member in members:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.filename in names:
            raise LoadError(f"zip: {member.filename!r:.60}: expected it once, and stored or deflated")
        if not end <= member.header_offset <= end + (_LONGEST_DESCRIPTOR if end else 0):
            raise LoadError(
                f"zip: {member.filename!r:.60}: expected it at byte {end}, but it is at {member.header_offset}"
            )
        file.seek(member.header_offset)
        lengths = struct.unpack_from("<HH", file.read(_LOCAL_HEADER), _LOCAL_HEADER - 4)  # of its name and extra field
        end = member.header_offset + _LOCAL_HEADER + sum(lengths) + member.compress_size
        names.add(member.filename)
    if not end <= directory <= end + (_LONGEST_DESCRIPTOR if end else 0):
        raise LoadError(f"zip: expected the directory of its files at byte {end}, but it is at {directory}")


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except LoadError:
        raise
    except _UNSOUND as error:
        raise LoadError(f"zip: the archive is damaged or cut short: {error}") from None
