"""What a dataset is, and datasets made of tensors and of other datasets.

A dataset has samples: ``dataset[i]`` is one of them. What can give out many at once says so with
``__getitems__(indices)``, PyTorch's protocol: a list of samples. Here that list may be a `Batch`, which
`default_collate` takes as whole tensors, so that a loader over arrays slices, and never looks at a single sample.
"""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..backend import Generator
from ..construction import as_tensor
from ..ops.arrangement import cat
from ..ops.random import randperm
from ..tensor import Tensor

__all__ = [
    "Batch", "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "Subset", "TensorDataset", "random_split",
]  # fmt: skip

T = TypeVar("T", covariant=True)


class Dataset(Generic[T]):
    """Samples by number: a subclass has ``__getitem__(index)``, and ``__len__()`` wherever its size is asked for."""

    def __getitem__(self, index: Any) -> T:
        raise NotImplementedError(f"{type(self).__name__}: subclasses of Dataset should implement __getitem__")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T]):
    """Samples one after the other, from a stream: a subclass has ``__iter__()``.

    With several workers each has a copy of its own, and goes through all of it unless `get_worker_info()` tells it
    which part is its own.
    """

    def __iter__(self) -> Iterator[T]:
        raise NotImplementedError(f"{type(self).__name__}: subclasses of IterableDataset should implement __iter__")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


# ---------------------------------------------------------------------------------------------- many samples at once


class Batch(Sequence[Any]):
    """The samples of a dataset at some positions: a list to whoever goes through it, and tensors to `default_collate`.

    `columns()` gives what collating all the samples would: for samples (x, y), the tensor of all x and that of all y.
    """

    def __init__(self, dataset: Any, indices: Sequence[int], columns: Callable[[], list[Any]]) -> None:
        self.dataset, self.indices, self.columns = dataset, indices, columns

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, slice):
            return [self.dataset[index] for index in self.indices[position]]
        return self.dataset[self.indices[position]]

    def __len__(self) -> int:
        return len(self.indices)


def samples(dataset: Any, indices: Sequence[Any]) -> Sequence[Any]:
    """The samples at these positions, all at once if the dataset knows how."""
    if _gives_many(type(dataset)):
        found = dataset.__getitems__(indices)
        if len(found) != len(indices):
            raise ValueError(
                f"{type(dataset).__name__}: __getitems__ was asked for {len(indices)} samples, but gave {len(found)}"
            )
        return found
    return [dataset[index] for index in indices]


def _gives_many(kind: type) -> bool:
    """Whether `__getitems__` means the same as `__getitem__`: not if a subclass has put another in its place."""
    many, one = [
        next((place for place, base in enumerate(kind.__mro__) if name in vars(base)), math.inf)
        for name in ("__getitems__", "__getitem__")
    ]
    return many < math.inf and many <= one


# ---------------------------------------------------------------------------------------------- made of tensors


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors (or arrays) of equal length: sample i is the tuple of their rows i.

    >>> data = TensorDataset(np.zeros((5, 2), np.float32), np.arange(5))
    >>> data[3]
    (tensor([0., 0.]), tensor(3))
    """

    def __init__(self, *tensors: Any) -> None:
        self.tensors = tuple([as_tensor(tensor) for tensor in tensors])
        lengths = [len(tensor) for tensor in self.tensors]
        if len(set(lengths)) != 1:
            raise AssertionError(
                f"TensorDataset: Size mismatch between tensors: expected one or more of equal length, but got {lengths}"
            )

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple([tensor[index] for tensor in self.tensors])

    def __getitems__(self, indices: Sequence[int]) -> Batch:
        return Batch(self, indices, lambda: rows(self.tensors, indices))

    def __len__(self) -> int:
        return len(self.tensors[0])


def rows(tensors: Iterable[Tensor], indices: Sequence[int]) -> list[Tensor]:
    """These rows of each tensor."""
    positions = np.asarray(indices, np.int64)
    return [tensor[positions] for tensor in tensors]


# ---------------------------------------------------------------------------------------------- made of datasets


class Subset(Dataset[Any]):
    """The samples of a dataset at `indices`, in that order."""

    def __init__(self, dataset: Dataset[Any], indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        return samples(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[Any]):
    """Datasets one after the other, as one; also written ``first + second``."""

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets: list[Any] = list(datasets)
        if not self.datasets:
            raise AssertionError("ConcatDataset: datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset: does not support IterableDataset; chain them with ChainDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def _place(self, index: int) -> tuple[int, int]:
        """Which dataset a sample is in, and at which position there."""
        if index < -len(self):
            raise ValueError(
                f"ConcatDataset: absolute value of index should not exceed dataset length: got {index} for {len(self)}"
            )
        index = index + len(self) if index < 0 else index
        if index >= len(self):
            raise IndexError(f"ConcatDataset: index {index} is out of range for {len(self)} samples")
        part = bisect.bisect_right(self.cumulative_sizes, index)
        return part, index - (self.cumulative_sizes[part - 1] if part else 0)

    def __getitem__(self, index: int) -> Any:
        part, position = self._place(index)
        return self.datasets[part][position]

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        places = [self._place(index) for index in indices]
        order = sorted(range(len(places)), key=lambda i: places[i][0])  # samples of one dataset side by side
        found = [
            samples(self.datasets[part], [places[i][1] for i in group])
            for part, group in itertools.groupby(order, lambda i: places[i][0])
        ]
        back = np.argsort(order, kind="stable")
        batches = [batch for batch in found if isinstance(batch, Batch)]
        if len(batches) == len(found):
            return Batch(self, indices, lambda: _joined([batch.columns() for batch in batches], back))
        flat = [sample for batch in found for sample in batch]
        return [flat[i] for i in back]


def _joined(parts: list[list[Tensor]], order: np.ndarray) -> list[Tensor]:
    """Columns of several batches, put end to end and then in order."""
    return [cat(column)[order] for column in zip(*parts, strict=True)]


class ChainDataset(IterableDataset[Any]):
    """Streams one after the other, as one; also written ``first + second``."""

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = datasets

    def _streams(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    f"ChainDataset: only supports IterableDataset, but got {type(dataset).__name__}; use ConcatDataset"
                )
            yield dataset

    def __iter__(self) -> Iterator[Any]:
        return itertools.chain.from_iterable(self._streams())

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._streams())


# ---------------------------------------------------------------------------------------------- splitting


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Subsets of these lengths, or of these fractions of all, that share no sample and leave none out.

    Of fractions, what rounding down leaves over goes to the first ones, a sample each.

    >>> train, test = random_split(TensorDataset(np.arange(10)), [0.75, 0.25])
    >>> len(train), len(test)
    (8, 2)
    """
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _of_fractions(len(dataset), lengths)
    if sum(lengths) != len(dataset):
        raise ValueError(
            f"random_split: Sum of input lengths does not equal the length of the input dataset! Got {list(lengths)}, "
            f"which is {sum(lengths)} together, for {len(dataset)} samples"
        )
    indices = randperm(len(dataset), generator=generator).tolist()
    ends = itertools.accumulate(map(int, lengths))
    return [Subset(dataset, indices[end - int(length) : end]) for end, length in zip(ends, lengths, strict=True)]


def _of_fractions(total: int, fractions: Sequence[float]) -> list[int]:
    for position, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"random_split: Fraction at index {position} is not between 0 and 1: got {fraction}")
    lengths = [math.floor(total * fraction) for fraction in fractions]
    for extra in range(total - sum(lengths)):
        lengths[extra % len(lengths)] += 1
    for position, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"random_split: Length of split at index {position} is 0: {total} samples do not go round",
                stacklevel=3,
            )
    return lengths
