"""`draw_graph`: the graph of a computation as an SVG picture."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from ..nn import Module
from ..tensor import Tensor
from .computation import INPUT, MORE, OP, PARAMETER, RESULT, Box, Computation, read
from .layout import Point, place

__all__ = ["GraphPicture", "draw_graph"]

_MARGIN = 16
_LINE = 15  # from one line of text to the next
_FILLS = {  # of a box and of its edge
    OP: ("#E8F1F8", "#0072B2"),
    PARAMETER: ("#FDF3DD", "#C98A00"),
    INPUT: ("#F2F2F2", "#777777"),
    RESULT: ("#E0F3EC", "#00795A"),
    MORE: ("#FFFFFF", "#777777"),
}
_KINDS = {OP: "op", PARAMETER: "parameter", INPUT: "input, no gradient", RESULT: "result"}
_CSS = """
  .graph text { font: 12px "DejaVu Sans", Verdana, Helvetica, Arial, sans-serif; fill: #222; text-anchor: middle }
  .graph .title { font-weight: bold }
  .graph .small { font-size: 10.5px; fill: #555 }
  .graph .value { font-size: 10.5px; fill: #222 }
  .graph .gradient { font-size: 10.5px; fill: #A84300 }
  .graph .edge { fill: none; stroke: #888; stroke-width: 1.2; marker-end: url(#tip) }
  .graph .box rect { stroke-width: 1.2 }
"""


class GraphPicture:
    """A drawn graph: a notebook shows it, `save` writes it, `svg` is its text."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> Path:
        """Write the picture to a file, which any browser shows; returns its path."""
        file = Path(path)
        if file.suffix != ".svg":
            raise ValueError(f"GraphPicture.save: expected a path that ends in .svg, but got {str(path)!r}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.svg, encoding="utf-8")
        return file


def draw_graph(
    loss: Tensor,
    module: Module | None = None,
    names: Mapping[str, Tensor] | None = None,
    values: bool = False,
    gradients: bool = False,
    max_ops: int = 120,
    *,
    path: str | Path | None = None,
) -> GraphPicture:
    """The computation that led to `loss`, from its inputs at the top to the result: ops, shapes, parameters.

    Parameters have the names they have in `module`; `names` gives names to further tensors. `values` and `gradients`
    write the numbers in, of what is large their range; a value that no rule needs is gone by now, unless it is among
    `names`. Of more than `max_ops` ops, the last are drawn, and how many are missing is said. The graph stays.

    >>> import minideep
    >>> x = minideep.tensor([1.0, 2.0], requires_grad=True)
    >>> "pow" in draw_graph((x**2).sum()).svg
    True
    """
    if max_ops < 1:
        raise ValueError(f"draw_graph: expected max_ops to be 1 or more, but got {max_ops}")
    picture = GraphPicture(as_svg(read("draw_graph", loss, module, names, max_ops, gradients), values, gradients))
    if path is not None:
        picture.save(path)
    return picture


# ---------------------------------------------------------------------------------------------- numbers in words


def sides(shape: tuple[int, ...] | None) -> str:
    """A shape in words: '4 × 3', 'number' for one without dimensions."""
    if shape is None:
        return "shape not known"
    return " × ".join(map(str, shape)) if shape else "number"


def digits(number: float) -> str:
    """Four significant digits, or the whole number, with a proper minus, and no minus for 0."""
    number += 0.0
    return f"{number:.0f}".replace("-", "−") if 1e4 <= abs(number) < 1e7 else f"{number:.4g}".replace("-", "−")


def brief(array: np.ndarray | None) -> str:
    """The numbers, or where there are many, from where to where they go."""
    if array is None:
        return "not kept"
    if array.size > 4 or array.ndim > 1:
        if not array.size:
            return "empty"
        return f"{digits(float(array.min()))} … {digits(float(array.max()))}"
    numbers = ", ".join(digits(float(number)) for number in array.ravel())
    return f"[{numbers}]" if array.ndim else numbers


# ---------------------------------------------------------------------------------------------- drawing


def _lines(box: Box, hidden: int, values: bool, gradients: bool) -> list[tuple[str, str]]:
    """The lines of text in a box, each with its class."""
    if box.kind == MORE:
        return [("title", f"… {hidden} earlier ops"), ("small", "not drawn")]
    lines = [("title", box.title), ("small", sides(box.shape))]
    if values:
        lines.append(("value", f"value {brief(box.value)}"))
    if gradients and box.kind != INPUT:
        lines.append(("gradient", f"grad {brief(box.gradient)}"))
    return lines


def _width(css: str, text: str) -> float:
    """About as wide as the text will be: bold letters are wider, small ones less."""
    return len(text) * (8.6 if css == "title" else 6.9)


def as_svg(graph: Computation, values: bool, gradients: bool) -> str:
    """The picture as text."""
    texts = [_lines(box, graph.hidden, values, gradients) for box in graph.boxes]
    sizes = [(max(_width(*line) for line in lines) + 18, _LINE * len(lines) + 12.0) for lines in texts]
    edges = [(source, target) for target, box in enumerate(graph.boxes) for source, _ in box.sources]
    light = {i for i, box in enumerate(graph.boxes) if box.kind in (PARAMETER, INPUT)}
    placed = place(sizes, edges, light)
    offsets = _arrivals(placed.edges, edges, [width for width, _ in sizes])
    parts = [
        _edge(route, sizes, edge, offset) for route, edge, offset in zip(placed.edges, edges, offsets, strict=True)
    ]
    for i, (box, lines, middle, size) in enumerate(zip(graph.boxes, texts, placed.boxes, sizes, strict=True)):
        parts.append(_box(i, box, lines, middle, size))
    legend, legend_width = _legend(graph)
    width = max(placed.width, legend_width) + 2 * _MARGIN
    height = placed.height + 2 * _MARGIN + 34
    shift = (width - placed.width) / 2
    drawn = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="{width:.0f}" height="{height:.0f}" \
viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="a graph of {graph.ops} ops">
<style>{_CSS}</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0.5 L8 4 L0 7.5 z" fill="#888"/></marker></defs>
<rect width="100%" height="100%" fill="#fff"/>
{legend}
<g transform="translate({shift:.1f} {_MARGIN + 34})">
{drawn}
</g>
</svg>
"""


def _arrivals(
    routes: Sequence[Sequence[Point]], edges: Sequence[tuple[int, int]], widths: Sequence[float]
) -> list[float]:
    """How far beside the middle of its box each edge arrives: side by side, in the order in which they come."""
    offsets = [0.0] * len(edges)
    arriving: dict[int, list[int]] = {}
    for i, (_, target) in enumerate(edges):
        arriving.setdefault(target, []).append(i)
    for target, several in arriving.items():
        step = min(20.0, (widths[target] - 16) / len(several))
        for position, i in enumerate(sorted(several, key=lambda i: routes[i][-2])):
            offsets[i] = step * (position - (len(several) - 1) / 2)
    return offsets


def _edge(route: Sequence[Point], sizes: Sequence[Point], edge: tuple[int, int], offset: float) -> str:
    """A line from the foot of one box to the head of another, bent so that it leaves and arrives upright."""
    source, target = edge
    points = list(route)
    points[0] = (points[0][0], points[0][1] + sizes[source][1] / 2)
    points[-1] = (points[-1][0] + offset, points[-1][1] - sizes[target][1] / 2)
    d = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        d += f" C{x0:.1f} {middle:.1f} {x1:.1f} {middle:.1f} {x1:.1f} {y1:.1f}"
    return f'<path class="edge" data-from="{source}" data-to="{target}" d="{d}"/>'


def _box(i: int, box: Box, lines: list[tuple[str, str]], middle: tuple[float, float], size: tuple[float, float]) -> str:
    (x, y), (width, height) = middle, size
    fill, edge = _FILLS[box.kind]
    radius = 12 if box.kind in (OP, RESULT) else 2  # what computes is round: the kinds differ without colour, too
    dashes = ' stroke-dasharray="4 3"' if box.kind == MORE else ""
    drawn = [
        f'<g class="box {box.kind}" data-box="{i}"><rect x="{x - width / 2:.1f}" y="{y - height / 2:.1f}" '
        f'width="{width:.1f}" height="{height:.1f}" rx="{radius}" fill="{fill}" stroke="{edge}"{dashes}/>'
    ]
    for number, (css, text) in enumerate(lines):
        drawn.append(
            f'<text class="{css}" x="{x:.1f}" y="{y - height / 2 + 17 + _LINE * number:.1f}">{escape(text)}</text>'
        )
    return "".join(drawn) + "</g>"


def _legend(graph: Computation) -> tuple[str, float]:
    """What the kinds of boxes mean, those that occur; and how wide that is."""
    present = [kind for kind in _KINDS if any(box.kind == kind for box in graph.boxes)]
    parts, x = [], float(_MARGIN)
    for kind in present:
        fill, edge = _FILLS[kind]
        radius = 6 if kind in (OP, RESULT) else 1
        parts.append(f'<rect x="{x:.0f}" y="12" width="18" height="12" rx="{radius}" fill="{fill}" stroke="{edge}"/>')
        text = _KINDS[kind] if kind != OP else f"{graph.ops} op{'s' * (graph.ops != 1)}"
        parts.append(f'<text class="small" style="text-anchor: start" x="{x + 23:.0f}" y="22">{text}</text>')
        x += 34 + _width("small", text)
    return "\n".join(parts), x - _MARGIN
