"""Entries for ``minideep.ops.linalg``."""

from __future__ import annotations

from collections.abc import Iterator

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

# ---------------------------------------------------------------------------------------------- products of any ranks


def _factors(draw: Draw, r: Make) -> Sample:
    inner, batch = draw.integer(0, 4), draw.shape(most=2)
    left: tuple[int, ...] = (*draw.stretched(batch), draw.integer(0, 3), inner)
    right: tuple[int, ...] = (*draw.stretched(batch), inner, draw.integer(0, 3))
    kind = draw.choice(["matrices", "row", "column", "vectors"])
    left = (inner,) if kind in ("row", "vectors") else left
    right = (inner,) if kind in ("column", "vectors") else right
    return Sample(r(*left), r(*right))


def _bad_factors(name: str, r: Make) -> Iterator[Failure]:
    yield Failure(
        Sample(r(3, 4), r(3, 4)), RuntimeError, f"{name}: shapes (3, 4) and (3, 4) cannot be multiplied: the last side"
    )
    yield Failure(Sample(r(3, 4), r.ints(0, 9, 4, 2)), RuntimeError, f"{name}: expected factors of the same dtype")
    yield Failure(Sample(r.bools(2, 2), r.bools(2, 2)), NotImplementedError, f"{name}: not implemented for bool")


entry(
    "matmul",
    lambda r: [
        Sample(r(4), r(4)),
        Sample(r(3, 4), r(4)),
        Sample(r(4), r(4, 2)),
        Sample(r(3, 4), r(4, 2)),
        Sample(r(2, 3, 4), r(4)),
        Sample(r(4), r(2, 4, 3)),
        Sample(r(2, 3, 4), r(4, 2)),
        Sample(r(3, 4), r(2, 4, 2)),
        Sample(r(2, 3, 4), r(2, 4, 2)),
        Sample(r(2, 1, 3, 4), r(5, 4, 2)),
        Sample(r(1, 3, 4), r(2, 4, 2)),
        Sample(r(3, 2).T, r(4, 3).T),
        Sample(r(0, 4), r(4, 2)),
        Sample(r(3, 0), r(0, 2)),
        Sample(r(2, 3, 0), r(0, 2)),
        Sample(r.ints(-9, 9, 2, 3), r.ints(-9, 9, 3, 2)),
    ],
    generated=drawn(_factors),
    errors=lambda r: [
        *_bad_factors("matmul", r),
        Failure(Sample(r(3, 4), r(3)), RuntimeError, "the last side of the first is 4, the only side of the second 3"),
        Failure(
            Sample(r(2, 3, 4), r(3, 4, 2)), RuntimeError, "the sizes before the last two sides must match, or be 1"
        ),
        Failure(
            Sample(r(3, 4), r()),
            RuntimeError,
            "matmul: expected factors with dimensions, but their shapes are (3, 4) and ()",
        ),
        Failure(Sample(r(3, 4), 2.0), TypeError, "matmul(): argument 'other' must be Tensor, not float"),
    ],
)

# ---------------------------------------------------------------------------------------------- products of fixed ranks

entry(
    "mm",
    lambda r: [Sample(r(3, 4), r(4, 2)), Sample(r(1, 4), r(4, 1)), Sample(r(0, 4), r(4, 2))],
    generated=drawn(lambda draw, r: Sample(r(draw.integer(0, 3), n := draw.integer(0, 3)), r(n, draw.integer(0, 3)))),
    errors=lambda r: [
        *_bad_factors("matmul", r),
        Failure(Sample(r(3, 4), r(4)), RuntimeError, "mm: expected a matrix, but got a tensor of shape (4,)"),
    ],
)
entry(
    "bmm",
    lambda r: [Sample(r(2, 3, 4), r(2, 4, 2)), Sample(r(0, 3, 4), r(0, 4, 2)), Sample(r(1, 1, 4), r(1, 4, 1))],
    errors=lambda r: [
        Failure(
            Sample(r(2, 3, 4), r(2, 3, 4)), RuntimeError, "matmul: shapes (2, 3, 4) and (2, 3, 4) cannot be multiplied"
        ),
        Failure(Sample(r(2, 3, 4), r(1, 4, 2)), RuntimeError, "bmm: expected batches of the same size"),
        Failure(Sample(r(3, 4), r(4, 2)), RuntimeError, "bmm: expected a batch of matrices (3 dimensions)"),
    ],
)
entry(
    "mv",
    lambda r: [Sample(r(3, 4), r(4)), Sample(r(1, 4), r(4)), Sample(r(3, 0), r(0))],
    errors=lambda r: [
        Failure(Sample(r(3, 4), r(3)), RuntimeError, "matmul: shapes (3, 4) and (3,) cannot be multiplied"),
        Failure(Sample(r(3, 4), r(4, 1)), RuntimeError, "mv: expected a vector, but got a tensor of shape (4, 1)"),
    ],
)
entry(
    "dot",
    lambda r: [Sample(r(4), r(4)), Sample(r(1), r(1)), Sample(r(0), r(0)), Sample(r.ints(0, 9, 3), r.ints(0, 9, 3))],
    errors=lambda r: [
        Failure(Sample(r(4), r(3)), RuntimeError, "matmul: shapes (4,) and (3,) cannot be multiplied"),
        Failure(Sample(r(4), r.ints(0, 9, 4)), RuntimeError, "matmul: expected factors of the same dtype"),
        Failure(Sample(r(4, 1), r(4)), RuntimeError, "dot: expected a vector, but got a tensor of shape (4, 1)"),
        Failure(Sample(r(4), 1.0), TypeError, "dot: expected Tensors, but one factor is a float"),
    ],
)
entry(
    "outer",
    lambda r: [Sample(r(3), r(4)), Sample(r(1), r(2)), Sample(r(0), r(2)), Sample(r(3), r.ints(0, 9, 2))],
    generated=drawn(lambda draw, r: Sample(r(draw.integer(0, 4)), r(draw.integer(0, 4)))),
    errors=lambda r: [
        Failure(Sample(r(3, 1), r(4)), RuntimeError, "outer: expected a vector, but got a tensor of shape (3, 1)")
    ],
)

# ---------------------------------------------------------------------------------------------- product and sum


def _bad_sums(name: str, r: Make, *factors: tuple[int, ...]) -> Iterator[Failure]:
    def arrays() -> list:
        return [r(*shape) for shape in factors]

    yield Failure(Sample(r(7), *arrays()), RuntimeError, f"{name}: cannot broadcast the shapes (7,) and")
    yield Failure(Sample(r(5, 1, 1, 1), *arrays()), RuntimeError, f"{name}: expected an input like the product")
    yield Failure(Sample(r.ints(0, 2, 1), *arrays()), RuntimeError, f"{name}: expected an input like the product")


entry(
    "addmm",
    lambda r: [
        Sample(r(3, 2), r(3, 4), r(4, 2)),
        Sample(r(2), r(3, 4), r(4, 2), beta=0.5, alpha=-2),
        Sample(r(3, 1), r(3, 4), r(4, 2), alpha=2.5),
        Sample(r.ints(0, 9, 2), r.ints(0, 9, 3, 4), r.ints(0, 9, 4, 2), beta=0),
        Sample(r(2), r(0, 4), r(4, 2)),
    ],
    errors=lambda r: [
        *_bad_sums("addmm", r, (3, 4), (4, 2)),
        Failure(Sample(r(2), r(3, 4), r(3, 4)), RuntimeError, "matmul: shapes (3, 4) and (3, 4) cannot be multiplied"),
    ],
)
entry(
    "addmv",
    lambda r: [Sample(r(3), r(3, 4), r(4)), Sample(r(), r(3, 4), r(4), beta=2, alpha=0.5)],
    errors=lambda r: [
        *_bad_sums("addmv", r, (3, 4), (4,)),
        Failure(
            Sample(r(3), r(3, 4), r(4, 1)), RuntimeError, "mv: expected a vector, but got a tensor of shape (4, 1)"
        ),
    ],
)
entry(
    "baddbmm",
    lambda r: [
        Sample(r(2, 3, 2), r(2, 3, 4), r(2, 4, 2)),
        Sample(r(3, 1), r(2, 3, 4), r(2, 4, 2), beta=0.5, alpha=-1),
    ],
    errors=lambda r: [*_bad_sums("baddbmm", r, (2, 3, 4), (2, 4, 2))],
)

# ---------------------------------------------------------------------------------------------- the linear layer


def _layer(draw: Draw, r: Make) -> Sample:
    inputs, outputs = draw.integer(0, 4), draw.integer(0, 4)
    arrays = [r(*draw.shape(most=3), inputs), r(outputs, inputs)]
    return Sample(*arrays, r(outputs)) if draw.boolean() else Sample(*arrays)


entry(
    "linear",
    lambda r: [
        Sample(r(3, 4), r(2, 4), r(2)),
        Sample(r(3, 4), r(2, 4)),
        Sample(r(4), r(2, 4), r(2)),
        Sample(r(2, 3, 4), r(5, 4), r(5)),
        Sample(r(2, 2, 3, 4), r(5, 4), bias=r(5)),
        Sample(r(4, 3).T, r(4, 2).T, r(2)),
        Sample(r(3, 4), r(2, 4), r(1)),
        Sample(r(3, 4), r(2, 4), r(3, 1)),
        Sample(r(2, 3, 4), r(5, 4), r(2, 1, 5)),
        Sample(r(4), r(4), r()),
        Sample(r(3, 4), r(4)),
        Sample(r(0, 4), r(2, 4), r(2)),
        Sample(r(3, 0), r(2, 0), r(2)),
        Sample(r.ints(-9, 9, 3, 4), r.ints(-9, 9, 2, 4), r.ints(-9, 9, 2)),
    ],
    generated=drawn(_layer),
    errors=lambda r: [
        Failure(
            Sample(r(3, 4), r(2, 3)),
            RuntimeError,
            "linear: a weight of shape (2, 3) wants an input with a last side of 3",
        ),
        Failure(
            Sample(r(3, 4), r(2, 4), r(3)),
            RuntimeError,
            "linear: a result of shape (3, 2) cannot take a bias of shape (3,)",
        ),
        Failure(
            Sample(r(3, 4), r(2, 4), r.ints(0, 9, 2)), RuntimeError, "linear: expected a weight (m, n) and a bias (m,)"
        ),
        Failure(
            Sample(r(3, 4), r(1, 2, 4)),
            RuntimeError,
            "linear: expected a weight (m, n) and a bias (m,) of dtype float64",
        ),
        Failure(Sample(r(3, 4), r.ints(0, 9, 2, 4)), RuntimeError, "linear: expected factors of the same dtype"),
        Failure(Sample(r(), r(2, 4)), RuntimeError, "linear: expected factors with dimensions"),
    ],
)
