"""Entries for ``minideep.ops.loss``. What PyTorch broadcasts and minideep refuses stands in the tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

REDUCTIONS = ("mean", "sum", "none")


def _signs(r: Make, *shape: int) -> np.ndarray:
    return 2 * r.ints(0, 2, *shape) - 1


def _loss(
    name: str,
    arrays: Callable[..., tuple[np.ndarray, ...]],
    *settings: dict[str, Any],
    errors: Callable[[Make], list[Failure]] = lambda r: [],
    shapes: tuple[tuple[int, ...], ...] = ((3, 4), (5,), (2, 1, 3), (), (0, 3)),
    skips: dict[str, str] | None = None,
) -> None:
    """A loss between arrays that `arrays` makes of a shape: of several shapes, reductions and settings."""

    def samples(r: Make) -> Iterator[Sample]:
        for i, shape in enumerate(shapes):
            yield Sample(*arrays(r, *shape), reduction="sum" if 0 in shape else REDUCTIONS[i % 3])
        for chosen in settings:
            yield Sample(*arrays(r, *shapes[0]), **chosen)

    def generated(draw: Draw, r: Make) -> Sample:
        shape = draw.choice([shape for shape in shapes if 0 not in shape])
        return Sample(*arrays(r, *shape), **draw.choice(({}, *settings) if shape == shapes[0] else ({},)))

    def refused(r: Make) -> list[Failure]:
        wrong = Sample(*arrays(r, *shapes[0]), reduction="max")
        return [Failure(wrong, ValueError, f"{name}: 'max' is not a valid value for reduction"), *errors(r)]

    unlike = {"empty and size 1": "PyTorch broadcasts what is refused here; empty inputs are samples"}
    entry(name, samples, generated=drawn(generated), errors=refused, skips=unlike | (skips or {}))


def _apart(r: Make, *shape: int) -> tuple[np.ndarray, ...]:
    """Two arrays whose differences are no ties, and on both sides of 1."""
    target = r(*shape)
    return target + 5 * r.distinct(*shape), target


def _of_differences(name: str, *settings: dict[str, Any], more: Callable[[Make], list[Failure]] = lambda r: []) -> None:
    def errors(r: Make) -> list[Failure]:
        text = f"{name}: expected input and target of the same shape, but got input (3,) and target (4,)"
        return [Failure(Sample(r(3), r(4)), RuntimeError, text), *more(r)]

    _loss(name, _apart, *settings, errors=errors)


def _no_integers(name: str) -> Callable[[Make], list[Failure]]:
    return lambda r: [
        Failure(Sample(r.ints(0, 5, 3), r.ints(0, 5, 3)), NotImplementedError, f"{name}: not implemented")
    ]


_WEIGHT = np.linspace(0.5, 2.0, 12).reshape(3, 4)

_of_differences(
    "mse_loss",
    {"weight": _WEIGHT},
    {"weight": _WEIGHT, "reduction": "none"},
    more=lambda r: [
        *_no_integers("mse_loss")(r),
        Failure(Sample(r(3), r(3), weight=r(2)), ValueError, "mse_loss: expected input and weight of the same shape"),
    ],
)
_of_differences("l1_loss", {"weight": _WEIGHT}, {"weight": _WEIGHT, "reduction": "sum"})
_of_differences(
    "huber_loss",
    {"delta": 0.4},
    {"weight": _WEIGHT, "delta": 2.0},
    more=lambda r: [
        *_no_integers("huber_loss")(r),
        Failure(Sample(r(3), r(3), delta=0.0), RuntimeError, "huber_loss: expected a delta above 0, but got 0.0"),
    ],
)
_of_differences(
    "smooth_l1_loss",
    {"beta": 0.4},
    {"beta": 0.0, "reduction": "none"},
    more=lambda r: [
        *_no_integers("smooth_l1_loss")(r),
        Failure(Sample(r(3), r(3), beta=-1.0), RuntimeError, "smooth_l1_loss: expected a beta of 0 or above, but got"),
    ],
)

# ---------------------------------------------------------------------------------------------- of probabilities


def _shares(r: Make, *shape: int) -> tuple[np.ndarray, ...]:
    return r.uniform(0.25, 0.75, *shape), r.uniform(0.05, 0.95, *shape)


def _pair_errors(name: str) -> Iterator[Failure]:
    x = np.full((3, 2), 0.5)
    text = f"{name}: expected input and target of the same shape, but got input (3, 2) and target (3,)"
    yield Failure(Sample(x, x[:, 0]), ValueError, text)
    yield Failure(
        Sample(x, x.astype("int64")), RuntimeError, f"{name}: expected input and target of one floating-point"
    )
    yield Failure(Sample(x, x, weight=x[:, 0]), RuntimeError, f"{name}: cannot broadcast the shapes")
    yield Failure(Sample(x, x, weight=x[None]), RuntimeError, f"{name}: expected a weight that broadcasts to (3, 2)")


_loss(
    "binary_cross_entropy",
    _shares,
    {"weight": _WEIGHT[0]},
    {"weight": _WEIGHT, "reduction": "none"},
    skips={"ties": "at 0 and 1, PyTorch's bound on the gradient is 1e-12 in the precision of float32"},
    errors=lambda r: [
        *_pair_errors("binary_cross_entropy"),
        Failure(
            Sample(r.uniform(1.1, 2, 3), r.uniform(0, 1, 3)), RuntimeError, "all elements of input should be between"
        ),
        Failure(
            Sample(r.uniform(0, 1, 3), r.uniform(1.1, 2, 3)), RuntimeError, "all elements of target should be between"
        ),
    ],
)
_loss(
    "binary_cross_entropy_with_logits",
    lambda r, *shape: (3 * r(*shape), r.uniform(0, 1, *shape)),
    {"weight": _WEIGHT[0]},
    {"pos_weight": _WEIGHT[0]},
    {"weight": _WEIGHT, "pos_weight": _WEIGHT, "reduction": "none"},
    errors=lambda r: [
        *_pair_errors("binary_cross_entropy_with_logits"),
        Failure(Sample(r(3, 2), r(3, 2), pos_weight=r(3)), RuntimeError, "cannot broadcast the shapes"),
    ],
)
_loss(
    "kl_div",
    lambda r, *shape: (-r.uniform(0.1, 3, *shape), r.uniform(0.05, 0.95, *shape)),
    {"log_target": True},
    {"log_target": True, "reduction": "none"},
    {"reduction": "batchmean"},
    skips={"ties": "where a target is 0, PyTorch's gradient of it is nan"},
    errors=lambda r: [Failure(Sample(r(3), r(4)), RuntimeError, "kl_div: expected input and target of the same shape")],
)

# ---------------------------------------------------------------------------------------------- of distances


def _cosine_errors(r: Make) -> list[Failure]:
    name, x = "cosine_embedding_loss: expected ", r(3, 4)
    return [
        Failure(
            Sample(x, x, _signs(r, 2)), RuntimeError, name + "inputs (N, D) and a target (N,), or (D,) and (), but"
        ),
        Failure(Sample(x, x, _signs(r)), RuntimeError, name + "inputs (N, D) and a target (N,)"),
        Failure(Sample(r(2, 3, 4), r(2, 3, 4), _signs(r, 2)), RuntimeError, name + "inputs (N, D) and a target (N,)"),
        Failure(Sample(x, r(3, 5), _signs(r, 3)), RuntimeError, name + "input1 and input2 of the same shape"),
    ]


_loss(
    "cosine_embedding_loss",
    lambda r, *shape: (r(*shape), r(*shape), _signs(r, *shape[:-1])),
    {"margin": 0.2},
    {"margin": -0.5, "reduction": "none"},
    errors=_cosine_errors,
    shapes=((6, 4), (5,), (1, 3)),
)
_loss(
    "hinge_embedding_loss",
    lambda r, *shape: (5 * r.distinct(*shape), _signs(r, *shape)),
    {"margin": 0.3},
    {"margin": 2.0, "reduction": "none"},
    errors=lambda r: [
        Failure(Sample(r(3), r(2)), RuntimeError, "hinge_embedding_loss: expected input and target of the")
    ],
)
_loss(
    "margin_ranking_loss",
    lambda r, *shape: (*_apart(r, *shape), _signs(r, *shape)),
    {"margin": 0.3},
    {"margin": -0.7, "reduction": "none"},
    errors=lambda r: [
        Failure(
            Sample(r(3), r(4), _signs(r, 3)), RuntimeError, "margin_ranking_loss: expected input1 and input2 of the"
        ),
        Failure(
            Sample(r(3), r(3), _signs(r)), RuntimeError, "margin_ranking_loss: expected input1 and target of the same"
        ),
    ],
)
_loss(
    "triplet_margin_loss",
    lambda r, *shape: (r(*shape), r(*shape), r(*shape)),
    {"margin": 0.3, "p": 1.0},
    {"swap": True, "reduction": "none"},
    {"margin": 3.0, "p": 3.0, "eps": 0.1},
    errors=lambda r: [
        Failure(
            Sample(r(3, 4), r(3, 4), r(2, 4)), RuntimeError, "triplet_margin_loss: expected anchor and negative of"
        ),
        Failure(
            Sample(r(3, 4), r(3, 4), r(3, 4), -1.0), ValueError, "triplet_margin_loss: margin must be greater than"
        ),
    ],
    shapes=((6, 4), (5,), (2, 3, 4)),
)
