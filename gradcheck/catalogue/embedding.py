"""Entries for ``minideep.ops.embedding``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..drawing import drawn
from ..entry import Failure, Make, Sample, entry


def _bad_embeddings(r: Make) -> Iterator[Failure]:
    yield Failure(
        Sample(np.array([0, 3]), r(3, 2)), IndexError, "embedding: index 3 is out of range: positions go from 0 to 2"
    )
    yield Failure(Sample(np.array([0, -1]), r(3, 2)), IndexError, "embedding: index -1 is out of range")
    yield Failure(
        Sample(r(2), r(3, 2)), RuntimeError, "embedding: expected int64 or int32 positions and a weight (n, d)"
    )
    yield Failure(
        Sample(np.array([0]), r(3)), RuntimeError, "embedding: expected int64 or int32 positions and a weight (n, d)"
    )
    yield Failure(
        Sample(np.array([0]), r(3, 2), 3), AssertionError, "embedding: padding_idx=3 is not one of the 3 rows"
    )
    yield Failure(
        Sample(np.array([0]), r(3, 2), -4), AssertionError, "embedding: padding_idx=-4 is not one of the 3 rows"
    )


entry(
    "embedding",
    lambda r: [
        Sample(np.array([0, 2, 2]), r(3, 4)),
        Sample(np.array([[1, 0], [1, 1]]), r(3, 4)),
        Sample(np.array([0, 1], dtype=np.int32), r(2, 2)),
        Sample(np.array(1), r(3, 4)),
        Sample(np.zeros((0, 2), dtype=int), r(3, 4)),
        Sample(r.ints(0, 5, 300), r(5, 80)),
    ],
    generated=drawn(lambda draw, r: Sample(r.ints(0, 4, *draw.shape()), r(4, draw.integer(0, 3)))),
    errors=_bad_embeddings,
    torch="nn.functional.embedding",
)
entry(
    "one_hot",
    lambda r: [
        Sample(np.array([0, 2, 1])),
        Sample(np.array([[0], [1]]), 4),
        Sample(np.array(2), num_classes=3),
        Sample(np.zeros((0, 2), dtype=int), 3),
    ],
    generated=drawn(lambda draw, r: Sample(r.ints(0, 5, *draw.shape()), draw.integer(5, 7))),
    errors=lambda r: [
        Failure(Sample(np.array([0, 3]), 3), RuntimeError, "one_hot: class numbers go from 0 to num_classes - 1 = 2"),
        Failure(Sample(np.array([0, -1])), RuntimeError, "one_hot: class numbers go from 0"),
        Failure(Sample(r(2)), RuntimeError, "one_hot: expected int64 class numbers"),
        Failure(
            Sample(np.zeros(0, dtype=int)),
            RuntimeError,
            "one_hot: expected int64 class numbers, at least one or with num_classes",
        ),
    ],
    differentiable=False,
)
