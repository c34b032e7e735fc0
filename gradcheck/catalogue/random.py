"""Entries for ``minideep.ops.random``. The numbers are not PyTorch's: what is compared are seeds and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..entry import Failure, Sample, entry

for name in ("rand", "randn"):
    entry(
        name,
        lambda r: [
            Sample(2, 3),
            Sample((3, 2)),
            Sample(()),
            Sample(0, 3),
            Sample(4, dtype=np.dtype("float64")),
            Sample(4, dtype=np.dtype("float16")),
        ],
        differentiable=False,
        errors=lambda r: [
            Failure(Sample(2, dtype=np.dtype("int64")), NotImplementedError, ": not implemented for int64")
        ],
    )
    entry(
        f"{name}_like",
        lambda r: [Sample(r(2, 3)), Sample(r(0, 3)), Sample(r.ints(0, 5, 4), dtype=np.dtype("float32"))],
        differentiable=False,
        errors=lambda r: [Failure(Sample(r.ints(0, 5, 4)), NotImplementedError, ": not implemented for int64")],
    )
entry(
    "randint",
    lambda r: [
        Sample(5, (2, 3)),
        Sample(-3, 4, (10,)),
        Sample(3, 4, ()),
        Sample(high=3, size=(2, 2)),
        Sample(0, 9, (4,), dtype=np.dtype("float32")),
        Sample(0, 9, (4,), dtype=np.dtype("uint8")),
    ],
    differentiable=False,
    errors=lambda r: [Failure(Sample(5, 5, (2,)), RuntimeError, "randint: expects 'low' to be less than 'high'")],
)
entry(
    "randint_like",
    lambda r: [Sample(r(2, 3), 5), Sample(r.ints(0, 5, 4), -2, 9)],
    differentiable=False,
)
entry(
    "randperm",
    lambda r: [Sample(10), Sample(0), Sample(1), Sample(5, dtype=np.dtype("int32"))],
    differentiable=False,
    errors=lambda r: [Failure(Sample(-1), RuntimeError, "randperm: n must be non-negative")],
)
entry(
    "normal",
    lambda r: [
        Sample(r(2, 3), r.uniform(0.5, 2, 2, 3)),
        Sample(r(5), 2.0),
        Sample(3.0, r.uniform(0.5, 2, 4)),
        Sample(-1.0, 0.5, (2, 3)),
        Sample(r(5)),
        Sample(r(0), 1.0),
    ],
    differentiable=False,
    errors=lambda r: [
        Failure(Sample(r(3), -1.0), RuntimeError, "normal: expects all elements of std >= 0.0"),
        Failure(Sample(0.0, np.array([1.0, -1.0])), RuntimeError, "normal: expects all elements of std >= 0.0"),
    ],
)
entry(
    "bernoulli",
    lambda r: [Sample(r.uniform(0, 1, 3, 4)), Sample(np.array([0.0, 1.0, 0.5])), Sample(r(5), 0.3), Sample(r(0))],
    differentiable=False,
    errors=lambda r: [
        Failure(Sample(np.array([0.5, 1.5])), RuntimeError, "bernoulli: expected every p to be a probability"),
        Failure(Sample(r(2), -0.5), RuntimeError, "bernoulli: expected every p to be a probability"),
    ],
)
entry(
    "multinomial",
    lambda r: [
        Sample(np.array([1.0, 2.0, 0.0, 5.0]), 2),
        Sample(r.uniform(0.1, 1, 3, 5), 5),
        Sample(r.uniform(0.1, 1, 3, 5), 2, False),
        Sample(np.array([[1.0, 0.0, 0.0, 3.0, 0.0], [2.0, 0.0, 0.0, 1.0, 1.0]]), 7, True),
        Sample(r.uniform(0, 1, 6), 4, replacement=True),
    ],
    differentiable=False,
    errors=lambda r: [
        Failure(Sample(np.ones(3), 4), RuntimeError, "multinomial: cannot sample n_sample > prob_dist.size(-1)"),
        Failure(Sample(np.ones(3), 0), RuntimeError, "multinomial: cannot sample"),
        Failure(Sample(np.array([1.0, -1.0]), 1), RuntimeError, "multinomial: probability tensor contains"),
        Failure(Sample(np.array([1.0, np.nan]), 1), RuntimeError, "multinomial: probability tensor contains"),
        Failure(Sample(np.zeros(2), 1, True), RuntimeError, "multinomial: invalid multinomial distribution"),
        Failure(Sample(np.ones((2, 2, 2)), 1), RuntimeError, "multinomial: expected one or two dimensions"),
    ],
)


def _on_copy(name: str) -> Any:
    """A method that works in place, on a copy of its first argument."""
    return lambda x, *args, **kwargs: getattr(x.clone(), name)(*args, **kwargs)


entry(
    "uniform_",
    lambda r: [Sample(r(3, 4)), Sample(r(5), -1.0, 3.0), Sample(r(0))],
    flat=True,
    function=_on_copy("uniform_"),
    torch=_on_copy("uniform_"),
    errors=lambda r: [Failure(Sample(r(3), 2.0, 1.0), RuntimeError, "uniform_: expects to return a [from, to) range")],
)
entry(
    "normal_",
    lambda r: [Sample(r(3, 4)), Sample(r(5), 2.0, 0.5), Sample(r(0))],
    flat=True,
    function=_on_copy("normal_"),
    torch=_on_copy("normal_"),
    errors=lambda r: [Failure(Sample(r(3), 0.0, -1.0), RuntimeError, "normal_: expects std >= 0.0")],
)
entry(
    "bernoulli_",
    lambda r: [Sample(r(3, 4)), Sample(r(5), 0.2), Sample(r(2, 3), r.uniform(0, 1, 3)), Sample(r.ints(0, 5, 4), 0.5)],
    flat=True,
    function=_on_copy("bernoulli_"),
    torch=_on_copy("bernoulli_"),
    errors=lambda r: [Failure(Sample(r(3), 1.5), RuntimeError, "bernoulli: expected every p to be a probability")],
)
