"""What the tests of saving share: exact equality, damaged files, and a watch over what Python executes."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import numpy as np
import pytest

import minideep
from minideep import Tensor, saving

# ---------------------------------------------------------------------------------------------- exactly the same


def same(a: Any, b: Any) -> bool:
    """Whether two objects are of the same classes, with the same bits in the same places."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return a.device == b.device and same(a.numpy(force=True), b.numpy(force=True))
    if isinstance(a, np.ndarray | np.generic):
        return (a.dtype, a.shape) == (b.dtype, b.shape) and a.tobytes() == b.tobytes()
    if isinstance(a, dict):
        return same(list(a), list(b)) and same(list(a.values()), list(b.values()))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b if isinstance(a, int | set) else repr(a) == repr(b)


def bytes_of(obj: Any) -> bytes:
    """What `save` writes."""
    file = io.BytesIO()
    saving.save(obj, file)
    return file.getvalue()


def loaded(data: bytes, **options: Any) -> Any:
    return saving.load(io.BytesIO(data), **options)


def refusal(data: bytes) -> str:
    """Why `load` refuses a file."""
    with pytest.raises(saving.LoadError) as caught:
        loaded(data)
    return str(caught.value)


def checkpoint() -> dict[str, Any]:
    """A small one, as the Trainer of the document saves it, and every kind of tensor."""
    random = np.random.default_rng(0)
    weight = minideep.tensor(random.standard_normal((4, 3)).astype(np.float32))
    return {
        "epoch": 3,
        "model_state_dict": {"layer.weight": weight, "layer.bias": weight[:, 0], "tied.weight": weight},
        "optimizer_state_dict": {
            "state": {0: {"step": minideep.tensor(7.0), "exp_avg": weight * 2}, 1: {"momentum_buffer": None}},
            "param_groups": [{"lr": 0.001, "betas": (0.9, 0.999), "amsgrad": False, "params": [0, 1]}],
        },
        "best_acc": 97.25,
        "mask": minideep.tensor([True, False, True]),
        "labels": minideep.tensor(random.integers(0, 10, 5), dtype=minideep.uint8),
    }


# ---------------------------------------------------------------------------------------------- damage


def damaged(data: bytes, random: Random) -> bytes:
    """The file with damage of some kind, anywhere."""
    return random.choice([_flipped, _cut_short, _with_more, _with_less, _overwritten, _exchanged])(data, random)


def _flipped(data: bytes, random: Random) -> bytes:
    """A few bits turned over, in one place or all over the file."""
    changed, end = bytearray(data), random.choice([len(data), min(len(data), 64)])
    for _ in range(random.choice([1, 1, 2, 8])):
        changed[random.randrange(end)] ^= 1 << random.randrange(8)
    return bytes(changed)


def _cut_short(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def _slice(data: bytes, random: Random) -> slice:
    start = random.randrange(len(data))
    return slice(start, start + random.choice([1, 2, 8, random.randrange(1, len(data))]))


def _with_more(data: bytes, random: Random) -> bytes:
    """Something put in: random bytes, zeros, or a piece of the file once more."""
    place = random.randrange(len(data) + 1)
    more = random.choice([random.randbytes(random.randrange(1, 20)), bytes(8), data[_slice(data, random)]])
    return data[:place] + more + data[place:]


def _with_less(data: bytes, random: Random) -> bytes:
    piece = _slice(data, random)
    return data[: piece.start] + data[piece.stop :]


def _overwritten(data: bytes, random: Random) -> bytes:
    piece = _slice(data, random)
    length = len(data[piece])
    return data[: piece.start] + random.choice([bytes(length), random.randbytes(length)]) + data[piece.stop :]


def _exchanged(data: bytes, random: Random) -> bytes:
    """Two pieces in each other's place."""
    a, b, c, d = sorted(random.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def edited(data: bytes, random: Random) -> bytes:
    """A safetensors file whose header was changed as JSON, and written back with its right length."""
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    text = random.choice(_EDITS)(header, random)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def signed(data: bytes) -> bytes:
    """The file with the digest of its content, as somebody would write it who means harm."""
    before, key, rest = data.partition(b'"minideep.sha256":"')
    if not key:
        return data
    digest = hashlib.sha256(before + key + b"0" * 64 + rest[64:]).hexdigest()
    return before + key + digest.encode() + rest[64:]


def _text(header: dict[str, Any]) -> bytes:
    return json.dumps(header, separators=(",", ":")).encode()


def _names(header: dict[str, Any], random: Random) -> list[str]:
    names = [name for name in header if name != "__metadata__"]
    random.shuffle(names)
    return names


def _edit_field(header: dict[str, Any], random: Random) -> bytes:
    """Another dtype, shape or place for one entry."""
    entry = header[_names(header, random)[0]]
    field = random.choice(list(entry))
    values = {
        "dtype": ["F32", "I32", "F16", "BF16", "U8", "C64", "", None, 7],
        "shape": [[], [3, 4], [12], [-1], [2**62, 4], [1.0], [True], "12", None, [[3]], [0] * 70, [0, 2**64]],
        "data_offsets": [[0, 0], [48, 0], [0, 2**70], [8, 56], [0], [0, 48, 96], None, "0,48", [0.0, 48.0]],
    }[field]
    entry[field] = random.choice(values)
    return _text(header)


def _edit_two(header: dict[str, Any], random: Random) -> bytes:
    """Two entries that exchange their places in the file, their shapes or all they are."""
    one, other = _names(header, random)[:2]
    fields = random.choice([["data_offsets"], ["shape"], ["dtype"], ["dtype", "shape"], list(header[one])])
    for field in fields:
        header[one][field], header[other][field] = header[other][field], header[one][field]
    return _text(header)


def _edit_names(header: dict[str, Any], random: Random) -> bytes:
    """An entry renamed, left out, added, or named twice."""
    one, other = _names(header, random)[:2]
    how = random.randrange(4)
    if how == 0:
        header[random.choice(["x", "__metadata__", ""])] = header.pop(one)
    elif how == 1:
        del header[one]
    elif how == 2:
        header["more"] = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    else:
        return _text(header).replace(json.dumps(one).encode() + b":", json.dumps(other).encode() + b":")
    return _text(header)


def _edit_metadata(header: dict[str, Any], random: Random) -> bytes:
    """One line of the metadata changed, left out or added."""
    metadata = header["__metadata__"]
    key = random.choice(list(metadata))
    how = random.randrange(4)
    if how == 0:
        del metadata[key]
    elif how == 1:
        metadata[key] = random.choice(["", "0", "2", 3, None, [], "[" * 2000, '{"dict":[[[],1]]}', metadata[key] + " "])
    elif how == 2:
        metadata[random.choice(["note", "minideep.note"])] = "added"
    else:
        metadata[key] = metadata[key].replace(*random.choice([("epoch", "epocg"), ("97", "98"), ("dict", "Counter")]))
        metadata["format"] = random.choice(["pt", "np"])
    return _text(header)


def _edit_text(header: dict[str, Any], random: Random) -> bytes:
    """Something that is no header at all, or one that is written in another way."""
    text = _text(header).decode()
    return random.choice(
        [
            text.replace("{", "[", 1),
            text.replace('"F32"', "NaN", 1),
            text[:-1],
            text + "}",
            " " + text,
            text + "\0" * 8,
            "[" * 100_000,
            '{"a":' * 5000,
            "{}",
            "",
            "{" + '"x":1' * 3 + "}",
            text.replace("0", "9" * 5000, 1),
            text.replace(",", ", "),
        ]
    ).encode()


_EDITS: list[Callable[[dict[str, Any], Random], bytes]] = [
    _edit_field,
    _edit_two,
    _edit_names,
    _edit_metadata,
    _edit_text,
]

# ---------------------------------------------------------------------------------------------- a watch

_FORBIDDEN = ("exec", "compile", "import", "os.", "subprocess.", "pickle.", "shutil.", "socket.", "ctypes.", "marshal.")
_watches: list[list[str]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if _watches and event.startswith(_FORBIDDEN):
        _watches[-1].append(f"{event} {arguments!r:.80}")


# What is imported when it is first used is not to be noticed: the readers, and a codec of zipfile's.
loaded(bytes_of(None))
"".encode("cp437")


@contextmanager
def nothing_executed() -> Iterator[None]:
    """Fail if Python compiles, executes, imports, unpickles or starts anything inside (Python's own audit tells)."""
    if _note not in _installed:
        sys.addaudithook(_note)
        _installed.append(_note)
    _watches.append([])
    try:
        yield
    finally:
        seen = _watches.pop()
    assert not seen, seen


_installed: list[Any] = []
