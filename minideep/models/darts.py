"""DARTS: an architecture as parameters, found by descent.

A cell is a graph: two inputs, then nodes that are each a sum over all that stands before. While searching, every edge
does all operations at once, and adds up what they give, weighted by the softmax of its row of alphas; afterwards each
node keeps its two best edges, and each of those its best operation, the `Genotype`. Networks are rows of such cells,
all alike but for those that halve the image, which have alphas of their own. Liu, Simonyan and Yang, "DARTS:
Differentiable Architecture Search", 2019; names are the authors'.
"""

from __future__ import annotations

from collections import OrderedDict
from operator import itemgetter
from typing import Any

from .. import nn
from ..nn import functional as F
from ..ops.random import randn
from ..tensor import Tensor
from .darts_cells import OPERATIONS, CellPlace, Edges, Genotype, GenotypeCell, SearchCell
from .registry import register

__all__ = ["DARTS_V2", "OPERATIONS", "DartsNetwork", "DartsSearch", "Genotype", "darts", "darts_search"]

DARTS_V2 = Genotype(
    [
        ("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_3x3", 1),
        ("sep_conv_3x3", 1), ("skip_connect", 0), ("skip_connect", 0), ("dil_conv_3x3", 2),
    ],
    (2, 3, 4, 5),
    [
        ("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 1),
        ("max_pool_3x3", 0), ("skip_connect", 2), ("skip_connect", 2), ("max_pool_3x3", 1),
    ],
    (2, 3, 4, 5),
)  # fmt: skip


def _places(channels: int, layers: int, widths: tuple[int, int]) -> list[CellPlace]:
    """All cells': those after a third and after two thirds halve the image and double the channels.

    `widths` are how many nodes' channels a cell's result has: of a normal one, and of one that halves.
    """
    places: list[CellPlace] = []
    before_previous = previous = 3 * channels
    reduction = False
    for number in range(layers):
        reduction_previous, reduction = reduction, number in (layers // 3, 2 * layers // 3)
        channels *= 2 if reduction else 1
        places.append(CellPlace(before_previous, previous, channels, reduction, reduction_previous))
        before_previous, previous = previous, widths[reduction] * channels
    return places


class _Network(nn.Module):
    """A stem, cells, each of which sees the two before it, a mean over the pixels, and a linear classifier."""

    def __init__(self, places: list[CellPlace], cells: list[nn.Module], features: int, num_classes: int) -> None:
        super().__init__()
        stem_channels = places[0].previous
        self.stem = nn.Sequential(nn.Conv2d(3, stem_channels, 3, padding=1, bias=False), nn.BatchNorm2d(stem_channels))
        self.cells = nn.ModuleList(cells)
        self.global_pooling = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(features, num_classes)

    def _logits(self, x: Tensor) -> Tensor:
        return self.classifier(self.global_pooling(x).flatten(1))


class DartsSearch(_Network):
    """The network to search with: `steps` nodes a cell, of which the last `multiplier` make its result.

    The alphas, a row for each edge and a column for each operation, are parameters, of which `arch_parameters` are to
    be trained on other samples than the `weight_parameters`.

    >>> model = DartsSearch(init_channels=4, layers=3)
    >>> model.alphas_normal.shape, len(model.genotype().normal)
    ((14, 8), 8)
    """

    def __init__(
        self, init_channels: int = 16, num_classes: int = 10, layers: int = 8, steps: int = 4, multiplier: int = 4
    ) -> None:
        places = _places(init_channels, layers, (multiplier, multiplier))
        cells: list[nn.Module] = [SearchCell(place, steps, multiplier) for place in places]
        super().__init__(places, cells, multiplier * places[-1].channels, num_classes)
        self._steps, self._multiplier = steps, multiplier
        edges = sum(range(2, 2 + steps))
        self.alphas_normal = nn.Parameter(1e-3 * randn(edges, len(OPERATIONS)))
        self.alphas_reduce = nn.Parameter(1e-3 * randn(edges, len(OPERATIONS)))

    def forward(self, x: Tensor) -> Tensor:
        weights = {False: F.softmax(self.alphas_normal, -1), True: F.softmax(self.alphas_reduce, -1)}
        s0 = s1 = self.stem(x)
        for cell in self.cells:
            s0, s1 = s1, cell(s0, s1, weights[cell.reduction])
        return self._logits(s1)

    def arch_parameters(self) -> list[nn.Parameter]:
        return [self.alphas_normal, self.alphas_reduce]

    def weight_parameters(self) -> list[nn.Parameter]:
        """All but the alphas."""
        return [parameter for name, parameter in self.named_parameters() if not name.startswith("alphas")]

    def genotype(self) -> Genotype:
        """What the alphas stand for now: of each node the two edges, strongest first, whose best operation is best."""
        concat = tuple(range(2 + self._steps - self._multiplier, 2 + self._steps))
        return Genotype(self._edges(self.alphas_normal), concat, self._edges(self.alphas_reduce), concat)

    def _edges(self, alphas: Tensor) -> Edges:
        _none, *names = OPERATIONS
        rows = iter(F.softmax(alphas.detach(), -1)[:, 1:].tolist())
        edges: list[tuple[str, int]] = []
        for node in range(self._steps):
            best = [max(zip(next(rows), names, strict=True), key=itemgetter(0)) for _ in range(2 + node)]
            strongest = sorted(range(2 + node), key=lambda before: -best[before][0])[:2]
            edges += [(best[before][1], before) for before in strongest]
        return edges


class DartsNetwork(_Network):
    """The network that a genotype stands for, deeper and wider than the one it was found with.

    In training, `drop_path` drops what operations give (its `drop_prob` may be changed on the way, as the authors do),
    and with `auxiliary`, which wants images of 32×32, the result is a pair: the logits, and those of an auxiliary head.
    """

    def __init__(
        self,
        genotype: Genotype = DARTS_V2,
        init_channels: int = 36,
        num_classes: int = 10,
        layers: int = 20,
        auxiliary: bool = False,
        drop_path_prob: float = 0.0,
    ) -> None:
        widths = len(genotype.normal_concat), len(genotype.reduce_concat)
        places = _places(init_channels, layers, widths)
        features = [widths[place.reduction] * place.channels for place in places]
        super().__init__(places, [GenotypeCell(place, genotype) for place in places], features[-1], num_classes)
        self.drop_path = nn.DropPath(drop_path_prob)
        self._side_exit = 2 * layers // 3
        self.auxiliary_head = _auxiliary_head(features[self._side_exit], num_classes) if auxiliary else None

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        auxiliary = None
        s0 = s1 = self.stem(x)
        for number, cell in enumerate(self.cells):
            s0, s1 = s1, cell(s0, s1, self.drop_path)
            if number == self._side_exit and self.training and self.auxiliary_head is not None:
                auxiliary = self.auxiliary_head(s1)
        logits = self._logits(s1)
        return logits if auxiliary is None else (logits, auxiliary)


def _auxiliary_head(channels: int, num_classes: int) -> nn.Sequential:
    """Logits from the 8×8 pixels that are left after two thirds."""
    features = nn.Sequential(
        nn.ReLU(),
        nn.AvgPool2d(5, stride=3, count_include_pad=False),
        nn.Conv2d(channels, 128, 1, bias=False),
        nn.BatchNorm2d(128),
        nn.ReLU(inplace=True),
        nn.Conv2d(128, 768, 2, bias=False),
        nn.BatchNorm2d(768),
        nn.ReLU(inplace=True),
    )
    layers = OrderedDict(features=features, flatten=nn.Flatten(1), classifier=nn.Linear(768, num_classes))
    return nn.Sequential(layers)


@register("paper", 2018, parameters=1_930_618, input_size=(3, 32, 32))
def darts_search(**kwargs: Any) -> DartsSearch:
    """The authors' for CIFAR-10: 16 channels, 8 cells."""
    return DartsSearch(**kwargs)


@register("paper", 2018, parameters=3_349_342, input_size=(3, 32, 32))
def darts(**kwargs: Any) -> DartsNetwork:
    """The network of the genotype that the authors found on CIFAR-10, or of another."""
    return DartsNetwork(**kwargs)
