"""What a gradient has to be apart from right: the same twice, of the right shape, nobody else's memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minideep import autograd, backend

from .report import Finding
from .subject import Pulled, Subject


def unrepeatable(subject: Subject) -> str:
    """What keeps derivatives of this function from having a meaning; '' if nothing does."""
    first, second = subject.values(subject.point), subject.values(subject.point)
    with autograd.enable_grad():
        recorded = [backend.to_numpy(y.array) for y in subject.call(subject.tensors(subject.point, tracked=True))]
    if not first:
        return "returns no Tensor of floating point: there is nothing to differentiate"
    coarse = [str(y.dtype) for y in first if y.dtype != np.float64]
    if coarse:
        return f"returns {coarse[0]} where float64 went in: too coarse for numerical derivatives"
    if not _same(first, second):
        return "two calls give different results; if it draws random numbers, seed them inside the function"
    if not _same(first, recorded):
        return "the result differs between no_grad and recording the graph"
    return ""


def misbehaviour(subject: Subject, cotangents: Sequence[np.ndarray]) -> Iterator[Finding]:
    """Everything wrong with the gradients but their values."""
    pulled = subject.pull(cotangents, twice=True)
    fresh = subject.pull(cotangents)
    for label, x, g, again, later in zip(
        subject.labels, pulled.inputs, pulled.gradients, pulled.again, fresh.gradients, strict=True
    ):
        message = "" if g is None else _shape_or_dtype(g, x) or _changing(g, again, later)
        if message:
            yield Finding(f"gradient by {label}", message)
    yield from _mutations(subject, pulled, cotangents)
    yield from _aliases(subject, pulled)


def _shape_or_dtype(g: Any, x: Any) -> str:
    if g.shape != x.shape:
        extra = len(g.shape) - len(x.shape)
        stretched = extra >= 0 and all(n in (1, m) for n, m in zip(x.shape, g.shape[extra:], strict=True))
        hint = ": not summed over the dimensions along which the input was broadcast" if stretched else ""
        return f"has shape {tuple(g.shape)}, but the input has {tuple(x.shape)}{hint}"
    return "" if g.dtype == x.dtype else f"has dtype {g.dtype}, but the input has {x.dtype}"


def _changing(g: Any, again: Any, later: Any) -> str:
    if not _same([backend.to_numpy(g)], [backend.to_numpy(again)]):
        return "a second backward pass through the same graph gives another gradient"
    if not _same([backend.to_numpy(g)], [backend.to_numpy(later)]):
        return "a second run gives another gradient: not deterministic"
    return ""


def _same(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> bool:
    return len(a) == len(b) and all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def _mutations(subject: Subject, pulled: Pulled, cotangents: Sequence[np.ndarray]) -> Iterator[Finding]:
    before = [*subject.point, *cotangents]
    labels = [*subject.labels, *(f"cotangent {i}" for i in range(len(cotangents)))]
    for label, now, then in zip(labels, [*pulled.inputs, *pulled.cotangents], before, strict=True):
        if not _same([backend.to_numpy(now)], [then]):
            yield Finding(label, "was changed in place by the function or by going back through it")


def _aliases(subject: Subject, pulled: Pulled) -> Iterator[Finding]:
    """A gradient is the user's to change in place: it may be no view of anything else the user holds."""
    mine = [(f"the gradient by {n}", g) for n, g in zip(subject.labels, pulled.gradients, strict=True)]
    held = [*mine]
    held += zip(subject.labels, pulled.inputs, strict=True)
    held += [(f"output {i}", y) for i, y in enumerate(pulled.outputs)]
    held += [(f"cotangent {i}", u) for i, u in enumerate(pulled.cotangents)]
    held += [(f"the first {n.removeprefix('the ')}", g) for (n, _), g in zip(mine, pulled.again, strict=True)]
    for position, (label, g) in enumerate(mine):
        for other, array in held[position + 1 :]:
            if isinstance(g, np.ndarray) and isinstance(array, np.ndarray) and np.shares_memory(g, array):
                yield Finding(label, f"shares memory with {other}: changing one would change the other")
