"""Callbacks: what is to happen besides training, when a `Trainer` has come to a certain point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .trainer import Row, Trainer

__all__ = ["Callback", "EarlyStopping", "JSONLog"]


class Callback:
    """Override what you need. A callback that remembers something has `state_dict` and `load_state_dict`, too.

    To end training, set ``trainer.stopped = True``: the epoch that is under way is the last.
    """

    def on_train_start(self, trainer: Trainer) -> None:
        """Training begins, or goes on."""

    def on_gradients(self, trainer: Trainer) -> None:
        """The gradients of a step are there, not clipped yet."""

    def on_step(self, trainer: Trainer) -> None:
        """A step has been made: number `trainer.step`."""

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        """An epoch is over and validated; `row` says how it went, and is the last of `trainer.history`."""

    def on_train_end(self, trainer: Trainer) -> None:
        """All epochs are over."""

    def state_dict(self) -> dict[str, Any]:
        """What has to be kept to go on later."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned."""


class EarlyStopping(Callback):
    """Ends training after `patience` epochs in a row that were not better than the best before them."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        if trainer.epoch - trainer.best_epoch >= self.patience:
            trainer.stopped = True


class JSONLog(Callback):
    """Writes a line of JSON for every epoch. A run that goes on from a checkpoint keeps the lines up to there."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def on_train_start(self, trainer: Trainer) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(map(_line, trainer.history)), encoding="utf-8")

    def on_epoch_end(self, trainer: Trainer, row: Row) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line(row))


def _line(row: Row) -> str:
    return json.dumps(row) + "\n"
