"""`find_lr`: which learning rate to begin with, found by trying ever larger ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..nn import Module
from ..optim import Optimizer
from ..optim.lr_scheduler.scheduler import assign
from ..tensor import Tensor
from .untouched import untouched

__all__ = ["RateSweep", "find_lr"]

_SMOOTHING = 0.9  # how much of the mean loss so far is kept at each step
_EXPLODED = 4.0  # times the smallest loss so far


class RateSweep(NamedTuple):
    """The rates that were tried, and the loss before the step with each."""

    lrs: list[float]
    losses: list[float]

    @property
    def smoothed(self) -> list[float]:
        """The losses as means of those before: lossₜ ← (Σ 0.9ᵗ⁻ⁱ lossᵢ) / Σ 0.9ᵗ⁻ⁱ"""
        total = weight = 0.0
        smoothed = []
        for loss in self.losses:
            total, weight = _SMOOTHING * total + loss, _SMOOTHING * weight + 1
            smoothed.append(total / weight)
        return smoothed

    @property
    def suggestion(self) -> float:
        """A tenth of the rate at which the smoothed loss is lowest: there, it is about to rise."""
        smoothed = self.smoothed
        lowest = min(range(len(smoothed)), key=lambda i: smoothed[i] if math.isfinite(smoothed[i]) else math.inf)
        if lowest == 0:
            raise ValueError(
                "find_lr: the loss never fell, so that there is no rate to suggest: begin with a smaller start_lr, or "
                f"take more steps than these {len(self.lrs)}"
            )
        return self.lrs[lowest] / 10


def find_lr(
    model: Module,
    dataloader: Iterable[Any],
    optimizer: Optimizer,
    criterion: Callable[[Any, Any], Tensor],
    start_lr: float = 1e-7,
    end_lr: float = 10,
    steps: int | None = None,
) -> RateSweep:
    """Train for some steps with rates from `start_lr` to exactly `end_lr`, each so many times the one before.

    There are as many steps as batches, or `steps`, for which the loader is gone through again and again. It stops when
    the loss has exploded: when it is not finite, or its mean is 4 times the smallest so far. Afterwards model,
    optimizer and loader are as they were. ``lrs, losses = find_lr(…)`` works, and ``find_lr(…).suggestion`` is
    a rate to begin with. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
    """
    if not 0 < start_lr < end_lr:
        raise ValueError(f"find_lr: expected 0 < start_lr < end_lr, but got {start_lr} and {end_lr}")
    count = len(dataloader) if steps is None else steps  # type: ignore[arg-type]
    if count < 2:
        raise ValueError(f"find_lr: expected at least 2 steps, one for each end, but got {count}; pass steps=100")
    sweep = RateSweep([], [])
    with untouched(model, optimizer, dataloader):
        model.train()
        for number, (x, target) in zip(range(count), _again_and_again(dataloader), strict=False):
            lr = end_lr if number == count - 1 else start_lr * (end_lr / start_lr) ** (number / (count - 1))
            for group in optimizer.param_groups:
                assign(group, "lr", lr)
            optimizer.zero_grad()
            loss = criterion(model(x), target)
            sweep.lrs.append(lr)
            sweep.losses.append(loss.item())
            smoothed = sweep.smoothed
            if not math.isfinite(sweep.losses[-1]) or smoothed[-1] > _EXPLODED * min(smoothed):
                break
            loss.backward()
            optimizer.step()
    return sweep


def _again_and_again(loader: Iterable[Any]) -> Iterator[Any]:
    while True:
        before = None
        for before in loader:
            yield before
        if before is None:
            raise ValueError("find_lr: the loader has no batches")
