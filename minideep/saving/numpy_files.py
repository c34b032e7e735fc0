"""NumPy's .npy and .npz files, of numbers; those with pickled objects inside are refused.

    8 bytes     "\\x93NUMPY", and the two parts of the version
    2 bytes     n, little-endian; 4 bytes since version 2
    n bytes     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
    the rest    the entries

An .npz file is a zip archive of .npy files.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

import numpy as np

from ..autograd.graph import make_tensor
from ..tensor import Tensor
from .archive import Archive
from .dtypes import BY_SHORT_NAME, STORED, decoded
from .placement import Placement
from .source import LoadError

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000  # bytes; NumPy's limit
_HEADER = re.compile(
    r"\s*\{\s*'descr':\s*(?P<dtype>.*),\s*'fortran_order':\s*(?P<by_columns>True|False),"
    r"\s*'shape':\s*\((?P<shape>[\d,\s]*)\),?\s*\}\s*"
)
_DTYPE = re.compile(r"'(?P<byteorder>[<>|=])(?P<name>\w+)'")


class _Header(NamedTuple):
    code: str
    byteorder: str
    by_columns: bool
    shape: tuple[int, ...]


def load_archive(archive: Archive, placement: Placement) -> dict[str, Tensor]:
    """The arrays of an .npz file by name, as Tensors."""
    return {
        name.removesuffix(".npy"): load_array(archive.read(name), placement, f"npz: '{name:.60}'")
        for name in archive.names
    }


def load_array(data: np.ndarray, placement: Placement, what: str = "npy") -> Tensor:
    """The array that the bytes of an .npy file hold, as a Tensor, in the same memory."""
    start = data[:12].tobytes()
    width = 2 if start[6:7] == b"\1" else 4
    begin = 8 + width
    end = begin + int.from_bytes(start[8:begin], "little")
    if start[:6] != MAGIC or end > min(begin + _LONGEST_HEADER, data.size):
        raise LoadError(
            f"{what}: expected the beginning of an .npy file, but its {data.size} bytes begin with {start!r}"
        )
    header = _parsed(data[begin:end].tobytes().decode("latin1"), what)
    size = math.prod(header.shape) * STORED[header.code].itemsize
    if size != data.size - end:
        raise LoadError(
            f"{what}: {header.code} of shape {header.shape} takes {size} bytes, but {data.size - end} follow the header"
        )
    body = data[end:] if end % 16 == 0 else data[end:].copy()  # aligned, as NumPy writes it
    try:
        entries = decoded(body, header.code, header.byteorder)
        array = entries.reshape(header.shape[::-1]).T if header.by_columns else entries.reshape(header.shape)
    except (ValueError, LoadError) as error:
        raise LoadError(f"{what}: {error}") from None
    return make_tensor(placement.place(array))


def _parsed(text: str, what: str) -> _Header:
    found = _HEADER.fullmatch(text)
    if not found:
        raise LoadError(f"{what}: expected a header with descr, fortran_order and shape, but got {text!r:.80}")
    dtype = _DTYPE.fullmatch(found["dtype"])
    if not dtype or dtype["name"] not in BY_SHORT_NAME:
        raise LoadError(f"{what}: expected an array of numbers, but got dtype {found['dtype']:.60}")
    try:
        shape = tuple(int(size) for size in found["shape"].split(",") if size.strip())
    except ValueError:
        raise LoadError(f"{what}: expected a shape, but got ({found['shape']:.60})") from None
    byteorder = "big" if dtype["byteorder"] == ">" else "little"
    return _Header(BY_SHORT_NAME[dtype["name"]], byteorder, found["by_columns"] == "True", shape)
