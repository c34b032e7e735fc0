"""Making tensors: filled, in steps, from triangles and diagonals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import backend
from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..autograd.operands import dimensions
from ..backend import Array, int64
from ..construction import as_tensor, from_dlpack, from_numpy, is_tensor, tensor
from ..tensor import Tensor
from .shape import clone, numbers

__all__ = [
    "arange", "as_tensor", "diag", "diagonal", "empty", "empty_like", "eye", "from_dlpack", "from_numpy", "full",
    "full_like", "is_tensor", "linspace", "meshgrid", "ones", "ones_like", "tensor", "trace", "tril", "triu", "zeros",
    "zeros_like",
]  # fmt: skip

Shape = tuple[int, ...]

# ---------------------------------------------------------------------------------------------- filled


def _made(maker: str, shape: Any, *value: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    """A tensor from the function `maker` of NumPy or CuPy, in the default dtype unless another is given."""
    if min(shape, default=0) < 0:
        raise RuntimeError(f"{maker}: the sides of a tensor can't be negative, but got {tuple(shape)}")
    make = getattr(backend.module_for(backend.device(device or "cpu")), maker)
    array = make(tuple(shape), *value, dtype=backend.get_default_dtype() if dtype is None else np.dtype(dtype))
    return make_tensor(array).requires_grad_(requires_grad)


def _family(maker: str, content: str) -> list[Callable[..., Tensor]]:
    """The three ways to make a tensor: by its shape, like another tensor, and as a method of another, by its shape."""

    def by_shape(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
        return _made(maker, numbers(size), dtype=dtype, device=device, requires_grad=requires_grad)

    def like(
        input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, shape: Any = None
    ) -> Tensor:
        shape, dtype, device = input.shape if shape is None else shape, dtype or input.dtype, device or input.device
        return by_shape(shape, dtype=dtype, device=device, requires_grad=requires_grad)

    def method(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
        dtype, device = dtype or input.dtype, device or input.device
        return by_shape(*size, dtype=dtype, device=device, requires_grad=requires_grad)

    by_shape.__doc__ = f"{content}; the shape as several numbers or one tuple."
    like.__doc__ = f"{content}, with the shape, dtype and device of `input` where no other is given."
    method.__doc__ = f"{content}, with this tensor's dtype and device where no other is given."
    numpy_like = getattr(np, f"{maker}_like")
    return [
        public(name=maker, method=False)(by_shape),
        public(name=f"{maker}_like", method=False, numpy=[numpy_like])(like),
        public(name=f"new_{maker}")(method),
    ]


zeros, zeros_like, _ = _family("zeros", "0 everywhere")
ones, ones_like, _ = _family("ones", "1 everywhere")
empty, empty_like, _ = _family("empty", "Whatever the memory held before")


@public(method=False)
def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """`fill_value` everywhere, and of its kind: bool, integer or float.

    >>> full((2, 2), 7)
    tensor([[7, 7],
            [7, 7]])
    """
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    if dtype is None and not isinstance(value, float):
        dtype = backend.bool_ if isinstance(value, bool) else int64
    return _made("full", size, value, dtype=dtype, device=device, requires_grad=requires_grad)


@public(method=False, numpy=[np.full_like])
def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    shape: Any = None,
) -> Tensor:  # fmt: skip
    """`fill_value` everywhere, with the shape, dtype and device of `input` where no other is given."""
    shape, dtype, device = input.shape if shape is None else shape, dtype or input.dtype, device or input.device
    return full(shape, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)


@public(method="new_full")
def new_full(
    input: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`fill_value` everywhere, with this tensor's dtype and device where no other is given."""
    return full_like(input, fill_value, dtype=dtype, device=device, requires_grad=requires_grad, shape=size)


@public(method="new_tensor")
def new_tensor(
    input: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of `data`, with this one's dtype and device where no other is given."""
    return tensor(data, dtype=dtype or input.dtype, device=device or input.device, requires_grad=requires_grad)


# ---------------------------------------------------------------------------------------------- in steps


@public(method=False)
def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, … up to but not including `end`; ``arange(n)`` counts from 0. Integers make integers.

    >>> arange(1, 2.5, 0.5)
    tensor([1.0000, 1.5000, 2.0000])
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = [x.item() if isinstance(x, Tensor) else x for x in (start, end, step)]
    if step == 0:
        raise RuntimeError("arange: step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(f"arange: from {start} to {end} no step of {step} leads; give it the other sign")
    if dtype is None:
        dtype = backend.get_default_dtype() if any(isinstance(x, float) for x in (start, end, step)) else int64
    array = backend.module_for(backend.device(device or "cpu")).arange(start, end, step)
    return make_tensor(array.astype(np.dtype(dtype), copy=False)).requires_grad_(requires_grad)


@public(method=False)
def linspace(
    start: Any, end: Any, steps: int, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers at equal distances, from `start` to `end`, both included."""
    if steps < 0:
        raise RuntimeError(f"linspace: number of steps must be non-negative, but got {steps}")
    start, end = [x.item() if isinstance(x, Tensor) else x for x in (start, end)]
    array = backend.module_for(backend.device(device or "cpu")).linspace(start, end, steps)
    return make_tensor(array.astype(np.dtype(dtype or backend.get_default_dtype()))).requires_grad_(requires_grad)


@public(method=False)
def eye(n: int, m: int | None = None, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """n rows of m (n) entries: 1 on the diagonal, 0 elsewhere."""
    if n < 0 or (m or 0) < 0:
        raise RuntimeError(f"eye: n and m must be greater or equal to 0, but got {n} and {m}")
    module = backend.module_for(backend.device(device or "cpu"))
    array = module.eye(n, m, dtype=np.dtype(dtype or backend.get_default_dtype()))
    return make_tensor(array).requires_grad_(requires_grad)


@public(method=False)
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid, from those of its sides; with "xy" the first side runs along the columns.

    >>> rows, columns = meshgrid(arange(2), arange(3))
    >>> columns
    tensor([[0, 1, 2],
            [0, 1, 2]])
    """
    sides = list(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], tuple | list) else list(tensors)
    if not sides:
        raise RuntimeError("meshgrid: expected at least one tensor")
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid: indexing must be one of 'xy' or 'ij', but got {indexing!r}")
    for position, side in enumerate(sides):
        if side.ndim > 1 or side.dtype != sides[0].dtype:
            raise RuntimeError(
                f"meshgrid: expected tensors of one dtype with 0 or 1 dimensions, but the first is {sides[0].dtype}, "
                f"and that at {position} is {side.dtype} with shape {side.shape}"
            )
    shape = tuple(side.numel() for side in sides)
    if indexing == "xy" and len(sides) > 1:
        rows, columns, *others = meshgrid(sides[1], sides[0], *sides[2:])
        return columns, rows, *others
    ones = (1,) * len(shape)
    return tuple(side.reshape((*ones[:axis], -1, *ones[axis + 1 :])).expand(shape) for axis, side in enumerate(sides))


# ---------------------------------------------------------------------------------------------- triangles, diagonals


def _check_matrix(name: str, input: Array) -> None:
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions, but has shape {input.shape}")


@op(numpy=[np.tril], input=lambda g, diagonal: np.tril(g, diagonal))
def tril(input: Array, diagonal: int = 0) -> Array:
    """The matrices with 0 above the diagonal; `diagonal` counts from the main one upwards."""
    _check_matrix("tril", input)
    return np.tril(input, diagonal)


@op(numpy=[np.triu], input=lambda g, diagonal: np.triu(g, diagonal))
def triu(input: Array, diagonal: int = 0) -> Array:
    """The matrices with 0 below the diagonal; `diagonal` counts from the main one upwards."""
    _check_matrix("triu", input)
    return np.triu(input, diagonal)


def _diagonal(input: Array, offset: int, dim1: int, dim2: int) -> Array:
    """A view to write to, which NumPy's own `diagonal` is not."""
    dims = dimensions("diagonal", (dim1, dim2), input.ndim)
    x = np.moveaxis(input, dims, (-2, -1))[..., max(-offset, 0) :, max(offset, 0) :]
    n = min(x.shape[-2:])
    return np.einsum("...ii->...i", x[..., :n, :n])


def _on_diagonal(input: Array, shape: Shape, offset: int, dim1: int, dim2: int) -> Array:
    y = np.zeros_like(input, shape=shape)
    _diagonal(y, offset, dim1, dim2)[...] = input
    return y


@op(method=False, input=lambda g, offset, dim1, dim2: np.diagonal(g, offset, dim1, dim2))
def on_diagonal(input: Array, shape: Shape, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """Zeros of `shape`, with `input` on the diagonal that `diagonal` would read."""
    return _on_diagonal(input, shape, offset, dim1, dim2)


def _diagonal_gradient(g: Any, input_shape: Shape, offset: int, dim1: int, dim2: int) -> Any:
    return (on_diagonal if isinstance(g, Tensor) else _on_diagonal)(g, input_shape, offset, dim1, dim2)


@op(view=True, numpy=[np.diagonal], input=_diagonal_gradient)
def diagonal(input: Array, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Array:
    """A view of the diagonals of the matrices that lie in `dim1` and `dim2`: they become the last dimension."""
    return _diagonal(input, offset, dim1, dim2)


@public(numpy=[np.diag])
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The diagonal of a matrix, or the matrix with a given diagonal.

    >>> diag(tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    if input.ndim == 1:
        side = input.numel() + abs(diagonal)
        return on_diagonal(input, (side, side), diagonal)
    if input.ndim != 2:
        raise RuntimeError(f"diag: expected a tensor with 1 or 2 dimensions, but got shape {input.shape}")
    return clone(input.diagonal(diagonal))


@public(numpy=[np.trace])
def trace(input: Tensor) -> Tensor:
    """Σᵢ xᵢᵢ of a matrix."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but input has shape {input.shape}")
    return diagonal(input).sum()
