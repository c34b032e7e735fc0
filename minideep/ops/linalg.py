"""Products of matrices and vectors, and the linear layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import op, public
from ..autograd.operands import fit
from ..backend import Array, bool_, product
from ..tensor import Tensor
from .shape import common_shape

__all__ = ["addmm", "addmv", "baddbmm", "bmm", "dot", "matmul", "mm", "mv", "outer"]

Shape = tuple[int, ...]


def _rows(x: Any) -> Any:
    """All leading dimensions as one: what is multiplied by one matrix is multiplied in one go."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _shaped(x: Any, shape: Shape) -> Any:
    """`x` in a shape; itself, and no view, if it has it: a gradient in memory of its own can be kept without a copy."""
    return x if x.shape == shape else x.reshape(shape)


# ---------------------------------------------------------------------------------------------- any ranks


def _left_gradient(g: Any, other: Any, input_shape: Shape) -> Any:
    if other.ndim == 1:
        return g.reshape((*g.shape, 1)) * other
    if other.ndim == 2:
        return _shaped(product(_rows(g), other.T), input_shape)
    if len(input_shape) == 1:
        g = g.reshape((*g.shape[:-1], 1, g.shape[-1]))
    return fit(product(g, other.swapaxes(-1, -2)), (1,) * (2 - len(input_shape)) + input_shape).reshape(input_shape)


def _right_gradient(g: Any, input: Any, other_shape: Shape) -> Any:
    if len(other_shape) == 1:
        return product(_rows(input).T, g.reshape((math.prod(g.shape),)))
    if len(other_shape) == 2:
        return product(_rows(input).T, _rows(g))
    if input.ndim == 1:
        return input.reshape((input.shape[0], 1)) * g.reshape((*g.shape[:-1], 1, g.shape[-1]))
    return fit(product(input.swapaxes(-1, -2), g), other_shape)


@op(numpy=[np.matmul, np.dot], input=_left_gradient, other=_right_gradient)
def matmul(input: Array, other: Array) -> Array:
    """The matrix product ``y[…, i, j] = Σ_k input[…, i, k] · other[…, k, j]``.

    Of a vector (n,) it makes a row on the left, a column on the right, and takes that dimension away again; dimensions
    before the last two are broadcast: (b, m, k) times (k, n) is (b, m, n).
    """
    _check_factors("matmul", input, other)
    try:
        if other.ndim == 2 < input.ndim:
            return product(_rows(input), other).reshape((*input.shape[:-1], other.shape[1]))
        return product(input, other)
    except ValueError:
        raise _misfit("matmul", input, other) from None


def _check_factors(name: str, left: Array, right: Array) -> None:
    if left.dtype is not right.dtype and left.dtype != right.dtype:
        raise RuntimeError(f"{name}: expected factors of the same dtype, but got {left.dtype} and {right.dtype}")
    if not left.ndim or not right.ndim:
        raise RuntimeError(
            f"{name}: expected factors with dimensions, but their shapes are {left.shape} and {right.shape}"
        )
    if left.dtype is bool_:
        raise NotImplementedError(f"{name}: not implemented for bool; convert with .float() or .long() first")


def _misfit(name: str, left: Array, right: Array) -> RuntimeError:
    columns, rows = left.shape[-1], right.shape[max(right.ndim - 2, 0)]
    if columns != rows:
        which = "last but one" if right.ndim > 1 else "only"
        return RuntimeError(
            f"{name}: shapes {left.shape} and {right.shape} cannot be multiplied: the last side of the first is "
            f"{columns}, the {which} side of the second {rows}"
        )
    return RuntimeError(
        f"{name}: shapes {left.shape} and {right.shape} cannot be multiplied: the sizes before the last two sides must "
        "match, or be 1"
    )


# ---------------------------------------------------------------------------------------------- fixed ranks


def _expect_ranks(name: str, *factors: tuple[Any, int]) -> None:
    for x, ndim in factors:
        if not isinstance(x, Tensor):
            raise TypeError(f"{name}: expected Tensors, but one factor is a {type(x).__name__}")
        if x.ndim != ndim:
            kind = ("", "a vector", "a matrix", "a batch of matrices (3 dimensions)")[ndim]
            raise RuntimeError(f"{name}: expected {kind}, but got a tensor of shape {x.shape}; matmul() takes any")


@public()
def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of two matrices."""
    _expect_ranks("mm", (input, 2), (mat2, 2))
    return matmul(input, mat2)


@public()
def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """The products of two batches of matrices, (b, m, k) and (b, k, n), pair by pair."""
    _expect_ranks("bmm", (input, 3), (mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise RuntimeError(f"bmm: expected batches of the same size, but the shapes are {input.shape} and {mat2.shape}")
    return matmul(input, mat2)


@public()
def mv(input: Tensor, vec: Tensor) -> Tensor:
    """The product of a matrix and a vector."""
    _expect_ranks("mv", (input, 2), (vec, 1))
    return matmul(input, vec)


@public()
def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """The inner product of two vectors."""
    _expect_ranks("dot", (input, 1), (tensor, 1))
    return matmul(input, tensor)


@public(numpy=[np.outer])
def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """All products of entries of two vectors: ``y[i, j] = input[i] · vec2[j]``."""
    _expect_ranks("outer", (input, 1), (vec2, 1))
    return input.unsqueeze(1) * vec2


@public()
def addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta · input + alpha · mat1 @ mat2``."""
    return _weighted("addmm", input, mm(mat1, mat2), beta, alpha)


@public()
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta · input + alpha · mat @ vec``."""
    return _weighted("addmv", input, mv(mat, vec), beta, alpha)


@public()
def baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """``beta · input + alpha · batch1 @ batch2``, for batches of matrices."""
    return _weighted("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def _weighted(name: str, input: Tensor, y: Tensor, beta: float, alpha: float) -> Tensor:
    if input.dtype != y.dtype or common_shape(name, input.shape, y.shape) != y.shape:
        raise RuntimeError(
            f"{name}: expected an input like the product, {y.dtype} {y.shape}, or one that broadcasts to it, but it is "
            f"{input.dtype} {input.shape}"
        )
    y = y if alpha == 1 else y * alpha
    if beta == 0:
        return y  # whatever the input is: nan, too, is left out
    return y + (input if beta == 1 else input * beta)


# ---------------------------------------------------------------------------------------------- the linear layer


@op(
    method=False,
    input=lambda g, weight, input_shape: _left_gradient(g, weight.T, input_shape),
    weight=lambda g, input, weight_shape: _weight_gradient(g, input, weight_shape),
    bias=lambda g, bias_shape: fit(g, bias_shape),
)
def linear(input: Array, weight: Array, bias: Array | None = None) -> Array:
    """``input @ weight.T + bias``: (*, n) becomes (*, m) for a weight (m, n) and a bias (m,).

    >>> import minideep
    >>> linear(minideep.tensor([[1.0, 2.0]]), minideep.tensor([[3.0, 4.0]]), minideep.tensor([5.0]))
    tensor([[16.]])
    """
    _check_factors("linear", input, weight)
    if weight.ndim > 2 or bias is not None and bias.dtype != input.dtype:
        raise RuntimeError(
            f"linear: expected a weight (m, n) and a bias (m,) of dtype {input.dtype}, but got a weight {weight.shape}"
            + ("" if bias is None else f" and a bias {bias.shape} of {bias.dtype}")
        )
    try:
        y = product(_rows(input) if input.ndim > 2 else input, weight.T)
    except ValueError:
        raise RuntimeError(
            f"linear: a weight of shape {weight.shape} wants an input with a last side of {weight.shape[-1]}, but its "
            f"shape is {input.shape}"
        ) from None
    y = y if input.ndim < 3 else y.reshape(input.shape[:-1] + weight.shape[:-1])
    if bias is None:
        return y
    try:
        y += bias
    except ValueError:
        raise RuntimeError(f"linear: a result of shape {y.shape} cannot take a bias of shape {bias.shape}") from None
    return y


def _weight_gradient(g: Any, input: Any, weight_shape: Shape) -> Any:
    """gᵀ·input, the rows of all leading dimensions together: BLAS reads the transpose where it lies."""
    if len(weight_shape) == 1:
        return _right_gradient(g, input, weight_shape)
    return product(_rows(g).T, _rows(input))
