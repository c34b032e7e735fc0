"""Modules that move entries and compute nothing: shapes, windows as columns, channels for pixels."""

from __future__ import annotations

from collections.abc import Sequence

from ..ops.shape import flatten
from ..ops.windows import Sizes
from ..tensor import Tensor
from . import functional as F
from .function_module import FunctionModule
from .module import Module

__all__ = ["Flatten", "Fold", "PixelShuffle", "PixelUnshuffle", "Unflatten", "Unfold"]


class Flatten(FunctionModule):
    """Dimensions `start_dim` to `end_dim` as one: (N, C, H, W) becomes (N, C·H·W)."""

    function = staticmethod(flatten)

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__(start_dim=start_dim, end_dim=end_dim)


class Unflatten(Module):
    """Dimension `dim` as several, of `unflattened_size`, one of which may be -1: undoes `Flatten`.

    >>> Unflatten(1, (2, 3))(Tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])).tolist()
    [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        if not isinstance(unflattened_size, tuple | list) or not all(isinstance(n, int) for n in unflattened_size):
            raise TypeError(f"Unflatten: unflattened_size must be a tuple of integers, but got {unflattened_size!r}")
        super().__init__()
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"


class Unfold(FunctionModule):
    """Every window of an image as a column: (N, C, H, W) becomes (N, C·kh·kw, number of windows)."""

    function = staticmethod(F.unfold)

    def __init__(self, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> None:
        super().__init__(kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride)


class Fold(FunctionModule):
    """Windows as columns, added up where they lie in an image: (N, C·kh·kw, number of windows) becomes (N, C, H, W).

    The adjoint of `Unfold`, not its inverse: an entry comes back as often as there are windows that hold it.
    """

    function = staticmethod(F.fold)

    def __init__(
        self, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
    ) -> None:
        super().__init__(
            output_size=output_size, kernel_size=kernel_size, dilation=dilation, padding=padding, stride=stride
        )


class PixelShuffle(FunctionModule):
    """(…, C·r², H, W) to (…, C, H·r, W·r): every r² channels become the r × r pixels of one.

    Shi et al., "Real-Time Single Image and Video Super-Resolution Using … Sub-Pixel Convolutional …", 2016.
    """

    function = staticmethod(F.pixel_shuffle)

    def __init__(self, upscale_factor: int) -> None:
        super().__init__(upscale_factor=upscale_factor)


class PixelUnshuffle(FunctionModule):
    """(…, C, H·r, W·r) to (…, C·r², H, W): undoes `PixelShuffle`."""

    function = staticmethod(F.pixel_unshuffle)

    def __init__(self, downscale_factor: int) -> None:
        super().__init__(downscale_factor=downscale_factor)
