"""What updates are made of: arithmetic on flat arrays in place, with one temporary at most."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..backend import Array
from .options import Group

Kernel = Callable[..., None]  # (p, g, *state): changes parameters and state, which are flat arrays, in place


def add_scaled(x: Array, factor: float, y: Array) -> None:
    """x ← x + factor·y"""
    x += y * factor if factor != 1 else y


def move_towards(x: Array, y: Array, weight: float) -> None:
    """x ← x + weight·(y − x), an exponential moving average of y."""
    change = y - x
    change *= weight
    x += change


def average_squares(x: Array, y: Array, beta: float) -> None:
    """x ← β·x + (1 − β)·y²"""
    square = y * y
    square *= 1 - beta
    x *= beta
    x += square


def root(x: Array, eps: float) -> Array:
    """√x + ε"""
    result = np.sqrt(x)
    result += eps
    return result


def subtract_ratio(p: Array, factor: float, numerator: Array, denominator: Array) -> None:
    """p ← p − factor·numerator/denominator, in the memory of the denominator."""
    np.divide(numerator, denominator, out=denominator)
    denominator *= factor
    p -= denominator


def with_decay(kernel: Kernel, group: Group) -> Kernel:
    """The kernel with what all optimizers share before it: the sign of the gradient, and weight decay.

    Decay is a part of the gradient, g + λp, or if decoupled (AdamW) a shrinking of the parameters by lr·λ.
    """
    maximize, decay = group.get("maximize", False), float(group.get("weight_decay", 0))
    if not maximize and not decay:
        return kernel
    decoupled = group.get("decoupled_weight_decay", False)
    shrunk = 1 - float(group["lr"]) * decay

    def update(p: Array, g: Array, *state: Array) -> None:
        if maximize:
            g = -g
        if decay and decoupled:
            p *= shrunk
        elif decay:
            decayed = p * decay
            decayed += g
            g = decayed
        kernel(p, g, *state)

    return update
