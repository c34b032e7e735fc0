"""Processes that fetch batches while the training goes on.

Each worker has a pipe of its own. Tasks are dealt out in turn, at most `prefetch` to a worker before its first result
is asked for, and results are taken in that same turn: so their order is the tasks', with no sorting, and no matter how
many workers there are. In a worker, one thread receives tasks and another one sends results, so that neither side ever
waits for a pipe that the other one does not read.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import random
import signal
import sys
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.reduction import ForkingPickler
from queue import SimpleQueue
from typing import Any, NoReturn

import numpy as np

from .. import backend, parallel
from .fetching import End, Fetcher, ThisProcess, WorkerInfo

_PATIENCE = 5.0  # seconds that a worker is given to finish the batch it is at, before it is ended


def context_named(method: Any) -> Any:
    """The way to start processes: of this name, or without one, forked on Linux and as the system does elsewhere.

    A forked worker has everything at once: the arrays, which it shares with its parent as long as neither writes, the
    datasets defined in a notebook, and lambdas; and the script needs no ``if __name__ == "__main__"``. What speaks
    against forking is that threads do not come along, and leave locked what they held: minideep's own threads hold
    nothing while they wait for work (see `parallel`), NumPy's are stopped for the time of the fork.
    """
    if isinstance(method, multiprocessing.context.BaseContext):
        return method
    if method is None:
        return multiprocessing.get_context("fork" if sys.platform == "linux" else None)
    if not isinstance(method, str):
        raise TypeError(
            "DataLoader: multiprocessing_context option should be a valid context object or a string specifying the "
            f"start method, but got multiprocessing_context={method!r}"
        )
    methods = multiprocessing.get_all_start_methods()
    if method not in methods:
        raise ValueError(
            f"DataLoader: multiprocessing_context option should specify a valid start method in {methods!r}, but got "
            f"multiprocessing_context={method!r}"
        )
    return multiprocessing.get_context(method)


@dataclass(frozen=True)
class Job:
    """What all workers of a loader are told when they start."""

    fetcher: Callable[[], Fetcher]
    dataset: Any
    start: Callable[[int], None] | None  # the user's worker_init_fn
    workers: int
    seed: int


class Workers:
    """The workers of a loader."""

    def __init__(self, job: Job, context: Any, prefetch: int, timeout: float) -> None:
        self.prefetch, self.timeout = prefetch, timeout
        self.epoch = 0
        self.home = os.getpid()
        self.all: list[_Worker] = []
        try:
            for number in range(job.workers):
                self.all.append(_Worker(context, job, number))
        except BaseException:
            self.close()
            raise

    def batches(self, tasks: Iterator[tuple[Any, int]]) -> Iterator[Any]:
        """What comes of tasks (positions and a seed), in their order; after an error there are no workers any more."""
        self.epoch = epoch = self.epoch + 1
        try:
            yield from self._epoch(epoch, tasks)
        except GeneratorExit:
            raise  # the epoch is given up, and the workers are none the worse
        except BaseException:
            if self.epoch == epoch:
                self.close()
            raise

    def _epoch(self, epoch: int, tasks: Iterator[tuple[Any, int]]) -> Iterator[Any]:
        for worker in self.all:
            while worker.pending:
                worker.receive(self.timeout)  # of an epoch that was given up
        turns: deque[_Worker] = deque()

        def hand_out(worker: _Worker) -> None:
            for index, seed in itertools.islice(tasks, 1):
                worker.send((epoch, index, seed))
                turns.append(worker)

        for _ in range(self.prefetch):
            for worker in self.all:
                hand_out(worker)
        while turns:
            if self.epoch != epoch:
                raise RuntimeError("DataLoader: persistent workers go through one epoch at a time; another has begun")
            worker = turns.popleft()
            batch = worker.receive(self.timeout)
            if isinstance(batch, _Failure):
                batch.reraise()
            if batch is not End:  # of its part of a stream, after which it gets no more to do
                hand_out(worker)
                yield batch

    def close(self) -> None:
        """End all workers, and wait until they have ended."""
        if os.getpid() != self.home:
            return  # a copy, in a process that was forked
        for worker in self.all:
            with contextlib.suppress(OSError):  # it may have ended already
                worker.connection.send(None)
        for worker in self.all:
            worker.end()
        self.all.clear()


class _Worker:
    """One process, as the loader sees it, and the loader's end of the pipe."""

    def __init__(self, context: Any, job: Job, number: int) -> None:
        self.number, self.pending = number, 0
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, job, number), daemon=True)
        with warnings.catch_warnings():  # Python's about forking where there are threads: see `context_named`
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            self.process.start()
        theirs.close()

    def send(self, task: tuple[int, Any, int]) -> None:
        self.pending += 1
        with contextlib.suppress(OSError):  # it has ended: to be noticed when its result is asked for
            self.connection.send(task)

    def receive(self, timeout: float) -> Any:
        ready = wait([self.connection, self.process.sentinel], timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader: timed out after {timeout} seconds, waiting for worker {self.number}")
        try:
            if self.connection in ready:
                self.pending -= 1
                return self.connection.recv()
        except (EOFError, OSError):
            pass
        self.process.join()
        raise RuntimeError(
            f"DataLoader: worker {self.number} (pid(s) {self.process.pid}) exited unexpectedly, with exit code "
            f"{self.process.exitcode}; if it was killed, the machine may have run out of memory"
        )

    def end(self) -> None:
        self.process.join(_PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.connection.close()


# ---------------------------------------------------------------------------------------------- in the worker


class _Text(str):
    """A message that KeyError, too, prints as it is, line by line."""

    __slots__ = ()
    __repr__ = str.__str__


class _Failure:
    """An exception in a worker: its class, and its traceback as text."""

    def __init__(self, error: Exception, worker: int) -> None:
        name, lines = type(error).__name__, "".join(traceback.format_exception(error))
        self.text = f"Caught {name} in DataLoader worker process {worker}.\nOriginal {lines}"
        # StopIteration would pass for the end of something else.
        self.kind: type[Exception] = RuntimeError if isinstance(error, StopIteration) else type(error)

    def reraise(self) -> NoReturn:
        try:
            error = self.kind(_Text(self.text))
        except Exception:  # the class asks for something other than a message
            error = RuntimeError(self.text)
        raise error from None


def _work(connection: Any, job: Job, number: int) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes: it is for the parent to end the others
    parallel.keep_to_one_thread()  # the cores are for the other workers
    tasks: SimpleQueue[Any] = SimpleQueue()
    results: SimpleQueue[Any] = SimpleQueue()
    stopped = threading.Event()
    for serve in (lambda: _receive(connection, tasks, stopped), lambda: _send(connection, results)):
        threading.Thread(target=serve, daemon=True).start()
    epoch, fetcher = 0, None
    for task in iter(tasks.get, None):
        if stopped.is_set():
            return
        try:
            if not epoch:
                _begin(job, number)
            if fetcher is None or task[0] != epoch:
                epoch, fetcher = task[0], job.fetcher()
            results.put(_packed(_fetched(fetcher, *task[1:])))
        except Exception as error:
            results.put(_packed_failure(_Failure(error, number)))


def _begin(job: Job, number: int) -> None:
    ThisProcess.worker = WorkerInfo(number, job.workers, job.seed + number, job.dataset)
    _seed_all(ThisProcess.worker.seed)
    if job.start is not None:
        job.start(number)


def _fetched(fetcher: Fetcher, index: Any, seed: int) -> Any:
    _seed_all(seed)
    return fetcher.fetch(index, seed)


def _seed_all(seed: int) -> None:
    """Seed Python's and NumPy's own generators too: in a process that does nothing else, they are no one else's."""
    random.seed(seed)
    np.random.seed([seed % 2**32, seed >> 32 & 0xFFFFFFFF])  # noqa: NPY002  people's transforms may draw from it
    backend.manual_seed(seed)


def _packed(result: Any) -> Any:
    return ForkingPickler.dumps(result, 5)


def _packed_failure(failure: _Failure) -> Any:
    try:
        return _packed(failure)
    except Exception:  # the class is known in this process only
        failure.kind = RuntimeError
        return _packed(failure)


def _receive(connection: Any, tasks: SimpleQueue[Any], stopped: threading.Event) -> None:
    """Take tasks from the pipe until there comes None, or the parent is gone."""
    parent: Any = multiprocessing.parent_process()
    with contextlib.suppress(EOFError, OSError):
        while parent.sentinel not in wait([connection, parent.sentinel]):
            task = connection.recv()
            if task is None:
                stopped.set()
            tasks.put(task)
            if task is None:
                return
    os._exit(1)


def _send(connection: Any, results: SimpleQueue[Any]) -> None:
    with contextlib.suppress(OSError):  # no one reads it any more
        while True:
            connection.send_bytes(results.get())
