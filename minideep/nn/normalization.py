"""Normalization of rows, of groups of channels, and of vectors. (Of single channels: `batch_norm`.)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..backend import DType
from ..ops.creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .function_module import FunctionModule
from .module import Module
from .parameter import Parameter

__all__ = ["CosineSimilarity", "GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class Affine(Module):
    """The parameters that norms have in common: a weight that starts as 1 and a bias that starts as 0, or neither."""

    weight: Tensor | None
    bias: Tensor | None

    def _make_parameters(
        self, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: DType | None
    ) -> None:
        for name, wanted in (("weight", weight), ("bias", weight and bias)):
            self.register_parameter(name, Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


# ---------------------------------------------------------------------------------------------- rows


def _row_shape(normalized_shape: int | Sequence[int]) -> tuple[int, ...]:
    return (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)


class LayerNorm(Affine):
    """(x − mean) / √(variance + eps) · weight + bias, with the mean and variance of each row.

    Rows are the last dimensions, those of `normalized_shape`, which is the shape of weight and bias, too.
    Ba, Kiros and Hinton, "Layer Normalization", 2016.

    >>> LayerNorm(2, elementwise_affine=False)(Tensor([[1.0, 3.0], [10.0, 50.0]]))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _row_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._make_parameters(self.normalized_shape, elementwise_affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        return f"{self.normalized_shape}, eps={self.eps}, {affine}"


class RMSNorm(Affine):
    """x / √(mean of x² + eps) · weight, with the mean of each row: a `LayerNorm` that takes no mean away.

    By default, `eps` is the smallest number that the dtype can add to 1. Zhang and Sennrich, "Root Mean Square Layer
    Normalization", 2019.
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _row_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self._make_parameters(self.normalized_shape, elementwise_affine, False, device, dtype)

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


# ---------------------------------------------------------------------------------------------- groups of channels


class GroupNorm(Affine):
    """(x − mean) / √(variance + eps) · weight + bias for each of `num_groups` groups of channels of each sample.

    Inputs are (N, num_channels, …), weight and bias (num_channels,). Wu and He, "Group Normalization", 2018.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_channels must be divisible by num_groups, but got {num_channels} and {num_groups}"
            )
        super().__init__()
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self._make_parameters((num_channels,), affine, bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        affine = f"affine={self.affine}, bias={self.bias is not None}"
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, {affine}"


# ---------------------------------------------------------------------------------------------- no parameters


class LocalResponseNorm(FunctionModule):
    """x / (k + alpha · mean of x² over the `size` channels around it)ᵝᵉᵗᵃ.

    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012.
    """

    function = staticmethod(F.local_response_norm)

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__(size=size, alpha=alpha, beta=beta, k=k)

    def extra_repr(self) -> str:
        return super().extra_repr().removeprefix("size=")


class CosineSimilarity(FunctionModule):
    """x1 · x2 / (‖x1‖ · ‖x2‖) for the vectors along `dim`; norms below `eps` count as `eps`."""

    function = staticmethod(F.cosine_similarity)
    not_shown = ("dim", "eps")

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__(dim=dim, eps=eps)
