"""What layers cost and how far they see, by the course's formulas; `summary` counts the same on real networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "Cost", "Field", "bottleneck_cost", "convolution_cost", "depthwise_separable_cost", "inception_cost",
    "output_size", "receptive_field",
]  # fmt: skip


def output_size(
    input_size: tuple[int, int], kernel_size: int, padding: int = 0, stride: int = 1, dilation: int = 1
) -> tuple[int, int]:
    """⌊(H + 2 padding - dilation (kernel_size - 1) - 1) / stride⌋ + 1, and the same of W.

    >>> output_size((224, 224), kernel_size=7, padding=3, stride=2)
    (112, 112)
    """
    h, w = [(side + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1 for side in input_size]
    return h, w


class Field(NamedTuple):
    """An entry of a layer's result sees `size` × `size` pixels of the image; its neighbour, those `step` farther."""

    size: int = 1
    step: int = 1

    def through(self, kernel_size: int, stride: int = 1, dilation: int = 1) -> Field:
        """The field behind one layer more."""
        return Field(self.size + dilation * (kernel_size - 1) * self.step, self.step * stride)


def receptive_field(layers: Iterable[tuple[int, ...]]) -> int:
    """How many pixels a side layers in a row see; of each, kernel size, stride and (which does not matter) padding.

    >>> receptive_field([(7, 2, 3), (3, 1, 1), (3, 1, 1)])
    15
    """
    field = Field()
    for kernel_size, stride, *_ in layers:
        field = field.through(kernel_size, stride)
    return field.size


# ---------------------------------------------------------------------------------------------- costs


@dataclass(frozen=True)
class Cost:
    """Weights, biases not counted, and multiplications (each with its addition) for one image."""

    parameters: int
    macs: int

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.parameters + other.parameters, self.macs + other.macs)


def convolution_cost(
    h: int, w: int, in_channels: int, out_channels: int, kernel_size: int = 3, groups: int = 1
) -> Cost:
    """K² · C / groups · F weights, each of which multiplies once at each of H · W places of the result."""
    weights = kernel_size**2 * in_channels // groups * out_channels
    return Cost(weights, weights * h * w)


def bottleneck_cost(h: int, w: int, channels: int, reduction: int = 4) -> Cost:
    """1×1 to a quarter of the channels, 3×3, 1×1 back: H W C² (1/4 + 9/16 + 1/4), where one 3×3 takes 9 H W C².

    >>> bottleneck_cost(14, 14, 1024).macs / convolution_cost(14, 14, 1024, 1024).macs * 9
    1.0625
    """
    narrow = channels // reduction
    widths = [(channels, narrow, 1), (narrow, narrow, 3), (narrow, channels, 1)]
    return sum((convolution_cost(h, w, *width) for width in widths), Cost(0, 0))


def depthwise_separable_cost(h: int, w: int, in_channels: int, out_channels: int, kernel_size: int = 3) -> Cost:
    """Each channel by itself, then 1×1: 1/F + 1/K² of what a convolution takes."""
    depthwise = convolution_cost(h, w, in_channels, in_channels, kernel_size, groups=in_channels)
    return depthwise + convolution_cost(h, w, in_channels, out_channels, 1)


def inception_cost(
    h: int,
    w: int,
    in_channels: int,
    ch1x1: int,
    ch3x3red: int,
    ch3x3: int,
    ch5x5red: int,
    ch5x5: int,
    pool_proj: int,
    window: int = 5,
) -> Cost:
    """The four branches of `Inception`, whose arguments these are.

    >>> narrowed = convolution_cost(1, 1, 192, 16, 1) + convolution_cost(1, 1, 16, 32, 5)
    >>> convolution_cost(1, 1, 192, 32, 5).macs, narrowed.macs
    (153600, 15872)
    """
    widths = [(ch1x1, 1), (ch3x3red, 1), (ch5x5red, 1), (pool_proj, 1)]
    first = sum((convolution_cost(h, w, in_channels, filters, k) for filters, k in widths), Cost(0, 0))
    return first + convolution_cost(h, w, ch3x3red, ch3x3, 3) + convolution_cost(h, w, ch5x5red, ch5x5, window)
