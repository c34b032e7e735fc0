"""Averages of weights: of the last epochs (SWA), or exponential moving ones (EMA), which often do better than the last.

ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.999))
for x, y in loader:
    ...
    optimizer.step()
    ema.update_parameters(model)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any

from ..autograd import no_grad
from ..backend import int64
from ..nn import BatchNorm1d, BatchNorm2d, Module
from ..ops.creation import zeros
from ..tensor import Tensor
from .lr_scheduler.scheduler import LRScheduler, Rates, for_each_group
from .optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn",
    "update_bn",
]  # fmt: skip

Average = Callable[[Tensor, Tensor, Any], Tensor]  # of (average, value, how many there were): the new average
MultiAverage = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]  # the same for lists, in place


# ---------------------------------------------------------------------------------------------- averages


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """decay·average + (1 − decay)·value"""
    _check_decay("get_ema_avg_fn", decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Average:
    """average + (value − average)/(n + 1): all values count the same."""

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Tensor:
        return averaged_param + (current_param - averaged_param) / (int(num_averaged) + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """`get_ema_avg_fn` for lists of tensors, in place."""
    _check_decay("get_ema_multi_avg_fn", decay)
    return _in_place(lambda num_averaged: 1 - decay)


def get_swa_multi_avg_fn() -> MultiAverage:
    """`get_swa_avg_fn` for lists of tensors, in place."""
    return _in_place(lambda num_averaged: 1 / (int(num_averaged) + 1))


def _check_decay(name: str, decay: float) -> None:
    if not 0 <= decay <= 1:
        raise ValueError(f"{name}: expected decay between 0 and 1, but got {decay}")


def _in_place(weight_of: Callable[[Any], float]) -> MultiAverage:
    """average ← average + weight·(value − average), for each of a list."""

    @no_grad()
    def update(averaged: Sequence[Tensor], current: Sequence[Tensor], num_averaged: Any) -> None:
        weight = weight_of(num_averaged)
        for average, value in zip(averaged, current, strict=True):
            if average.is_floating_point():
                average.lerp_(value, weight)
            else:
                average.copy_(average * (1 - weight) + value * weight)  # rounded towards 0

    return update


# ---------------------------------------------------------------------------------------------- a model of averages


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of the model's, as they were at every `update_parameters`.

    With `avg_fn`, or `multi_avg_fn` for lists, other averages than the plain one; with `use_buffers` of buffers too,
    which are else copied. Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018.
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("AveragedModel: only one of avg_fn and multi_avg_fn should be given, but got both")
        self.module = deepcopy(model) if device is None else deepcopy(model).to(device)
        self.register_buffer("n_averaged", zeros((), dtype=int64, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Take the model's parameters, as they are now, into the averages; the first time, they are the averages."""
        averages, values = (
            [tensor.detach() for tensor in chain(m.parameters(), m.buffers() if self.use_buffers else ())]
            for m in (self.module, model)
        )
        values = [value.to(average.device) for average, value in zip(averages, values, strict=True)]
        if int(self.n_averaged) == 0:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)
        elif self.avg_fn is None:
            update = self.multi_avg_fn or get_swa_multi_avg_fn()
            update(averages, values, self.n_averaged)
        else:
            for average, value in zip(averages, values, strict=True):
                average.copy_(self.avg_fn(average, value, self.n_averaged))
        if not self.use_buffers:
            for mine, other in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.copy_(other)
        self.n_averaged.add_(1)


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Make the running statistics of all batch norms anew: averages have activations that no batch norm has seen.

    Batches are tensors, or sequences of which the first is the input.
    """
    norms = [module for module in model.modules() if isinstance(module, BatchNorm1d | BatchNorm2d)]
    if not norms:
        return
    momenta, was_training = [norm.momentum for norm in norms], model.training
    model.train()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # every batch counts the same
    for batch in loader:
        x = batch[0] if isinstance(batch, list | tuple) else batch
        model(x if device is None else x.to(device))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the learning rate of now to `swa_lr` in `anneal_epochs`, along a line or half a cosine, where it stays."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be 'cos' or 'linear', but got {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: expected an integer anneal_epochs >= 0, but got {anneal_epochs!r}")
        for group, lr in zip(optimizer.param_groups, for_each_group(self, "swa_lr", optimizer, swa_lr), strict=True):
            group["swa_lr"] = lr
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _done(self, step: int) -> float:
        """How far the way to swa_lr is gone after a number of steps: from 0 to 1."""
        part = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return part if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * part)) / 2

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        step = self._step_count - 1 if self.anneal_epochs else max(1, self._step_count - 1)
        before, now = self._done(step - 1), self._done(step)
        result = []
        for group in self.optimizer.param_groups:
            lr, goal = float(group["lr"]), group["swa_lr"]
            start = goal if before == 1 else (lr - before * goal) / (1 - before)  # where this way would have begun
            result.append(goal * now + start * (1 - now))
        return result
