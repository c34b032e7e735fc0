"""Work shared out to several threads: all of it is done, once, and nothing of the arrangement stays behind."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import sys
import threading
import time

import numpy as np
import pytest

from minideep import parallel

several_cores = pytest.mark.skipif(len(parallel._cores()) < 2, reason="needs two cores")


def circumstances() -> tuple[float, set[int], int]:
    blas = parallel._blas()
    return sys.getswitchinterval(), set(parallel._cores()), blas[0]() if blas else 1


def test_blocks_cover_the_first_axis_in_order() -> None:
    for shape in [(0, 3), (1, 10**6), (5, 3), (1000, 1000), (3, 10**6), (2**22,)]:
        cut = parallel.blocks(np.empty(shape, np.int8))
        ends = [(part.start, part.stop) for part in cut]
        assert ends[0][0] == 0
        assert ends[-1][1] == shape[0]
        assert all(stop == start for (_, stop), (start, _) in itertools.pairwise(ends))


def test_small_arrays_and_those_of_other_libraries_stay_whole() -> None:
    assert len(parallel.blocks(np.empty(1000))) == 1
    assert len(parallel.blocks(np.empty((10**6, 2)).view(np.matrix))) == 1


def test_every_part_is_worked_on_once() -> None:
    counts = np.zeros(1000, int)

    def work(i: int) -> None:
        counts[i] += 1

    parallel.share(work, range(1000))
    assert (counts == 1).all()


@several_cores
def test_parts_are_worked_on_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=10)
    parallel.share(lambda _: both.wait(), range(2))


@several_cores
@pytest.mark.parametrize("culprit", ["caller", "worker"])
def test_an_exception_comes_through_and_leaves_nothing_behind(culprit: str) -> None:
    before, caller, both = circumstances(), threading.get_ident(), threading.Barrier(2, timeout=10)

    def work(_: int) -> None:
        both.wait()
        if (threading.get_ident() == caller) == (culprit == "caller"):
            raise ValueError(culprit)

    with pytest.raises(ValueError, match=culprit):
        parallel.share(work, range(2))
    assert circumstances() == before
    parallel.share(lambda _: None, range(2))


def test_the_caller_does_not_wait_for_a_worker_that_is_busy() -> None:
    done: list[int] = []
    parallel.share(lambda i: parallel.share(done.append, [i, i]), range(4))
    assert sorted(done) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_several_threads_may_share_at_once() -> None:
    sums = np.zeros((4, 50))

    def add_up(row: int) -> None:
        for i in range(50):
            parallel.share(lambda part, i=i: sums.__setitem__((row, i), sums[row, i] + 1), [0])  # type: ignore[misc]
            parallel.share(lambda _: time.sleep(0), range(3))

    before = circumstances()
    threads = [threading.Thread(target=add_up, args=(row,)) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (sums == 1).all()
    assert circumstances() == before


def _side_by_side(results: multiprocessing.SimpleQueue) -> None:
    parallel.keep_to_one_thread()
    threads: set[int] = set()
    parallel.share(lambda _: threads.add(threading.get_ident()), range(50))
    results.put((len(threads), len(parallel.blocks(np.empty((10, 10**5)))), circumstances()[2]))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_process_among_others_keeps_to_one_thread() -> None:
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=_side_by_side, args=(results,))
    process.start()
    process.join(30)
    threads, blocks, blas = results.get()
    assert (threads, blas) == (1, 1)
    assert blocks == -(-(10**6) // parallel._LARGEST)  # for the cache's sake alone


def _child(results: multiprocessing.SimpleQueue) -> None:
    done: list[int] = []
    parallel.share(done.append, range(10))
    results.put(sorted(done))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork.*:DeprecationWarning")
def test_a_forked_process_finds_workers_of_its_own() -> None:
    parallel.share(lambda _: None, range(4))
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    process = context.Process(target=_child, args=(results,))
    process.start()
    process.join(30)
    assert process.exitcode == 0
    assert results.get() == list(range(10))
