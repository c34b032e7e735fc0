"""From samples to tensors: what a `DataLoader` does with the samples of a batch, unless it is told otherwise."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

from .. import backend
from ..construction import as_tensor
from ..ops.arrangement import stack
from ..tensor import Tensor
from .dataset import Batch

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Any) -> Any:
    """Samples put together, in the form that each of them has.

    Tensors and arrays are stacked, numbers become a tensor (floats of float64), texts a list; tuples, lists and
    dictionaries are gone into. A tuple becomes a list.

    >>> default_collate([{"x": as_tensor([0, 0]), "y": "a"}, {"x": as_tensor([1, 2]), "y": "b"}])
    {'x': tensor([[0, 0],
            [1, 2]]), 'y': ['a', 'b']}
    """
    if isinstance(batch, Batch):
        return batch.columns()
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if getattr(first, "dtype", None) and first.dtype.kind in "biuf":  # an array, of any library, or a NumPy number
        return stack([as_tensor(sample) for sample in batch])
    if isinstance(first, float):
        return as_tensor(batch, dtype=backend.float64)
    if isinstance(first, int):
        return as_tensor(batch)
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, Mapping):
        return _mapping_like(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        lengths = {len(sample) for sample in batch}
        if len(lengths) != 1:
            raise RuntimeError(
                f"default_collate: each element in list of batch should be of equal size, but got {sorted(lengths)}"
            )
        return _sequence_like(first, [default_collate(column) for column in zip(*batch, strict=True)])
    found = getattr(first, "dtype", type(first))
    raise TypeError(
        f"default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {found}"
    )


def default_convert(data: Any) -> Any:
    """Arrays as tensors, at any depth of tuples, lists and dictionaries; anything else as it is.

    It takes the place of `default_collate` in a loader that makes no batches.
    """
    if getattr(data, "dtype", None) and data.dtype.kind in "biuf":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _mapping_like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _sequence_like(data, [default_convert(value) for value in data])
    return data


# ---------------------------------------------------------------------------------------------- the same form


def _mapping_like(example: Mapping[Any, Any], content: dict[Any, Any]) -> Any:
    """`content` as a mapping of the kind of `example`, if one can be made of that kind."""

    def changed() -> Any:
        twin: Any = copy.copy(example)
        twin.update(content)
        return twin

    make = changed if isinstance(example, MutableMapping) else lambda: type(example)(content)  # type: ignore[call-arg]
    return _or_plain(make, content)


def _sequence_like(example: Sequence[Any], content: list[Any]) -> Any:
    """`content` as a sequence of the kind of `example`, if one can be made of that kind; a tuple becomes a list."""
    if isinstance(example, tuple):
        return type(example)(*content) if hasattr(example, "_fields") else content

    def changed() -> Any:
        twin: Any = copy.copy(example)
        for position, value in enumerate(content):
            twin[position] = value
        return twin

    make = changed if isinstance(example, MutableSequence) else lambda: type(example)(content)  # type: ignore[call-arg]
    return _or_plain(make, content)


def _or_plain(make: Callable[[], Any], content: Any) -> Any:
    try:
        return make()
    except TypeError:  # not every kind can be copied and changed, nor be made of its content
        return content
