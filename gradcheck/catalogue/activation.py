"""Entries for ``minideep.ops.activation``: of many dimensions and none, on both sides of their kinks."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

Settings = dict[str, Any]


def _activation(name: str, *settings: Settings, refuses: str = "int64", **options: Any) -> None:
    """A function of each entry: with its defaults and other settings, in place, and refused for some dtype."""
    wrong: dict[str, tuple[type[Exception], Callable[[Make], Any]]] = {
        "int64": (NotImplementedError, lambda r: r.ints(-3, 3, 4)),
        "bool": (RuntimeError, lambda r: r.bools(4)),
    }
    more: Any = options.pop("errors", lambda r: [])

    def samples(r: Make) -> list[Sample]:
        found = [Sample(r.distinct(*shape)) for shape in ((4, 6), (), (0, 2), (2, 1, 3))]
        found += [Sample(7 * r.distinct(4, 6)), *(Sample(r.distinct(5, 2), **chosen) for chosen in settings)]
        return found + ([Sample(r.ints(-3, 8, 6))] if refuses != "int64" else [])

    def generated(draw: Draw, r: Make) -> Sample:
        return Sample(r.distinct(*draw.shape()), **draw.choice(({}, *settings)))

    def errors(r: Make) -> list[Failure]:
        if not refuses:
            return list(more(r))
        error, make = wrong[refuses]
        return [Failure(Sample(make(r)), error, f"{refuses}; convert with .float() first"), *more(r)]

    entry(name, samples, generated=drawn(generated), errors=errors, elementwise=True, **options)


def _hardsigmoid(x: Any) -> Any:
    """PyTorch's own multiplies gradients by a sixth in the precision of float32."""
    functional = importlib.import_module("torch.nn.functional")
    return functional.relu6(x + 3) / 6 if x.is_floating_point() else functional.hardsigmoid(x)


_activation("relu", refuses="bool")
_activation("relu6", refuses="bool")
_activation(
    "hardtanh",
    {"min_val": -0.31, "max_val": 0.59},
    {"min_val": 0.0, "max_val": 0.0},
    refuses="bool",
    errors=lambda r: [Failure(Sample(r(2), 2.0, 1.0), ValueError, "hardtanh: min_val 2.0 cannot be greater than")],
)
_activation("leaky_relu", {"negative_slope": 0.3}, {"negative_slope": -0.5}, {"negative_slope": 2.0})
_activation("elu", {"alpha": 0.4})
_activation("selu")
_activation(
    "celu",
    {"alpha": 0.5},  # of others, PyTorch's gradient has the precision of float32
    {"alpha": -2.0},
    errors=lambda r: [Failure(Sample(r(2), alpha=0.0), RuntimeError, "celu: ZeroDivisionError: alpha cannot be 0")],
)
_activation("silu")
_activation("mish")
_activation("hardswish")
_activation("hardsigmoid", torch=_hardsigmoid)
_activation("softplus", {"beta": 2.0}, {"beta": 3.0, "threshold": 1.2}, {"beta": -0.5})
_activation("softsign", refuses="", skips={"special values": "at ±inf its gradient is 0, where PyTorch has nan"})
_activation("logsigmoid")

# ---------------------------------------------------------------------------------------------- of more than each entry


def _prelu(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1)
    channels = shape[1] if len(shape) > 1 else 1
    return Sample(r.distinct(*shape), r(draw.choice((1, channels))))


def _glu(draw: Draw, r: Make) -> Sample:
    shape = draw.shape(1)
    return Sample(r(*(2 * n for n in shape)), draw.dim(len(shape)))


entry(
    "prelu",
    lambda r: [
        Sample(r.distinct(4, 3), r(3)),
        Sample(r.distinct(2, 3, 2, 2), r(3)),
        Sample(r.distinct(2, 3, 4), r(1)),
        Sample(r.distinct(5), r(1)),
        Sample(r.distinct(2, 3), r()),
        Sample(r.distinct(), r(1)),
        Sample(r.distinct(0, 3), r(3)),
    ],
    generated=drawn(_prelu),
    errors=lambda r: [
        Failure(Sample(r(2, 3), r(2)), RuntimeError, "prelu: expected one weight, or a vector with one for each"),
        Failure(Sample(r(2, 3), r(3, 1)), RuntimeError, "but the weight has shape (3, 1)"),
        Failure(Sample(r(2, 3), 0.5), TypeError, "prelu(): argument 'weight' must be Tensor, not float"),
    ],
)
entry(
    "glu",
    lambda r: [
        Sample(r(3, 4)),
        Sample(r(4, 3), 0),
        Sample(r(2, 6, 3), dim=-2),
        Sample(r(2)),
        Sample(r(3, 0)),
        Sample(r(0, 2)),
    ],
    generated=drawn(_glu),
    errors=lambda r: [
        Failure(Sample(r(4, 3)), RuntimeError, "to halve, but got dim=-1 of shape (4, 3)"),
        Failure(Sample(r()), RuntimeError, "glu: expected a side of even size to halve"),
        Failure(Sample(r(4), 1), IndexError, "glu: Dimension out of range"),
    ],
)
entry(
    "swish",
    lambda r: [
        Sample(r(3, 4)),
        Sample(r(3, 4), 2.5),
        Sample(r(3, 4), beta=r(1)),
        Sample(r(2, 3), r(3)),
        Sample(r(), r()),
        Sample(r(0, 2)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*(shape := draw.shape())), r(*draw.stretched(shape)))),
    torch=None,
    elementwise=True,
)
