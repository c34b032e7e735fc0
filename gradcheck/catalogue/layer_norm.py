"""Entries for ``minideep.ops.layer_norm``."""

from __future__ import annotations

from collections.abc import Iterator

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _generated(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1, 4)
    row = shape[draw.integer(0, len(shape) - 1) :]
    parameters = {name: r(*row) for name in ("weight", "bias") if draw.boolean()}
    return Sample(10 * draw.boolean() + r(*shape), row, **parameters, eps=draw.choice((1e-5, 0.1)))


def _layer_norm_errors(r: Make) -> Iterator[Failure]:
    x, shape = r(2, 3), "layer_norm: expected a {} of shape (3,), but its shape is {}"
    yield Failure(Sample(x, 3), TypeError, "layer_norm: expected normalized_shape to be a tuple of integers, but got 3")
    yield Failure(Sample(x, ()), RuntimeError, "layer_norm: expected normalized_shape to have at least one side")
    yield Failure(Sample(x, (4,)), RuntimeError, "layer_norm: normalized_shape=(4,) wants an input whose shape ends so")
    yield Failure(Sample(r(3), (2, 3)), RuntimeError, "ends so, but got (3,)")
    yield Failure(Sample(x, (3,), r(2)), RuntimeError, shape.format("weight", "(2,)"))
    yield Failure(Sample(x, (3,), r(3), r(3, 1)), RuntimeError, shape.format("bias", "(3, 1)"))
    yield Failure(Sample(x, (3,), r(3).astype("f4")), RuntimeError, "expected a weight of float64, like the input")
    yield Failure(Sample(r.ints(0, 5, 2, 3), (3,)), NotImplementedError, "layer_norm: not implemented for int64")


def _rms_norm_errors(r: Make) -> Iterator[Failure]:
    x = r(2, 3)
    yield Failure(Sample(x, (4,)), RuntimeError, "rms_norm: normalized_shape=(4,) wants an input whose shape ends so")
    yield Failure(Sample(x, (3,), r(2)), RuntimeError, "rms_norm: expected a weight of shape (3,), but its shape is")
    yield Failure(Sample(r.ints(0, 5, 2, 3), (3,)), NotImplementedError, "rms_norm: not implemented for int64")


entry(
    "layer_norm",
    lambda r: [
        Sample(r(4, 5), (5,), r(5), r(5)),
        Sample(r(4, 5), [5]),
        Sample(r(2, 3, 4), (3, 4), r(3, 4), r(3, 4)),
        Sample(r(2, 3, 4), (4,), weight=r(4)),
        Sample(r(2, 3, 4), (4,), bias=r(4), eps=0.5),
        Sample(50 + r(3, 6), (6,), r(6), r(6)),
        Sample(r(5), (5,), r(5), r(5)),
        Sample(r(0, 3), (3,), r(3), r(3)),
        Sample(r(2, 0), (0,)),
    ],
    generated=drawn(_generated),
    errors=_layer_norm_errors,
)
entry(
    "rms_norm",
    lambda r: [
        Sample(r(4, 5), (5,), r(5)),
        Sample(r(2, 3, 4), (3, 4)),
        Sample(r(2, 3, 4), [4], weight=r(4), eps=0.1),
        Sample(r(5), (5,), r(5)),
        Sample(r(0, 3), (3,), r(3)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape(1))), shape[-1:], r(*shape[-1:]))),
    errors=_rms_norm_errors,
)
