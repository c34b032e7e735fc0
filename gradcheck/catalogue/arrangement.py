"""Entries for ``minideep.ops.arrangement``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

# ---------------------------------------------------------------------------------------------- putting together


def _joining(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1)
    dim = draw.dim(len(shape))
    axis = dim % len(shape)
    sides = [draw.integer(0, 3) for _ in range(draw.integer(1, 3))]
    return Sample([r(*shape[:axis], side, *shape[axis + 1 :]) for side in sides], dim)


for name in ("cat", "concat", "concatenate"):
    entry(
        name,
        lambda r: [
            Sample([r(2, 3), r(1, 3)]),
            Sample((r(2, 3), r(2, 1), r(2, 2)), dim=1),
            Sample([r(2, 3), r(2, 2)], -1),
            Sample([r(2), r.ints(0, 9, 3)]),
            Sample([r(2, 3)], 0),
            Sample([r(2, 3), r(0)], 1),
            Sample([r(0), r(0)]),
            Sample([x := r(2), x]),
        ],
        generated=drawn(_joining),
        errors=lambda r: [
            Failure(Sample([]), ValueError, "cat: expected a non-empty list of Tensors"),
            Failure(
                Sample([r(2, 3), r(2)]),
                RuntimeError,
                "cat: expected tensors with at least one dimension, and of the same sizes",
            ),
            Failure(
                Sample([r(2, 3), r(3, 2)], 1), RuntimeError, "except in dimension 1, but the shapes are (2, 3), (3, 2)"
            ),
            Failure(Sample([r()]), RuntimeError, "cat: expected tensors with at least one dimension"),
            Failure(Sample([r(2)], 1), IndexError, "cat: Dimension out of range"),
            Failure(Sample([r(2), 3.0]), TypeError, "cat: expected Tensors"),
        ],
    )


def _stacking(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(most=2)
    return Sample([r(*shape) for _ in range(draw.integer(1, 3))], draw.dim(len(shape) + 1))


entry(
    "stack",
    lambda r: [
        Sample([r(2, 3), r(2, 3)]),
        Sample([r(2, 3), r(2, 3), r(2, 3), r(2, 3)], dim=1),
        Sample([r(2), r(2)], -1),
        Sample([r(), r.ints(0, 9)]),
        Sample([r(0, 2)], 0),
    ],
    generated=drawn(_stacking),
    errors=lambda r: [
        Failure(Sample([]), RuntimeError, "stack: expected a non-empty list of Tensors of the same shape"),
        Failure(Sample([r(2), r(3)]), RuntimeError, "but the shapes are [(2,), (3,)]"),
        Failure(
            Sample([r(2), r(2)], 2),
            IndexError,
            "stack: Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        ),
    ],
)
entry(
    "hstack",
    lambda r: [Sample([r(2), r(3)]), Sample([r(2, 1), r(2, 3)]), Sample([r(), r(2)]), Sample([r(2, 1, 2), r(2, 2, 2)])],
    errors=lambda r: [
        Failure(Sample([]), RuntimeError, "hstack: expected a non-empty list of Tensors"),
        Failure(
            Sample([r(2, 3), r(2)]), RuntimeError, "expected tensors with at least one dimension, and of the same sizes"
        ),
    ],
)
entry(
    "vstack",
    lambda r: [Sample([r(3), r(3)]), Sample([r(1, 3), r(2, 3)]), Sample([r(), r(1)]), Sample([r(3), r(2, 3)])],
    errors=lambda r: [
        Failure(Sample([]), RuntimeError, "vstack: expected a non-empty list of Tensors"),
        Failure(
            Sample([r(2, 3), r(2)]), RuntimeError, "expected tensors with at least one dimension, and of the same sizes"
        ),
    ],
)

# ---------------------------------------------------------------------------------------------- taking apart


def _selecting(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1, smallest=1)
    dim = draw.dim(len(shape))
    return Sample(r(*shape), dim, draw.integer(-shape[dim], shape[dim] - 1))


entry(
    "select",
    lambda r: [Sample(r(2, 3, 4), 1, 2), Sample(r(2, 3), -1, -1), Sample(r(3), 0, 1), Sample(r(2, 0), 0, 1)],
    generated=drawn(_selecting),
    errors=lambda r: [
        Failure(Sample(r(2, 3), 1, 3), IndexError, "out of bounds"),
        Failure(Sample(r(2, 3), 2, 0), IndexError, "select: Dimension out of range"),
        Failure(Sample(r(), 0, 0), IndexError, "select: a tensor without dimensions"),
    ],
)


def _narrowing(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1)
    dim = draw.dim(len(shape))
    start = draw.integer(0, shape[dim])
    return Sample(r(*shape), dim, start, draw.integer(0, shape[dim] - start))


entry(
    "narrow",
    lambda r: [
        Sample(r(2, 3), 1, 1, 2),
        Sample(r(4, 2), 0, -3, 2),
        Sample(r(3), -1, 3, 0),
        Sample(r(3), 0, np.array(1), 1),
    ],
    generated=drawn(_narrowing),
    errors=lambda r: [
        Failure(
            Sample(r(2, 3), 1, 2, 2), RuntimeError, "narrow: start=2 and length=2 go beyond the size 3 of dimension 1"
        ),
        Failure(Sample(r(2, 3), 1, 0, -1), RuntimeError, "narrow: start=0 and length=-1"),
        Failure(Sample(r(2, 3), 2, 0, 1), IndexError, "narrow: Dimension out of range"),
        Failure(Sample(r(), 0, 0, 1), RuntimeError, "narrow: a tensor without dimensions"),
    ],
)


def _splitting(draw: Draw, r: Make) -> Sample:
    sizes = [draw.integer(0, 3) for _ in range(draw.integer(1, 4))]
    if draw.boolean():
        return Sample(r(2, sum(sizes)), sizes, -1)
    return Sample(r(sum(sizes), 2), draw.integer(1, 5), 0)


entry(
    "split",
    lambda r: [
        Sample(r(5, 2), 2),
        Sample(r(2, 5), [1, 0, 4], 1),
        Sample(r(2, 4), 9, dim=-1),
        Sample(r(0, 2), 2),
        Sample(r(0), 0),
    ],
    generated=drawn(_splitting),
    errors=lambda r: [
        Failure(
            Sample(r(3), [1, 1]),
            RuntimeError,
            "split: expected sizes that sum to 3, the size of dimension 0, but got [1, 1]",
        ),
        Failure(Sample(r(3), [4, -1]), RuntimeError, "split: expected sizes that sum to 3"),
        Failure(Sample(r(3), 0), RuntimeError, "split: expected a positive size for the pieces, but got 0"),
        Failure(Sample(r(3), -1), RuntimeError, "split: expected a positive size for the pieces, but got -1"),
        Failure(Sample(r(3), 1, 1), IndexError, "split: Dimension out of range"),
        Failure(Sample(r(), 1), RuntimeError, "split: expected a tensor with at least one dimension"),
    ],
)
entry(
    "chunk",
    lambda r: [
        Sample(r(5, 2), 2),
        Sample(r(2, 5), 4, 1),
        Sample(r(2), 5),
        Sample(r(0), 3),
        Sample(r(3, 2), chunks=2, dim=-1),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape(1))), draw.integer(1, 5), draw.dim(len(shape)))),
    errors=lambda r: [
        Failure(Sample(r(3), 0), RuntimeError, "chunk: expected a positive number of pieces"),
        Failure(
            Sample(r(), 1), RuntimeError, "chunk: expected a positive number of pieces of a tensor with dimensions"
        ),
        Failure(Sample(r(3), 1, 1), IndexError, "chunk: Dimension out of range"),
    ],
)
entry(
    "unbind",
    lambda r: [Sample(r(3, 2)), Sample(r(2, 3), 1), Sample(r(2, 3, 2), dim=-2), Sample(r(3)), Sample(r(0, 2))],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape(1))), draw.dim(len(shape)))),
    errors=lambda r: [
        Failure(Sample(r()), IndexError, "unbind: a tensor without dimensions"),
        Failure(Sample(r(2), 1), IndexError, "Dimension out of range"),
    ],
)

# ---------------------------------------------------------------------------------------------- arranging anew

entry(
    "flip",
    lambda r: [
        Sample(r(2, 3), (0,)),
        Sample(r(2, 3, 2), (0, -1)),
        Sample(r(3), ()),
        Sample(r(), (0,)),
        Sample(r(0, 2), (0, 1)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape())), draw.dims(len(shape)))),
    errors=lambda r: [
        Failure(Sample(r(2, 3), (0, -2)), RuntimeError, "flip: dim 0 appears multiple times"),
        Failure(Sample(r(2, 3), (2,)), IndexError, "flip: Dimension out of range"),
    ],
)


def _rolling(draw: Draw, r: Make) -> Sample:
    shape = draw.shape()
    dims = draw.dims(len(shape))
    return (
        Sample(r(*shape), tuple(draw.integer(-5, 5) for _ in dims), dims)
        if dims
        else Sample(r(*shape), draw.integer(-5, 5))
    )


entry(
    "roll",
    lambda r: [
        Sample(r(2, 3), 1),
        Sample(r(2, 3), -2, 1),
        Sample(r(2, 3), (1, 2), (0, -1)),
        Sample(r(2, 3), (1, 1), dims=(1, 1)),
        Sample(r(2, 3), 7, dims=0),
        Sample(r(), 1),
        Sample(r(0, 2), 1, 0),
    ],
    generated=drawn(_rolling),
    errors=lambda r: [
        Failure(Sample(r(2, 3), (1, 2), (0,)), RuntimeError, "roll: expected one shift for each dimension"),
        Failure(Sample(r(2, 3), (1, 2)), RuntimeError, "roll: expected one shift for each dimension"),
        Failure(Sample(r(2, 3), 1, 2), IndexError, "roll: Dimension out of range"),
        Failure(Sample(r(), 1, 0), IndexError, "roll: Dimension out of range"),
    ],
)


def _repeating(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(most=2)
    return Sample(r(*shape), tuple(draw.integer(0, 3) for _ in range(len(shape) + draw.integer(0, 1))))


entry(
    "repeat",
    lambda r: [
        Sample(r(2, 3), (2, 1)),
        Sample(r(2, 3), (2, 1, 3)),
        Sample(r(3), (1,)),
        Sample(r(2, 3), (0, 1)),
        Sample(r(), (2, 2)),
        Sample(r(), ()),
        Sample(r(0, 2), (2, 2)),
    ],
    generated=drawn(_repeating),
    errors=lambda r: [
        Failure(
            Sample(r(2, 3), (2,)),
            RuntimeError,
            "repeat: expected a number of copies, 0 or more, for each of the 2 dimensions",
        ),
        Failure(Sample(r(3), (-1,)), RuntimeError, "repeat: expected a number of copies, 0 or more"),
    ],
)
entry(
    "tile",
    lambda r: [
        Sample(r(2, 3), (2,)),
        Sample(r(2, 3), (2, 1, 3)),
        Sample(r(3), ()),
        Sample(r(), (2,)),
        Sample(r(2), (0,)),
    ],
    generated=drawn(_repeating),
    errors=lambda r: [Failure(Sample(r(3), (-1,)), RuntimeError, "repeat: expected a number of copies, 0 or more")],
)


def _interleaving(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1)
    dim = draw.dim(len(shape))
    counts = np.array([draw.integer(0, 3) for _ in range(shape[dim])], dtype=np.int64)
    return Sample(r(*shape), counts if draw.boolean() else draw.integer(0, 3), dim)


def _impossible_interleavings(r: Make) -> Iterator[Failure]:
    counts = "repeat_interleave: expected a count, 0 or more, for each of 3 entries"
    yield Failure(Sample(r(3), np.array([1, 2]), 0), RuntimeError, counts)
    yield Failure(Sample(r(3), -1, 0), RuntimeError, counts)
    yield Failure(Sample(r(3), np.array([1, -2, 1]), 0), RuntimeError, counts)
    yield Failure(Sample(r(3), 2, 1), IndexError, "Dimension out of range")
    yield Failure(Sample(r(3), r(3), 0), NotImplementedError, "repeat_interleave: repeats are numbers of copies")
    yield Failure(Sample(r(3), np.array([1, 2, 3]), 0, output_size=5), RuntimeError, "repeat_interleave: output_size=5")


entry(
    "repeat_interleave",
    lambda r: [
        Sample(r(2, 3), 2),
        Sample(r(2, 3), 2, dim=1),
        Sample(r(2, 3), np.array([2, 0, 1]), -1),
        Sample(r(2, 3), np.array([3]), 0),
        Sample(r(2), np.array([1, 2], dtype=np.int32), 0, output_size=3),
        Sample(np.array([1, 0, 2])),
        Sample(r(), 3),
        Sample(r(0, 2), 2, 0),
    ],
    generated=drawn(_interleaving),
    errors=_impossible_interleavings,
)
