"""VGG: nothing but 3×3 convolutions, two to four in a row, and a maximum over 2×2 after each row.

Two 3×3 convolutions see 5×5 pixels as one 5×5 does, with 18 C² weights instead of 25 C². Simonyan and Zisserman, "Very
Deep Convolutional Networks for Large-Scale Image Recognition", 2014.
"""

from __future__ import annotations

from typing import Any

from .. import nn
from ..tensor import Tensor
from . import blocks
from .registry import register

__all__ = ["VGG", "vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn"]

# How many convolutions there are before each pooling; the widths are the same in all.
_DEPTHS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
_WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """`features`, 512 channels of any size, and three linear layers. Images (N, 3, H, W), from 32×32 pixels on."""

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            blocks.init_weights(self, blocks.normal_linear)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def features(layers_with_weights: int, batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of the network that counts so many layers, its three linear ones included."""
    layers: list[nn.Module] = []
    channels = 3
    for depth, width in zip(_DEPTHS[layers_with_weights], _WIDTHS, strict=True):
        for _ in range(depth):
            layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
            layers += [nn.BatchNorm2d(width)] if batch_norm else []
            layers.append(nn.ReLU(inplace=True))
            channels = width
        layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
    return nn.Sequential(*layers)


# ---------------------------------------------------------------------------------------------- of each depth


@register("torchvision", 2014, parameters=132_863_336, gmacs=7.609, top1=69.020)
def vgg11(**kwargs: Any) -> VGG:
    return VGG(features(11), **kwargs)


@register("torchvision", 2014, parameters=132_868_840, gmacs=7.609, top1=70.370)
def vgg11_bn(**kwargs: Any) -> VGG:
    return VGG(features(11, batch_norm=True), **kwargs)


@register("torchvision", 2014, parameters=133_047_848, gmacs=11.308, top1=69.928)
def vgg13(**kwargs: Any) -> VGG:
    return VGG(features(13), **kwargs)


@register("torchvision", 2014, parameters=133_053_736, gmacs=11.308, top1=71.586)
def vgg13_bn(**kwargs: Any) -> VGG:
    return VGG(features(13, batch_norm=True), **kwargs)


@register("torchvision", 2014, parameters=138_357_544, gmacs=15.470, top1=71.592)
def vgg16(**kwargs: Any) -> VGG:
    return VGG(features(16), **kwargs)


@register("torchvision", 2014, parameters=138_365_992, gmacs=15.470, top1=73.360)
def vgg16_bn(**kwargs: Any) -> VGG:
    return VGG(features(16, batch_norm=True), **kwargs)


@register("torchvision", 2014, parameters=143_667_240, gmacs=19.632, top1=72.376)
def vgg19(**kwargs: Any) -> VGG:
    return VGG(features(19), **kwargs)


@register("torchvision", 2014, parameters=143_678_248, gmacs=19.632, top1=74.218)
def vgg19_bn(**kwargs: Any) -> VGG:
    return VGG(features(19, batch_norm=True), **kwargs)
