"""The same entries in another shape, in another order of dimensions, or stretched: views, wherever memory allows it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import numpy_functions, op, public
from ..autograd.operands import dimension, dimensions, fit
from ..backend import Array
from ..tensor import Tensor

__all__ = [
    "broadcast_tensors", "broadcast_to", "clone", "flatten", "movedim", "permute", "ravel", "reshape", "squeeze",
    "swapaxes", "t", "transpose", "unflatten", "unsqueeze",
]  # fmt: skip

Shape = tuple[int, ...]


def numbers(given: tuple[Any, ...]) -> tuple[int, ...]:
    """What was passed as ``f(x, 2, 3)`` or as ``f(x, (2, 3))``."""
    if len(given) == 1 and isinstance(given[0], tuple | list):
        return tuple(given[0])
    return given


# ---------------------------------------------------------------------------------------------- the same order


@op(name="reshape", method=False, view=True, input=lambda g, input_shape: g.reshape(input_shape))
def _reshape(input: Array, shape: Shape) -> Array:
    if min(shape, default=0) < -1:
        raise RuntimeError(
            f"reshape: the sides of a shape are not negative, but for one -1 to be inferred; got {shape}"
        )
    try:
        return input.reshape(shape)
    except ValueError:
        raise RuntimeError(
            f"reshape: {input.size} entries (shape {input.shape}) do not fill the shape {shape}; at most one side, and "
            "not beside a 0, can be left open with -1"
        ) from None


@public(numpy=[np.reshape])
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same entries in another shape, in which one side may be -1: a view where memory allows it, else a copy."""
    return _reshape(input, numbers(shape))


@public()
def view(input: Tensor, *shape: Any) -> Tensor:
    """As `reshape`, but never a copy."""
    result = _reshape(input, numbers(shape))
    if result.view_of is None:
        raise RuntimeError(
            f"view: no view of shape {result.shape} is possible of a tensor of shape {input.shape} with strides "
            f"{input.stride()}, which are not those of contiguous memory; use reshape(), which copies where it must"
        )
    return result


@public()
def view_as(input: Tensor, other: Tensor) -> Tensor:
    """A view of `input` in the shape of `other`."""
    return view(input, other.shape)


@op(view=True, numpy=[np.squeeze], input=lambda g, input_shape: g.reshape(input_shape))
def squeeze(input: Array, dim: int | Sequence[int] | None = None) -> Array:
    """Without those dimensions of `dim` (of all, if None) that have size 1."""
    dims = range(input.ndim) if dim is None else dimensions("squeeze", dim, input.ndim)
    return input.reshape([n for i, n in enumerate(input.shape) if n != 1 or i not in dims])


@op(view=True, numpy=[np.expand_dims], input=lambda g, input_shape: g.reshape(input_shape))
def unsqueeze(input: Array, dim: int | Sequence[int]) -> Array:
    """With a dimension of size 1 put in at `dim`, counted in the result."""
    shape = list(input.shape)
    for place in (dim,) if isinstance(dim, int) else sorted(dimensions("unsqueeze", dim, input.ndim + len(dim))):
        shape.insert(dimension("unsqueeze", place, len(shape) + 1), 1)
    return input.reshape(shape)


@public()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions `start_dim` to `end_dim` as one: (2, 3, 4) from 1 on becomes (2, 12)."""
    start, end = dimension("flatten", start_dim, input.ndim), dimension("flatten", end_dim, input.ndim)
    if start > end:
        raise RuntimeError(f"flatten: start_dim ({start_dim}) cannot come after end_dim ({end_dim})")
    if start == end and input.ndim:
        return input
    shape = input.shape
    return _reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


@public()
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` as several, of `sizes`, one of which may be -1."""
    dim, shape, sizes = dimension("unflatten", dim, input.ndim), input.shape, tuple(sizes)
    known = math.prod(n for n in sizes if n != -1)
    if sizes.count(-1) == 1 and known:
        sizes = tuple(shape[dim] // known if n == -1 else n for n in sizes)
    if not sizes or -1 in sizes or math.prod(sizes) != shape[dim]:
        raise RuntimeError(f"unflatten: sizes {sizes} don't multiply up to the size of dim {dim} of the shape {shape}")
    return _reshape(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


@public(numpy=[np.ravel])
def ravel(input: Tensor) -> Tensor:
    """All entries in one dimension."""
    return _reshape(input, (-1,))


@op(numpy=[np.copy], input=lambda g: g)
def clone(input: Array) -> Array:
    """A copy in contiguous memory, through which gradients flow."""
    return input.copy()


@public()
def contiguous(input: Tensor) -> Tensor:
    """The tensor itself if its entries lie in memory in their order, else a copy in which they do."""
    return input if input.is_contiguous() else clone(input)


# ---------------------------------------------------------------------------------------------- the order of dimensions


def _inverse(dims: Shape) -> list[int]:
    return sorted(range(len(dims)), key=dims.__getitem__)


@op(name="permute", method=False, view=True, input=lambda g, dims: np.transpose(g, _inverse(dims)))
def _permute(input: Array, dims: Shape) -> Array:
    return input.transpose(dims)


@public()
def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in another order: the result's first is the input's `dims[0]`, and so on."""
    order = dimensions("permute", numbers(dims), input.ndim)
    if len(order) != input.ndim:
        raise RuntimeError(
            f"permute: expected each of the {input.ndim} dimensions of {input.shape} once, but got {order}"
        )
    return _permute(input, order)


def _numpy_transpose(input: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    return permute(input, tuple(reversed(range(input.ndim)) if axes is None else axes))


numpy_functions[np.transpose] = _numpy_transpose  # which, other than PyTorch's `transpose`, takes all dimensions


@op(view=True, numpy=[np.swapaxes], input=lambda g, dim0, dim1: g.swapaxes(dim0, dim1) if g.ndim else g)
def transpose(input: Array, dim0: int, dim1: int) -> Array:
    """With two dimensions exchanged."""
    if input.ndim:
        return input.swapaxes(dim0, dim1)
    for dim in (dim0, dim1):
        dimension("transpose", dim, 0)
    return input[...]


swapaxes = public(name="swapaxes")(transpose)


@public()
def t(input: Tensor) -> Tensor:
    """A matrix transposed; tensors of fewer dimensions as they are."""
    if input.ndim > 2:
        raise RuntimeError(
            f"t: expected at most 2 dimensions, but the shape is {input.shape}; use transpose(dim0, dim1)"
        )
    return transpose(input, 0, -1) if input.ndim == 2 else input


def _reversed(input: Tensor) -> Tensor:
    """All dimensions in reverse order."""
    return transpose(input, 0, 1) if input.ndim == 2 else _numpy_transpose(input)


def _matrices_transposed(input: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    if input.ndim < 2:
        raise RuntimeError(f"mT: expected a matrix or a batch of matrices, but the shape is {input.shape}")
    return transpose(input, -2, -1)


Tensor.T = property(_reversed)  # type: ignore[attr-defined]
Tensor.mT = property(_matrices_transposed)  # type: ignore[attr-defined]


@public(numpy=[np.moveaxis])
def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Dimensions `source` moved to the places `destination`; the others keep their order."""
    sources = dimensions("movedim", source, input.ndim)
    destinations = dimensions("movedim", destination, input.ndim)
    if len(sources) != len(destinations):
        raise RuntimeError(f"movedim: expected as many destinations as sources, but got {source} and {destination}")
    order = [dim for dim in range(input.ndim) if dim not in sources]
    for place, dim in sorted(zip(destinations, sources, strict=True)):
        order.insert(place, dim)
    return _permute(input, tuple(order[: input.ndim]))


# ---------------------------------------------------------------------------------------------- broadcasting


@op(view=True, numpy=[np.broadcast_to], input=lambda g, input_shape: fit(g, input_shape))
def broadcast_to(input: Array, shape: Shape) -> Array:
    """Dimensions of size 1, and new ones in front, stretched without a copy; -1 leaves a side as it is.

    >>> import minideep
    >>> minideep.broadcast_to(minideep.tensor([[1], [2]]), (-1, 3))
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    new = len(shape) - input.ndim
    wanted = tuple([input.shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(shape)])
    try:
        stretched = np.broadcast_to(input, wanted)
    except ValueError:
        raise RuntimeError(
            f"expand: a tensor of shape {input.shape} cannot be stretched to {tuple(shape)}: from the last on, sides "
            "have to be the same, or 1, or new; -1 keeps a side that is there"
        ) from None
    # What NumPy's function returns cannot be written to, even where it stretches nothing.
    return stretched if stretched.size != input.size else input.reshape(wanted)


@public()
def expand(input: Tensor, *sizes: Any) -> Tensor:
    """As `broadcast_to`: the sizes may be given one by one."""
    return broadcast_to(input, numbers(sizes))


@public()
def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Stretched to the shape of `other`."""
    return broadcast_to(input, other.shape)


@public(method=False, numpy=[np.broadcast_arrays])
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """All stretched to the shape that an elementwise op on them would have."""
    shape = common_shape("broadcast_tensors", *(x.shape for x in tensors))
    return tuple(broadcast_to(x, shape) for x in tensors)


def common_shape(name: str, *shapes: Shape) -> Shape:
    """The shape that tensors of these shapes are broadcast to."""
    if shapes and shapes.count(shapes[0]) == len(shapes):
        return shapes[0]
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(
            f"{name}: cannot broadcast the shapes {' and '.join(map(str, shapes))}: from the last on, sides have to be "
            "the same, or 1"
        ) from None
