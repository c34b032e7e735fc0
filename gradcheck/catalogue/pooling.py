"""Entries for ``minideep.ops.pooling``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minideep.autograd import registry
from minideep.ops.sliding import largest
from minideep.ops.windows import Along, Every, Windows

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

# ---------------------------------------------------------------------------------------------- windows


def _windows(draw: Draw, sides: int, dilated: bool) -> tuple[list[int], dict[str, Any]]:
    """The sides of an image, and windows that fit into it."""
    kernel = [draw.integer(1, 4) for _ in range(sides)]
    gaps = [draw.integer(1, 2) if dilated else 1 for _ in range(sides)]
    pads = [draw.integer(0, taps // 2) if gap == 1 else 0 for taps, gap in zip(kernel, gaps, strict=True)]
    least = zip(kernel, gaps, pads, strict=True)
    size = [max((taps - 1) * gap + 1 - 2 * pad, 1) + draw.integer(0, 4) for taps, gap, pad in least]
    settings: dict[str, Any] = {"padding": tuple(pads), "ceil_mode": draw.boolean()}
    if dilated:
        settings["dilation"] = tuple(gaps)
    if draw.boolean():
        settings["stride"] = tuple(draw.integer(1, 4) for _ in range(sides))
    return size, settings | {"kernel_size": tuple(kernel)}


def _pooling(draw: Draw, r: Make, sides: int, maxima: bool) -> Sample:
    size, settings = _windows(draw, sides, dilated=maxima)
    if maxima:
        settings["return_indices"] = draw.boolean()
    else:
        settings["count_include_pad"] = draw.boolean()
        if sides == 2:
            settings["divisor_override"] = draw.choice([None, 3, -2])
    shape = (*draw.choice([(), (1,), (2,)]), draw.integer(1, 2), *size)
    return Sample(r.distinct(*shape) if maxima else r(*shape), **settings)


def _bad_windows(name: str, r: Make, sides: int) -> Iterator[Failure]:
    x = r(2, 3, *[5] * sides)

    def bad(text: str, *args: Any, error: type[Exception] = RuntimeError, **settings: Any) -> Failure:
        return Failure(Sample(*args, **settings), error, f"{name}: {text}")

    yield bad("expected an input (C, ", r(2, 3, 4, 5, 6), 2)
    image = "C, H, W" if sides == 2 else "C, L"
    yield bad(f"expected an input ({image}) or a batch (N, {image}), and not an empty one, but got", x[:, :0], 2)
    yield bad("padding must be at most half of the kernel size", x, 3, padding=2)
    yield bad("no window fits: it covers", x, 6)
    yield bad(f"kernel_size must be one integer or {sides}, but got", x, (2, 2, 2))
    yield bad("stride must not be less than 1, but got -1", x, 2, stride=-1)
    yield bad("padding must not be less than 0, but got -1", x, 2, padding=-1)
    yield bad("kernel_size must be an integer or a tuple of", x, 2.5, error=TypeError)


# ---------------------------------------------------------------------------------------------- max_pool


def _tied(r: Make, *shape: int) -> np.ndarray:
    """Few different values, so that most windows have several maxima."""
    return r.ints(0, 3, *shape).astype(float)


def _holes(r: Make, *shape: int) -> np.ndarray:
    x = r(*shape)
    x[r.bools(*shape)] = -np.inf
    x[..., -1, -1] = np.nan
    return x


entry(
    "max_pool2d",
    lambda r: [
        Sample(r.distinct(2, 3, 4, 6), 2),
        Sample(r.distinct(2, 2, 7, 5), 3, 2, 1),
        Sample(r.distinct(1, 2, 6, 6), (2, 3), stride=1),
        Sample(r.distinct(1, 1, 8, 7), kernel_size=(3, 2), stride=(2, 3), dilation=(2, 1), ceil_mode=True),
        Sample(r.distinct(2, 5, 5), 2, 2, 1, ceil_mode=True),
        Sample(r.distinct(1, 2, 7, 5), 2, 3),
        Sample(r.distinct(1, 2, 5, 5), 3, 1, 1, return_indices=True),
        Sample(r.distinct(1, 2, 20, 17), (20, 17), return_indices=True),
        Sample(r.distinct(1, 1, 3, 3), 1, ()),
        Sample(r.distinct(0, 2, 4, 4), 2),
        Sample(r.ints(-9, 9, 2, 4, 4), 2, 1),
        Sample(_tied(r, 2, 3, 6, 6), 2, return_indices=True),
        Sample(_tied(r, 2, 3, 6, 6), 3, 1, 1, return_indices=True),
        Sample(_holes(r, 1, 2, 6, 6), 2, 1, 1, return_indices=True),
        Sample(np.full((1, 3, 4), -np.inf), 3, 1, 1, return_indices=True),
    ],
    generated=drawn(lambda draw, r: _pooling(draw, r, 2, maxima=True)),
    errors=lambda r: [
        *_bad_windows("max_pool2d", r, 2),
        Failure(Sample(r(1, 4, 4), 2, dilation=0), RuntimeError, "max_pool2d: dilation must not be less than 1"),
    ],
)
entry(
    "max_pool1d",
    lambda r: [
        Sample(r.distinct(2, 3, 7), 2),
        Sample(r.distinct(2, 3, 8), 3, 2, 1),
        Sample(r.distinct(2, 9), 2, 1, 0, 3),
        Sample(r.distinct(1, 2, 8), 3, 2, ceil_mode=True, return_indices=True),
        Sample(_tied(r, 2, 3, 8), 3, 1, 1, return_indices=True),
    ],
    generated=drawn(lambda draw, r: _pooling(draw, r, 1, maxima=True)),
    errors=lambda r: _bad_windows("max_pool1d", r, 1),
)


def _put_back(input: Any, shape: Sequence[int], kernel_size: int, stride: int) -> Any:
    """The op that only gradients use: `input` put where the maxima of some random image are."""
    rows, columns = _both(shape, kernel_size, stride)
    _, which = largest(np.random.default_rng(0).normal(size=tuple(shape)), rows, columns)
    which = type(input.array)(which) if not isinstance(input.array, np.ndarray) else which
    return registry["max_pool2d_gradient"](input, which, rows, columns, tuple(shape[-2:]))


def _spread(input: Any, shape: Sequence[int], kernel_size: int, stride: int) -> Any:
    """The op that only gradients use: every entry of `input` added to all entries of its window."""
    return registry["avg_pool2d_gradient"](input, *_both(shape, kernel_size, stride), tuple(shape[-2:]))


def _both(shape: Sequence[int], kernel_size: int, stride: int) -> list[Along]:
    return [[Every(0, 1, Windows.over(size, kernel_size, stride))] for size in shape[-2:]]


for name, function in (("max_pool2d_gradient", _put_back), ("avg_pool2d_gradient", _spread)):
    entry(
        name,
        lambda r: [
            Sample(r(2, 3, 2, 3), (2, 3, 4, 6), 2, 2),
            Sample(r(2, 3, 4), (2, 5, 6), 3, 1),
            Sample(r(1, 2, 2), (1, 5, 5), 2, 3),
        ],
        function=function,
        torch=None,
        skips=dict.fromkeys(["empty and size 1", "windows"], "its arguments have to fit each other, as in the samples"),
    )


# ---------------------------------------------------------------------------------------------- avg_pool

entry(
    "avg_pool2d",
    lambda r: [
        Sample(r(2, 3, 4, 6), 2),
        Sample(r(2, 2, 7, 5), 3, 2, 1),
        Sample(r(1, 2, 6, 6), (2, 3), stride=1),
        Sample(r(1, 1, 8, 7), kernel_size=(3, 2), stride=(2, 3), ceil_mode=True),
        Sample(r(2, 5, 5), 2, 2, 1, True, False),
        Sample(r(1, 2, 6, 5), 3, 3, 1, ceil_mode=True),
        Sample(r(1, 2, 7, 5), 2, 3, divisor_override=3),
        Sample(r(1, 2, 5, 5), 3, 1, 1, count_include_pad=False),
        Sample(r(1, 1, 3, 3), 1),
        Sample(r(0, 2, 4, 4), 2),
        Sample(r.ints(-9, 9, 2, 4, 4), 2),
    ],
    generated=drawn(lambda draw, r: _pooling(draw, r, 2, maxima=False)),
    errors=lambda r: [
        *_bad_windows("avg_pool2d", r, 2),
        Failure(
            Sample(r(1, 4, 4), 2, divisor_override=0), RuntimeError, "avg_pool2d: divisor_override must not be 0; leave"
        ),
    ],
)
entry(
    "avg_pool1d",
    lambda r: [
        Sample(r(2, 3, 7), 2),
        Sample(r(2, 3, 8), 3, 2, 1),
        Sample(r(2, 9), 4, 3, 2, True, False),
        Sample(r(1, 2, 8), 3, 2, ceil_mode=True),
    ],
    generated=drawn(lambda draw, r: _pooling(draw, r, 1, maxima=False)),
    errors=lambda r: _bad_windows("avg_pool1d", r, 1),
)


# ---------------------------------------------------------------------------------------------- adaptive


def _adapting(draw: Draw, r: Make, sides: int, maxima: bool) -> Sample:
    shape = (*draw.choice([(), (1,), (2,)]), draw.integer(1, 2), *[draw.integer(1, 7) for _ in range(sides)])
    output_size = tuple(draw.integer(1, 7) for _ in range(sides))
    x = r.distinct(*shape) if maxima else r(*shape)
    return Sample(x, output_size if sides == 2 else output_size[0])


def _bad_sizes(name: str, r: Make, sides: int) -> Iterator[Failure]:
    x = r(2, 3, *[5] * sides)
    yield Failure(Sample(r(5), 2), RuntimeError, f"{name}: expected an input (C, ")
    yield Failure(Sample(x, (2, 2, 2)), RuntimeError, f"{name}: output_size must be one integer or {sides}, but got")
    yield Failure(Sample(x, -1), RuntimeError, f"{name}: output_size must not be less than 0, but got")


def _adaptive(kind: str) -> None:
    """The entries of one kind of adaptive pooling."""
    entry(
        f"adaptive_{kind}_pool2d",
        lambda r: [
            Sample(r.distinct(2, 3, 4, 6), 2),
            Sample(r.distinct(2, 2, 7, 5), (3, 4)),
            Sample(r.distinct(1, 2, 6, 8), (4, 6)),
            Sample(r.distinct(2, 5, 6), (None, 1)),
            Sample(r.distinct(2, 2, 3, 4), 1),
            Sample(r.distinct(1, 2, 3, 2), output_size=(5, 4)),
            Sample(r.distinct(0, 2, 3, 3), 2),
        ],
        generated=drawn(lambda draw, r: _adapting(draw, r, 2, kind == "max")),
        errors=lambda r: _bad_sizes(f"adaptive_{kind}_pool2d", r, 2),
    )
    entry(
        f"adaptive_{kind}_pool1d",
        lambda r: [
            Sample(r.distinct(2, 3, 7), 3),
            Sample(r.distinct(2, 3, 8), 4),
            Sample(r.distinct(3, 5), 1),
            Sample(r.distinct(1, 1, 4), output_size=6),
        ],
        generated=drawn(lambda draw, r: _adapting(draw, r, 1, kind == "max")),
        errors=lambda r: _bad_sizes(f"adaptive_{kind}_pool1d", r, 1),
    )


_adaptive("avg")
_adaptive("max")
