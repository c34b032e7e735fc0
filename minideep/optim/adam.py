"""Adam and AdamW: steps along an average of the gradients, divided by their recent size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..backend import Array
from .flat import Run
from .kernels import Kernel, average_squares, move_towards, root, subtract_ratio
from .optimizer import Optimizer, Parameters
from .options import Group, given


class Adam(Optimizer):
    """p ← p − lr·m̂/(√v̂ + ε), where m̂ = m/(1 − β₁ᵗ) and v̂ = v/(1 − β₂ᵗ) are averages of g and g².

    m ← β₁m + (1 − β₁)g and v ← β₂v + (1 − β₂)g² begin with 0, which the divisions make up for. With `amsgrad`, v̂ is
    made of the largest v so far.
    Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2014; Reddi, Kale and Kumar, "On the Convergence of
    Adam and Beyond", 2018.

    >>> import minideep
    >>> p = minideep.ones(2, requires_grad=True)
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * minideep.tensor([2.0, 0.001])).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.9000, 0.9000])
    """

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def slots(self, group: Group) -> dict[str, float]:
        return dict.fromkeys(("exp_avg", "exp_avg_sq") + ("max_exp_avg_sq",) * group["amsgrad"], 0.0)

    def rule(self, group: Group, run: Run) -> Kernel:
        (beta1, beta2), step = group["betas"], run.count("step")
        # With r = √(1 − β₂ᵗ), m/(√v/r + ε) is r·m/(√v + r·ε): one pass less.
        correction = math.sqrt(1 - beta2**step)
        lr, eps = float(group["lr"]) * correction / (1 - beta1**step), group["eps"] * correction

        def update(p: Array, g: Array, exp_avg: Array, exp_avg_sq: Array, largest: Array | None = None) -> None:
            move_towards(exp_avg, g, 1 - beta1)
            average_squares(exp_avg_sq, g, beta2)
            if largest is not None:
                np.maximum(largest, exp_avg_sq, out=largest)
            subtract_ratio(p, lr, exp_avg, root(exp_avg_sq if largest is None else largest, eps))

        return update


class AdamW(Adam):
    """`Adam` with weight decay apart from the gradient: p ← p − lr·weight_decay·p before each step.

    Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2017.
    """

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(**given(locals()), params=params, decoupled_weight_decay=True)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """As Adam's; the decay stays decoupled, whatever wrote the state."""
        super().load_state_dict(state_dict)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
