"""Normalization of channels: batch, group and instance norm, which differ in what means are taken over.

The kernels see an input as (samples, groups, channels of a group, entries of a channel). For batch norm every channel
is a group, and means are taken over the samples too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import op, public
from ..backend import Array, widened
from ..parallel import blocks, share
from ..sums import dots, total
from ..tensor import Tensor
from .activation import expect_floats
from .layer_norm import are_near_zero, check_parameters

__all__ = ["batch_norm", "group_norm", "instance_norm"]

_SHORT = 256  # entries: NumPy has a cost for each run of entries that share a number, and this is the work of as many

# ---------------------------------------------------------------------------------------------- kernels


def _in_groups(x: Any, groups: int) -> Any:
    samples, channels, *sides = x.shape
    return x.reshape((samples, groups, channels // max(groups, 1), math.prod(sides)))


def _pooled(sums: Array, over_samples: bool) -> Array:
    return sums.sum(axis=0, keepdims=True) if over_samples else sums


def _spread(numbers: Array, x: Array) -> Array:
    """Numbers of groups or channels of x; written out for every entry where they are for short runs of entries."""
    run = math.prod(x.shape[2:]) if numbers.shape[2] == 1 else x.shape[3]
    if run == 1 or run >= _SHORT:
        return numbers
    whole = np.empty_like(x, shape=(len(numbers), *x.shape[1:]))
    whole[...] = numbers
    return whole


def _of(numbers: Array, part: slice) -> Array:
    """Numbers for a part of the samples, or those that all samples share."""
    return numbers if len(numbers) == 1 else numbers[part]


def _products(a: Array, b: Array) -> Array:
    """Σ a·b over the entries of each channel."""
    return dots(a, b)[..., None] if a.shape[3] >= _SHORT else total(a * b, (3,), keepdims=True)


def _moments(x: Array, over_samples: bool) -> tuple[Array, Array, int]:
    """Mean and variance of each group, and of how many entries they are."""
    count = math.prod(x.shape[2:]) * (len(x) if over_samples else 1)
    sums, squares = [np.empty_like(x, shape=(*x.shape[:2], 1, 1)) for _ in range(2)]

    def add_up(part: slice) -> None:
        sums[part] = total(x[part], (2, 3), keepdims=True)
        squares[part] = _products(x[part], x[part]).sum(axis=2, keepdims=True)

    def add_up_from_mean(part: slice) -> None:
        centred = x[part] - _of(means, part)
        squares[part] = _products(centred, centred).sum(axis=2, keepdims=True)

    parts = blocks(x)
    share(add_up, parts)
    mean = _pooled(sums, over_samples) / count
    variance = _pooled(squares, over_samples) / count - mean * mean
    if not are_near_zero(mean, variance):
        means = _spread(mean, x)
        share(add_up_from_mean, parts, long_runs=True)
        variance = _pooled(squares, over_samples) / count
    return mean, variance, count


def _plain_channel_norm(
    input: Any, groups: int, over_samples: bool, eps: float, mean: Array, scale: Array, weight: Any, bias: Any
) -> Any:
    x = _in_groups(input, groups)
    dims = (0, 2, 3) if over_samples else (2, 3)
    centred = x - x.mean(dims, keepdim=True)
    y = (centred / ((centred * centred).mean(dims, keepdim=True) + eps).sqrt()).reshape(input.shape)
    sides = (-1, *(1,) * (input.ndim - 2))
    y = y if weight is None else y * weight.reshape(sides)
    return y if bias is None else y + bias.reshape(sides)


def _channel_norm_gradients(
    g: Any, input: Any, weight: Any, bias: Any, groups: int, over_samples: bool, mean: Any, scale: Any
) -> tuple[Any, ...]:
    """With h = g·weight and x̂ = (x − mean)·scale, and ⟨⟩ for the mean of a group: dx = (h − ⟨h⟩ − ⟨h·x̂⟩·x̂)·scale."""
    result = np.empty_like(widened(input), order="C")
    x, g, dx = [_in_groups(array, groups) for array in (widened(input), widened(g), result)]
    factors, parts = _of_channels(x, weight, 1.0), blocks(x)
    if not are_near_zero(mean, 1 / (scale * scale)):
        x, mean = x - mean, np.zeros_like(mean)
    by_weight, by_bias = [np.empty_like(x, shape=(*x.shape[:3], 1)) for _ in range(2)]

    def add_up(part: slice) -> None:
        by_weight[part] = _products(g[part], x[part])
        by_bias[part] = total(g[part], (3,), keepdims=True)

    def combine(part: slice) -> None:
        sums = np.multiply(x[part], _of(of_x, part), out=dx[part])
        sums += _of(of_ones, part)
        sums += g[part] * _of(of_g, part)

    share(add_up, parts)
    by_weight = (by_weight - by_bias * mean) * scale
    count = math.prod(x.shape[2:]) * (len(x) if over_samples else 1)
    of_h, of_hx = [
        _pooled((sums * factors).sum(axis=2, keepdims=True), over_samples) / count for sums in (by_bias, by_weight)
    ]
    of_x = -of_hx * scale * scale
    of_g, of_x, of_ones = [_spread(n, x) for n in (factors * scale, of_x, -of_h * scale - of_x * mean)]
    share(combine, parts, long_runs=True)
    gradients = [
        None if parameter is None else sums.sum(axis=0).reshape(parameter.shape).astype(parameter.dtype)
        for parameter, sums in ((weight, by_weight), (bias, by_bias))
    ]
    return result.astype(input.dtype, copy=False), *gradients


def _of_channels(x: Array, parameter: Array | None, default: float) -> Array:
    """A parameter as numbers of channels: of one shape with those that statistics make of x."""
    shape = (1, *x.shape[1:3], 1)
    return np.full_like(x, default, shape=shape) if parameter is None else widened(parameter).reshape(shape)


@op(name="channel_norm", method=False, twin=_plain_channel_norm, gradients=_channel_norm_gradients)
def _channel_norm(
    input: Array,
    groups: int,
    over_samples: bool,
    eps: float,
    mean: Any,
    scale: Any,
    weight: Array | None = None,
    bias: Array | None = None,
) -> Array:
    """(x − mean) · scale · weight + bias, with the mean and the scale of each group given: they were found already."""
    x = _in_groups(widened(input), groups)
    factors = _of_channels(x, weight, 1.0) * scale
    y = _straight_line(x, factors, _of_channels(x, bias, 0.0) - mean * factors, input.shape)
    return y.astype(input.dtype, copy=False)


def _straight_line(x: Array, factors: Array, shifts: Array, shape: tuple[int, ...]) -> Array:
    """x · factors + shifts, with numbers for channels, in this shape."""
    result = np.empty_like(x, shape=shape)
    y, factors, shifts = result.reshape(x.shape), _spread(factors, x), _spread(shifts, x)

    def fill(part: slice) -> None:
        filled = np.multiply(x[part], _of(factors, part), out=y[part])
        filled += _of(shifts, part)

    share(fill, blocks(x), long_runs=True)
    return result


@op(
    name="scale_channels",
    method=False,
    promotes=True,
    input=lambda g, factors: g * factors,
    factors=lambda g, input: g * input,
    shifts=lambda g: g,
)
def _scale_channels(input: Array, factors: Array, shifts: Array) -> Array:
    """x · factors + shifts, with factors and shifts of shape (channels, 1, …)."""
    x = _in_groups(input, input.shape[1])
    return _straight_line(x, _of_channels(x, factors, 1.0), _of_channels(x, shifts, 0.0), input.shape)


def _normalized(
    name: str, input: Tensor, groups: int, over_samples: bool, weight: Any, bias: Any, eps: float
) -> tuple[Tensor, Array, Array]:
    """The input normalized, and the mean and the unbiased variance of each group."""
    x = _in_groups(expect_floats(name, input.array), groups)
    mean, variance, count = _moments(x, over_samples)
    y = _channel_norm(input, groups, over_samples, eps, mean, 1 / np.sqrt(variance + eps), weight, bias)
    return y, mean, variance * (count / max(count - 1, 1))


def _follow(running: Tensor | None, values: Array, momentum: float) -> None:
    """Move running statistics of channels toward those of a batch, which may be several for each channel."""
    if running is not None:
        running.array[...] = running.array * (1 - momentum) + values.mean(axis=0).reshape(-1) * momentum
        running.version.bump()


def _by_running_statistics(
    name: str, input: Tensor, mean: Tensor | None, variance: Tensor | None, weight: Any, bias: Any, eps: float
) -> Tensor:
    if mean is None or variance is None:
        raise RuntimeError(f"{name}: running_mean and running_var must be given where the input's own are not used")
    expect_floats(name, input.array)
    factors = (variance.detach() + eps).rsqrt()
    factors = factors if weight is None else factors * weight
    shifts = -mean.detach() * factors
    shifts = shifts if bias is None else shifts + bias
    sides = (-1, *(1,) * (input.ndim - 2))
    return _scale_channels(input, factors.reshape(sides), shifts.reshape(sides)).to(input.dtype)


def _check_channels(name: str, input: Tensor, statistics: dict[str, Any], parameters: dict[str, Any]) -> None:
    if input.ndim < 2:
        raise RuntimeError(f"{name}: expected an input (samples, channels, …), but its shape is {input.shape}")
    check_parameters(name, input, input.shape[1:2], **parameters)
    given = {key: value for key, value in statistics.items() if value is not None}
    for key, value in given.items():
        if value.shape != input.shape[1:2]:
            raise RuntimeError(f"{name}: expected a {key} of shape {input.shape[1:2]}, but its shape is {value.shape}")
    if len(given) == 1:
        raise ValueError(f"{name}: running_mean and running_var must either both be None or neither be None")


# ---------------------------------------------------------------------------------------------- channels


@public(method=False)
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x − mean) / √(variance + eps) · weight + bias for each channel of an input (samples, channels, …).

    In training, mean and (biased) variance are the batch's, and the running ones move toward them (toward the unbiased
    variance) by a share of `momentum`; otherwise the running ones serve.

    Ioffe and Szegedy, "Batch Normalization", 2015.
    """
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _check_channels("batch_norm", input, statistics, {"weight": weight, "bias": bias})
    if not training:
        return _by_running_statistics("batch_norm", input, running_mean, running_var, weight, bias, eps)
    if input.shape[1] and input.numel() == input.shape[1]:
        raise ValueError(f"batch_norm: expected more than 1 value per channel when training, but got {input.shape}")
    y, mean, variance = _normalized("batch_norm", input, input.shape[1], True, weight, bias, eps)
    _follow(running_mean, mean, momentum)
    _follow(running_var, variance, momentum)
    return y


@public(method=False)
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """As `batch_norm`, with the mean and variance of each channel of each sample by itself."""
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"instance_norm: expected more than 1 entry in a channel of a sample, but got {input.shape}")
    statistics = {"running_mean": running_mean, "running_var": running_var}
    _check_channels("instance_norm", input, statistics, {"weight": weight, "bias": bias})
    if not use_input_stats:
        return _by_running_statistics("instance_norm", input, running_mean, running_var, weight, bias, eps)
    y, mean, variance = _normalized("instance_norm", input, input.shape[1], False, weight, bias, eps)
    _follow(running_mean, mean, momentum)
    _follow(running_var, variance, momentum)
    return y


@public(method=False)
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """As `batch_norm`, with the mean and variance of each of `num_groups` groups of channels of each sample by itself.

    Wu and He, "Group Normalization", 2018.
    """
    _check_channels("group_norm", input, {}, {"weight": weight, "bias": bias})
    if num_groups <= 0 or input.shape[1] % num_groups:
        raise RuntimeError(f"group_norm: num_groups={num_groups} does not divide the channels of input {input.shape}")
    if input.numel() == num_groups:
        raise ValueError(
            f"group_norm: expected more than 1 value a group, but got {input.shape} in {num_groups} groups"
        )
    return _normalized("group_norm", input, num_groups, False, weight, bias, eps)[0]
