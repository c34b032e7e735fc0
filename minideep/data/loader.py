"""The loader: batches of a dataset, in an order, from this process or from workers."""

from __future__ import annotations

import contextlib
import itertools
import weakref
from collections import abc
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic

from ..backend import Generator, drawing_from
from .collate import default_collate, default_convert
from .dataset import IterableDataset, T
from .fetching import End, Fetcher
from .sampler import BatchSampler, RandomSampler, SequentialSampler, fresh_seed

if TYPE_CHECKING:
    from .workers import Workers

__all__ = ["DataLoader"]

_FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}


class DataLoader(Generic[T]):
    """Batches of a dataset: to go through it is an epoch, to go through it again is the next.

    Whatever is random about an epoch follows from one number, its seed, drawn from `generator` (or minideep's own) when
    the epoch begins: the order of the samples, and what transforms draw from minideep's generator, batch by batch. So
    batches are the same whatever `num_workers` is, and `state_dict` says in a few numbers where an epoch stands.

    `pin_memory`, `pin_memory_device` and `in_order` are accepted for PyTorch's sake, and change nothing.

    >>> loader = DataLoader(range(5), batch_size=2)
    >>> list(loader)
    [tensor([0, 1]), tensor([2, 3]), tensor([4])]
    """

    _initialized = False

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers, multiprocessing_context)
        _check_sampling(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        self.dataset, self.generator, self.drop_last = dataset, generator, drop_last
        self.batch_size = batch_size if batch_sampler is None else None
        self.sampler: Any = sampler if sampler is not None else _default_sampler(dataset, shuffle)
        self.batch_sampler: Any = batch_sampler
        if self.batch_size is not None:
            self.batch_sampler = BatchSampler(self.sampler, self.batch_size, drop_last)
        self._batched = self.batch_sampler is not None
        self.collate_fn = collate_fn or (default_collate if self._batched else default_convert)
        self.num_workers, self.timeout, self.worker_init_fn = num_workers, timeout, worker_init_fn
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.multiprocessing_context, self.persistent_workers = multiprocessing_context, persistent_workers
        self.pin_memory, self.pin_memory_device, self.in_order = pin_memory, pin_memory_device, in_order
        self._workers: Workers | None = None  # those that persist
        self._progress: tuple[int | None, int] = (None, 0)  # the seed of the current epoch, and the batches delivered
        self._resumes = False
        self._initialized = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._initialized and name in _FIXED:
            raise ValueError(f"DataLoader: {name} attribute should not be set after DataLoader is initialized")
        super().__setattr__(name, value)

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self.batch_sampler if self._batched else self.sampler)
        whole, rest = divmod(len(self.dataset), self.batch_size or 1)  # type: ignore[arg-type]
        return whole + (rest > 0 and not self.drop_last)

    # ------------------------------------------------------------------------------------------ epochs

    def __iter__(self) -> Iterator[T]:
        seed, done = self._progress if self._resumes else (None, 0)
        self._resumes = False
        return self._epoch(fresh_seed(self.generator) if seed is None else seed, done)

    def _epoch(self, seed: int, done: int) -> Iterator[Any]:
        """The batches of an epoch after the first `done`; a stream cannot but be gone through from its beginning."""
        tasks, again = self._tasks(seed), 0
        if isinstance(self.dataset, IterableDataset):
            again = done
        else:
            tasks = itertools.islice(tasks, done, None)
        with contextlib.closing(self._fetched(tasks, seed)) as batches:
            self._progress = seed, done
            for number, batch in enumerate(itertools.islice(batches, again, None), done + 1):
                self._progress = seed, number
                yield batch
        self._progress = None, 0

    def _tasks(self, seed: int) -> Iterator[tuple[Any, int]]:
        """What there is to fetch: positions, and the seed of what is random about them."""
        order = Generator().manual_seed(seed)
        with drawing_from(order):
            positions = iter(self.batch_sampler if self._batched else self.sampler)
        for number in itertools.count(1):
            with drawing_from(order):
                index = next(positions, End)
            if index is End:
                return
            yield index, (seed + number * 0x9E3779B97F4A7C15) % 2**63  # far from each other, and never the same

    def _fetched(self, tasks: Iterator[tuple[Any, int]], seed: int) -> abc.Generator[Any, None, None]:
        """What comes of the tasks, in their order."""
        fetcher = partial(Fetcher, self.dataset, self.collate_fn, self._batched, self.drop_last)
        if self.num_workers:
            yield from self._fetched_by_workers(fetcher, tasks, seed)
            return
        fetch = fetcher().fetch
        for task in tasks:
            batch = fetch(*task)
            if batch is End:
                return
            yield batch

    def _fetched_by_workers(self, fetcher: Callable[[], Fetcher], tasks: Iterator[Any], seed: int) -> Iterator[Any]:
        from .workers import Job, Workers, context_named

        workers = self._workers
        if workers is None or not workers.all:
            job = Job(fetcher, self.dataset, self.worker_init_fn, self.num_workers, seed)
            context = context_named(self.multiprocessing_context)
            workers = Workers(job, context, self.prefetch_factor or 1, self.timeout)
            if self.persistent_workers:
                self._workers = workers
                weakref.finalize(self, workers.close)
        try:
            yield from workers.batches(tasks)
        finally:
            if not self.persistent_workers:
                workers.close()

    # ------------------------------------------------------------------------------------------ stopping and going on

    def state_dict(self) -> dict[str, Any]:
        """Where the loader stands: the seed of the epoch it is in, and how many of its batches it has delivered.

        The state of `generator`, from which the seeds of epochs to come are drawn, is in it too. A loader that was
        given none draws them from minideep's own, which belongs to whoever saves all the rest.
        """
        seed, batches = self._progress
        return {"seed": seed, "batches": batches, "generator": self.generator and self.generator.get_state()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand where another loader stood: the next epoch begins in mid-epoch, if that one was there."""
        if set(state) != {"seed", "batches", "generator"}:
            raise ValueError(
                "DataLoader: load_state_dict expects what state_dict returned, with 'seed', 'batches' and 'generator', "
                f"but got {sorted(state)}"
            )
        if (self.generator is None) != (state["generator"] is None):
            one, other = ("the state", "this loader") if self.generator is None else ("this loader", "the state")
            raise ValueError(f"DataLoader: load_state_dict: {one} has a generator of its own, but {other} has not")
        if self.generator is not None:
            self.generator.set_state(state["generator"])
        self._progress = state["seed"], state["batches"]
        self._resumes = True


# ---------------------------------------------------------------------------------------------- settings


def _default_sampler(dataset: Any, shuffle: bool | None) -> Iterable[Any]:
    if isinstance(dataset, IterableDataset):
        return itertools.repeat(None)  # a stream is not asked for positions
    return RandomSampler(dataset) if shuffle else SequentialSampler(dataset)


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool, context: Any
) -> None:
    if num_workers < 0:
        raise ValueError(
            f"DataLoader: num_workers option should be non-negative, but got {num_workers}; 0 loads in this process"
        )
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout option should be non-negative, but got {timeout}")
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"DataLoader: prefetch_factor option should be positive, but got {prefetch_factor}")
    settings = {
        "prefetch_factor": prefetch_factor is not None,
        "persistent_workers": persistent_workers,
        "multiprocessing_context": context is not None,
    }
    for name, given in settings.items():
        if given and not num_workers:
            raise ValueError(f"DataLoader: {name} option needs num_workers > 0: it is about processes that load")
    if context is not None:
        from .workers import context_named

        context_named(context)


def _check_sampling(
    dataset: Any, batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if isinstance(dataset, IterableDataset):
        for name, value in {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}.items():
            if value is not None:
                raise ValueError(
                    f"DataLoader: with IterableDataset: expected unspecified {name} option, but got {name}={value}: a "
                    "stream has no positions to choose among"
                )
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError(
            "DataLoader: batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
        )
    if batch_size is None and drop_last:
        raise ValueError(
            "DataLoader: batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )
