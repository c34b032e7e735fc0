"""ResNets that weigh their channels: squeeze-and-excitation, ECA, and ResNeSt's choice between two branches."""

from __future__ import annotations

import math
from typing import Any

from .. import nn
from ..nn import functional as F
from ..tensor import Tensor
from .blocks import Layer, SqueezeExcitation
from .registry import register
from .resnet import Bottleneck, ResNet, conv3x3

__all__ = ["EfficientChannelAttention", "SplitAttention", "ecaresnet50", "ecaresnet50d", "resnest50d", "seresnet50"]


class EfficientChannelAttention(nn.Module):
    """x · sigmoid(conv(mean of x over the pixels)): each channel's factor depends on a few neighbours.

    The more channels, the more neighbours: the odd number next to (log₂ channels + 1) / 2. Wang et al., "ECA-Net:
    Efficient Channel Attention for Deep Convolutional Neural Networks", 2020.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        taps = int((math.log2(channels) + 1) / 2)
        taps = max(taps if taps % 2 else taps + 1, 3)
        self.conv = nn.Conv1d(1, 1, taps, padding=taps // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        factors = self.conv(x.mean((2, 3)).unsqueeze(1)).sigmoid()
        return x * factors.view(*x.shape[:2], 1, 1)


class SplitAttention(nn.Module):
    """Two 3×3 convolutions of the same input, added channel by channel in shares that depend on what both found.

    The shares are a softmax over the two; a stride is that of an average at the end. Zhang et al., "ResNeSt:
    Split-Attention Networks", 2020, for a radix of 2.
    """

    def __init__(self, channels: int, stride: int, groups: int, dilation: int, norm_layer: Layer) -> None:
        super().__init__()
        inner = max(channels // 2, 32)
        self.groups = groups
        self.conv = conv3x3(channels, 2 * channels, 1, 2 * groups, dilation)
        self.bn0 = norm_layer(2 * channels)
        self.fc1 = nn.Conv2d(channels, inner, 1, groups=groups)
        self.bn1 = norm_layer(inner)
        self.fc2 = nn.Conv2d(inner, 2 * channels, 1, groups=groups)
        self.pool = nn.AvgPool2d(3, stride, padding=1) if stride > 1 else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn0(self.conv(x)), inplace=True)
        x = x.view(x.shape[0], 2, -1, *x.shape[2:])
        scores = self.fc2(F.relu(self.bn1(self.fc1(x.sum(1).mean((2, 3), keepdim=True))), inplace=True))
        shares = F.softmax(scores.view(x.shape[0], self.groups, 2, -1).transpose(1, 2), dim=1)
        return self.pool((x * shares.reshape(*x.shape[:3], 1, 1)).sum(1))


# ---------------------------------------------------------------------------------------------- blocks


class SEBottleneck(Bottleneck):
    def _attention(self, channels: int) -> nn.Module:
        return SqueezeExcitation(channels, channels // 16)


class ECABottleneck(Bottleneck):
    def _attention(self, channels: int) -> nn.Module:
        return EfficientChannelAttention(channels)


class SplitBottleneck(Bottleneck):
    def _middle(
        self, width: int, stride: int, groups: int, dilation: int, norm_layer: Layer
    ) -> tuple[nn.Module, nn.Module]:
        return SplitAttention(width, stride, groups, dilation, norm_layer), nn.Identity()


# ---------------------------------------------------------------------------------------------- networks

_DEPTHS = [3, 4, 6, 3]
_DEEP = {"deep_stem": True, "average_down": True}


def _resnet(block: type[Bottleneck], zero_init_last: bool = True, **kwargs: Any) -> ResNet:
    """With timm's name and default for how residuals begin."""
    return ResNet(block, _DEPTHS, zero_init_residual=zero_init_last, **kwargs)


@register("timm", 2018, parameters=28_088_024)
def seresnet50(**kwargs: Any) -> ResNet:
    """Hu, Shen and Sun, "Squeeze-and-Excitation Networks", 2018."""
    return _resnet(SEBottleneck, **kwargs)


@register("timm", 2020)
def ecaresnet50(**kwargs: Any) -> ResNet:
    return _resnet(ECABottleneck, **kwargs)


@register("timm", 2020)
def ecaresnet50d(**kwargs: Any) -> ResNet:
    return _resnet(ECABottleneck, **_DEEP, **kwargs)


@register("timm", 2020)
def resnest50d(**kwargs: Any) -> ResNet:
    return _resnet(SplitBottleneck, **_DEEP, **kwargs)
