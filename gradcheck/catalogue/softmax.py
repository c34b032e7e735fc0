"""Entries for ``minideep.ops.softmax``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _samples(r: Make) -> Iterator[Sample]:
    yield Sample(r(3, 4), 1)
    yield Sample(r(3, 4), 0)
    yield Sample(r(2, 3, 2), dim=-2)
    yield Sample(r(2, 1, 3), 1)
    yield Sample(r(5), 0)
    yield Sample(r(), -1)
    yield Sample(r(0, 3), 1)
    yield Sample(r(3, 0), 1)
    yield Sample(70 * r(4, 3), 1)
    yield Sample(r(2, 3) - 1e30, 0)
    yield Sample(r.ints(-3, 3, 2, 3), 1, dtype=np.dtype("float64"))


def _generated(draw: Draw, r: Make) -> Sample:
    shape = draw.shape()
    return Sample(r(*shape) * draw.choice((1, 30)), draw.dim(len(shape)))


def _errors(name: str, r: Make) -> Iterator[Failure]:
    yield Failure(Sample(r(2, 3), 2), IndexError, f"{name}: Dimension out of range (expected")
    yield Failure(Sample(r.ints(0, 3, 4), 0), NotImplementedError, f"{name}: not implemented for int64")


entry(
    "softmax",
    lambda r: [*_samples(r), Sample(r(2, 3) + np.array([0.0, -np.inf, 0.0]), 1)],
    generated=drawn(_generated),
    errors=lambda r: _errors("softmax", r),
)
entry("log_softmax", _samples, generated=drawn(_generated), errors=lambda r: _errors("log_softmax", r))
