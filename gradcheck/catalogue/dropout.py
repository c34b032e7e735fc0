"""Entries for ``minideep.ops.dropout``."""

from __future__ import annotations

from collections.abc import Iterator

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _dropout(name: str, *shapes: tuple[int, ...]) -> None:
    """Dropout of any kind: with several chances, when training and when not."""

    def samples(r: Make) -> list[Sample]:
        settings = ((), (0.2,), (0.0,), (1.0,), (0.7, False))
        return [Sample(r(*shape), *settings[i % len(settings)]) for i, shape in enumerate(shapes * 2)]

    def generated(draw: Draw, r: Make) -> Sample:
        return Sample(r(*draw.choice(shapes)), draw.choice((0.0, 0.25, 0.5, 1.0)), training=draw.boolean())

    def errors(r: Make) -> Iterator[Failure]:
        for p in (-0.1, 1.5):
            text = f"{name}: dropout probability has to be between 0 and 1, but got p={p}"
            yield Failure(Sample(r(*shapes[0]), p), ValueError, text)
        yield Failure(Sample(r.ints(0, 9, *shapes[0])), RuntimeError, "dropout: not implemented for int64")
        if name != "dropout":
            yield Failure(Sample(r(3)), RuntimeError, f"{name}: expected an input")

    entry(name, samples, generated=drawn(generated), errors=errors)


_dropout("dropout", (40, 5), (), (3, 4, 2), (0, 3))
_dropout("dropout1d", (30, 8, 2), (50, 3), (2, 3, 0))
_dropout("dropout2d", (30, 8, 2, 2), (20, 9), (4, 5, 6))
