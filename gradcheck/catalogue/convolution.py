"""Entries for ``minideep.ops.convolution``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minideep.autograd import registry
from minideep.ops.columns import Geometry
from minideep.ops.windows import Windows

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry
from ..evaluation import torch

# ---------------------------------------------------------------------------------------------- convolution


_NO_CHANNELS = {
    "empty and size 1": "for inputs without channels PyTorch's result has none either, however many filters there are; "
    "an empty batch is among the samples"
}


def _convolving(draw: Draw, r: Make, sides: int) -> Sample:
    groups, per_group, filters = draw.choice([1, 1, 2, 3]), draw.integer(1, 2), draw.integer(1, 3)
    names, highest = ("stride", "padding", "dilation"), (3, 2, 2)
    settings: dict[str, Any] = {
        name: tuple(draw.integer(0 if name == "padding" else 1, high) for _ in range(sides))
        for name, high in zip(names, highest, strict=True)
    }
    kernel = [draw.integer(1, 4) for _ in range(sides)]
    least = zip(kernel, settings["padding"], settings["dilation"], strict=True)
    size = [max(gap * (taps - 1) + 1 - 2 * pad, 1) + draw.integer(0, 4) for taps, pad, gap in least]
    if draw.integer(0, 4) == 0:
        settings |= {"padding": draw.choice(["same", "valid"] if not any(settings["padding"]) else ["same"])}
        settings["stride"] = 1
    bias = r(groups * filters) if draw.boolean() else None
    x = r(*draw.choice([(), (1,), (2,), (5,)]), groups * per_group, *size)
    return Sample(x, r(groups * filters, per_group, *kernel), bias, groups=groups, **settings)


def _bad_weights(name: str, r: Make, sides: int) -> Iterator[Failure]:
    """What is wrong with weights and settings in any convolution, transposed or not."""
    x, weight = r(2, 4, *[5] * sides), r(4, 4, *[3] * sides)

    def bad(text: str, *args: Any, error: type[Exception] = RuntimeError, **settings: Any) -> Failure:
        return Failure(Sample(*args, **settings), error, f"{name}: {text}")

    yield bad("expected an input (C, ", r(4), weight)
    yield bad(f"expected a weight with {sides + 2} dimensions, none of size 0, but got", x, weight[0])
    yield bad("groups must not be less than 1, but got 0", x, weight, groups=0)
    yield bad("4 filters (weight ", x, weight, groups=3)
    yield bad(f"weight {(5,) * 2 + (3,) * sides} with groups=1 wants 5 input channels", x, r(5, 5, *[3] * sides))
    yield bad(f"weight {weight.shape} wants a bias of shape (4,), but got (3,)", x, weight, r(3))
    yield bad(f"weight {weight.shape} wants a bias of shape (4,), but got (4, 1)", x, weight, r(4, 1))
    yield bad("expected input, weight and bias of one dtype, but got", x, weight.astype("float32"))
    yield bad("stride must not be less than 1, but got 0", x, weight, stride=0)
    yield bad("dilation must not be less than 1, but got 0", x, weight, dilation=0)
    yield bad("padding must not be less than 0, but got -1", x, weight, padding=-1)
    yield bad(f"stride must be one integer or {sides}, but got", x, weight, stride=(1, 1, 1))
    yield bad("stride must be an integer or a tuple of", x, weight, error=TypeError, stride=1.5)


def _bad_convolutions(name: str, r: Make, sides: int) -> Iterator[Failure]:
    x, weight = r(2, 4, *[5] * sides), r(4, 4, *[3] * sides)
    yield from _bad_weights(name, r, sides)
    for settings, text in (
        ({"padding": "same", "stride": 2}, "padding='same' goes with stride 1, but stride is 2"),
        ({"padding": "sam"}, "padding must be 'same', 'valid' or a number, but got 'sam'"),
        ({"dilation": 3}, "the kernel reaches over (7,"),
    ):
        yield Failure(Sample(x, weight, **settings), RuntimeError, f"{name}: {text}")


entry(
    "conv2d",
    lambda r: [
        Sample(r(2, 3, 5, 6), r(4, 3, 3, 3), r(4), padding=1),
        Sample(r(2, 3, 5, 6), r(4, 3, 3, 2)),
        Sample(r(2, 2, 7, 6), r(3, 2, 3, 3), r(3), 2, 1),
        Sample(r(1, 2, 7, 8), r(2, 2, 2, 3), stride=(3, 1), padding=(0, 2), dilation=(1, 2)),
        Sample(r(2, 4, 5, 5), r(6, 2, 3, 3), r(6), 1, 1, 1, 2),
        Sample(r(2, 3, 5, 5), r(3, 1, 3, 3), None, padding=1, groups=3),
        Sample(r(2, 2, 5, 5), r(4, 1, 3, 3), stride=2, padding=1, groups=2),
        Sample(r(2, 3, 4, 5), r(4, 3, 1, 1), r(4)),
        Sample(r(2, 3, 5, 5), r(2, 3, 1, 1), stride=2),
        Sample(r(1, 3, 6, 6), r(4, 3, 2, 2), r(4), stride=2),
        Sample(r(2, 2, 4, 5), r(2, 2, 4, 3), padding="same", dilation=(1, 2)),
        Sample(r(2, 2, 4, 5), r(2, 2, 3, 3), padding="valid", stride=2),
        Sample(r(3, 5, 6), r(2, 3, 3, 3), r(2), padding=2),
        Sample(r(1, 1, 2, 2), r(1, 1, 2, 2), padding=3, stride=3),
        Sample(r(1, 8, 12, 12), r(2, 8, 5, 5)),
        Sample(r(0, 2, 4, 4), r(3, 2, 3, 3), r(3)),
    ],
    generated=drawn(lambda draw, r: _convolving(draw, r, 2)),
    errors=lambda r: _bad_convolutions("conv2d", r, 2),
    skips=_NO_CHANNELS,
)
entry(
    "conv1d",
    lambda r: [
        Sample(r(2, 3, 7), r(4, 3, 3), r(4), padding=1),
        Sample(r(2, 3, 7), r(4, 3, 2), stride=2),
        Sample(r(1, 2, 9), r(2, 2, 3), None, 2, 3, 2),
        Sample(r(2, 4, 6), r(6, 2, 3), r(6), groups=2),
        Sample(r(2, 3, 6), r(3, 1, 3), padding="same", groups=3),
        Sample(r(3, 6), r(2, 3, 3), stride=(2,)),
        Sample(r(0, 2, 4), r(3, 2, 3)),
    ],
    generated=drawn(lambda draw, r: _convolving(draw, r, 1)),
    errors=lambda r: _bad_convolutions("conv1d", r, 1),
    skips=_NO_CHANNELS,
)


# ---------------------------------------------------------------------------------------------- transposed convolution


def _convolving_transposed(draw: Draw, r: Make, sides: int) -> Sample:
    groups, filters, per_group = draw.choice([1, 1, 2, 3]), draw.integer(1, 2), draw.integer(1, 3)
    both = [[draw.integer(1, 4), draw.integer(1, 3), draw.integer(1, 2)] for _ in range(sides)]
    kernel, stride, dilation = zip(*both, strict=True)
    size = [draw.integer(1, 5) for _ in range(sides)]
    whole = [(n - 1) * step + gap * (taps - 1) for n, (taps, step, gap) in zip(size, both, strict=True)]
    x = r(*draw.choice([(), (1,), (2,), (5,)]), groups * filters, *size)
    return Sample(
        x,
        r(groups * filters, per_group, *kernel),
        r(groups * per_group) if draw.boolean() else None,
        stride=stride,
        padding=tuple(draw.integer(0, min(n // 2, 2)) for n in whole),
        output_padding=tuple(draw.integer(0, max(step, gap) - 1) for _, step, gap in both),
        groups=groups,
        dilation=dilation,
    )


def _bad_transposed(name: str, r: Make, sides: int) -> Iterator[Failure]:
    x, weight = r(2, 4, *[5] * sides), r(4, 4, *[3] * sides)
    yield from _bad_weights(name, r, sides)
    for settings, text in (
        ({"stride": 2, "output_padding": 2}, "output_padding must be smaller than the stride or the dilation"),
        ({"output_padding": -1}, "output_padding must not be less than 0, but got -1"),
        ({"padding": 5}, "an input of (5,"),
    ):
        yield Failure(Sample(x, weight, **settings), RuntimeError, f"{name}: {text}")
    yield Failure(Sample(x, weight, padding="same"), TypeError, f"{name}: padding must be an integer or a tuple")


entry(
    "conv_transpose2d",
    lambda r: [
        Sample(r(2, 3, 4, 5), r(3, 4, 3, 3), r(4), padding=1),
        Sample(r(2, 3, 3, 4), r(3, 2, 2, 3), stride=2),
        Sample(r(1, 2, 3, 4), r(2, 3, 3, 3), r(3), 2, 1, 1),
        Sample(r(2, 4, 3, 3), r(4, 3, 3, 3), r(6), 2, 1, 0, 2, 2),
        Sample(r(2, 3, 3, 4), r(3, 1, 3, 3), stride=(2, 1), padding=1, groups=3),
        Sample(r(1, 2, 3, 3), r(2, 2, 2, 1), r(2), stride=3, output_padding=(2, 1), dilation=(1, 2)),
        Sample(r(2, 3, 3), r(2, 2, 1, 1), stride=2),
        Sample(r(0, 2, 3, 3), r(2, 3, 3, 3), r(3)),
    ],
    generated=drawn(lambda draw, r: _convolving_transposed(draw, r, 2)),
    errors=lambda r: _bad_transposed("conv_transpose2d", r, 2),
)
entry(
    "conv_transpose1d",
    lambda r: [
        Sample(r(2, 3, 5), r(3, 4, 3), r(4), padding=1),
        Sample(r(2, 3, 4), r(3, 2, 3), None, 2, 1, 1),
        Sample(r(2, 4, 4), r(4, 1, 3), r(2), stride=3, groups=2, dilation=2),
        Sample(r(2, 4), r(2, 3, 2)),
    ],
    generated=drawn(lambda draw, r: _convolving_transposed(draw, r, 1)),
    errors=lambda r: _bad_transposed("conv_transpose1d", r, 1),
)


# ---------------------------------------------------------------------------------------------- gradient of the weight


def _weight_gradient(input: Any, grad_output: Any, kernel: Any, stride: int, padding: int, dilation: int) -> Any:
    """The op that only gradients use, with settings as `conv2d` has them; as many groups as make the channels fit."""
    rows, columns = (
        Windows.over(size, taps, stride, padding, dilation)
        for size, taps in zip(input.shape[2:], kernel[2:], strict=True)
    )
    return registry["conv2d_weight"](input, grad_output, Geometry(rows, columns, input.shape[1] // kernel[1]))


def _torch_weight_gradient(input: Any, grad_output: Any, kernel: Any, *settings: int) -> Any:
    grad = torch().torch.nn.grad  # type: ignore[union-attr]
    return grad.conv2d_weight(input, kernel, grad_output, *settings, input.shape[1] // kernel[1])


entry(
    "conv2d_weight",
    lambda r: [
        Sample(r(2, 3, 5, 4), r(2, 4, 5, 4), (4, 3, 3, 3), 1, 1, 1),
        Sample(r(2, 2, 5, 6), r(2, 3, 2, 2), (3, 2, 2, 3), 2, 0, 1),
        Sample(r(2, 4, 5, 5), r(2, 4, 3, 3), (4, 2, 3, 3), 1, 1, 2),
        Sample(r(2, 3, 4, 4), r(2, 3, 4, 4), (3, 1, 1, 1), 1, 0, 1),
        Sample(r(0, 3, 4, 4), r(0, 2, 4, 4), (2, 3, 1, 1), 1, 0, 1),
    ],
    function=_weight_gradient,
    torch=_torch_weight_gradient,
    skips=dict.fromkeys(["empty and size 1", "windows"], "its arguments have to fit each other, as in the samples"),
)
