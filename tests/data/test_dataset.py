"""Datasets, and datasets made of datasets: the samples they have, one by one and many at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep.data import (
    Batch,
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    default_collate,
    random_split,
)
from minideep.data.dataset import samples


class Squares(Dataset[int]):
    def __init__(self, length: int = 10) -> None:
        self.length = length

    def __getitem__(self, index: int) -> int:
        return index**2

    def __len__(self) -> int:
        return self.length


class Count(IterableDataset[int]):
    def __init__(self, stop: int) -> None:
        self.stop = stop

    def __iter__(self):
        return iter(range(self.stop))

    def __len__(self) -> int:
        return self.stop


def table(length: int, start: int = 0) -> TensorDataset:
    numbers = np.arange(start, start + length)
    return TensorDataset(numbers[:, None] * np.ones(3, np.float32), numbers)


def test_a_dataset_says_what_a_subclass_has_to_have() -> None:
    with pytest.raises(NotImplementedError, match="Dataset: subclasses of Dataset should implement __getitem__"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="IterableDataset: subclasses of IterableDataset should implement"):
        iter(IterableDataset())
    assert not hasattr(Dataset(), "__len__")


def test_tensors_and_arrays_by_row() -> None:
    data = TensorDataset(md.ones(4, 2), np.arange(4))
    x, y = data[2]
    assert x.tolist() == [1, 1]
    assert y.item() == 2
    assert data[-1][1].item() == 3
    assert data[[0, 3]][1].tolist() == [0, 3]
    assert len(data) == 4


@pytest.mark.parametrize(("arrays", "lengths"), [((np.ones(2), np.ones(3)), r"\[2, 3\]"), ((), r"\[\]")])
def test_tensors_of_unequal_length_are_refused(arrays, lengths: str) -> None:
    with pytest.raises(AssertionError, match=f"TensorDataset: Size mismatch between tensors: .* got {lengths}"):
        TensorDataset(*arrays)


# ---------------------------------------------------------------------------------------------- many at once

DATASETS = {
    "tensors": table(12),
    "subset": Subset(table(20), [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]),
    "range subset": Subset(table(20), range(4, 16)),
    "concatenated": table(5) + table(4, 5) + table(3, 9),
    "mixed": ConcatDataset([table(5), Subset(Subset(table(9), range(1, 9)), [7, 0, 3]), table(4)]),
}


@pytest.mark.parametrize("name", DATASETS)
@given(indices=st.lists(st.integers(-12, 11), min_size=1))
def test_many_samples_at_once_are_those_one_by_one(name: str, indices: list[int]) -> None:
    data = DATASETS[name]
    batch = samples(data, indices)
    assert isinstance(batch, Batch)
    expected = [data[i] for i in indices]
    assert len(batch) == len(expected)
    assert [sample[1].item() for sample in batch[1:]] == [sample[1].item() for sample in expected[1:]]
    for mine, other in zip(batch, expected, strict=True):
        assert [part.tolist() for part in mine] == [part.tolist() for part in other]
    for mine, other in zip(default_collate(batch), default_collate(expected), strict=True):
        assert mine.dtype == other.dtype
        assert mine.tolist() == other.tolist()


def test_datasets_that_are_no_arrays_mix_with_those_that_are() -> None:
    both = ConcatDataset([Squares(3), TensorDataset(np.arange(3))])
    found = samples(both, [4, 1, 0, 5])
    assert found[1:3] == [1, 0]
    assert [found[0][0].item(), found[3][0].item()] == [1, 2]


def test_a_subclass_that_changes_samples_is_asked_for_each() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return tuple(2 * part for part in super().__getitem__(index))

    class Shifted(Subset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] + 100

    doubled = Doubled(np.arange(4))
    assert default_collate(samples(doubled, [1, 3]))[0].tolist() == [2, 6]
    assert [x.item() for x in samples(Shifted(doubled, [2, 3]), [0, 1])] == [104, 106]


def test_a_dataset_that_gives_too_few_is_named() -> None:
    class Forgetful(Squares):
        def __getitems__(self, indices):
            return [0]

    with pytest.raises(ValueError, match="Forgetful: __getitems__ was asked for 2 samples, but gave 1"):
        samples(Forgetful(), [1, 2])


# ---------------------------------------------------------------------------------------------- made of datasets


def test_one_after_the_other() -> None:
    both = Squares(3) + Squares(2)
    assert isinstance(both, ConcatDataset)
    assert len(both) == 5
    assert [both[i] for i in range(5)] == [0, 1, 4, 0, 1]
    assert both[-1] == 1
    assert both[-5] == 0
    assert both.cumulative_sizes == [3, 5]
    assert list(both) == [0, 1, 4, 0, 1]


def test_what_cannot_be_concatenated_or_is_not_there() -> None:
    with pytest.raises(AssertionError, match="ConcatDataset: datasets should not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="ConcatDataset: does not support IterableDataset; chain them"):
        ConcatDataset([Squares(), Count(3)])
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length: got -4 for 3"):
        (Squares(1) + Squares(2))[-4]
    with pytest.raises(IndexError, match="ConcatDataset: index 3 is out of range for 3 samples"):
        (Squares(1) + Squares(2))[3]


def test_streams_one_after_the_other() -> None:
    both = Count(2) + Count(3)
    assert isinstance(both, ChainDataset)
    assert list(both) == [0, 1, 0, 1, 2]
    assert len(both) == 5
    with pytest.raises(AssertionError, match="ChainDataset: only supports IterableDataset, but got Squares"):
        list(ChainDataset([Count(1), Squares()]))


def test_a_subset_by_position_and_by_list() -> None:
    subset = Subset(Squares(), [3, 1])
    assert [subset[0], subset[1], len(subset)] == [9, 1, 2]
    assert Subset(table(5), [3, 1])[[1, 0]][1].tolist() == [1, 3]


# ---------------------------------------------------------------------------------------------- splitting


@given(st.integers(2, 200), st.integers(0, 2**32))
def test_a_split_shares_nothing_and_leaves_nothing_out(total: int, seed: int) -> None:
    parts = random_split(Squares(total), [1, total - 1], generator=md.Generator().manual_seed(seed))
    assert [len(part) for part in parts] == [1, total - 1]
    assert sorted(index for part in parts for index in part.indices) == list(range(total))


def test_fractions_are_rounded_down_and_the_rest_goes_round() -> None:
    assert [len(part) for part in random_split(Squares(10), [0.5, 0.25, 0.25])] == [6, 2, 2]
    assert [len(part) for part in random_split(Squares(11), [1 / 3, 1 / 3, 1 / 3])] == [4, 4, 3]
    with pytest.warns(UserWarning, match="random_split: Length of split at index 1 is 0"):
        random_split(Squares(1), [0.9, 0.1])


def test_a_split_follows_from_its_generator() -> None:
    first, second, other = [
        random_split(Squares(50), [25, 25], md.Generator().manual_seed(seed))[0].indices for seed in (1, 1, 2)
    ]
    assert first == second != other


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([3, 4], r"Sum of input lengths does not equal the length of the input dataset! Got \[3, 4\], which is 7"),
        ([1.5, -0.5], "Fraction at index 0 is not between 0 and 1: got 1.5"),
    ],
)
def test_splits_that_do_not_add_up(lengths: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        random_split(Squares(10), lengths)
