"""Curves: how a training went, what activation functions do, and what becomes of numbers from layer to layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd import grad
from ..nn import Module
from ..tensor import Tensor
from .style import BLUE, GREY, INK, ORANGE, PALE, axes_or_new, colours, figure_of, panels, picture
from .values import as_input, looking_at, plain, same_length

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["activation_functions", "activations_by_depth", "gradients_by_depth", "histograms", "training_curves"]

History = Mapping[str, Sequence[float]] | Iterable[Mapping[str, Any]]
_UNITS = {"lr": "learning rate", "acc": "accuracy"}
_CLOCKS = {"epoch", "step", "seconds"}  # they say when, not how well


# ---------------------------------------------------------------------------------------------- training


def _columns(history: History) -> dict[str, list[Any]]:
    """Numbers by name, of a table given by columns or, as a log is, by rows; missing ones are nan."""
    if isinstance(history, Mapping):
        return {name: list(values) for name, values in history.items()}
    rows = list(history)
    names = dict.fromkeys(name for row in rows for name, value in row.items() if isinstance(value, int | float))
    return {name: [row.get(name, float("nan")) for row in rows] for name in names}


@picture
def training_curves(
    history: History, x: str = "epoch", logarithmic: Sequence[str] = (), *, path: str | Path | None = None
) -> Figure:
    """What was measured while training, a panel for each kind of number: ``train_loss`` and ``val_loss`` share one.

    `history` holds lists by name, or is a list of rows with the names in each (a log). The column `x`, if there is
    one, says where the points belong; other counts of epochs, steps and seconds are left out. A dot marks the best
    value of what was measured on validation data.
    """
    columns = _columns(history)
    steps = columns.pop(x, None)
    columns = {name: values for name, values in columns.items() if name not in _CLOCKS}
    if not columns:
        raise ValueError(f"training_curves: expected history to hold lists of numbers by name, but got {history!r}")
    kinds: dict[str, list[str]] = {}
    for name in sorted(columns, key="lr".__eq__):  # the rate comes last
        kinds.setdefault(name.rpartition("_")[2] or name, []).append(name)
    axes = panels(1, len(kinds), width=3.8, height=3.0)
    for ax, (kind, names) in zip(axes, kinds.items(), strict=True):
        unit = _UNITS.get(kind, kind)
        for name, colour in zip(names, colours(len(names)), strict=True):
            _curve(ax, steps, name, columns[name], colour, kind, x)
        ax.set(xlabel=x, ylabel=unit, title=unit[:1].upper() + unit[1:])
        if kind in logarithmic:
            ax.set_yscale("log")
        ax.grid(axis="y")
        if len(names) > 1:
            ax.legend()
    return figure_of(axes[0])


def _curve(ax: Axes, steps: Any, name: str, values: list[Any], colour: str, kind: str, x: str) -> None:
    y = plain(values).astype(float)
    where = np.arange(1, len(y) + 1) if steps is None else plain(steps)
    same_length("training_curves", **{x: where, name: y})
    label = name.removesuffix(kind).rstrip("_") or name
    known = np.isfinite(y)
    marker = "." if known.sum() < 2 else ""
    ax.plot(where[known], y[known], color=colour, label=label, marker=marker)
    if label.startswith(("val", "test")) and known.any():
        best = int(np.nanargmin(y) if "loss" in kind or "error" in kind else np.nanargmax(y))
        ax.plot(where[best], y[best], "o", color=colour, markersize=5)
        ax.annotate(f"{y[best]:.3g}", (where[best], y[best]), (0, 6), textcoords="offset points", ha="center", size=8)


# ---------------------------------------------------------------------------------------------- activation functions


@picture
def activation_functions(
    functions: Mapping[str, Callable[[Tensor], Tensor]] | Sequence[Callable[[Tensor], Tensor]],
    low: float = -4.0,
    high: float = 4.0,
    *,
    path: str | Path | None = None,
) -> Figure:
    """Each function with its derivative, which the engine takes, in a panel of its own."""
    named = functions if isinstance(functions, Mapping) else {_name(f): f for f in functions}
    if not named:
        raise ValueError("activation_functions: expected at least one function, but got none")
    columns = min(len(named), 4)
    axes = panels(-(-len(named) // columns), columns, width=2.6, height=2.3, sharex=True)
    for ax, (name, function) in zip(axes, named.items(), strict=False):
        x = Tensor(np.linspace(low, high, 401)).requires_grad_()
        y = function(x)
        (slope,) = grad(y.sum(), x)
        ax.axhline(0, color=PALE, linewidth=0.8)
        ax.axvline(0, color=PALE, linewidth=0.8)
        ax.plot(plain(x), plain(y), color=BLUE, label="f(x)")
        ax.plot(plain(x), plain(slope), color=ORANGE, linestyle="--", label="f′(x)")
        ax.set_title(name)
    for ax in axes[len(named) :]:
        ax.remove()
    for position, ax in enumerate(axes[: len(named)]):
        if position + columns >= len(named):
            ax.set_xlabel("x")
            ax.tick_params(labelbottom=True)
    axes[0].set_ylabel("f(x), f′(x)")
    axes[0].legend(loc="upper left")
    return figure_of(axes[0])


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


# ---------------------------------------------------------------------------------------------- depth


@picture
def histograms(
    groups: Mapping[str, Any],
    logarithmic: bool = False,
    xlabel: str = "value",
    title: str = "",
    *,
    ax: Axes | None = None,
    path: str | Path | None = None,
) -> Figure:
    """One histogram above the other, on one scale; beside each the standard deviation and the share of zeros.

    `logarithmic` bins the sizes, log₁₀|value|: for numbers that differ by orders of magnitude. Zeros and what is not
    finite are then left out.
    """
    if not groups:
        raise ValueError("histograms: expected groups of numbers by name, but got none")
    arrays = {name: plain(values).astype(np.float64).ravel() for name, values in groups.items()}
    shown = {name: _sizes(values, logarithmic) for name, values in arrays.items()}
    ends = np.array([np.quantile(values, [0.002, 0.998]) for values in shown.values() if values.size] or [[0.0, 1.0]])
    low, high = ends[:, 0].min(), ends[:, 1].max()
    margin = 0.02 * (high - low) or 0.5
    edges = np.linspace(low - margin, high + margin, 61)
    ax = axes_or_new(ax, 6.0, 0.9 + 0.42 * len(arrays))
    for row, (name, values) in enumerate(reversed(shown.items())):
        counts, _ = np.histogram(values, edges)
        heights = row + 0.85 * counts / max(counts.max(), 1)
        ax.stairs(heights, edges, baseline=row, fill=True, color=BLUE, alpha=0.75)
        ax.axhline(row, color=GREY, linewidth=0.6)
        given = arrays[name]
        zeros = f", {np.mean(given == 0):.0%} zeros" if given.size and (given == 0).any() else ""
        spread = f"std {given.std():.2g}" if given.size else "no numbers"
        ax.text(1.01, row + 0.4, spread + zeros, transform=ax.get_yaxis_transform(), va="center", size=8, color=INK)
    ax.set_yticks(np.arange(len(arrays)) + 0.4, list(reversed(arrays)))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.set(xlim=(edges[0], edges[-1]), ylim=(0, len(arrays)), title=title)
    ax.set_xlabel(f"log₁₀ |{xlabel}|" if logarithmic else xlabel)
    return figure_of(ax)


def _sizes(values: np.ndarray, logarithmic: bool) -> np.ndarray:
    values = values[np.isfinite(values)]
    return np.log10(np.abs(values[values != 0])) if logarithmic else values


@picture
def activations_by_depth(
    model: Module, inputs: Any, *, ax: Axes | None = None, path: str | Path | None = None
) -> Figure:
    """Histograms of what each layer gives, from the first at the top to the last, for a batch of inputs."""
    given: dict[str, np.ndarray] = {}
    handles = []
    for name, module in model.named_modules():
        if not any(True for _ in module.children()):
            label = f"{name} {type(module).__name__}".strip()
            handles.append(module.register_forward_hook(_noting(given, label)))
    try:
        with looking_at(model):
            model(as_input(model, inputs))
    finally:
        for handle in handles:
            handle.remove()
    return histograms(given, xlabel="activation", title="What each layer gives", ax=ax)


def _noting(given: dict[str, np.ndarray], label: str) -> Callable[..., None]:
    def note(module: Module, inputs: Any, output: Any) -> None:
        result = output[0] if isinstance(output, tuple) else output
        name, count = label, 1
        while name in given:  # a layer that is used more than once
            count += 1
            name = f"{label} ({count})"
        if isinstance(result, Tensor):
            given[name] = plain(result)

    return note


@picture
def gradients_by_depth(
    model: Module, loss: Tensor, *, ax: Axes | None = None, path: str | Path | None = None
) -> Figure:
    """Histograms of the sizes of a loss's gradients by the weights of each layer, from the first layer to the last.

    No ``.grad`` is touched, and the graph stays: call `loss.backward()` afterwards as usual.
    """
    weights = {name: p for name, p in model.named_parameters() if p.ndim > 1 and p.requires_grad}
    if not weights:
        raise ValueError("gradients_by_depth: expected a model with weights that require gradients, but it has none")
    found = grad(loss, list(weights.values()), retain_graph=True, allow_unused=True)
    groups = {name: g for name, g in zip(weights, found, strict=True) if g is not None}
    return histograms(groups, logarithmic=True, xlabel="gradient", title="Gradients of each layer's weights", ax=ax)
