"""Reducing the learning rate when a measure, such as the validation loss, has stopped to improve."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler, assign, expect_optimizer, rates, warn_of_epoch


class ReduceLROnPlateau(LRScheduler):
    """Times `factor` after more than `patience` epochs in which the measure, given to `step`, did not get better.

    Better is smaller (mode "min") or greater ("max") than the best so far by more than `threshold`: of it, as a part
    (`threshold_mode` "rel"), or as it stands ("abs"). After a reduction, `cooldown` epochs do not count. Learning rates
    stay above `min_lr`, and changes below `eps` are not made.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        self.optimizer = expect_optimizer(self, optimizer)
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: expected factor < 1, but got {factor}")
        if mode not in ("min", "max"):
            raise ValueError(f"ReduceLROnPlateau: mode {mode!r} is unknown: expected 'min' or 'max'")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"ReduceLROnPlateau: threshold_mode {threshold_mode!r} is unknown: expected 'rel' or 'abs'"
            )
        groups = len(optimizer.param_groups)
        one_for_all = not isinstance(min_lr, list | tuple)
        self.default_min_lr = min_lr if one_for_all else None
        self.min_lrs: list[float] = [min_lr] * groups if one_for_all else list(min_lr)  # type: ignore[list-item,arg-type]
        if len(self.min_lrs) != groups:
            raise ValueError(f"ReduceLROnPlateau: expected {groups} min_lrs, but got {len(self.min_lrs)}")
        self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.mode_worse = self.best = math.inf if mode == "min" else -math.inf
        self.last_epoch = self.cooldown_counter = self.num_bad_epochs = 0
        self._last_lr = rates(optimizer)

    @property
    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take note of the measure after an epoch, a number or a Tensor with one."""
        current = float(metrics)
        if epoch is not None:
            warn_of_epoch(self)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = rates(self.optimizer)

    def _is_better(self, current: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if self.threshold_mode == "rel":
            return sign * current < sign * self.best * (1 - sign * self.threshold)
        return sign * current < sign * self.best - self.threshold

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(self.min_lrs) != len(groups):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"ReduceLROnPlateau: the optimizer has {len(groups)} groups now, but there are {len(self.min_lrs)} "
                    "min_lrs; set its min_lrs to one for each group"
                )
            self.min_lrs = [self.default_min_lr] * len(groups)  # type: ignore[list-item]
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            lr = float(group["lr"])
            reduced = max(lr * self.factor, lowest)
            if lr - reduced > self.eps:
                assign(group, "lr", reduced)
