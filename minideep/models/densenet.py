"""DenseNet: every layer sees what all layers before it in its block have made, and adds a little of its own.

Huang et al., "Densely Connected Convolutional Networks", 2017.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from .. import nn
from ..nn import functional as F
from ..nn import init
from ..ops.arrangement import cat
from ..tensor import Tensor
from .registry import register

__all__ = ["DenseNet", "densenet121", "densenet169", "densenet201"]


class DenseLayer(nn.Module):
    """conv2(relu(norm2(conv1(relu(norm1(x)))))): `growth_rate` new channels, by way of `bn_size` times as many."""

    def __init__(self, channels: int, growth_rate: int, bn_size: int, drop_rate: float) -> None:
        super().__init__()
        width = bn_size * growth_rate
        self.norm1, self.relu1 = nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, growth_rate, 3, padding=1, bias=False)
        self.drop_rate = drop_rate

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(self.relu1(self.norm1(x)))
        y = self.conv2(self.relu2(self.norm2(y)))
        return F.dropout(y, self.drop_rate, self.training) if self.drop_rate else y

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *others: Any) -> None:
        """Published files are older than the names: what is norm1.weight now is norm.1.weight there."""
        for key in list(state_dict):
            now = re.sub(r"^(norm|conv)\.([12])\.", r"\1\2.", key.removeprefix(prefix))
            state_dict[prefix + now] = state_dict.pop(key)
        super()._load_from_state_dict(state_dict, prefix, *others)


class DenseBlock(nn.ModuleDict):
    """(N, C, H, W) becomes (N, C + layers · growth_rate, H, W)."""

    def __init__(self, layers: int, channels: int, growth_rate: int, bn_size: int, drop_rate: float) -> None:
        super().__init__()
        for i in range(layers):
            self[f"denselayer{i + 1}"] = DenseLayer(channels + i * growth_rate, growth_rate, bn_size, drop_rate)

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.values():
            features.append(layer(cat(features, 1)))
        return cat(features, 1)


def transition(channels: int) -> nn.Sequential:
    """Half the channels, and half the sides."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(channels),
            relu=nn.ReLU(inplace=True),
            conv=nn.Conv2d(channels, channels // 2, 1, bias=False),
            pool=nn.AvgPool2d(kernel_size=2, stride=2),
        )
    )


class DenseNet(nn.Module):
    """`block_config` says how many layers each block has. Images (N, 3, H, W)."""

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        if memory_efficient:
            raise NotImplementedError(
                "DenseNet: memory_efficient=True, which computes twice to keep less, is not there"
            )
        super().__init__()
        with init.skipped():  # the convolutions are drawn below
            self.features = self._features(growth_rate, block_config, num_init_features, bn_size, drop_rate)
        self.classifier = nn.Linear(self.features.norm5.num_features, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                init.kaiming_normal_(module.weight)
        init.zeros_(self.classifier.get_parameter("bias"))

    @staticmethod
    def _features(
        growth_rate: int, block_config: Sequence[int], channels: int, bn_size: int, drop_rate: float
    ) -> nn.Sequential:
        features = nn.Sequential(
            OrderedDict(
                conv0=nn.Conv2d(3, channels, 7, stride=2, padding=3, bias=False),
                norm0=nn.BatchNorm2d(channels),
                relu0=nn.ReLU(inplace=True),
                pool0=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
            )
        )
        for i, layers in enumerate(block_config, 1):
            setattr(features, f"denseblock{i}", DenseBlock(layers, channels, growth_rate, bn_size, drop_rate))
            channels += layers * growth_rate
            if i < len(block_config):
                setattr(features, f"transition{i}", transition(channels))
                channels //= 2
        features.norm5 = nn.BatchNorm2d(channels)
        return features

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


# ---------------------------------------------------------------------------------------------- of each depth


@register("torchvision", 2017, parameters=7_978_856, gmacs=2.834, top1=74.434)
def densenet121(**kwargs: Any) -> DenseNet:
    return DenseNet(32, (6, 12, 24, 16), **kwargs)


@register("torchvision", 2017, parameters=14_149_480, gmacs=3.360, top1=75.600)
def densenet169(**kwargs: Any) -> DenseNet:
    return DenseNet(32, (6, 12, 32, 32), **kwargs)


@register("torchvision", 2017, parameters=20_013_928, gmacs=4.291, top1=76.896)
def densenet201(**kwargs: Any) -> DenseNet:
    return DenseNet(32, (6, 12, 48, 32), **kwargs)
