"""Entries for ``minideep.ops.selection``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

# ---------------------------------------------------------------------------------------------- along a dimension


def _gathering(draw: Draw, r: Make) -> tuple[np.ndarray, int, np.ndarray]:
    """A tensor, a dimension, and positions along it."""
    shape = draw.shape(1, smallest=1)
    dim = draw.dim(len(shape))
    sides = [draw.integer(0, n) for n in shape]
    sides[dim] = draw.integer(0, 5)
    return r(*shape), dim, r.ints(0, shape[dim], *sides)


def _gatherings(r: Make) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
    yield r(3, 4), 1, np.array([[3, 0], [1, 1], [2, 2]])
    yield r(3, 4), 0, np.array([[2, 0, 1, 0]])
    yield r(2, 3, 4), -1, r.ints(0, 4, 2, 2, 6)
    yield r(3, 4), 1, np.array([[3, 0], [1, 1]], dtype=np.int32)
    yield r(5), 0, np.array([4, 4, 0])
    yield r(3), 0, np.array(1)
    yield r(), 0, np.array(0)
    yield r(), 0, np.array([0, 0])
    yield r(3, 4), 1, np.zeros((3, 0), dtype=int)


def _bad_gatherings(name: str, r: Make, *more: Any) -> Iterator[Failure]:
    def bad(dim: int, index: np.ndarray, error: type[Exception], text: str) -> Failure:
        return Failure(Sample(r(3, 4), dim, index, *more), error, f"{name}: {text}")

    yield bad(1, np.array([[4]]), RuntimeError, "index 4 is out of range: positions go from 0 to 3")
    yield bad(1, np.array([[-1]]), RuntimeError, "index -1 is out of range")
    yield bad(1, np.array([0]), RuntimeError, "expected an index with 2 dimensions as the input has")
    yield bad(1, np.zeros((4, 1), dtype=int), RuntimeError, "except in dim 1, an index can be no larger than the input")
    yield bad(1, np.zeros((1, 1)), RuntimeError, "expected positions of dtype int64 or int32, but got float64")
    yield bad(2, np.array([[0]]), IndexError, "Dimension out of range")


entry(
    "gather",
    lambda r: [Sample(*call) for call in _gatherings(r)],
    generated=drawn(lambda draw, r: Sample(*_gathering(draw, r))),
    errors=lambda r: [
        *_bad_gatherings("gather", r),
        Failure(Sample(r(3), 0, 1), TypeError, "gather: expected a tensor of positions, but got int"),
    ],
)


def _scatterings(r: Make) -> Iterator[Sample]:
    """Into places that differ: where they repeat, it is open which value stays."""
    yield Sample(r(3, 4), 1, np.array([[3, 0], [1, 2], [2, 0]]), r(3, 2))
    yield Sample(r(3, 4), 0, np.array([[2, 0, 1, 0]]), r(1, 4))
    yield Sample(r(3, 4), 1, np.array([[3, 0]]), r(1, 2))
    yield Sample(r(5), 0, np.array([4, 2, 0]), r(3))
    yield Sample(r(3), 0, np.array(1), r())
    yield Sample(r(), 0, np.array(0), r())


entry(
    "scatter",
    lambda r: [
        *_scatterings(r),
        Sample(r(3, 4), 1, np.array([[3, 0], [1, 1]]), 2.5),
        Sample(r(3, 4), -1, np.array([[3, 0], [1, 1]]), value=2),
        Sample(r(3, 4), 1, index=np.array([[3, 0]]), src=r(1, 2)),
        Sample(r(3, 4), 1, np.zeros((3, 0), dtype=int), 1.0),
        Sample(r.ints(0, 9, 3, 4), 1, np.array([[3, 0]]), r.ints(0, 9, 1, 2)),
    ],
    errors=lambda r: [
        *_bad_gatherings("scatter", r, 1.0),
        Failure(
            Sample(r(3, 4), 1, np.array([[0, 1]])), TypeError, "scatter: expected src, a tensor, or value, a number"
        ),
        Failure(
            Sample(r(3, 4), 1, np.array([[0, 1]]), r(1, 1)),
            RuntimeError,
            "scatter: expected an index no larger than src, (1, 1)",
        ),
        Failure(
            Sample(r(3, 4), 1, np.array([[0, 1]]), r()),
            RuntimeError,
            "scatter: expected an index no larger than src, ()",
        ),
        Failure(
            Sample(r(3, 4), 1, np.array([[0]]), r.ints(0, 2, 1, 1)),
            RuntimeError,
            "scatter: expected src of the input's dtype float64",
        ),
    ],
)


def _scattering(draw: Draw, r: Make) -> Sample:
    input, dim, index = _gathering(draw, r)
    return Sample(input, dim, index, r(*index.shape))


entry(
    "scatter_add",
    lambda r: [
        *_scatterings(r),
        Sample(r(3, 4), 1, np.array([[0, 0, 1], [3, 3, 3]]), r(2, 3)),
        Sample(r(2, 2), 0, np.zeros((5, 2), dtype=int), r(5, 2)),
        Sample(r.ints(0, 9, 4), 0, np.array([1, 1]), r.ints(0, 9, 2)),
    ],
    generated=drawn(_scattering),
    errors=lambda r: [
        *_bad_gatherings("scatter_add", r, r(5, 5)),
        Failure(
            Sample(r(3, 4), 1, np.array([[0, 1]]), 1.0),
            TypeError,
            "scatter_add: argument 'src' must be Tensor, not float",
        ),
        Failure(
            Sample(r(3, 4), 1, np.array([[0, 1]]), r(1, 1)),
            RuntimeError,
            "scatter_add: expected an index no larger than src",
        ),
    ],
)


def _slicing(draw: Draw, r: Make) -> tuple[np.ndarray, int, np.ndarray]:
    shape = draw.shape(1, smallest=1)
    dim = draw.dim(len(shape))
    return r(*shape), dim, r.ints(0, shape[dim], draw.integer(0, 5))


def _slicings(r: Make) -> Iterator[tuple[np.ndarray, int, np.ndarray]]:
    yield r(3, 4), 0, np.array([2, 0, 2])
    yield r(2, 3, 4), -2, np.array([1, 1])
    yield r(3, 4), 1, np.array([3], dtype=np.int32)
    yield r(3, 4), 1, np.array(2)
    yield r(3), 0, np.zeros(0, dtype=int)
    yield r(), 0, np.array([0])


entry(
    "index_select",
    lambda r: [Sample(*call) for call in _slicings(r)],
    generated=drawn(lambda draw, r: Sample(*_slicing(draw, r))),
    errors=lambda r: [
        Failure(Sample(r(3, 4), 0, np.array([3])), IndexError, "index_select: index 3 is out of range"),
        Failure(Sample(r(3, 4), 0, np.array([-1])), IndexError, "index_select: index -1 is out of range"),
        Failure(Sample(r(3, 4), 0, np.array([[0]])), IndexError, "index_select: expected a vector of positions"),
        Failure(Sample(r(3, 4), 0, r(1)), RuntimeError, "index_select: expected positions of dtype int64 or int32"),
        Failure(Sample(r(3, 4), 2, np.array([0])), IndexError, "index_select: Dimension out of range"),
    ],
)


def _adding(call: tuple[np.ndarray, int, np.ndarray], r: Make, **options: Any) -> Sample:
    input, dim, index = call
    shape = list(input.shape)
    if shape:
        shape[dim] = index.size
    return Sample(input, dim, index, r(*shape), **options)


def _bad_additions(r: Make) -> Iterator[Failure]:
    wants = "index_add: adding 2 slices to float64 (3, 4) along dim 0 wants a source of shape (2, 4)"
    yield Failure(Sample(r(3, 4), 0, np.array([0, 1]), r(3, 4)), RuntimeError, wants)
    yield Failure(Sample(r(3, 4), 0, np.array([0, 1]), r(2)), RuntimeError, wants)
    yield Failure(Sample(r(3, 4), 0, np.array([0, 1]), r.ints(0, 2, 2, 4)), RuntimeError, wants)
    yield Failure(Sample(r(3), 0, np.array([0, 3]), r(2)), IndexError, "index_add: index 3 is out of range")
    yield Failure(
        Sample(r(3, 4), 0, np.array([[0, 1]]), r(2, 4)), IndexError, "index_add: expected a vector of positions"
    )


entry(
    "index_add",
    lambda r: [
        *(_adding(call, r) for call in _slicings(r) if call[0].shape),
        _adding((r(3, 4), 1, np.array([1, 1, 0])), r, alpha=-2.5),
        Sample(r(), 0, np.array([0]), r()),
        Sample(r.ints(0, 9, 4), 0, np.array([1, 1]), r.ints(0, 9, 2), alpha=2),
    ],
    generated=drawn(lambda draw, r: _adding(_slicing(draw, r), r)),
    errors=_bad_additions,
)


def _along(draw: Draw, r: Make) -> Sample:
    input, dim, index = _gathering(draw, r)
    shape = list(input.shape)
    shape[dim] = index.shape[dim]
    return Sample(input, r.ints(0, input.shape[dim], *(1 if n > 1 and draw.boolean() else n for n in shape)), dim)


entry(
    "take_along_dim",
    lambda r: [
        Sample(r(3, 4), np.array([[3, 0], [1, 1], [2, 2]]), 1),
        Sample(r(3, 4), np.array([[2, 0]]), dim=-1),
        Sample(r(1, 4), np.array([[2], [0]]), 1),
        Sample(r(3, 4), np.array([[0, 5], [5, 11]])),
        Sample(r(3), np.zeros(0, dtype=int), 0),
    ],
    generated=drawn(_along),
    errors=lambda r: [
        Failure(
            Sample(r(3, 4), np.array([0]), 1), RuntimeError, "take_along_dim: expected int64 indices with 2 dimensions"
        ),
        Failure(Sample(r(3, 4), np.array([[0]], dtype=np.int32), 1), RuntimeError, "but got int32"),
        Failure(
            Sample(r(3, 4), np.zeros((5, 1), dtype=int), 1), RuntimeError, "take_along_dim: cannot broadcast the shapes"
        ),
        Failure(Sample(r(3, 4), np.array([[0]]), 2), IndexError, "take_along_dim: Dimension out of range"),
    ],
    skips={"empty and size 1": "PyTorch reads beyond the end of what the positions do not fit any more"},
)
entry(
    "take",
    lambda r: [
        Sample(r(3, 4), np.array([[0, 11], [5, 5]])),
        Sample(r(3, 4), np.array([-1, -12])),
        Sample(r(3, 4), np.array(2)),
        Sample(r(), np.array([0, 0])),
        Sample(r(3), np.zeros((2, 0), dtype=int)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(s := draw.shape(1, smallest=1))), r.ints(0, s[0], *draw.shape()))),
    errors=lambda r: [
        Failure(Sample(r(3, 4), np.array([12])), IndexError, "out of bounds"),
        Failure(Sample(r(3, 4), np.array([-13])), IndexError, "out of bounds"),
        Failure(
            Sample(r(3, 4), np.array([0], dtype=np.int32)), RuntimeError, "take: expected positions of dtype int64"
        ),
    ],
)
entry(
    "index_put",
    lambda r: [
        Sample(r(3, 4), (np.array([0, 2]),), r(2, 4)),
        Sample(r(3, 4), [np.array([0, 2]), np.array([1, -1])], r(2)),
        Sample(r(3, 4), (np.array([0, 2]),), r()),
        Sample(r(3, 4), (r.bools(3, 4),), r()),
        Sample(r(3, 4), (np.array([0, 2, 0]),), r(3, 4), True),
        Sample(r(3, 4), (np.array([0, 0]), np.array([1, 1])), r(2), accumulate=True),
        Sample(r(3, 4), (np.array([True, False, True]),), r(4), accumulate=True),
    ],
    errors=lambda r: [
        Failure(
            Sample(r(3, 4), (np.array([0, 2]),), r(5)), RuntimeError, "a value of shape (5,) does not fill the part"
        ),
        Failure(
            Sample(r(3, 4), (np.array([0, 2]),), r(5), True),
            RuntimeError,
            "a value of shape (5,) does not fill the part",
        ),
        Failure(Sample(r(3, 4), (np.array([3]),), r()), IndexError, "out of bounds"),
        Failure(Sample(r(3, 4), (np.array([0]),), r.ints(0, 2, 4)), RuntimeError, "takes values of the same dtype"),
        Failure(Sample(r(3, 4), np.array([0]), r()), TypeError, "index_put: expected a tuple of Tensors as indices"),
        Failure(Sample(r(3, 4), (np.array([0]),), 1.0), TypeError, "and a Tensor of values"),
    ],
)

# ---------------------------------------------------------------------------------------------- masks


def _masking(draw: Draw, r: Make) -> tuple[np.ndarray, np.ndarray]:
    shape = draw.shape()
    return r(*draw.stretched(shape)), r.bools(*draw.stretched(shape))


entry(
    "masked_fill",
    lambda r: [
        Sample(r(3, 4), r.bools(3, 4), 2.5),
        Sample(r(3, 4), r.bools(4), r()),
        Sample(r(4), r.bools(3, 4), r()),
        Sample(r(3, 1), r.bools(2, 1, 4), -2.0),
        Sample(r(3, 4), r.bools(3, 4), 7),
        Sample(r.ints(0, 9, 5), r.bools(5), 1.5),
        Sample(r(), np.array(True), 1.0),
        Sample(r(0, 2), r.bools(2), 1.0),
    ],
    generated=drawn(lambda draw, r: Sample(*_masking(draw, r), r())),
    errors=lambda r: [
        Failure(Sample(r(3), r.bools(2), 1.0), RuntimeError, "masked_fill: cannot broadcast the shapes (3,) and (2,)"),
        Failure(
            Sample(r(3), r.ints(0, 2, 3), 1.0),
            RuntimeError,
            "masked_fill: expected a mask of dtype bool, but got int64",
        ),
        Failure(
            Sample(r(3), r.bools(3), r(1)), RuntimeError, "masked_fill: expected a number or a 0-dimensional value"
        ),
        Failure(
            Sample(r(3), [True, False, True], 1.0), TypeError, "masked_fill(): argument 'mask' must be Tensor, not list"
        ),
    ],
)
entry(
    "masked_select",
    lambda r: [
        Sample(r(3, 4), r.bools(3, 4)),
        Sample(r(3, 4), r.bools(4)),
        Sample(r(4), r.bools(3, 1)),
        Sample(r(3), np.zeros(3, dtype=bool)),
        Sample(r(), np.array(True)),
        Sample(r(0), r.bools(0)),
    ],
    generated=drawn(lambda draw, r: Sample(*_masking(draw, r))),
    errors=lambda r: [
        Failure(Sample(r(3), r.bools(2)), RuntimeError, "cannot broadcast the shapes (3,) and (2,)"),
        Failure(Sample(r(3), r.ints(0, 2, 3)), RuntimeError, "masked_select: expected a mask of dtype bool"),
    ],
)
entry(
    "nonzero",
    lambda r: [
        Sample(r.ints(0, 2, 3, 4)),
        Sample(r.ints(0, 2, 3, 4), as_tuple=True),
        Sample(r.bools(5)),
        Sample(np.array(1.5)),
        Sample(np.array(0.0)),
        Sample(np.array(1), as_tuple=True),
        Sample(r(0, 2)),
    ],
    generated=drawn(lambda draw, r: Sample(r.ints(-1, 2, *draw.shape()), as_tuple=draw.boolean())),
    differentiable=False,
)
