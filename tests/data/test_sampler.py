"""Samplers: which positions they yield, how often, and that they follow from their generator."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep.data import (
    BatchSampler,
    RandomSampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from tests.support import NO_TORCH, torch


def seeded(seed: int) -> md.Generator:
    return md.Generator().manual_seed(seed)


SAMPLERS = {
    "random": lambda g: RandomSampler(range(100), generator=g),
    "replacement": lambda g: RandomSampler(range(100), True, generator=g),
    "subset": lambda g: SubsetRandomSampler(range(50, 150), generator=g),
    "weighted": lambda g: WeightedRandomSampler(range(1, 101), 100, generator=g),
    "weighted without replacement": lambda g: WeightedRandomSampler(range(1, 101), 100, False, generator=g),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_an_order_follows_from_the_generator(name: str) -> None:
    make = SAMPLERS[name]
    sampler, twin, other = make(seeded(3)), make(seeded(3)), make(seeded(4))
    first = list(sampler)
    assert len(first) == len(sampler) == 100
    assert all(type(position) is int for position in first)
    assert first == list(twin)
    assert first != list(other)
    assert first != list(sampler)
    md.manual_seed(7)
    drawn = list(make(None))
    md.manual_seed(7)
    assert drawn == list(make(None))


def test_in_sequence() -> None:
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert len(SequentialSampler("abc")) == 3


@given(st.integers(1, 30), st.integers(1, 100))
def test_without_replacement_each_comes_once_in_a_round(size: int, count: int) -> None:
    drawn = list(RandomSampler(range(size), num_samples=count))
    assert len(drawn) == count
    for start in range(0, count - size + 1, size):
        assert sorted(drawn[start : start + size]) == list(range(size))


def test_with_replacement_all_come_about_equally_often() -> None:
    counts = Counter(RandomSampler(range(10), True, 10_000, seeded(0)))
    assert sorted(counts) == list(range(10))
    assert all(900 < count < 1100 for count in counts.values())


def test_an_order_does_not_depend_on_what_else_is_drawn_meanwhile() -> None:
    md.manual_seed(0)
    undisturbed = list(RandomSampler(range(10), True, 9000))
    md.manual_seed(0)
    disturbed = []
    for position in RandomSampler(range(10), True, 9000):
        disturbed.append(position)
        md.rand(1)
    assert disturbed == undisturbed


def test_a_subset_in_random_order() -> None:
    assert sorted(SubsetRandomSampler([7, 3, 9])) == [3, 7, 9]


def test_weights_are_kept_to() -> None:
    counts = Counter(WeightedRandomSampler([1, 0, 3], 8000, generator=seeded(1)))
    assert counts[1] == 0
    assert abs(counts[2] / counts[0] - 3) < 0.3
    assert sorted(WeightedRandomSampler([1, 5, 2], 3, replacement=False)) == [0, 1, 2]


@given(st.integers(0, 20), st.integers(1, 7), st.booleans())
def test_batches(size: int, batch_size: int, drop_last: bool) -> None:
    sampler = BatchSampler(SequentialSampler(range(size)), batch_size, drop_last)
    batches = list(sampler)
    assert len(batches) == len(sampler)
    assert list(itertools.chain(*batches)) == list(range(sum(map(len, batches))))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    if drop_last:
        assert all(len(batch) == batch_size for batch in batches)
    else:
        assert sum(map(len, batches)) == size


def test_batches_of_anything_that_can_be_gone_through() -> None:
    assert list(BatchSampler(iter("abcde"), 2, False)) == [["a", "b"], ["c", "d"], ["e"]]


REFUSED = {  # message: error, and what raises it in either library
    "RandomSampler: num_samples should be a positive integer value, but got num_samples=0": (
        ValueError,
        lambda data: data.RandomSampler([]),
    ),
    "RandomSampler: num_samples .* got num_samples=1.5": (
        ValueError,
        lambda data: data.RandomSampler("ab", num_samples=1.5),
    ),
    "RandomSampler: replacement should be a boolean value, but got replacement=1": (
        TypeError,
        lambda data: data.RandomSampler("ab", 1),
    ),
    "WeightedRandomSampler: num_samples should be a positive integer value, .*=True": (
        ValueError,
        lambda data: data.WeightedRandomSampler([1], True),
    ),
    "WeightedRandomSampler: replacement should be a boolean value, but got replacement=0": (
        ValueError,
        lambda data: data.WeightedRandomSampler([1], 1, 0),
    ),
    r"weights should be a 1d sequence but given weights have shape \(1, 1\)": (
        ValueError,
        lambda data: data.WeightedRandomSampler([[1]], 1),
    ),
    "BatchSampler: batch_size should be a positive integer value, but got batch_size=0": (
        ValueError,
        lambda data: data.BatchSampler([], 0, False),
    ),
    "BatchSampler: drop_last should be a boolean value, but got drop_last=0": (
        ValueError,
        lambda data: data.BatchSampler([], 1, 0),
    ),
    "Sampler: subclasses of Sampler should implement __iter__": (
        NotImplementedError,
        lambda data: iter(data.Sampler()),
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_settings_that_make_no_sense(message: str) -> None:
    error, make = REFUSED[message]
    with pytest.raises(error, match=message):
        make(md.data)
    if torch is None:
        pytest.skip(NO_TORCH)
    with pytest.raises(error):
        make(torch.utils.data)


def test_the_default_is_as_long_as_the_data_at_that_moment() -> None:
    data = [1, 2]
    sampler = RandomSampler(data)
    data.append(3)
    assert len(sampler) == len(list(sampler)) == 3
    assert np.array_equal(sorted(sampler), [0, 1, 2])
