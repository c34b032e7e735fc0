"""NumPy's files: numbers in every form are read, pickled objects never, and bombs do not go off."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import numpy as np
import pytest

import minideep
from tests.saving.corruption import loaded, nothing_executed, refusal, same

DTYPES = "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 float32 float64".split()


def npy(array: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), **options)
    return file.getvalue()


def npz(save: Any = np.savez, **arrays: Any) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def by_hand(header: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2 if version[0] == 1 else 4, "little") + header.encode() + data


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_by_name(save, tmp_path) -> None:
    arrays = {dtype: np.arange(6).reshape(2, 3).astype(dtype) for dtype in DTYPES}
    arrays |= {"columns": np.asfortranarray(np.ones((2, 3))), "number": np.array(3.0), "empty": np.ones((0, 3))}
    save(tmp_path / "a.npz", **arrays, swapped=np.arange(3, dtype=">i4"))
    result = minideep.load(tmp_path / "a.npz")
    assert same(result.pop("swapped"), minideep.tensor([0, 1, 2], dtype=minideep.int32))
    assert same(result, {name: minideep.from_numpy(array) for name, array in arrays.items()})
    assert all(tensor.array.flags.writeable for tensor in result.values())
    assert loaded(npz()) == {}


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_one_array(version) -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert same(loaded(npy(array, version=version)), minideep.from_numpy(array))
    assert same(loaded(npy(array.T, version=version)), minideep.from_numpy(array.T))


HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
BEGINNING = "npy: expected the beginning of an .npy file, but its {} bytes begin with"
UNSOUND = {
    "objects": (npy([{}], allow_pickle=True), "npy: expected an array of numbers, but got dtype '|O'"),
    "fields": (
        npy(np.ones(1, "i4,i4")),
        "npy: expected an array of numbers, but got dtype [('f0', '<i4'), ('f1', '<i4')]",
    ),
    "texts": (npy(["ab"]), "npy: expected an array of numbers, but got dtype '<U2'"),
    "complex": (npy([1j]), "npy: expected an array of numbers, but got dtype '<c16'"),
    "odd": (by_hand(HEADER.replace("f4", "f1"), bytes(8)), "npy: expected an array of numbers, but got dtype '<f1'"),
    "short": (npy([1.0])[:9], BEGINNING.format(9)),
    "header cut": (npy([1.0])[:40], BEGINNING.format(40)),
    "long": (by_hand(" " * 10_001, version=b"\2\0"), BEGINNING.format(10_013)),
    "code": (by_hand("__import__('os').system('true')"), "npy: expected a header with descr, fortran_order and shape"),
    "shape": (by_hand(HEADER.replace("2,", "2 2"), bytes(8)), "npy: expected a shape, but got (2 2)"),
    "long shape": (by_hand(HEADER.replace("2,", "2" * 5000), bytes(8)), "npy: expected a shape, but got (2222"),
    "less": (by_hand(HEADER, bytes(7)), "npy: F32 of shape (2,) takes 8 bytes, but 7 follow the header"),
    "more": (by_hand(HEADER, bytes(9)), "npy: F32 of shape (2,) takes 8 bytes, but 9 follow the header"),
    "huge": (by_hand(HEADER.replace("2,", f"{2**70},")), f"npy: F32 of shape ({2**70},) takes {2**72} bytes, but 0"),
    "emptiness": (by_hand(HEADER.replace("2,", f"0, {2**70}")), "npy: "),
    "truth": (by_hand(HEADER.replace("<f4", "|b1"), b"\1\2"), "npy: bool: expected bytes of 0 and 1"),
}


@pytest.mark.parametrize(("data", "message"), UNSOUND.values(), ids=UNSOUND)
def test_what_is_refused(data, message) -> None:
    with nothing_executed():
        text = refusal(data)
    assert text.startswith(f"load: the file is refused: {message}")


def test_a_header_of_another_writer() -> None:
    data = by_hand("{'descr':'<f4','fortran_order':False,'shape':(1,2)}\n", np.array([1, 2], "<f4").tobytes())
    result = loaded(data)
    assert same(result, minideep.tensor([[1.0, 2.0]]))
    assert result.array.flags.aligned


def test_an_odd_header_takes_no_long_time() -> None:
    assert "expected a header" in refusal(by_hand(HEADER.replace("2,", "1," * 4000)[:-3]))


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_archives_that_are_refused() -> None:
    array = npy([1.0])
    data = zipped(("a.npy", array), ("b.npy", array))
    assert "npz: 'a.txt': expected the beginning of an .npy file" in refusal(zipped(("a.txt", b"text")))
    assert "zip: 'a.npy': expected it once, and stored or deflated" in refusal(
        zipped(("a.npy", array), ("a.npy", array))
    )
    assert "stored or deflated" in refusal(zipped(("a.npy", array), method=zipfile.ZIP_BZIP2))
    assert "zip: the archive is damaged or cut short: " in refusal(data[:-30])
    assert "zip: the archive is damaged or cut short: Bad CRC-32" in refusal(data.replace(array, array[:-1] + b"\1"))
    between = data.index(b"PK\3\4", 1)
    assert "zip: 'a.npy': expected it at byte 0, but" in refusal(data[:between] + bytes(30) + data[between:])
    end = data.index(b"PK\1\2")
    assert re.search(
        "zip: expected the directory|zip: 'a.npy': expected it at", refusal(data[:end] + bytes(30) + data[end:])
    )


def test_a_member_that_is_left_out_of_the_directory() -> None:
    """Of two entries the last, together with what the end of the archive says of them."""
    data = zipped(("a.npy", npy([1.0])), ("b.npy", npy([2.0])))
    first, last, end = data.index(b"PK\1\2"), data.rindex(b"PK\1\2"), data.rindex(b"PK\5\6")
    tail = data[end : end + 8] + b"\1\0\1\0" + (last - first).to_bytes(4, "little") + data[end + 16 :]
    assert "zip: expected the directory of its files at byte" in refusal(data[:last] + tail)


def test_a_bomb() -> None:
    """A file a thousandth of what it would take in memory."""
    data = zipped(("a.npy", bytes(2**27)), method=zipfile.ZIP_DEFLATED)
    assert len(data) < 2**18
    assert "zip: expected at most 200 times the archive's" in refusal(data)
    assert refusal(data).endswith("would take 134217728: a zip bomb?")


def test_more_than_is_told() -> None:
    """A member that inflates to more than its size, with a checksum that fits the part."""
    array, longer = npy([1.0]), npy([1.0]) + bytes(1000)
    data = bytearray(zipped(("a.npy", longer), method=zipfile.ZIP_DEFLATED))
    whole = zipped(("a.npy", array), method=zipfile.ZIP_DEFLATED)
    for marker, offset in ((b"PK\3\4", 14), (b"PK\1\2", 16)):
        here, there = data.index(marker) + offset, whole.index(marker) + offset
        data[here : here + 4] = whole[there : there + 4]
        data[here + 8 : here + 12] = len(array).to_bytes(4, "little")
    assert same(loaded(bytes(data)), {"a": minideep.tensor([1.0], dtype=minideep.float64)})
