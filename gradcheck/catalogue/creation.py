"""Entries for ``minideep.ops.creation`` and the functions of ``minideep.tensor`` that make tensors."""

from __future__ import annotations

import numpy as np

import minideep

from ..drawing import drawn
from ..entry import Failure, Sample, entry

FLOAT64, INT64 = np.dtype("float64"), np.dtype("int64")

# ---------------------------------------------------------------------------------------------- filled


for name in ("zeros", "ones"):
    entry(
        name,
        lambda r: [
            Sample(2, 3),
            Sample((3, 2)),
            Sample([4]),
            Sample(()),
            Sample(0, 2),
            Sample(2, dtype=INT64),
            Sample(2, 2, dtype=np.dtype("bool")),
            Sample(3, device="cpu"),
        ],
        differentiable=False,
        errors=lambda r: [Failure(Sample(2, -1), RuntimeError, ": the sides of a tensor can't be negative")],
    )
    entry(
        f"{name}_like",
        lambda r: [Sample(r(2, 3)), Sample(r()), Sample(r(0, 3)), Sample(r.ints(0, 5, 4)), Sample(r(3), dtype=INT64)],
        differentiable=False,
    )
    entry(
        f"new_{name}",
        lambda r: [Sample(r(2), 2, 3), Sample(r.ints(0, 5, 4), (3,)), Sample(r(2), (2, 2), dtype=INT64)],
        differentiable=False,
    )
# What memory held before is anybody's guess: that of `empty` is cleared, to be compared.
entry(
    "empty",
    lambda r: [Sample(2, 3), Sample((0, 2)), Sample(3, dtype=INT64)],
    differentiable=False,
    function=lambda *size, dtype=None: minideep.empty(*size, dtype=dtype).zero_(),
    torch="zeros",
    errors=lambda r: [Failure(Sample(2, -1), RuntimeError, "empty: the sides of a tensor can't be negative")],
)
entry(
    "empty_like",
    lambda r: [Sample(r(2, 3)), Sample(r.ints(0, 5, 4)), Sample(r(3), dtype=INT64)],
    differentiable=False,
    function=lambda input, dtype=None: minideep.empty_like(input, dtype=dtype).zero_(),
    torch="zeros_like",
)
entry(
    "new_empty",
    lambda r: [Sample(r(2), 2, 3), Sample(r.ints(0, 5, 4), (3,))],
    differentiable=False,
    function=lambda input, *size: input.new_empty(*size).zero_(),
    torch="new_zeros",
)
entry(
    "full",
    lambda r: [
        Sample((2, 3), 2.5),
        Sample((2,), 7),
        Sample((), True),
        Sample([2], 3, dtype=FLOAT64),
    ],
    differentiable=False,
    errors=lambda r: [Failure(Sample((-1,), 0), RuntimeError, "full: the sides of a tensor can't be negative")],
)
entry(
    "full_like",
    lambda r: [Sample(r(2, 3), 2), Sample(r.ints(0, 5, 4), 7), Sample(r(2), 1.5, dtype=INT64)],
    differentiable=False,
)
entry(
    "new_full",
    lambda r: [Sample(r(2), (2, 3), 2), Sample(r.ints(0, 5, 4), (), 7), Sample(r(2), (1,), 1.5, dtype=INT64)],
    differentiable=False,
)
entry(
    "new_tensor",
    lambda r: [Sample(r(2), [1, 2]), Sample(r.ints(0, 5, 4), 7), Sample(r(2), [[1.5]], dtype=INT64)],
    differentiable=False,
)

# ---------------------------------------------------------------------------------------------- in steps

entry(
    "arange",
    lambda r: [
        Sample(5),
        Sample(0),
        Sample(1, 5),
        Sample(5, 1, -2),
        Sample(0.0, 1.0, 0.25),
        Sample(5.0),
        Sample(0.5, 3.7, 1.1),
        Sample(2, 2),
        Sample(end=3),
        Sample(start=1, end=7, step=3),
        Sample(3, dtype=FLOAT64),
    ],
    differentiable=False,
    errors=lambda r: [
        Failure(Sample(1, 5, 0), RuntimeError, "arange: step must be nonzero"),
        Failure(Sample(5, 1), RuntimeError, "arange: from 5 to 1 no step of 1 leads"),
        Failure(Sample(1, 5, -1.0), RuntimeError, "arange: from 1 to 5 no step of -1.0 leads"),
    ],
)
entry(
    "linspace",
    lambda r: [
        Sample(0, 1, 5),
        Sample(-3.0, 3.0, 7),
        Sample(2, 1, 3),
        Sample(0, 1, 1),
        Sample(0, 1, 0),
        Sample(0, 1, steps=4),
        Sample(0, 10, 5, dtype=INT64),
        Sample(3, -3, 4, dtype=INT64),
        Sample(0, 1, 100, dtype=FLOAT64),
    ],
    differentiable=False,
    errors=lambda r: [Failure(Sample(0, 1, -1), RuntimeError, "linspace: number of steps must be non-negative")],
)
entry(
    "eye",
    lambda r: [Sample(3), Sample(2, 3), Sample(3, 2), Sample(0), Sample(2, 0), Sample(2, dtype=np.dtype("bool"))],
    differentiable=False,
    errors=lambda r: [
        Failure(Sample(-1), RuntimeError, "eye: n and m must be greater or equal to 0"),
        Failure(Sample(2, -1), RuntimeError, "eye: n and m must be greater or equal to 0"),
    ],
)
entry(
    "meshgrid",
    lambda r: [
        Sample(r(2), r(3)),
        Sample(r(2), r(3), indexing="ij"),
        Sample(r(2), r(3), r(4), indexing="xy"),
        Sample([r(2), r(3), r()], indexing="ij"),
        Sample(r(2), indexing="xy"),
        Sample(r.ints(0, 5, 2), r.ints(0, 5, 3)),
        Sample(r(0), r(2)),
    ],
    errors=lambda r: [
        Failure(Sample([]), RuntimeError, "meshgrid: expected at least one tensor"),
        Failure(Sample(r(2), r(2), indexing="yx"), RuntimeError, "meshgrid: indexing must be one of 'xy' or 'ij'"),
        Failure(Sample(r(2, 2), r(2)), RuntimeError, "meshgrid: expected tensors of one dtype with 0 or 1 dimensions"),
        Failure(Sample(r(2), r.ints(0, 5, 2)), RuntimeError, "meshgrid: expected tensors of one dtype"),
    ],
)

# ---------------------------------------------------------------------------------------------- triangles, diagonals

for name in ("tril", "triu"):
    entry(
        name,
        lambda r: [
            Sample(r(3, 4)),
            Sample(r(4, 3), 1),
            Sample(r(3, 3), diagonal=-1),
            Sample(r(2, 3, 4), 2),
            Sample(r(2, 2), 9),
            Sample(r(0, 3)),
            Sample(r.ints(0, 9, 3, 3)),
            Sample(r.bools(3, 3), 1),
        ],
        generated=drawn(lambda draw, r: Sample(r(*draw.shape(least=2, most=4)), draw.integer(-4, 4))),
        errors=lambda r, name=name: [
            Failure(Sample(r(3)), RuntimeError, f"{name}: input tensor must have at least 2 dimensions")
        ],
    )
entry(
    "diagonal",
    lambda r: [
        Sample(r(3, 4)),
        Sample(r(3, 4), 1),
        Sample(r(3, 4), -2),
        Sample(r(3, 4), 9),
        Sample(r(2, 3, 4), 0, 1, 2),
        Sample(r(2, 3, 4), 1, dim1=-1, dim2=0),
        Sample(r(0, 3)),
        Sample(r.ints(0, 9, 2, 2)),
    ],
    generated=drawn(
        lambda draw, r: Sample(
            r(*(shape := draw.shape(least=2, most=4))), draw.integer(-3, 3), *draw.order(range(len(shape)))[:2]
        )
    ),
    errors=lambda r: [
        Failure(Sample(r(3, 3), 0, 1, -1), RuntimeError, "diagonal: dim 1 appears multiple times"),
        Failure(Sample(r(3)), IndexError, "diagonal: Dimension out of range"),
    ],
)
entry(
    "diag",
    lambda r: [
        Sample(r(3)),
        Sample(r(2), 1),
        Sample(r(2), -2),
        Sample(r(3, 4)),
        Sample(r(3, 4), diagonal=2),
        Sample(r(3, 4), -9),
        Sample(r(0)),
        Sample(r.ints(0, 9, 3)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*draw.shape(least=1, most=2)), draw.integer(-3, 3))),
    errors=lambda r: [
        Failure(Sample(r()), RuntimeError, "diag: expected a tensor with 1 or 2 dimensions"),
        Failure(Sample(r(2, 2, 2)), RuntimeError, "diag: expected a tensor with 1 or 2 dimensions"),
    ],
)
entry(
    "trace",
    lambda r: [Sample(r(3, 3)), Sample(r(2, 4)), Sample(r(0, 3)), Sample(r.ints(0, 9, 3, 3))],
    errors=lambda r: [
        Failure(Sample(r(3)), RuntimeError, "trace: expected a matrix"),
        Failure(Sample(r(2, 2, 2)), RuntimeError, "trace: expected a matrix"),
    ],
)

# ---------------------------------------------------------------------------------------------- from data

entry(
    "tensor",
    lambda r: [
        Sample(2.5),
        Sample(7),
        Sample(True),
        Sample([]),
        Sample([[1, 2], [3, 4]]),
        Sample([1, 2.5]),
        Sample([True, 2]),
        Sample((1, 2), dtype=FLOAT64),
        Sample([1.5], dtype=INT64),
    ],
    differentiable=False,
    errors=lambda r: [
        Failure(Sample([[1, 2], [3]]), ValueError, "tensor: expected sequences of equal length at every depth"),
        Failure(Sample("a"), TypeError, "tensor: expected numbers, or nested sequences of numbers, but got str"),
    ],
)
entry(
    "as_tensor",
    lambda r: [Sample(2.5), Sample([[1, 2]]), Sample(r.ints(0, 5, 3)), Sample(r.ints(0, 5, 3), dtype=FLOAT64)],
    differentiable=False,
)
entry(
    "is_tensor",
    lambda r: [Sample(r(2)), Sample([1.0]), Sample(2.0)],
    differentiable=False,
)
