"""Entries for ``minideep.ops.indexing``: ``x[i]`` and ``x[i] = v``."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

ALL = slice(None)


def _distinct(r: Make) -> Iterator[Any]:
    """What a tensor of shape (3, 4, 2) is indexed with; no place is meant twice."""
    yield 1
    yield -1
    yield (2, -1, 0)
    yield slice(1, None)
    yield slice(-9, 9, 2)
    yield (slice(2, 1), 0)
    yield ...
    yield ()
    yield (..., 0)
    yield (1, ..., None)
    yield (None, ALL, None, 2)
    yield [0, 2]
    yield []
    yield np.array(1)
    yield np.array([0, 1], dtype=np.int32)
    yield (np.array([[0], [2]]), np.array([0, 1, 3]))
    yield (np.array([0, 1]), ALL, np.array([1, 0]))
    yield (ALL, np.array([3, 0]), np.array([1, 1]))
    yield (0, ALL, np.array([1, 0]))
    yield (ALL, 2, [1, 0])
    yield (ALL, np.array([1, 2]), ..., np.array([0, 1]))
    yield (np.array([0, 1]), None, np.array([1, 2]))
    yield (None, np.array([0, 2]), slice(1, 3))
    yield (np.array(2), [1, 3])
    yield r.bools(3)
    yield r.bools(3, 4)
    yield r.bools(3, 4, 2)
    yield np.zeros((3, 4, 2), dtype=bool)
    yield (r.bools(3), 0)
    yield (ALL, np.array([True, False, True, True]))
    yield (ALL, np.array([True, False, True, False]), [0, 1])
    yield (1, [True, False, False, True])
    yield True
    yield (False, 0)
    yield (True, [0, 1])
    yield (ALL, True)
    yield np.array(True)


def _indices(r: Make) -> Iterator[Any]:
    yield from _distinct(r)
    yield np.array([2, 0, 2])
    yield np.array([[0, 1], [-1, 2]])
    yield (np.array([0, 2, 2]), np.array([1, 1, -1]))
    yield (0, ALL, np.array([1, 0, 1]))
    yield (ALL, 2, [1, 0, 0])


def _bad_indices(r: Make) -> Iterator[tuple[Any, type[Exception], str]]:
    yield 3, IndexError, "out of bounds"
    yield [0, 5], IndexError, "out of bounds"
    yield (0, 0, 0, 0), IndexError, "too many indices"
    yield (0, 0, 0, [0]), IndexError, "too many indices"
    yield np.array([True, False]), IndexError, "index: boolean index did not match"
    yield ([0, 1], [0, 1, 2]), IndexError, "index: shape mismatch"
    yield slice(None, None, -1), ValueError, "index: the step of a slice must be greater than zero, but got -1"
    yield (0, slice(None, None, 0)), ValueError, "index: the step of a slice must be greater than zero, but got 0"
    yield 1.0, IndexError, "index: expected integers, slices, `...`, None, and tensors, arrays or lists of integers"
    yield {}, IndexError, "but got dict"
    yield r(3), IndexError, "but got Tensor of float64"
    yield slice(1.5, None), TypeError, "slice indices must be integers"


def _element(draw: Draw, size: int, kinds: list[str]) -> Any:
    kind = draw.choice(kinds)
    if kind == "int":
        return draw.integer(-size, size - 1)
    if kind == "slice":
        return slice(draw.integer(-size - 1, size + 1), draw.integer(-size - 1, size + 1), draw.integer(1, 3))
    if kind == "mask":
        return np.array([draw.boolean() for _ in range(size)])
    return np.array([draw.integer(-size, size - 1) for _ in range(3)]) if kind == "positions" else ALL


def _index(draw: Draw, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """An index with at most one mask, whose length no other array would fit."""
    kinds = ["int", "slice", "all", draw.choice(["positions", "mask"])]
    items = []
    for size in shape[: draw.integer(0, len(shape))]:
        items.append(_element(draw, size, kinds))
        kinds = [kind for kind in kinds if kind != "mask"] if kinds[-1] == "mask" else kinds
        if draw.integer(0, 4) == 0:
            items.append(None)
    if draw.boolean():
        items.append(...)
    return tuple(items)


def _reading(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(smallest=1)
    return Sample(r(*shape), _index(draw, shape))


entry(
    "getitem",
    lambda r: [
        *(Sample(r(3, 4, 2), index) for index in _indices(r)),
        Sample(r(), ()),
        Sample(r(), None),
        Sample(r(0, 2), ALL),
    ],
    generated=drawn(_reading),
    errors=lambda r: [
        *(Failure(Sample(r(3, 4, 2), index), error, text) for index, error, text in _bad_indices(r)),
        Failure(Sample(r(), 0), IndexError, "too many indices"),
    ],
    function=operator.getitem,
    torch=operator.getitem,
)


# ---------------------------------------------------------------------------------------------- writing


def _assigned(input: Any, index: Any, value: Any) -> Any:
    """A copy of the input after ``copy[index] = value``: in either library."""
    result = input.clone()
    result[index] = value
    return result


def _writings(r: Make) -> Iterator[Sample]:
    for index in _distinct(r):
        yield Sample(r(3, 4, 2), index, 2.5)
        yield Sample(r(3, 4, 2), index, r())
    parts: list[tuple[Any, tuple[int, ...]]] = [
        (1, (4, 2)),
        (1, (2,)),
        (0, (1, 1, 4, 2)),
        ((..., 0), (3, 4)),
        (slice(1, None), (2, 1, 2)),
        ([0, 2], (2, 4, 2)),
        ([0, 2], (4, 1)),
        ((0, ALL, np.array([1, 0])), (4, 2)),
        ((ALL, 2, [1, 0]), (3, 2)),
        ((None, np.array([0, 2]), slice(1, 3)), (1, 2, 2, 2)),
        (np.array([True, False, True]), (2, 4, 2)),
    ]
    for index, shape in parts:
        yield Sample(r(3, 4, 2), index, r(*shape))
    yield Sample(r(3, 4), 0, r.ints(0, 9, 4))
    yield Sample(r.ints(0, 9, 3, 4), 0, 1.7)
    yield Sample(r(), (), r())
    yield Sample(r(0, 2), ALL, 1.0)


def _writing(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(smallest=1)
    index = tuple(ALL if isinstance(i, np.ndarray) and i.dtype.kind == "i" else i for i in _index(draw, shape))
    masked = any(isinstance(i, np.ndarray) for i in index)
    return Sample(r(*shape), index, r(*draw.stretched(() if masked else np.empty(shape)[index].shape)))


def _bad_values(r: Make) -> Iterator[Failure]:
    fill = "setitem: a value of shape"
    yield Failure(
        Sample(r(3, 4), 0, r(5)), RuntimeError, f"{fill} (5,) does not fill the part to write to, of shape (4,)"
    )
    yield Failure(Sample(r(3, 4), [0, 1], r(3, 2, 4)), RuntimeError, f"{fill} (3, 2, 4) does not fill")
    yield Failure(Sample(r(3, 4), r(3, 4) > -9, r(11)), RuntimeError, f"{fill} (11,) does not fill")
    yield Failure(Sample(r(3, 4), [0], r.ints(0, 9, 4)), RuntimeError, "takes values of the same dtype, not of int64")
    yield Failure(Sample(r(3, 4), 0, "a"), TypeError, "setitem: can't assign a str")
    yield Failure(Sample(r(3, 4), 0, [1, 2, 3, 4]), TypeError, "setitem: can't assign a list")


def _bad_places(r: Make) -> Iterator[Failure]:
    for index, error, text in _bad_indices(r):
        yield Failure(Sample(r(3, 4, 2), index, 1.0), error, text)


entry(
    "setitem",
    _writings,
    generated=drawn(_writing),
    errors=lambda r: [*_bad_values(r), *_bad_places(r)],
    function=_assigned,
    torch=_assigned,
)
