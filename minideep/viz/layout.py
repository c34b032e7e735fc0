"""Where the boxes of a drawn graph go: in layers, with few crossings and straight lines (after Sugiyama, 1981).

Each box stands one layer above the first that uses it. A line that passes through layers has a place in each, as boxes
do. Within the layers, what belongs together is brought together: first by order, then by position.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Placed:
    """The middles of the boxes, the points each edge goes through, and the size of it all."""

    boxes: list[Point]
    edges: list[list[Point]]
    width: float
    height: float


@dataclass
class _Spot:
    """A place in a layer: of a box, or of a line on its way."""

    layer: int
    width: float
    order: float = 0.0
    x: float = 0.0


def place(
    sizes: Sequence[Point], edges: Sequence[tuple[int, int]], light: set[int], gap_x: float = 22, gap_y: float = 42
) -> Placed:
    """`sizes` of the boxes, `edges` from one to a later one; edges of the `light` boxes need not be straight."""
    spots, links, routes = _with_passages(sizes, edges, _layers(len(sizes), edges), light)
    layers: list[list[int]] = [[] for _ in range(1 + max(spot.layer for spot in spots))]
    for i in _depth_first(len(spots), links):
        layers[spots[i].layer].append(i)
    above, below = _neighbours(len(spots), links)
    _put_in_order(spots, layers, above, below)
    _straighten(spots, layers, [a + b for a, b in zip(above, below, strict=True)], gap_x)
    heights = [max((sizes[i][1] for i in layer if i < len(sizes)), default=0.0) for layer in layers]
    middles, y = [], 0.0
    for height in heights:
        middles.append(y + height / 2)
        y += height + gap_y
    left = min(spot.x - spot.width / 2 for spot in spots)
    points = [(spot.x - left, middles[spot.layer]) for spot in spots]

    def through(i: int, point: Point) -> list[Point]:
        """A box is one point of a line; a layer that it passes, two: upright between the boxes beside it."""
        half = heights[spots[i].layer] / 2
        return [point] if i < len(sizes) else [(point[0], point[1] - half), (point[0], point[1] + half)]

    width = max(x + spot.width / 2 for (x, _), spot in zip(points, spots, strict=True))
    lines = [[point for i in route for point in through(i, points[i])] for route in routes]
    return Placed(points[: len(sizes)], lines, width, y - gap_y)


def _layers(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    depth = [0] * count
    for source, target in sorted(edges, key=lambda edge: -edge[1]):
        depth[source] = max(depth[source], depth[target] + 1)
    return [max(depth) - d for d in depth]


def _with_passages(
    sizes: Sequence[Point], edges: Sequence[tuple[int, int]], layer: Sequence[int], light: set[int]
) -> tuple[list[_Spot], list[tuple[int, int, float]], list[list[int]]]:
    """Spots for the boxes and for lines that pass through a layer; links between neighbouring layers, with weights."""
    spots = [_Spot(n, width) for n, (width, _) in zip(layer, sizes, strict=True)]
    links: list[tuple[int, int, float]] = []
    routes = []
    for source, target in edges:
        route = [source]
        for between in range(layer[source] + 1, layer[target]):
            route.append(len(spots))
            spots.append(_Spot(between, 10.0))
        route.append(target)
        weight = 1.0 if source in light else 8.0
        links += [(a, b, weight) for a, b in itertools.pairwise(route)]
        routes.append(route)
    return spots, links, routes


def _neighbours(
    count: int, links: Sequence[tuple[int, int, float]]
) -> tuple[list[list[tuple[int, float]]], list[list[tuple[int, float]]]]:
    above: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    below: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for a, b, weight in links:
        above[b].append((a, weight))
        below[a].append((b, weight))
    return above, below


def _depth_first(count: int, links: Sequence[tuple[int, int, float]]) -> list[int]:
    """All spots, from the result on, what leads into one in the order of its inputs."""
    above, below = _neighbours(count, links)
    seen: dict[int, None] = {}
    stack = [i for i in reversed(range(count)) if not below[i]]
    while stack:
        i = stack.pop()
        if i not in seen:
            seen[i] = None
            stack += [a for a, _ in reversed(above[i])]
    return list(seen)


def _put_in_order(
    spots: list[_Spot],
    layers: list[list[int]],
    above: list[list[tuple[int, float]]],
    below: list[list[tuple[int, float]]],
) -> None:
    """Sort each layer by where its neighbours are, down and up a few times."""
    for layer in layers:
        for position, i in enumerate(layer):
            spots[i].order = position
    for sweep in range(8):
        near = above if sweep % 2 else below
        for layer in layers if sweep % 2 else reversed(layers):
            layer.sort(key=lambda i: _mean(near[i], [spots[j].order for j, _ in near[i]], spots[i].order))
            for position, i in enumerate(layer):
                spots[i].order = position


def _mean(near: Sequence[tuple[int, float]], values: Sequence[float], otherwise: float) -> float:
    total = sum(weight for _, weight in near)
    return sum(w * v for (_, w), v in zip(near, values, strict=True)) / total if near else otherwise


def _straighten(spots: list[_Spot], layers: list[list[int]], near: list[list[tuple[int, float]]], gap: float) -> None:
    """Move each layer to where its neighbours draw it, as far as the widths allow, until little changes."""
    for layer in layers:
        x = 0.0
        for i in layer:
            spots[i].x = x + spots[i].width / 2
            x += spots[i].width + gap
    for sweep in range(40):
        for layer in layers if sweep % 2 else reversed(layers):
            wishes = [_mean(near[i], [spots[j].x for j, _ in near[i]], spots[i].x) for i in layer]
            weights = [sum(weight for _, weight in near[i]) or 1.0 for i in layer]
            for i, x in zip(layer, _apart(wishes, weights, [spots[i].width for i in layer], gap), strict=True):
                spots[i].x = x


def _apart(wishes: Sequence[float], weights: Sequence[float], widths: Sequence[float], gap: float) -> list[float]:
    """The positions nearest to the wishes, by weighted squares, at which nothing overlaps.

    Neighbours that wish to pass each other are merged into a block, which stands at the mean of their wishes.
    """
    offsets = [0.0]
    for a, b in itertools.pairwise(widths):
        offsets.append(offsets[-1] + (a + b) / 2 + gap)
    blocks: list[tuple[float, float, int]] = []  # where it stands, its weight, how many it holds
    for wish, weight, offset in zip(wishes, weights, offsets, strict=True):
        at, heavy, count = wish - offset, weight, 1
        while blocks and blocks[-1][0] > at:
            other, other_weight, others = blocks.pop()
            at = (at * heavy + other * other_weight) / (heavy + other_weight)
            heavy, count = heavy + other_weight, count + others
        blocks.append((at, heavy, count))
    starts = [at for at, _, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]
