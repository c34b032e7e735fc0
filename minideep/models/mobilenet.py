"""MobileNets: convolutions taken apart, into one channel by channel and one pixel by pixel.

A 3×3 convolution from C to C' channels costs 9·C·C' products a pixel; channel by channel and then pixel by pixel
9·C + C·C', about a ninth. Howard et al., "MobileNets: Efficient Convolutional Neural Networks for Mobile Vision
Applications", 2017. The second of the family puts the cheap half where channels are many: `InvertedResidual`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from .. import nn
from ..tensor import Tensor
from .blocks import (
    Conv2dNormActivation,
    Layer,
    Residual,
    SqueezeExcitation,
    init_weights,
    inverted_layers,
    make_divisible,
    normal_linear,
    uniform_linear,
)
from .registry import register

__all__ = ["MobileNetV1", "MobileNetV2", "MobileNetV3", "mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small",
           "mobilenetv1_100"]  # fmt: skip


# ---------------------------------------------------------------------------------------------- the first


class MobileNetV1(nn.Module):
    """Stages of separable convolutions; the first of a stage has its stride and its number of channels.

    Children are named as in timm.
    """

    stages = ((64, 1, 1), (128, 2, 2), (256, 2, 2), (512, 6, 2), (1024, 2, 2))  # channels, blocks, stride

    def __init__(self, num_classes: int = 1000, in_chans: int = 3, drop_rate: float = 0.0) -> None:
        super().__init__()
        self.conv_stem = nn.Conv2d(in_chans, 32, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(32)
        self.act1 = nn.ReLU6(inplace=True)
        self.blocks, channels = nn.Sequential(), 32
        for wanted, blocks, stride in self.stages:
            first = _separable(channels, wanted, stride)
            self.blocks.append(nn.Sequential(first, *(_separable(wanted, wanted, 1) for _ in range(blocks - 1))))
            channels = wanted
        self.global_pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(1))
        self.head_drop = nn.Dropout(drop_rate)
        self.classifier = nn.Linear(channels, num_classes)
        init_weights(self, uniform_linear, within_group=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.act1(self.bn1(self.conv_stem(x))))
        return self.classifier(self.head_drop(self.global_pool(x)))


def _separable(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    """3×3 channel by channel, then 1×1."""
    return nn.Sequential(
        OrderedDict(
            conv_dw=nn.Conv2d(in_channels, in_channels, 3, stride, 1, groups=in_channels, bias=False),
            bn1=nn.BatchNorm2d(in_channels),
            act1=nn.ReLU6(inplace=True),
            conv_pw=nn.Conv2d(in_channels, out_channels, 1, bias=False),
            bn2=nn.BatchNorm2d(out_channels),
            act2=nn.ReLU6(inplace=True),
        )
    )


@register("timm", 2017, parameters=4_231_976, gmacs=0.569, top1=75.4)
def mobilenetv1_100(**kwargs: Any) -> MobileNetV1:
    """MobileNet as in the paper, at its full width, 1.0."""
    return MobileNetV1(**kwargs)


# ---------------------------------------------------------------------------------------------- the second


class InvertedResidual(nn.Module):
    """A residual block inside out: wide in the middle, and its shortcut goes from narrow to narrow.

    Nothing bends the numbers where channels are few, as that would lose some: the projection is linear. Sandler et al.,
    "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018.
    """

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: float, norm_layer: Layer | None = None) -> None:
        super().__init__()
        hidden = round(inp * expand_ratio)
        *layers, projection = inverted_layers(inp, hidden, oup, 3, stride, norm_layer or nn.BatchNorm2d, nn.ReLU6)
        self.conv = nn.Sequential(*layers, *projection)
        self.use_res_connect = stride == 1 and inp == oup

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    """`features`, a mean over the pixels, and a `classifier`.

    A row of `inverted_residual_setting` is a stage: how much it expands, channels, blocks, and the stride of its first.
    """

    setting = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        setting = self.setting if inverted_residual_setting is None else inverted_residual_setting
        if not setting or any(len(row) != 4 for row in setting):
            raise ValueError(
                "MobileNetV2: inverted_residual_setting should be rows of four numbers (expansion, channels, blocks, "
                f"stride), but got {setting}"
            )
        block, norm_layer = block or InvertedResidual, norm_layer or nn.BatchNorm2d
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.ReLU6)
        channels = make_divisible(32 * width_mult, round_nearest)
        self.last_channel = make_divisible(1280 * max(1.0, width_mult), round_nearest)
        features: list[nn.Module] = [convolution(3, channels, stride=2)]
        for expand_ratio, wanted, blocks, stride in setting:
            wanted = make_divisible(wanted * width_mult, round_nearest)
            for step in [stride] + [1] * (blocks - 1):
                features.append(block(channels, wanted, step, expand_ratio=expand_ratio, norm_layer=norm_layer))
                channels = wanted
        self.features = nn.Sequential(*features, convolution(channels, self.last_channel, 1))
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.last_channel, num_classes))
        init_weights(self, normal_linear)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean((2, 3)))


@register("torchvision", 2018, parameters=3_504_872, gmacs=0.301, top1=71.878)
def mobilenet_v2(**kwargs: Any) -> MobileNetV2:
    """MobileNetV2; arguments are those of the class."""
    return MobileNetV2(**kwargs)


# ---------------------------------------------------------------------------------------------- the third


class Row(NamedTuple):
    """A row of the tables in the paper on MobileNetV3: a block."""

    kernel: int
    expanded_channels: int
    out_channels: int
    use_se: bool
    activation: Layer
    stride: int
    dilation: int = 1


class MobileNetV3(nn.Module):
    """`features`, a mean over the pixels, and a `classifier` that does what V2's last convolution did, only once.

    Blocks are those of V2, some with a squeeze and excitation; sigmoids and swishes are drawn with a ruler. Howard et
    al., "Searching for MobileNetV3", 2019.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[Row],
        last_channel: int,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
        width_mult: float = 1.0,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.Hardswish)
        channels = make_divisible(16 * width_mult)
        features: list[nn.Module] = [convolution(3, channels, stride=2)]
        for row in inverted_residual_setting:
            expanded, wanted = [make_divisible(n * width_mult) for n in row[1:3]]
            row = row._replace(expanded_channels=expanded, out_channels=wanted)
            features.append(_bottleneck(channels, row, norm_layer))
            channels = wanted
        self.features = nn.Sequential(*features, convolution(channels, 6 * channels, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        last_channel = make_divisible(last_channel * width_mult)
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        init_weights(self, normal_linear)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _bottleneck(in_channels: int, row: Row, norm_layer: Layer) -> Residual:
    kernel, expanded, out_channels, use_se, activation, stride, dilation = row
    squeeze = None
    if use_se:
        squeeze = SqueezeExcitation(expanded, make_divisible(expanded // 4), scale_activation=nn.Hardsigmoid)
    step = 1 if dilation > 1 else stride  # a dilated block sees as far without making the image smaller
    layers = inverted_layers(
        in_channels, expanded, out_channels, kernel, step, norm_layer, activation, squeeze, dilation
    )
    return Residual(nn.Sequential(*layers), stride == 1 and in_channels == out_channels)


def _mobilenet_v3(
    rows: Sequence[Row], last_channel: int, reduced_tail: bool = False, dilated: bool = False, **kwargs: Any
) -> MobileNetV3:
    """With `reduced_tail`, half the channels from the last stage, three blocks, on; `dilated`, for segmentation."""
    *body, first, second, third = rows
    if reduced_tail:
        first = first._replace(out_channels=first.out_channels // 2)
        second, third = [r._replace(expanded_channels=r[1] // 2, out_channels=r[2] // 2) for r in (second, third)]
        last_channel //= 2
    tail = [row._replace(dilation=2 if dilated else 1) for row in (first, second, third)]
    return MobileNetV3([*body, *tail], last_channel, **kwargs)


@register("torchvision", 2019, parameters=5_483_032, gmacs=0.217, top1=74.042)
def mobilenet_v3_large(**kwargs: Any) -> MobileNetV3:
    """The large one of the paper. Besides the arguments of the class: `reduced_tail`, `dilated`."""
    return _mobilenet_v3(_LARGE, 1280, **kwargs)


@register("torchvision", 2019, parameters=2_542_856, gmacs=0.057, top1=67.668)
def mobilenet_v3_small(**kwargs: Any) -> MobileNetV3:
    """The small one of the paper. Besides the arguments of the class: `reduced_tail`, `dilated`."""
    return _mobilenet_v3(_SMALL, 1024, **kwargs)


_RE, _HS = nn.ReLU, nn.Hardswish
_LARGE = [
    Row(3, 16, 16, False, _RE, 1),
    Row(3, 64, 24, False, _RE, 2),
    Row(3, 72, 24, False, _RE, 1),
    Row(5, 72, 40, True, _RE, 2),
    Row(5, 120, 40, True, _RE, 1),
    Row(5, 120, 40, True, _RE, 1),
    Row(3, 240, 80, False, _HS, 2),
    Row(3, 200, 80, False, _HS, 1),
    Row(3, 184, 80, False, _HS, 1),
    Row(3, 184, 80, False, _HS, 1),
    Row(3, 480, 112, True, _HS, 1),
    Row(3, 672, 112, True, _HS, 1),
    Row(5, 672, 160, True, _HS, 2),
    Row(5, 960, 160, True, _HS, 1),
    Row(5, 960, 160, True, _HS, 1),
]
_SMALL = [
    Row(3, 16, 16, True, _RE, 2),
    Row(3, 72, 24, False, _RE, 2),
    Row(3, 88, 24, False, _RE, 1),
    Row(5, 96, 40, True, _HS, 2),
    Row(5, 240, 40, True, _HS, 1),
    Row(5, 240, 40, True, _HS, 1),
    Row(5, 120, 48, True, _HS, 1),
    Row(5, 144, 48, True, _HS, 1),
    Row(5, 288, 96, True, _HS, 2),
    Row(5, 576, 96, True, _HS, 1),
    Row(5, 576, 96, True, _HS, 1),
]
