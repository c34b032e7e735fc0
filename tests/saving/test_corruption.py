"""Ten thousand damaged checkpoints: each is refused, or loads as exactly what was saved; nothing is ever executed."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import numpy as np
import pytest

from minideep.saving import LoadError
from tests.saving import pickled
from tests.saving.corruption import bytes_of, checkpoint, damaged, edited, loaded, nothing_executed, same, signed

UNKNOWN = object()


def different(make: Callable[[], bytes], count: int) -> list[bytes]:
    """As many files, no two of them the same."""
    files: dict[bytes, None] = {}
    while len(files) < count:
        files[make()] = None
    return list(files)


def outcomes(variants: Iterable[bytes], original: Any) -> Counter:
    """How many files were refused, and how many loaded; another error, or another content, is a failure."""
    counts = Counter()
    for number, data in enumerate(variants):
        try:
            with nothing_executed():
                result = loaded(data)
        except LoadError:
            counts["refused"] += 1
        else:
            assert original is UNKNOWN or same(result, original), f"file {number} loaded as something else"
            counts["loaded"] += 1
    return counts


def test_ten_thousand_damaged_checkpoints() -> None:
    data, random = bytes_of(checkpoint()), Random(0)
    variants = different(lambda: random.choice([damaged, damaged, edited])(data, random), 10_000)
    counts = outcomes(variants, loaded(data))
    assert counts.total() == 10_000
    assert counts["loaded"] == (data in variants)


def test_checkpoints_that_mean_harm() -> None:
    """Changed and given a digest that fits: only what they say can be checked, and is."""
    data, random = bytes_of(checkpoint()), Random(1)
    variants = different(lambda: signed(random.choice([damaged, edited])(data, random)), 3000)
    counts = outcomes(variants, UNKNOWN)
    assert counts["refused"] > 1000
    assert counts["loaded"] > 30


def test_every_single_bit_counts() -> None:
    """Of the header and of the data: no flip at all goes unnoticed."""
    data = bytes_of({"a": np.arange(6.0), "b": [1, "two"]})
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            with pytest.raises(LoadError):
                loaded(bytes(changed))


def npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, weight=np.arange(6.0).reshape(2, 3), bias=np.array([True, False]))
    return file.getvalue()


def npz_compressed() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, weight=np.arange(60.0).reshape(20, 3), bias=np.array([True, False]))
    return file.getvalue()


def pth() -> bytes:
    weight = pickled.tensor(pickled.storage("0", 6), (2, 3), (3, 1))
    program = pickled.dictionary(weight=weight, epoch=pickled.number(3))
    return pickled.torch_archive(program, {"0": np.arange(6, dtype=np.float32)}, byteorder=b"little")


@pytest.mark.parametrize("make", [npz, npz_compressed, pth])
def test_damaged_archives(make) -> None:
    """Whose checksums notice what is wrong with the content."""
    data, random = make(), Random(1)
    counts = outcomes([damaged(data, random) for _ in range(2000)], loaded(data))
    assert counts["refused"] > 1000


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(6.0).reshape(2, 3))
    return file.getvalue()


def stream() -> bytes:
    weight = pickled.tensor(pickled.storage("0", 6, more=b"N"), (2, 3), (3, 1))
    return pickled.torch_stream(pickled.dictionary(weight=weight), {"0": np.arange(6, dtype=np.float32)})


@pytest.mark.parametrize("make", [npy, stream])
def test_damaged_files_without_checksums(make) -> None:
    """In which nobody can notice another number; but they do nothing else than load or be refused."""
    data, random = make(), Random(2)
    counts = outcomes([damaged(data, random) for _ in range(2000)], UNKNOWN)
    assert counts["refused"] > 1000


def test_damaged_pickles_in_sound_archives() -> None:
    """The instructions changed, and the checksum with them."""
    weight = pickled.tensor(pickled.storage("0", 6), (2, 3), (3, 1))
    values = [
        pickled.call("collections.Counter", b"}" + pickled.text("a") + b"K\x02s"),
        pickled.call("builtins.set", b"](K\x01K\x02e"),
        pickled.call("_codecs.encode", pickled.text("bytes"), pickled.text("latin1")),
        pickled.call("torch.device", pickled.text("cuda"), b"K\x01"),
        pickled.call(
            "numpy.core.multiarray.scalar", pickled.call("numpy.dtype", pickled.text("f8")), b"C\x08" + bytes(8)
        ),
    ]
    program = pickled.dictionary(weight=weight, values=pickled.several(*values))
    random, storages = Random(3), {"0": np.arange(6, dtype=np.float32)}
    loaded(pickled.torch_archive(program, storages))
    variants = [pickled.torch_archive(damaged(program, random), storages) for _ in range(3000)]
    counts = outcomes(variants, UNKNOWN)
    assert counts["refused"] > 1000
