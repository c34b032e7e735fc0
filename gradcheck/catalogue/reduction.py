"""Entries for ``minideep.ops.reduction``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

Numbers = Callable[..., np.ndarray]  # makes an array of a shape


def some_dims(draw: Draw, ndim: int) -> Any:
    """Dimensions to reduce in every way to write them: all (None), one, several."""
    return draw.choice([None, draw.dim(ndim), draw.dims(ndim) or (draw.dim(ndim),)])


def reducing(
    name: str,
    numbers: Callable[[Make], Numbers] = lambda r: r,
    more: Callable[[Make], list[Sample]] = lambda r: [],
    errors: Callable[[Make], list[Failure]] = lambda r: [],
    least: int = 0,
    smallest: int = 0,
    **options: Any,
) -> None:
    """A function of a tensor, of `dim` (an integer, several, None) and `keepdim`."""

    def samples(r: Make) -> list[Sample]:
        x = numbers(r)
        return [
            Sample(x(3, 4)),
            Sample(x(3, 4), 0),
            Sample(x(2, 3, 4), -1, True),
            Sample(x(2, 3, 4), (0, 2)),
            Sample(x(2, 3, 4), dim=(-1, 1), keepdim=True),
            Sample(x(2, 3, 4), dim=[1]),
            Sample(x(1, 5), 1),
            *more(r),
        ]

    def generated(draw: Draw, r: Make) -> Sample:
        shape = draw.shape(least, smallest=smallest)
        return Sample(numbers(r)(*shape), dim=some_dims(draw, len(shape)), keepdim=draw.boolean())

    def refused(r: Make) -> list[Failure]:
        x = numbers(r)
        return [
            Failure(Sample(x(2, 3), 2), IndexError, f"{name}: Dimension out of range (expected to be in"),
            Failure(Sample(x(2, 3), (0, -2)), RuntimeError, f"{name}: dim 0 appears multiple times"),
            *errors(r),
        ]

    entry(name, samples, generated=drawn(generated), errors=refused, **options)


def _of_anything(r: Make) -> list[Sample]:
    """What is the same for all these functions: no dimensions, nothing to reduce, integers, another dtype."""
    return [
        Sample(r(3, 4), ()),
        Sample(r(2, 3), None, True),
        Sample(r()),
        Sample(r(), 0),
        Sample(r(0, 3)),
        Sample(r(0, 3), 0),
        Sample(r(0, 3), 1),
        Sample(r.ints(0, 9, 2, 3), 1, dtype=np.dtype("float32")),
        Sample(r(2, 3), dtype=np.dtype("float64")),
        Sample(r(2, 3), axis=1, keepdims=True),
    ]


reducing(
    "sum",
    more=lambda r: [
        *_of_anything(r),
        Sample(r(40, 300), 1),
        Sample(r(3, 5000), 0),
        Sample(r(9000, 2), (0,)),
        Sample(r(20, 2, 300)),
        Sample(r(20, 2, 300), (0, 2), True),
        Sample(r(20, 300, 2), 1),
        Sample(r.bools(3, 4)),
        Sample(r.ints(0, 99, 3, 4).astype(np.uint8), 0),
        Sample(r.ints(0, 99, 3, 4), dtype=np.dtype("int32")),
    ],
)
reducing(
    "mean",
    more=_of_anything,
    errors=lambda r: [Failure(Sample(r.ints(0, 9, 3)), RuntimeError, "mean: could not infer output dtype")],
)
entry(
    "count_nonzero",
    lambda r: [
        Sample(r.ints(0, 2, 3, 4)),
        Sample(r.bools(3, 4), 0),
        Sample(r.ints(-1, 1, 2, 3, 4), (0, -1)),
        Sample(np.array([0.0, -0.0, np.nan, 2.0])),
        Sample(r(0, 3), 0),
    ],
    generated=drawn(lambda draw, r: Sample(r.ints(0, 2, *(shape := draw.shape())), some_dims(draw, len(shape)))),
    differentiable=False,
    errors=lambda r: [Failure(Sample(r(2, 3), 2), IndexError, "count_nonzero: Dimension out of range")],
)
entry(
    "logsumexp",
    lambda r: [
        Sample(r(3, 4), 1),
        Sample(r(2, 3, 4), (0, -1)),
        Sample(r(2, 3, 4), -2, True),
        Sample(r(4) * 400, 0),
        Sample(r(), 0),
        Sample(r(0, 3), 0),
        Sample(r(3, 0), 0),
        Sample(r.ints(0, 9, 2, 3), 1),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape(least=1))), draw.dim(len(shape)), draw.boolean())),
    errors=lambda r: [
        Failure(Sample(r(2, 3), -3), IndexError, "logsumexp: Dimension out of range"),
        Failure(Sample(r(2, 3), (1, 1)), RuntimeError, "logsumexp: dim 1 appears multiple times"),
    ],
)

for name in ("all", "any"):
    reducing(
        name,
        lambda r: r.bools,
        more=lambda r: [
            Sample(r.ints(0, 2, 3, 4), 0),
            Sample(r()),
            Sample(r(), 0),
            Sample(r(3)),
            Sample(r(2, 3), ()),
            Sample(r(0, 2), 0),
            Sample(r(0)),
        ],
        differentiable=False,
    )

for name in ("var", "std"):
    reducing(
        name,
        more=lambda r: [
            Sample(r(3, 4), 1, False),
            Sample(r(3, 4), (0, 1), False, True),
            Sample(r(3, 4), dim=0, correction=0),
            Sample(r(3, 4), correction=2, keepdim=True),
            Sample(r(3, 4), unbiased=False),
            Sample(r(3, 4) + 1e3, 1),
        ],
        errors=lambda r: [Failure(Sample(r.ints(0, 9, 3)), RuntimeError, ": only floating point dtypes have a spread")],
        least=1,
        smallest=2,
    )

_ORDERS = (1, 2, 3, 0.5, 1.5, 2.5, 0, -1, math.inf, -math.inf, "fro", None)
entry(
    "norm",
    lambda r: [
        *[Sample(r.distinct(3, 4), p) for p in _ORDERS],
        *[Sample(r.distinct(3, 4), p, 1) for p in _ORDERS],
        Sample(r(2, 3, 4), 2, (0, -1), True),
        Sample(r(2, 3, 4), dim=(1, 2)),
        Sample(r(2, 3, 4), 3, dim=-2, keepdim=True),
        Sample(r(3), dtype=np.dtype("float64")),
        Sample(r()),
        Sample(r(0, 3)),
        Sample(r(0, 3), 1, 0),
    ],
    generated=drawn(
        lambda draw, r: Sample(
            r.distinct(*(shape := draw.shape(least=1, smallest=1))),
            draw.choice((1, 2, 3, 1.5, math.inf, -math.inf)),
            some_dims(draw, len(shape)),
            draw.boolean(),
        )
    ),
    errors=lambda r: [
        Failure(Sample(r.ints(0, 9, 3)), RuntimeError, "norm: expected a floating point tensor"),
        Failure(Sample(r(2, 3), "x"), RuntimeError, "norm: order 'x' is not supported"),
        Failure(Sample(r(2, 3), 2, 2), IndexError, "norm: Dimension out of range"),
        Failure(Sample(r(0, 3), math.inf), RuntimeError, "norm: expected dimensions of non-zero size"),
    ],
)
