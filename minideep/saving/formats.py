"""The kinds of files: read by what their first bytes tell, written as safetensors always."""

from __future__ import annotations

from typing import Any, BinaryIO

from ..autograd.graph import make_tensor
from . import nesting, numpy_files, safetensors, torch_files
from .archive import Archive
from .placement import Placement
from .source import LoadError, Source

_NESTING = "minideep.nesting"  # the metadata that holds all but the arrays


def write(obj: Any, file: BinaryIO) -> None:
    """Write an object as a safetensors file."""
    arrays, rest = nesting.pack(obj)
    safetensors.write(file, arrays, {_NESTING: rest})


def read(file: BinaryIO, size: int, placement: Placement) -> Any:
    """What a file holds of the kind that its first bytes tell."""
    start = file.read(24)
    file.seek(0)
    source = Source(file, size)
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        archive = Archive(file, size)
        return (torch_files if torch_files.is_ours(archive) else numpy_files).load_archive(archive, placement)
    if start.startswith(numpy_files.MAGIC):
        return numpy_files.load_array(source.bytes(size, "npy"), placement)
    if torch_files.MAGIC in start:
        return torch_files.load_stream(source, placement)
    if start[8:9] == b"{":
        arrays, metadata = safetensors.read(source)
        if _NESTING in metadata:
            return nesting.unpack(metadata[_NESTING], arrays, placement)
        return {name: make_tensor(placement.place(array)) for name, array in arrays.items()}
    raise LoadError(
        f"first bytes: expected those of a file by minideep, safetensors, NumPy or PyTorch, but got {start!r}"
        + (": a pickle, which could execute anything" if start[:1] == b"\x80" else "")
    )
