"""What updates are made of: arithmetic on flat arrays in place, with one temporary at most."""

from __future__ import annotations

import numpy as np

from ..backend import Array


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
