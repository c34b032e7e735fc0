"""Many numbers a point, brought down to two: by principal components, which is linear, and by t-SNE, which is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .style import BLUE, INK, axes_or_new, colours, figure_of, picture
from .values import plain, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["embedding", "pca", "tsne"]


def _rows(name: str, features: Any) -> np.ndarray:
    rows = plain(features).astype(np.float64)
    rows = rows.reshape(len(rows), -1) if rows.ndim > 2 else rows
    if rows.ndim != 2 or len(rows) < 3:
        raise ValueError(f"{name}: expected features (N, D) of 3 or more points, but got {plain(features).shape}")
    return rows


def pca(features: Any, components: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, components) along the directions in which features (N, D) spread most, and the share each explains.

    The directions are the right singular vectors of the centred features; their signs are such that the entry largest
    in size is positive.

    >>> points, shares = pca([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]], components=1)
    >>> points.ravel(), shares
    (array([-5.,  0.,  5.]), array([1.]))
    """
    rows = _rows("pca", features)
    if not 1 <= components <= min(rows.shape):
        raise ValueError(f"pca: expected components from 1 to {min(rows.shape)} for {rows.shape}, but got {components}")
    centred = rows - rows.mean(0)
    left, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    largest = np.abs(directions).argmax(1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    variances = sizes**2
    return (left * sizes * signs)[:, :components], variances[:components] / (variances.sum() or 1.0)


# ---------------------------------------------------------------------------------------------- t-SNE


def tsne(
    features: Any, perplexity: float = 30.0, steps: int = 500, seed: int = 0, learning_rate: float | None = None
) -> np.ndarray:
    """Points (N, 2) whose neighbours are those of the features (N, D): van der Maaten and Hinton, 2008.

    Makes Σ p·log(p/q) small, where p says how near two of the features are, by a Gaussian that reaches `perplexity`
    neighbours, and q how near two of the points are, by 1 / (1 + distance²). Every pair is looked at: N² numbers in
    memory, a few thousand points at most. Starts from the principal components, so that it is the same each time.
    """
    rows = _rows("tsne", features)
    if not 1 < perplexity < len(rows):
        raise ValueError(f"tsne: expected perplexity between 1 and the {len(rows)} points, but got {perplexity}")
    p = _affinities(rows, perplexity)
    start, _ = pca(rows) if rows.shape[1] > 1 else (np.repeat(rows - rows.mean(0), 2, 1), None)
    noise = np.random.default_rng(seed).standard_normal(start.shape)
    y = 1e-4 * (start / (start[:, 0].std() or 1.0) + 0.01 * noise)
    rate = max(len(rows) / 48.0, 50.0) if learning_rate is None else learning_rate
    velocity, gains = np.zeros_like(y), np.ones_like(y)
    for step in range(steps):
        early = step < min(250, steps // 2)  # first all are drawn together strongly: clusters can still pass each other
        slope = _slope(12.0 * p if early else p, y)
        gains = np.maximum(np.where(slope * velocity < 0, gains + 0.2, gains * 0.8), 0.01)
        velocity = (0.5 if early else 0.8) * velocity - rate * gains * slope
        y = y + velocity
        y -= y.mean(0)
    return y


def _squared_distances(x: np.ndarray) -> np.ndarray:
    squares = (x * x).sum(1)
    return np.maximum(squares[:, None] + squares - 2.0 * x @ x.T, 0.0)


def _affinities(rows: np.ndarray, perplexity: float) -> np.ndarray:
    """How near two of the rows are, (N, N), adding up to 1: each row's Gaussian as wide as its surroundings ask for.

    Its precision is found by halving, for all rows at once: the entropy of a row's shares is to be log(perplexity).
    """
    squared = _squared_distances(rows)
    squared /= squared.mean() or 1.0
    low, high = np.zeros(len(rows)), np.full(len(rows), np.inf)
    precision = np.ones(len(rows))
    nearest = (squared + np.diag(np.full(len(rows), np.inf))).min(1, keepdims=True)
    for _ in range(64):
        shares = np.exp(-(squared - nearest) * precision[:, None])
        np.fill_diagonal(shares, 0.0)
        total = shares.sum(1)
        shares /= total[:, None]
        entropy = np.log(total) + precision * (shares * (squared - nearest)).sum(1)
        wide = entropy > np.log(perplexity)
        low, high = np.where(wide, precision, low), np.where(wide, high, precision)
        precision = np.where(np.isinf(high), precision * 2, (low + high) / 2)
    return np.maximum((shares + shares.T) / (2 * len(rows)), 1e-12)


def _slope(p: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient of Σ p·log(p/q) by the points: 4 Σ_j (p − q)(y_i − y_j) / (1 + |y_i − y_j|²)."""
    near = 1.0 / (1.0 + _squared_distances(y))
    np.fill_diagonal(near, 0.0)
    pull = (p - near / near.sum()) * near
    return 4.0 * (pull.sum(1)[:, None] * y - pull @ y)


# ---------------------------------------------------------------------------------------------- the picture


@picture
def embedding(
    features: Any,
    labels: Any = None,
    names: Sequence[str] | None = None,
    method: str = "pca",
    title: str = "",
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
    **settings: Any,
) -> Figure:
    """Features (N, D) as points of a plane, in the colours of their classes; each class is named at its middle.

    `method` is "pca" or "tsne", which takes further `settings`; features that are two numbers already are drawn as
    they are.
    """
    if method not in ("pca", "tsne"):
        raise ValueError(f"embedding: expected method to be 'pca' or 'tsne', but got {method!r}")
    rows = _rows("embedding", features)
    classes = None if labels is None else plain(labels).astype(int)
    same_length("embedding", features=rows, labels=classes)
    axis_names = ("first feature", "second feature")
    if method == "tsne":
        rows, axis_names = tsne(rows, **settings), ("t-SNE 1", "t-SNE 2")
    elif rows.shape[1] != 2:
        rows, shares = pca(rows)
        axis_names = tuple(f"component {i} ({share:.0%} of the variance)" for i, share in enumerate(shares, 1))  # type: ignore[assignment]
    ax = axes_or_new(ax, 4.8, 4.0)
    if classes is None:
        ax.scatter(rows[:, 0], rows[:, 1], s=10, color=BLUE, linewidths=0)
    else:
        _classes(ax, rows, classes, names)
    ax.set(xlabel=axis_names[0], ylabel=axis_names[1], title=title or f"{len(rows)} points")
    return figure_of(ax)


def _classes(ax: Axes, rows: np.ndarray, classes: np.ndarray, names: Sequence[str] | None) -> None:
    present = np.unique(classes)
    chosen = colours(int(present.max()) + 1)
    for k in present:
        of_class = rows[classes == k]
        ax.scatter(of_class[:, 0], of_class[:, 1], s=10, color=chosen[k], linewidths=0, alpha=0.8)
    for k in present:
        x, y = np.median(rows[classes == k], 0)
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": chosen[k], "alpha": 0.85}
        text = names[k] if names is not None else str(k)
        ax.text(x, y, text, ha="center", va="center", size=8, color=INK, bbox=box)
