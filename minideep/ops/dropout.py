"""Dropout: entries, or whole channels, set to 0 at random, and the others made larger, so that the mean stays.

Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014. There, p is the chance to
be kept; here, as in PyTorch, it is the chance to be dropped.
"""

from __future__ import annotations

from typing import Any

from ..autograd import op
from ..backend import Array, default_generator, float32, module_of
from ..tensor import Tensor
from .activation import expect_floats, with_inplace

__all__ = ["dropout", "dropout1d", "dropout2d"]


@op(name="dropout", method=False, input=lambda g, kept, factor: g * (kept.astype(g.dtype) * factor))
def _drop(input: Array, kept: Any, factor: float) -> Array:
    expect_floats("dropout", input)
    return input * (kept.astype(input.dtype) * factor)


def _dropped(name: str, input: Tensor, p: float, training: bool, ndim: int) -> Tensor:
    """The input with what lies at an index of its first `ndim` dimensions dropped as one."""
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: dropout probability has to be between 0 and 1, but got p={p}")
    if not training or p == 0:
        return input
    stream = default_generator(input.device).on(module_of(input.array))
    kept = stream.random((*input.shape[:ndim], *(1,) * (input.ndim - ndim)), dtype=float32) >= p
    return _drop(input, kept, 1 / (1 - p) if p < 1 else 0.0)


@with_inplace
def dropout(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """In training, x · 0 with probability p, and x / (1 − p) otherwise; x itself when not in training.

    >>> dropout(Tensor([1.0, 2.0]), 0.5, training=False)
    tensor([1., 2.])
    """
    return _dropped("dropout", input, p, training, input.ndim)


@with_inplace
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """`dropout` of whole channels of an input (samples, channels, length) or (channels, length)."""
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: expected an input of 2 or 3 dimensions, but got {input.shape}; dropout2d takes more"
        )
    return _dropped("dropout1d", input, p, training, input.ndim - 1)


@with_inplace
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True) -> Tensor:
    """`dropout` of whole channels of an input (samples, channels, …)."""
    if input.ndim < 2:
        raise RuntimeError(f"dropout2d: expected an input (samples, channels, …), but its shape is {input.shape}")
    return _dropped("dropout2d", input, p, training, 2)
