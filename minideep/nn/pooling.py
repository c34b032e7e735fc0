"""Pooling: the maximum or the mean of every window of a signal or an image, in each channel by itself."""

from __future__ import annotations

from typing import Any

from ..ops.windows import Sizes, listed
from . import functional as F
from .function_module import FunctionModule

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AvgPool1d", "AvgPool2d",
    "MaxPool1d", "MaxPool2d",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- maxima


class _MaxPool(FunctionModule):
    not_shown = ("return_indices",)

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            dilation=dilation,
            return_indices=return_indices,
            ceil_mode=ceil_mode,
        )


class MaxPool1d(_MaxPool):
    """As `MaxPool2d`, over signals (N, C, L) or (C, L)."""

    function = staticmethod(F.max_pool1d)


class MaxPool2d(_MaxPool):
    """The greatest entry of every window, (N, C, H, W) to (N, C, H', W').

    Windows lie side by side, unless `stride` says otherwise. `ceil_mode` lets a last window reach over the end, and
    `return_indices` tells where each entry was found.

    >>> import minideep
    >>> MaxPool2d(2)(minideep.tensor([[[1.0, 2.0, 5.0, 6.0], [3.0, 4.0, 7.0, 8.0]]]))
    tensor([[[4., 8.]]])
    """

    function = staticmethod(F.max_pool2d)


# ---------------------------------------------------------------------------------------------- means


class AvgPool1d(FunctionModule):
    """As `AvgPool2d`, over signals (N, C, L) or (C, L)."""

    function = staticmethod(F.avg_pool1d)
    not_shown = ("ceil_mode", "count_include_pad")

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(
            kernel_size=listed("AvgPool1d", "kernel_size", kernel_size, 1),
            stride=listed("AvgPool1d", "stride", kernel_size if stride is None else stride, 1),
            padding=listed("AvgPool1d", "padding", padding, 1),
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )


class AvgPool2d(FunctionModule):
    """The mean of every window, (N, C, H, W) to (N, C, H', W').

    Windows lie side by side, unless `stride` says otherwise. Zeros of the padding count, unless `count_include_pad` is
    False; `divisor_override` takes the place of the count.
    """

    function = staticmethod(F.avg_pool2d)
    not_shown = ("ceil_mode", "count_include_pad", "divisor_override")

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(
            kernel_size=kernel_size,
            stride=kernel_size if stride is None else stride,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )


# ---------------------------------------------------------------------------------------------- of a size wanted


class _AdaptiveAvgPool(FunctionModule):
    def __init__(self, output_size: Any) -> None:
        super().__init__(output_size=output_size)


class _AdaptiveMaxPool(FunctionModule):
    not_shown = ("return_indices",)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size=output_size, return_indices=return_indices)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """As `AdaptiveAvgPool2d`, over signals (N, C, L) or (C, L)."""

    function = staticmethod(F.adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Means over as many windows as `output_size` asks for, (N, C, H, W) to (N, C, *output_size).

    One number stands for both sides; None keeps a side as it is.
    """

    function = staticmethod(F.adaptive_avg_pool2d)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """As `AdaptiveMaxPool2d`, over signals (N, C, L) or (C, L)."""

    function = staticmethod(F.adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Maxima of as many windows as `output_size` asks for: otherwise as `AdaptiveAvgPool2d`."""

    function = staticmethod(F.adaptive_max_pool2d)
