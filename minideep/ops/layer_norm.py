"""Layer norm: each row brought to mean 0 and variance 1. Rows are the last dimensions, taken as one.

NumPy has a cost for every row of a broadcast operation, which for rows of a few hundred entries is most of it. So the
kernels here write numbers that belong to rows or to columns out as a matrix first: as a product of matrices, which BLAS
does at the speed of memory.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import op, public
from ..backend import Array, float16, float32, widened
from ..parallel import blocks, share
from ..sums import dots, outer
from ..tensor import Tensor
from .activation import expect_floats

__all__ = ["layer_norm", "rms_norm"]

Shape = tuple[int, ...]


def check_parameters(name: str, input: Array, shape: Shape, **parameters: Any) -> None:
    """Refuse weights, biases and statistics that are not of this shape, or not of the input's dtype."""
    for parameter, value in parameters.items():
        if value is None:
            continue
        if value.shape != shape:
            raise RuntimeError(f"{name}: expected a {parameter} of shape {shape}, but its shape is {value.shape}")
        if value.dtype != input.dtype and (input.dtype, value.dtype) != (float16, float32):
            raise RuntimeError(
                f"{name}: expected a {parameter} of {input.dtype}, like the input, but got {value.dtype}"
            )


def are_near_zero(mean: Array, variance: Array) -> bool:
    """Whether the means are small enough to compute with squares of x, and not of x − mean, without loss of digits.

    A GPU would have to stop to answer that, so there the answer is no.
    """
    return mean.__class__ is np.ndarray and bool((mean * mean <= 4 * variance).all())


def _row_shape(name: str, input: Any, normalized_shape: Sequence[int]) -> Shape:
    """The shape of a row, if the input has such rows."""
    if not isinstance(normalized_shape, Sequence):
        raise TypeError(f"{name}: expected normalized_shape to be a tuple of integers, but got {normalized_shape!r}")
    row = tuple(normalized_shape)
    if not row:
        raise RuntimeError(f"{name}: expected normalized_shape to have at least one side, but got {normalized_shape}")
    if input.shape[-len(row) :] != row:
        raise RuntimeError(f"{name}: normalized_shape={row} wants an input whose shape ends so, but got {input.shape}")
    return row


# ---------------------------------------------------------------------------------------------- layer norm


def _plain_layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    dims = tuple(range(-len(normalized_shape), 0))
    centred = input - input.mean(dims, keepdim=True)
    y = centred / ((centred * centred).mean(dims, keepdim=True) + eps).sqrt()
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _forward(x: Array, y: Array, weight: Array, bias: Array, eps: float) -> tuple[Array, Array]:
    """Fill y; return the mean and the reciprocal of the standard deviation of each row of x."""
    ones, size = np.ones_like(weight), weight.size
    mean = dots(x, ones) / size
    variance = dots(x, x) / size - mean * mean
    if are_near_zero(mean, variance):
        shift = mean
    else:
        x, shift = np.subtract(x, outer(mean, ones, y), out=y), np.zeros_like(mean)
        variance = dots(x, x) / size
    scale = 1 / np.sqrt(variance + eps)
    np.multiply(x, outer(scale, weight), out=y)
    y += np.matmul(np.stack([-shift * scale, np.ones_like(scale)], axis=1), np.stack([weight, bias]))
    return mean, scale


def _backward(g: Array, x: Array, dx: Array, weight: Array, mean: Array, scale: Array) -> tuple[Array, Array]:
    """Fill dx, the gradient of x; return those of the weight and the bias.

    With h = g·weight and x̂ = (x − mean)·scale, and ⟨⟩ for the mean of a row, dx = (h − ⟨h⟩ − ⟨h·x̂⟩·x̂)·scale: a sum of
    multiples of g, of x and of 1, whose factors are found first.
    """
    ones, size = np.ones_like(weight), weight.size
    gx = g * x
    by_mean, by_ones = np.matmul(np.stack([mean * scale, np.ones_like(mean)]), g)
    by_weight = np.matmul(scale, gx) - by_mean
    h, hx = dots(g, weight) / size, dots(gx, weight) / size
    of_x = (h * mean - hx) * scale**3
    of_ones = -h * scale - of_x * mean
    np.multiply(g, outer(scale, weight, dx), out=dx)
    dx += np.multiply(x, outer(of_x, ones, gx), out=gx)
    dx += outer(of_ones, ones, gx)
    return by_weight, by_ones


def _layer_norm_gradients(
    g: Any, input: Any, normalized_shape: Shape, weight: Any, bias: Any, mean: Any, scale: Any
) -> tuple[Any, ...]:
    result = np.empty_like(widened(input), order="C")
    g, x, dx = [
        array.reshape((mean.size, math.prod(normalized_shape))) for array in (widened(g), widened(input), result)
    ]
    parts, factors = blocks(x), _of_columns(x, weight, 1.0)
    sums: list[Any] = [None] * len(parts)

    def back(i: int) -> None:
        part = parts[i]
        sums[i] = _backward(g[part], x[part], dx[part], factors, mean[part], scale[part])

    share(back, range(len(parts)))
    gradients = [
        None if parameter is None else functools.reduce(np.add, found).reshape(normalized_shape).astype(parameter.dtype)
        for parameter, found in zip((weight, bias), zip(*sums, strict=True), strict=True)
    ]
    return result.astype(input.dtype, copy=False), *gradients


def _of_columns(x: Array, parameter: Array | None, default: float) -> Array:
    """A parameter, or its default, as one number for each column of x."""
    return np.full_like(x, default, shape=x.shape[1:]) if parameter is None else widened(parameter).reshape(-1)


@op(method=False, twin=_plain_layer_norm, keeps=["mean", "scale"], gradients=_layer_norm_gradients)
def layer_norm(
    input: Array,
    normalized_shape: Sequence[int],
    weight: Array | None = None,
    bias: Array | None = None,
    eps: float = 1e-5,
) -> tuple[Array, Array, Array]:
    """(x − mean) / √(variance + eps) · weight + bias, with the mean and variance of each row.

    Rows are the last dimensions, those of `normalized_shape`, which is the shape of weight and bias, too.
    Ba, Kiros and Hinton, "Layer Normalization", 2016.

    >>> layer_norm(Tensor([[1.0, 3.0], [10.0, 50.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    row = _row_shape("layer_norm", input, normalized_shape)
    check_parameters("layer_norm", input, row, weight=weight, bias=bias)
    wide = expect_floats("layer_norm", input)
    result = np.empty_like(wide, order="C")
    rows = (math.prod(input.shape[: input.ndim - len(row)]), math.prod(row))
    x, y = wide.reshape(rows), result.reshape(rows)
    mean, scale = np.empty_like(x, shape=len(x)), np.empty_like(x, shape=len(x))
    factors, shifts = _of_columns(x, weight, 1.0), _of_columns(x, bias, 0.0)

    def forth(part: slice) -> None:
        mean[part], scale[part] = _forward(x[part], y[part], factors, shifts, eps)

    share(forth, blocks(x))
    return result.astype(input.dtype, copy=False), mean, scale


# ---------------------------------------------------------------------------------------------- root mean square


@public(method=False)
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / √(mean of x² + eps) · weight, with the mean of each row: layer norm without the mean taken away.

    By default, `eps` is the smallest number that the dtype can add to 1. Zhang and Sennrich, "Root Mean Square Layer
    Normalization", 2019.
    """
    row = _row_shape("rms_norm", input, normalized_shape)
    check_parameters("rms_norm", input, row, weight=weight)
    expect_floats("rms_norm", input.array)
    x: Any = input.to(float32) if input.dtype == float16 else input
    eps = float(np.finfo(input.dtype).eps) if eps is None else eps
    y = x * ((x * x).mean(tuple(range(-len(row), 0)), keepdim=True) + eps).rsqrt()
    return (y if weight is None else y * weight).to(input.dtype)
