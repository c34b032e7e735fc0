"""Pooling with a choice to make: by chance in training, and what that comes to on average in evaluation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

from ..backend import DType
from ..ops.creation import full
from ..ops.elementwise import sigmoid
from ..ops.random import rand_like
from ..ops.windows import Sizes, Windows, batched, listed
from ..tensor import Tensor
from . import functional as F
from .module import Module
from .parameter import Parameter

__all__ = ["MixedPool1d", "MixedPool2d", "StochasticPool1d", "StochasticPool2d"]


class _Windowed(Module):
    """What they share: windows, and how they are shown."""

    sides: ClassVar[int]

    def __init__(self, kernel_size: Sizes, stride: Sizes | None, padding: Sizes) -> None:
        super().__init__()
        name, sides = type(self).__name__, self.sides
        self.kernel_size = listed(name, "kernel_size", kernel_size, sides, 1)
        self.stride = self.kernel_size if stride is None else listed(name, "stride", stride, sides, 1)
        self.padding = listed(name, "padding", padding, sides, 0)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


# ---------------------------------------------------------------------------------------------- stochastic


def _drawn(activations: Tensor) -> Tensor:
    """One entry of each window: the first at which the running sum reaches a random share of the whole."""
    upto = activations.detach().cumsum(2)
    whole = upto[:, :, -1:]
    chosen = upto.lt((1 - rand_like(whole)) * whole).sum(2, keepdim=True)
    return activations.gather(2, chosen).squeeze(2)


def _expected(activations: Tensor) -> Tensor:
    """The mean of what might be drawn: Σ a · a/Σa."""
    whole = activations.sum(2)
    return (activations * activations).sum(2) / (whole + whole.eq(0))


class _StochasticPool(_Windowed):
    def __init__(self, kernel_size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        super().__init__(kernel_size, stride, padding)

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (self.sides + 1, self.sides + 2):
            shapes = "(C, L) or (N, C, L)" if self.sides == 1 else "(C, H, W) or (N, C, H, W)"
            raise RuntimeError(f"{type(self).__name__}: expected an input {shapes}, but got {input.shape}")
        if self.sides == 1:  # a signal is an image of height 1
            return batched(self._pooled, input.unsqueeze(-2), 4).squeeze(-2)
        return batched(self._pooled, input, 4)

    def _pooled(self, images: Tensor) -> Tensor:
        missing = 2 - self.sides
        kernel, stride = (1,) * missing + self.kernel_size, (1,) * missing + self.stride
        padding = (0,) * missing + self.padding
        columns = F.unfold(images.relu(), kernel, 1, padding, stride)
        activations = columns.unflatten(1, (images.shape[1], math.prod(kernel)))  # (N, C, taps, windows)
        pooled = _drawn(activations) if self.training else _expected(activations)
        along = [Windows.over(*side) for side in zip(images.shape[2:], kernel, stride, padding, strict=True)]
        return pooled.unflatten(2, [windows.count for windows in along])


class StochasticPool1d(_StochasticPool):
    """As `StochasticPool2d`, over signals (N, C, L) or (C, L)."""

    sides = 1


class StochasticPool2d(_StochasticPool):
    """One activation of each window, (N, C, H, W) to (N, C, H', W'), drawn with a chance in proportion to itself.

    In evaluation it is the mean that this comes to, Σ a² / Σ a. Activations below 0, and the padding, count as 0 and
    are never drawn; a window with nothing above 0 gives 0. Zeiler and Fergus, "Stochastic Pooling for Regularization of
    Deep Convolutional Neural Networks", 2013.

    >>> StochasticPool2d(2).eval()(Tensor([[[1.0, 3.0], [0.0, -5.0]]]))
    tensor([[[2.5000]]])
    """

    sides = 2


# ---------------------------------------------------------------------------------------------- mixed


class _MixedPool(_Windowed):
    maximum: ClassVar[Callable[..., Tensor]]
    average: ClassVar[Callable[..., Tensor]]
    logit: Tensor | None

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        share: float = 0.5,
        learnable: bool = False,
        num_parameters: int = 1,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        name = type(self).__name__
        if not 0 <= share <= 1 or learnable and share in (0, 1):
            bounds = "above 0 and below 1, as it is learnt" if learnable else "from 0 to 1"
            raise ValueError(f"{name}: expected a share of maxima {bounds}, but got {share}")
        self.share, self.learnable, self.num_parameters = share, learnable, num_parameters
        start = math.log(share / (1 - share)) if learnable else 0.0
        logit = Parameter(full((num_parameters,), start, device=device, dtype=dtype)) if learnable else None
        self.register_parameter("logit", logit)

    def forward(self, input: Tensor) -> Tensor:
        windows = self.kernel_size, self.stride, self.padding
        average = self.average(input, *windows)
        return average + (self.maximum(input, *windows) - average) * self._share_of_maxima(input)

    def _share_of_maxima(self, input: Tensor) -> Any:
        ones = (1,) * self.sides
        if self.logit is not None:
            return sigmoid(self.logit).reshape((-1, *ones))
        if not self.training:
            return self.share
        return input.new_empty((*input.shape[: -self.sides], *ones)).bernoulli_(self.share)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, share={self.share}" + (", learnable=True" if self.learnable else "")


class MixedPool1d(_MixedPool):
    """As `MixedPool2d`, over signals (N, C, L) or (C, L)."""

    maximum, average = staticmethod(F.max_pool1d), staticmethod(F.avg_pool1d)
    sides = 1


class MixedPool2d(_MixedPool):
    """share · maximum + (1 − share) · mean of every window, (N, C, H, W) to (N, C, H', W').

    In training, each channel of each sample takes the maxima with probability `share`, and otherwise the means; in
    evaluation it takes both by their shares (Yu et al., "Mixed Pooling for Convolutional Neural Networks", 2014, who
    then take the one more often drawn). If `learnable`, the share is a sigmoid of the parameter `logit`, at all times:
    one for all channels, or `num_parameters` of them (Lee, Gallagher and Tu, "Generalizing Pooling Functions", 2016).

    >>> MixedPool2d(2, share=0.25).eval()(Tensor([[[1.0, 2.0], [3.0, 6.0]]]))
    tensor([[[3.7500]]])
    """

    maximum, average = staticmethod(F.max_pool2d), staticmethod(F.avg_pool2d)
    sides = 2
