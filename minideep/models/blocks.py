"""What several families are built of."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .. import nn
from ..nn import init
from ..tensor import Tensor

Layer = Callable[..., nn.Module]


def make_divisible(value: float, divisor: int = 8, min_value: int | None = None) -> int:
    """The multiple of `divisor` next to `value`, but never less than 90 % of it.

    >>> make_divisible(32 * 1.4), make_divisible(11)
    (48, 16)
    """
    nearest = max(min_value or divisor, int(value + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * value else nearest + divisor


# ---------------------------------------------------------------------------------------------- convolutions


class Conv2dNormActivation(nn.Sequential):
    """A convolution, its norm and its activation, the last two unless None; at stride 1 the image keeps its size.

    The convolution has a bias of its own only where no norm follows.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        padding: int | None = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm2d,
        activation_layer: Layer | None = nn.ReLU,
        dilation: int = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        padding = (kernel_size - 1) // 2 * dilation if padding is None else padding
        bias = norm_layer is None if bias is None else bias
        layers: list[nn.Module] = [
            nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        ]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer() if inplace is None else activation_layer(inplace=inplace))
        super().__init__(*layers)
        self.out_channels = out_channels


class SqueezeExcitation(nn.Module):
    """x · gate(fc2(activation(fc1(mean of x over the pixels)))): a factor for each channel, found by looking at all.

    Hu, Shen and Sun, "Squeeze-and-Excitation Networks", 2018.
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Layer = nn.ReLU,
        scale_activation: Layer = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation, self.scale_activation = activation(), scale_activation()

    def forward(self, input: Tensor) -> Tensor:
        scale = self.fc2(self.activation(self.fc1(self.avgpool(input))))
        return self.scale_activation(scale) * input


# ---------------------------------------------------------------------------------------------- inverted residuals


def inverted_layers(
    in_channels: int,
    expanded_channels: int,
    out_channels: int,
    kernel_size: int,
    stride: int,
    norm_layer: Layer,
    activation_layer: Layer,
    squeeze: nn.Module | None = None,
    dilation: int = 1,
) -> list[nn.Module]:
    """A 1×1 convolution that expands, one that filters each channel by itself, and a linear 1×1 that projects.

    There is no expansion where it would change nothing; before the projection there may be a `squeeze`.
    """
    if stride not in (1, 2):
        raise ValueError(f"InvertedResidual: stride should be 1 or 2, but got {stride}")
    both: dict[str, Any] = {"norm_layer": norm_layer, "activation_layer": activation_layer}
    layers: list[nn.Module] = []
    if expanded_channels != in_channels:
        layers.append(Conv2dNormActivation(in_channels, expanded_channels, 1, **both))
    depthwise = {"groups": expanded_channels, "dilation": dilation, **both}
    layers.append(Conv2dNormActivation(expanded_channels, expanded_channels, kernel_size, stride, **depthwise))
    if squeeze is not None:
        layers.append(squeeze)
    layers.append(
        Conv2dNormActivation(expanded_channels, out_channels, 1, norm_layer=norm_layer, activation_layer=None)
    )
    return layers


class Residual(nn.Module):
    """``x + block(x)``, or the block alone where it changes the shape.

    With `drop_prob`, training drops the block for that share of the samples.
    """

    def __init__(self, block: nn.Module, has_shortcut: bool, drop_prob: float = 0.0) -> None:
        super().__init__()
        self.block, self.use_res_connect = block, has_shortcut
        self.stochastic_depth = nn.DropPath(drop_prob)

    def forward(self, input: Tensor) -> Tensor:
        result = self.block(input)
        return self.stochastic_depth(result) + input if self.use_res_connect else result


# ---------------------------------------------------------------------------------------------- first values


def init_weights(model: nn.Module, linear: Callable[[nn.Linear], Any], within_group: bool = False) -> None:
    """Convolutions normal with variance 2 / fan_out, linear layers as told, and all biases 0.

    TensorFlow's fan_out counts all output channels; `within_group`, as is right, those that see the same input.
    """
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * math.prod(module.kernel_size) // (module.groups if within_group else 1)
            init.normal_(module.weight, 0, math.sqrt(2 / fan_out))
        elif isinstance(module, nn.Linear):
            linear(module)
        else:
            continue
        zero_bias(module)


def zero_bias(layer: nn.Conv2d | nn.Linear) -> None:
    """Make the bias 0, if there is one."""
    if layer.bias is not None:
        init.zeros_(layer.bias)


def normal_linear(layer: nn.Linear) -> None:
    """Weights normal, with standard deviation 0.01."""
    init.normal_(layer.weight, 0, 0.01)


def uniform_linear(layer: nn.Linear) -> None:
    """Weights evenly between ±1/√(out_features)."""
    bound = 1 / math.sqrt(layer.out_features)
    init.uniform_(layer.weight, -bound, bound)
