"""Entries for ``minideep.ops.running``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..drawing import drawn
from ..entry import Failure, Make, Sample, entry


def _with_zeros(shape: tuple[int, ...], *zeros: tuple[int, ...]) -> Callable[[Make], np.ndarray]:
    """Numbers of a shape, among them zeros at certain places."""

    def make(r: Make) -> np.ndarray:
        x = r(*shape)
        for place in zeros:
            x[place] = 0
        return x

    return make


def _halves(r: Make, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of which some are 0, in generated samples too."""
    return np.asarray(r.ints(-2, 3, *shape) * 0.5)


one_zero = _with_zeros((3, 4), (1, 2))
many_zeros = _with_zeros((3, 4), (0, 0), (0, 3), (2, 1), (2, 2), (2, 3))

entry(
    "prod",
    lambda r: [
        Sample(r(3, 4)),
        Sample(r(3, 4), 1),
        Sample(r(2, 3, 4), -2, True),
        Sample(r(2, 3), dim=0, keepdim=True),
        Sample(one_zero(r)),
        Sample(one_zero(r), 1),
        Sample(many_zeros(r), 1),
        Sample(many_zeros(r), 0),
        Sample(many_zeros(r)),
        Sample(r()),
        Sample(r(), 0),
        Sample(r(0, 3)),
        Sample(r(0, 3), 0),
        Sample(r.ints(1, 4, 2, 3)),
        Sample(r.bools(3), 0),
        Sample(r.ints(1, 4, 2, 3).astype(np.uint8), 1),
        Sample(r.ints(1, 4, 2, 3), 1, dtype=np.dtype("float32")),
        Sample(r.ints(1, 4, 2, 3), dtype=np.dtype("int32")),
    ],
    generated=drawn(lambda draw, r: Sample(_halves(r, shape := draw.shape()), draw.dim(len(shape)), draw.boolean())),
    errors=lambda r: [Failure(Sample(r(2, 3), 2), IndexError, "prod: Dimension out of range")],
)
for name in ("cumsum", "cumprod"):
    entry(
        name,
        lambda r: [
            Sample(r(5), 0),
            Sample(r(3, 4), 1),
            Sample(r(2, 5, 3), -2),
            Sample(one_zero(r), 1),
            Sample(many_zeros(r), 1),
            Sample(many_zeros(r), 0),
            Sample(r(), 0),
            Sample(r(0, 3), 0),
            Sample(r(0, 3), 1),
            Sample(r(1, 3), 0),
            Sample(r.ints(1, 4, 2, 3), 1),
            Sample(r.ints(1, 4, 5).astype(np.uint8), 0),
            Sample(r.ints(1, 4, 2, 3), 1, dtype=np.dtype("float32")),
        ],
        generated=drawn(lambda draw, r: Sample(_halves(r, shape := draw.shape()), draw.dim(len(shape)))),
        errors=lambda r: [Failure(Sample(r(2, 3), 2), IndexError, ": Dimension out of range")],
    )
