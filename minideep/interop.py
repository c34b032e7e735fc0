"""Tensors for other libraries: einops takes them, as it takes arrays and PyTorch's tensors.

``einops.rearrange(images, "b c h w -> b (h w) c")``, `reduce`, `repeat`, `pack` and `einsum` work, gradients included.
einops finds this by itself: it looks through the subclasses of its backend class.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from einops._backends import AbstractBackend

from .ops.arrangement import cat, stack
from .ops.contraction import einsum
from .ops.creation import arange, from_numpy
from .tensor import Tensor

_REDUCTIONS = {"min": "amin", "max": "amax"}  # min and max along a dimension also say where


class MinideepBackend(AbstractBackend):
    """What einops asks of a library of tensors."""

    framework_name = "minideep"

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, Tensor)

    def from_numpy(self, x: np.ndarray) -> Tensor:
        return from_numpy(x)

    def to_numpy(self, x: Tensor) -> np.ndarray:
        return x.numpy(force=True)

    def arange(self, start: int, stop: int) -> Tensor:
        return arange(start, stop)

    def transpose(self, x: Tensor, axes: Sequence[int]) -> Tensor:
        return x.permute(*axes)

    def reduce(self, x: Tensor, operation: str, axes: Sequence[int]) -> Tensor:
        if operation == "prod":  # which takes one dimension at a time
            return functools.reduce(lambda y, axis: y.prod(axis), sorted(axes, reverse=True), x)
        return getattr(x, _REDUCTIONS.get(operation, operation))(dim=tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Tensor]) -> Tensor:
        return stack(tensors)

    def add_axis(self, x: Tensor, new_position: int) -> Tensor:
        return x.unsqueeze(new_position)

    def add_axes(self, x: Tensor, n_axes: int, pos2len: dict[int, int]) -> Tensor:
        """New axes of the given lengths: stretched, where other libraries copy."""
        sizes = [-1] * n_axes
        for position, length in pos2len.items():
            x = x.unsqueeze(position)
            sizes[position] = length
        return x.expand(sizes)

    def tile(self, x: Tensor, repeats: Sequence[int]) -> Tensor:
        return x.repeat(*repeats)

    def concat(self, tensors: Sequence[Tensor], axis: int) -> Tensor:
        return cat(tensors, axis)

    def is_float_type(self, x: Tensor) -> bool:
        return x.is_floating_point()

    def einsum(self, pattern: str, *x: Tensor) -> Tensor:
        return einsum(pattern, *x)
