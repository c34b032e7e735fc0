"""The safetensors format: a header in JSON, then the bytes of all tensors, one after the other.

    8 bytes     n, the length of the header, little-endian
    n bytes     {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …, "__metadata__": {text: text}}
    the rest    the entries, row by row, without gaps

Nothing in such a file can be executed; everything said in the header is checked before a byte of the rest is read.
What `write` wrote also carries a digest of the whole file, so that any change is noticed.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from .dtypes import STORED, code_of, decoded, encoded
from .source import LoadError, Source

_LONGEST_HEADER = 100_000_000  # bytes; the limit of the safetensors library
_MOST_DIMENSIONS = 64  # NumPy's limit
_OURS = "minideep."  # how the keys of metadata begin that only we write
_VERSION, _DIGEST = f"{_OURS}version", f"{_OURS}sha256"
_NO_DIGEST = "0" * hashlib.sha256().digest_size * 2  # stands in the digest's place while it is computed


class _Entry(NamedTuple):
    """What the header says about one tensor."""

    name: str
    code: str
    shape: tuple[int, ...]
    begin: int
    end: int


# ---------------------------------------------------------------------------------------------- writing


def write(file: BinaryIO, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write arrays, whose dtypes have a code, and metadata; both digested."""
    # The digest comes first, so that nothing before it can look like it. Others ask for the format.
    metadata = {_DIGEST: _NO_DIGEST, _VERSION: "1", "format": "pt", **metadata}
    in_order = sorted(arrays, key=lambda name: -arrays[name].itemsize)  # all aligned, if the first is
    data = {name: encoded(arrays[name]) for name in in_order}
    begin, offsets = 0, {}
    for name, stored in data.items():
        offsets[name] = [begin, begin + stored.size]
        begin += stored.size
    header: dict[str, Any] = {"__metadata__": metadata}
    for name, array in arrays.items():
        header[name] = {"dtype": code_of(array.dtype), "shape": array.shape, "data_offsets": offsets[name]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    start = len(text).to_bytes(8, "little") + text
    digest = hashlib.sha256(start)
    for stored in data.values():
        digest.update(stored.data)
    file.write(start.replace(_NO_DIGEST.encode(), digest.hexdigest().encode(), 1))
    for stored in data.values():
        file.write(stored.data)


# ---------------------------------------------------------------------------------------------- reading


def read(source: Source) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a file, each with memory of its own, and its metadata less what concerns the format alone."""
    length = source.take(8, "safetensors: length of the header")
    size = int.from_bytes(length, "little")
    if size > _LONGEST_HEADER:
        raise LoadError(f"safetensors: expected a header of at most {_LONGEST_HEADER} bytes, but it says {size}")
    header = source.take(size, "safetensors: header")
    described = _parsed(header)
    metadata = described.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise LoadError(f"safetensors: __metadata__: expected texts by name, but got {metadata!r:.60}")
    entries = _in_order([_entry(name, about) for name, about in described.items()], source.left)
    digest = metadata.get(_DIGEST, "")
    sum_of_all = hashlib.sha256(length + header.replace(digest.encode(), _NO_DIGEST.encode(), 1))
    arrays = dict.fromkeys(described, np.empty(0))  # in the header's order, which the data need not have
    for entry in entries:
        data = source.bytes(entry.end - entry.begin, f"safetensors: entry '{entry.name:.60}'")
        sum_of_all.update(data.data)
        arrays[entry.name] = _shaped(data, entry)
    if any(key.startswith(_OURS) for key in metadata):
        _expect_unchanged(metadata, sum_of_all.hexdigest())
    return arrays, {key: text for key, text in metadata.items() if key not in ("format", _VERSION, _DIGEST)}


def _parsed(header: bytes) -> dict[str, Any]:
    try:
        return json.loads(header.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise LoadError(f"safetensors: header: not sound JSON: {error}") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, each name of which may appear once."""
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise ValueError(f"{name!r:.60} appears twice")
        result[name] = value
    return result


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _entry(name: str, about: Any) -> _Entry:
    """One entry of the header, checked as far as it can be by itself."""
    wanted = {"dtype", "shape", "data_offsets"}
    if not isinstance(about, dict) or set(about) != wanted:
        raise LoadError(
            f"safetensors: entry '{name:.60}': expected dtype, shape and data_offsets, but got {about!r:.80}"
        )
    code, shape, offsets = about["dtype"], about["shape"], about["data_offsets"]
    if not isinstance(code, str) or code not in STORED:
        raise LoadError(
            f"safetensors: entry '{name:.60}': expected a dtype among {', '.join(STORED)}, but got {code!r:.60}"
        )
    if not _are_counts(shape) or len(shape) > _MOST_DIMENSIONS:
        raise LoadError(f"safetensors: entry '{name:.60}': expected a list of sizes as shape, but got {shape!r:.60}")
    if not _are_counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        raise LoadError(
            f"safetensors: entry '{name:.60}': expected [begin, end] as data_offsets, but got {offsets!r:.60}"
        )
    expected = math.prod(shape) * STORED[code].itemsize
    if offsets[1] - offsets[0] != expected:
        raise LoadError(
            f"safetensors: entry '{name:.60}': {code} of shape {shape} takes {expected} bytes, but data_offsets "
            f"{offsets} hold {offsets[1] - offsets[0]}"
        )
    return _Entry(name, code, tuple(shape), *offsets)


def _are_counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) is int and number >= 0 for number in value)


def _in_order(entries: list[_Entry], size: int) -> list[_Entry]:
    """The entries as their data follow each other, which must fill the rest of the file without gap or overlap."""
    entries = sorted(entries, key=lambda entry: (entry.begin, entry.end))
    position = 0
    for entry in entries:
        if entry.begin != position:
            raise LoadError(
                f"safetensors: entry '{entry.name:.60}': expected its data at offset {position}, where the one before "
                f"ends, but data_offsets say {entry.begin}"
            )
        position = entry.end
    if position != size:
        raise LoadError(f"safetensors: the entries take {position} bytes, but {size} follow the header")
    return entries


def _shaped(data: np.ndarray, entry: _Entry) -> np.ndarray:
    try:
        return decoded(data, entry.code).reshape(entry.shape)
    except (ValueError, LoadError) as error:  # NumPy cannot have every empty shape: (0, 2**63)
        raise LoadError(f"safetensors: entry '{entry.name:.60}': {error}") from None


def _expect_unchanged(metadata: dict[str, str], digest: str) -> None:
    if metadata.get(_DIGEST) != digest:
        raise LoadError(
            f"safetensors: the file was damaged or changed after it was saved: expected the sha256 digest "
            f"{metadata.get(_DIGEST)!r:.70}, but its content has {digest!r}"
        )
    if metadata.get(_VERSION) != "1":
        raise LoadError(
            f"safetensors: expected {_VERSION} 1, but got {metadata.get(_VERSION)!r:.60}: a newer minideep?"
        )
