"""Deliberately wrong gradients, which the checker must catch: who checks the checker.

A mutant is an op whose way back (`Op.pull`, which hands its rules what they ask for) was tampered with. Each kind of
mistake below is one that people make in rules. A mistake that makes no difference at the sample (transposing a
vector, rolling equal entries) is no mistake there: such *equivalent* mutants are recognised by the gradient they
deliver being the right one, and the next kind, op or sample takes their place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minideep.autograd.graph import Pieces, reachable
from minideep.autograd.op import Op
from minideep.tensor import Tensor

from .check import check
from .evaluation import MINIDEEP, Bound, evaluate
from .report import Report
from .specimen import Specimen

WANTED = 6  # how many different mutants of every op must be caught

Pull = Callable[[Any, Any, Sequence[Any]], Any]
Gradients = list[Any]
Mistake = Callable[[Op, Pull, Any, Any, Sequence[Any]], Gradients]


@dataclass(frozen=True)
class Mutant:
    """An op, and a mistake in its way back."""

    op: Op
    mistake: Mistake

    @property
    def name(self) -> str:
        return f"{self.op.name}: {(self.mistake.__doc__ or '').rstrip('.')}"

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Inside, the op goes back wrongly."""
        right, mistake, op = self.op.pull, self.mistake, self.op

        def wrong(g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
            return mistake(op, right, g, saved, parents)

        op.pull = wrong
        try:
            yield
        finally:
            op.pull = right


@dataclass
class Outcome:
    """Which mutants were caught, which survived, and how many made no difference."""

    caught: list[str]
    survived: list[str]
    equivalent: int


def trial(specimen: Specimen, wanted: int = WANTED) -> Outcome:
    """Try mutants until `wanted` different mistakes were caught, or there are no more."""
    outcome = Outcome([], [], 0)
    bounds = [b for b in specimen.differentiable if specimen.has_numerical_derivative(b)]
    for bound in sorted(bounds, key=_handiness):
        right = evaluate(MINIDEEP, specimen.function, bound, seed=specimen.seed)
        ops = ops_behind(right.raw)
        if not ops or len(_check(specimen, bound).flat) == len(bound.arrays):
            continue  # nothing to get wrong, or a point at which nothing shows
        for mutant in (Mutant(op, mistake) for op in ops for mistake in MISTAKES):
            if len(outcome.caught) >= wanted:
                return outcome
            if mutant.name not in outcome.caught:
                _try(specimen, bound, mutant, right.gradients, outcome)
    return outcome


def _check(specimen: Specimen, bound: Bound) -> Report:
    return check(specimen.seeded(bound), *bound.arrays, order=1, flat=True, full=False)


def _handiness(bound: Bound) -> tuple[bool, int]:
    """Small samples first, but those of a few entries last: too many mistakes make no difference there."""
    size = max(a.size for a in bound.arrays)
    return size < 4, size


def ops_behind(results: Sequence[Any]) -> list[Op]:
    """The ops that gradients of these results come through, the last first; for a declared op, itself."""
    nodes = [t.current_node() for t in results if isinstance(t, Tensor)]
    behind = reachable([node for node in nodes if node is not None])
    return list(dict.fromkeys(node.op for node in behind if isinstance(node.op, Op)))


def _try(specimen: Specimen, bound: Bound, mutant: Mutant, right: Sequence[Any], outcome: Outcome) -> None:
    with mutant.in_place():
        try:
            wrong = evaluate(MINIDEEP, specimen.function, bound, seed=specimen.seed).gradients
        except Exception:  # it breaks off by itself: no wrong gradient to catch
            return
        if all(_same(a, b) for a, b in zip(wrong, right, strict=True)):
            outcome.equivalent += 1
            return
        report = _check(specimen, bound)
    (outcome.survived if report else outcome.caught).append(mutant.name)


def _same(a: np.ndarray | None, b: np.ndarray | None) -> bool:
    if a is None or b is None:
        return a is b or not np.any(b if a is None else a)
    return a.shape == b.shape and bool((np.abs(a - b) <= 1e-9 * np.abs(b).max(initial=0)).all())


# ---------------------------------------------------------------------------------------------- mistakes


def _each(change: Callable[[np.ndarray], np.ndarray], gradients: Any) -> Gradients:
    """`change` made to every gradient that is there."""
    return [None if g is None else change(_whole(g)) for g in gradients]


def _first(change: Callable[[np.ndarray], np.ndarray], gradients: Any) -> Gradients:
    """`change` made to the first gradient that is there."""
    listed = list(gradients)
    position = next(i for i, g in enumerate(listed) if g is not None)
    return [change(_whole(g)) if i == position else g for i, g in enumerate(listed)]


def _whole(g: Any) -> np.ndarray:
    return g.whole() if isinstance(g, Pieces) else g


def _negated(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """the sign is wrong."""
    return _each(np.negative, pull(g, saved, parents))


def _doubled(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """a factor of 2 too much."""
    return _each(lambda d: 2 * d, pull(g, saved, parents))


def _averaged(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """a mean in place of a sum."""
    return _each(lambda d: d / max(g.size, 2), pull(g, saved, parents))


def _detached(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """an input is detached."""
    return _first(np.zeros_like, pull(g, saved, parents))


def _swapped(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """two inputs have each other's gradient."""
    listed = list(pull(g, saved, parents))
    shapes = [None if d is None else _whole(d).shape for d in listed]
    for i, j in zip(range(len(listed)), range(1, len(listed)), strict=False):
        if shapes[i] is not None and shapes[i] == shapes[j]:
            listed[i], listed[j] = listed[j], listed[i]
    return listed


def _rolled(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """every entry has its neighbour's gradient."""
    return _each(lambda d: np.roll(d, 1), pull(g, saved, parents))


def _transposed(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """the gradient is transposed."""
    return _each(lambda d: d.T.reshape(d.shape), pull(g, saved, parents))


def _not_summed(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """only the first slice of the output's gradient is counted."""
    part = np.zeros_like(g)
    part[:1] = g[:1]
    return list(pull(part, saved, parents))


def _overwritten(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """the last entry of the output's gradient is lost."""
    part = g.copy()
    part.reshape(-1)[-1:] = 0
    return list(pull(part, saved, parents))


def _careless(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """the output's gradient is taken to be one."""
    return list(pull(np.ones_like(g), saved, parents))


def _stale(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """a saved value is not the one the forward pass saw."""
    changed = [s * 1.1 + 0.1 if isinstance(s, np.ndarray) and s.dtype.kind == "f" else s for s in saved]
    return list(pull(g, tuple(changed), parents))


def _output_for_input(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """the rule reads the output where it means the input."""
    y = dict(zip(op.saved_names, saved, strict=True))
    result = y["y"] if "y" in y else op.body(*(y[name] for name in op.parameters))
    changed = [result if name in op.inputs and np.shape(s) == result.shape else s
               for name, s in zip(op.saved_names, saved, strict=True)]  # fmt: skip
    return list(pull(g, tuple(changed), parents))


def _one_entry(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """one entry is wrong."""

    def spoil(d: np.ndarray) -> np.ndarray:
        d = d.copy()
        d.reshape(-1)[d.size // 2 : d.size // 2 + 1] += 0.1 + 0.1 * np.abs(d).max(initial=0)
        return d

    return _first(spoil, pull(g, saved, parents))


def _noisy(op: Op, pull: Pull, g: Any, saved: Any, parents: Sequence[Any]) -> Gradients:
    """the gradient is different each time."""
    noise = np.random.default_rng()
    return _each(lambda d: d + 1e-3 * noise.normal(size=d.shape), pull(g, saved, parents))


MISTAKES: tuple[Mistake, ...] = (
    _negated,
    _not_summed,
    _output_for_input,
    _detached,
    _swapped,
    _transposed,
    _one_entry,
    _averaged,
    _rolled,
    _overwritten,
    _stale,
    _careless,
    _doubled,
    _noisy,
)
