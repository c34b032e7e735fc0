"""NAdam: Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import Any, ClassVar

from ..backend import Array
from .flat import Run
from .kernels import Kernel, average_squares, move_towards, root
from .optimizer import Optimizer, Parameters
from .options import Group, given


class NAdam(Optimizer):
    """p ← p − lr·((1 − μₜ)/(1 − Πμ)·g + μₜ₊₁/(1 − Πμ·μₜ₊₁)·m)/(√v̂ + ε), where Πμ = μ₁μ₂…μₜ.

    m and v̂ are Adam's averages of g and g²; μₜ = β₁(1 − ½·0.96^(t·momentum_decay)) grows towards β₁.
    Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    """

    counters: ClassVar[dict[str, float]] = {"step": 0.0, "mu_product": 1.0}

    def __init__(
        self,
        params: Parameters,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        (beta1, beta2), step, lr = group["betas"], run.count("step"), float(group["lr"])
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (t * group["momentum_decay"])) for t in (step, step + 1))
        run.counters["mu_product"] *= mu
        product = run.count("mu_product")
        correction = (1 - beta2**step) ** 0.5  # as in Adam: it goes before the root
        of_gradient = lr * (1 - mu) / (1 - product) * correction
        of_average = lr * mu_next / (1 - product * mu_next) * correction
        eps = group["eps"] * correction

        def update(p: Array, g: Array, exp_avg: Array, exp_avg_sq: Array) -> None:
            move_towards(exp_avg, g, 1 - beta1)
            average_squares(exp_avg_sq, g, beta2)
            step = g * of_gradient
            step += exp_avg * of_average
            step /= root(exp_avg_sq, eps)
            p -= step

        return update
