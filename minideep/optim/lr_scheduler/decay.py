"""Schedulers that multiply the learning rate by a factor, at every epoch or at some."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler, Rates, rates, saved_function

Factor = Callable[[int], float]  # of the epoch


class Decay(LRScheduler):
    """A scheduler that says how the learning rate changes from one epoch to the next, and since the beginning."""

    def change(self) -> float:
        """What the learning rate of the epoch before is multiplied by."""
        raise NotImplementedError(f"{type(self).__name__}: write change()")

    def total(self) -> float:
        """What the initial learning rate is multiplied by."""
        raise NotImplementedError(f"{type(self).__name__}: write total()")

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        change = self.change()
        return [lr * change for lr in rates(self.optimizer)]

    def closed_form(self) -> Rates:
        total = self.total()
        return [lr * total for lr in self.base_lrs]


class StepLR(Decay):
    """Times `gamma` every `step_size` epochs: lr = lr₀·gamma^⌊t/step_size⌋."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        return self.gamma if self.last_epoch and self.last_epoch % self.step_size == 0 else 1.0

    def total(self) -> float:
        return self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(Decay):
    """Times `gamma` at each of the `milestones`."""

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        return self.gamma ** self.milestones[self.last_epoch]

    def total(self) -> float:
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), self.last_epoch)


class ExponentialLR(Decay):
    """Times `gamma` at every epoch: lr = lr₀·gammaᵗ."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        return 1.0 if self._is_initial else self.gamma

    def total(self) -> float:
        return self.gamma**self.last_epoch


class ConstantLR(Decay):
    """Times `factor` until epoch `total_iters`, from when on it is as if nothing had been."""

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError(f"ConstantLR: expected factor between 0 and 1, but got {factor}")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        if self.last_epoch == 0:
            return self.factor
        return 1 / self.factor if self.last_epoch == self.total_iters else 1.0

    def total(self) -> float:
        return 1.0 if self.last_epoch >= self.total_iters else self.factor


class LinearLR(Decay):
    """A factor that goes from `start_factor` to `end_factor` in `total_iters` equal steps, and stays there."""

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(
                f"LinearLR: expected start_factor greater than 0 and at most 1, but got {start_factor}; to start from "
                "0, take LinearWarmupLR"
            )
        if not 0 <= end_factor <= 1:
            raise ValueError(f"LinearLR: expected end_factor between 0 and 1, but got {end_factor}")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        climb = self.end_factor - self.start_factor
        return 1 + climb / (self.total_iters * self.start_factor + (self.last_epoch - 1) * climb)

    def total(self) -> float:
        done = min(self.total_iters, self.last_epoch) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class PolynomialLR(Decay):
    """lr = lr₀·(1 − t/total_iters)^power, until it is 0."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def change(self) -> float:
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1.0
        left, before = self.total_iters - self.last_epoch, self.total_iters - self.last_epoch + 1
        return (left / before) ** self.power

    def total(self) -> float:
        return (1 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power


# ---------------------------------------------------------------------------------------------- by functions


class _ByFunctions(LRScheduler):
    """A scheduler with a function of the epoch for each group."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor], last_epoch: int = -1) -> None:
        groups = len(optimizer.param_groups)
        functions = list(lr_lambda) if isinstance(lr_lambda, list | tuple) else [lr_lambda] * groups
        if len(functions) != groups:
            raise ValueError(
                f"{type(self).__name__}: expected {groups} lr_lambdas, one for each group, but got {len(functions)}"
            )
        for function in functions:
            if not callable(function):
                raise TypeError(
                    f"{type(self).__name__}: lr_lambda should be a function of the epoch, but got "
                    f"{type(function).__name__}"
                )
        self.lr_lambdas: list[Any] = functions
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of the functions, what `saved_function` can hold."""
        return {**super().state_dict(), "lr_lambdas": [saved_function(f) for f in self.lr_lambdas]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        functions = self.lr_lambdas
        super().load_state_dict(state_dict)
        self.lr_lambdas = functions
        for function, attributes in zip(functions, state_dict["lr_lambdas"], strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)


class LambdaLR(_ByFunctions):
    """lr = lr₀·lr_lambda(t)

    >>> from minideep import ones, optim
    >>> optimizer = optim.SGD([ones(1)], lr=0.1)
    >>> scheduler = LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
    >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
    [0.05]
    """

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        return [lr * f(self.last_epoch) for lr, f in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(_ByFunctions):
    """The learning rate of the epoch before, times lr_lambda(t)."""

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        now = rates(self.optimizer)
        if self._is_initial:
            return now
        return [lr * f(self.last_epoch) for lr, f in zip(now, self.lr_lambdas, strict=True)]


class LinearWarmupLR(LRScheduler):
    """lr = lr₀·t/warmup_steps until it is lr₀; to be followed by another scheduler, in a `SequentialLR`.

    Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017.
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: int, last_epoch: int = -1) -> None:
        if warmup_steps <= 0:
            raise ValueError(f"LinearWarmupLR: expected warmup_steps > 0, but got {warmup_steps}")
        self.warmup_steps = warmup_steps
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        return [lr * min(1.0, self.last_epoch / self.warmup_steps) for lr in self.base_lrs]
