"""Entries for ``minideep.ops.conversion``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minideep

from ..entry import Failure, Sample, entry
from ..strict import register


def _on_copy(name: str) -> Callable[..., Any]:
    """A method that works in place, on a copy of its first argument."""
    return lambda x, *args, **kwargs: getattr(x.clone(), name)(*args, **kwargs)


entry(
    "to",
    lambda r: [
        Sample(r(2, 3), np.dtype("float64")),
        Sample(r(2, 3), np.dtype("float64"), copy=True),
        Sample(r(4), copy=True),
        Sample(r(), r(2), copy=True),
        Sample(r.ints(0, 5, 4), np.dtype("float64")),
        Sample(r.ints(0, 5, 4), r.bools(2)),
    ],
    errors=lambda r: [Failure(Sample(r(2), "tpu"), RuntimeError, "device: expected one of cpu, cuda")],
)


def _there_and_back(input: minideep.Tensor) -> minideep.Tensor:
    """Moved to a device of another kind, used there, and moved back."""
    register()
    return (input.to("cpu" if input.device.type == "strict" else "strict") * 2).to(input.device)


entry("to_device", lambda r: [Sample(r(2, 3)), Sample(r()), Sample(r(0))], torch=None, function=_there_and_back)

_AS_TO = dict.fromkeys(
    ("first derivative", "second derivative", "fan-out", "wrong gradients"),
    "a conversion as 'to' makes it, whose entry shows this; to other floats than float64 it is too coarse",
)
for name in ("half", "float", "double"):
    entry(
        name,
        lambda r: [Sample(r(2, 3)), Sample(r()), Sample(r.ints(-9, 9, 4))],
        function=getattr(minideep.Tensor, name),
        torch=f"Tensor.{name}",
        skips=_AS_TO,
    )
for name in ("long", "int", "short", "char", "bool"):
    entry(
        name,
        lambda r: [Sample(r(2, 3) * 3), Sample(r()), Sample(r.ints(-9, 9, 4)), Sample(r.bools(3))],
        function=getattr(minideep.Tensor, name),
        torch=f"Tensor.{name}",
        differentiable=False,
    )
entry("byte", lambda r: [Sample(r.ints(0, 9, 4)), Sample(r.bools(3))], differentiable=False)
entry("type", lambda r: [Sample(r(4), np.dtype("float32")), Sample(r.ints(0, 5, 4), np.dtype("float64"))], skips=_AS_TO)
entry("type_as", lambda r: [Sample(r(4), r(1)), Sample(r.ints(0, 5, 4), r())], skips=_AS_TO)

entry(
    "fill_",
    lambda r: [
        Sample(r(3, 4), 2.5),
        Sample(r(3), r()),
        Sample(r(2, 2), r()),
        Sample(r.ints(0, 5, 3), 2.7),
        Sample(r.bools(3), True),
        Sample(r(0), 1),
    ],
    function=_on_copy("fill_"),
    torch=_on_copy("fill_"),
    errors=lambda r: [
        Failure(Sample(r(3), r(3)), RuntimeError, "fill_: expected a number or a tensor without dimensions")
    ],
)
entry(
    "zero_",
    lambda r: [Sample(r(3, 4)), Sample(r()), Sample(r.ints(0, 5, 3)), Sample(r(0))],
    flat=True,
    function=_on_copy("zero_"),
    torch=_on_copy("zero_"),
)
entry(
    "copy_",
    lambda r: [
        Sample(r(3, 4), r(3, 4)),
        Sample(r(3, 4), r(4)),
        Sample(r(3), r()),
        Sample(r(3), r.ints(0, 5, 3)),
        Sample(r(2), 5),
        Sample(r(0, 2), r(2)),
    ],
    function=_on_copy("copy_"),
    torch=_on_copy("copy_"),
    errors=lambda r: [Failure(Sample(r(3, 4), r(3)), RuntimeError, "expand: a tensor of shape (3,)")],
)
