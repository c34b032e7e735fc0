"""EfficientNet: a small network found by search, and its larger ones, made wider, deeper and sharper at one rate.

With every step of the scale, depth is multiplied by 1.2, width by 1.1 and the side of the image by 1.15, which about
doubles the cost: 1.2 · 1.1² · 1.15² = 1.92. Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional
Neural Networks", 2019. The second version expands and filters at once where images are large, as that is faster on
hardware made for dense products: "EfficientNetV2: Smaller Models and Faster Training", 2021.
"""

from __future__ import annotations

import math
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
    uniform_linear,
)
from .registry import register

__all__ = [
    "EfficientNet", "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4",
    "efficientnet_b5", "efficientnet_b6", "efficientnet_b7", "efficientnet_v2_s",
]  # fmt: skip


class Stage(NamedTuple):
    """A row of the tables in the papers: blocks of one kind, of which the first has the stride."""

    fused: bool
    expand_ratio: int
    kernel: int
    stride: int
    out_channels: int
    blocks: int


class EfficientNet(nn.Module):
    """`features`, a mean over the pixels, and a `classifier`.

    `stochastic_depth_prob` is the share of samples for which the last block would be dropped in training; it grows from
    0 at the first. By default the last convolution has four times the channels of what it is given.
    """

    def __init__(
        self,
        stages: Sequence[Stage],
        stem_channels: int,
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        features: list[nn.Module] = [convolution(3, stem_channels, stride=2)]
        channels, number, total = stem_channels, 0, sum(stage.blocks for stage in stages)
        for stage in stages:
            row = nn.Sequential()
            block = _fused_mbconv if stage.fused else _mbconv
            for _ in range(stage.blocks):
                row.append(block(channels, stage, norm_layer, stochastic_depth_prob * number / total))
                stage, channels, number = stage._replace(stride=1), stage.out_channels, number + 1
            features.append(row)
        last_channel = last_channel or 4 * channels
        self.features = nn.Sequential(*features, convolution(channels, last_channel, 1))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(dropout, inplace=True), nn.Linear(last_channel, num_classes))
        init_weights(self, uniform_linear)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _mbconv(in_channels: int, stage: Stage, norm_layer: Layer, drop_prob: float) -> Residual:
    """The block of MobileNetV2, with a squeeze to a quarter of its input's channels."""
    expanded = make_divisible(in_channels * stage.expand_ratio)
    squeeze = SqueezeExcitation(expanded, max(1, in_channels // 4), partial(nn.SiLU, inplace=True))
    layers = inverted_layers(
        in_channels, expanded, stage.out_channels, stage.kernel, stage.stride, norm_layer, nn.SiLU, squeeze
    )
    return _residual(layers, in_channels, stage, drop_prob)


def _fused_mbconv(in_channels: int, stage: Stage, norm_layer: Layer, drop_prob: float) -> Residual:
    """The same with one convolution that expands and filters; it also projects where there is nothing to expand."""
    expanded = make_divisible(in_channels * stage.expand_ratio)
    filtering = partial(Conv2dNormActivation, in_channels, norm_layer=norm_layer, activation_layer=nn.SiLU)
    if expanded == in_channels:
        layers = [filtering(stage.out_channels, stage.kernel, stage.stride)]
    else:
        project = Conv2dNormActivation(expanded, stage.out_channels, 1, norm_layer=norm_layer, activation_layer=None)
        layers = [filtering(expanded, stage.kernel, stage.stride), project]
    return _residual(layers, in_channels, stage, drop_prob)


def _residual(layers: Sequence[nn.Module], in_channels: int, stage: Stage, drop_prob: float) -> Residual:
    return Residual(nn.Sequential(*layers), stage.stride == 1 and in_channels == stage.out_channels, drop_prob)


# ---------------------------------------------------------------------------------------------- the first version

_B0 = [
    Stage(False, 1, 3, 1, 16, 1),
    Stage(False, 6, 3, 2, 24, 2),
    Stage(False, 6, 5, 2, 40, 2),
    Stage(False, 6, 3, 2, 80, 3),
    Stage(False, 6, 5, 1, 112, 3),
    Stage(False, 6, 5, 2, 192, 4),
    Stage(False, 6, 3, 1, 320, 1),
]


def _scaled(width: float, depth: float, **kwargs: Any) -> EfficientNet:
    """B0 with `width` times its channels and `depth` times its blocks."""
    stages = [
        stage._replace(out_channels=make_divisible(stage.out_channels * width), blocks=math.ceil(stage.blocks * depth))
        for stage in _B0
    ]
    return EfficientNet(stages, make_divisible(32 * width), **kwargs)


@register("torchvision", 2019, parameters=5_288_548, gmacs=0.386, top1=77.692)
def efficientnet_b0(dropout: float = 0.2, **kwargs: Any) -> EfficientNet:
    return _scaled(1.0, 1.0, dropout=dropout, **kwargs)


@register("torchvision", 2019, parameters=7_794_184, gmacs=0.687, top1=78.642, input_size=(3, 240, 240))
def efficientnet_b1(dropout: float = 0.2, **kwargs: Any) -> EfficientNet:
    return _scaled(1.0, 1.1, dropout=dropout, **kwargs)


@register("torchvision", 2019, parameters=9_109_994, gmacs=1.088, top1=80.608, input_size=(3, 288, 288))
def efficientnet_b2(dropout: float = 0.3, **kwargs: Any) -> EfficientNet:
    return _scaled(1.1, 1.2, dropout=dropout, **kwargs)


@register("torchvision", 2019, parameters=12_233_232, gmacs=1.827, top1=82.008, input_size=(3, 300, 300))
def efficientnet_b3(dropout: float = 0.3, **kwargs: Any) -> EfficientNet:
    return _scaled(1.2, 1.4, dropout=dropout, **kwargs)


@register("torchvision", 2019, parameters=19_341_616, gmacs=4.394, top1=83.384, input_size=(3, 380, 380))
def efficientnet_b4(dropout: float = 0.4, **kwargs: Any) -> EfficientNet:
    return _scaled(1.4, 1.8, dropout=dropout, **kwargs)


# From B5 on, batches are small, and the statistics of their norms move more slowly.
_SLOW_NORM = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


@register("torchvision", 2019, parameters=30_389_784, gmacs=10.266, top1=83.444, input_size=(3, 456, 456))
def efficientnet_b5(dropout: float = 0.4, norm_layer: Layer = _SLOW_NORM, **kwargs: Any) -> EfficientNet:
    return _scaled(1.6, 2.2, dropout=dropout, norm_layer=norm_layer, **kwargs)


@register("torchvision", 2019, parameters=43_040_704, gmacs=19.068, top1=84.008, input_size=(3, 528, 528))
def efficientnet_b6(dropout: float = 0.5, norm_layer: Layer = _SLOW_NORM, **kwargs: Any) -> EfficientNet:
    return _scaled(1.8, 2.6, dropout=dropout, norm_layer=norm_layer, **kwargs)


@register("torchvision", 2019, parameters=66_347_960, gmacs=37.746, top1=84.122, input_size=(3, 600, 600))
def efficientnet_b7(dropout: float = 0.5, norm_layer: Layer = _SLOW_NORM, **kwargs: Any) -> EfficientNet:
    return _scaled(2.0, 3.1, dropout=dropout, norm_layer=norm_layer, **kwargs)


# ---------------------------------------------------------------------------------------------- the second version

_V2_S = [
    Stage(True, 1, 3, 1, 24, 2),
    Stage(True, 4, 3, 2, 48, 4),
    Stage(True, 4, 3, 2, 64, 4),
    Stage(False, 4, 3, 2, 128, 6),
    Stage(False, 6, 3, 1, 160, 9),
    Stage(False, 6, 3, 2, 256, 15),
]
_V2_NORM = partial(nn.BatchNorm2d, eps=0.001)


@register("torchvision", 2021, parameters=21_458_488, gmacs=8.366, top1=84.228, input_size=(3, 384, 384))
def efficientnet_v2_s(
    dropout: float = 0.2, norm_layer: Layer = _V2_NORM, last_channel: int = 1280, **kwargs: Any
) -> EfficientNet:
    return EfficientNet(_V2_S, 24, dropout, norm_layer=norm_layer, last_channel=last_channel, **kwargs)
