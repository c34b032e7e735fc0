"""One batch: from positions in a dataset to what the loader delivers, in this process or in a worker."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..backend import Generator, drawing_from
from .dataset import IterableDataset, samples

__all__ = ["WorkerInfo", "get_worker_info"]


class End:
    """What is fetched where a stream has ended."""


class Fetcher:
    """Fetches the batches of one epoch: of a stream, it goes through it once."""

    def __init__(self, dataset: Any, collate: Callable[[Any], Any], batched: bool, drop_last: bool) -> None:
        self.dataset, self.collate, self.batched, self.drop_last = dataset, collate, batched, drop_last
        self.stream = iter(dataset) if isinstance(dataset, IterableDataset) else None

    def fetch(self, index: Any, seed: int) -> Any:
        """The batch at `index`, a position or a list of them; what is random about it follows from `seed`."""
        with drawing_from(Generator().manual_seed(seed)):
            data = self._samples(index)
            return End if data is End else self.collate(data)

    def _samples(self, index: Any) -> Any:
        if self.stream is None:
            return samples(self.dataset, index) if self.batched else self.dataset[index]
        if not self.batched:
            return next(self.stream, End)
        found = list(itertools.islice(self.stream, len(index)))
        return found if len(found) >= (len(index) if self.drop_last else 1) else End


@dataclass(frozen=True)
class WorkerInfo:
    """Which worker a process is: number `id` of `num_workers`, with a `seed` and a copy of the dataset of its own."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class ThisProcess:
    """What the process that this is does."""

    worker: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a `DataLoader`, which one it is; None anywhere else.

    An `IterableDataset` asks here which part of the stream to give:

        info = get_worker_info()
        numbers = range(1000) if info is None else range(info.id, 1000, info.num_workers)
    """
    return ThisProcess.worker
