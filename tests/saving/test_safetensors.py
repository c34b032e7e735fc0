"""The safetensors format: files of others, and what is said about headers that are not sound."""

from __future__ import annotations

import io
import json
import struct
from typing import Any

import numpy as np
import pytest

import minideep
from minideep.saving import safetensors
from minideep.saving.source import Source
from tests.saving.corruption import bytes_of, checkpoint, loaded, refusal, same, signed
from tests.support import needs_torch


def file_of(header: dict[str, Any] | str, data: bytes = b"") -> bytes:
    text = header.encode() if isinstance(header, str) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(code: Any, shape: Any, *offsets: Any) -> dict[str, Any]:
    return {"dtype": code, "shape": shape, "data_offsets": list(offsets)}


def test_a_file_of_another_writer() -> None:
    """In an order of its own, without a digest, with metadata of its own."""
    header = {
        "b": entry("I16", [2], 8, 12),
        "__metadata__": {"format": "pt", "note": "0"},
        "empty": entry("F32", [0, 3], 8, 8),
        "a.weight": entry("F32", [1, 2], 0, 8),
    }
    result = loaded(file_of(header, struct.pack("<2f2h", 1, 2, 3, 4)))
    expected = {
        "b": minideep.tensor([3, 4], dtype=minideep.int16),
        "empty": minideep.zeros(0, 3),
        "a.weight": minideep.tensor([[1.0, 2.0]]),
    }
    assert same(result, expected)
    assert all(tensor.array.flags.writeable for tensor in result.values())
    assert loaded(file_of("{}   ")) == {}


def test_a_file_without_its_metadata_is_one_of_another_writer() -> None:
    data = bytes_of(checkpoint())
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    del header["__metadata__"]
    result = loaded(file_of(header, data[8 + size :]))
    assert same(result["model_state_dict.layer.weight"], checkpoint()["model_state_dict"]["layer.weight"])
    assert list(result) == list(header)


@needs_torch
def test_what_safetensors_writes(tmp_path) -> None:
    import torch

    writer = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    dtypes = [
        torch.float64,
        torch.float32,
        torch.float16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
    ]
    tensors = {str(dtype): (torch.randn(3, 4) * 100).to(dtype) for dtype in [*dtypes, torch.bool]}
    tensors |= {
        str(bits): torch.tensor([0, 1, 2, 255], dtype=bits) for bits in (torch.uint16, torch.uint32, torch.uint64)
    }
    writer.save_file(tensors, tmp_path / "a", metadata={"epoch": "3"})
    result = minideep.load(tmp_path / "a")
    assert set(result) == set(tensors)
    for name, tensor in tensors.items():
        assert same(result[name].numpy(), tensor.numpy())


@needs_torch
@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_floats_that_numpy_lacks_become_float32(name) -> None:
    """Exactly: every number that there is."""
    import torch

    writer = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    dtype = getattr(torch, name)
    bits = torch.arange(2 ** (8 * dtype.itemsize), dtype=torch.int32)
    every = bits.to(torch.uint16 if dtype.itemsize == 2 else torch.uint8).view(dtype)
    (result,) = loaded(writer.save({"x": every})).values()
    assert result.dtype is minideep.float32
    np.testing.assert_array_equal(result.numpy(), every.float().numpy())


ONE = {"w": entry("F32", [2], 0, 8)}
UNSOUND = {
    "short": (b"\x05\0\0", "first bytes: expected those of a file by minideep, safetensors, NumPy or PyTorch, but got"),
    "nothing": (b"", "first bytes: expected those of a file by .*, but got b''"),
    "pickle": (b"\x80\x04K\x01.", "first bytes: .*: a pickle, which could execute anything"),
    "header cut short": (file_of(ONE)[:20], "safetensors: header: expected 61 bytes at byte 8, but 12 are left"),
    "header too long": (
        b"\0\0\0\0\1\0\0\0{",
        "safetensors: expected a header of at most 100000000 bytes, but it says 4294",
    ),
    "no object": (file_of("{]"), "safetensors: header: not sound JSON: Expecting property name"),
    "more than JSON": (file_of("{} x"), "safetensors: header: not sound JSON: Extra data"),
    "not a number": (file_of('{"w": NaN}'), "safetensors: header: not sound JSON: NaN is no JSON"),
    "deep": (file_of('{"w":' * 100_000), "safetensors: header: not sound JSON: maximum recursion depth"),
    "long number": (file_of('{"w":' + "9" * 5000), "safetensors: header: not sound JSON: Exceeds the limit"),
    "no text": (
        file_of("{}").replace(b"{}", b"{\xff"),
        "safetensors: header: not sound JSON: 'utf-8' codec can't decode",
    ),
    "twice": (file_of('{"w": 1, "w": 1}'), "safetensors: header: not sound JSON: 'w' appears twice"),
    "metadata": (
        file_of({"__metadata__": {"a": 1}}),
        "safetensors: __metadata__: expected texts by name, but got {'a': 1}",
    ),
    "no entry": (file_of({"w": 1}), "safetensors: entry 'w': expected dtype, shape and data_offsets, but got 1"),
    "more fields": (
        file_of({"w": {**ONE["w"], "x": 1}}),
        "safetensors: entry 'w': expected dtype, shape and data_offsets",
    ),
    "dtype": (
        file_of({"w": entry("C64", [1], 0, 8)}),
        "safetensors: entry 'w': expected a dtype among BOOL, .*, but got 'C64'",
    ),
    "size": (
        file_of({"w": entry("F32", [2.0], 0, 8)}),
        r"safetensors: entry 'w': expected a list of sizes .*, but got \[2.0\]",
    ),
    "negative": (
        file_of({"w": entry("F32", [-1], 0, 8)}),
        r"safetensors: entry 'w': expected a list of sizes .* got \[-1\]",
    ),
    "dimensions": (file_of({"w": entry("F32", [1] * 65, 0, 4)}), "safetensors: entry 'w': expected a list of sizes"),
    "offset": (
        file_of({"w": entry("F32", [2], 0)}),
        r"safetensors: entry 'w': expected \[begin, end\] .*, but got \[0\]",
    ),
    "backwards": (
        file_of({"w": entry("F32", [2], 8, 0)}),
        r"safetensors: entry 'w': expected \[begin, end\] .* got \[8, 0\]",
    ),
    "bytes": (
        file_of({"w": entry("F32", [3], 0, 8)}, bytes(8)),
        r"safetensors: entry 'w': F32 of shape \[3\] takes 12 bytes, but data_offsets \[0, 8\] hold 8",
    ),
    "gap": (
        file_of({**ONE, "v": entry("U8", [1], 9, 10)}, bytes(10)),
        "safetensors: entry 'v': expected its data at offset 8, where the one before ends, but data_offsets say 9",
    ),
    "overlap": (
        file_of({**ONE, "v": entry("U8", [1], 7, 8)}, bytes(8)),
        "safetensors: entry 'v': expected its data at offset 8, where the one before ends, but data_offsets say 7",
    ),
    "too little": (file_of(ONE, bytes(7)), "safetensors: the entries take 8 bytes, but 7 follow the header"),
    "too much": (file_of(ONE, bytes(9)), "safetensors: the entries take 8 bytes, but 9 follow the header"),
    "truth": (
        file_of({"w": entry("BOOL", [2], 0, 2)}, b"\1\2"),
        "safetensors: entry 'w': bool: expected bytes of 0 and 1",
    ),
    "emptiness": (
        file_of({"w": entry("F64", [0, 2**62, 4], 0, 0)}),
        "safetensors: entry 'w': .*(too large|too big|exceeds|cannot reshape|maximum)",
    ),
}


@pytest.mark.parametrize(("data", "message"), UNSOUND.values(), ids=UNSOUND)
def test_what_is_refused(data, message) -> None:
    with pytest.raises(minideep.saving.LoadError, match=f"^load: the file is refused: {message}"):
        loaded(data)


def changed(old: str, new: str, obj: Any = (1, 2.5)) -> bytes:
    data = bytes_of(obj)
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


def test_any_change_of_our_own_files_is_noticed() -> None:
    assert "the file was damaged or changed after it was saved: expected the sha256 digest" in refusal(
        changed("2.5", "3.5")
    )
    assert "expected the sha256 digest None, but its content has" in refusal(
        changed("minideep.sha256", "minideep.sha257")
    )
    newer = signed(changed('version":"1"', 'version":"2"'))
    assert refusal(newer).endswith("safetensors: expected minideep.version 1, but got '2': a newer minideep?")


NESTINGS = {
    "no JSON": ("2.5", "2.5.", "Expecting ',' delimiter"),
    "unknown": ("tuple", "quple", "'quple' stands for nothing"),
    "two names": (r"{\"tuple\":[1,2.5]}", r"{\"tuple\":[],\"a\":2}", "too many values to unpack"),
    "no pairs": ("tuple", "dict", "cannot unpack non-iterable int"),
    "no members": ("[1,2.5]", "7", "'int' object is not iterable"),
    "unhashable": ("[1,2.5]", "[[]]", None),
    "no number": (r"\"tuple\":[1,2.5]", r"\"int\":\"z\"", "invalid literal for int"),
    "no entry": (r"\"tuple\":[1,2.5]", r"\"tensor\":[\"w\",\"cpu\"]", "KeyError: 'w'"),
    "no array": (r"\"tuple\":[1,2.5]", r"\"array\":\"w\"", "KeyError: 'w'"),
    "no device": (r"\"tuple\":[1,2.5]", r"\"device\":\"moon\"", "expected one of cpu, cuda"),
}


@pytest.mark.parametrize(("old", "new", "message"), NESTINGS.values(), ids=NESTINGS)
def test_nestings_that_are_not_sound(old, new, message) -> None:
    """As only somebody can write them who also writes a digest that fits."""
    data = changed(old, new)
    header = len(data) - 8
    data = signed(header.to_bytes(8, "little") + data[8:])
    if message is None:
        assert loaded(data) == ([],)
    else:
        text = refusal(data)
        assert text.startswith("load: the file is refused: nesting: not as minideep writes it: ")
        assert message in text


def test_a_nesting_with_a_tensor_of_another_machine() -> None:
    data = changed(r"[\"a\",\"cpu\"]", r"[\"a\",\"moon\"]", {"a": minideep.ones(1)})
    data = signed((len(data) - 8 - 4).to_bytes(8, "little") + data[8:])
    assert "refused: map_location: a tensor was saved on 'moon', which this machine lacks (device: " in refusal(data)
    assert same(loaded(data, map_location="cpu"), {"a": minideep.ones(1)})


def test_a_file_that_shrinks_while_it_is_read() -> None:
    source = Source(io.BytesIO(b"12345678"), 10)
    with pytest.raises(minideep.saving.LoadError, match=r"^all: the file ended 2 bytes early, while it was read$"):
        source.take(10, "all")
    source = Source(io.BytesIO(b"12345678"), 10)
    with pytest.raises(minideep.saving.LoadError, match=r"^all: the file ended early, while it was read$"):
        source.bytes(10, "all")


def test_the_name_of_the_file_is_told(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"no tensors")
    with pytest.raises(
        minideep.saving.LoadError, match=r"^load: '.*/a' is refused: first bytes: .* got b'no tensors'$"
    ):
        minideep.load(tmp_path / "a")
    assert issubclass(minideep.saving.LoadError, RuntimeError)


def test_data_are_aligned() -> None:
    """The widest first, and all from a multiple of eight: others may use the file's memory as it is."""
    data = bytes_of({"a": np.ones(3, bool), "b": np.ones(3), "c": np.ones(1, np.float32)})
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    assert size % 8 == 0
    assert [header[name]["data_offsets"] for name in "abc"] == [[28, 31], [0, 24], [24, 28]]
    assert list(safetensors.read(Source(io.BytesIO(data), len(data)))[0]) == ["a", "b", "c"]
