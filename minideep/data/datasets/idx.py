"""The format of MNIST: two zero bytes, the type of the entries, the number of dimensions, the dimensions, the entries.

Numbers have their most significant byte first. http://yann.lecun.com/exdb/mnist/ describes it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

_BYTES = 0x08  # the type of entries that are unsigned bytes


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The bytes in an IDX file, which may be gzipped, as an array with so many dimensions."""
    content = _content(path)
    magic = int.from_bytes(content[:4], "big")
    expected = _BYTES << 8 | dimensions
    if magic != expected:
        raise RuntimeError(
            f"read_idx: {path} is not what it should be: expected magic number {expected} (bytes in {dimensions} "
            f"dimensions), but got {magic}"
        )
    header = 4 + 4 * dimensions
    shape = [int(side) for side in np.frombuffer(content[4:header].ljust(4 * dimensions, b"\0"), ">u4")]
    wanted = header + int(np.prod(shape, dtype=object))
    if len(content) != wanted:
        raise RuntimeError(
            f"read_idx: {path} is truncated or corrupted: its header says {shape}, for which {wanted} bytes are "
            f"expected, but there are {len(content)}"
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    import gzip
    import zlib

    try:
        with gzip.open(path) as file:
            return file.read()
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise RuntimeError(f"read_idx: {path} is truncated or corrupted: expected a gzip file, but {error}") from None
