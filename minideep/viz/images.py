"""Images: grids of them, what filters look for and what they find, where attention looks, what is mistaken for what."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..nn import Module
from ..tensor import Tensor
from .style import DIVERGING, INK, RED, SEQUENTIAL, axes_or_new, bare, figure_of, panels, picture
from .values import as_image, as_input, looking_at, plain, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["attention_map", "confusion_matrix", "feature_maps", "filters", "image_grid"]

_CLASSES = 25  # of more, a confusion matrix has no numbers, and not every name


def _grid(count: int, columns: int | None, size: float, title_lines: int = 0) -> list[Axes]:
    """Axes without ticks for so many images, in rows."""
    wide = min(columns or math.ceil(math.sqrt(count)), count)
    axes = panels(math.ceil(count / wide), wide, width=size, height=size + 0.17 * title_lines, layout="compressed")
    for ax in axes[count:]:
        ax.remove()
    for ax in axes[:count]:
        bare(ax)
    return axes[:count]


@picture
def image_grid(
    images: Any,
    labels: Any = None,
    predictions: Any = None,
    names: Sequence[str] | None = None,
    titles: Sequence[str] | None = None,
    columns: int | None = None,
    title: str = "",
    *,
    path: str | Path | None = None,
) -> Figure:
    """Images in rows, each under its own title, or under its label; with predictions, what is wrong stands out.

    A wrong prediction is named in red with the true label behind it, and marked ✗: it shows without colour, too.
    `names` are those of the classes. Images with values outside 0…1 are scaled from their least to their greatest.
    """
    pictures = [as_image("image_grid", plain(image)) for image in images]
    if not pictures:
        raise ValueError("image_grid: expected at least one image, but got none")
    same_length("image_grid", images=pictures, labels=labels, predictions=predictions, titles=titles)
    classes, answers = (None if v is None else plain(v).astype(int) for v in (labels, predictions))
    captions = [
        _caption(names, None if classes is None else classes[i], None if answers is None else answers[i])
        for i in range(len(pictures))
    ]
    texts = [textwrap.fill(text, 15) for text in titles or [text for text, _ in captions]]
    axes = _grid(len(pictures), columns, 1.05, max(text.count("\n") + bool(text) for text in texts))
    for ax, image, text, (_, wrong) in zip(axes, pictures, texts, captions, strict=True):
        ax.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set_title(text, loc="center", fontsize=8, color=RED if wrong else INK)
    figure = figure_of(axes[0])
    figure.suptitle(title, fontsize=10)
    return figure


def _caption(names: Sequence[str] | None, label: Any, answer: Any) -> tuple[str, bool]:
    """What stands above an image, and whether the answer is wrong."""

    def named(number: Any) -> str:
        return names[number] if names is not None else str(number)

    if answer is None:
        return ("" if label is None else named(label)), False
    wrong = label is not None and answer != label
    return (f"✗ {named(answer)}, is {named(label)}" if wrong else named(answer)), bool(wrong)


@picture
def filters(
    layer: Any, limit: int = 64, title: str = "", *, columns: int | None = None, path: str | Path | None = None
) -> Figure:
    """The weights (out, in, H, W) of a convolution, or of a layer that has one.

    Filters of 3 channels are shown in colour, each scaled for itself; all others channel by channel on one scale, on
    which what is positive and what is negative have colours of their own.
    """
    weight = plain(getattr(layer, "weight", layer))
    if weight.ndim != 4:
        raise ValueError(
            f"filters: expected a convolution, or its weight (out, in, H, W), but the weight's shape is {weight.shape}"
        )
    coloured = weight.shape[1] == 3
    shown = weight if coloured else weight.reshape(-1, *weight.shape[2:])
    count = min(len(shown), limit)
    axes = _grid(count, columns, 0.85)
    extreme = float(np.abs(shown[:count]).max()) or 1.0
    for ax, one in zip(axes, shown, strict=False):
        if coloured:
            ax.imshow(as_image("filters", (one - one.min()) / (np.ptp(one) or 1.0)), interpolation="nearest")
        else:
            drawn = ax.imshow(one, cmap=DIVERGING, vmin=-extreme, vmax=extreme, interpolation="nearest")
    figure = figure_of(axes[0])
    if not coloured:
        figure.colorbar(drawn, ax=axes, label="weight", shrink=0.8)
    figure.suptitle(title or f"{_some(count, len(shown))} filters", fontsize=10)
    return figure


@picture
def feature_maps(
    model: Module,
    layer: str,
    image: Any,
    limit: int = 32,
    title: str = "",
    *,
    columns: int | None = None,
    path: str | Path | None = None,
) -> Figure:
    """What the layer of this name gives for one image (C, H, W), channel by channel, all on one scale."""
    modules = dict(model.named_modules())
    if layer not in modules:
        known = ", ".join(name for name in modules if name)
        raise ValueError(f"feature_maps: expected layer to be one of {known}, but got {layer!r}")
    given: list[np.ndarray] = []
    handle = modules[layer].register_forward_hook(lambda module, inputs, output: given.append(plain(output)))
    try:
        with looking_at(model):
            model(as_input(model, _batch_of_one(image)))
    finally:
        handle.remove()
    if not given or given[0].ndim != 4:
        found = f"its result is {given[0].shape}" if given else "the model did not call it"
        raise ValueError(f"feature_maps: expected a layer that gives (1, C, H, W), but of {layer!r} {found}")
    maps = given[0][0]
    count = min(len(maps), limit)
    axes = _grid(count, columns, 1.0)
    for ax, one in zip(axes, maps, strict=False):
        drawn = ax.imshow(one, cmap=SEQUENTIAL, vmin=maps.min(), vmax=maps.max(), interpolation="nearest")
    figure = figure_of(axes[0])
    figure.colorbar(drawn, ax=axes, label="activation", shrink=0.8)
    figure.suptitle(title or f"{_some(count, len(maps))} feature maps of layer {layer}", fontsize=10)
    return figure


def _some(count: int, of: int) -> str:
    return f"{count}" if count == of else f"The first {count} of {of}"


def _batch_of_one(image: Any) -> Any:
    values = image if isinstance(image, Tensor) else Tensor(plain(image).astype(np.float32))
    while values.ndim < 4:
        values = values.unsqueeze(0)
    return values


@picture
def attention_map(
    image: Any, weights: Any, query: int = 0, title: str = "Attention", *, path: str | Path | None = None
) -> Figure:
    """Where a transformer looks: the image, and for each head its weights laid over it.

    `weights` are those of the patches, row by row: (T,), one row a head (heads, T), or the whole attention
    (heads, T, T), of which the row `query` is taken. If T is one more than a square, the first is the class token's
    and is left out.
    """
    rows = plain(weights).astype(np.float64)
    rows = rows[:, query] if rows.ndim == 3 else np.atleast_2d(rows)
    tokens = rows.shape[-1]
    extra = 0 if math.isqrt(tokens) ** 2 == tokens else 1
    side = math.isqrt(tokens - extra)
    if rows.ndim != 2 or side * side + extra != tokens:
        raise ValueError(
            "attention_map: expected weights (T,), (heads, T) or (heads, T, T) of T = side² patches, or one more for a "
            f"class token, but got {plain(weights).shape}"
        )
    maps = rows[:, extra:].reshape(-1, side, side)
    shown = as_image("attention_map", plain(image))
    axes = _grid(len(maps) + 1, min(len(maps) + 1, 5), 1.6, 1)
    axes[0].imshow(shown, cmap="gray", vmin=0, vmax=1)
    axes[0].set_title("image", loc="center", fontsize=8)
    extent = (-0.5, shown.shape[1] - 0.5, shown.shape[0] - 0.5, -0.5)
    for head, (ax, one) in enumerate(zip(axes[1:], maps, strict=True)):
        ax.imshow(shown, cmap="gray", vmin=0, vmax=1)
        drawn = ax.imshow(one, cmap=SEQUENTIAL, vmin=0, vmax=maps.max(), alpha=0.7, extent=extent)
        ax.set_title(f"head {head}" if len(maps) > 1 else "attention", loc="center", fontsize=8)
    figure = figure_of(axes[0])
    figure.colorbar(drawn, ax=axes, label="weight of a patch", shrink=0.8)
    figure.suptitle(title, fontsize=10)
    return figure


@picture
def confusion_matrix(
    labels: Any,
    predictions: Any,
    names: Sequence[str] | None = None,
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """How often each class (row) was taken for each (column); the darker, the larger its share of the row."""
    truth, answers = plain(labels).astype(int), plain(predictions).astype(int)
    same_length("confusion_matrix", labels=truth, predictions=answers)
    if not len(truth) or min(truth.min(), answers.min()) < 0:
        raise ValueError("confusion_matrix: expected labels and predictions to be class numbers from 0, one or more")
    n = max(truth.max(), answers.max(), len(names or ()) - 1) + 1
    counts = np.zeros((n, n), int)
    np.add.at(counts, (truth, answers), 1)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    side = min(n, _CLASSES)
    ax = axes_or_new(ax, 1.8 + 0.38 * side, 1.3 + 0.36 * side)
    drawn = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(counts) if n <= _CLASSES else ():
        colour = "white" if shares[row, column] > 0.5 else "black"
        ax.text(column, row, str(counts[row, column]), ha="center", va="center", size=8, color=colour)
    ticks = list(names) if names is not None else [str(i) for i in range(n)]
    crowded, step = max(map(len, ticks)) > 3, -(-n // _CLASSES)
    ax.set_xticks(range(0, n, step), ticks[::step], rotation=45 if crowded else 0, ha="right" if crowded else "center")
    ax.set_yticks(range(0, n, step), ticks[::step])
    right = np.trace(counts)
    ax.set(xlabel="predicted", ylabel="true", title=f"{right} of {len(truth)} right ({right / len(truth):.1%})")
    figure_of(ax).colorbar(drawn, ax=ax, label="share of the true class", shrink=0.8)
    return figure_of(ax)
