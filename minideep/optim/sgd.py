"""Stochastic gradient descent, with momentum if wanted."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..backend import Array
from .flat import Run
from .kernels import Kernel, add_scaled
from .optimizer import Optimizer, Parameters
from .options import Group, given


class SGD(Optimizer):
    """p ← p − lr·b, where b ← momentum·b + (1 − dampening)·g; b is g at the first step, and without momentum always.

    With `nesterov`, the step is along g + momentum·b: as if the gradient were taken where momentum leads to.
    Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning", 2013.

    >>> import minideep
    >>> p = minideep.ones(1, requires_grad=True)
    >>> optimizer = SGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.detach()
    tensor([0.8000])
    """

    counters: ClassVar[dict[str, float]] = {}

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                f"SGD: nesterov momentum requires momentum > 0 and dampening 0, but got momentum={momentum} and "
                f"dampening={dampening}"
            )
        super().__init__(params, given(locals()))

    def slots(self, group: Group) -> dict[str, float]:
        return {"momentum_buffer": 0.0} if group["momentum"] else {}

    def rule(self, group: Group, run: Run) -> Kernel:
        lr, momentum, nesterov = float(group["lr"]), group["momentum"], group["nesterov"]
        if not momentum:
            return lambda p, g: np.subtract(p, g * lr, out=p)
        weight = 1 if run.fresh else 1 - group["dampening"]

        def update(p: Array, g: Array, buffer: Array) -> None:
            buffer *= momentum
            add_scaled(buffer, weight, g)
            if nesterov:
                ahead = buffer * momentum
                ahead += g
            add_scaled(p, -lr, ahead if nesterov else buffer)

        return update
