"""Optimizers and schedulers by their names in a configuration."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from .. import optim
from ..nn import Module
from ..optim import Optimizer, lr_scheduler
from ..optim.lr_scheduler import LRScheduler
from .config import TrainingConfig
from .settings import ConfigError

__all__ = ["build_optimizer", "build_scheduler"]

_SHORT = {"cosine": "CosineAnnealingLR", "plateau": "ReduceLROnPlateau", "warmup": "LinearWarmupLR"}


def _plain(name: str) -> str:
    """A name without what spellings differ in: 'one_cycle', 'OneCycleLR' and 'onecycle' are the same."""
    return name.lower().replace("_", "").replace("-", "").removesuffix("lr")


def _class_named(what: str, name: str, module: Any, base: type, short: Mapping[str, str] = {}) -> Any:
    classes = {n: c for n, c in vars(module).items() if isinstance(c, type) and issubclass(c, base) and c is not base}
    known = {_plain(n): c for n, c in classes.items()} | {n: classes[c] for n, c in short.items()}
    if _plain(name) not in known:
        nearest = get_close_matches(_plain(name), known, n=1, cutoff=0)[0]
        raise ConfigError(
            f"Trainer: training.{what} {name!r} is unknown; did you mean {nearest!r}? There are: "
            f"{', '.join(sorted(classes))}"
        )
    return known[_plain(name)]


def _made(what: str, cls: type, first: Any, options: Mapping[str, Any]) -> Any:
    """An object of the class; options that it does not know, or lacks, are errors of the configuration."""
    try:
        return cls(first, **options)
    except (TypeError, ValueError) as error:
        names = ", ".join(list(inspect.signature(cls).parameters)[1:])
        raise ConfigError(f"Trainer: training.{what}: {error}; {cls.__name__} takes {names}") from None


def build_optimizer(model: Module, training: TrainingConfig) -> Optimizer:
    """The optimizer that a configuration names, over all parameters of a model.

    `learning_rate`, `momentum` and `weight_decay` are passed on if they are given, momentum to those that take one.

    >>> from minideep import nn
    >>> build_optimizer(nn.Linear(2, 1), TrainingConfig(optimizer="adamw", learning_rate=0.01)).param_groups[0]["lr"]
    0.01
    """
    cls = _class_named("optimizer", training.optimizer, optim, Optimizer)
    given = {"lr": training.learning_rate, "weight_decay": training.weight_decay}
    if "momentum" in inspect.signature(cls).parameters:
        given["momentum"] = training.momentum
    options = {name: value for name, value in given.items() if value is not None} | training.optimizer_options
    return _made("optimizer_options", cls, model.parameters(), options)


def build_scheduler(optimizer: Optimizer, training: TrainingConfig, steps_per_epoch: int | None) -> LRScheduler | None:
    """The scheduler that a configuration names, or None.

    What can be known of how long the run is (T_max, total_steps, …) need not be said in `scheduler_options`, nor where
    a cycle begins and ends.
    """
    if training.scheduler is None:
        return None
    cls = _class_named("scheduler", training.scheduler, lr_scheduler, LRScheduler, _SHORT)
    per_step = training.schedule_per == "step"
    total = training.epochs * (steps_per_epoch or 0) if per_step else training.epochs
    lr = [float(group["lr"]) for group in optimizer.param_groups]
    takes = inspect.signature(cls).parameters
    known: dict[str, Any] = {"step_size": 30, "max_lr": lr}
    if total:
        known |= {"T_max": total, "T_0": total}
        known |= {"total_steps": total} if "total_steps" in takes and "epochs" not in training.scheduler_options else {}
        known |= {"total_iters": total} if cls is lr_scheduler.PolynomialLR else {}
    if cls is lr_scheduler.CyclicLR:
        known |= {"base_lr": [rate / 10 for rate in lr]}
    if "cycle_momentum" in takes:
        known |= {"cycle_momentum": any(name in optimizer.defaults for name in ("momentum", "betas"))}
    options = {name: value for name, value in known.items() if name in takes} | training.scheduler_options
    return _made("scheduler_options", cls, optimizer, options)
