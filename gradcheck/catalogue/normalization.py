"""Entries for ``minideep.ops.normalization``."""

from __future__ import annotations

import math

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

entry(
    "local_response_norm",
    lambda r: [
        Sample(r(2, 5, 3), 3),
        Sample(r(2, 5, 3, 2), 4, alpha=0.5, beta=0.6, k=2.0),
        Sample(r(1, 2, 3), 7, 0.1),
        Sample(r(2, 3, 2), 1, alpha=1.0),
        Sample(r(0, 3, 2), 2),
    ],
    generated=drawn(lambda draw, r: Sample(r(*draw.shape(3, 4)), draw.integer(1, 5), alpha=draw.choice((1e-4, 0.5)))),
    errors=lambda r: [
        Failure(Sample(r(2, 3), 2), ValueError, "local_response_norm: expected an input of 3 dimensions or more, but"),
        Failure(Sample(r(2, 3, 4), 0), RuntimeError, "local_response_norm: expected a size above 0, but got 0"),
    ],
)


def _vectors(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1, smallest=1)
    return Sample(r(*shape), draw.choice((2.0, 1.0, 3.0, math.inf)), draw.dim(len(shape)))


entry(
    "normalize",
    lambda r: [
        Sample(r(3, 4)),
        Sample(r(3, 4), dim=0),
        Sample(r(2, 3, 4), 1.0, -1),
        Sample(r(2, 3), math.inf, 1),
        Sample(r(2, 3, 4), p=3.0, dim=(0, 2)),
        Sample(r(4), dim=0),
        Sample(0.1 * r(3, 2), eps=5.0),
    ],
    generated=drawn(_vectors),
    errors=lambda r: [
        Failure(Sample(r(3)), IndexError, "Dimension out of range"),
        Failure(Sample(r.ints(0, 5, 2, 3)), RuntimeError, "norm: "),
    ],
)


def _pairs(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1, smallest=1)
    return Sample(r(*shape), r(*draw.stretched(shape)), draw.dim(len(shape)))


entry(
    "cosine_similarity",
    lambda r: [
        Sample(r(3, 4), r(3, 4)),
        Sample(r(3, 4), r(3, 4), 0),
        Sample(r(2, 3, 4), r(4), dim=-1),
        Sample(r(4), r(4), dim=0),
        Sample(r(2, 1, 4), r(3, 4), 2),
        Sample(r(0, 3), r(0, 3)),
        Sample(r(2, 3), r.ints(1, 5, 2, 3)),
    ],
    generated=drawn(_pairs),
    errors=lambda r: [
        Failure(Sample(r(2, 3), r(3, 3)), RuntimeError, "broadcast"),
        Failure(Sample(r(3), r(3)), IndexError, "cosine_similarity: Dimension out of range"),
        Failure(Sample(r.ints(0, 5, 2, 3), r.ints(0, 5, 2, 3)), RuntimeError, "cosine_similarity: expected tensors of"),
    ],
)
