"""Entry by entry, of three: which of two, what lies within limits, what lies between, sums with products."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import methods, op, public
from ..autograd.operands import fit, result_type
from ..backend import Array, bool_
from ..tensor import Tensor
from .elementwise import add, div, mul

__all__ = ["addcdiv", "addcmul", "clamp", "clip", "lerp", "where"]


def _within(x: Any, low: Any, high: Any) -> Any:
    if low is None or high is None:
        return x <= high if low is None else x >= low
    return (x >= low) & (x <= high)


@op(
    promotes=True,
    numpy=[np.clip],
    input=lambda g, input, min, max: g * _within(input, min, max),
    min=lambda g, input, min, max: g * (input < min if max is None else (input < min) & (min < max)),
    max=lambda g, input, min, max: g * (input > max if min is None else (input > max) | (max < min)),
)
def clamp(input: Array, min: Array | None = None, max: Array | None = None) -> Array:
    """min(max(input, min), max), where each end is a number, a tensor, or left open (None)."""
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of 'min' and 'max' must be given")
    if input.dtype.kind == "f":  # NumPy takes a third of the time where there are two ends
        min, max = -math.inf if min is None else min, math.inf if max is None else max
    return input.clip(min, max)


@op(
    method=False,
    name="where",
    input=lambda g, condition, input_shape: fit(np.where(condition, g, 0), input_shape),
    other=lambda g, condition, other_shape: fit(np.where(condition, 0, g), other_shape),
)
def _where(condition: Array, input: Array | float, other: Array | float) -> Array:
    return np.where(condition, input, other)


@public(method=False, numpy=[np.where])
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where `condition` holds, `other` elsewhere; with a condition alone, the indices where it holds.

    >>> where(Tensor([1.0, -2.0]) > 0, Tensor([3.0, 4.0]), 0)
    tensor([3., 0.])
    """
    if (kind := getattr(condition, "dtype", type(condition).__name__)) != bool_:
        raise RuntimeError(f"where: expected a boolean condition, but got {kind}; compare first, as in x > 0")
    if input is None and other is None:
        return condition.nonzero(as_tuple=True)
    if getattr(input, "dtype", None) is not getattr(other, "dtype", 0):
        dtype = result_type(input, other)
        input, other = [x.to(dtype) if isinstance(x, Tensor) else x for x in (input, other)]
        if not isinstance(input, Tensor) and not isinstance(other, Tensor):  # numbers alone: the first becomes a tensor
            input = np.full_like(getattr(condition, "array", condition), input, dtype, shape=())
    return _where(condition, input, other)


@op(
    promotes=True,
    input=lambda g, weight: g * (1 - weight),
    end=lambda g, weight: g * weight,
    weight=lambda g, input, end: g * (end - input),
)
def lerp(input: Array, end: Array, weight: Array) -> Array:
    """input + weight · (end − input), computed from the nearer end."""
    gap = end - input
    from_input, from_end = input + weight * gap, end - (1 - weight) * gap
    if isinstance(weight, int | float):
        return from_input if -0.5 < weight < 0.5 else from_end
    return np.where(np.absolute(weight) < 0.5, from_input, from_end)


@public()
def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value · tensor1 · tensor2."""
    return add(input, mul(tensor1, tensor2), alpha=value)


@public()
def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value · tensor1 / tensor2."""
    return add(input, div(tensor1, tensor2), alpha=value)


clip = clamp
methods |= {"clip": clamp, "where": lambda self, condition, other: where(condition, self, other)}
