"""GoogLeNet: every module looks at its input through windows of several sizes at once and lets the next choose.

1×1 convolutions in front of the larger ones keep this cheap. Szegedy et al., "Going Deeper with Convolutions", 2015.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import nn
from ..nn import functional as F
from ..nn import init
from ..ops.arrangement import cat
from ..tensor import Tensor
from .blocks import Layer
from .registry import register

__all__ = ["GoogLeNet", "GoogLeNetOutputs", "Inception", "PaperInception", "googlenet"]


class GoogLeNetOutputs(NamedTuple):
    """What it returns in training: the loss is that of `logits` and 0.3 times that of each of the others."""

    logits: Tensor
    aux_logits2: Tensor | None
    aux_logits1: Tensor | None


class BasicConv2d(nn.Module):
    """Convolution, batch norm, ReLU; torchvision has them here, and the paper, which is older, only the ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **settings: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **settings)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class ReLUConv2d(nn.Sequential):
    """Convolution and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **settings: Any) -> None:
        super().__init__(nn.Conv2d(in_channels, out_channels, **settings), nn.ReLU(inplace=True))


class Inception(nn.Module):
    """Four branches, their channels side by side: 1×1; 1×1, 3×3; 1×1, 5×5; 3×3 maximum, 1×1.

    The 5×5 is a 3×3 here, unless `window` says otherwise: so torchvision's published weights have it.
    """

    def __init__(
        self,
        in_channels: int,
        ch1x1: int,
        ch3x3red: int,
        ch3x3: int,
        ch5x5red: int,
        ch5x5: int,
        pool_proj: int,
        conv_block: Layer | None = None,
        window: int = 3,
    ) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch1 = conv(in_channels, ch1x1, kernel_size=1)
        self.branch2 = nn.Sequential(
            conv(in_channels, ch3x3red, kernel_size=1),
            conv(ch3x3red, ch3x3, kernel_size=3, padding=1),
        )
        self.branch3 = nn.Sequential(
            conv(in_channels, ch5x5red, kernel_size=1),
            conv(ch5x5red, ch5x5, kernel_size=window, padding=window // 2),
        )
        self.branch4 = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=True),
            conv(in_channels, pool_proj, kernel_size=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        return cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class PaperInception(Inception):
    """As the paper has it: with a true 5×5, biases, and without norms."""

    def __init__(self, *channels: int) -> None:
        super().__init__(*channels, conv_block=ReLUConv2d, window=5)  # type: ignore[misc, arg-type]


class InceptionAux(nn.Module):
    """A small classifier on what the network sees half-way, so that gradients have a shorter way, too."""

    def __init__(self, in_channels: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.conv = BasicConv2d(in_channels, 128, kernel_size=1)
        self.fc1 = nn.Linear(2048, 1024)
        self.fc2 = nn.Linear(1024, num_classes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(F.adaptive_avg_pool2d(x, (4, 4))).flatten(1)
        return self.fc2(self.dropout(F.relu(self.fc1(x), inplace=True)))


# ---------------------------------------------------------------------------------------------- the network

# Of each module: input channels, then as `Inception` takes them.
_MODULES: dict[str, Any] = {
    "inception3a": (192, 64, 96, 128, 16, 32, 32),
    "inception3b": (256, 128, 128, 192, 32, 96, 64),
    "maxpool3": 3,
    "inception4a": (480, 192, 96, 208, 16, 48, 64),
    "inception4b": (512, 160, 112, 224, 24, 64, 64),
    "inception4c": (512, 128, 128, 256, 24, 64, 64),
    "inception4d": (512, 112, 144, 288, 32, 64, 64),
    "inception4e": (528, 256, 160, 320, 32, 128, 128),
    "maxpool4": 2,
    "inception5a": (832, 256, 160, 320, 32, 128, 128),
    "inception5b": (832, 384, 192, 384, 48, 128, 128),
}
_AUXILIARY = {"inception4a": "aux1", "inception4d": "aux2"}  # behind which modules the small classifiers stand
_CHANNELS = [(0.485, 0.229), (0.456, 0.224), (0.406, 0.225)]  # mean and deviation over ImageNet


class GoogLeNet(nn.Module):
    """In evaluation the logits; in training `GoogLeNetOutputs`, unless `aux_logits` is False. Images (N, 3, H, W)."""

    aux1: InceptionAux | None
    aux2: InceptionAux | None

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        init_weights: bool | None = True,
        dropout: float = 0.2,
        dropout_aux: float = 0.7,
    ) -> None:
        super().__init__()
        self.aux_logits, self.transform_input = aux_logits, transform_input
        self.conv1 = BasicConv2d(3, 64, kernel_size=7, stride=2, padding=3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.conv2 = BasicConv2d(64, 64, kernel_size=1)
        self.conv3 = BasicConv2d(64, 192, kernel_size=3, padding=1)
        self.maxpool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        for name, sizes in _MODULES.items():
            pooling = isinstance(sizes, int)
            setattr(self, name, nn.MaxPool2d(sizes, stride=2, ceil_mode=True) if pooling else Inception(*sizes))
        self.aux1 = InceptionAux(512, num_classes, dropout_aux) if aux_logits else None
        self.aux2 = InceptionAux(528, num_classes, dropout_aux) if aux_logits else None
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(1024, num_classes)
        if init_weights is not False:
            for module in self.modules():
                if isinstance(module, nn.Conv2d | nn.Linear):
                    init.trunc_normal_(module.weight, std=0.01)

    def forward(self, x: Tensor) -> Any:
        if self.transform_input:
            x = _rescaled(x)
        x = self.maxpool2(self.conv3(self.conv2(self.maxpool1(self.conv1(x)))))
        auxiliary = {}
        for name in _MODULES:
            x = getattr(self, name)(x)
            if self.training and self.aux_logits and name in _AUXILIARY:
                auxiliary[name] = getattr(self, _AUXILIARY[name])(x)
        logits = self.fc(self.dropout(self.avgpool(x).flatten(1)))
        return GoogLeNetOutputs(logits, auxiliary["inception4d"], auxiliary["inception4a"]) if auxiliary else logits


def _rescaled(x: Tensor) -> Tensor:
    """Images normalized with ImageNet's means and deviations, as if with 0.5 for all: so Google's weights want them."""
    channels = [x[:, i : i + 1] * (std / 0.5) + (mean - 0.5) / 0.5 for i, (mean, std) in enumerate(_CHANNELS)]
    return cat(channels, 1)


@register("torchvision", 2014, parameters=6_624_904, gmacs=1.498, top1=69.778, with_weights={"transform_input": True})
def googlenet(**kwargs: Any) -> GoogLeNet:
    """As in torchvision, weights from a file are taken to want `transform_input`, unless it is given as False.

    The published number of parameters leaves the two small classifiers out.
    """
    return GoogLeNet(**kwargs)
