"""Floor 0: sums of raw arrays, quick, and in float16 without loss.

NumPy adds along the last axis row by row, and along the first entry by entry. BLAS, asked for a product with a vector
of ones, does the same four to ten times as fast. It adds in plain order, so many terms are cut into blocks first.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .backend import Array, float16, float32, int64

_WORTH_A_PRODUCT = 8192  # entries; below, NumPy's own loop is done before BLAS has begun
_BLOCK = 1024  # terms added up in one go: rounding errors grow with the length of a block, not of the whole


def total(x: Array, axes: tuple[int, ...] | None = None, keepdims: bool = False) -> Array:
    """Σ x over `axes` (ascending, from 0 up), or over all if None; of float16 in float32, of integers in int64."""
    if x.dtype is float16:
        return total(x.astype(float32), axes, keepdims).astype(float16)
    if x.dtype.kind != "f":
        return x.sum(axis=axes, keepdims=keepdims, dtype=int64)
    if x.size < _WORTH_A_PRODUCT or not x.flags.c_contiguous:
        return np.add.reduce(x, axis=axes, keepdims=keepdims)  # type: ignore[call-overload]
    if keepdims:
        shape = tuple([1 if axes is None or axis in axes else n for axis, n in enumerate(x.shape)])
        return total(x, axes).reshape(shape)
    if axes is None or len(axes) == x.ndim:
        return _of_everything(x.reshape(-1))
    if x.ndim - 1 in axes:
        return _of_rows(x, axes)
    if 0 in axes:
        return _of_columns(x, axes)
    return x.sum(axis=axes)


def _of_everything(x: Array) -> Array:
    whole = x.size // _BLOCK * _BLOCK
    blocks = x[:whole].reshape(-1, _BLOCK) @ _ones(x, _BLOCK)
    return blocks.sum() + x[whole:].sum()


def _of_rows(x: Array, axes: tuple[int, ...]) -> Array:
    """Sum over the last axes as products of rows with ones, then over those of `axes` that are left."""
    kept = x.ndim - 1
    while kept - 1 in axes:
        kept -= 1
    row = math.prod(x.shape[kept:])
    y = (x.reshape(-1, row) @ _ones(x, row)).reshape(x.shape[:kept])
    left = tuple([axis for axis in axes if axis < kept])
    return total(y, left) if left else y


def _of_columns(x: Array, axes: tuple[int, ...]) -> Array:
    """Sum over the first axes as products of ones with the columns, then over those of `axes` that are left."""
    gone = 1
    while gone in axes:
        gone += 1
    y = _add_rows(x.reshape(math.prod(x.shape[:gone]), -1)).reshape(x.shape[gone:])
    left = tuple([axis - gone for axis in axes if axis >= gone])
    return total(y, left) if left else y


def _add_rows(x: Array) -> Array:
    n = len(x)
    if n <= _BLOCK:
        return _ones(x, n) @ x
    whole = n // _BLOCK * _BLOCK
    blocks = _ones(x, _BLOCK) @ x[:whole].reshape(-1, _BLOCK, x.shape[1])
    return _add_rows(blocks) + x[whole:].sum(axis=0)


def _ones(x: Array, n: int) -> Array:
    return np.ones_like(x, shape=(n,))


def dots(a: Array, b: Array) -> Array:
    """Σ a·b over the last axis."""
    return np.vecdot(a, b) if a.__class__ is np.ndarray else np.einsum("...i,...i->...", a, b)


def outer(a: Array, b: Array, out: Array | None = None) -> Array:
    """The matrix of all aᵢ·bⱼ. With zeros for a second column and row, NumPy leaves it to BLAS, which has it sooner."""
    columns, rows = np.zeros_like(a, shape=(a.size, 2)), np.zeros_like(b, shape=(2, b.size))
    columns[:, 0], rows[0] = a, b
    return np.matmul(columns, rows, out=out)


def in_float32(kernel: Callable[..., Array]) -> Callable[..., Array]:
    """A kernel whose first argument is an array, made to take float16 by way of float32, where its sums are exact."""

    @functools.wraps(kernel)
    def wide(*args: Any, **settings: Any) -> Array:
        if args[0].dtype != float16:
            return kernel(*args, **settings)
        return kernel(*[a.astype(float32) if hasattr(a, "dtype") else a for a in args], **settings).astype(float16)

    return wide
