"""Floor 0: several hands for big arrays.

NumPy lets go of the interpreter's lock inside a ufunc, a copy or a product, so threads that work on different parts of
an array get done sooner. `blocks` cuts an array into parts and `share` deals them out:

    share(lambda rows: np.exp(x[rows], out=y[rows]), blocks(x))

Three habits of the machine would eat up the gain, and are kept from it. A woken thread is often put on the core of the
thread that woke it: each helper has a core of its own, which the caller stays away from meanwhile. A thread that waits
for the interpreter's lock falls asleep, for longer than a ufunc takes: so it is told not to. And BLAS would share out
its products once more, over the same cores: it is told to leave that.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from .backend import Array

T = TypeVar("T")

_SMALLEST = 2**16  # entries of a part: below, waking a helper takes as long as the work it is woken for
_LARGEST = 2**19  # entries of a part: above, what a kernel keeps aside while it works leaves the cache
_AT_MOST = 4  # threads: with more, they wait for the interpreter rather than for memory
_IMPATIENT = 1e-6  # seconds that a thread waits for the interpreter's lock before it asks for it


def _cores() -> list[int]:
    """The cores this process may use; where the system does not say which, as many zeros."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0] * (os.cpu_count() or 1)


class _Helpers:
    """The threads beside the caller's, each bound to a core."""

    def __init__(self) -> None:
        from concurrent.futures import ThreadPoolExecutor  # not needed where arrays are small

        self.cores = _cores()[1:_AT_MOST]
        self.busy = threading.Lock()
        waiting = iter(self.cores)
        self.pool = ThreadPoolExecutor(max(len(self.cores), 1), "minideep", lambda: _stay_on({next(waiting)}))

    def run(self, work: Callable[[], None]) -> None:
        """Do `work` here and in every helper; helpers that have not come when it is done here are sent back."""
        with _undisturbed(self.cores):
            futures = [self.pool.submit(work) for _ in self.cores]
            try:
                work()
            finally:
                late = [future for future in futures if not future.cancel()]
                for future in late:
                    future.result()


@functools.cache
def _blas() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """How to ask and to tell OpenBLAS, which comes with NumPy, its number of threads; None if this is another BLAS."""
    library = ctypes.CDLL(importlib.import_module("numpy._core._multiarray_umath").__file__)
    for name in ("scipy_openblas_{}_num_threads64_", "scipy_openblas_{}_num_threads", "openblas_{}_num_threads"):
        if hasattr(library, name.format("set")):
            return getattr(library, name.format("get")), getattr(library, name.format("set"))
    return None


def _stay_on(cores: set[int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


@contextmanager
def _undisturbed(cores: Iterable[int]) -> Iterator[None]:
    """Keep the calling thread off these cores, waiting threads awake, and BLAS to one thread."""
    interval, allowed = sys.getswitchinterval(), set(_cores())
    threads, set_threads = (blas[0](), blas[1]) if (blas := _blas()) else (1, lambda n: None)
    sys.setswitchinterval(_IMPATIENT)
    _stay_on(allowed.difference(cores) or allowed)
    set_threads(1)
    try:
        yield
    finally:
        set_threads(threads)
        _stay_on(allowed)
        sys.setswitchinterval(interval)


_helpers: _Helpers | None = None


def _forget_helpers() -> None:
    global _helpers
    _helpers = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_helpers)  # threads do not live on in a forked process


def share(work: Callable[[T], Any], parts: Sequence[T]) -> None:
    """Call ``work(part)`` for every part, several at a time; the parts must not write to the same memory.

    >>> done = []
    >>> share(done.append, [1, 2, 3])
    >>> sorted(done)
    [1, 2, 3]
    """
    global _helpers
    if len(parts) > 1:
        _helpers = _helpers or _Helpers()
        if _helpers.cores and _helpers.busy.acquire(blocking=False):
            try:
                left = iter(parts)
                _helpers.run(lambda: _empty(left, work))
            finally:
                _helpers.busy.release()
            return
    for part in parts:
        work(part)


def _empty(left: Iterator[T], work: Callable[[T], Any]) -> None:
    for part in left:
        work(part)


def blocks(x: Array) -> list[slice]:
    """Slices of the first axis that cut an array into parts worth sharing out: one of all, if it is small or on a GPU.

    >>> blocks(np.zeros((4, 3)))
    [slice(0, 4, None)]
    """
    rows = x.shape[0]
    if x.__class__ is not np.ndarray or x.size < 2 * _SMALLEST:
        return [slice(0, rows)]
    count = min(max(-(-x.size // _LARGEST), min(len(_cores()), _AT_MOST, x.size // _SMALLEST)), rows)
    ends = [rows * i // count for i in range(count + 1)]
    return [slice(start, stop) for start, stop in itertools.pairwise(ends)]
