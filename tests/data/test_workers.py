"""Workers: the same batches in the same order, exceptions that come through, and no process left behind."""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import minideep as md
from minideep import parallel
from minideep.data import DataLoader, Dataset, IterableDataset, get_worker_info
from tests.data.helpers import plain


class Noisy(Dataset):
    def __getitem__(self, index: int):
        return index, md.rand(3), np.full((40, 40), index)

    def __len__(self) -> int:
        return 23


class Pythons(Dataset):
    """What Python's and NumPy's own generators give in a worker."""

    def __getitem__(self, index: int):
        return random.random(), np.random.rand()  # noqa: NPY002

    def __len__(self) -> int:
        return 12


class Shared(IterableDataset):
    """Numbers, of which each worker gives its share."""

    def __init__(self, stop: int) -> None:
        self.stop = stop

    def __iter__(self):
        info = get_worker_info()
        return iter(range(self.stop) if info is None else range(info.id, self.stop, info.num_workers))


class Faulty(Dataset):
    def __init__(self, fault) -> None:
        self.fault = fault

    def __getitem__(self, index: int):
        if index == 5:
            self.fault()
        return index

    def __len__(self) -> int:
        return 8


class Awkward(Exception):
    def __init__(self, first, second) -> None:
        super().__init__(first, second)


def loaded(dataset, workers: int, **settings) -> list:
    generator = md.Generator().manual_seed(4)
    return plain(list(DataLoader(dataset, 3, num_workers=workers, generator=generator, **settings)))


@pytest.fixture(autouse=True)
def no_process_is_left():
    yield
    assert multiprocessing.active_children() == []


# ---------------------------------------------------------------------------------------------- what comes


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_same_whatever_the_number_of_workers(workers: int) -> None:
    assert loaded(Noisy(), workers, shuffle=True) == loaded(Noisy(), 0, shuffle=True)
    assert loaded(Pythons(), workers) == loaded(Pythons(), 1)


def test_results_come_in_order_however_long_they_take() -> None:
    def slow_first(batch):
        time.sleep(0.05 if batch[0] == 0 else 0)
        return batch

    loader = DataLoader(range(12), 2, num_workers=3, collate_fn=slow_first, prefetch_factor=1)
    assert list(itertools.chain(*loader)) == list(range(12))


@pytest.mark.parametrize("method", ["spawn", multiprocessing.get_context("fork")], ids=["by name", "as it is"])
def test_other_ways_to_start_a_process(method) -> None:
    assert loaded(Noisy(), 1, multiprocessing_context=method) == loaded(Noisy(), 0)


def test_streams_are_shared_and_come_in_turn() -> None:
    stream = Shared(8)
    assert list(DataLoader(stream, None)) == list(range(8))
    assert plain(list(DataLoader(stream, 2, num_workers=2))) == [[0, 2], [1, 3], [4, 6], [5, 7]]
    assert plain(list(DataLoader(Shared(7), 2, num_workers=2, drop_last=True))) == [[0, 2], [1, 3], [4, 6]]
    assert plain(list(DataLoader(Shared(1), 2, num_workers=3))) == [[0]]


def test_large_batches_and_large_tasks_do_not_block_each_other() -> None:
    loader = DataLoader(range(400_000), 100_000, num_workers=1, prefetch_factor=4)
    assert [batch[0].item() for batch in loader] == [0, 100_000, 200_000, 300_000]


def test_a_worker_knows_who_it_is() -> None:
    class Who(Dataset):
        def __getitem__(self, index: int):
            info = get_worker_info()
            return info.id, info.num_workers, info.seed, info.dataset is self, os.getpid(), len(parallel._cores())

        def __len__(self) -> int:
            return 4

    started = multiprocessing.get_context("fork").SimpleQueue()
    settings = {"num_workers": 2, "collate_fn": lambda batch: batch[0], "worker_init_fn": started.put}
    first, second, third, fourth = DataLoader(Who(), generator=md.Generator().manual_seed(1), **settings)
    assert (first[:2], second[:2]) == ((0, 2), (1, 2))
    assert second[2] == first[2] + 1
    assert all(sample[3] for sample in (first, second))
    assert len({os.getpid(), first[4], second[4]}) == 3
    assert (third[:5], fourth[:5]) == (first[:5], second[:5])
    assert sorted([started.get(), started.get()]) == [0, 1]
    assert get_worker_info() is None


def test_workers_keep_to_one_thread() -> None:
    class Busy(Dataset):
        def __getitem__(self, index: int):
            ids = set()
            parallel.share(lambda _: ids.add(threading.get_ident()), range(50))
            return len(ids)

        def __len__(self) -> int:
            return 1

    parallel.share(lambda _: None, range(4))  # the parent has threads when it forks
    assert plain(list(DataLoader(Busy(), num_workers=1))) == [[1]]


def test_persistent_workers_stay_and_begin_anew() -> None:
    loader = DataLoader(Noisy(), 3, num_workers=2, persistent_workers=True, generator=md.Generator().manual_seed(4))
    fresh = DataLoader(Noisy(), 3, num_workers=2, generator=md.Generator().manual_seed(4))
    first = plain(list(loader))
    processes = multiprocessing.active_children()
    assert len(processes) == 2
    assert first == plain(list(fresh))
    next(iter(loader))  # an epoch that is given up
    next(iter(fresh))
    assert plain(list(loader)) == plain(list(fresh))
    assert set(multiprocessing.active_children()) == set(processes)

    abandoned, current = iter(loader), iter(loader)
    next(abandoned)
    first = next(current)
    with pytest.raises(RuntimeError, match="persistent workers go through one epoch at a time; another has begun"):
        list(abandoned)
    assert len(list(current)) == len(loader) - len([first])


def test_persistent_workers_go_through_a_stream_again() -> None:
    loader = DataLoader(Shared(4), None, num_workers=2, persistent_workers=True)
    assert list(loader) == list(loader) == [0, 1, 2, 3]


def test_a_forked_process_leaves_its_parents_workers_alone() -> None:
    loader = DataLoader(Shared(4), None, num_workers=1, persistent_workers=True)
    assert len(list(loader)) == 4
    before = multiprocessing.active_children()
    assert len(list(DataLoader(range(2), num_workers=1, worker_init_fn=lambda _: loader._workers.close()))) == 2
    assert multiprocessing.active_children() == before
    assert len(list(loader)) == 4


# ---------------------------------------------------------------------------------------------- what goes wrong


def value_error() -> None:
    raise ValueError("no such sample")


def key_error() -> None:
    {}["missing"]


def awkward() -> None:
    raise Awkward(1, 2)


def local_error() -> None:
    raise type("Local", (Exception,), {})("told nobody")


def stop_iteration() -> None:
    raise StopIteration


@pytest.mark.parametrize(
    ("fault", "error", "texts"),
    [
        (value_error, ValueError, ["Caught ValueError", "in value_error", 'raise ValueError("no such sample")']),
        (key_error, KeyError, ["Caught KeyError", '\n    {}["missing"]', "KeyError: 'missing'"]),
        (awkward, RuntimeError, ["Caught Awkward", "(1, 2)"]),
        (local_error, RuntimeError, ["Caught Local", "told nobody"]),
        (stop_iteration, RuntimeError, ["Caught StopIteration"]),
    ],
    ids=["value", "key", "awkward", "local", "stop"],
)
@pytest.mark.parametrize("persistent", [False, True])
def test_exceptions_come_through_with_their_traceback(fault, error, texts, persistent: bool) -> None:
    loader = DataLoader(Faulty(fault), num_workers=2, persistent_workers=persistent)
    seen = []
    with pytest.raises(error) as caught:
        seen.extend(batch.item() for batch in loader)
    assert seen == [0, 1, 2, 3, 4]
    for text in [*texts, "in DataLoader worker process 1.\nOriginal Traceback (most recent call last):"]:
        assert text in str(caught.value)


def test_what_cannot_be_sent_is_an_error_and_no_hang() -> None:
    loader = DataLoader(range(2), num_workers=1, collate_fn=lambda batch: threading.Lock())
    with pytest.raises(TypeError, match="Caught TypeError in DataLoader worker process 0") as caught:
        list(loader)
    assert "cannot pickle" in str(caught.value)


def test_what_fails_at_the_start_is_told() -> None:
    def fail(worker: int) -> None:
        raise ValueError(f"worker {worker} is unwell")

    with pytest.raises(ValueError, match="worker 0 is unwell"):
        list(DataLoader(range(3), num_workers=2, worker_init_fn=fail))
    with pytest.raises((AttributeError, pickle.PicklingError), match="local object"):
        list(DataLoader(range(3), num_workers=2, worker_init_fn=fail, multiprocessing_context="spawn"))


def test_a_worker_that_dies_is_named() -> None:
    fault = lambda: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
    with pytest.raises(RuntimeError, match=r"worker 1 \(pid\(s\) \d+\) exited unexpectedly, with exit code -9"):
        list(DataLoader(Faulty(fault), num_workers=2))
    loader = DataLoader(Faulty(fault), num_workers=1, persistent_workers=True)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="exited unexpectedly"):
            list(loader)


def test_a_worker_that_takes_too_long_is_named(monkeypatch) -> None:
    from minideep.data import workers

    monkeypatch.setattr(workers, "_PATIENCE", 0.1)
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"DataLoader: timed out after 0\.2 seconds, waiting for worker 1"):
        list(DataLoader(Faulty(lambda: time.sleep(60)), num_workers=2, timeout=0.2))
    assert time.monotonic() - start < 30


# ---------------------------------------------------------------------------------------------- how it ends


def test_an_early_break_ends_the_workers_soon() -> None:
    start = time.monotonic()
    for _ in DataLoader(Noisy(), num_workers=2, prefetch_factor=4):
        assert len(multiprocessing.active_children()) == 2
        break
    assert multiprocessing.active_children() == []
    assert time.monotonic() - start < 4


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux to count what is open")
def test_epochs_leave_nothing_open() -> None:
    loader = DataLoader(range(4), num_workers=2)
    assert len(list(loader)) == 4
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(4):
        assert len(list(loader)) == 4
    assert len(os.listdir("/proc/self/fd")) <= before


def test_an_exception_in_the_loop_ends_the_workers() -> None:
    def train() -> None:
        for _ in DataLoader(Noisy(), num_workers=2):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train()
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs an alarm clock")
def test_an_interrupt_while_waiting_ends_even_those_that_persist() -> None:
    def interrupt(*_) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        loader = DataLoader(Faulty(lambda: time.sleep(0.4)), num_workers=1, persistent_workers=True)
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            list(loader)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert multiprocessing.active_children() == []
    assert len(list(loader)) == 8


SCRIPT = """
import os, signal, sys, time
from minideep.data import DataLoader

def say(word):
    os.write(1, f"{word}\\n".encode())  # in one piece, as several processes talk at once

class Slow:
    def __len__(self): return 100
    def __getitem__(self, index):
        time.sleep(0.02)
        return index

loader = DataLoader(Slow(), num_workers=2, worker_init_fn=lambda worker: say(os.getpid()))
for batch in loader:
    say("batch")
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_no_worker_outlives_a_parent_that_is_ended(sent: signal.Signals) -> None:
    """Ctrl-C reaches the workers too, a kill the parent alone. The script needs no guard; workers print nothing."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SCRIPT], start_new_session=True, **streams) as parent:
        workers, batches = [], 0
        while len(workers) < 2 or not batches:
            line = parent.stdout.readline().strip()
            batches += line == "batch"
            workers += [int(line)] if line != "batch" else []
        (os.killpg if sent == signal.SIGINT else os.kill)(parent.pid, sent)
        errors = parent.communicate(timeout=20)[1]
    assert errors.count("Traceback") == (sent == signal.SIGINT)
    deadline = time.monotonic() + 10
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, workers))


def alive(process: int) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{process}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] != "Z"
    return False
