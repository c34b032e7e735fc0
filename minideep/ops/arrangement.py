"""Tensors put together, taken apart, and with their entries arranged anew."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..autograd.operands import dimension, dimensions, fit
from ..backend import Array, module_of
from ..tensor import Tensor
from .indexing import WHOLE, part
from .selection import index_select
from .shape import Shape, numbers, ravel, reshape

__all__ = [
    "cat", "chunk", "concat", "concatenate", "flip", "hstack", "narrow", "repeat_interleave", "roll", "select", "split",
    "stack", "tile", "unbind", "vstack",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- putting together


def _cut(g: Any, tensors_shape: list[Shape], dim: int, needs: tuple[bool, ...]) -> list[Any]:
    """The gradient of a concatenation, cut up where the tensors met."""
    before = (WHOLE,) * (dim % g.ndim)
    stops = list(itertools.accumulate(0 if shape == (0,) else shape[dim] for shape in tensors_shape))
    parts = zip([0, *stops], stops, needs, strict=False)
    cuts = [g[(*before, slice(start, stop))] if needed else None for start, stop, needed in parts]
    return [c if c is None or c.ndim == len(s) else c.reshape(s) for c, s in zip(cuts, tensors_shape, strict=True)]


@op(method=False, numpy=[np.concatenate], gradients=_cut)
def cat(tensors: Sequence[Array], dim: int = 0) -> Array:
    """Tensors joined along a dimension; in the others their sizes are the same."""
    if not tensors:
        raise ValueError("cat: expected a non-empty list of Tensors")
    filled = [x for x in tensors if x.shape != (0,)] or tensors  # as PyTorch, which lets (0,) join any shape
    try:
        return np.concatenate(filled, axis=dim)
    except np.exceptions.AxisError:
        raise
    except ValueError:
        raise RuntimeError(
            f"cat: expected tensors with at least one dimension, and of the same sizes except in dimension {dim}, but "
            f"the shapes are {', '.join(str(x.shape) for x in tensors)}"
        ) from None


concat = public(name="concat", method=False)(cat)
concatenate = public(name="concatenate", method=False)(cat)


@op(method=False, numpy=[np.stack], gradients=lambda g, dim: np.moveaxis(g, dim, 0))
def stack(tensors: Sequence[Array], dim: int = 0) -> Array:
    """Tensors of one shape joined along a new dimension."""
    if len({x.shape for x in tensors}) != 1:
        shapes = ", ".join(str(x.shape) for x in tensors)
        raise RuntimeError(
            f"stack: expected a non-empty list of Tensors of the same shape, but the shapes are [{shapes}]"
        )
    shape = tensors[0].shape
    axis = dimension("stack", dim, len(shape) + 1)
    return np.concatenate([x.reshape((*shape[:axis], 1, *shape[axis:])) for x in tensors], axis=axis)


@public(method=False, numpy=[np.hstack])
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined side by side: vectors along their only dimension, others along the second."""
    return _joined("hstack", tensors, 1)


@public(method=False, numpy=[np.vstack])
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors joined one below the other, vectors as rows."""
    return _joined("vstack", tensors, 2)


def _joined(name: str, tensors: Sequence[Tensor], least: int) -> Tensor:
    if not len(tensors):
        raise RuntimeError(f"{name}: expected a non-empty list of Tensors")
    filled = [reshape(x, (1,) * (least - x.ndim) + x.shape) if x.ndim < least else x for x in tensors]
    return cat(filled, 1 if least == 1 and filled[0].ndim > 1 else 0)


# ---------------------------------------------------------------------------------------------- taking apart


@public()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at one position along `dim`, a view without that dimension."""
    if not input.ndim:
        raise IndexError("select: a tensor without dimensions has nothing to select from; use item()")
    return part(input, (*(WHOLE,) * dimension("select", dim, input.ndim), int(index), ...))


@public()
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A view of `length` positions from `start` on along `dim`."""
    if not input.ndim:
        raise RuntimeError("narrow: a tensor without dimensions cannot be narrowed")
    axis, start = dimension("narrow", dim, input.ndim), int(start)
    size = input.shape[axis]
    first = start + size if start < 0 else start
    if not 0 <= first <= first + length <= size:
        raise RuntimeError(f"narrow: start={start} and length={length} go beyond the size {size} of dimension {dim}")
    return part(input, (*(WHOLE,) * axis, slice(first, first + length), ...))


@public()
def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Views of consecutive pieces: all of one size (the last may be smaller), or of the sizes listed."""
    if not tensor.ndim:
        raise RuntimeError("split: expected a tensor with at least one dimension")
    axis = dimension("split", dim, tensor.ndim)
    length, sizes = tensor.shape[axis], split_size_or_sections
    if isinstance(sizes, int):
        if sizes < 0 or sizes == 0 < length:
            raise RuntimeError(f"split: expected a positive size for the pieces, but got {sizes}")
        sizes = [min(sizes, length - start) for start in range(0, length, sizes or 1)] or [0]
    if sum(sizes) != length or min(sizes) < 0:
        raise RuntimeError(f"split: expected sizes that sum to {length}, the size of dimension {dim}, but got {sizes}")
    before, stops = (WHOLE,) * axis, itertools.accumulate(sizes)
    return tuple(
        [part(tensor, (*before, slice(stop - size, stop), ...)) for stop, size in zip(stops, sizes, strict=True)]
    )


@public()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of at most `chunks` consecutive pieces of one size, but for a smaller last."""
    if chunks < 1 or not input.ndim:
        raise RuntimeError(f"chunk: expected a positive number of pieces of a tensor with dimensions, but got {chunks}")
    length = input.shape[dimension("chunk", dim, input.ndim)]
    return split(input, -(-length // chunks) if length else [0] * chunks, dim)


@public()
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of all the slices along a dimension, which they lack."""
    if not input.ndim:
        raise IndexError("unbind: a tensor without dimensions has no slices")
    axis = dimension("unbind", dim, input.ndim)
    before = (WHOLE,) * axis
    return tuple([part(input, (*before, index, ...)) for index in range(input.shape[axis])])


# ---------------------------------------------------------------------------------------------- arranging anew


@op(name="flip", method=False, input=lambda g, dims: np.flip(g, dims))
def _flip(input: Array, dims: Shape) -> Array:
    return np.flip(input, dims).copy()


@public(numpy=[np.flip])
def flip(input: Tensor, *dims: Any) -> Tensor:
    """The entries in reverse order along `dims`: a copy, as strides here are not negative."""
    return _flip(input, dimensions("flip", numbers(dims), input.ndim)[: input.ndim])


@op(name="roll", method=False, input=lambda g, shifts, dims: np.roll(g, tuple([-n for n in shifts]), dims))
def _roll(input: Array, shifts: Shape, dims: Shape) -> Array:
    return np.roll(input, shifts, dims)


@public(numpy=[np.roll])
def roll(input: Tensor, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """The entries moved on by `shifts` along `dims`, from the end back to the front; without dims, as if in one row."""
    if dims is None or dims == ():
        return reshape(roll(ravel(input), shifts, 0), input.shape)
    steps = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    axes = (dims,) if isinstance(dims, int) else tuple(dims)
    if len(steps) != len(axes):
        raise RuntimeError(f"roll: expected one shift for each dimension, but got shifts={shifts} and dims={dims}")
    return _roll(input, steps, axes)


def _sum_of_copies(g: Any, input_shape: Shape, sizes: Shape) -> Any:
    sides = (1,) * (len(sizes) - len(input_shape)) + input_shape
    copies = g.reshape([n for pair in zip(sizes, sides, strict=True) for n in pair])
    return fit(copies, tuple(n for side in sides for n in (1, side))).reshape(input_shape)


@op(name="repeat", method=False, input=_sum_of_copies)
def _repeat(input: Array, sizes: Shape) -> Array:
    return np.tile(input, sizes)


@public()
def repeat(input: Tensor, *sizes: Any) -> Tensor:
    """Copies of the tensor side by side, `sizes[i]` of them along dimension i; sizes in front make new dimensions."""
    counts = numbers(sizes)
    if len(counts) < input.ndim or min(counts, default=0) < 0:
        raise RuntimeError(
            f"repeat: expected a number of copies, 0 or more, for each of the {input.ndim} dimensions, but got {counts}"
        )
    return _repeat(input, counts)


@public(numpy=[np.tile])
def tile(input: Tensor, *dims: Any) -> Tensor:
    """As `repeat`, with 1 for dimensions in front that are not mentioned."""
    counts = numbers(dims)
    return repeat(input, (1,) * (input.ndim - len(counts)) + counts)


@public(numpy=[np.repeat])
def repeat_interleave(
    input: Tensor, repeats: int | Tensor | None = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each entry along `dim` repeated, one copy beside the other; `repeats` is a number, or one for each entry.

    >>> import minideep
    >>> minideep.repeat_interleave(minideep.tensor([7, 8]), minideep.tensor([1, 3]))
    tensor([7, 8, 8, 8])
    """
    if repeats is None:  # the input holds numbers of copies: repeated are the positions
        input, repeats = _positions(input, input.numel()), input
    if dim is None:
        input, dim = ravel(input), 0
    counts = _counts(repeats, input.size(dim))
    if output_size not in (None, sum(counts)):
        raise RuntimeError(f"repeat_interleave: output_size={output_size}, but the repeats sum to {sum(counts)}")
    positions = np.repeat(_positions(input, len(counts)).array, counts)
    return index_select(input, dim, make_tensor(positions))


def _positions(input: Tensor, length: int) -> Tensor:
    return make_tensor(module_of(input.array).arange(length))


def _counts(repeats: int | Tensor, length: int) -> list[int]:
    """How often each of `length` entries is wanted."""
    if isinstance(repeats, Tensor) and repeats.dtype.kind not in "iu":
        raise NotImplementedError(
            f"repeat_interleave: repeats are numbers of copies, int32 or int64, not {repeats.dtype}"
        )
    counts = repeats.reshape(-1).tolist() if isinstance(repeats, Tensor) else [repeats]
    counts = counts * length if len(counts) == 1 else counts
    if len(counts) != length or min(counts, default=0) < 0:
        raise RuntimeError(
            f"repeat_interleave: expected a count, 0 or more, for each of {length} entries, but got {repeats}"
        )
    return counts
