"""ResNet with norm and ReLU before each convolution, so that shortcuts are never changed from one end to the other.

Then x_L = x_l + Σ F(x_i) holds for any two blocks, and the gradient at the upper is part of that at the lower. He et
al., "Identity Mappings in Deep Residual Networks", 2016.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from .. import nn
from ..nn import functional as F
from ..nn import init
from ..tensor import Tensor
from .registry import register
from .resnet import conv1x1, conv3x3

__all__ = ["PreActBottleneck", "ResNetV2", "resnetv2_50"]


class BatchNormReLU(nn.BatchNorm2d):
    """Both in one module, as in timm's names."""

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(super().forward(input), inplace=True)


class PreActBottleneck(nn.Module):
    """x + conv3(norm3(conv2(norm2(conv1(a))))), where a = norm1(x); downsample(a) + … where the shape changes."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, downsample: bool = False) -> None:
        super().__init__()
        width = out_channels // 4
        self.downsample = None
        if downsample:
            self.downsample = nn.Sequential(OrderedDict(conv=conv1x1(in_channels, out_channels, stride)))
        self.norm1, self.conv1 = BatchNormReLU(in_channels), conv1x1(in_channels, width)
        self.norm2, self.conv2 = BatchNormReLU(width), conv3x3(width, width, stride)
        self.norm3, self.conv3 = BatchNormReLU(width), conv1x1(width, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        ready = self.norm1(x)
        shortcut = x if self.downsample is None else self.downsample(ready)
        return self.conv3(self.norm3(self.conv2(self.norm2(self.conv1(ready))))) + shortcut


class ResNetV2(nn.Module):
    """Four stages of `layers` blocks, and a norm at their end. Images (N, 3, H, W)."""

    def __init__(self, layers: Sequence[int], num_classes: int = 1000, zero_init_last: bool = False) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            OrderedDict(conv=nn.Conv2d(3, 64, 7, 2, 3, bias=False), pool=nn.MaxPool2d(3, stride=2, padding=1))
        )
        self.stages = nn.Sequential()
        channels = 64
        for stage, depth in enumerate(layers):
            width, stride = 256 * 2**stage, 2 if stage else 1
            first = PreActBottleneck(channels, width, stride, downsample=True)
            blocks = nn.Sequential(first, *(PreActBottleneck(width, width) for _ in range(depth - 1)))
            self.stages.append(nn.Sequential(OrderedDict(blocks=blocks)))
            channels = width
        self.norm = BatchNormReLU(channels)
        self.head = nn.Sequential(
            OrderedDict(
                global_pool=nn.AdaptiveAvgPool2d(1), fc=nn.Conv2d(channels, num_classes, 1), flatten=nn.Flatten()
            )
        )
        self._first_values(zero_init_last)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.stages(self.stem(x))))

    def _first_values(self, zero_init_last: bool) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for module in self.modules():
            if zero_init_last and isinstance(module, PreActBottleneck):
                init.zeros_(module.conv3.weight)
        init.normal_(self.head.fc.weight, 0, 0.01)
        init.zeros_(self.head.fc.bias)


@register("timm", 2016)
def resnetv2_50(**kwargs: Any) -> ResNetV2:
    return ResNetV2([3, 4, 6, 3], **kwargs)
