"""RegNet: networks whose widths follow a straight line, rounded to a few steps.

The authors sampled thousands of networks, kept what the good ones had in common, and were left with a family of four
numbers: u_j = w_0 + w_a · j would be the width of block j; of w_0 · w_m^k the nearest step, k an integer, is taken, and
blocks of the same width are a stage. Radosavovic et al., "Designing Network Design Spaces", 2020. X is plain, Y has a
squeeze and excitation in each block.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

from .. import nn
from ..nn import init
from ..tensor import Tensor
from .blocks import SqueezeExcitation, init_weights, normal_linear
from .registry import register

__all__ = [
    "RegNet", "regnet_stages", "regnetx_002", "regnetx_004", "regnetx_006", "regnetx_008", "regnetx_016", "regnetx_032",
    "regnetx_040", "regnetx_064", "regnetx_080", "regnetx_120", "regnetx_160", "regnetx_320", "regnety_002",
    "regnety_004", "regnety_006", "regnety_008", "regnety_016", "regnety_032", "regnety_040", "regnety_064",
    "regnety_080", "regnety_120", "regnety_160", "regnety_320",
]  # fmt: skip


class Stage(NamedTuple):
    """`blocks` of the same width, whose 3×3 convolutions have groups of `group_size` channels."""

    width: int
    blocks: int
    group_size: int


def regnet_stages(depth: int, w0: int, wa: float, wm: float, group_size: int) -> list[Stage]:
    """The stages of a RegNet. Widths are multiples of 8, then of the group size.

    >>> [stage.width for stage in regnet_stages(depth=16, w0=48, wa=27.89, wm=2.09, group_size=8)]
    [48, 104, 208, 440]
    """
    if wa < 0 or w0 <= 0 or w0 % 8 or wm <= 1:
        raise ValueError(f"RegNet: expected w0 > 0, a multiple of 8, wa >= 0 and wm > 1, but got {w0}, {wa} and {wm}")
    steps = [round(math.log(1 + wa * j / w0) / math.log(wm)) for j in range(depth)]
    widths = [round(w0 * wm**step / 8) * 8 for step in steps]
    stages = []
    for width, blocks in groupby(widths):
        size = min(group_size, width)
        stages.append(Stage(round(width / size) * size, len(list(blocks)), size))
    return stages


def _convolution(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1, linear: bool = False
) -> nn.Sequential:
    layers = OrderedDict[str, nn.Module](
        conv=nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, groups=groups, bias=False),
        bn=nn.BatchNorm2d(out_channels),
    )
    return nn.Sequential(layers if linear else OrderedDict(layers, act=nn.ReLU(inplace=True)))


class Bottleneck(nn.Module):
    """x + 1×1, grouped 3×3, maybe a squeeze, 1×1: a ResNet's, but for the bottleneck; all is of one width."""

    def __init__(self, in_channels: int, stage: Stage, stride: int, se_ratio: float, drop_prob: float) -> None:
        super().__init__()
        width, _, group_size = stage
        self.conv1 = _convolution(in_channels, width, 1)
        self.conv2 = _convolution(width, width, 3, stride, groups=width // group_size)
        self.se = SqueezeExcitation(width, round(in_channels * se_ratio)) if se_ratio else nn.Identity()
        self.conv3 = _convolution(width, width, 1, linear=True)
        self.act3 = nn.ReLU(inplace=True)
        same = in_channels == width and stride == 1
        self.downsample = nn.Identity() if same else _convolution(in_channels, width, 1, stride, linear=True)
        self.drop_path = nn.DropPath(drop_prob)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv3(self.se(self.conv2(self.conv1(x))))
        return self.act3(self.drop_path(y) + self.downsample(x))


class RegNet(nn.Module):
    """A `stem`, stages `s1`, `s2`, … of blocks `b1`, `b2`, …, of which each halves the image, and a `head`.

    Names and arguments are timm's, which spells out those of a configuration. `drop_path_rate` is the share of samples
    for which training drops the last block; it grows from 0 at the first. With `zero_init_last`, blocks start as 0.

    >>> RegNet(depth=13, w0=24, wa=36.44, wm=2.49, group_size=8).head.fc
    Linear(in_features=368, out_features=1000, bias=True)
    """

    def __init__(
        self,
        depth: int,
        w0: int,
        wa: float,
        wm: float,
        group_size: int,
        se_ratio: float = 0.0,
        num_classes: int = 1000,
        in_chans: int = 3,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        zero_init_last: bool = True,
    ) -> None:
        super().__init__()
        channels, number = 32, 0
        self.stem = _convolution(in_chans, channels, 3, 2)
        stages = regnet_stages(depth, w0, wa, wm, group_size)
        for place, stage in enumerate(stages, 1):
            blocks: OrderedDict[str, nn.Module] = OrderedDict()
            for block in range(1, stage.blocks + 1):
                chance = drop_path_rate * number / max(depth - 1, 1)
                blocks[f"b{block}"] = Bottleneck(channels, stage, 2 if block == 1 else 1, se_ratio, chance)
                channels, number = stage.width, number + 1
            self.add_module(f"s{place}", nn.Sequential(blocks))
        self.head = nn.Sequential(
            OrderedDict(
                global_pool=nn.AdaptiveAvgPool2d(1),
                flatten=nn.Flatten(1),
                drop=nn.Dropout(drop_rate),
                fc=nn.Linear(channels, num_classes),
            )
        )
        init_weights(self, normal_linear, within_group=True)
        for module in self.modules():
            if zero_init_last and isinstance(module, Bottleneck):
                init.zeros_(module.conv3.bn.weight)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.children():
            x = layer(x)
        return x


# ---------------------------------------------------------------------------------------------- those of the paper


def _of_the_paper(
    name: str, parameters: int, gmacs: float, top1: float, depth: int, w0: int, wa: float, wm: float, group_size: int
) -> Callable[..., RegNet]:
    """A constructor, under its name in the table of models."""

    def build(**kwargs: Any) -> RegNet:
        return RegNet(depth, w0, wa, wm, group_size, se_ratio=0.25 if "y" in name else 0.0, **kwargs)

    build.__name__ = build.__qualname__ = name
    return register("timm", 2020, parameters=parameters, gmacs=gmacs, top1=top1)(build)


# MACs and accuracies are those of the authors' own weights, without the tricks of later trainings.
regnetx_002 = _of_the_paper("regnetx_002", 2_684_792, 0.2, 68.9, 13, 24, 36.44, 2.49, 8)
regnetx_004 = _of_the_paper("regnetx_004", 5_157_512, 0.4, 72.7, 22, 24, 24.48, 2.54, 16)
regnetx_006 = _of_the_paper("regnetx_006", 6_196_040, 0.6, 74.1, 16, 48, 36.97, 2.24, 24)
regnetx_008 = _of_the_paper("regnetx_008", 7_259_656, 0.8, 75.2, 16, 56, 35.73, 2.28, 16)
regnetx_016 = _of_the_paper("regnetx_016", 9_190_136, 1.6, 77.0, 18, 80, 34.01, 2.25, 24)
regnetx_032 = _of_the_paper("regnetx_032", 15_296_552, 3.2, 78.3, 25, 88, 26.31, 2.25, 48)
regnetx_040 = _of_the_paper("regnetx_040", 22_118_248, 4.0, 78.6, 23, 96, 38.65, 2.43, 40)
regnetx_064 = _of_the_paper("regnetx_064", 26_209_256, 6.5, 79.2, 17, 184, 60.83, 2.07, 56)
regnetx_080 = _of_the_paper("regnetx_080", 39_572_648, 8.0, 79.3, 23, 80, 49.56, 2.88, 120)
regnetx_120 = _of_the_paper("regnetx_120", 46_106_056, 12.1, 79.7, 19, 168, 73.36, 2.37, 112)
regnetx_160 = _of_the_paper("regnetx_160", 54_278_536, 15.9, 80.0, 22, 216, 55.59, 2.1, 128)
regnetx_320 = _of_the_paper("regnetx_320", 107_811_560, 31.7, 80.5, 23, 320, 69.86, 2.0, 168)
regnety_002 = _of_the_paper("regnety_002", 3_162_996, 0.2, 70.4, 13, 24, 36.44, 2.49, 8)
regnety_004 = _of_the_paper("regnety_004", 4_344_144, 0.4, 74.1, 16, 48, 27.89, 2.09, 8)
regnety_006 = _of_the_paper("regnety_006", 6_055_160, 0.6, 75.5, 15, 48, 32.54, 2.32, 16)
regnety_008 = _of_the_paper("regnety_008", 6_263_168, 0.8, 76.3, 14, 56, 38.84, 2.4, 16)
regnety_016 = _of_the_paper("regnety_016", 11_202_430, 1.6, 78.0, 27, 48, 20.71, 2.65, 24)
regnety_032 = _of_the_paper("regnety_032", 19_436_338, 3.2, 79.0, 21, 80, 42.63, 2.66, 24)
regnety_040 = _of_the_paper("regnety_040", 20_646_656, 4.0, 79.4, 22, 96, 31.41, 2.24, 64)
regnety_064 = _of_the_paper("regnety_064", 30_583_252, 6.4, 79.9, 25, 112, 33.22, 2.27, 72)
regnety_080 = _of_the_paper("regnety_080", 39_180_068, 8.0, 79.9, 17, 192, 76.82, 2.19, 56)
regnety_120 = _of_the_paper("regnety_120", 51_822_544, 12.1, 80.3, 19, 168, 73.36, 2.37, 112)
regnety_160 = _of_the_paper("regnety_160", 83_590_140, 15.9, 80.4, 18, 200, 106.23, 2.48, 112)
regnety_320 = _of_the_paper("regnety_320", 145_046_770, 32.3, 81.0, 20, 232, 115.89, 2.53, 232)
