"""Normalization of vectors by their length, and of channels by their neighbours."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from ..autograd import public
from ..autograd.operands import dimension, result_type
from ..backend import float16, float32
from ..tensor import Tensor
from .arrangement import cat
from .reduction import norm
from .shape import broadcast_tensors

__all__ = ["cosine_similarity", "local_response_norm", "normalize"]


@public(method=False)
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha · mean of x² over the `size` channels around it)ᵝᵉᵗᵃ.

    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012.
    """
    if input.ndim < 3:
        raise ValueError(f"local_response_norm: expected an input of 3 dimensions or more, but got {input.shape}")
    if size <= 0:
        raise RuntimeError(f"local_response_norm: expected a size above 0, but got {size}")
    samples, channels, *sides = input.shape
    before, after = [input.new_zeros((samples, n, *sides)) for n in (size // 2, (size - 1) // 2)]
    squares = cat([before, input * input, after], 1)
    around = functools.reduce(operator.add, [squares.narrow(1, i, channels) for i in range(size)])
    return input / (around * (alpha / size) + k) ** beta


@public(method=False)
def normalize(input: Tensor, p: float = 2.0, dim: int | Sequence[int] = 1, eps: float = 1e-12) -> Tensor:
    """x / ‖x‖ₚ for the vectors along `dim`; those of a norm below `eps` are divided by that.

    >>> normalize(Tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    x = input.to(float32) if input.dtype == float16 else input
    return (x / norm(x, p, dim, keepdim=True).clamp(min=eps)).to(input.dtype)


@public(method=False)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 · x2 / (‖x1‖ · ‖x2‖) for the vectors along `dim`: the cosine of their angle. Norms below `eps` count as `eps`.

    >>> cosine_similarity(Tensor([[1.0, 0.0]]), Tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    dtype = result_type(x1, x2)
    if dtype.kind != "f":
        raise RuntimeError(f"cosine_similarity: expected tensors of floats, but got {x1.dtype} and {x2.dtype}")
    x1, x2 = broadcast_tensors(x1.to(dtype), x2.to(dtype))
    axis = dimension("cosine_similarity", dim, x1.ndim)
    return (normalize(x1, dim=axis, eps=eps) * normalize(x2, dim=axis, eps=eps)).sum(axis)
