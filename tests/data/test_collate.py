"""Collating: the form of a sample is kept, and its numbers become tensors of the right dtype."""

from __future__ import annotations

from collections import OrderedDict, UserDict, UserList, namedtuple
from types import MappingProxyType

import numpy as np
import pytest

import minideep as md
from minideep.data import default_collate, default_convert
from tests.support import needs_torch, torch

Point = namedtuple("Point", "x y")


def test_numbers() -> None:
    for batch, dtype in [
        ([1, 2], md.int64),
        ([1.0, 2.0], md.float64),
        ([True, False], md.bool),
        ([np.float32(1), np.float32(2)], md.float32),
        ([np.float64(1), np.float64(2)], md.float64),
        ([np.uint8(1), np.uint8(2)], md.uint8),
    ]:
        collated = default_collate(batch)
        assert isinstance(collated, md.Tensor)
        assert collated.dtype == dtype
        assert collated.tolist() == batch


@pytest.mark.parametrize("make", [md.tensor, np.array])
def test_tensors_and_arrays_are_stacked(make) -> None:
    collated = default_collate([make([1.0, 2.0]), make([3.0, 4.0])])
    assert collated.tolist() == [[1, 2], [3, 4]]
    assert collated.dtype == make([1.0]).dtype
    assert default_collate([make(1.0), make(2.0)]).shape == (2,)


def test_arrays_of_another_byte_order_and_the_result_belongs_to_no_one_else() -> None:
    arrays = [np.arange(3, dtype=">i4"), np.arange(3, dtype=">i4")]
    collated = default_collate(arrays)
    assert collated.dtype == md.int32
    collated.array[...] = 7
    assert arrays[0].tolist() == [0, 1, 2]


def test_gradients_go_through() -> None:
    x = md.ones(2, requires_grad=True)
    default_collate([x, x * 2]).sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_texts_stay_texts() -> None:
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([b"a", b"b"]) == [b"a", b"b"]


def test_forms_are_kept() -> None:
    assert [x.tolist() for x in default_collate([(1, 2.0), (3, 4.0)])] == [[1, 3], [2, 4]]
    assert type(default_collate([(1, 2), (3, 4)])) is list
    point = default_collate([Point(1, (2, "a")), Point(3, (4, "b"))])
    assert isinstance(point, Point)
    assert point.x.tolist() == [1, 3]
    assert point.y[1] == ("b", "a")[::-1]
    for kind in (dict, OrderedDict, UserDict):
        mapping = default_collate([kind(a=1, b=[2]), kind(a=3, b=[4])])
        assert type(mapping) is kind
        assert mapping["a"].tolist() == [1, 3]
        assert mapping["b"][0].tolist() == [2, 4]
    sequence = default_collate([UserList([1, 2]), UserList([3, 4])])
    assert type(sequence) is UserList
    assert sequence[1].tolist() == [2, 4]


def test_forms_that_cannot_be_made_become_plain_ones() -> None:
    assert default_collate([MappingProxyType({"a": 1}), MappingProxyType({"a": 2})])["a"].tolist() == [1, 2]
    assert [x.tolist() for x in default_collate([range(2), range(1, 3)])] == [[0, 1], [1, 2]]


def test_samples_are_not_changed() -> None:
    samples = [{"a": [1]}, {"a": [2]}]
    default_collate(samples)
    assert samples == [{"a": [1]}, {"a": [2]}]


BATCHES = [
    [1, 2],
    [1.5, 2.0],
    [True, False],
    [np.float16(1), np.float16(2)],
    [np.int8(1), np.int8(2)],
    [np.zeros((2, 3)), np.ones((2, 3))],
    ["a", "b"],
    [(1, "a", (2.0, [3])), (4, "b", (5.0, [6]))],
    [{"a": 1, "b": [np.float32(2)]}, {"a": 3, "b": [np.float32(4)]}],
    [Point(1, (2, 3)), Point(4, (5, 6))],
    [range(3), range(1, 4)],
    [OrderedDict(a=(1,)), OrderedDict(a=(2,))],
]


@needs_torch
@pytest.mark.parametrize("function", ["default_collate", "default_convert"])
@pytest.mark.parametrize("batch", BATCHES, ids=str)
def test_the_result_is_pytorchs(batch: list, function: str) -> None:
    ours, theirs = getattr(md.data, function)(batch), getattr(torch.utils.data, function)(batch)
    assert described(ours) == described(theirs)


def described(value):
    """The kinds of things in it, and of tensors shape, dtype and values."""
    if isinstance(value, dict):
        return type(value).__name__, {key: described(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value).__name__, [described(part) for part in value]
    if hasattr(value, "tolist"):
        return str(value.dtype).rpartition(".")[2], tuple(value.shape), value.tolist()
    return value


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ([object(), object()], TypeError, "default_collate: batch must contain tensors, .* found <class 'object'>"),
        ([None], TypeError, "found <class 'NoneType'>"),
        ([np.array(["a"])], TypeError, "found <U1"),
        ([[1, 2], [3]], RuntimeError, r"default_collate: each element in list of batch .* equal size, .* \[1, 2\]"),
        ([md.ones(2), md.ones(3)], RuntimeError, "same shape"),
        ([np.ones(2), np.ones(3)], RuntimeError, "same shape"),
    ],
)
def test_what_cannot_be_collated(batch, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        default_collate(batch)


def test_converting_makes_tensors_and_no_batch() -> None:
    array = np.arange(3)
    converted = default_convert({"a": array, "b": (1, "x", [np.float32(2)]), "c": Point(array, None)})
    assert isinstance(converted["a"], md.Tensor)
    assert np.shares_memory(converted["a"].numpy(), array)
    number, text, (scalar,) = converted["b"]
    assert (number, text, scalar.item()) == (1, "x", 2.0)
    assert isinstance(converted["c"], Point)
    assert converted["c"].y is None
    strings = np.array(["a"])
    assert default_convert(strings) is strings
    tensor = md.ones(2)
    assert default_convert(tensor) is tensor
