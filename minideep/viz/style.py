"""How all pictures look, and how a figure is made, kept and shown: the one place that decides it.

Colours are Okabe and Ito's and, where there are more than seven classes, Tol's: readers who are colour-blind tell them
apart. Figures are made without pyplot: nothing needs a display, and none is kept in memory after its last use.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "colours", "show"]

BLUE, ORANGE, GREEN, RED, PURPLE, SKY, YELLOW = COLOURS = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442",
)  # fmt: skip
_TEN = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#888888",
)  # fmt: skip
INK, GREY, PALE = "#222222", "#777777", "#DDDDDD"
SEQUENTIAL, DIVERGING = "cividis", "PuOr_r"  # for amounts, and for what may be above or below 0

STYLE = {
    "figure.dpi": 110,
    "savefig.dpi": 150,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.6,
    "image.cmap": SEQUENTIAL,
}


def colours(n: int) -> list[str]:
    """`n` colours that can be told apart, also by the colour-blind; beyond ten they repeat.

    >>> colours(2)
    ['#0072B2', '#E69F00']
    """
    few = COLOURS if n <= len(COLOURS) else _TEN
    return [few[i % len(few)] for i in range(n)]


def matplotlib() -> Any:
    """The library that draws, which only pictures need."""
    try:
        import matplotlib
    except ImportError:
        raise ImportError(
            "viz: pictures are drawn by matplotlib, which is not installed: pip install 'minideep[lessons]'"
        ) from None
    return matplotlib


@functools.cache
def _figure_class() -> type[Figure]:
    matplotlib()
    from matplotlib.figure import Figure

    class Picture(Figure):
        """A Figure that a notebook shows, whether or not its pyplot was asked for."""

        def _repr_png_(self) -> bytes:
            memory = io.BytesIO()
            self.savefig(memory, format="png")
            return memory.getvalue()

    return Picture


Draws = TypeVar("Draws", bound=Callable[..., "Figure"])


def picture(draw: Draws) -> Draws:
    """A function that draws: in the style of the house, and into the file `path`, if one is given."""

    @functools.wraps(draw)
    def drawing(*args: Any, path: str | Path | None = None, **kwargs: Any) -> Figure:
        with matplotlib().rc_context(STYLE):
            figure = draw(*args, **kwargs)
            if path is not None:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                figure.savefig(path)
        return figure

    return drawing  # type: ignore[return-value]


def panels(
    rows: int = 1,
    columns: int = 1,
    width: float = 4.4,
    height: float = 3.2,
    sharex: bool = False,
    layout: Literal["constrained", "compressed"] = "constrained",
) -> list[Axes]:
    """The axes of a new figure, row by row, each of this size in inches."""
    figure = _figure_class()(figsize=(width * columns, height * rows), layout=layout)
    return list(figure.subplots(rows, columns, squeeze=False, sharex=sharex).flat)


def axes_or_new(ax: Axes | None, width: float = 4.8, height: float = 3.4) -> Axes:
    return panels(width=width, height=height)[0] if ax is None else ax


def figure_of(ax: Axes) -> Figure:
    return ax.figure  # type: ignore[return-value]


def bare(ax: Axes) -> None:
    """No ticks and no frame: for what is a picture itself."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)


def show(*figures: Figure) -> None:
    """Open the figures in windows and wait until they are closed; without a display, nothing happens."""
    matplotlib()
    import matplotlib.pyplot as plt

    for figure in figures:
        plt.figure(figure)
    if plt.get_backend().lower() != "agg":
        plt.show()
    for figure in figures:
        plt.close(figure)
