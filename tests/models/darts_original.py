"""DARTS in PyTorch, after the paper and the authors' names: the search network and the derived one."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

NAMES = "none max_pool_3x3 avg_pool_3x3 skip_connect sep_conv_3x3 sep_conv_5x5 dil_conv_3x3 dil_conv_5x5".split()
NORMAL = """sep_conv_3x3 0 sep_conv_3x3 1 sep_conv_3x3 0 sep_conv_3x3 1 sep_conv_3x3 1 skip_connect 0
    skip_connect 0 dil_conv_3x3 2"""
REDUCE = """max_pool_3x3 0 max_pool_3x3 1 skip_connect 2 max_pool_3x3 1 max_pool_3x3 0 skip_connect 2
    skip_connect 2 max_pool_3x3 1"""


class Row(nn.Module):
    """A Sequential under the name `op`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.op(x)


class Nothing(nn.Module):
    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(x[:, :, :: self.stride, :: self.stride])


class Half(nn.Module):
    def __init__(self, before: int, after: int, affine: bool) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(before, after // 2, 1, 2, bias=False)
        self.conv_2 = nn.Conv2d(before, after // 2, 1, 2, bias=False)
        self.bn = nn.BatchNorm2d(after, affine=affine)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x.relu()
        return self.bn(torch.cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], dim=1))


def pointwise(before: int, after: int, affine: bool) -> Row:
    return Row(nn.ReLU(), nn.Conv2d(before, after, 1, bias=False), nn.BatchNorm2d(after, affine=affine))


def depthwise(c: int, k: int, stride: int, dilation: int, affine: bool) -> list[nn.Module]:
    first = nn.Conv2d(c, c, k, stride, (k - 1) * dilation // 2, dilation, c, bias=False)
    return [nn.ReLU(), first, nn.Conv2d(c, c, 1, bias=False), nn.BatchNorm2d(c, affine=affine)]


def operation(name: str, c: int, stride: int, affine: bool) -> nn.Module:
    if name == "none":
        return Nothing(stride)
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else Half(c, c, affine)
    if name.startswith("max"):
        return nn.MaxPool2d(3, stride, 1)
    if name.startswith("avg"):
        return nn.AvgPool2d(3, stride, 1, count_include_pad=False)
    k = int(name[-1])
    if name.startswith("dil"):
        return Row(*depthwise(c, k, stride, 2, affine))
    return Row(*depthwise(c, k, stride, 1, affine), *depthwise(c, k, 1, 1, affine))


class Mixed(nn.Module):
    def __init__(self, c: int, stride: int) -> None:
        super().__init__()
        made = [operation(name, c, stride, False) for name in NAMES]
        normed = [nn.Sequential(x, nn.BatchNorm2d(c, affine=False)) if "Pool" in str(x) else x for x in made]
        self._ops = nn.ModuleList(normed)

    def forward(self, x: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return sum(w * op(x) for w, op in zip(weights, self._ops, strict=True))


class Cell(nn.Module):
    """Of the search network if there is no `gene`, a text of operations and the nodes they are applied to."""

    def __init__(self, before2: int, before: int, c: int, half: bool, half_before: bool, gene: str | None) -> None:
        super().__init__()
        self.half = half
        affine = gene is not None
        self.preprocess0 = (Half if half_before else pointwise)(before2, c, affine)
        self.preprocess1 = pointwise(before, c, affine)
        words = gene.split() if gene else []
        self.names, self.sources = words[::2], [int(word) for word in words[1::2]]
        sources = self.sources or [j for i in range(4) for j in range(2 + i)]
        steps = [2 if half and source < 2 else 1 for source in sources]
        if gene is None:
            self._ops = nn.ModuleList(Mixed(c, stride) for stride in steps)
        else:
            self._ops = nn.ModuleList(operation(n, c, s, True) for n, s in zip(self.names, steps, strict=True))

    def forward(self, s0: torch.Tensor, s1: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
        states = [self.preprocess0(s0), self.preprocess1(s1)]
        edge = 0
        for _ in range(4):
            if weights is None:
                total = sum(self._ops[e](states[self.sources[e]]) for e in (edge, edge + 1))
                edge += 2
            else:
                total = sum(self._ops[edge + j](state, weights[edge + j]) for j, state in enumerate(states))
                edge += len(states)
            states.append(total)
        return torch.cat(states[2:], dim=1)


class Network(nn.Module):
    def __init__(self, c: int, layers: int, searching: bool) -> None:
        super().__init__()
        self.searching = searching
        if searching:
            self.alphas_normal = nn.Parameter(1e-3 * torch.randn(14, 8))
            self.alphas_reduce = nn.Parameter(1e-3 * torch.randn(14, 8))
        self.stem = nn.Sequential(nn.Conv2d(3, 3 * c, 3, padding=1, bias=False), nn.BatchNorm2d(3 * c))
        before2, before, half_before = 3 * c, 3 * c, False
        self.cells = nn.ModuleList()
        for i in range(layers):
            half = i in (layers // 3, 2 * layers // 3)
            c = 2 * c if half else c
            gene = None if searching else REDUCE if half else NORMAL
            self.cells.append(Cell(before2, before, c, half, half_before, gene))
            before2, before, half_before = before, 4 * c, half
        self.classifier = nn.Linear(before, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        s0 = s1 = self.stem(x)
        for cell in self.cells:
            weights = None
            if self.searching:
                weights = (self.alphas_reduce if cell.half else self.alphas_normal).softmax(-1)
            s0, s1 = s1, cell(s0, s1, weights)
        return self.classifier(s1.mean((2, 3)))


def darts_search(**kwargs: Any) -> Network:
    return Network(16, 8, True, **kwargs)


def darts(**kwargs: Any) -> Network:
    return Network(36, 20, False, **kwargs)
