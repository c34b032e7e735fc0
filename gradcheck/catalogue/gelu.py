"""The entry for ``minideep.ops.gelu``."""

from __future__ import annotations

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _generated(draw: Draw, r: Make) -> Sample:
    return Sample(draw.choice((1, 4)) * r(*draw.shape()), approximate=draw.choice(("none", "tanh")))


entry(
    "gelu",
    lambda r: [
        Sample(r(4, 6)),
        Sample(7 * r.distinct(4, 6)),
        Sample(r(2, 1, 3), approximate="tanh"),
        Sample(5 * r(5, 2), approximate="tanh"),
        Sample(r()),
        Sample(r(0, 2)),
        Sample(np.zeros(1)),
    ],
    generated=drawn(_generated),
    elementwise=True,
    errors=lambda r: [
        Failure(Sample(r(2), approximate="erf"), RuntimeError, "gelu: expected approximate to be 'none' or 'tanh'"),
        Failure(Sample(r.ints(0, 5, 4)), NotImplementedError, "gelu: not implemented for int64"),
    ],
)
