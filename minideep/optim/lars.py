"""LARS: every layer moves by the same fraction of its own size, which lets batches be large."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..backend import Array
from .flat import Run
from .kernels import Kernel, add_scaled
from .optimizer import Optimizer, Parameters
from .options import Group, given


class LARS(Optimizer):
    """p ← p − lr·b with b ← momentum·b + q·d, where d = g + weight_decay·p and q = trust_coefficient·‖p‖/‖d‖.

    Norms are taken tensor by tensor; where one of them is 0, q is 1. Biases and the parameters of norms are left out of
    decay and scaling, as is usual, by a group of their own with ``weight_decay=0, trust_coefficient=0``, which stands
    for q = 1. You, Gitman and Ginsburg, "Large Batch Training of Convolutional Networks", 2017; in this form in
    SimCLR, BYOL and Barlow Twins.
    """

    counters: ClassVar[dict[str, float]] = {}
    needs_whole_tensors: ClassVar[bool] = True

    def __init__(
        self,
        params: Parameters,
        lr: Any = 1e-3,
        momentum: float = 0.9,
        weight_decay: float = 0,
        trust_coefficient: float = 1e-3,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, given(locals()))

    def slots(self, group: Group) -> dict[str, float]:
        return {"momentum_buffer": 0.0}

    def rule(self, group: Group, run: Run) -> Kernel:
        lr, momentum, trust = float(group["lr"]), group["momentum"], group["trust_coefficient"]

        def update(p: Array, g: Array, buffer: Array) -> None:
            buffer *= momentum
            buffer += g * trust_ratio(p, g, trust) if trust else g
            add_scaled(p, -lr, buffer)

        return update


def trust_ratio(p: Array, d: Array, trust: float) -> Array:
    """trust·‖p‖/‖d‖, or 1 where there is nothing to compare."""
    size, change = np.sqrt(np.dot(p, p)), np.sqrt(np.dot(d, d))
    return np.where(size * change > 0, trust * size / change, np.ones_like(size))
