"""Columns about how an op treats what it is given: layouts in memory, several uses of a tensor, aliasing, mutation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minideep import autograd
from minideep.tensor import Tensor

from ..entry import Sample
from ..evaluation import MINIDEEP, Bound, Evaluation, cotangents, evaluate, parts_of
from ..manners import misbehaviour
from ..specimen import Specimen
from ..subject import Subject
from .column import (
    DoesNotApply,
    Wrong,
    attempt,
    column,
    compare,
    compare_with_torch,
    count,
    describe,
    ours,
    require_differentiable,
)

Layout = Callable[[np.ndarray], np.ndarray]


def _fortran(x: np.ndarray) -> np.ndarray:
    return np.array(x, order="F")


def _sliced(x: np.ndarray) -> np.ndarray:
    """The same values in every other place of a larger array."""
    if not x.ndim:
        return x
    spread = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    spread[..., ::2] = x
    return spread[..., ::2]


def _reversed(x: np.ndarray) -> np.ndarray:
    """The same values, stored back to front."""
    flip = (slice(None, None, -1),) * x.ndim
    return x[flip].copy()[flip]


def _stretched(x: np.ndarray) -> np.ndarray:
    """The first slice along the last dimension in place of all: stride 0."""
    return np.broadcast_to(x[..., :1], x.shape) if x.ndim and x.shape[-1] else x


LAYOUTS: dict[str, Layout] = {
    "Fortran order": _fortran,
    "every other entry": _sliced,
    "negative strides": _reversed,
    "stride 0": _stretched,
}


@column("layouts", "la")
def layouts(specimen: Specimen) -> str:
    """Fortran order, slices, negative strides and stride 0, of inputs and of cotangents, change no result."""
    bounds = [b for b in specimen.bound if any(a.ndim for a in (*b.arrays, *b.constants))]
    if not bounds:
        raise DoesNotApply("no sample has a tensor with dimensions")
    for bound in bounds[:4]:
        for name in LAYOUTS:
            _inputs_laid_out(specimen, bound, name)
            if specimen.order:
                _cotangents_laid_out(specimen, bound, name)
    return f"{count(min(len(bounds), 4))} in {len(LAYOUTS)} layouts"


def _inputs_laid_out(specimen: Specimen, bound: Bound, name: str) -> None:
    arrays, constants = ([LAYOUTS[name](a) for a in listed] for listed in (bound.arrays, bound.constants))
    copies = {"arrays": [a.copy() for a in arrays], "constants": [c.copy() for c in constants]}
    straight = attempt(MINIDEEP, specimen.function, bound, **copies, order=specimen.order)
    if isinstance(straight, Exception) and name == "stride 0":
        return  # it repeats values, which some ops have no use for
    if isinstance(straight, Exception):
        raise straight
    found = ours(specimen, bound, arrays=arrays, constants=constants, order=specimen.order)
    compare(found, straight, f"{describe(bound)} with inputs in {name}", 1e-12)


def _cotangents_laid_out(specimen: Specimen, bound: Bound, name: str) -> None:
    straight = ours(specimen, bound, layout=lambda u: LAYOUTS[name](u).copy())
    found = ours(specimen, bound, layout=LAYOUTS[name])
    compare(found, straight, f"{describe(bound)} with cotangents in {name}", 1e-12)


@column("ties", "ti")
def ties(specimen: Specimen) -> str:
    """Equal entries, and the same tensor for two inputs: gradients as PyTorch shares them out, and added up."""
    looked = sum(_same_tensor_twice(specimen, bound) for bound in specimen.differentiable)
    if specimen.torch is not None and not specimen.random:
        looked += compare_with_torch(specimen, _with_ties(specimen), order=specimen.order)
    if not looked:
        raise DoesNotApply("no two inputs of one shape, and no reference for tied entries")
    return count(looked)


def _with_ties(specimen: Specimen) -> Iterator[Bound]:
    """Samples in which entries are halves and whole numbers, and so often equal; and all equal."""
    for bound in specimen.bound[:4]:
        if bound.arrays:
            yield Bound(bound.sample([np.asarray(np.round(2 * a) / 2) for a in bound.arrays]))
            yield Bound(bound.sample([np.full_like(a, a.flat[0]) if a.size else a for a in bound.arrays]))


def _same_tensor_twice(specimen: Specimen, bound: Bound) -> int:
    """f(x, x): the gradient of x is the sum of those for two tensors of equal values."""
    if specimen.random or len(bound.arrays) < 2 or bound.arrays[0].shape != bound.arrays[1].shape:
        return 0
    x, _, *rest = bound.arrays
    apart = attempt(MINIDEEP, specimen.function, bound, arrays=[x, x.copy(), *rest])
    if isinstance(apart, Exception):
        return 0
    f = specimen.seeded(bound)
    together = evaluate(MINIDEEP, lambda x, *rest: f(x, x, *rest), Bound(Sample(x, *rest)))
    expected = [_sum(apart.gradients[0], apart.gradients[1]), *apart.gradients[2:]]
    compare(together, Evaluation(apart.outputs, expected, [], []), f"{describe(bound)} with f(x, x)")
    return 1


@column("fan-out", "fo")
def fan_out(specimen: Specimen) -> str:
    """Used twice, a tensor's gradient is the sum over its uses; a result that is not used brings nothing."""
    bounds = require_differentiable(specimen)[:3]
    for bound in bounds:
        _diamond(specimen, bound)
        _unused_results(specimen, bound)
    return count(len(bounds))


def _diamond(specimen: Specimen, bound: Bound) -> None:
    """Both branches of a diamond through the op: f(x) + 3 f(x) has four times the gradient of f(x)."""
    f = specimen.seeded(bound)
    once = evaluate(MINIDEEP, f, Bound(Sample(*bound.arrays)))

    def both(*xs: Any) -> list[Any]:
        inner = [x * 1.0 for x in xs]  # an intermediate tensor, so that the sum is made inside the graph
        left, right = parts_of(f(*inner)), parts_of(f(*inner))
        return [a + b * 3.0 if _is_float(a) else a for a, b in zip(left, right, strict=True)]

    twice = evaluate(MINIDEEP, both, Bound(Sample(*bound.arrays)))
    expected = [None if g is None else 4 * g for g in once.gradients]
    outputs = [4 * y if isinstance(y, np.ndarray) and y.dtype.kind == "f" else y for y in once.outputs]
    compare(twice, Evaluation(outputs, expected, [], []), f"{describe(bound)} used twice")


def _unused_results(specimen: Specimen, bound: Bound) -> None:
    """Of several results, one at a time: their gradients add up to those of all together."""
    f = specimen.seeded(bound)
    whole = evaluate(MINIDEEP, f, Bound(Sample(*bound.arrays)))
    floats = [i for i, y in enumerate(whole.raw) if _is_float(y)]
    if len(floats) < 2:
        return
    us = [MINIDEEP.tensor(u) for u in cotangents([whole.outputs[i] for i in floats], seed=0)]
    total: list[np.ndarray | None] = [None] * len(bound.arrays)
    for i, u in zip(floats, us, strict=True):
        xs = [MINIDEEP.leaf(a) for a in bound.arrays]
        y = list(parts_of(f(*xs)))[i]
        if y.requires_grad:
            for k, g in enumerate(autograd.grad([y], xs, [u], allow_unused=True)):
                total[k] = _sum(total[k], None if g is None else g.array)
    compare(Evaluation(whole.outputs, total, [], []), whole, f"{describe(bound)}, one result at a time")


@column("aliasing, mutation", "al")
def aliasing(specimen: Specimen) -> str:
    """Inputs, cotangents and settings come back as they were; gradients are nobody else's memory."""
    bounds = [b for b in specimen.bound if b.arrays or b.constants]
    if not bounds:
        raise DoesNotApply("takes no tensor")
    for bound in bounds:
        before = [a.copy() for a in (*bound.arrays, *bound.constants)]
        ours(specimen, bound, order=specimen.order, seed=specimen.seed)
        for array, old in zip((*bound.arrays, *bound.constants), before, strict=True):
            if not np.array_equal(array, old, equal_nan=array.dtype.kind == "f"):
                raise Wrong(f"({describe(bound)}): an input was changed in place")
    for bound in specimen.differentiable:
        subject = Subject(specimen.seeded(bound), [MINIDEEP.tensor(a) for a in bound.arrays])
        us = cotangents(subject.values(subject.point), specimen.seed)
        for finding in misbehaviour(subject, us):
            raise Wrong(f"({describe(bound)}): {finding}")
    return count(len(bounds))


def _sum(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    return b if a is None else a if b is None else a + b


def _is_float(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()
