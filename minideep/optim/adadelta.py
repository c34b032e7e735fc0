"""Adadelta: steps measured by the size of earlier steps, so that no learning rate needs to be chosen."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from .flat import Run
from .kernels import Kernel, add_scaled, average_squares
from .optimizer import Optimizer, Parameters
from .options import Group, given


class Adadelta(Optimizer):
    """p ← p − lr·d with d = √(u + ε)/√(v + ε) · g, where v is an average of all g², and u of all d² before this one.

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    """

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def slots(self, group: Group) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def rule(self, group: Group, run: Run) -> Kernel:
        lr, rho, eps = float(group["lr"]), group["rho"], group["eps"]

        def update(p: Array, g: Array, square_avg: Array, acc_delta: Array) -> None:
            average_squares(square_avg, g, rho)
            delta = acc_delta + eps
            delta /= square_avg + eps
            np.sqrt(delta, out=delta)
            delta *= g
            average_squares(acc_delta, delta, rho)
            add_scaled(p, -lr, delta)

        return update
