"""Schedulers along half a wave of a cosine, once, back and forth, or again and again."""

from __future__ import annotations

import math
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler, Rates, rates


def _height(part: float) -> float:
    """(1 + cos πx)/2: from 1 to 0 as x goes from 0 to 1."""
    return (1 + math.cos(math.pi * part)) / 2


class CosineAnnealingLR(LRScheduler):
    """lr = eta_min + ½(lr₀ − eta_min)(1 + cos(πt/T_max)): down in T_max epochs, and if it goes on, up again.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016, without the restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        now, low = rates(self.optimizer), self.eta_min
        if self._is_initial:
            return now
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the lowest point no factor leads up again
            rise = 1 - _height(1 / self.T_max)
            return [lr + (base - low) * rise for lr, base in zip(now, self.base_lrs, strict=True)]
        change = _height(self.last_epoch / self.T_max) / _height((self.last_epoch - 1) / self.T_max)
        return [(lr - low) * change + low for lr in now]

    def closed_form(self) -> Rates:
        return [self.eta_min + (lr - self.eta_min) * _height(self.last_epoch / self.T_max) for lr in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """lr = eta_min + ½(lr₀ − eta_min)(1 + cos(π·T_cur/T_i)), where T_cur counts from the last restart.

    The first restart comes after T_0 epochs, each after T_mult times as many as the one before. `step` takes parts of
    epochs too: ``step(epoch + batch / batches)``.
    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        for name, value in ("T_0", T_0), ("T_mult", T_mult):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"CosineAnnealingWarmRestarts: expected a positive integer {name}, but got {value!r}")
        if not isinstance(eta_min, int | float):
            raise ValueError(
                f"CosineAnnealingWarmRestarts: expected a number eta_min, but got {type(eta_min).__name__}"
            )
        self.T_0 = self.T_i = T_0
        self.T_mult, self.eta_min = T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        return [self.eta_min + (lr - self.eta_min) * _height(self.T_cur / self.T_i) for lr in self.base_lrs]

    def step(self, epoch: Any = None) -> None:
        """Set the learning rates of the next epoch, or of `epoch`, which may lie between two."""
        if epoch is None and self.last_epoch >= 0:
            self.last_epoch += 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._jump(epoch or 0)
        self._apply(self.get_lr)

    def _jump(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"CosineAnnealingWarmRestarts: expected epoch >= 0, but got {epoch}")
        self.last_epoch, self.T_cur, self.T_i = math.floor(epoch), epoch, self.T_0
        while self.T_cur >= self.T_i:
            self.T_cur -= self.T_i
            self.T_i *= self.T_mult
