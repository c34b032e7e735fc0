"""Adagrad: steps that become shorter where gradients have been large."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.graph import make_tensor
from ..backend import Array
from .flat import Run
from .kernels import Kernel, root, subtract_ratio
from .optimizer import Optimizer, Parameters
from .options import Group, given


class Adagrad(Optimizer):
    """p ← p − lr/(1 + (t − 1)·lr_decay) · g/(√s + ε), where s is the sum of all g² so far.

    Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization", 2011.
    """

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(params, given(locals()))
        for group in self.param_groups:  # here, the state is there before the first step
            for p in group["params"]:
                values = np.full_like(p.array, group["initial_accumulator_value"])
                self.state[p] = {"step": make_tensor(np.zeros((), np.float32)), "sum": make_tensor(values)}

    def slots(self, group: Group) -> dict[str, float]:
        return {"sum": group["initial_accumulator_value"]}

    def rule(self, group: Group, run: Run) -> Kernel:
        lr = float(group["lr"]) / (1 + (run.count("step") - 1) * group["lr_decay"])
        eps = group["eps"]

        def update(p: Array, g: Array, total: Array) -> None:
            total += g * g
            subtract_ratio(p, lr, g, root(total, eps))

        return update
