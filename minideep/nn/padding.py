"""Room around signals and images, filled in various ways. Negative numbers take entries away instead."""

from __future__ import annotations

from typing import ClassVar

from ..ops.windows import Sizes, listed
from ..tensor import Tensor
from . import functional as F
from .module import Module

__all__ = [
    "CircularPad1d", "CircularPad2d", "ConstantPad1d", "ConstantPad2d", "ReflectionPad1d", "ReflectionPad2d",
    "ReplicationPad1d", "ReplicationPad2d", "ZeroPad1d", "ZeroPad2d",
]  # fmt: skip


class _Pad(Module):
    """`padding` is (left, right), then (top, bottom); one number stands for all of them."""

    mode: ClassVar[str] = "constant"
    sides: ClassVar[int]
    value: float | None = None

    def __init__(self, padding: Sizes) -> None:
        super().__init__()
        self.padding = listed(type(self).__name__, "padding", padding, 2 * self.sides)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"{self.padding}"


# ---------------------------------------------------------------------------------------------- with a constant


class _ConstantPad(_Pad):
    def __init__(self, padding: Sizes, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """`value` at both ends of the last dimension.

    >>> ConstantPad1d((1, 2), 7.0)(Tensor([[1.0, 2.0]]))
    tensor([[7., 1., 2., 7., 7.]])
    """

    sides = 1


class ConstantPad2d(_ConstantPad):
    """`value` all around the last two dimensions."""

    sides = 2


class ZeroPad1d(_Pad):
    """0 at both ends of the last dimension."""

    sides = 1
    value = 0.0


class ZeroPad2d(_Pad):
    """0 all around the last two dimensions."""

    sides = 2
    value = 0.0


# ---------------------------------------------------------------------------------------------- with what is there


class ReflectionPad1d(_Pad):
    """Signals (C, L) or (N, C, L) mirrored at their first and last entries.

    >>> ReflectionPad1d(2)(Tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """

    mode, sides = "reflect", 1


class ReflectionPad2d(_Pad):
    """Images (C, H, W) or (N, C, H, W) mirrored at their outermost rows and columns."""

    mode, sides = "reflect", 2


class ReplicationPad1d(_Pad):
    """Signals (C, L) or (N, C, L) whose first and last entries are repeated."""

    mode, sides = "replicate", 1


class ReplicationPad2d(_Pad):
    """Images (C, H, W) or (N, C, H, W) whose outermost rows and columns are repeated."""

    mode, sides = "replicate", 2


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.sides + 1, self.sides + 2):
            shapes = "(C, L) or (N, C, L)" if self.sides == 1 else "(C, H, W) or (N, C, H, W)"
            raise ValueError(f"{type(self).__name__}: expected an input {shapes}, but its shape is {input.shape}")
        return super().forward(input)


class CircularPad1d(_CircularPad):
    """Signals (C, L) or (N, C, L) that go on from the other end.

    >>> CircularPad1d((1, 2))(Tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 1., 2., 3., 1., 2.]])
    """

    sides = 1


class CircularPad2d(_CircularPad):
    """Images (C, H, W) or (N, C, H, W) on a torus: each row and column goes on from its other end."""

    sides = 2
