"""RAdam: Adam that waits until it knows the size of gradients well enough to divide by it."""

from __future__ import annotations

from typing import Any

from ..backend import Array
from .flat import Run
from .kernels import Kernel, add_scaled, average_squares, move_towards, root, subtract_ratio
from .optimizer import Optimizer, Parameters
from .options import Group, given


class RAdam(Optimizer):
    """p ← p − lr·r·m̂/(√v + ε)·√(1 − β₂ᵗ) as soon as the average v has seen enough; before, p ← p − lr·m̂.

    ρ is the number of gradients that v effectively averages, and r = √((ρ−4)(ρ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρ)) makes up for the
    variance of so few; it takes ρ > 5. Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2019.
    """

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def slots(self, group: Group) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def rule(self, group: Group, run: Run) -> Kernel:
        (beta1, beta2), eps, step = group["betas"], group["eps"], run.count("step")
        lr, unseen = float(group["lr"]) / (1 - beta1**step), 1 - beta2**step
        limit = 2 / (1 - beta2) - 1
        length = limit - 2 * step * beta2**step / unseen
        enough = length > 5
        if enough:
            lr *= ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length) * unseen) ** 0.5

        def update(p: Array, g: Array, exp_avg: Array, exp_avg_sq: Array) -> None:
            move_towards(exp_avg, g, 1 - beta1)
            average_squares(exp_avg_sq, g, beta2)
            if enough:
                subtract_ratio(p, lr, exp_avg, root(exp_avg_sq, eps))
            else:
                add_scaled(p, -lr, exp_avg)

        return update
