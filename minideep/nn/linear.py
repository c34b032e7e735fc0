"""The linear layer, and the layer that does nothing."""

from __future__ import annotations

import math
from typing import Any

from ..backend import DType
from ..ops.creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Identity", "Linear"]


def spread_by_fan_in(weight: Tensor, bias: Tensor | None) -> None:
    """Draw both evenly between ±1/√fan_in, PyTorch's default. Inputs of variance 1 give results of variance 1/3.

    The fan-in is how many products each result is a sum of: all sides of the weight but the first, multiplied.
    """
    fan_in = math.prod(weight.shape[1:])
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    for parameter in (weight, bias):
        if parameter is not None:
            init.uniform_(parameter, -bound, bound)


class Linear(Module):
    """``input @ weight.T + bias``: (*, in_features) becomes (*, out_features).

    >>> Linear(20, 30)(Tensor([[0.0] * 20])).shape
    (1, 30)
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(empty(out_features, in_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        spread_by_fan_in(self.weight, self.bias)

    def forward(self, input: Tensor) -> Tensor:
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class Identity(Module):
    """The input as it is, whatever the arguments: takes the place of a module that is not wanted.

    >>> Identity(54, unused=True)(3)
    3
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input
