"""All that a training run depends on, as something that can be saved, and back."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from .. import saving
from ..nn import Module
from .generators import generator_states, set_generator_states
from .measures import Sums

if TYPE_CHECKING:
    from .trainer import Trainer

_PARTS = {
    "model", "optimizer", "scheduler", "ema", "loader", "validation", "generators", "callbacks", "progress", "config",
}  # fmt: skip
_PROGRESS = ("epoch", "batch", "step", "trained", "stopped", "lr", "history", "best", "best_epoch")
# Settings that do not change what is computed, or (epochs) are changed in order to go on for longer.
_HARMLESS = {"epochs", "patience", "folder", "checkpoint_every", "resume", "progress"}


def capture(run: Trainer) -> dict[str, Any]:
    """Everything on which the rest of a run depends, between two steps."""
    validation = getattr(run.val_loader, "generator", None)
    return {
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "scheduler": None if run.scheduler is None else run.scheduler.state_dict(),
        "ema": None if run.ema is None else run.ema.state_dict(),
        "loader": _place(run),
        "validation": validation and validation.get_state(),
        "generators": generator_states(run.device),
        "callbacks": [[type(callback).__name__, callback.state_dict()] for callback in run.callbacks],
        "progress": {name: getattr(run, name) for name in _PROGRESS} | {"sums": vars(run.sums).copy()},
        "config": run.config.to_dict(),
    }


def _place(run: Trainer) -> dict[str, Any] | None:
    """Where the loader is. Between epochs, that is at none of its batches, though somebody may have looked at some."""
    if not hasattr(run.train_loader, "state_dict"):
        return None
    place: dict[str, Any] = run.train_loader.state_dict()
    return place if run.batch else place | {"seed": None, "batches": 0}


def restore(run: Trainer, state: dict[str, Any]) -> None:
    """Bring a run to where `capture` found another of the same kind."""
    if not isinstance(state, dict) or set(state) != _PARTS:
        got = list(state) if isinstance(state, dict) else type(state).__name__
        raise ValueError(f"Trainer: expected a checkpoint, with {', '.join(sorted(_PARTS))}, but got {got}")
    loader: Any = run.train_loader if hasattr(run.train_loader, "load_state_dict") else None
    for part, mine in {"scheduler": run.scheduler, "ema": run.ema, "loader": loader}.items():
        if (state[part] is None) != (mine is None):
            has, lacks = ("run", "checkpoint") if state[part] is None else ("checkpoint", "run")
            raise ValueError(f"Trainer: the {has} has the part {part!r}, which the {lacks} lacks")
    _compare_settings(run.config.to_dict()["training"], state["config"]["training"])
    run.model.load_state_dict(state["model"])
    run.optimizer.load_state_dict(state["optimizer"])
    if run.scheduler is not None:
        run.scheduler.load_state_dict(state["scheduler"])
    if run.ema is not None:
        run.ema.load_state_dict(state["ema"])
    if loader is not None:
        loader.load_state_dict(state["loader"])
    validation = getattr(run.val_loader, "generator", None)
    if validation is not None and state["validation"] is not None:
        validation.set_state(state["validation"])
    _restore_callbacks(run, list(state["callbacks"]))
    progress = dict(state["progress"])
    run.sums = Sums(**progress.pop("sums"))
    for name, value in progress.items():
        setattr(run, name, value)
    run.optimizer.stepped = run.step > 0
    set_generator_states(state["generators"])


def _compare_settings(now: dict[str, Any], then: dict[str, Any]) -> None:
    others = [
        f"training.{name} was {then[name]!r}, and is {value!r}"
        for name, value in now.items()
        if name not in _HARMLESS and name in then and then[name] != value
    ]
    if others:
        warnings.warn(
            f"Trainer: the checkpoint was made with other settings: {'; '.join(others)}. What it holds of optimizer "
            "and scheduler goes before",
            stacklevel=5,
        )


def _restore_callbacks(run: Trainer, saved: list[Any]) -> None:
    """Each is given the state of the first of its class that is left; one that is new begins anew."""
    for callback in run.callbacks:
        found = next((pair for pair in saved if pair[0] == type(callback).__name__), None)
        if found is not None:
            saved.remove(found)
            callback.load_state_dict(found[1])


def load_model(path: Any, model: Module) -> Module:
    """Give a model the weights of a checkpoint: the moving average if there is one, as that is what was validated."""
    state = saving.load(path)
    if state["ema"] is None:
        model.load_state_dict(state["model"])
    else:
        prefix = "module."
        averaged = {n.removeprefix(prefix): t for n, t in state["ema"].items() if n.startswith(prefix)}
        model.load_state_dict(averaged)
    return model
