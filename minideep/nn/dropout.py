"""Layers that leave something out at random in training: entries, channels, weights, or whole branches.

What stays is made larger, so that on average nothing changes; in evaluation nothing is left out. p is the chance to be
dropped.
"""

from __future__ import annotations

from typing import Any

from ..backend import DType
from ..tensor import Tensor
from . import functional as F
from .function_module import FunctionModule
from .linear import Linear
from .module import Module

__all__ = ["DropConnect", "DropPath", "Dropout", "Dropout1d", "Dropout2d"]


def _check_chance(name: str, p: float, argument: str = "p") -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"{name}: dropout probability has to be between 0 and 1, but got {argument}={p}")


# ---------------------------------------------------------------------------------------------- entries and channels


class _Dropout(FunctionModule):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        _check_chance(type(self).__name__, p)
        super().__init__(p=p, inplace=inplace)

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each entry by itself: x · 0 with probability p, and x / (1 − p) otherwise.

    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", 2014; their p is the chance
    to stay.
    """

    function = staticmethod(F.dropout)


class Dropout1d(_Dropout):
    """Whole channels of signals (N, C, L) or (C, L)."""

    function = staticmethod(F.dropout1d)


class Dropout2d(_Dropout):
    """Whole channels of images (N, C, H, W). Tompson et al., "Efficient Object Localization Using …", 2015."""

    function = staticmethod(F.dropout2d)


# ---------------------------------------------------------------------------------------------- weights


class DropConnect(Linear):
    """A `Linear` whose weights, and not its inputs, are dropped, and biases too: a drawing of its own for each sample.

    With ``per_sample=False`` one drawing serves the whole batch: far cheaper, as it stays one product of matrices.
    Evaluation takes the weights as they are, their mean. Wan et al., "Regularization of Neural Networks using
    DropConnect", 2013, who draw sums from a normal distribution of the same mean and variance then.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        p: float = 0.5,
        bias: bool = True,
        per_sample: bool = True,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        _check_chance("DropConnect", p)
        super().__init__(in_features, out_features, bias, device, dtype)
        self.p, self.per_sample = p, per_sample

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return super().forward(input)
        samples = input.shape[:-1] if self.per_sample else ()
        weight, bias = [
            None if x is None else F.dropout(x.expand((*samples, *x.shape)), self.p) for x in (self.weight, self.bias)
        ]
        if not samples:
            return F.linear(input, weight, bias)
        y = (weight @ input.unsqueeze(-1)).squeeze(-1)
        return y if bias is None else y + bias

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, p={self.p}, per_sample={self.per_sample}"


# ---------------------------------------------------------------------------------------------- branches


class DropPath(Module):
    """Stochastic depth: all of a sample (dimension 0) at once; at the end of a residual branch, that drops the branch.

    With ``scale_by_keep=False`` what stays is not made larger. Huang et al., "Deep Networks with Stochastic Depth",
    2016, who make branches smaller in evaluation instead; names and behaviour are those of the library timm.
    """

    def __init__(self, drop_prob: float = 0.0, scale_by_keep: bool = True) -> None:
        _check_chance("DropPath", drop_prob, "drop_prob")
        super().__init__()
        self.drop_prob, self.scale_by_keep = drop_prob, scale_by_keep

    def forward(self, input: Tensor) -> Tensor:
        if not self.training or self.drop_prob == 0:
            return input
        keep = 1 - self.drop_prob
        factors = input.new_empty((*input.shape[:1], *(1,) * (input.ndim - 1))).bernoulli_(keep)
        return input * (factors / keep if self.scale_by_keep and keep else factors)

    def extra_repr(self) -> str:
        return f"drop_prob={self.drop_prob:.3f}"
