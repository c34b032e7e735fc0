"""ResNet: blocks that learn what to add to their input, so that a hundred of them still learn.

A block computes relu(x + F(x)). F is two 3×3 convolutions, or, in deep networks, a 1×1 that narrows, a 3×3, and a 1×1
that widens again; each with a batch norm after it. He et al., "Deep Residual Learning for Image Recognition", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from .. import nn
from ..nn import init
from ..tensor import Tensor
from .blocks import Layer
from .registry import register

__all__ = [
    "BasicBlock", "Bottleneck", "ResNet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
    "resnext50_32x4d", "resnext101_32x8d", "wide_resnet50_2",
]  # fmt: skip


def conv3x3(in_channels: int, out_channels: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, stride, dilation, dilation, groups, bias=False)


def conv1x1(in_channels: int, out_channels: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)


# ---------------------------------------------------------------------------------------------- blocks


class Block(nn.Module):
    """relu(shortcut + residual); the shortcut is x, or `downsample(x)` where the residual has another shape."""

    expansion: ClassVar[int]  # how many times `planes` come out
    last_norm: ClassVar[str]  # of the residual
    downsample: nn.Module | None
    relu: nn.Module

    def forward(self, x: Tensor) -> Tensor:
        y = self.residual(x)
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)

    def residual(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}: a block says in residual(x) what it adds to x")


class BasicBlock(Block):
    """Two 3×3 convolutions."""

    expansion, last_norm = 1, "bn2"

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        if (groups, base_width) != (1, 64):
            raise ValueError(f"BasicBlock: only groups=1 and base_width=64 will do, but got {groups} and {base_width}")
        if dilation != 1:
            raise NotImplementedError(f"BasicBlock: only dilation=1 will do, but got {dilation}")
        norm_layer = norm_layer or nn.BatchNorm2d
        self.conv1, self.bn1 = conv3x3(inplanes, planes, stride), norm_layer(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2, self.bn2 = conv3x3(planes, planes), norm_layer(planes)
        self.downsample, self.stride = downsample, stride

    def residual(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        return self.bn2(self.conv2(y))


class Bottleneck(Block):
    """A 3×3 convolution between two 1×1, the first of which narrows and the second widens.

    The stride is that of the 3×3, as in torchvision, and not of the first 1×1, as in the paper. With `groups`, each of
    them has its own channels: Xie et al., "Aggregated Residual Transformations for Deep Neural Networks", 2017.
    """

    expansion, last_norm = 4, "bn3"

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: nn.Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or nn.BatchNorm2d
        width, widened = int(planes * base_width / 64) * groups, planes * self.expansion
        self.conv1, self.bn1 = conv1x1(inplanes, width), norm_layer(width)
        self.conv2, self.bn2 = self._middle(width, stride, groups, dilation, norm_layer)
        self.conv3, self.bn3 = conv1x1(width, widened), norm_layer(widened)
        self.se = self._attention(widened)
        self.relu = nn.ReLU(inplace=True)
        self.downsample, self.stride = downsample, stride

    def _middle(
        self, width: int, stride: int, groups: int, dilation: int, norm_layer: Layer
    ) -> tuple[nn.Module, nn.Module]:
        return conv3x3(width, width, stride, groups, dilation), norm_layer(width)

    def _attention(self, channels: int) -> nn.Module | None:
        """What follows the last norm, if anything does."""
        return None

    def residual(self, x: Tensor) -> Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return y if self.se is None else self.se(y)


# ---------------------------------------------------------------------------------------------- the network


class ResNet(nn.Module):
    """Four stages of `layers` blocks; each halves the sides of the image and doubles the channels. Images (N, 3, H, W).

    `replace_stride_with_dilation` says of the last three stages whether they should rather keep the image's size and
    spread their kernels. The deep stem and the averages before a shortcut's convolution are those of He et al., "Bag of
    Tricks for Image Classification with Convolutional Neural Networks", 2019.
    """

    def __init__(
        self,
        block: type[Block],
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: Sequence[bool] | None = None,
        norm_layer: Layer | None = None,
        *,
        deep_stem: bool = False,
        average_down: bool = False,
    ) -> None:
        super().__init__()
        dilated = replace_stride_with_dilation or (False, False, False)
        if len(dilated) != 3:
            raise ValueError(f"ResNet: replace_stride_with_dilation should be None or 3 booleans, but got {dilated}")
        self.groups, self.base_width, self.norm_layer = groups, width_per_group, norm_layer or nn.BatchNorm2d
        self.average_down = average_down
        self.inplanes, self.dilation = 64, 1
        self.conv1 = self._deep_stem() if deep_stem else nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = self.norm_layer(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._stage(block, 64, layers[0])
        self.layer2 = self._stage(block, 128, layers[1], 2, dilated[0])
        self.layer3 = self._stage(block, 256, layers[2], 2, dilated[1])
        self.layer4 = self._stage(block, 512, layers[3], 2, dilated[2])
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        first_values(self, zero_init_residual)

    def _deep_stem(self) -> nn.Sequential:
        """Three 3×3 convolutions, which see as much as one 7×7; the last norm is the network's own."""
        return nn.Sequential(
            *(conv3x3(3, 32, 2), self.norm_layer(32), nn.ReLU(inplace=True)),
            *(conv3x3(32, 32), self.norm_layer(32), nn.ReLU(inplace=True)),
            conv3x3(32, 64),
        )

    def _stage(
        self, block: type[Block], planes: int, blocks: int, stride: int = 1, dilate: bool = False
    ) -> nn.Sequential:
        """Blocks in a row, of which the first has the stride; its own kernel is not yet spread further."""
        before = self.dilation
        if dilate:
            self.dilation, stride = self.dilation * stride, 1
        made = []
        for i in range(blocks):
            downsample = self._shortcut(planes * block.expansion, stride) if i == 0 else None
            settings = (self.groups, self.base_width, self.dilation if i else before, self.norm_layer)
            made.append(block(self.inplanes, planes, 1 if i else stride, downsample, *settings))  # type: ignore[call-arg]
            self.inplanes = planes * block.expansion
        return nn.Sequential(*made)

    def _shortcut(self, channels: int, stride: int) -> nn.Sequential | None:
        if stride == 1 and channels == self.inplanes:
            return None
        if not self.average_down:
            return nn.Sequential(conv1x1(self.inplanes, channels, stride), self.norm_layer(channels))
        pool = nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False) if stride == 2 else nn.Identity()
        return nn.Sequential(pool, conv1x1(self.inplanes, channels), self.norm_layer(channels))

    def forward(self, x: Tensor) -> Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def first_values(model: nn.Module, zero_init_residual: bool) -> None:
    """Convolutions for ReLU; with `zero_init_residual`, every block begins as the identity."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    for module in model.modules():
        if zero_init_residual and isinstance(module, Block):
            init.zeros_(module.get_parameter(f"{module.last_norm}.weight"))


# ---------------------------------------------------------------------------------------------- of each size


@register("torchvision", 2015, parameters=11_689_512, gmacs=1.814, top1=69.758)
def resnet18(**kwargs: Any) -> ResNet:
    return ResNet(BasicBlock, [2, 2, 2, 2], **kwargs)


@register("torchvision", 2015, parameters=21_797_672, gmacs=3.664, top1=73.314)
def resnet34(**kwargs: Any) -> ResNet:
    return ResNet(BasicBlock, [3, 4, 6, 3], **kwargs)


@register("torchvision", 2015, parameters=25_557_032, gmacs=4.089, top1=76.130)
def resnet50(**kwargs: Any) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], **kwargs)


@register("torchvision", 2015, parameters=44_549_160, gmacs=7.801, top1=77.374)
def resnet101(**kwargs: Any) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 23, 3], **kwargs)


@register("torchvision", 2015, parameters=60_192_808, gmacs=11.514, top1=78.312)
def resnet152(**kwargs: Any) -> ResNet:
    return ResNet(Bottleneck, [3, 8, 36, 3], **kwargs)


@register("torchvision", 2017, parameters=25_028_904, gmacs=4.230, top1=77.618)
def resnext50_32x4d(**kwargs: Any) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 6, 3], groups=32, width_per_group=4, **kwargs)


@register("torchvision", 2017, parameters=88_791_336, gmacs=16.414, top1=79.312)
def resnext101_32x8d(**kwargs: Any) -> ResNet:
    return ResNet(Bottleneck, [3, 4, 23, 3], groups=32, width_per_group=8, **kwargs)


@register("torchvision", 2016, parameters=68_883_240, gmacs=11.398, top1=78.468)
def wide_resnet50_2(**kwargs: Any) -> ResNet:
    """The 3×3 convolutions are twice as wide. Zagoruyko and Komodakis, "Wide Residual Networks", 2016."""
    return ResNet(Bottleneck, [3, 4, 6, 3], width_per_group=128, **kwargs)
