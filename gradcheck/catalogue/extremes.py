"""Entries for ``minideep.ops.extremes``."""

from __future__ import annotations

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry
from .reduction import reducing


def _of_nothing(name: str, r: Make) -> list[Failure]:
    text = f"{name}: expected dimensions of non-zero size to reduce"
    return [Failure(Sample(r(0, 3)), RuntimeError, text), Failure(Sample(r(0, 3), 0), IndexError, text)]


for name in ("amax", "amin"):
    reducing(
        name,
        lambda r: r.distinct,
        more=lambda r: [
            Sample(r.distinct(3, 4), ()),
            Sample(r.distinct()),
            Sample(r.distinct(), -1),
            Sample(r(0, 3), 1),
            Sample(r.ints(0, 9, 3, 4), 1),
            Sample(r.bools(3)),
        ],
        errors=lambda r, name=name: _of_nothing(name, r),  # type: ignore[misc]
        smallest=1,
    )


def _along_some_dimension(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(smallest=1)
    return Sample(r.distinct(*shape), draw.dim(len(shape)), draw.boolean())


for name in ("argmax", "argmin"):
    entry(
        name,
        lambda r: [
            Sample(r(3, 4)),
            Sample(r(3, 4), 1),
            Sample(r(2, 3, 4), -2, True),
            Sample(r(2, 3), None, True),
            Sample(r.ints(0, 9, 4, 5), 0),
            Sample(np.array([1.0, np.nan, 3.0])),
            Sample(r()),
            Sample(r(), 0),
            Sample(r(0, 3), 1),
        ],
        generated=drawn(_along_some_dimension),
        differentiable=False,
        errors=lambda r: [
            Failure(Sample(r(2, 3), 2), IndexError, ": Dimension out of range"),
            Failure(Sample(r(0, 3)), IndexError, ": expected dimensions of non-zero size to reduce"),
            Failure(Sample(r(0, 3), 0), IndexError, ": expected dimensions of non-zero size to reduce"),
        ],
    )
for name in ("max", "min"):
    entry(
        name,
        lambda r: [
            Sample(r.distinct(3, 4)),
            Sample(r.distinct(3, 4), 1),
            Sample(r.distinct(2, 3, 4), -2, True),
            Sample(r.distinct(2, 3), dim=0, keepdim=True),
            Sample(r(3, 4), other=r(4)),
            Sample(r(2, 1), other=r(3)),
            Sample(r()),
            Sample(r(), 0),
            Sample(r(0, 3), 1),
            Sample(r.ints(0, 3, 4, 5), 0),
            Sample(r.ints(0, 3, 4, 5)),
            Sample(r.bools(3, 2), 0),
            Sample(np.array([[1.0, 1.0, 0.5, 1.0], [2.0, 2.5, 2.5, 0.0]]), 1),
        ],
        generated=drawn(_along_some_dimension),
        errors=lambda r: [
            Failure(Sample(r(2, 3), 2), IndexError, ": Dimension out of range"),
            Failure(Sample(r(0, 3)), RuntimeError, ": expected dimensions of non-zero size to reduce"),
            Failure(Sample(r(0, 3), 0), IndexError, ": expected dimensions of non-zero size to reduce"),
        ],
    )
