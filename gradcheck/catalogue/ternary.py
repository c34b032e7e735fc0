"""Entries for ``minideep.ops.ternary``."""

from __future__ import annotations

import numpy as np

from ..drawing import drawn
from ..entry import Failure, Sample, entry

entry(
    "where",
    lambda r: [
        Sample(r.bools(3, 4), r(3, 4), r(3, 4)),
        Sample(r.bools(2, 1, 3), r(4, 1), r(3)),
        Sample(np.array(True), r(2, 2), r()),
        Sample(r.bools(2, 3), r(), r()),
        Sample(r.bools(3, 4), r(3, 4), 0.0),
        Sample(r.bools(3), 2, r(3)),
        Sample(r.bools(3), 1, 2.5),
        Sample(r.bools(3), 1, 2),
        Sample(r.bools(2, 3), r(2, 3), r.ints(0, 9, 3)),
        Sample(r.bools(3), r.ints(0, 9, 3), 2.5),
        Sample(r.bools(0, 3), r(0, 3), r(3)),
        Sample(r.bools(3, 4)),
    ],
    generated=drawn(
        lambda draw, r: Sample(
            r.bools(*draw.stretched(shape := draw.shape())), r(*draw.stretched(shape)), r(*draw.stretched(shape))
        )
    ),
    errors=lambda r: [
        Failure(Sample(r(3), r(3), r(3)), RuntimeError, "where: expected a boolean condition, but got float64"),
        Failure(Sample(r.bools(3), r(2), r(3)), RuntimeError, "where: cannot broadcast"),
    ],
)
entry(
    "clamp",
    lambda r: [
        Sample(r.distinct(3, 4), -0.21, 0.33),
        Sample(r.distinct(3, 4), min=0.0),
        Sample(r.distinct(3, 4), max=0.11),
        Sample(r(), -0.1, None),
        Sample(r.distinct(3, 4), r(4) - 1, r(3, 1) + 1),
        Sample(r.distinct(2, 3), min=r(3)),
        Sample(r.distinct(2, 3), max=r()),
        Sample(r.distinct(2, 3), 1.0, -1.0),
        Sample(r.ints(0, 9, 5), 2, 6),
        Sample(r.ints(0, 9, 5), max=4),
        Sample(r.ints(0, 9, 5), 2.5),
        Sample(r(0, 2), 0.0, 1.0),
    ],
    generated=drawn(
        lambda draw, r: Sample(r(*(shape := draw.shape())), r(*draw.stretched(shape)), r(*draw.stretched(shape)))
    ),
    elementwise=True,
    errors=lambda r: [
        Failure(Sample(r(3)), RuntimeError, "clamp: at least one of 'min' and 'max' must be given"),
        Failure(Sample(r(3), r(4)), RuntimeError, "clamp: cannot broadcast"),
    ],
)
entry(
    "lerp",
    lambda r: [
        Sample(r(3, 4), r(3, 4), 0.3),
        Sample(r(3, 4), r(4), 0.8),
        Sample(r(), r(2, 2), 1),
        Sample(r(3, 4), r(3, 4), r.uniform(0, 1, 3, 4)),
        Sample(r(2, 1, 3), r(4, 1), r.uniform(0, 1, 3)),
        Sample(r(0, 2), r(2), 0.5),
    ],
    generated=drawn(
        lambda draw, r: Sample(
            r(*draw.stretched(shape := draw.shape())), r(*draw.stretched(shape)), r(*draw.stretched(shape))
        )
    ),
    elementwise=True,
    errors=lambda r: [Failure(Sample(r(3), r(4), 0.5), RuntimeError, "lerp: cannot broadcast")],
)
for name in ("addcmul", "addcdiv"):
    entry(
        name,
        lambda r: [
            Sample(r(3, 4), r(3, 4), r.uniform(0.5, 2, 3, 4)),
            Sample(r(3, 1), r(2, 1, 1), r.uniform(0.5, 2, 4), value=-0.5),
            Sample(r(), r(2), r.uniform(0.5, 2)),
            Sample(r(0, 2), r(2), r.uniform(0.5, 2, 2), value=3),
        ],
        elementwise=True,
        domain=(0.5, 2.0),
        errors=lambda r: [Failure(Sample(r(2), r(3), r(4)), RuntimeError, ": cannot broadcast")],
    )
