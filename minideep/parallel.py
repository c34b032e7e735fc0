"""Floor 0: several hands for big arrays.

NumPy lets go of the interpreter's lock inside a ufunc, a copy or a product, so threads that work on different parts of
an array get done sooner. `blocks` cuts an array into parts and `share` deals them out:

    share(lambda rows: np.exp(x[rows], out=y[rows]), blocks(x))

Two habits of the machine would eat up the gain, and are kept from it. A woken thread is often put on the core of the
thread that woke it: so each worker is bound to a core, and only those on other cores than the caller's are woken. And
BLAS would share out its products once more, over the same cores: it is told to leave that.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np

from .backend import Array

T = TypeVar("T")

_SMALLEST = 2**16  # entries of a part: below, waking a worker takes as long as the work it is woken for
_LARGEST = 480_000  # entries of a part: above, what a kernel keeps aside leaves the cache, and BLAS its quickest ways
_AT_MOST = 4  # threads: with more, they wait for the interpreter rather than for memory
_SMALL_BUFFER = 128  # entries of NumPy's buffers that are in no one's way
_PATIENCE = 100  # looks for what workers have not finished yet, before the caller sleeps until they have


def share(work: Callable[[T], Any], parts: Sequence[T], *, long_runs: bool = False) -> None:
    """Call ``work(part)`` for every part, several at a time; the parts must not write to the same memory.

    With `long_runs`, what is broadcast is broadcast over runs of some hundred entries or more: NumPy, which would copy
    it into its buffers first, run by run, for longer than the work itself takes, is told not to.

    >>> done = []
    >>> share(done.append, [1, 2, 3])
    >>> sorted(done)
    [1, 2, 3]
    """
    if len(parts) < 2:
        for part in parts:
            work(part)
        return
    task = _Task(_in_small_buffers(work) if long_runs else work, parts)
    workers = _workers()
    if not workers.all or not workers.free.acquire(blocking=False):
        task.do()
        return
    try:
        with _blas_on_one_thread():
            for tasks in workers.elsewhere():
                tasks.put(task)
            task.do()
    finally:
        workers.free.release()


def hands() -> int:
    """How many threads there are to share with, the caller's among them."""
    return min(len(_cores()), _AT_MOST)


def blocks(x: Array) -> list[slice]:
    """Slices of the first axis that cut an array into parts worth sharing out: one of all, if it is small or on a GPU.

    >>> blocks(np.zeros((4, 3)))
    [slice(0, 4, None)]
    """
    rows = x.shape[0]
    if x.__class__ is not np.ndarray or x.size < 2 * _SMALLEST:
        return [slice(0, rows)]
    count = min(max(-(-x.size // _LARGEST), min(hands(), x.size // _SMALLEST)), rows)
    ends = [rows * i // count for i in range(count + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(ends)]


def keep_to_one_thread() -> None:
    """Share nothing out from now on: this process is one of several that work side by side."""
    global _AT_MOST
    _AT_MOST = 1
    _workers.cache_clear()
    if blas := _blas():
        blas[1](1)


# ---------------------------------------------------------------------------------------------- the work


class _Task:
    """Work on parts, which caller and workers take one after the other until none is left."""

    def __init__(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> None:
        self.work, self.left, self.count = work, iter(parts), len(parts)
        self.outcomes: SimpleQueue[BaseException | None] = SimpleQueue()  # of the parts that workers took

    def do(self) -> None:
        """The caller's share, and the wait for what workers have begun; one that comes too late finds nothing left."""
        mine = 0
        errors: list[BaseException] = []
        try:
            for part in self.left:
                mine += 1
                self.work(part)
        finally:
            mine += sum(1 for _ in self.left)  # if there was an exception, these are left undone
            for _ in range(_PATIENCE):
                if self.outcomes.qsize() == self.count - mine:
                    break
                time.sleep(0)  # being woken takes longer than most waits
            errors += filter(None, [self.outcomes.get() for _ in range(self.count - mine)])
        if errors:
            raise errors[0]

    def join_in(self) -> None:
        for part in self.left:
            try:
                self.work(part)
                self.outcomes.put(None)
            except BaseException as error:  # it is the caller's to raise
                self.outcomes.put(error)


def _in_small_buffers(work: Callable[[T], Any]) -> Callable[[T], Any]:
    def wrapped(part: T) -> None:
        with np.errstate():  # at whose end the size is what it was
            np.setbufsize(_SMALL_BUFFER)
            work(part)

    return wrapped


# ---------------------------------------------------------------------------------------------- the hands


class _Workers:
    """Threads that wait for tasks, each bound to a core."""

    def __init__(self) -> None:
        cores = _cores()[:_AT_MOST]
        self.all = [(core, SimpleQueue[_Task]()) for core in cores] if len(cores) > 1 else []
        self.free = threading.Lock()
        for core, tasks in self.all:
            threading.Thread(target=_serve, args=(core, tasks), name=f"minideep on core {core}", daemon=True).start()

    def elsewhere(self) -> list[SimpleQueue[_Task]]:
        """The tasks of workers that are not on the caller's core."""
        here = _core_of_caller()()
        return [tasks for core, tasks in self.all if core != here][: _AT_MOST - 1]


def _serve(core: int, tasks: SimpleQueue[_Task]) -> None:
    with contextlib.suppress(AttributeError, OSError):  # where there is no such thing, or it is not allowed
        os.sched_setaffinity(0, {core})
    while True:
        tasks.get().join_in()


@functools.cache
def _workers() -> _Workers:
    return _Workers()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_workers.cache_clear)  # threads do not live on in a forked process


def _cores() -> list[int]:
    """The cores this process may use; where the system does not say which, as many zeros."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0] * (os.cpu_count() or 1)


@functools.cache
def _core_of_caller() -> Callable[[], int]:
    """How to ask for the core that the calling thread is on; where the system does not say, the answer is -1."""
    return getattr(ctypes.CDLL(None), "sched_getcpu", lambda: -1) if os.name == "posix" else lambda: -1


@functools.cache
def _blas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How to ask and to tell OpenBLAS, which comes with NumPy, its number of threads; None if this is another BLAS."""
    library = ctypes.CDLL(importlib.import_module("numpy._core._multiarray_umath").__file__)
    for name in ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads"):
        if hasattr(library, name.format("set")):
            return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


@contextlib.contextmanager
def _blas_on_one_thread() -> Iterator[None]:
    threads, set_threads = (blas[0](), blas[1]) if (blas := _blas()) else (1, lambda n: None)
    set_threads(1)
    try:
        yield
    finally:
        set_threads(threads)
