"""RMSprop: gradients divided by their recent size."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array
from .flat import Run
from .kernels import Kernel, add_scaled, average_squares, move_towards, root, subtract_ratio
from .optimizer import Optimizer, Parameters
from .options import Group, given


class RMSprop(Optimizer):
    """p ← p − lr·g/(√v + ε), where v is an exponential moving average of g², `centered`: of g, the variance.

    With `momentum` the step is −lr·b, where b ← momentum·b + g/(√v + ε).
    Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera, 2012; centred: Graves, "Generating Sequences With Recurrent
    Neural Networks", 2013.
    """

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def slots(self, group: Group) -> dict[str, float]:
        wanted = {"square_avg": True, "momentum_buffer": group["momentum"] > 0, "grad_avg": group["centered"]}
        return {name: 0.0 for name, is_wanted in wanted.items() if is_wanted}

    def rule(self, group: Group, run: Run) -> Kernel:
        lr, alpha, eps = float(group["lr"]), group["alpha"], group["eps"]
        momentum, centered = group["momentum"], group["centered"]

        def update(p: Array, g: Array, square_avg: Array, *others: Array) -> None:
            average_squares(square_avg, g, alpha)
            spread = square_avg
            if centered:
                average = others[-1]
                move_towards(average, g, 1 - alpha)
                spread = square_avg - average * average
            if not momentum:
                subtract_ratio(p, lr, g, root(spread, eps))
                return
            buffer, size = others[0], root(spread, eps)
            buffer *= momentum
            buffer += np.divide(g, size, out=size)
            add_scaled(p, -lr, buffer)

        return update
