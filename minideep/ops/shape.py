"""Changing the shape, the order of dimensions, and the arrangement; most results are views."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import op, public
from ..backend import Array
from ..tensor import Tensor

__all__ = ["broadcast_to", "reshape", "unsqueeze"]


@op(name="reshape", method=False, view=True, input=lambda g, input_shape: np.reshape(g, input_shape))
def _reshape(input: Array, shape: tuple[int, ...]) -> Array:
    return np.reshape(input, shape)


@public(numpy=[np.reshape])
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same entries in another shape, in which one side may be -1."""
    return _reshape(input, shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape)


@op(view=True, numpy=[np.broadcast_to], input=lambda g, input_shape: fit(g, input_shape))
def broadcast_to(input: Array, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(input, shape)


@op(view=True, numpy=[np.expand_dims], input=lambda g, input_shape: np.reshape(g, input_shape))
def unsqueeze(input: Array, dim: int) -> Array:
    return np.expand_dims(input, dim)


from ..autograd.operands import fit  # noqa: E402
