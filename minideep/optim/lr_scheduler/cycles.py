"""Schedulers that go up and down again, with momentum the other way: where steps are long, less of it is safer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..optimizer import Optimizer
from .scheduler import LRScheduler, Rates, assign, expect_optimizer, for_each_group, saved_function


class _Cycled(LRScheduler):
    """A scheduler of momentum, too, or where there is none of β₁."""

    use_beta1: bool

    def _begin_momentum(self, lowest: Any, highest: Any, last_epoch: int) -> tuple[list[float], list[float]]:
        """The bounds for each group; unless this goes on from an earlier epoch, the upper ones are set."""
        defaults, groups = self.optimizer.defaults, self.optimizer.param_groups
        if "momentum" not in defaults and "betas" not in defaults:
            raise ValueError(
                f"{type(self).__name__}: with cycle_momentum=True the optimizer must support momentum or beta1, which "
                f"{type(self.optimizer).__name__} does not; pass cycle_momentum=False"
            )
        self.use_beta1 = "betas" in defaults
        lows = for_each_group(self, "base_momentum", self.optimizer, lowest)
        highs = for_each_group(self, "max_momentum", self.optimizer, highest)
        if last_epoch == -1:
            for group, low, high in zip(groups, lows, highs, strict=True):
                group["base_momentum"], group["max_momentum"] = low, high
            self._set_momentum(highs)
        return lows, highs

    def _set_momentum(self, values: Sequence[float]) -> None:
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            if self.use_beta1:
                group["betas"] = (value, *group["betas"][1:])
            else:
                group["momentum"] = value


class CyclicLR(_Cycled):
    """From `base_lr` to `max_lr` in `step_size_up` batches and back in `step_size_down`, again and again.

    The height of a cycle stays (mode "triangular"), halves ("triangular2"), or is `gamma` to the number of batches
    ("exp_range"); `scale_fn` is one of your own, of the cycle or of the iteration, as `scale_mode` says.
    Smith, "Cyclical Learning Rates for Training Neural Networks", 2015.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = expect_optimizer(self, optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                f"CyclicLR: mode is invalid and scale_fn is None: expected triangular, triangular2 or exp_range, but "
                f"got {mode!r}"
            )
        base_lrs = for_each_group(self, "base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                assign(group, "lr", lr)
        self.max_lrs = for_each_group(self, "max_lr", optimizer, max_lr)
        self.total_size = float(step_size_up + (step_size_up if step_size_down is None else step_size_down))
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._begin_momentum(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The height of cycle or iteration x."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return float(0.5 ** (x - 1) if self.mode == "triangular2" else self.gamma**x)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle  # the part of the cycle that is over
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            self._set_momentum([high - (high - low) * height for low, high in bounds])
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer; of `scale_fn`, what `saved_function` can hold."""
        return {**super().state_dict(), "_scale_fn_custom": saved_function(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        function = self._scale_fn_custom
        super().load_state_dict(state_dict)
        self._scale_fn_custom = function
        if function is not None and state_dict["_scale_fn_custom"] is not None:
            function.__dict__.update(state_dict["_scale_fn_custom"])


class OneCycleLR(_Cycled):
    """One cycle: from max_lr/div_factor to `max_lr` and, for the rest of the steps, down to nearly 0.

    Up takes the part `pct_start` of all steps, `total_steps` or ``epochs * steps_per_epoch``; with `three_phase`, down
    to where it began takes as many. The end is lr₀/final_div_factor. Call `step` after every batch.
    Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates", 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = expect_optimizer(self, optimizer)
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: expected pct_start between 0 and 1, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy must be 'cos' or 'linear', but got {anneal_strategy!r}")
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        if last_epoch == -1:
            highs = for_each_group(self, "max_lr", optimizer, max_lr)
            for group, high in zip(optimizer.param_groups, highs, strict=True):
                start = high / div_factor
                group.update(initial_lr=start, max_lr=high, min_lr=start / final_div_factor)
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._begin_momentum(base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {self.last_epoch} is one too many: there are {self.total_steps} total steps"
            )
        phases = self._schedule_phases
        at = next((i for i, phase in enumerate(phases) if self.last_epoch <= phase["end_step"]), len(phases) - 1)
        start = phases[at - 1]["end_step"] if at else 0.0
        part = (self.last_epoch - start) / (phases[at]["end_step"] - start)

        def between(what: str) -> list[float]:
            ends = phases[at][f"start_{what}"], phases[at][f"end_{what}"]
            return [self._anneal(group[ends[0]], group[ends[1]], part) for group in self.optimizer.param_groups]

        if self.cycle_momentum:
            self._set_momentum(between("momentum"))
        return between("lr")

    def _anneal(self, start: float, end: float, part: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * part + start
        return end + (start - end) / 2 * (math.cos(math.pi * part) + 1)


def _total_steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is None and (epochs is None or steps_per_epoch is None):
        raise ValueError("OneCycleLR: expected either total_steps, or epochs and steps_per_epoch, but got neither")
    given = {"total_steps": total_steps}
    if total_steps is None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"OneCycleLR: expected a positive integer {name}, but got {value!r}")
    return math.prod(given.values())


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """Each phase by its last step, and between which options of a group it leads."""
    up = pct_start * total_steps - 1
    ends = [(up, "max_lr", "base_momentum")]
    if three_phase:
        ends.append((2 * up, "initial_lr", "max_momentum"))
    ends.append((total_steps - 1, "min_lr", "max_momentum"))
    phases, lr, momentum = [], "initial_lr", "max_momentum"
    for end_step, end_lr, end_momentum in ends:
        phases.append(
            {
                "end_step": end_step,
                "start_lr": lr,
                "end_lr": end_lr,
                "start_momentum": momentum,
                "end_momentum": end_momentum,
            }
        )
        lr, momentum = end_lr, end_momentum
    return phases
