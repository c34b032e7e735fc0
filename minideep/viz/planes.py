"""Functions of two numbers as maps: what a classifier decides where, how large a loss is where, how optimizers go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import no_grad
from ..nn import Module, Parameter
from ..tensor import Tensor
from .style import GREEN, INK, PURPLE, RED, SEQUENTIAL, SKY, YELLOW, axes_or_new, colours, figure_of, picture
from .values import as_input, looking_at, plain, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["decision_regions", "landscape", "loss_landscape", "optimizer_path", "snapshot"]

_MARKERS = "osD^vP*X<>"
_PATHS = (RED, INK, PURPLE, GREEN, SKY)
_POINT: dict[str, Any] = {"markersize": 5, "markeredgewidth": 0.5, "linestyle": "none"}


@picture
def decision_regions(
    model: Callable[[Tensor], Tensor],
    points: Any,
    labels: Any,
    names: Sequence[str] | None = None,
    title: str = "",
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """The plane in the colours of the classes a model decides for, and the points (N, 2) it was to learn.

    The model gives scores (N, classes), or for two classes one score a point, (N,) or (N, 1), positive for class 1.
    """
    where, truth = plain(points).astype(np.float64), plain(labels).astype(int).ravel()
    if where.ndim != 2 or where.shape[1] != 2:
        raise ValueError(f"decision_regions: expected points (N, 2), but got {where.shape}")
    same_length("decision_regions", points=where, labels=truth)
    low, high = where.min(0), where.max(0)
    margin = 0.12 * np.maximum(high - low, 1e-3)
    x, y = (np.linspace(low[i] - margin[i], high[i] + margin[i], 201) for i in (0, 1))
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    with looking_at(model):
        scores = plain(model(as_input(model, grid))).reshape(len(grid), -1)
        answers = _decided(plain(model(as_input(model, where))).reshape(len(where), -1))
    decided = _decided(scores).reshape(len(y), len(x))
    classes = max(truth.max(), scores.shape[1] - 1, 1) + 1
    ax = axes_or_new(ax)
    chosen = colours(classes)
    ax.contourf(x, y, decided, levels=np.arange(classes + 1) - 0.5, colors=chosen, alpha=0.25)
    ax.contour(x, y, decided, levels=np.arange(classes - 1) + 0.5, colors=INK, linewidths=0.8)
    for k in range(classes):
        of_class = where[truth == k]
        label = names[k] if names is not None else f"class {k}"
        marker = _MARKERS[k % len(_MARKERS)]
        ax.plot(of_class[:, 0], of_class[:, 1], marker, color=chosen[k], label=label, markeredgecolor="white", **_POINT)
    ax.set(xlabel="x₁", ylabel="x₂", title=title or f"{np.mean(answers == truth):.1%} of {len(truth)} points right")
    figure = figure_of(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _decided(scores: np.ndarray) -> np.ndarray:
    return scores.argmax(1) if scores.shape[1] > 1 else (scores[:, 0] > 0).astype(int)


# ---------------------------------------------------------------------------------------------- functions


@picture
def landscape(
    function: Callable[[Any, Any], Any],
    x: tuple[float, float],
    y: tuple[float, float],
    paths: Mapping[str, Any] | None = None,
    logarithmic: bool = False,
    minimum: tuple[float, float] | None = None,
    title: str = "",
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """A function of x and y as a map, between these ends, with the paths (steps, 2) that optimizers took on it.

    `function` works entry by entry, on Tensors. `logarithmic`: levels that grow by a factor, which show a flat valley.
    """
    across, up = np.linspace(*x, 161), np.linspace(*y, 161)
    with no_grad():
        heights = plain(function(*(Tensor(side) for side in np.meshgrid(across, up))))
    ax = axes_or_new(ax, 5.4, 3.8)
    _map(ax, across, up, heights, logarithmic)
    _draw_paths(ax, paths or {})
    if minimum is not None:
        ax.plot(*minimum, "*", color=YELLOW, markersize=12, markeredgecolor=INK, label="minimum", linestyle="none")
    ax.set(xlabel="x", ylabel="y", title=title, xlim=x, ylim=y)
    if paths or minimum is not None:
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=4, borderaxespad=0)
    return figure_of(ax)


def _map(ax: Axes, across: np.ndarray, up: np.ndarray, heights: np.ndarray, logarithmic: bool) -> None:
    low, high = float(np.nanmin(heights)), float(np.nanmax(heights))
    shown, label = (
        (np.log10(heights - low + 1e-3 * (high - low)), "log₁₀(loss − least + ε)") if logarithmic else (heights, "loss")
    )
    filled = ax.contourf(across, up, shown, levels=24, cmap=SEQUENTIAL)
    ax.contour(across, up, shown, levels=12, colors="white", linestyles="solid", linewidths=0.4, alpha=0.6)
    figure_of(ax).colorbar(filled, ax=ax, label=label)


def _draw_paths(ax: Axes, paths: Mapping[str, Any]) -> None:
    from matplotlib.patheffects import Normal, Stroke

    edge = [Stroke(linewidth=3, foreground="white"), Normal()]  # a line is seen on the dark and on the light
    for position, (name, steps) in enumerate(paths.items()):
        line, colour = plain(steps), _PATHS[position % len(_PATHS)]
        ax.plot(line[:, 0], line[:, 1], color=colour, linewidth=1.4, label=name, path_effects=edge)
        ax.plot(*line[-1], "o", color=colour, markersize=6, markeredgecolor="white")


def optimizer_path(
    function: Callable[[Any, Any], Tensor],
    start: tuple[float, float],
    optimizer: Callable[[list[Parameter]], Any],
    steps: int = 100,
) -> np.ndarray:
    """The points (steps + 1, 2) through which an optimizer goes down `function`.

    >>> from minideep.optim import SGD
    >>> optimizer_path(lambda x, y: x**2 + y**2, (1.0, 0.5), lambda ps: SGD(ps, lr=0.25), steps=2)
    array([[1.   , 0.5  ],
           [0.5  , 0.25 ],
           [0.25 , 0.125]])
    """
    x, y = (Parameter(Tensor(np.float64(value))) for value in start)
    stepper = optimizer([x, y])
    points = [start]
    for _ in range(steps):
        stepper.zero_grad()
        function(x, y).backward()
        stepper.step()
        points.append((x.item(), y.item()))
    return np.array(points, dtype=np.float64)


# ---------------------------------------------------------------------------------------------- weights


def snapshot(model: Module) -> np.ndarray:
    """All parameters as one row of numbers: what `loss_landscape` takes as a step of its `trail`."""
    return np.concatenate([plain(p).ravel() for p in model.parameters()]).astype(np.float64)


@picture
def loss_landscape(
    model: Module,
    loss: Callable[[], Tensor],
    trail: Sequence[np.ndarray] | None = None,
    span: float = 1.0,
    points: int = 21,
    seed: int = 0,
    logarithmic: bool = False,
    title: str = "",
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """The loss around a model's weights, along two directions; the weights are put back.

    `loss` computes it, with the model as it then is. The directions are random, each filter as long as the model's own
    (Li et al., "Visualizing the Loss Landscape of Neural Nets", 2018), and the map goes `span` of them far; or, given a
    `trail` of snapshots taken while training, those in which it went furthest, and it is drawn.
    """
    centre = snapshot(model)
    if trail is None:
        directions, line = _random_directions(model, seed), None
        sides = [(-span, span)] * 2
    else:
        directions, line = _trail_directions(centre, trail)
        low, high = np.minimum(line.min(0), 0), np.maximum(line.max(0), 0)
        margin = 0.25 * (high - low) + 0.1 * (high - low).max() + 1e-9
        sides = list(zip(low - margin, high + margin, strict=True))
    across, up = (np.linspace(*side, points) for side in sides)
    heights = _losses(model, loss, centre, directions, across, up)
    ax = axes_or_new(ax, 5.4, 3.8)
    _map(ax, across, up, heights, logarithmic)
    if line is not None:
        _draw_paths(ax, {"training": line})
    ax.plot(0, 0, "*", color=YELLOW, markersize=12, markeredgecolor=INK, label="the weights", linestyle="none")
    kind = "principal direction" if trail is not None else "random direction"
    ax.set(xlabel=f"first {kind}", ylabel=f"second {kind}", title=title or "The loss around the weights")
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), ncols=3, borderaxespad=0)
    return figure_of(ax)


def _random_directions(model: Module, seed: int) -> np.ndarray:
    """Two directions (2, weights), in each filter as long as the filter itself; none in biases and norms."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(2):
        parts = []
        for p in model.parameters():
            weight = plain(p).astype(np.float64)
            if weight.ndim < 2:
                parts.append(np.zeros(weight.size))
                continue
            flat = weight.reshape(len(weight), -1)
            direction = rng.standard_normal(flat.shape)
            ratio = np.linalg.norm(flat, axis=1) / (np.linalg.norm(direction, axis=1) + 1e-12)
            parts.append((direction * ratio[:, None]).ravel())
        rows.append(np.concatenate(parts))
    return np.stack(rows)


def _trail_directions(centre: np.ndarray, trail: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The two directions in which a trail is longest, and the trail in them, seen from `centre`."""
    rows = np.stack([plain(step) for step in trail]) if len(trail) else np.zeros((0, 0))
    if len(rows) < 3 or rows.shape[1] != len(centre):
        raise ValueError(
            f"loss_landscape: expected trail to hold 3 or more snapshots of {len(centre)} weights, but got {rows.shape}"
        )
    away = rows - centre
    _, _, directions = np.linalg.svd(away, full_matrices=False)
    return directions[:2], away @ directions[:2].T


def _losses(
    model: Module,
    loss: Callable[[], Tensor],
    centre: np.ndarray,
    directions: np.ndarray,
    across: np.ndarray,
    up: np.ndarray,
) -> np.ndarray:
    """The loss at centre + a·first + b·second for each a of `across`, b of `up`: (up, across)."""
    before = [p.array for p in model.parameters()]
    heights = np.empty((len(up), len(across)))
    try:
        with looking_at(model):
            for i, b in enumerate(up):
                for j, a in enumerate(across):
                    _put(model, centre + a * directions[0] + b * directions[1])
                    heights[i, j] = float(plain(loss()))
    finally:
        for p, array in zip(model.parameters(), before, strict=True):
            p.array = array
    return heights


def _put(model: Module, weights: np.ndarray) -> None:
    """Give a model other weights, in memory of their own."""
    start = 0
    for p in model.parameters():
        part = Tensor(weights[start : start + p.numel()].reshape(p.shape)).to(p.dtype).to(p.device)
        p.array, start = part.array, start + p.numel()
