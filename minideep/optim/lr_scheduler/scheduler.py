"""`LRScheduler`: what sets the learning rates of an optimizer, epoch after epoch.

Most schedulers come in two forms. `get_lr` is the chainable one: it works out the next learning rates from those of
now, so that schedulers can be combined, and a learning rate that the user has changed is respected. `closed_form` works
them out from the initial ones and the number of the epoch, to jump to an epoch.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType
from typing import Any

from ...tensor import Tensor
from ..optimizer import Optimizer
from ..options import Group

Rates = list[float]


class LRScheduler:
    """The base of all schedulers; make it after the optimizer, and call `step` once an epoch after the optimizer's.

    It counts epochs in `last_epoch`: with the default of -1 it starts at epoch 0. Another value goes on from there,
    with the "initial_lr" that a scheduler has left in the groups of an optimizer, and in its state dict.
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _last_lr: Rates

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = expect_optimizer(self, optimizer)
        if last_epoch == -1 and "initial_lr" not in optimizer.param_groups[0]:
            optimizer.stepped = False  # from now on it matters whether the optimizer or its first scheduler steps first
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", float(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: param_groups[{number}] has no 'initial_lr', which it takes to go on from "
                    f"last_epoch={last_epoch}; load the optimizer's state_dict first, or start with last_epoch=-1"
                )
        self.base_lrs = rates(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> Rates:
        """The learning rates of epoch `last_epoch`, from those before it."""
        raise NotImplementedError(
            f"{type(self).__name__}: write get_lr(), which returns a learning rate for each group"
        )

    def closed_form(self) -> Rates:
        """The learning rates of epoch `last_epoch`, from the initial ones."""
        return self.get_lr()

    def get_last_lr(self) -> Rates:
        """The learning rates of now, one for each group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Set the learning rates of the next epoch (or of `epoch`: an old way, from which PyTorch will part)."""
        if self._step_count == 1 and not self.optimizer.stepped:
            warnings.warn(
                f"{type(self).__name__}: lr_scheduler.step() was called before optimizer.step(), which leaves out the "
                "first learning rate; call optimizer.step() first",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warn_of_epoch(self)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._apply(self.get_lr if epoch is None else self.closed_form)

    def _apply(self, form: Callable[[], Sequence[float]]) -> None:
        """Set the learning rates that `get_lr` or `closed_form` works out."""
        self._get_lr_called_within_step = True
        try:
            values = form()
        finally:
            self._get_lr_called_within_step = False
        for group, value in zip(self.optimizer.param_groups, values, strict=True):
            assign(group, "lr", value)
        self._last_lr = rates(self.optimizer)

    def _warn_outside_step(self) -> None:
        """To be called by `get_lr`, which gives the learning rates after those of now when it is called by a user."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                f"{type(self).__name__}: to get the last learning rate computed, use get_last_lr() instead of get_lr()",
                stacklevel=3,
            )

    def state_dict(self) -> dict[str, Any]:
        """All attributes but the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`; the learning rates of now are in the optimizer's own."""
        self.__dict__.update(state_dict)


# ---------------------------------------------------------------------------------------------- shared by schedulers


def expect_optimizer(scheduler: object, optimizer: Any) -> Optimizer:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(scheduler).__name__}: expected an Optimizer, but got {type(optimizer).__name__}")
    return optimizer


def rates(optimizer: Optimizer, key: str = "lr") -> Rates:
    """An option of each group as a number."""
    return [float(group[key]) for group in optimizer.param_groups]


def assign(group: Group, key: str, value: float) -> None:
    """Set an option of a group; one that is a Tensor keeps its memory."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value)
    else:
        group[key] = value


def for_each_group(scheduler: object, name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for every group: the same, or one of as many."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, list | tuple):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(
            f"{type(scheduler).__name__}: {name} must have the same length as optimizer.param_groups, {groups}, but "
            f"has {len(value)} values"
        )
    return list(value)


def warn_of_epoch(scheduler: object) -> None:
    warnings.warn(
        f"{type(scheduler).__name__}: the epoch parameter of step() is an old way to jump to an epoch, and not needed; "
        "call step() without it",
        stacklevel=3,
    )


def saved_function(function: Any) -> dict[str, Any] | None:
    """What a state dict can hold of a function: the attributes of a callable object, of plain functions nothing."""
    return None if function is None or isinstance(function, FunctionType) else dict(function.__dict__)
