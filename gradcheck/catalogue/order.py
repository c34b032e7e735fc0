"""Entries for ``minideep.ops.order``."""

from __future__ import annotations

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _sorting(draw: Draw, r: Make) -> tuple[np.ndarray, int]:
    shape = draw.shape(1)
    return r.distinct(*shape), draw.dim(len(shape))


def _sortings(r: Make) -> list[Sample]:
    return [
        Sample(r.distinct(3, 4)),
        Sample(r.distinct(3, 4), 0),
        Sample(r.distinct(2, 3, 4), -2, True),
        Sample(r.distinct(5), descending=True),
        Sample(r()),
        Sample(r(), 0),
        Sample(r(0, 3), 0),
        # Equal values keep their order, which PyTorch promises only when asked to be stable.
        Sample(r.bools(7), dim=-1, stable=True),
        Sample(r.ints(0, 3, 2, 9), dim=0, stable=True),
        Sample(r.ints(0, 3, 2, 9), dim=-1, descending=True, stable=True),
    ]


entry(
    "sort",
    _sortings,
    generated=drawn(lambda draw, r: Sample(*_sorting(draw, r), draw.boolean())),
    errors=lambda r: [Failure(Sample(r(3), 1), IndexError, "sort: Dimension out of range")],
)
entry(
    "argsort",
    lambda r: [
        *_sortings(r),
        *(Sample(np.array([np.nan, 1.0, np.inf, np.nan, -np.inf]), descending=d) for d in (False, True)),
    ],
    generated=drawn(lambda draw, r: Sample(*_sorting(draw, r), draw.boolean())),
    errors=lambda r: [Failure(Sample(r(3), 1), IndexError, "argsort: Dimension out of range")],
    differentiable=False,
)


def _ranking(draw: Draw, r: Make) -> Sample:
    input, dim = _sorting(draw, r)
    return Sample(input, draw.integer(0, input.shape[dim]), dim, draw.boolean())


entry(
    "topk",
    lambda r: [
        Sample(r.distinct(3, 4), 2),
        Sample(r.distinct(3, 4), 2, 0, False),
        Sample(r.distinct(6), k=3, dim=-1, largest=True, sorted=True),
        Sample(r.distinct(3, 4), 0),
        Sample(r.distinct(3, 4), 4, largest=False),
        Sample(r(), 1),
        Sample(r.ints(0, 99, 1, 5).cumsum(1) + np.arange(5), 2),
    ],
    generated=drawn(_ranking),
    errors=lambda r: [
        Failure(Sample(r(3), 4), RuntimeError, "topk: k=4 is out of range for dim -1 of a tensor of shape (3,)"),
        Failure(Sample(r(3), -1), RuntimeError, "topk: k=-1 is out of range"),
        Failure(Sample(r(3), 1, 1), IndexError, "Dimension out of range"),
    ],
    skips={"ties": "of equal values PyTorch takes any, minideep the first"},
)
