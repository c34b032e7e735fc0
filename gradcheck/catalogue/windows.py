"""Entries for ``minideep.ops.windows``."""

from __future__ import annotations

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _taking_apart(draw: Draw, r: Make) -> tuple[tuple[int, ...], list[int], dict[str, tuple[int, ...]]]:
    """A batch and its channels, the sides of an image, and windows that fit into it."""
    names = ("kernel_size", "dilation", "padding", "stride")
    highest = (3, 2, 2, 3)
    both = [
        [draw.integer(0 if name == "padding" else 1, high) for name, high in zip(names, highest, strict=True)]
        for _ in range(2)
    ]
    sides = [max((kernel - 1) * gap + 1 - 2 * pad, 1) + draw.integer(0, 3) for kernel, gap, pad, _ in both]
    settings = dict(zip(names, zip(*both, strict=True), strict=True))
    return draw.choice([(), (1,), (2,)]), sides, settings


def _unfolding(draw: Draw, r: Make) -> Sample:
    batch, sides, settings = _taking_apart(draw, r)
    return Sample(r(*batch, draw.integer(1, 2), *sides), **settings)


def _folding(draw: Draw, r: Make) -> Sample:
    batch, sides, settings = _taking_apart(draw, r)
    counts = [
        (side + 2 * pad - gap * (kernel - 1) - 1) // step + 1
        for side, kernel, gap, pad, step in zip(sides, *settings.values(), strict=True)
    ]
    height, width = settings["kernel_size"]
    return Sample(r(*batch, draw.integer(1, 2) * height * width, counts[0] * counts[1]), tuple(sides), **settings)


entry(
    "unfold",
    lambda r: [
        Sample(r(2, 3, 5, 6), 3),
        Sample(r(2, 2, 5, 6), (2, 3), 1, 1, 2),
        Sample(r(1, 2, 7, 5), kernel_size=(3, 2), dilation=2, stride=(1, 3), padding=(0, 1)),
        Sample(r(2, 4, 4), 2, stride=2),
        Sample(r(1, 1, 5, 5), 2, stride=3),
        Sample(r(1, 1, 1, 1), 1),
        Sample(r(0, 2, 3, 3), 2),
    ],
    generated=drawn(_unfolding),
    errors=lambda r: [
        Failure(Sample(r(1, 2, 3, 4, 5), 1), RuntimeError, "unfold: expected an image (C, H, W) or a batch of them"),
        Failure(Sample(r(2, 0, 4, 4), 1), RuntimeError, "none of whose sides is 0, but got (2, 0, 4, 4)"),
        Failure(
            Sample(r(1, 1, 3, 4), 4), RuntimeError, "unfold: no window fits: it covers (4, 4) entries, but the input"
        ),
        Failure(Sample(r(1, 1, 3, 4), 0), RuntimeError, "unfold: kernel_size must not be less than 1, but got 0"),
        Failure(Sample(r(1, 1, 3, 4), 2, stride=0), RuntimeError, "unfold: stride must not be less than 1"),
        Failure(Sample(r(1, 1, 3, 4), 2, dilation=0), RuntimeError, "unfold: dilation must not be less than 1"),
        Failure(Sample(r(1, 1, 3, 4), 2, padding=-1), RuntimeError, "unfold: padding must not be less than 0"),
        Failure(
            Sample(r(1, 1, 3, 4), (2, 2, 2)), RuntimeError, "unfold: kernel_size must be one integer or 2, but got"
        ),
        Failure(
            Sample(r(1, 1, 3, 4), 2.5), TypeError, "unfold: kernel_size must be an integer or a tuple of 2 integers"
        ),
    ],
)
entry(
    "fold",
    lambda r: [
        Sample(r(2, 27, 12), (5, 6), 3),
        Sample(r(2, 12, 9), (5, 6), (2, 3), 1, 1, 2),
        Sample(r(1, 12, 6), (7, 5), kernel_size=(3, 2), dilation=2, stride=(1, 3), padding=(0, 1)),
        Sample(r(8, 4), 4, 2, stride=2),
        Sample(r(1, 4, 4), 5, 2, stride=3),
        Sample(r(0, 4, 4), 3, 2),
    ],
    generated=drawn(_folding),
    errors=lambda r: [
        Failure(Sample(r(8), 4, 2), RuntimeError, "fold: expected windows (C·kh·kw, count) or a batch of them"),
        Failure(Sample(r(1, 7, 9), 4, 2), RuntimeError, "fold: columns of windows of (2, 2) have a multiple of 4"),
        Failure(
            Sample(r(1, 4, 8), 4, 2), RuntimeError, "fold: an output of (4, 4) has 3 x 3 windows, but input (1, 4, 8)"
        ),
        Failure(Sample(r(1, 9, 1), 2, 3), RuntimeError, "fold: an output of (2, 2) has 0 x 0 windows"),
    ],
)
