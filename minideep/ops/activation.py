"""Activations: functions of each entry that stand between linear layers."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import elementwise, op, public
from ..autograd.operands import dimension
from ..backend import Array, bool_, float16, widened
from ..tensor import Tensor
from .elementwise import mul, sigmoid
from .operators import in_place

__all__ = [
    "celu", "elu", "glu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "prelu",
    "relu", "relu6", "selu", "silu", "softplus", "softsign", "swish",
]  # fmt: skip

_FEW = 4096  # entries; for more, the clipping of NumPy is quicker than its maximum

# ---------------------------------------------------------------------------------------------- what they share


def expect_floats(name: str, x: Array) -> Array:
    """x, if its entries are floats: `widened`."""
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{name}: not implemented for {x.dtype}; convert with .float() first")
    return widened(x)


def of_floats(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A body that computes with floats alone, and with float16 in float32."""

    def decorate(body: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(body)
        def checked(input: Array, *settings: Any) -> Any:
            y = body(expect_floats(name, input), *settings)
            return y.astype(float16) if input.dtype == float16 else y

        return checked

    return decorate


def with_inplace(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The function with PyTorch's last argument ``inplace``: whether to write the result into the input's memory."""
    changing = in_place(function, f"{function.__name__}_")
    places = len(inspect.signature(function).parameters) - 1

    @functools.wraps(function)
    def either(input: Tensor, *settings: Any, inplace: bool = False, **named: Any) -> Tensor:
        if len(settings) > places:
            *settings, inplace = settings  # type: ignore[assignment]
        return (changing if inplace else function)(input, *settings, **named)

    return public(method=False)(either)


def _positive_part(x: Any) -> Any:
    return np.clip(x, 0.0, math.inf)  # with two ends: of one end, NumPy takes three times as long


def _negative_part(x: Any) -> Any:
    return np.clip(x, -math.inf, 0.0)


def _sloped(g: Any, condition: Any, slope: Any) -> Any:
    """g where a condition holds, g · slope elsewhere: by arithmetic, as `where` stumbles over conditions that vary."""
    holds = condition.astype(g.dtype)
    return g * (holds + (1 - holds) * slope)


def _mish_factor(x: Any) -> tuple[Any, Any]:
    """tanh(log(1 + eˣ)) and σ(x), both from eˣ; from 20 up they are 1."""
    e = np.exp(np.clip(x, -math.inf, 20.0))
    n = e * (e + 2)
    return n / (n + 2), e / (e + 1)


def _mish_gradient(g: Any, x: Any) -> Any:
    factor, s = _mish_factor(x)
    return g * (factor + x * s * (1 - factor * factor))


def _silu_gradient(g: Any, x: Any) -> Any:
    s = 1 / (1 + np.exp(-x))
    return g * s * (1 + x * (1 - s))


def _hardswish_gradient(g: Any, x: Any) -> Any:
    return _sloped(g * (x > -3), x >= 3, np.clip(x, -3.0, 3.0) / 3 + 0.5)


# ------------------------------------------------------------------------------------------------ y = f(x): f'(x) · g


def _line(body: Callable[[Array], Array], name: str, x: Callable[..., Any]) -> Callable[..., Any]:
    return elementwise(of_floats(name)(body), name, method=False, x=x)


# fmt: off
silu        = _line(lambda x: x / (1 + np.exp(-x)), "silu",                x=_silu_gradient)
mish        = _line(lambda x: x * _mish_factor(x)[0], "mish",              x=_mish_gradient)
hardswish   = _line(lambda x: x * np.clip(x + 3, 0, 6) / 6, "hardswish",   x=_hardswish_gradient)
hardsigmoid = _line(lambda x: np.clip(x + 3, 0, 6) / 6, "hardsigmoid",     x=lambda g, x: g * ((x > -3) == (x < 3)) / 6)
logsigmoid  = _line(lambda x: _negative_part(x) - np.log1p(np.exp(-np.absolute(x))), "logsigmoid",
                                                                           x=lambda g, x: g / (1 + np.exp(x)))
softsign    = elementwise(lambda x: x / (1 + np.absolute(x)), "softsign", method=False,
                                                                           x=lambda g, x: g / (1 + np.absolute(x)) ** 2)
# fmt: on

silu, mish, hardswish, hardsigmoid = map(with_inplace, (silu, mish, hardswish, hardsigmoid))


# ---------------------------------------------------------------------------------------------- bent at a point


@with_inplace
@op(input=lambda g, y: g * (y != 0).astype(g.dtype))
def relu(input: Array) -> Array:
    """max(x, 0).

    >>> relu(Tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    if input.dtype == bool_:
        raise RuntimeError("relu: expected numbers, but the input is of dtype bool; convert with .float() first")
    if input.size < _FEW or input.dtype.kind != "f":
        return np.maximum(input, 0)
    return _positive_part(input)


def _hardtanh_gradient(g: Any, input: Any, min_val: float, max_val: float) -> Any:
    return g * ((input > min_val) == (input < max_val)).astype(g.dtype)


@with_inplace
@op(method=False, input=_hardtanh_gradient)
def hardtanh(input: Array, min_val: float = -1.0, max_val: float = 1.0) -> Array:
    """x between `min_val` and `max_val`, the nearer of them beyond."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: min_val {min_val} cannot be greater than max_val {max_val}")
    if input.dtype == bool_:
        raise RuntimeError("hardtanh: expected numbers, but the input is of dtype bool; convert with .float() first")
    return np.clip(input, min_val, max_val).astype(input.dtype, copy=False)


@with_inplace
def relu6(input: Tensor) -> Tensor:
    """x between 0 and 6, the nearer of them beyond."""
    return hardtanh(input, 0.0, 6.0)


@with_inplace
@op(method=False, input=lambda g, input, negative_slope: _sloped(g, input > 0, negative_slope))
@of_floats("leaky_relu")
def leaky_relu(input: Array, negative_slope: float = 0.01) -> Array:
    """x if x > 0, else ``negative_slope · x``."""
    return (np.maximum if negative_slope <= 1 else np.minimum)(input, input * negative_slope)


@op(
    method=False,
    promotes=True,
    input=lambda g, input, weight: _sloped(g, input > 0, weight),
    weight=lambda g, input: g * _negative_part(input),
)
def _prelu(input: Array, weight: Array) -> Array:
    return _positive_part(input) + weight * _negative_part(input)


@public()
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x if x > 0, else weight · x, with one weight for all or one for each channel (dimension 1).

    >>> prelu(Tensor([[-1.0, -1.0]]), Tensor([0.5, 0.1]))
    tensor([[-0.5000, -0.1000]])
    """
    if not isinstance(weight, Tensor):
        raise TypeError(f"prelu(): argument 'weight' must be Tensor, not {type(weight).__name__}")
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.numel() not in (1, channels):
        raise RuntimeError(
            f"prelu: expected one weight, or a vector with one for each of the {channels} channels of the input "
            f"{input.shape}, but the weight has shape {weight.shape}"
        )
    many = weight.numel() != 1
    return _prelu(input, weight.reshape((-1, *(1,) * (input.ndim - 2)) if many else ()))


# ---------------------------------------------------------------------------------------------- exponential below zero


def _elu_gradient(g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    slope = np.exp(_negative_part(input) * input_scale) * (alpha * input_scale)
    return _sloped(g if scale == 1 else g * scale, input > 0, slope)


@op(name="elu", method=False, input=_elu_gradient)
@of_floats("elu")
def _elu(input: Array, alpha: float, scale: float, input_scale: float) -> Array:
    below = np.expm1(_negative_part(input) * input_scale) * alpha
    return (_positive_part(input) + below) * scale


@with_inplace
def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """x if x > 0, else ``alpha · (eˣ − 1)``."""
    return _elu(input, alpha, 1.0, 1.0)


@with_inplace
def selu(input: Tensor) -> Tensor:
    """λ·x if x > 0, else ``λ·α·(eˣ − 1)``: with these λ and α, deep layers keep mean 0 and variance 1.

    Klambauer et al., "Self-Normalizing Neural Networks", 2017.
    """
    return _elu(input, 1.6732632423543772, 1.0507009873554805, 1.0)


@with_inplace
def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """x if x > 0, else ``alpha · (exp(x / alpha) − 1)``: as `elu`, but without a kink for any alpha."""
    if alpha == 0:
        raise RuntimeError("celu: ZeroDivisionError: alpha cannot be 0; for max(x, 0) use relu")
    return _elu(input, alpha, 1.0, 1 / alpha)


# ---------------------------------------------------------------------------------------------- smooth


def _softplus_gradient(g: Any, input: Any, beta: float, threshold: float) -> Any:
    z = input * beta
    return _sloped(g, z > threshold, 1 / (1 + np.exp(-z)))


@op(method=False, input=_softplus_gradient)
@of_floats("softplus")
def softplus(input: Array, beta: float = 1.0, threshold: float = 20.0) -> Array:
    """log(1 + exp(beta · x)) / beta, which is x, to rounding, where beta · x exceeds `threshold`."""
    z = input * beta
    return (_positive_part(z) + np.log1p(np.exp(-np.absolute(z))) * (z <= threshold)) / beta


@public(method=False)
def swish(input: Tensor, beta: Tensor | float = 1.0) -> Tensor:
    """x · σ(beta · x), in which beta may be learnt: `silu` at 1, near `relu` for large ones."""
    return mul(input, sigmoid(mul(input, beta)))


@public(method=False)
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a · σ(b), where a and b are the two halves of the input along `dim`."""
    axis = dimension("glu", dim, input.ndim)
    if not input.ndim or input.shape[axis] % 2:
        raise RuntimeError(f"glu: expected a side of even size to halve, but got dim={dim} of shape {input.shape}")
    a, b = input.chunk(2, axis)
    return mul(a, sigmoid(b))
