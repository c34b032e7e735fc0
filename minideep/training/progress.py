"""The progress bar of an epoch, by tqdm."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any


class Progress:
    """A bar with the latest figures, or nothing at all if it is not to be shown."""

    def __init__(self, title: str, total: int | None, done: int, show: bool) -> None:
        self._bar: Any = None
        if show:
            try:
                from tqdm.auto import tqdm
            except ImportError:
                raise ImportError(
                    "Trainer: the progress bar needs tqdm: pip install 'minideep[lessons]', or tqdm alone, or set "
                    "training.progress=false"
                ) from None
            self._bar = tqdm(desc=title, total=total, initial=done, unit="batch", dynamic_ncols=True)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self) -> None:
        if self._bar is not None:
            self._bar.update()

    def show(self, figures: Mapping[str, float], at_once: bool = False) -> None:
        """Write figures behind the bar: accuracies with a percent sign, others with four digits."""
        if self._bar is not None:
            texts = {n: f"{value:.2f}%" if n.endswith("acc") else f"{value:.4g}" for n, value in figures.items()}
            self._bar.set_postfix(texts, refresh=at_once)
