"""Columns about how an op behaves: random numbers, refusals, other kinds of arrays, wrong gradients being caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import minideep

from .. import mutants, strict
from ..entry import Failure, Sample
from ..evaluation import MINIDEEP, Bound, Evaluation, Library, evaluate, torch
from ..specimen import Specimen
from .column import DoesNotApply, Wrong, attempt, column, compare, count, describe, ours, require_differentiable

_DRAWS = 200  # calls whose statistics are compared
_SIGMAS = 5.5  # how far two means may be apart before it is no accident


@column("random numbers", "ra")
def random_numbers(specimen: Specimen) -> str:
    """The same seed or generator gives the same numbers, another seed others; mean and spread are PyTorch's."""
    if not specimen.random:
        raise DoesNotApply("draws no random numbers")
    for bound in specimen.bound:
        first, again = (ours(specimen, bound, order=0, seed=7) for _ in range(2))
        compare(again, first, f"{describe(bound)} with the same seed twice", 0)
        if "generator" in specimen.parameters:
            _own_generator(specimen, bound)
        if specimen.torch is not None:
            _same_statistics(specimen, bound)
    return count(len(specimen.bound))


def _own_generator(specimen: Specimen, bound: Bound) -> None:
    """``generator=`` decides alone: the default stream neither matters nor moves."""

    def draw(default_seed: int) -> Evaluation:
        def function(*args: Any, **kwargs: Any) -> Any:
            return specimen.function(*args, **{**kwargs, "generator": minideep.Generator().manual_seed(3)})

        return evaluate(MINIDEEP, function, bound, order=0, seed=default_seed)

    compare(draw(1), draw(2), f"{describe(bound)} with a generator of its own, after two default seeds", 0)


def _same_statistics(specimen: Specimen, bound: Bound) -> None:
    """Each entry's mean, and mean square, over many calls: as far from PyTorch's as chance allows."""
    library, counterpart = torch(), specimen.torch
    if library is None or counterpart is None or isinstance(attempt(library, counterpart, bound, order=0), Exception):
        return
    mine_all, right_all = _draws(MINIDEEP, specimen.function, bound), _draws(library, counterpart, bound)
    for mine, right in zip(mine_all, right_all, strict=True):
        if mine.shape != right.shape:
            raise Wrong(f"({describe(bound)}): shape {mine.shape[1:]} where {right.shape[1:]} is right")
        for power, what in ((1, "mean"), (2, "mean square")):
            a, b = mine**power, right**power
            error = np.sqrt((a.var(0) + b.var(0)) / _DRAWS) + 1e-12
            worst = (np.abs(a.mean(0) - b.mean(0)) / error).max(initial=0)
            if worst > _SIGMAS:
                raise Wrong(f"({describe(bound)}): the {what} of {_DRAWS} draws is {worst:.0f} sigmas from PyTorch's")


def _draws(library: Library, function: Callable[..., Any], bound: Bound) -> list[np.ndarray]:
    """Each result of many calls, stacked."""
    calls = [evaluate(library, function, bound, order=0, seed=seed).outputs for seed in range(_DRAWS)]
    return [np.stack([np.asarray(y, dtype=np.float64) for y in results]) for results in zip(*calls, strict=True)]


@column("errors", "er")
def errors(specimen: Specimen) -> str:
    """Calls that must fail do, with the right exception and a telling text, where PyTorch fails too."""
    failures = [*specimen.failures, *_no_tensor(specimen)]
    if not failures:
        raise DoesNotApply("its entry names no call that fails")
    for failure in failures:
        bound = Bound(failure.sample)
        found = attempt(MINIDEEP, specimen.function, bound, order=0)
        call = describe(bound)
        if not isinstance(found, Exception):
            raise Wrong(f"({call}): does not fail, but should with {failure.error.__name__}: …{failure.text}…")
        _right_kind(failure, found, call)
        if specimen.torch is not None and not isinstance(attempt(torch(), specimen.torch, bound, order=0), Exception):
            raise Wrong(f"({call}): fails, but PyTorch accepts this call")
    return count(len(failures))


def _no_tensor(specimen: Specimen) -> list[Failure]:
    """Of a declared op: a text in place of its first tensor."""
    samples = [s for s in specimen.samples if s.args and isinstance(s.args[0], np.ndarray)]
    if specimen.op is None or not samples:
        return []
    wrong = Sample("text", *samples[0].args[1:], **samples[0].kwargs)
    return [Failure(wrong, TypeError, f"{specimen.op.name}(): argument '{specimen.op.inputs[0]}' must be Tensor")]


def _right_kind(failure: Failure, found: Exception, call: str) -> None:
    if not isinstance(found, failure.error):
        raise Wrong(f"({call}): raises {type(found).__name__} where {failure.error.__name__} is right: {found}")
    if failure.text not in str(found):
        raise Wrong(f"({call}): the message is '{found}', without '{failure.text}'")


@column("strict arrays", "st")
def strict_arrays(specimen: Specimen) -> str:
    """Runs on a stand-in for CuPy's arrays, which refuses what CuPy refuses, with the same results."""
    return on_device(specimen, "strict")


def on_device(specimen: Specimen, device: str, tolerance: float = 1e-12) -> str:
    """The samples on another kind of arrays: results there, equal to NumPy's."""
    if device == "strict":
        strict.register()
    library = Library(device)
    bounds = [b for b in specimen.bound if b.arrays or b.constants]
    if not bounds:
        raise DoesNotApply("takes no tensor")
    for bound in bounds:
        order = 2 if specimen.entry.differentiable and bound.arrays else 0
        there = evaluate(library, specimen.function, bound, order=order)
        for y in there.raw:
            if isinstance(y, minideep.Tensor) and y.device != library.device:
                raise Wrong(f"({describe(bound)}): a result on {y.device}, though the inputs are on {library.device}")
        if not (specimen.random and device == "cuda"):
            compare(there, ours(specimen, bound, order=order), f"{describe(bound)} on '{device}'", tolerance)
    return count(len(bounds))


@column("wrong gradients", "wr")
def wrong_gradients(specimen: Specimen) -> str:
    """Six different mistakes made on purpose in its rules are each caught by the check."""
    require_differentiable(specimen)
    if specimen.entry.flat:
        raise DoesNotApply("its gradient is zero everywhere: most mistakes make no difference")
    outcome = mutants.trial(specimen)
    if outcome == mutants.Outcome([], [], 0):
        raise DoesNotApply("no sample records anything that float64 differences could hold against a rule")
    if outcome.survived:
        raise Wrong(f"not caught: {'; '.join(outcome.survived)}")
    if len(outcome.caught) < mutants.WANTED:
        found = f"only {count(len(outcome.caught), 'mistake')} that make a difference at the samples were found"
        raise Wrong(f"{found}: add a sample with more entries")
    return f"{len(outcome.caught)} caught"
