"""LeNet-5: convolutions that learn what to look for in handwritten digits.

LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998; with averages for its trainable pooling,
every map of a layer seen by all of the next, and a linear last layer.
"""

from __future__ import annotations

from typing import Any

from .. import nn
from ..tensor import Tensor
from .registry import register

__all__ = ["LeNet5", "lenet5"]


class LeNet5(nn.Module):
    """Images (N, 1, 32, 32): digits of 28×28 with a border."""

    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.pool = nn.AvgPool2d(2)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(self.conv1(x).tanh())
        x = self.pool(self.conv2(x).tanh()).flatten(1)
        return self.fc3(self.fc2(self.fc1(x).tanh()).tanh())


@register("paper", 1998, input_size=(1, 32, 32))
def lenet5(**kwargs: Any) -> LeNet5:
    return LeNet5(**kwargs)
