"""Entries for ``minideep.ops.elementwise``: again a table, of where each op can be tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

Domain = tuple[float, float]
FINITE, POSITIVE = (-3.0, 3.0), (0.1, 4.0)


def _of_one(name: str, domain: Domain = FINITE, integers: bool = True, **options: Any) -> None:
    """A function of x: of a matrix, a number, nothing, and, unless PyTorch refuses, of integers."""

    def samples(r: Make) -> list[Sample]:
        whole = [Sample(r.ints(1, 6, 5)), Sample(r.ints(0, 9, 2, 2).astype(np.uint8))] if integers else []
        return [Sample(r.uniform(*domain, *shape)) for shape in ((3, 4), (), (0, 2))] + whole

    generated = drawn(lambda draw, r: Sample(r.uniform(*domain, *draw.shape())))
    entry(name, samples, generated=generated, elementwise=True, domain=domain, **options)


def _in_steps(name: str, **options: Any) -> None:
    """A function that is constant but for steps, which the samples stay away from."""
    samples = [(3, 4), (), (0, 2)]
    entry(
        name,
        lambda r: [Sample(r.distinct(*shape)) for shape in samples] + [Sample(r.ints(-5, 5, 6))],
        generated=drawn(lambda draw, r: Sample(r.distinct(*draw.shape()))),
        elementwise=True,
        flat=True,
        **options,
    )


_PAIRS: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((3, 4), (3, 4)), ((2, 1, 3), (4, 1)), ((), (2, 2)), ((2, 2), ()), ((), ()), ((0, 3), (3,))
]  # fmt: skip


def _of_two(
    name: str,
    left: Domain = FINITE,
    right: Domain = FINITE,
    integers: bool = True,
    number: bool = True,
    more: Callable[[Make], list[Sample]] = lambda r: [],
    **options: Any,
) -> None:
    """A function of a and b: of arrays that broadcast either way, of integers, of a tensor and a number."""

    def samples(r: Make) -> list[Sample]:
        found = [Sample(r.uniform(*left, *a), r.uniform(*right, *b)) for a, b in _PAIRS]
        if integers:
            found += [Sample(r.ints(1, 9, 2, 3), r.ints(1, 5, 3)), Sample(r.uniform(*left, 4), r.ints(1, 5, 4))]
        if number:
            found += [Sample(r.uniform(*left, 2, 3), right[1]), Sample(r.uniform(*left, 5), 2)]
        if integers and number:
            found += [Sample(r.ints(1, 9, 5), 2), Sample(r.ints(1, 9, 5), 2.5)]
        return found + more(r)

    def generated(draw: Draw, r: Make) -> Sample:
        shape = draw.shape()
        return Sample(r.uniform(*left, *draw.stretched(shape)), r.uniform(*right, *draw.stretched(shape)))

    text = f"{name}: cannot broadcast 'input' (2, 3) and '{options.pop('second', 'other')}' (2, 4): at dimension -1"
    refused = options.pop("errors", lambda r: [])
    entry(
        name,
        samples,
        generated=drawn(generated),
        elementwise=True,
        domain=left,
        errors=lambda r: [Failure(Sample(r(2, 3), r(2, 4)), RuntimeError, text), *refused(r)],
        **options,
    )


# ---------------------------------------------------------------------------------------------- of one

for name in ("square", "exp", "exp2", "expm1", "sin", "cos", "atan", "sinh", "cosh", "tanh", "asinh", "sigmoid", "erf"):
    _of_one(name)
for name in ("sqrt", "rsqrt", "reciprocal", "log", "log2", "log10"):
    _of_one(name, POSITIVE)
for name in ("asin", "acos", "atanh"):
    _of_one(name, (-0.9, 0.9))
_of_one("neg", errors=lambda r: [Failure(Sample(r.bools(3)), RuntimeError, "neg: not implemented for bool")])
_of_one("log1p", (-0.9, 3.0))
_of_one("tan", (-1.3, 1.3))
_of_one("acosh", (1.1, 4.0))
_of_one("frac", (0.1, 0.9), integers=False)

for name in ("sign", "floor", "ceil", "trunc"):
    _in_steps(name)
_in_steps("round")
entry(
    "abs",
    lambda r: [Sample(r.distinct(3, 4)), Sample(r.distinct(2)), Sample(r()), Sample(r(0)), Sample(r.ints(-5, 5, 6))],
    generated=drawn(lambda draw, r: Sample(r.distinct(*draw.shape()))),
    elementwise=True,
)
entry(
    "logit",
    lambda r: [
        Sample(r.uniform(0.1, 0.9, 3, 4)),
        Sample(r.uniform(0.1, 0.9)),
        Sample(r.uniform(-0.5, 1.5, 8), eps=0.1),
        Sample(r.uniform(0.1, 0.9, 2, 2), 1e-6),
        Sample(r.ints(0, 2, 3), 0.25),
    ],
    elementwise=True,
    domain=(0.1, 0.9),
)
entry(
    "nan_to_num",
    lambda r: [
        Sample(r(3, 4)),
        Sample(r(5), nan=1.0, posinf=9.0, neginf=-9.0),
        Sample(r(2), 0.5),
        Sample(r()),
        Sample(r.ints(0, 9, 3)),
    ],
    elementwise=True,
)

for name in ("isnan", "isinf", "isfinite"):
    entry(
        name,
        lambda r: [
            Sample(np.array([0.0, 1.0, np.nan, np.inf, -np.inf])),
            Sample(r(2, 3)),
            Sample(r.ints(0, 5, 3)),
            Sample(r()),
        ],
        elementwise=True,
        differentiable=False,
    )
entry(
    "logical_not",
    lambda r: [Sample(r.bools(2, 3)), Sample(r.ints(0, 2, 5)), Sample(np.array([0.0, -0.0, 0.5, np.nan]))],
    elementwise=True,
    differentiable=False,
)
entry(
    "bitwise_not",
    lambda r: [Sample(r.bools(2, 3)), Sample(r.ints(-9, 9, 5)), Sample(r.ints(0, 9, 5).astype(np.uint8))],
    elementwise=True,
    differentiable=False,
    errors=lambda r: [Failure(Sample(r(3)), RuntimeError, "bitwise_not: not implemented for float64")],
)

# ---------------------------------------------------------------------------------------------- of two


def _by_zero(name: str) -> Callable[[Make], list[Failure]]:
    return lambda r: [
        Failure(Sample(r.ints(1, 9, 3), 0), RuntimeError, f"{name}: ZeroDivisionError"),
        Failure(Sample(r.ints(1, 9, 2), np.array([1, 0])), RuntimeError, f"{name}: ZeroDivisionError"),
    ]


def _with_alpha(r: Make) -> list[Sample]:
    return [
        Sample(r(2, 3), 2, alpha=0.5),
        Sample(r(2, 3), r(3), alpha=-2),
        Sample(r.ints(0, 9, 3), r.ints(0, 9, 3), alpha=2),
    ]


_of_two("add", more=_with_alpha)
_of_two(
    "sub",
    more=_with_alpha,
    errors=lambda r: [Failure(Sample(r.bools(3), r.bools(3)), RuntimeError, "sub: not implemented for bool")],
)
_of_two("mul")
_of_two(
    "div",
    right=POSITIVE,
    more=lambda r: [
        Sample(r.uniform(5.2, 5.5, 2, 3), r.uniform(1.4, 1.7, 3), rounding_mode="floor"),
        Sample(r.uniform(-5.5, -5.2, 2, 3), 1.5, rounding_mode="trunc"),
        Sample(np.array([-7, 7, -7, 7, 6]), np.array([2, 2, -2, -2, 3]), rounding_mode="trunc"),
        Sample(np.array([-7, 7, -7, 7, 6]), np.array([2, 2, -2, -2, 3]), rounding_mode="floor"),
        Sample(r.ints(-9, 9, 6), 4, rounding_mode="trunc"),
        Sample(r.ints(-9, 9, 6), 2.5, rounding_mode="trunc"),
    ],
    errors=lambda r: [
        Failure(Sample(r(3), 2.0, rounding_mode="up"), RuntimeError, "div: expected rounding_mode to be None, 'trunc'")
    ],
)
_of_two(
    "floor_divide", (5.2, 5.5), (1.4, 1.7), differentiable=False, errors=_by_zero("floor_divide"),
    more=lambda r: [Sample(np.array([-7, 7, -7, 7, 6]), np.array([2, 2, -2, -2, 3]))],
)  # fmt: skip
for name in ("remainder", "fmod"):
    _of_two(
        name, (5.2, 5.5), (1.4, 1.7), errors=_by_zero(name),
        more=lambda r: [
            Sample(r.uniform(-5.5, -5.2, 4), r.uniform(1.4, 1.7, 4)),
            Sample(r.uniform(5.2, 5.5, 4), r.uniform(-1.7, -1.4, 4)),
            Sample(np.array([-7, 7, -7, 7, 6]), np.array([2, 2, -2, -2, 3])),
        ],
    )  # fmt: skip
_of_two("maximum", number=False)
_of_two("minimum", number=False)
_of_two("atan2", POSITIVE, number=False)
_of_two("logaddexp", integers=False, number=False)
_of_two(
    "pow",
    POSITIVE,
    (-2.0, 2.5),
    second="exponent",
    more=lambda r: [
        *[Sample(r(3, 2), n) for n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2, 2.0, 3.0)],
        *[Sample(r.uniform(*POSITIVE, 3), n) for n in (0.5, -0.5, 1.5, 3.5)],
        Sample(2, r(2, 3)),
        Sample(0.5, r(4)),
        Sample(r(4), r.ints(0, 4, 4)),
        Sample(2, r.ints(0, 5, 3)),
        Sample(r.ints(0, 5, 3), 0.5),
    ],
    errors=lambda r: [Failure(Sample(r.ints(1, 5, 3), -1), RuntimeError, "pow: integers to negative integer powers")],
)

for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _of_two(
        name,
        differentiable=False,
        more=lambda r: [
            Sample(r.ints(0, 3, 4, 5), r.ints(0, 3, 5)),
            Sample(r.bools(4), r.bools(4)),
            Sample(r.bools(3), 1),
        ],
    )
for name in ("logical_and", "logical_or", "logical_xor"):
    _of_two(
        name,
        number=False,
        differentiable=False,
        more=lambda r: [Sample(r.bools(4, 3), r.bools(3)), Sample(r.ints(0, 2, 5), r.bools(5))],
    )
for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"):
    entry(
        name,
        lambda r: [
            Sample(r.ints(-9, 9, 2, 3), r.ints(0, 5, 3)),
            Sample(r.ints(0, 9, 5).astype(np.uint8), r.ints(0, 3, 5).astype(np.uint8)),
            Sample(r.ints(0, 9, 5), 3),
            Sample(np.array(5), r.ints(0, 9, 2)),
        ],
        differentiable=False,
        elementwise=True,
        errors=lambda r: [Failure(Sample(r(3), r(3)), RuntimeError, ": not implemented for float64, float64")],
    )

# ---------------------------------------------------------------------------------------------- alike or not

entry(
    "isclose",
    lambda r: [
        Sample(np.array([1.0, 1.0, np.nan, np.inf, np.inf]), np.array([1.0 + 1e-9, 1.1, np.nan, np.inf, -np.inf])),
        Sample(np.array([1.0, np.nan]), np.array([1.05, np.nan]), rtol=0.1, atol=0.0, equal_nan=True),
        Sample(r(3, 1), r(4), atol=1.0),
        Sample(r.ints(0, 5, 3), r.ints(0, 5, 3)),
    ],
    elementwise=True,
    differentiable=False,
)
entry(
    "allclose",
    lambda r: [
        Sample(np.array([1.0, 2.0]), np.array([1.0 + 1e-9, 2.0])),
        Sample(np.array([1.0, 2.0]), np.array([1.0, 2.1])),
        Sample(np.array([1.0, 2.0]), np.array([1.0, 2.1]), rtol=0.1),
        Sample(np.array([np.nan]), np.array([np.nan]), equal_nan=True),
        Sample(r(0), r(0)),
    ],
    differentiable=False,
)
entry(
    "equal",
    lambda r: [
        Sample(np.ones((2, 3)), np.ones((2, 3))),
        Sample(np.ones(3), np.array([1.0, 1.0, 2.0])),
        Sample(np.ones((1, 3)), np.ones(3)),
        Sample(np.ones(3, np.int64), np.ones(3)),
        Sample(r(0), r(0)),
    ],
    differentiable=False,
)
