"""PyTorch's files made by hand, for tests without PyTorch, and for what PyTorch would never write."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np


def text(value: str) -> bytes:
    """The instruction that pushes a text."""
    data = value.encode()
    return b"X" + len(data).to_bytes(4, "little") + data


def number(value: int) -> bytes:
    return b"J" + value.to_bytes(4, "little", signed=True)


def name(full: str) -> bytes:
    """The instruction that asks for something by name."""
    module, _, attribute = full.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def several(*parts: bytes) -> bytes:
    """A tuple."""
    return b"(" + b"".join(parts) + b"t"


def call(function: str, *arguments: bytes) -> bytes:
    return name(function) + several(*arguments) + b"R"


def storage(key: str, length: int, kind: str = "torch.FloatStorage", location: str = "cpu", more: bytes = b"") -> bytes:
    return several(text("storage"), name(kind), text(key), text(location), number(length), more) + b"Q"


def tensor(where: bytes, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> bytes:
    """A tensor in a storage."""
    sides, steps = several(*map(number, shape)), several(*map(number, strides))
    hooks = call("collections.OrderedDict")
    return call("torch._utils._rebuild_tensor_v2", where, number(offset), sides, steps, b"\x89", hooks)


def dictionary(**members: bytes) -> bytes:
    return b"}(" + b"".join(text(key) + value for key, value in members.items()) + b"u"


def pickle_of(program: bytes) -> bytes:
    return b"\x80\x02" + program + b"."


def torch_archive(program: bytes, storages: dict[str, np.ndarray] | None = None, **members: bytes) -> bytes:
    """An archive as `torch.save` writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle_of(program))
        for key, array in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", array.tobytes())
        for path, data in members.items():
            archive.writestr(f"archive/{path}", data)
    return file.getvalue()


def torch_stream(program: bytes, storages: dict[str, np.ndarray] | None = None, **changed: Any) -> bytes:
    """A stream as `torch.save` wrote it before PyTorch 1.6."""
    parts = {
        "number": b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19",
        "version": b"M\xe9\x03",
        "system": b"}(" + text("little_endian") + b"\x88u",
        "object": program,
        "keys": b"](" + b"".join(map(text, storages or {})) + b"e",
        **changed,
    }
    data = b"".join(array.size.to_bytes(8, "little") + array.tobytes() for array in (storages or {}).values())
    return b"".join(map(pickle_of, parts.values())) + data
