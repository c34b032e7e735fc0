"""Sums of products over shared indices: einsum, tensordot, inner.

Such a sum of two tensors is one batched matrix product, once their indices are sorted by what becomes of them: those of
both that the result has (the batch), those of one alone (rows, columns), those that are summed over.
"""

from __future__ import annotations

import functools
import itertools
import math
import re
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..autograd import public
from ..autograd.operands import dimensions
from ..tensor import Tensor
from .linalg import matmul
from .shape import permute, reshape

__all__ = ["einsum", "inner", "tensordot"]

Labels = tuple[Hashable, ...]  # the name of each dimension's index
Term = tuple[Tensor, Labels]


@public(method=False, numpy=[np.einsum])
def einsum(equation: str, *operands: Any) -> Tensor:
    """Sums of products, a letter for each dimension: what is missing to the right of ``->`` is summed over.

    ``ij,jk->ik`` is the matrix product, ``bij,bjk->bik`` that of batches, ``ii->i`` the diagonal, ``ij->`` the sum of
    all. An ellipsis stands for dimensions that are broadcast. Without an arrow the result has the letters that occur
    once, in alphabetical order. Of several operands the first two are multiplied first.

    >>> import minideep
    >>> x = minideep.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> einsum("ij,kj->ik", x, x)
    tensor([[ 5., 11.],
            [11., 25.]])
    """
    listed = len(operands) == 1 and isinstance(operands[0], tuple | list)
    tensors: Sequence[Any] = operands[0] if listed else operands
    if not tensors:
        raise ValueError("einsum: expected an equation and at least one operand")
    if wrong := [type(x).__name__ for x in tensors if not isinstance(x, Tensor)]:
        raise TypeError(f"einsum: expected Tensors as operands, but got {wrong[0]}")
    labels, result = _parse(equation, tuple([x.ndim for x in tensors]))
    sizes = _sizes(tensors, labels)
    return _sum_of_products([_reduced(x, names, sizes) for x, names in zip(tensors, labels, strict=True)], result)


@public(method=False, numpy=[np.tensordot])
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sums of products over pairs of dimensions: the last `dims` of `a` and the first of `b`, or a list for each."""
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot: cannot sum over {dims} dimensions of the shapes {a.shape} and {b.shape}")
        dims = range(a.ndim - dims, a.ndim), range(dims)
    dims_a, dims_b = (dimensions("tensordot", d, x.ndim) for d, x in zip(dims, (a, b), strict=True))
    if len(dims_a) != len(dims_b) or a.dtype != b.dtype:
        raise RuntimeError(
            f"tensordot: expected tensors of one dtype and as many dimensions of each, but got {a.dtype}, {b.dtype} "
            f"and dims={dims}"
        )
    for i, j in zip(dims_a, dims_b, strict=True):
        if a.shape[i] != b.shape[j] and 1 not in (a.shape[i], b.shape[j]):
            raise RuntimeError(
                f"tensordot: dimension {i} of the first tensor {a.shape} and {j} of the second {b.shape} differ in size"
            )
    pairs = dict(zip(dims_b, dims_a, strict=True))
    labels_a = tuple(range(a.ndim))
    labels_b = tuple(pairs.get(j, a.ndim + j) for j in range(b.ndim))
    sizes = _sizes((a, b), (labels_a, labels_b))
    result = tuple(label for label in (*labels_a, *labels_b) if label not in dims_a)
    return _sum_of_products([_reduced(a, labels_a, sizes), _reduced(b, labels_b, sizes)], result)


@public(numpy=[np.inner])
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sums of products over the last dimension of both; of a tensor without dimensions, the product with each entry."""
    if not input.ndim or not other.ndim:
        return input * other
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(f"inner: the last sides of the shapes {input.shape} and {other.shape} must match")
    return tensordot(input, other, ([-1], [-1]))


# ---------------------------------------------------------------------------------------------- reading an equation


@functools.lru_cache
def _parse(equation: str, ranks: tuple[int, ...]) -> tuple[tuple[Labels, ...], Labels]:
    """The labels of each operand and of the result: letters and, for what an ellipsis stands for, numbers up to -1."""
    inputs, arrow, output = equation.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ranks):
        raise RuntimeError(f"einsum: '{equation}' is for {len(terms)} operands, but got {len(ranks)}")
    labels = tuple([_labels(equation, term, rank) for term, rank in zip(terms, ranks, strict=True)])
    counts = Counter(itertools.chain(*labels))
    broadcast = tuple(sorted(label for label in counts if isinstance(label, int)))
    if not arrow:
        letters = sorted(label for label, count in counts.items() if count == 1 and isinstance(label, str))
        return labels, (*broadcast, *letters)
    result = _labels(equation, output, len(output.replace("...", "")) + len(broadcast) * ("..." in output))
    if unknown := [label for label in result if label not in counts or result.count(label) > 1]:
        raise RuntimeError(f"einsum: in the result of '{equation}', '{unknown[0]}' is repeated, or is in no operand")
    return labels, result


def _labels(equation: str, term: str, rank: int) -> Labels:
    if not re.fullmatch(r"[a-zA-Z]*(\.\.\.)?[a-zA-Z]*", term):
        raise RuntimeError(
            f"einsum: invalid subscripts '{term}' in '{equation}': expected letters, and at most one ellipsis"
        )
    before, ellipsis, after = term.partition("...")
    rest = rank - len(before) - len(after)
    if rest < 0 or rest and not ellipsis:
        raise RuntimeError(f"einsum: '{term}' in '{equation}' does not match the {rank} dimensions of its operand")
    return (*before, *range(-rest, 0), *after)


def _sizes(tensors: Sequence[Tensor], labels: Sequence[Labels]) -> dict[Hashable, int]:
    """The size of each index: where one tensor has 1, what the others have."""
    sizes: dict[Hashable, int] = {}
    for x, names in zip(tensors, labels, strict=True):
        for name, size in zip(names, x.shape, strict=True):
            if sizes.setdefault(name, size) == 1:
                sizes[name] = size
            elif size not in (1, sizes[name]):
                raise RuntimeError(
                    f"einsum: index '{name}' has size {size} in the shape {x.shape}, but {sizes[name]} before"
                )
    return sizes


# ---------------------------------------------------------------------------------------------- from terms to matrices


def _reduced(x: Tensor, names: Labels, sizes: dict[Hashable, int]) -> Term:
    """A term with every index once: a diagonal for a repeated one, and none for a size of 1 that is to be stretched."""
    while repeated := [name for name in names if names.count(name) > 1]:
        i, j = [position for position, name in enumerate(names) if name == repeated[0]][:2]
        if x.shape[i] != x.shape[j]:
            raise RuntimeError(
                f"einsum: index '{repeated[0]}' is repeated, but has sizes {x.shape[i]} and {x.shape[j]}"
            )
        x, names = x.diagonal(0, i, j), (*names[:i], *names[i + 1 : j], *names[j + 1 :], repeated[0])
    kept = tuple([name for name, size in zip(names, x.shape, strict=True) if size == sizes[name]])
    return _shaped(x, [sizes[name] for name in kept]), kept


def _sum_of_products(terms: Sequence[Term], result: Labels) -> Tensor:
    term = terms[0]
    for position, other in enumerate(terms[1:], 2):
        wanted = {*result, *itertools.chain(*(names for _, names in terms[position:]))}
        term = _product(_summed(term, {*wanted, *other[1]}), _summed(other, {*wanted, *term[1]}), wanted)
    return _ordered(_summed(term, set(result)), result)


def _summed(term: Term, wanted: set[Hashable]) -> Term:
    """Without the indices that nobody else wants."""
    x, names = term
    gone = tuple(i for i, name in enumerate(names) if name not in wanted)
    return (x.sum(gone), tuple(name for name in names if name in wanted)) if gone else term


def _shaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    return x if x.shape == tuple(shape) else reshape(x, shape)


def _ordered(term: Term, names: Sequence[Hashable]) -> Tensor:
    order = [term[1].index(name) for name in names]
    return term[0] if order == list(range(len(order))) else permute(term[0], order)


def _product(left: Term, right: Term, wanted: set[Hashable]) -> Term:
    """The product of two terms, summed over the indices that both have and no one wants any more."""
    a, b = left[1], right[1]
    sizes = dict(zip(a, left[0].shape, strict=True)) | dict(zip(b, right[0].shape, strict=True))
    batch = [name for name in a if name in b and name in wanted]
    summed = [name for name in a if name in b and name not in wanted]
    rows, columns = [name for name in a if name not in b], [name for name in b if name not in a]

    def matrices(term: Term, *groups: list[Hashable]) -> Tensor:
        """The term with each group of indices as one dimension; without a batch, a matrix."""
        shape = [math.prod([sizes[name] for name in group]) for group in groups]
        return _shaped(_ordered(term, list(itertools.chain(*groups))), shape if batch else shape[1:])

    if summed:
        y = matmul(matrices(left, batch, rows, summed), matrices(right, batch, summed, columns))
    else:
        y = matrices(left, batch, rows, []) * matrices(right, batch, [], columns)
    names = (*batch, *rows, *columns)
    return _shaped(y, [sizes[name] for name in names]), names
