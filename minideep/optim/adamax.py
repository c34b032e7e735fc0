"""Adamax: Adam with the largest recent gradient in the place of the average of squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from .flat import Run
from .kernels import Kernel, move_towards
from .optimizer import Optimizer, Parameters
from .options import Group, given


class Adamax(Optimizer):
    """p ← p − lr/(1 − β₁ᵗ) · m/u, where m is an average of g, and u ← max(β₂u, |g| + ε).

    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014, section 7.1.
    """

    def __init__(
        self,
        params: Parameters,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def slots(self, group: Group) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    def rule(self, group: Group, run: Run) -> Kernel:
        (beta1, beta2), eps = group["betas"], group["eps"]
        lr = float(group["lr"]) / (1 - beta1 ** run.count("step"))

        def update(p: Array, g: Array, exp_avg: Array, exp_inf: Array) -> None:
            move_towards(exp_avg, g, 1 - beta1)
            size = np.absolute(g)
            size += eps
            exp_inf *= beta2
            np.maximum(exp_inf, size, out=exp_inf)
            np.divide(exp_avg, exp_inf, out=size)
            size *= lr
            p -= size

        return update
