"""What networks of DARTS are made of: operations, and cells, which are graphs of them."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from .. import nn
from ..ops.arrangement import cat
from ..tensor import Tensor

Edges = Sequence[tuple[str, int]]  # operations, and the node that each is applied to


class Genotype(NamedTuple):
    """Two edges for each node, and the nodes whose channels side by side are the cell's; of both kinds of cells."""

    normal: Edges
    normal_concat: Sequence[int]
    reduce: Edges
    reduce_concat: Sequence[int]


# ---------------------------------------------------------------------------------------------- operations


class Zero(nn.Module):
    """No connection."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, :: self.stride, :: self.stride] * 0


class FactorizedReduce(nn.Module):
    """Half the image by 1×1 convolutions with stride 2, of which one sees the pixels that the other does not."""

    def __init__(self, in_channels: int, out_channels: int, affine: bool = True) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.conv_1 = nn.Conv2d(in_channels, out_channels // 2, 1, stride=2, bias=False)
        self.conv_2 = nn.Conv2d(in_channels, out_channels // 2, 1, stride=2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, affine=affine)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(x)
        return self.bn(cat([self.conv_1(x), self.conv_2(x[:, :, 1:, 1:])], 1))


class Operation(nn.Module):
    """Layers in a row, under the name `op`."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.op = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.op(x)


def _relu_conv_bn(in_channels: int, out_channels: int, affine: bool) -> Operation:
    convolution = nn.Conv2d(in_channels, out_channels, 1, bias=False)
    return Operation(nn.ReLU(), convolution, nn.BatchNorm2d(out_channels, affine=affine))


def _separable(channels: int, kernel: int, stride: int, dilation: int, affine: bool) -> list[nn.Module]:
    """ReLU, a convolution channel by channel, one pixel by pixel, norm."""
    padding = kernel // 2 * dilation
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, groups=channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels, affine=affine),
    ]


def _twice(channels: int, kernel: int, stride: int, affine: bool) -> Operation:
    first, second = [_separable(channels, kernel, step, 1, affine) for step in (stride, 1)]
    return Operation(*first, *second)


def _skip(channels: int, stride: int, affine: bool) -> nn.Module:
    return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels, affine)


# In the order of the alphas' columns. Each is given the channels, the stride, and whether norms are affine.
OPERATIONS: dict[str, Callable[[int, int, bool], nn.Module]] = {
    "none": lambda channels, stride, affine: Zero(stride),
    "max_pool_3x3": lambda channels, stride, affine: nn.MaxPool2d(3, stride, 1),
    "avg_pool_3x3": lambda channels, stride, affine: nn.AvgPool2d(3, stride, 1, count_include_pad=False),
    "skip_connect": _skip,
    "sep_conv_3x3": lambda channels, stride, affine: _twice(channels, 3, stride, affine),
    "sep_conv_5x5": lambda channels, stride, affine: _twice(channels, 5, stride, affine),
    "dil_conv_3x3": lambda channels, stride, affine: Operation(*_separable(channels, 3, stride, 2, affine)),
    "dil_conv_5x5": lambda channels, stride, affine: Operation(*_separable(channels, 5, stride, 2, affine)),
}


# ---------------------------------------------------------------------------------------------- cells


class CellPlace(NamedTuple):
    """Where a cell stands: how many channels come from two cells before, from the one before, and go through it; and
    whether it, or the one before, halves the image."""

    before_previous: int
    previous: int
    channels: int
    reduction: bool
    reduction_previous: bool


class Cell(nn.Module):
    """What the cells of both networks begin with: both inputs are given the same shape."""

    def __init__(self, place: CellPlace, affine: bool) -> None:
        super().__init__()
        self.reduction = place.reduction
        first = FactorizedReduce if place.reduction_previous else _relu_conv_bn
        self.preprocess0 = first(place.before_previous, place.channels, affine)
        self.preprocess1 = _relu_conv_bn(place.previous, place.channels, affine)

    def _stride(self, node: int) -> int:
        """Of an operation on this node: the inputs are what is halved."""
        return 2 if self.reduction and node < 2 else 1


class MixedOp(nn.Module):
    """All operations at once: Σ weight · operation(x)."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self._ops = nn.ModuleList()
        for name, make in OPERATIONS.items():
            operation = make(channels, stride, False)
            if "pool" in name:
                operation = nn.Sequential(operation, nn.BatchNorm2d(channels, affine=False))
            self._ops.append(operation)

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        return _sum(weight * operation(x) for weight, operation in zip(weights.unbind(0), self._ops, strict=True))


def _sum(terms: Iterable[Tensor]) -> Tensor:
    return functools.reduce(operator.add, terms)


class SearchCell(Cell):
    """A cell with all edges, each with all operations; the last `multiplier` of its `steps` nodes are its result."""

    def __init__(self, place: CellPlace, steps: int, multiplier: int) -> None:
        super().__init__(place, affine=False)
        self._steps, self._multiplier = steps, multiplier
        edges = [before for node in range(steps) for before in range(2 + node)]
        self._ops = nn.ModuleList([MixedOp(place.channels, self._stride(before)) for before in edges])

    def forward(self, s0: Tensor, s1: Tensor, weights: Tensor) -> Tensor:
        states = [self.preprocess0(s0), self.preprocess1(s1)]
        edges = zip(self._ops, weights.unbind(0), strict=True)
        for _ in range(self._steps):
            here = itertools.islice(edges, len(states))
            states.append(_sum(mixed(state, row) for state, (mixed, row) in zip(states, here, strict=True)))
        return cat(states[-self._multiplier :], 1)


class GenotypeCell(Cell):
    """A cell that has the edges of a genotype."""

    def __init__(self, place: CellPlace, genotype: Genotype) -> None:
        super().__init__(place, affine=True)
        edges = genotype.reduce if place.reduction else genotype.normal
        unknown = [name for name, _ in edges if name not in OPERATIONS]
        if unknown:
            raise ValueError(f"Genotype: expected operations out of {', '.join(OPERATIONS)}, but got {unknown[0]!r}")
        self._concat = genotype.reduce_concat if place.reduction else genotype.normal_concat
        self._indices = [before for _, before in edges]
        self._ops = nn.ModuleList(
            [OPERATIONS[name](place.channels, self._stride(before), True) for name, before in edges]
        )

    def forward(self, s0: Tensor, s1: Tensor, drop_path: nn.Module) -> Tensor:
        states = [self.preprocess0(s0), self.preprocess1(s1)]
        edges = zip(self._ops, self._indices, strict=True)
        for pair in zip(edges, edges, strict=True):
            results = []
            for operation, before in pair:
                result = operation(states[before])
                results.append(result if isinstance(operation, nn.Identity) else drop_path(result))
            states.append(_sum(results))
        return cat([states[node] for node in self._concat], 1)
