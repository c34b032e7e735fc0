"""Entries for ``minideep.ops.shape``."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _factors(draw: Draw, size: int) -> tuple[int, ...]:
    """Sides of some shape with `size` entries."""
    sides = []
    while size > 1:
        sides.append(draw.choice([n for n in range(2, size + 1) if size % n == 0]))
        size //= sides[-1]
    return tuple(draw.order(sides + [1] * draw.integer(0, 2)))


def _reshaping(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(smallest=1)
    sides = list(_factors(draw, math.prod(shape)))
    if sides and draw.boolean():
        sides[draw.integer(0, len(sides) - 1)] = -1
    return Sample(r(*shape), tuple(sides))


def _reshapings(r: Make) -> Iterator[Sample]:
    yield Sample(r(2, 3, 4), (6, 4))
    yield Sample(r(2, 3, 4), (4, -1, 2))
    yield Sample(r(2, 3), (-1,))
    yield Sample(r(1, 1), ())
    yield Sample(r(), (1, 1))
    yield Sample(r(0, 3), (3, 0, 2))
    yield Sample(r(0, 3), (5, -1))


def _impossible_reshapings(r: Make) -> Iterator[Failure]:
    yield Failure(Sample(r(2, 3), (4,)), RuntimeError, "reshape: 6 entries (shape (2, 3)) do not fill the shape (4,)")
    yield Failure(Sample(r(2, 3), (-1, -1)), RuntimeError, "reshape: 6 entries")
    yield Failure(Sample(r(0, 3), (0, -1)), RuntimeError, "reshape: 0 entries")
    yield Failure(Sample(r(2, 3), (-2, 3)), RuntimeError, "reshape: the sides of a shape are not negative")


entry("reshape", _reshapings, generated=drawn(_reshaping), errors=_impossible_reshapings)
entry(
    "view",
    lambda r: [*_reshapings(r), Sample(r(3, 2).T, (2, 3, 1)), Sample(r(2, 3, 4).transpose(1, 0, 2), (3, 2, 2, 2))],
    generated=drawn(_reshaping),
    errors=_impossible_reshapings,
    skips={"layouts": "of other layouts these views are impossible"},
)
entry(
    "view_as",
    lambda r: [Sample(r(2, 6), r(3, 4)), Sample(r(4), r.ints(0, 9, 2, 2)), Sample(r(1), r())],
    errors=lambda r: [Failure(Sample(r(4), r(5)), RuntimeError, "do not fill the shape (5,)")],
    skips={"layouts": "of other layouts these views are impossible"},
)

entry(
    "squeeze",
    lambda r: [
        Sample(r(1, 3, 1)),
        Sample(r(1, 3, 1), 0),
        Sample(r(1, 3, 1), -1),
        Sample(r(1, 3, 1), 1),
        Sample(r(1, 3, 1, 1), (0, -1, 1)),
        Sample(r(1, 3), ()),
        Sample(r(), 0),
        Sample(r(0, 1)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape(largest=2))), draw.dims(len(shape)))),
    errors=lambda r: [
        Failure(Sample(r(1, 3), 2), IndexError, "squeeze: Dimension out of range"),
        Failure(Sample(r(1, 3), (0, -2)), RuntimeError, "squeeze: dim 0 appears multiple times"),
    ],
)
entry(
    "unsqueeze",
    lambda r: [
        Sample(r(2, 3), 0),
        Sample(r(2, 3), 2),
        Sample(r(2, 3), -1),
        Sample(r(2, 3), -3),
        Sample(r(), 0),
        Sample(r(0), 1),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape())), draw.dim(len(shape) + 1))),
    errors=lambda r: [
        Failure(
            Sample(r(2, 3), 3), IndexError, "unsqueeze: Dimension out of range (expected to be in range of [-3, 2]"
        ),
        Failure(Sample(r(2, 3), -4), IndexError, "unsqueeze: Dimension out of range"),
    ],
)


def _flattening(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1)
    start, end = sorted((draw.integer(0, len(shape) - 1), draw.integer(0, len(shape) - 1)))
    return Sample(r(*shape), start - len(shape) * draw.boolean(), end - len(shape) * draw.boolean())


entry(
    "flatten",
    lambda r: [
        Sample(r(2, 3, 4)),
        Sample(r(2, 3, 4), 1),
        Sample(r(2, 3, 4), 0, 1),
        Sample(r(2, 3, 4), start_dim=-2, end_dim=-1),
        Sample(r(2, 3, 4), 1, 1),
        Sample(r(3, 2).T),
        Sample(r()),
        Sample(r(0, 3)),
    ],
    generated=drawn(_flattening),
    errors=lambda r: [
        Failure(Sample(r(2, 3), 1, 0), RuntimeError, "flatten: start_dim (1) cannot come after end_dim (0)"),
        Failure(Sample(r(2, 3), 0, 2), IndexError, "flatten: Dimension out of range"),
    ],
)


def _unflattening(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1, smallest=1)
    dim = draw.dim(len(shape))
    return Sample(r(*shape), dim, _factors(draw, shape[dim]) or (1,))


entry(
    "unflatten",
    lambda r: [
        Sample(r(2, 6), 1, (2, 3)),
        Sample(r(2, 6), -1, (3, -1)),
        Sample(r(6, 2), 0, [2, 1, 3]),
        Sample(r(2, 0), 1, (3, -1)),
        Sample(r(4), dim=0, sizes=(2, 2)),
    ],
    generated=drawn(_unflattening),
    errors=lambda r: [
        Failure(
            Sample(r(2, 6), 1, (4, 2)), RuntimeError, "unflatten: sizes (4, 2) don't multiply up to the size of dim 1"
        ),
        Failure(Sample(r(2, 6), 1, ()), RuntimeError, "unflatten: sizes () don't multiply up"),
        Failure(Sample(r(2, 6), 1, (-1, -1)), RuntimeError, "unflatten: sizes (-1, -1) don't multiply up"),
        Failure(Sample(r(2, 0), 1, (0, -1)), RuntimeError, "unflatten: sizes (0, -1) don't multiply up"),
        Failure(Sample(r(2, 6), 2, (2, 3)), IndexError, "unflatten: Dimension out of range"),
    ],
)

_any_tensor = drawn(lambda draw, r: Sample(r(*draw.shape())))
entry("ravel", lambda r: [Sample(r(2, 3)), Sample(r(3, 2).T), Sample(r()), Sample(r(0, 2))], generated=_any_tensor)
entry("clone", lambda r: [Sample(r(2, 3)), Sample(r(3, 2).T), Sample(r()), Sample(r(0, 2))], generated=_any_tensor)
entry(
    "contiguous",
    lambda r: [Sample(r(2, 3)), Sample(r(3, 2).T), Sample(r()), Sample(r(0, 2))],
    generated=_any_tensor,
    skips={"wrong gradients": "the input itself, if it is contiguous: nothing was recorded that could be wrong"},
)

# ---------------------------------------------------------------------------------------------- the order of dimensions

entry(
    "permute",
    lambda r: [
        Sample(r(2, 3, 4), (2, 0, 1)),
        Sample(r(2, 3, 4), (-1, 0, -2)),
        Sample(r(2), (0,)),
        Sample(r(), ()),
        Sample(r(0, 2), (1, 0)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape(most=4))), tuple(draw.order(range(len(shape)))))),
    errors=lambda r: [
        Failure(
            Sample(r(2, 3, 4), (0, 1)), RuntimeError, "permute: expected each of the 3 dimensions of (2, 3, 4) once"
        ),
        Failure(Sample(r(2, 3), (0, -2)), RuntimeError, "permute: dim 0 appears multiple times"),
        Failure(Sample(r(2, 3), (0, 2)), IndexError, "permute: Dimension out of range"),
    ],
)


def _two_dims(draw: Draw, r: Make) -> Sample:
    shape = draw.shape()
    return Sample(r(*shape), draw.dim(len(shape)), draw.dim(len(shape)))


for name in ("transpose", "swapaxes"):
    entry(
        name,
        lambda r: [
            Sample(r(2, 3, 4), 0, 2),
            Sample(r(2, 3, 4), -1, 1),
            Sample(r(2, 3), 1, 1),
            Sample(r(), 0, -1),
            Sample(r(2, 0), 0, 1),
        ],
        generated=drawn(_two_dims),
        errors=lambda r: [
            Failure(Sample(r(2, 3), 0, 2), IndexError, "transpose: Dimension out of range"),
            Failure(Sample(r(), 0, 1), IndexError, "transpose: Dimension out of range"),
        ],
    )
entry(
    "t",
    lambda r: [Sample(r(2, 3)), Sample(r(3)), Sample(r()), Sample(r(0, 3))],
    generated=drawn(lambda draw, r: Sample(r(*draw.shape(most=2)))),
    errors=lambda r: [
        Failure(Sample(r(2, 3, 4)), RuntimeError, "t: expected at most 2 dimensions, but the shape is (2, 3, 4)")
    ],
)
entry(
    "T",
    lambda r: [Sample(r(2, 3)), Sample(r(2, 3, 4)), Sample(r(3)), Sample(r())],
    generated=_any_tensor,
    function=lambda x: x.T,
    torch=lambda x: x.T,
)
entry(
    "mT",
    lambda r: [Sample(r(2, 3)), Sample(r(2, 3, 4)), Sample(r(0, 3))],
    generated=drawn(lambda draw, r: Sample(r(*draw.shape(2, 4)))),
    errors=lambda r: [
        Failure(Sample(r(3)), RuntimeError, "mT: expected a matrix or a batch of matrices, but the shape is (3,)")
    ],
    function=lambda x: x.mT,
    torch=lambda x: x.mT,
)


def _moving(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1, 4)
    sources = draw.dims(len(shape))
    return Sample(r(*shape), sources, tuple(draw.order(range(len(shape)))[: len(sources)]))


entry(
    "movedim",
    lambda r: [
        Sample(r(2, 3, 4), 0, 2),
        Sample(r(2, 3, 4), -1, 0),
        Sample(r(2, 3, 4), (0, 1), (2, 0)),
        Sample(r(2, 3, 4, 5), (3, 0), (1, -1)),
        Sample(r(), 0, 0),
    ],
    generated=drawn(_moving),
    errors=lambda r: [
        Failure(Sample(r(2, 3), (0, 1), (1,)), RuntimeError, "movedim: expected as many destinations as sources"),
        Failure(Sample(r(2, 3), (0, 0), (0, 1)), RuntimeError, "movedim: dim 0 appears multiple times"),
        Failure(Sample(r(2, 3), 0, 2), IndexError, "movedim: Dimension out of range"),
    ],
)

# ---------------------------------------------------------------------------------------------- broadcasting


def _stretching(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(most=4)
    return Sample(r(*draw.stretched(shape)), shape)


for name in ("broadcast_to", "expand"):
    entry(
        name,
        lambda r: [
            Sample(r(1, 3), (2, 3)),
            Sample(r(3, 1), (2, 3, 4)),
            Sample(r(2, 1), (-1, 3)),
            Sample(r(2, 1), (4, -1, -1)),
            Sample(r(3), (1, 3)),
            Sample(r(), (2, 2)),
            Sample(r(), ()),
            Sample(r(1), (0,)),
        ],
        generated=drawn(_stretching),
        errors=lambda r: [
            Failure(
                Sample(r(2, 3), (2, 2)), RuntimeError, "expand: a tensor of shape (2, 3) cannot be stretched to (2, 2)"
            ),
            Failure(Sample(r(2, 3), (-1, 2, 3)), RuntimeError, "expand: a tensor of shape (2, 3)"),
            Failure(Sample(r(2, 3), (3,)), RuntimeError, "expand: a tensor of shape (2, 3)"),
            Failure(Sample(r(1, 3), (-2, 3)), RuntimeError, "expand: a tensor of shape (1, 3)"),
        ],
    )
entry(
    "expand_as",
    lambda r: [Sample(r(1, 3), r(2, 3)), Sample(r(3), r.ints(0, 9, 2, 3)), Sample(r(), r(2))],
    errors=lambda r: [Failure(Sample(r(2), r(3)), RuntimeError, "cannot be stretched to (3,)")],
)


def _stretching_together(draw: Draw, r: Make) -> Sample:
    shape = draw.shape()
    return Sample(r(*draw.stretched(shape)), r(*draw.stretched(shape)), r(*shape))


entry(
    "broadcast_tensors",
    lambda r: [Sample(r(3, 1), r(2)), Sample(r(2, 3)), Sample(r(), r(2, 1), r(3)), Sample(r(0, 1), r(2))],
    generated=drawn(_stretching_together),
    errors=lambda r: [
        Failure(Sample(r(3), r(2)), RuntimeError, "broadcast_tensors: cannot broadcast the shapes (3,) and (2,)"),
    ],
)
