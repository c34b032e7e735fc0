"""What PyTorch's `torch.save` wrote: .pth and .pt files, the archives of today and the streams from before 1.6.

Both hold a pickle that describes the object. The numbers of its tensors lie outside the pickle in storages: in an
archive a file for each, in a stream one after the other behind the pickle. The pickle is read first, and wholly.
"""

from __future__ import annotations

import io
from typing import Any

from .archive import Archive
from .dtypes import STORED
from .pickles import read_pickle
from .placement import Placement
from .source import LoadError, Source
from .storages import Storage
from .torch_names import KNOWN, StorageClass

# A stream begins with a pickle of this number; archives begin as all zip archives do.
_NUMBER = 0x1950A86A20F9469CFC6C
MAGIC = b"\x8a\x0a" + _NUMBER.to_bytes(10, "little") + b"."
_PROTOCOL = 1001
_PICKLE = "/data.pkl"


class _Storages(dict[str, Storage]):
    """The storages that a pickle refers to, by key."""

    def __call__(self, identity: Any) -> Storage:
        """The storage that a pickle identifies as ('storage', class, key, device, number of entries)."""
        match identity:
            case ("storage", StorageClass(code=code), str(key), str(location), int(length), *_) if length >= 0:
                pass
            case _:
                raise LoadError("storage: expected a reference to one, but got another")
        size = length * (STORED[code].itemsize if code else 1)
        storage = self.setdefault(key, Storage(code, location, size))
        if (storage.code, storage.location, storage.size) != (code, location, size):
            raise LoadError(f"storage: expected {key!r:.60} to be the same everywhere, but it is described in two ways")
        return storage


def is_ours(archive: Archive) -> bool:
    """Whether an archive is PyTorch's."""
    return any(name.endswith(_PICKLE) for name in archive.names)


def load_archive(archive: Archive, placement: Placement) -> Any:
    """The object in an archive by `torch.save`."""
    pickles = [name for name in archive.names if name.endswith(_PICKLE)]
    folder = pickles[0].removesuffix(_PICKLE)
    byteorder = "little"
    if f"{folder}/byteorder" in archive.names:
        byteorder = archive.read(f"{folder}/byteorder").tobytes().decode("latin1")
    if len(pickles) > 1 or byteorder not in ("little", "big"):
        raise LoadError(
            f"archive: expected one {_PICKLE} and a known byte order, but got {pickles} and {byteorder!r:.20}"
        )
    pickle = archive.read(pickles[0])
    storages = _Storages()
    result = read_pickle(Source(io.BytesIO(pickle.tobytes()), pickle.size), pickles[0], KNOWN, storages)
    for key, storage in storages.items():
        storage.fill(archive.read(f"{folder}/data/{key}"), byteorder, placement)
    return result


def load_stream(source: Source, placement: Placement) -> Any:
    """The object in a stream by ``torch.save(…, _use_new_zipfile_serialization=False)``."""
    beginning = [read_pickle(source, f"pickle of {what}") for what in ("the magic number", "the version", "the system")]
    match beginning:
        case [int(number), int(version), {"little_endian": bool(little)}] if (number, version) == (_NUMBER, _PROTOCOL):
            byteorder = "little" if little else "big"
        case _:
            raise LoadError(f"stream: expected version {_PROTOCOL} and its byte order at the beginning, but got others")
    storages = _Storages()
    result = read_pickle(source, "pickle of the object", KNOWN, storages)
    keys = read_pickle(source, "pickle of the storages' keys")
    if type(keys) is not list or not all(type(key) is str for key in keys) or sorted(keys) != sorted(storages):
        raise LoadError(f"stream: expected the storages {', '.join(storages):.60}, but got others")
    for key in keys:
        storage, what = storages[key], f"storage '{key}'"
        width = STORED[storage.code].itemsize if storage.code else 1
        length = int.from_bytes(source.take(8, what), "little")
        storage.fill(source.bytes(length * width, what), byteorder, placement)
    if source.left:
        raise LoadError(f"stream: expected its end after the storages, but {source.left} bytes are left")
    return result
