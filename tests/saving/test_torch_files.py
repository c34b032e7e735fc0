"""PyTorch's files: what `torch.save` writes is read bit for bit, and nothing in it is executed."""

from __future__ import annotations

import io
from collections import Counter, OrderedDict
from typing import Any

import numpy as np
import pytest

import minideep
from minideep import Tensor, backend
from tests.saving import pickled
from tests.saving.corruption import loaded, nothing_executed, refusal, same
from tests.support import needs_torch, torch

both_formats = pytest.mark.parametrize("archive", [True, False], ids=["archive", "stream"])


def saved(obj: Any, archive: bool, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(obj, file, _use_new_zipfile_serialization=archive, **options)
    return file.getvalue()


def translated(value: Any) -> Any:
    """PyTorch's object as ours."""
    if isinstance(value, torch.Tensor):
        value = value.detach()
        return minideep.from_numpy((value if value.dtype not in LACKING else value.float()).numpy().copy())
    if isinstance(value, dict):
        return type(value)({key: translated(member) for key, member in value.items()})
    if isinstance(value, torch.Size):
        return tuple(value)
    if isinstance(value, list | tuple):
        return type(value)(map(translated, value))
    if isinstance(value, torch.device):
        return backend.device(str(value))
    if isinstance(value, torch.dtype):
        return np.dtype(str(value).removeprefix("torch."))
    return value


LACKING = {torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2} if torch else set()
DTYPES = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8 bool uint16 uint32 uint64".split()
DTYPES += ["float8_e4m3fn", "float8_e5m2"]


@needs_torch
@both_formats
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype, archive) -> None:
    tensor = torch.tensor([[0, 1, 3], [2, 1, 7]]).to(getattr(torch, dtype))
    tensors = {"plain": tensor, "turned": tensor.t(), "part": tensor[1:, :2], "one": tensor[1, 2], "none": tensor[:0]}
    assert same(loaded(saved(tensors, archive)), translated(tensors))


@needs_torch
@both_formats
def test_numbers_bit_by_bit(archive) -> None:
    tensor = torch.randint(-(2**62), 2**62, (100,)).view(torch.float64)
    assert same(loaded(saved(tensor, archive)), translated(tensor))


@needs_torch
@both_formats
def test_a_checkpoint(archive, tmp_path) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(2, 3, 2), torch.nn.BatchNorm2d(3), torch.nn.Flatten(), torch.nn.Linear(3, 2)
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 5])
    for _ in range(2):
        model(torch.randn(4, 2, 2, 2)).sum().backward()
        optimizer.step()
        scheduler.step()
    checkpoint = {
        "epoch": 2,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "best_acc": 0.75,
    }
    (tmp_path / "file.pth").write_bytes(saved(checkpoint, archive))
    with nothing_executed():
        minideep.load(tmp_path / "file.pth")
    result = minideep.load(tmp_path / "file.pth")
    assert same(result, translated(checkpoint))
    minideep.save(result, tmp_path / "file.pth")
    assert same(minideep.load(tmp_path / "file.pth"), translated(checkpoint))


@needs_torch
@both_formats
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_other_values(archive, protocol) -> None:
    values = [
        1,
        -1,
        2**40,
        -(2**70),
        10**400,
        0.1,
        float("inf"),
        True,
        None,
        "",
        "ü€\ud800",
        "a" * 300,
        b"",
        b"\0\xff",
        1j,
    ]
    values += [(), (1,), (1, 2, 3, 4), [], {}, {1: 2, (1, "a"): 3, None: 4}, {1, 2}, set(), OrderedDict(a=1)]
    values += [Counter("hello"), torch.Size([1, 2]), torch.device("cpu"), torch.device("cuda", 1), torch.float16]
    values += [b"b" * 300, np.float64(0.5), np.float32(0.5), np.int64(3), np.bool_(True)]
    assert same(loaded(saved(values, archive, pickle_protocol=protocol)), translated(values))


@needs_torch
@both_formats
def test_shared_memory_is_shared(archive) -> None:
    tensor = torch.arange(6.0)
    shared = {
        "all": tensor,
        "twice": tensor,
        "part": tensor[2:4],
        "grid": tensor.view(2, 3).t(),
        "wide": tensor[:1].expand(3),
    }
    result = loaded(saved(shared, archive))
    assert same(result, translated(shared))
    assert result["all"] is result["twice"]
    result["all"].zero_()
    assert not any(tensor.any() for tensor in result.values())


@needs_torch
@both_formats
def test_parameters_come_as_tensors(archive) -> None:
    parameter = torch.nn.Parameter(torch.ones(2))
    leaf = torch.ones(2, requires_grad=True)
    result = loaded(saved([parameter, leaf, leaf * 2], archive))
    assert [type(tensor) for tensor in result] == [Tensor] * 3
    assert not any(tensor.requires_grad for tensor in result)
    result[0].add_(1)
    assert same(result, translated([torch.full((2,), 2.0), leaf, leaf * 2]))


@needs_torch
@both_formats
def test_a_whole_model_is_refused_by_name(archive) -> None:
    data = saved(torch.nn.Linear(1, 1), archive)
    with nothing_executed():
        text = refusal(data)
    assert "the file asks for torch.nn.modules.linear.Linear; only tensors, containers, numbers" in text
    assert text.endswith("are loaded (of a model, its state_dict())")


@needs_torch
@both_formats
@pytest.mark.parametrize("make", ["complex64", "sparse", "array", "storage"])
def test_other_tensors_are_refused(make, archive) -> None:
    values = {
        "complex64": lambda: torch.ones(1, dtype=torch.complex64),
        "sparse": lambda: torch.ones(1).to_sparse(),
        "array": lambda: np.ones(1),
        "storage": lambda: torch.ones(1).untyped_storage(),
    }
    names = {
        "complex64": "asks for torch.ComplexFloatStorage",
        "sparse": "asks for torch._utils._rebuild_sparse_tensor",
        "array": "asks for numpy._core.multiarray._reconstruct",
        "storage": "expected tensors, containers, numbers and texts, but got Storage itself",
    }
    assert names[make] in refusal(saved(values[make](), archive))


# ---------------------------------------------------------------------------------------------- made by hand

SIX = {"0": np.arange(6, dtype=np.float32)}
GRID = pickled.tensor(pickled.storage("0", 6), (2, 3), (3, 1))
GRID_OF_STREAM = pickled.tensor(pickled.storage("0", 6, more=b"N"), (2, 3), (3, 1))


def test_a_file_without_pytorch() -> None:
    grid = minideep.arange(6.0).reshape(2, 3)
    assert same(loaded(pickled.torch_archive(GRID, SIX)), grid)
    assert same(loaded(pickled.torch_stream(GRID_OF_STREAM, SIX)), grid)


def test_the_other_byte_order() -> None:
    swapped = {"0": SIX["0"].byteswap()}
    grid = minideep.arange(6.0).reshape(2, 3)
    assert same(loaded(pickled.torch_archive(GRID, swapped, byteorder=b"big")), grid)
    system = b"}(" + pickled.text("little_endian") + b"\x89u"
    stream = pickled.torch_stream(GRID_OF_STREAM, SIX, system=system)
    data = SIX["0"].tobytes()
    assert stream.endswith(data)
    assert same(loaded(stream[: -len(data)] + swapped["0"].tobytes()), grid)


def archive_of(*arguments: bytes, function: str = "torch._utils._rebuild_tensor_v2") -> bytes:
    return pickled.torch_archive(pickled.call(function, *arguments), SIX)


S, ZERO, SIDES, STEPS = pickled.storage("0", 6), pickled.number(0), b"K\x02K\x03\x86", b"K\x03K\x01\x86"
PLAIN = "expected offset, shape and strides of a plain tensor, but got others"
OUTSIDE = "tensor: expected it inside its storage of 24 bytes, but F32 of shape"
UNSOUND = {
    "behind the end": (
        archive_of(S, b"K\x01", SIDES, STEPS),
        f"{OUTSIDE} (2, 3) with strides (3, 1) at offset 1 is not",
    ),
    "wide": (archive_of(S, ZERO, SIDES, b"K\x03K\x02\x86"), f"{OUTSIDE} (2, 3) with strides (3, 2) at offset 0 is not"),
    "empty outside": (
        archive_of(S, b"K\x07", b"K\0\x85", b"K\x01\x85"),
        f"{OUTSIDE} (0,) with strides (1,) at offset 7",
    ),
    "before the start": (archive_of(S, pickled.number(-1), SIDES, STEPS), PLAIN),
    "backwards": (archive_of(S, b"K\x05", b"K\x02\x85", pickled.number(-1) + b"\x85"), PLAIN),
    "strides": (archive_of(S, ZERO, SIDES, b"K\x03\x85"), "zip() argument 2 is shorter"),
    "no shape": (archive_of(S, ZERO, b"K\x02", STEPS), PLAIN),
    "flags": (archive_of(S, ZERO, SIDES, STEPS, b"N", b"N", b"}" + pickled.text("conj") + b"\x88s"), PLAIN),
    "huge": (
        archive_of(S, ZERO, (b"\x8a\x06" + bytes(5) + b"\1") * 2 + b"\x86", b"K\0K\0\x86"),
        f"tensor: NumPy cannot have shape ({2**40}, {2**40}) with strides (0, 0): ",
    ),
    "no storage": (archive_of(ZERO, ZERO, SIDES, STEPS), "expected a storage with a dtype, but got int"),
    "bytes": (
        archive_of(pickled.storage("0", 24, "torch.UntypedStorage"), ZERO, SIDES, STEPS),
        "expected a storage with a dtype, but got Storage",
    ),
    "no dtype": (
        archive_of(S, ZERO, SIDES, STEPS, b"N", b"N", ZERO, function="torch._utils._rebuild_tensor_v3"),
        "expected a storage and a dtype, but got Storage and int",
    ),
    "parts of entries": (
        archive_of(
            pickled.storage("0", 25, "torch.UntypedStorage"),
            *(ZERO, SIDES, STEPS, b"N", b"N", pickled.name("torch.float32")),
            function="torch._utils._rebuild_tensor_v3",
        ),
        "tensor: expected it inside its storage of 25 bytes, but F32 of shape (2, 3)",
    ),
    "no parameter": (
        archive_of(ZERO, b"N", b"N", function="torch._utils._rebuild_parameter"),
        "expected the tensor of a parameter, but got int",
    ),
    "no reference": (
        pickled.torch_archive(pickled.text("0") + b"Q"),
        "storage: expected a reference to one, but got another",
    ),
    "two descriptions": (
        pickled.torch_archive(pickled.several(S, pickled.storage("0", 5)), SIX),
        "storage: expected '0' to be the same everywhere, but it is described in two ways",
    ),
    "size": (pickled.torch_archive(GRID, {"0": SIX["0"][:5]}), "storage: expected 24 bytes, but got 20"),
    "missing": (
        pickled.torch_archive(GRID),
        "zip: the archive is damaged or cut short: \"There is no item named 'archive/data",
    ),
    "byte order": (
        pickled.torch_archive(GRID, SIX, byteorder=b"middle"),
        "archive: expected one /data.pkl and a known byte order, but got ['archive/data.pkl'] and 'middle'",
    ),
    "two pickles": (
        pickled.torch_archive(GRID, SIX, **{"more/data.pkl": b""}),
        "archive: expected one /data.pkl and a known byte order, but got ['archive/data.pkl', 'archive/more/data.pkl']",
    ),
    "version": (
        pickled.torch_stream(GRID_OF_STREAM, SIX, version=b"K\x02"),
        "stream: expected version 1001 and its byte order at the beginning, but got others",
    ),
    "system": (
        pickled.torch_stream(GRID_OF_STREAM, SIX, system=b"}"),
        "stream: expected version 1001 and its byte order",
    ),
    "keys": (pickled.torch_stream(GRID_OF_STREAM, SIX, keys=b"]"), "stream: expected the storages 0, but got others"),
    "cut short": (pickled.torch_stream(GRID_OF_STREAM, SIX)[:-1], "storage '0': expected 24 bytes at byte"),
    "too long": (
        pickled.torch_stream(GRID_OF_STREAM, SIX) + b"0",
        "stream: expected its end after the storages, but 1 bytes",
    ),
    "outside": (
        pickled.torch_stream(GRID_OF_STREAM, SIX, version=b"NQ"),
        "pickle of the version: byte 18: reference: expected all of the object inside the pickle",
    ),
}


@pytest.mark.parametrize(("data", "message"), UNSOUND.values(), ids=UNSOUND)
def test_what_is_refused(data, message) -> None:
    with nothing_executed():
        assert message in refusal(data)


def test_a_number_repeated_without_end() -> None:
    """As `expand` makes it: it takes no memory."""
    program = pickled.tensor(pickled.storage("0", 6), (2**30, 2**20), (0, 0), 2)
    tensor = loaded(pickled.torch_archive(program, SIX))
    assert tensor.shape == (2**30, 2**20)
    assert tensor[5, 5].item() == 2
