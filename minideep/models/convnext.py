"""ConvNeXt: a ResNet, made over step by step into what transformers had shown to be good, without attention.

Few activations and few norms, layer norm in the place of batch norm, 7×7 windows channel by channel, and blocks that
are wide in the middle. Liu et al., "A ConvNet for the 2020s", 2022.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from .. import nn
from ..nn import init
from ..ops.creation import full
from ..tensor import Tensor
from .blocks import Conv2dNormActivation, Layer, zero_bias
from .registry import register

__all__ = ["ConvNeXt", "convnext_base", "convnext_large", "convnext_small", "convnext_tiny"]


class LayerNorm2d(nn.LayerNorm):
    """`LayerNorm` over the channels of each pixel of images (N, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Permute(nn.Module):
    """The dimensions in another order."""

    def __init__(self, dims: tuple[int, ...]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.dims)

    def extra_repr(self) -> str:
        return f"{self.dims}"


class CNBlock(nn.Module):
    """x + layer_scale · block(x): 7×7 channel by channel, then a norm and two layers pixel by pixel.

    The scale, one number for each channel, starts next to 0, so that a deep network starts as the identity.
    """

    def __init__(
        self, dim: int, layer_scale: float, stochastic_depth_prob: float, norm_layer: Layer | None = None
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim),
            Permute((0, 2, 3, 1)),
            norm_layer(dim),
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Linear(4 * dim, dim),
            Permute((0, 3, 1, 2)),
        )
        self.layer_scale = nn.Parameter(full((dim, 1, 1), layer_scale))
        self.stochastic_depth = nn.DropPath(stochastic_depth_prob)

    def forward(self, input: Tensor) -> Tensor:
        return self.stochastic_depth(self.layer_scale * self.block(input)) + input


class ConvNeXt(nn.Module):
    """A stem of 4×4 patches, stages of blocks with a halving of the image between them, and a `classifier`.

    `stochastic_depth_prob` is the share of samples for which training drops the last block; it grows from 0 on.
    """

    def __init__(
        self,
        widths: tuple[int, ...],
        depths: tuple[int, ...],
        stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        block, norm_layer = block or CNBlock, norm_layer or partial(LayerNorm2d, eps=1e-6)
        stem = Conv2dNormActivation(
            3, widths[0], 4, 4, padding=0, norm_layer=norm_layer, activation_layer=None, bias=True
        )
        features: list[nn.Module] = [stem]
        number, last = 0, max(sum(depths) - 1, 1)
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            if stage:
                before = widths[stage - 1]
                features.append(nn.Sequential(norm_layer(before), nn.Conv2d(before, width, kernel_size=2, stride=2)))
            chances = [stochastic_depth_prob * (number + i) / last for i in range(depth)]
            features.append(nn.Sequential(*[block(width, layer_scale, chance) for chance in chances]))
            number += depth
        self.features = nn.Sequential(*features)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(norm_layer(widths[-1]), nn.Flatten(1), nn.Linear(widths[-1], num_classes))
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                init.trunc_normal_(module.weight, std=0.02)
                zero_bias(module)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)))


@register("torchvision", 2022, parameters=28_589_128, gmacs=4.456, top1=82.520)
def convnext_tiny(stochastic_depth_prob: float = 0.1, **kwargs: Any) -> ConvNeXt:
    return ConvNeXt((96, 192, 384, 768), (3, 3, 9, 3), stochastic_depth_prob, **kwargs)


@register("torchvision", 2022, parameters=50_223_688, gmacs=8.684, top1=83.616)
def convnext_small(stochastic_depth_prob: float = 0.4, **kwargs: Any) -> ConvNeXt:
    return ConvNeXt((96, 192, 384, 768), (3, 3, 27, 3), stochastic_depth_prob, **kwargs)


@register("torchvision", 2022, parameters=88_591_464, gmacs=15.355, top1=84.062)
def convnext_base(stochastic_depth_prob: float = 0.5, **kwargs: Any) -> ConvNeXt:
    return ConvNeXt((128, 256, 512, 1024), (3, 3, 27, 3), stochastic_depth_prob, **kwargs)


@register("torchvision", 2022, parameters=197_767_336, gmacs=34.361, top1=84.414)
def convnext_large(stochastic_depth_prob: float = 0.5, **kwargs: Any) -> ConvNeXt:
    return ConvNeXt((192, 384, 768, 1536), (3, 3, 27, 3), stochastic_depth_prob, **kwargs)
