"""What comes back is what was saved: bit for bit, in the same containers, sharing the same memory."""

from __future__ import annotations

import io
import math
from collections import Counter, OrderedDict

import numpy as np
import pytest

import minideep
from minideep import saving
from minideep.saving import safetensors
from minideep.saving.source import Source
from tests.saving.corruption import bytes_of, checkpoint, loaded, same
from tests.support import needs_torch

given = pytest.importorskip("hypothesis", reason="hypothesis is not installed").given
from hypothesis import strategies as st  # noqa: E402

DTYPES = [np.dtype(name) for name in "bool uint8 uint16 uint32 uint64 int8 int16 int32 int64".split()]
DTYPES += [np.dtype(name) for name in "float16 float32 float64".split()]


def test_the_checkpoint_of_the_document(tmp_path) -> None:
    path = tmp_path / "file.pth"
    minideep.save(checkpoint(), path)
    assert same(minideep.load(path), checkpoint())
    assert same(minideep.load(str(path), weights_only=True), checkpoint())
    assert [file.name for file in tmp_path.iterdir()] == ["file.pth"]


LAYOUTS = {
    "plain": lambda a: a,
    "by columns": np.asfortranarray,
    "transposed": lambda a: a.T,
    "every other": lambda a: a[::2, 1:],
    "backwards": lambda a: a[::-1, ::-1],
    "broadcast": lambda a: np.broadcast_to(a[0], (3, 4)),
    "one number": lambda a: a[1, 2, ...],
    "empty": lambda a: a[:0],
    "empty inside": lambda a: a[:, None, :0],
    "many dimensions": lambda a: a.reshape((1,) * 60 + a.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_in_every_layout(dtype, layout) -> None:
    array = layout(np.random.default_rng(0).integers(0, 256, 12 * dtype.itemsize, np.uint8).view(dtype).reshape(3, 4))
    array = np.asarray(array > 0) if dtype.kind == "b" else array
    result = loaded(bytes_of({"tensor": minideep.from_numpy(array), "array": array, "scalar": dtype.type(1)}))
    assert same(result, {"tensor": minideep.from_numpy(array), "array": array, "scalar": dtype.type(1)})
    assert result["tensor"].array.flags.writeable
    assert result["tensor"].dtype is dtype


def test_a_model_and_its_optimizer_go_on_from_where_they_were(tmp_path) -> None:
    model = minideep.nn.Sequential(minideep.nn.Linear(3, 4), minideep.nn.BatchNorm1d(4), minideep.nn.Linear(4, 2))
    optimizer = minideep.optim.Adam(model.parameters(), lr=0.01, amsgrad=True)
    scheduler = minideep.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3])
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    data = minideep.randn(5, 3)

    def train() -> list:
        for _ in range(2):
            optimizer.zero_grad()
            model(data).square().sum().backward()
            optimizer.step()
            scheduler.step()
        return [parameter.tolist() for parameter in model.parameters()]

    train()
    minideep.save({name: part.state_dict() for name, part in parts.items()}, tmp_path / "file.pth")
    expected = train()
    for name, state in minideep.load(tmp_path / "file.pth").items():
        parts[name].load_state_dict(state)
    assert train() == expected
    assert type(minideep.load(tmp_path / "file.pth")["model"]) is OrderedDict


def test_other_byte_orders_come_back_as_the_machines() -> None:
    result = loaded(bytes_of(np.array([1.0, 2.0], ">f4")))
    assert same(result, np.array([1.0, 2.0], np.float32))


NUMBERS = [0, -1, 2**53, -(2**53), 2**64, -(10**5000), 0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]
VALUES = [*NUMBERS, math.nan, 1j, complex(-0.0, math.nan), True, False, None, "", 'ü€\0\n"\\', "\ud800", b"", b"\0\xff"]
VALUES += ["0" * 64, (), [], {}, set(), (1, (2.0, [None])), {1, "a", (2, 3)}, OrderedDict(b=1, a=2), Counter("hello")]
VALUES += [{1: 1, "1": 2, (1, "1"): 3, None: 4, 2.5: 5, b"1": 6, 2**70: 7, False: 8, math.inf: 9}]
VALUES += [minideep.float16, np.dtype("bool"), minideep.device("cpu"), minideep.device("cuda", 3), np.float64(0.1)]


@pytest.mark.parametrize("value", VALUES, ids=[type(value).__name__ for value in VALUES])
def test_values(value) -> None:
    assert same(loaded(bytes_of(value)), value)
    assert same(loaded(bytes_of({"a": [value]})), {"a": [value]})


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
keys = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.tuples(st.integers(), st.text())
arrays = st.tuples(st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3)).map(lambda x: np.ones(x[1], x[0]))
nestings = st.recursive(
    leaves | arrays | arrays.map(minideep.from_numpy),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner),
)


@given(nestings)
def test_any_nesting(value) -> None:
    assert same(loaded(bytes_of(value)), value)


def test_tensors_come_without_graph_and_with_memory_of_their_own() -> None:
    leaf = minideep.ones(2, requires_grad=True)
    result = loaded(bytes_of([leaf, leaf * 2]))
    assert same(result, [minideep.ones(2), minideep.ones(2) * 2])
    assert not any(tensor.requires_grad for tensor in result)
    result[0].mul_(3)
    assert leaf.tolist() == [1, 1]
    assert result[1].tolist() == [2, 2]


def test_shared_memory_is_saved_once_and_shared_again() -> None:
    weight = minideep.randn(100, 100)
    shared = {"in": weight, "out": weight.detach(), "array": weight.numpy()}
    data = bytes_of(shared)
    assert len(data) < 1.1 * weight.nbytes
    result = loaded(data)
    assert same(result, shared)
    assert result["in"] is not result["out"]
    result["in"].mul_(2)
    assert same(result["out"], weight * 2)
    assert same(result["array"], (weight * 2).numpy())


def test_what_only_overlaps_is_saved_apart() -> None:
    weight = minideep.arange(4).reshape(2, 2)
    parts = {"all": weight, "row": weight[0], "same row": weight[0], "turned": weight.t(), "none": weight[:0]}
    result = loaded(bytes_of(parts))
    assert same(result, parts)
    result["row"].zero_()
    assert result["same row"].tolist() == [0, 0]
    assert result["all"].tolist() == [[0, 1], [2, 3]]


def test_saving_changes_nothing() -> None:
    before, after = checkpoint(), checkpoint()
    assert bytes_of(after) == bytes_of(before)
    assert same(before, after)


def entries(data: bytes) -> list[str]:
    return list(safetensors.read(Source(io.BytesIO(data), len(data)))[0])


def test_entries_have_readable_names() -> None:
    names = "model_state_dict.layer.weight, model_state_dict.layer.bias, optimizer_state_dict.state.0.step"
    assert entries(bytes_of(checkpoint()))[:3] == names.split(", ")
    assert entries(bytes_of(OrderedDict({"layer.0.weight": minideep.ones(1), "": minideep.zeros(1)}))) == [
        "layer.0.weight",
        "tensor",
    ]
    assert entries(bytes_of(minideep.ones(1))) == ["tensor"]


def test_names_that_would_be_the_same_are_told_apart() -> None:
    one, two, three = minideep.ones(1), minideep.zeros(1), minideep.full((1,), 3.0)
    value = {"a": {"b.c": one, "__metadata__": two}, "a.b": {"c": two.clone()}, "a.b.c": three, "\ud800": one.clone()}
    data = bytes_of(value)
    assert entries(data) == ["a.b.c", "a.__metadata__", "a.b.c_2", "a.b.c_3", "?"]
    assert same(loaded(data), value)
    assert entries(bytes_of({"__metadata__": one})) == ["__metadata___2"]


def test_file_objects() -> None:
    file = io.BytesIO(b"before")
    file.seek(6)
    saving.save([1], file)
    file.seek(6)
    assert saving.load(file) == [1]


def test_what_is_no_file() -> None:
    with pytest.raises(AttributeError, match=r"^save: expected a path or a file object, but got int$"):
        saving.save({}, 5)
    with pytest.raises(AttributeError, match=r"^load: expected a path or a file object, but got int$"):
        saving.load(5)
    with pytest.raises(TypeError, match=r"^load: expected a file opened for bytes \('rb'\), but reading it gave str$"):
        saving.load(io.StringIO("text"))
    with pytest.raises(FileNotFoundError):
        saving.load("no such file")
    with pytest.raises(ValueError, match=r"^load: weights_only=False would execute what the file asks for"):
        saving.load("no such file", weights_only=False)


@needs_torch
def test_others_read_a_state_dict_under_its_own_names(tmp_path) -> None:
    import torch

    torch_files = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    state = OrderedDict({"0.weight": minideep.randn(3, 2), "0.bias": minideep.zeros(3), "1.mask": minideep.ones(2) > 0})
    saving.save(state, tmp_path / "model.safetensors")
    read = torch_files.load_file(tmp_path / "model.safetensors")
    assert set(read) == set(state)
    assert all(torch.equal(read[name], torch.from_numpy(tensor.numpy())) for name, tensor in state.items())
