"""The small ResNets for 32×32 images, and the same networks without shortcuts, which learn worse the deeper they are.

6 n + 2 layers: a 3×3 convolution, three stages of n blocks with 16, 32 and 64 channels, a linear layer. He et al.,
"Deep Residual Learning for Image Recognition", 2015, section 4.2.
"""

from __future__ import annotations

from typing import Any

from .. import nn
from ..nn import functional as F
from ..tensor import Tensor
from .registry import register
from .resnet import BasicBlock, conv3x3, first_values

__all__ = [
    "CifarResNet", "plain20", "plain32", "plain44", "plain56", "plain110", "resnet20", "resnet32", "resnet44",
    "resnet56", "resnet110",
]  # fmt: skip


class Subsample(nn.Module):
    """A shortcut without parameters: every second pixel of every second row, and zeros for the new channels."""

    def __init__(self, new_channels: int) -> None:
        super().__init__()
        self.new_channels = new_channels

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, self.new_channels))


class PlainBlock(BasicBlock):
    """A `BasicBlock` without its shortcut."""

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.residual(x))


class CifarResNet(nn.Module):
    """`depth` is 6 n + 2. Images (N, 3, 32, 32)."""

    def __init__(self, depth: int, num_classes: int = 10, shortcuts: bool = True) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise ValueError(f"CifarResNet: depth must be 6 n + 2 (20, 32, 44, 56, 110, …), but got {depth}")
        block = BasicBlock if shortcuts else PlainBlock
        self.conv1, self.bn1 = conv3x3(3, 16), nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = nn.Sequential(*(block(16, 16) for _ in range(blocks)))
        for stage, width in ((2, 32), (3, 64)):
            first = block(width // 2, width, 2, Subsample(width // 2) if shortcuts else None)
            others = (block(width, width) for _ in range(blocks - 1))
            setattr(self, f"layer{stage}", nn.Sequential(first, *others))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, num_classes)
        first_values(self, zero_init_residual=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(self.avgpool(x).flatten(1))


# ---------------------------------------------------------------------------------------------- of each depth


@register("paper", 2015, input_size=(3, 32, 32))
def resnet20(**kwargs: Any) -> CifarResNet:
    return CifarResNet(20, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def resnet32(**kwargs: Any) -> CifarResNet:
    return CifarResNet(32, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def resnet44(**kwargs: Any) -> CifarResNet:
    return CifarResNet(44, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def resnet56(**kwargs: Any) -> CifarResNet:
    return CifarResNet(56, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def resnet110(**kwargs: Any) -> CifarResNet:
    return CifarResNet(110, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def plain20(**kwargs: Any) -> CifarResNet:
    return CifarResNet(20, shortcuts=False, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def plain32(**kwargs: Any) -> CifarResNet:
    return CifarResNet(32, shortcuts=False, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def plain44(**kwargs: Any) -> CifarResNet:
    return CifarResNet(44, shortcuts=False, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def plain56(**kwargs: Any) -> CifarResNet:
    return CifarResNet(56, shortcuts=False, **kwargs)


@register("paper", 2015, input_size=(3, 32, 32))
def plain110(**kwargs: Any) -> CifarResNet:
    return CifarResNet(110, shortcuts=False, **kwargs)
