"""Entries for ``minideep.ops.contraction``."""

from __future__ import annotations

from collections.abc import Iterator

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _equation(draw: Draw, r: Make) -> Sample:
    """Operands with some of four letters each, and a result with some of those."""
    sizes = dict(zip("abcd", (2, 3, 1, 4), strict=True))
    terms = ["".join(draw.order("abcd")[: draw.integer(0, 3)]) for _ in range(draw.integer(1, 3))]
    letters = sorted(set("".join(terms)))
    result = "->" + "".join(draw.order(letters)[: draw.integer(0, len(letters))]) if draw.boolean() else ""
    stretch = [{letter: draw.integer(0, 3) == 0 for letter in term} for term in terms]
    shapes = [
        [1 if ones[letter] else sizes[letter] for letter in term] for term, ones in zip(terms, stretch, strict=True)
    ]
    return Sample(",".join(terms) + result, *(r(*shape) for shape in shapes))


def _equations(r: Make) -> Iterator[Sample]:
    yield Sample("ij,jk->ik", r(2, 3), r(3, 4))
    yield Sample("ij,jk", [r(2, 3), r(3, 4)])
    yield Sample("ij,kj->ik", r(2, 3), r(4, 3))
    yield Sample("bij,bjk->bik", r(2, 3, 4), r(2, 4, 2))
    yield Sample("bhid,bhjd->bhij", r(2, 2, 3, 4), r(2, 2, 5, 4))
    yield Sample("bhij,bhjd->bihd", r(2, 2, 3, 4), r(2, 2, 4, 2))
    yield Sample("ij->ji", r(2, 3))
    yield Sample("ij->", r(2, 3))
    yield Sample("ji", r(2, 3))
    yield Sample("ij->j", r(2, 3))
    yield Sample("ii", r(3, 3))
    yield Sample("ii->i", r(3, 3))
    yield Sample("iij->ij", r(3, 3, 2))
    yield Sample("iiji->j", r(2, 2, 3, 2))
    yield Sample("ii,ij->j", r(3, 3), r(3, 2))
    yield Sample("i,j->ij", r(2), r(3))
    yield Sample("i,i", r(3), r(3))
    yield Sample("ij,ij->ij", r(2, 3), r(2, 3))
    yield Sample("ij,ij->ij", r(2, 3), r(1, 3))
    yield Sample("ij,jk->ik", r(2, 3), r(1, 4))
    yield Sample("i,->i", r(3), r())
    yield Sample("->", r())
    yield Sample("ab,bc,cd->ad", r(2, 3), r(3, 4), r(4, 2))
    yield Sample("ab,cb,ac,a->cb", r(2, 3), r(4, 3), r(2, 4), r(2))
    yield Sample("bn,anm,bm->ba", r(2, 3), r(4, 3, 2), r(2, 2))
    yield Sample("...ij,...jk->...ik", r(2, 3, 4), r(5, 1, 4, 2))
    yield Sample("...ij,jk", r(2, 3, 4), r(4, 2))
    yield Sample("i...->...", r(2, 3, 4))
    yield Sample("i...->i", r(2, 3, 4))
    yield Sample("i...", r(2, 3))
    yield Sample("i...j,j->...i", r(2, 5, 6, 3), r(3))
    yield Sample("aB,bA", r(2, 3), r(4, 5))
    yield Sample("ij,jk->i k", r(2, 3), r(3, 4))
    yield Sample("ij,jk->ik", r(0, 3), r(3, 4))
    yield Sample("ij,jk->ik", r(2, 0), r(0, 4))
    yield Sample("ij,jk->ik", r.ints(0, 9, 2, 3), r.ints(0, 9, 3, 4))


def _bad_equations(r: Make) -> Iterator[Failure]:
    def bad(text: str, equation: str, *shapes: tuple[int, ...]) -> Failure:
        return Failure(Sample(equation, *(r(*shape) for shape in shapes)), RuntimeError, f"einsum: {text}")

    yield bad("'ij,jk->ik' is for 2 operands, but got 1", "ij,jk->ik", (2, 3))
    yield bad("in the result of 'ij->ik', 'k' is repeated, or is in no operand", "ij->ik", (2, 3))
    yield bad("in the result of 'ij->iij', 'i' is repeated", "ij->iij", (2, 3))
    yield bad("'i' in 'i' does not match the 2 dimensions of its operand", "i", (2, 3))
    yield bad("'ijk' in 'ijk' does not match the 2 dimensions", "ijk", (2, 3))
    yield bad("index 'i' has size 3 in the shape (3, 2), but 2 before", "ij,ij", (2, 3), (3, 2))
    yield bad("index 'i' has size 3", "ii->i", (2, 3))
    yield bad("index 'i' is repeated, but has sizes 1 and 3", "ii->i", (1, 3))
    yield bad("invalid subscripts 'b..j' in 'b..j->b'", "b..j->b", (2, 3))
    yield bad("invalid subscripts '......'", "......", (2, 3))
    yield bad("invalid subscripts 'i1'", "i1", (2, 3))
    yield bad("invalid subscripts 'i->j'", "ij->i->j", (2, 3))
    yield Failure(Sample("ij", *()), ValueError, "einsum: expected an equation and at least one operand")
    yield Failure(Sample("ij,jk", r(2, 3), 3.0), TypeError, "einsum: expected Tensors as operands, but got float")


entry("einsum", _equations, generated=drawn(_equation), errors=_bad_equations)


def _contracting(draw: Draw, r: Make) -> Sample:
    left, right = draw.shape(), draw.shape()
    pairs = [(i, j) for i, j in zip(draw.order(range(len(left))), draw.order(range(len(right))), strict=False)]
    chosen = pairs[: draw.integer(0, len(pairs))]
    sides = list(right)
    for i, j in chosen:
        sides[j] = left[i]
    return Sample(r(*left), r(*sides), ([i for i, _ in chosen], [j - len(sides) * draw.boolean() for _, j in chosen]))


entry(
    "tensordot",
    lambda r: [
        Sample(r(2, 3, 4), r(3, 4, 2)),
        Sample(r(2, 3), r(3, 4), 1),
        Sample(r(2, 3), r(4), dims=0),
        Sample(r(2, 3, 4), r(4, 2, 5), ([0, 2], [1, 0])),
        Sample(r(2, 3), r(2, 3), ((-1, 0), (-1, 0))),
        Sample(r(2, 3), r(4, 1), ([1], [1])),
        Sample(r(), r(2), 0),
        Sample(r(2, 0), r(0, 3), 1),
    ],
    generated=drawn(_contracting),
    skips={"dimensions": "its `dims` are pairs of dimensions, or how many of them there are"},
    errors=lambda r: [
        Failure(
            Sample(r(2, 3), r(2, 3), 1),
            RuntimeError,
            "tensordot: dimension 1 of the first tensor (2, 3) and 0 of the second",
        ),
        Failure(Sample(r(2, 3), r(2, 3), 3), RuntimeError, "tensordot: cannot sum over 3 dimensions"),
        Failure(Sample(r(2, 3), r(2, 3), -1), RuntimeError, "tensordot: cannot sum over -1 dimensions"),
        Failure(Sample(r(2, 3), r(2, 3), ([0, 1], [0])), RuntimeError, "tensordot: expected tensors of one dtype"),
        Failure(
            Sample(r(2, 3), r.ints(0, 9, 2, 3), ([0], [0])), RuntimeError, "tensordot: expected tensors of one dtype"
        ),
        Failure(Sample(r(2, 3), r(2, 3), ([1, 1], [1, 1])), RuntimeError, "tensordot: dim 1 appears multiple times"),
    ],
)
entry(
    "inner",
    lambda r: [
        Sample(r(4), r(4)),
        Sample(r(2, 4), r(3, 4)),
        Sample(r(2, 3, 4), r(4)),
        Sample(r(), r(2, 3)),
        Sample(r(2), r()),
        Sample(r(2, 0), r(3, 0)),
    ],
    generated=drawn(lambda draw, r: Sample(r(*draw.shape(most=2), n := draw.integer(0, 3)), r(*draw.shape(most=2), n))),
    errors=lambda r: [
        Failure(
            Sample(r(2, 3), r(2, 4)), RuntimeError, "inner: the last sides of the shapes (2, 3) and (2, 4) must match"
        ),
    ],
)
