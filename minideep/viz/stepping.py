"""`step_backward`: the backward pass as a page that a browser walks through, node by node."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..autograd.graph import Leaf
from ..backend import to_numpy
from ..nn import Module
from ..tensor import Tensor
from .computation import INPUT, MORE, Box, Computation, as_numbers, is_array, read, saved_by_name
from .drawing import as_svg, brief, digits, sides
from .rules import meaning_of, rules_of

__all__ = ["BackwardSteps", "step_backward"]

_PAGE = Path(__file__).with_name("step_backward.html")
_SIDE = 6  # rows and columns of numbers that are shown


class BackwardSteps:
    """The page (`html`), and what it shows as data (`steps`): a dict a step, in the order of the walk."""

    def __init__(self, html: str, steps: list[dict[str, Any]]) -> None:
        self.html, self.steps = html, steps

    def save(self, path: str | Path) -> Path:
        """Write the page to a file that any browser opens, without a network; returns its path."""
        file = Path(path)
        if file.suffix not in (".html", ".htm"):
            raise ValueError(f"BackwardSteps.save: expected a path that ends in .html, but got {str(path)!r}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.html, encoding="utf-8")
        return file

    def _repr_html_(self) -> str:
        page = self.html.replace("&", "&amp;").replace('"', "&quot;")
        return f'<iframe srcdoc="{page}" width="100%" height="640" style="border: 0"></iframe>'


def step_backward(
    loss: Tensor,
    module: Module | None = None,
    names: Mapping[str, Tensor] | None = None,
    max_ops: int = 60,
    *,
    path: str | Path | None = None,
) -> BackwardSteps:
    """Walk back from `loss` and make a page of it: for each node the gradient that comes in, the rule, what goes out.

    The arrow keys, or the buttons, go from step to step over the drawn graph. All numbers come from the engine, which
    goes back for it once; the graph stays, and no ``.grad`` changes. `module` and `names` as for `draw_graph`. Of
    more than `max_ops` ops, the last are shown.

    >>> import minideep
    >>> x = minideep.tensor(3.0, requires_grad=True)
    >>> page = step_backward(x * x, names={"x": x})
    >>> [(step["title"], step["comes_in"]["text"]) for step in page.steps]
    [('mul', [['1']]), ('x', [['6']])]
    """
    if max_ops < 1:
        raise ValueError(f"step_backward: expected max_ops to be 1 or more, but got {max_ops}")
    graph = read("step_backward", loss, module, names, max_ops, needed=True)
    places = [i for i, box in enumerate(graph.boxes) if box.node is not None]
    walk = sorted(places, key=lambda i: _number(graph.boxes[i]), reverse=True)
    flows = {i: _flows(graph, graph.boxes[i]) for i in walk}
    arriving = Counter(source for out in flows.values() for source, _, _ in out)
    steps = [_step(graph, i, flows[i], arriving[i]) for i in walk]
    data = json.dumps(steps).replace("</", "<\\/")
    html = _PAGE.read_text(encoding="utf-8").replace("{{graph}}", as_svg(graph, True, False)).replace("{{steps}}", data)
    page = BackwardSteps(html, steps)
    if path is not None:
        page.save(path)
    return page


def _number(box: Box) -> int:
    return box.node.number if box.node is not None else 0


# ---------------------------------------------------------------------------------------------- one node


def _flows(graph: Computation, box: Box) -> list[tuple[int, str, Any]]:
    """What the engine's rules send from a node to the boxes that it comes from: which, as what, the gradient.

    The gradient that came in is copied first: a rule may work in its memory.
    """
    node, arrived = box.node, graph.gradients.get(box.node) if box.node else None
    if node is None or isinstance(node, Leaf) or arrived is None:
        return []
    results = node.pull(arrived.copy() if is_array(arrived) else arrived, node.parents, False)
    sent = [g for parent, g in zip(node.parents, results, strict=False) if parent is not None]
    to = [source for source in box.sources if graph.boxes[source[0]].kind != INPUT]
    return [(place, name, as_numbers(g)) for (place, name), g in zip(to, sent, strict=False) if g is not None]


def _step(graph: Computation, place: int, flows: list[tuple[int, str, Any]], arriving: int) -> dict[str, Any]:
    """All that the page tells about one node."""
    box = graph.boxes[place]
    node: Any = box.node
    return {
        "box": place,
        "title": box.title,
        "leaf": isinstance(node, Leaf),
        "comes_in": _numbers(box.gradient),
        "sum_of": arriving,
        "rules": [
            {"input": name, "meaning": meaning_of(node, name), "text": text} for name, text in rules_of(node).items()
        ],
        "saved": [{"name": name, **_kept(value)} for name, value in saved_by_name(node).items() if value is not None],
        "goes_out": [{"to": to, "name": name, "title": _called(graph, to), **_numbers(g)} for to, name, g in flows],
    }


def _called(graph: Computation, place: int) -> str:
    return "an earlier op" if graph.boxes[place].kind == MORE else graph.boxes[place].title


def _kept(value: Any) -> dict[str, Any]:
    """Something a node saved: numbers, or in words."""
    if is_array(value) or isinstance(value, Tensor):
        return _numbers(np.asarray(to_numpy(value.array if isinstance(value, Tensor) else value)))
    words = str(value) if isinstance(value, int | float | str | tuple) else f"a {type(value).__name__.strip('_')}"
    return {"words": words if len(words) < 100 else f"a {type(value).__name__}"}


def _numbers(array: np.ndarray | None) -> dict[str, Any]:
    """The numbers of an array, or of its first corner: as they are shown, and as they are."""
    if array is None:
        return {"shape": "several", "text": [], "numbers": [], "part": "", "range": ""}
    table = np.atleast_2d(array[(0,) * (array.ndim - 2)] if array.size else np.zeros((0, 0)))
    corner = table[:_SIDE, :_SIDE]
    part = ""
    if corner.size < array.size:
        first = "0, " * (array.ndim - 2)
        rows = f"0…{corner.shape[0] - 1}, " if array.ndim > 1 else ""
        part = f"[{first}{rows}0…{corner.shape[1] - 1}]"
    return {
        "shape": sides(array.shape),
        "text": [[digits(float(number)) for number in row] for row in corner],
        "numbers": [[float(number) for number in row] for row in corner],
        "part": part,
        "range": brief(array) if part else "",
    }
