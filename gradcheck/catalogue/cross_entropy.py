"""Entries for ``minideep.ops.cross_entropy``. Class weights are constants here: PyTorch gives them no gradient."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

Shape = tuple[int, ...]


def _weighing(library: str, name: str) -> Any:
    """The function of that name, with class weights 1/2, 1, 3/2, … for as many classes as `weights` says."""

    def function(input: Any, target: Any, weights: int | None = None, **settings: Any) -> Any:
        tensors, functional = importlib.import_module(library), importlib.import_module(f"{library}.nn.functional")
        if weights is not None:
            dtype = settings.pop("weight_dtype", input.dtype)
            settings["weight"] = (tensors.arange(weights, device=input.device) + 1).to(dtype) / 2
        return getattr(functional, name)(input, target, **settings)

    return function


def _options(name: str) -> dict[str, Any]:
    return {"function": _weighing("minideep", name), "torch": _weighing("torch", name)}


def _of_classes(r: Make) -> Iterator[Sample]:
    yield Sample(r(4, 3), r.ints(0, 3, 4))
    yield Sample(r(4, 3), np.array([2, -100, 0, -100]), 3)
    yield Sample(r(4, 3), np.array([2, 1, 1, 0]), 3, ignore_index=1, reduction="sum")
    yield Sample(r(4, 3), r.ints(0, 3, 4), reduction="none")
    yield Sample(r(2, 3, 4), r.ints(0, 3, 2, 4), 3, reduction="none")
    yield Sample(r(2, 3, 2, 2), r.ints(0, 3, 2, 2, 2), 3, ignore_index=0)
    yield Sample(r(4), r.ints(0, 4))
    yield Sample(r(3, 1), r.ints(0, 1, 3))
    yield Sample(r(3, 5), r.ints(0, 5, 3).astype(np.uint8))
    yield Sample(r(0, 3), r.ints(0, 3, 0), reduction="sum")


def _generated(draw: Draw, r: Make) -> Sample:
    samples, classes, *sides = shape = draw.shape(2, 4, 1)
    settings = {"reduction": draw.choice(("mean", "sum", "none")), "ignore_index": draw.choice((-100, classes))}
    return Sample(r(*shape), r.ints(0, classes, samples, *sides), draw.choice((None, classes)), **settings)


def _class_errors(name: str, r: Make) -> Iterator[Failure]:
    x, t, no = r(3, 4), r.ints(0, 4, 3), f"{name}: target {{}} is out of bounds: the 4 classes are 0 to 3"
    yield Failure(Sample(x, np.array([0, 1, 4])), IndexError, no.format(4))
    yield Failure(Sample(x, np.array([0, -1, 3])), IndexError, no.format(-1))
    yield Failure(Sample(x, r.ints(0, 4, 2)), ValueError, f"{name}: scores (3, 4) want classes of shape (3,), but the")
    yield Failure(
        Sample(r(2, 3, 4), r.ints(0, 3, 2, 5)), RuntimeError, f"{name}: scores (2, 3, 4) want classes of shape"
    )
    yield Failure(Sample(x, t.astype("f8")), RuntimeError, f"{name}: expected classes of dtype int64, but got float64")
    yield Failure(Sample(x, [0, 1, 2]), TypeError, f"{name}: expected target to be a Tensor, but got list")
    yield Failure(
        Sample(x, t, 3), RuntimeError, f"{name}: expected a weight for each of the classes, (4,), but got (3,)"
    )
    mixed = Sample(x, t, 4, weight_dtype=np.dtype("float32"))
    yield Failure(mixed, RuntimeError, f"{name}: expected a weight of the input's dtype float64, but got float32")
    yield Failure(Sample(x, t, reduction="max"), ValueError, f"{name}: 'max' is not a valid value for reduction")
    yield Failure(Sample(r.ints(0, 3, 3, 4), t), NotImplementedError, "not implemented for int64")


def _probabilities(r: Make, *shape: int) -> np.ndarray:
    scores = np.exp(r(*shape))
    return scores / scores.sum(axis=min(1, len(shape) - 1), keepdims=True)


def _errors(r: Make) -> Iterator[Failure]:
    yield from _class_errors("cross_entropy", r)
    x = r(3, 4)
    yield Failure(
        Sample(x, r.ints(0, 2, 3, 4)), RuntimeError, "cross_entropy: a target of the input's shape (3, 4) is of"
    )
    yield Failure(Sample(x, x, ignore_index=2), RuntimeError, "cross_entropy: ignore_index is for targets that are")
    smooth = Sample(x, r.ints(0, 4, 3), label_smoothing=1.5)
    yield Failure(smooth, RuntimeError, "cross_entropy: label_smoothing must be between 0 and 1, but got 1.5")


entry(
    "cross_entropy",
    lambda r: [
        *_of_classes(r),
        Sample(30 * r(4, 3), r.ints(0, 3, 4)),
        Sample(r(4, 3), r.ints(0, 3, 4), label_smoothing=0.2),
        Sample(r(2, 3, 4), np.array([[2, -100, 0, 1], [0, 1, -100, 2]]), 3, label_smoothing=0.1),
        Sample(r(4, 3), r.ints(0, 3, 4), 3, label_smoothing=0.3, reduction="none"),
        Sample(r(4, 3), _probabilities(r, 4, 3)),
        Sample(r(2, 3, 4), _probabilities(r, 2, 3, 4), 3, label_smoothing=0.1),
        Sample(r(2, 3, 4), _probabilities(r, 2, 3, 4), 3, reduction="none"),
        Sample(r(4), _probabilities(r, 4), reduction="sum"),
    ],
    generated=drawn(_generated),
    errors=_errors,
    **_options("cross_entropy"),
)
entry(
    "nll_loss",
    _of_classes,
    generated=drawn(_generated),
    errors=lambda r: [
        *_class_errors("nll_loss", r),
        Failure(Sample(r(), r.ints(0, 1)), ValueError, "nll_loss: expected scores (N, C, …) or (C,), but got ()"),
    ],
    **_options("nll_loss"),
)
