"""The loader in one process: what it delivers, in which order, and that an epoch can be resumed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
)
from tests.data.helpers import plain
from tests.support import NO_TORCH, needs_torch, torch


class Noisy(Dataset):
    """Each sample with a random number beside it, as a random transform would draw it."""

    def __getitem__(self, index: int):
        return index, md.rand(())

    def __len__(self) -> int:
        return 20


class Count(IterableDataset):
    def __init__(self, stop: int) -> None:
        self.stop = stop

    def __iter__(self):
        return iter(range(self.stop))

    def __len__(self) -> int:
        return self.stop


def seeded(seed: int) -> md.Generator:
    return md.Generator().manual_seed(seed)


def shapes(value):
    """Of tensors in nested lists: of each its shape."""
    return [shapes(part) for part in value] if isinstance(value, list) else tuple(getattr(value, "shape", ()))


# ---------------------------------------------------------------------------------------------- batches


@needs_torch
@pytest.mark.parametrize("size", [1, 5, 6, 7])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"batch_size": 3},
        {"batch_size": 3, "drop_last": True},
        {"batch_size": 100},
        {"batch_size": None},
        {"batch_size": 2, "sampler": [-1, 0, 0]},
        {"batch_sampler": [[-1, 0], [0]]},
        {"batch_size": None, "sampler": [[-1, 0], [0]]},
        {"batch_size": 2, "collate_fn": list},
        {"batch_size": 3, "drop_last": True, "stream": True},
        {"batch_size": 3, "stream": True},
        {"batch_size": None, "stream": True},
    ],
    ids=str,
)
def test_batches_are_pytorchs(size: int, settings: dict) -> None:
    settings = dict(settings)
    if settings.pop("stream", False):
        datasets = Count(size), type("Count", (Count, torch.utils.data.IterableDataset), {})(size)
    else:
        x, y = np.arange(2.0 * size).reshape(size, 2), np.arange(size)
        datasets = TensorDataset(x, y), torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
    ours, theirs = DataLoader(datasets[0], **settings), torch.utils.data.DataLoader(datasets[1], **settings)
    assert len(ours) == len(theirs)
    assert ours.batch_size == theirs.batch_size
    assert ours.drop_last == theirs.drop_last
    assert plain(list(ours)) == plain(list(theirs))
    assert shapes(list(ours)) == shapes(list(theirs))


@given(st.integers(1, 50), st.integers(1, 20), st.booleans())
def test_shuffled_batches_hold_everything_once(size: int, batch_size: int, drop_last: bool) -> None:
    data = TensorDataset(np.arange(size)[:, None] * np.ones(3), np.arange(size))
    loader = DataLoader(data, batch_size, shuffle=True, drop_last=drop_last)
    seen = []
    for x, y in loader:
        assert np.array_equal(x.numpy()[:, 0], y.numpy())
        seen += y.tolist()
    assert len(set(seen)) == len(seen) == (size // batch_size * batch_size if drop_last else size)


def test_a_loader_over_arrays_looks_at_no_single_sample(monkeypatch) -> None:
    monkeypatch.setattr(TensorDataset, "__getitem__", None)
    data = TensorDataset(np.ones((10, 3)), np.arange(10))
    (x, y), *_ = DataLoader(Subset(data, range(2, 9)) + data, 4)
    assert x.shape == (4, 3)
    assert y.tolist() == [2, 3, 4, 5]


def test_a_batch_belongs_to_no_one_else() -> None:
    array = np.zeros((4, 2))
    for (batch,) in DataLoader(TensorDataset(array), 2):
        batch.add_(1)
    assert not array.any()


def test_each_epoch_has_an_order_of_its_own_that_follows_from_the_seed() -> None:
    data = TensorDataset(np.arange(30))
    epochs = {}
    for seed in (1, 1, 2):
        loader = DataLoader(data, 7, shuffle=True, generator=seeded(seed))
        first, second = plain(list(loader)), plain(list(loader))
        assert first != second
        assert epochs.setdefault(seed, first) == first
    assert epochs[1] != epochs[2]
    md.manual_seed(5)
    once = plain(list(DataLoader(data, 7, shuffle=True)))
    md.manual_seed(5)
    assert plain(list(DataLoader(data, 7, shuffle=True))) == once


def test_what_samples_draw_follows_from_the_seed_and_disturbs_no_one() -> None:
    md.manual_seed(0)
    expected = plain(list(DataLoader(Noisy(), 4)))
    afterwards = md.rand(1).item()
    md.manual_seed(0)
    found = []
    for batch in DataLoader(Noisy(), 4):
        md.rand(3)  # what a training step draws, between batches
        found += plain([batch])
    assert found == expected
    assert len({number for _, numbers in expected for number in numbers}) == 20
    md.manual_seed(0)
    plain(list(DataLoader(Noisy(), 20)))
    assert md.rand(1).item() == afterwards


def test_an_exception_in_a_dataset_leaves_the_generator_in_its_place() -> None:
    class Broken(Noisy):
        def __getitem__(self, index):
            raise StopIteration  # which must not pass for the end of the epoch

    before = md.backend.default_generator()
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(DataLoader(Broken()))
    assert md.backend.default_generator() is before


# ---------------------------------------------------------------------------------------------- stopping and going on

LOADERS = {
    "shuffled": lambda g: DataLoader(Noisy(), 3, shuffle=True, generator=g),
    "weighted": lambda g: DataLoader(Noisy(), 3, sampler=WeightedRandomSampler(range(20), 20), generator=g),
    "replacement": lambda g: DataLoader(Noisy(), None, sampler=RandomSampler(Noisy(), True), generator=g),
    "batch sampler": lambda g: DataLoader(
        Noisy(), batch_sampler=BatchSampler(RandomSampler(Noisy()), 4, False), generator=g
    ),
    "stream": lambda g: DataLoader(Count(20), 3, generator=g),
    "workers": lambda g: DataLoader(Noisy(), 3, shuffle=True, generator=g, num_workers=2),
    "stream and workers": lambda g: DataLoader(Count(20), 3, generator=g, num_workers=2),
}


@pytest.mark.parametrize(
    ("name", "stop"), [(name, stop) for name in LOADERS for stop in (0, 4) if stop or "workers" not in name]
)
def test_resumed_is_uninterrupted(name: str, stop: int) -> None:
    make = LOADERS[name]
    uninterrupted = make(seeded(8))
    expected = [plain(list(uninterrupted)) for _ in range(3)]

    interrupted = make(seeded(8))
    assert plain(list(interrupted)) == expected[0]
    if stop:
        assert plain(list(itertools.islice(interrupted, stop))) == expected[1][:stop]
    state = interrupted.state_dict()

    resumed = make(seeded(99))
    resumed.load_state_dict(state)
    assert resumed.state_dict() == state
    assert plain(list(resumed)) == expected[1][stop:]
    assert plain(list(resumed)) == expected[2]


def test_after_the_last_batch_nothing_is_left_to_resume() -> None:
    loader = DataLoader(Noisy(), 5, generator=seeded(1))
    for _ in loader:
        state = loader.state_dict()
    loader.load_state_dict(state)
    assert list(loader) == []
    assert len(list(loader)) == 4


def test_a_loader_without_a_generator_leaves_the_state_of_minideeps_own_alone() -> None:
    loader = DataLoader(Noisy(), 5, shuffle=True)
    batches = iter(loader)
    first = plain([next(batches)])
    state = loader.state_dict()
    assert state["generator"] is None
    rest = plain(list(batches))
    again = DataLoader(Noisy(), 5, shuffle=True)
    md.manual_seed(3)
    expected = md.rand(1).item()
    md.manual_seed(3)
    again.load_state_dict(state)
    assert first + plain(list(again)) == first + rest
    assert md.rand(1).item() == expected


def test_states_that_do_not_fit() -> None:
    loader = DataLoader(Noisy())
    with pytest.raises(ValueError, match=r"DataLoader: load_state_dict expects what state_dict returned.*\['epoch'\]"):
        loader.load_state_dict({"epoch": 3})
    with pytest.raises(ValueError, match="the state has a generator of its own, but this loader has not"):
        loader.load_state_dict(DataLoader(Noisy(), generator=seeded(1)).state_dict())
    with pytest.raises(ValueError, match="this loader has a generator of its own, but the state has not"):
        DataLoader(Noisy(), generator=seeded(1)).load_state_dict(loader.state_dict())


# ---------------------------------------------------------------------------------------------- settings

REFUSED = {
    "num_workers option should be non-negative, but got -1": {"num_workers": -1},
    "timeout option should be non-negative, but got -1": {"timeout": -1},
    "prefetch_factor option needs num_workers > 0": {"prefetch_factor": 2},
    "prefetch_factor option should be positive, but got -1": {"prefetch_factor": -1, "num_workers": 1},
    "persistent_workers option needs num_workers > 0": {"persistent_workers": True},
    "multiprocessing_context option needs num_workers > 0": {"multiprocessing_context": "spawn"},
    "should specify a valid start method in .*, but got multiprocessing_context='magic'": {
        "multiprocessing_context": "magic",
        "num_workers": 1,
    },
    "should be a valid context object or a string .* but got multiprocessing_context=3": {
        "multiprocessing_context": 3,
        "num_workers": 1,
    },
    "sampler option is mutually exclusive with shuffle": {"sampler": [1], "shuffle": True},
    "batch_sampler option is mutually exclusive with batch_size, shuffle": {"batch_sampler": [[1]], "batch_size": 2},
    "batch_size=None option disables auto-batching and is mutually": {"batch_size": None, "drop_last": True},
    "batch_size should be a positive integer value, but got batch_size=0": {"batch_size": 0},
    "drop_last should be a boolean value, but got drop_last=1": {"drop_last": 1},
    "with IterableDataset: expected unspecified shuffle option, but got shuffle=True": {"shuffle": True, "stream": 1},
    "with IterableDataset: expected unspecified sampler option": {"sampler": [1], "stream": 1},
    "with IterableDataset: expected unspecified batch_sampler option": {"batch_sampler": [[1]], "stream": 1},
}


@pytest.mark.parametrize("message", REFUSED)
def test_settings_that_make_no_sense(message: str) -> None:
    settings = dict(REFUSED[message])
    stream = settings.pop("stream", False)
    with pytest.raises((ValueError, TypeError), match=message) as ours:
        DataLoader(Count(3) if stream else range(3), **settings)
    if torch is None:
        pytest.skip(NO_TORCH)
    dataset = type("Count", (Count, torch.utils.data.IterableDataset), {})(3) if stream else range(3)
    with pytest.raises(ours.type):
        torch.utils.data.DataLoader(dataset, **settings)


@pytest.mark.parametrize("name", ["batch_size", "batch_sampler", "sampler", "drop_last", "dataset"])
def test_what_is_fixed_from_the_start(name: str) -> None:
    loader = DataLoader(range(3))
    with pytest.raises(ValueError, match=f"DataLoader: {name} attribute should not be set after DataLoader is init"):
        setattr(loader, name, None)
    loader.collate_fn = list
    assert list(loader) == [[0], [1], [2]]


def test_a_stream_without_a_length_has_none() -> None:
    class Endless(IterableDataset):
        def __iter__(self):
            return itertools.count()

    loader = DataLoader(Endless(), 2)
    with pytest.raises(TypeError, match="has no len"):
        len(loader)
    assert plain(list(itertools.islice(loader, 2))) == [[0, 1], [2, 3]]


def test_defaults_are_those_that_samplers_say() -> None:
    assert isinstance(DataLoader(range(3)).sampler, SequentialSampler)
    assert isinstance(DataLoader(range(3), shuffle=True).sampler, RandomSampler)
    loader = DataLoader(range(3), 2, num_workers=1, pin_memory=True, in_order=False)
    assert (loader.prefetch_factor, loader.batch_size, loader.pin_memory) == (2, 2, True)
    assert DataLoader(range(3), batch_sampler=[[1]]).batch_size is None
    assert list(DataLoader([], 2)) == []


def test_a_state_can_be_saved_and_loaded(tmp_path) -> None:
    loader = DataLoader(Noisy(), 4, shuffle=True, generator=seeded(6))
    batches = iter(loader)
    next(batches)
    md.save({"loader": loader.state_dict()}, tmp_path / "checkpoint")
    resumed = DataLoader(Noisy(), 4, shuffle=True, generator=seeded(0))
    resumed.load_state_dict(md.load(tmp_path / "checkpoint")["loader"])
    assert plain(list(resumed)) == plain(list(batches))
    assert plain(list(resumed)) == plain(list(loader))
