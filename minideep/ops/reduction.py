"""Reductions: many entries to one, over some dimensions or all."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import op, public
from ..backend import Array, DType
from ..tensor import Tensor

__all__ = ["mean", "sum"]

Dims = int | tuple[int, ...] | None


def expand_to(g: Any, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Any:
    """The gradient (or result) of a reduction stretched back over the dimensions it reduced."""
    if dim is not None and not keepdim:
        g = np.expand_dims(g, _sorted_axes(dim, len(shape)))
    return np.broadcast_to(g, shape)


def _sorted_axes(dim: Any, ndim: int) -> tuple[int, ...]:
    dims = dim if isinstance(dim, tuple | list) else (dim,)
    return tuple(d % ndim for d in dims) if ndim else ()


@op(
    numpy=[np.sum],
    input=lambda g, input_shape, dim, keepdim: expand_to(g, input_shape, dim, keepdim),
)
def sum(input: Array, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None) -> Array:
    """Σ x over `dim` (all dimensions if None); integers and booleans are summed as int64."""
    return np.sum(input, axis=dim, keepdims=keepdim, dtype=dtype)


@public(numpy=[np.mean])
def mean(input: Tensor, dim: Dims = None, keepdim: bool = False) -> Tensor:
    return sum(input, dim, keepdim) / input.numel()
