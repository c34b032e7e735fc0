"""What a column of the table is: a function of a specimen that returns, refuses with a reason, or complains."""

from __future__ import annotations

import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..check import check
from ..evaluation import MINIDEEP, Bound, Evaluation, difference, evaluate, torch
from ..report import Report
from ..specimen import Specimen

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
EXACT = 1e-10  # how far float64 results may be from PyTorch's, relatively


class DoesNotApply(Exception):
    """The column says nothing about this op; the message is the reason, which the table shows."""


class Wrong(Exception):
    """The op does not have the property; the message says at which call and how."""


@dataclass(frozen=True)
class Column:
    """One property that every op should have, or have a reason not to."""

    name: str
    abbreviation: str
    run: Callable[[Specimen], str]  # returns what was looked at: "7 calls"

    @property
    def meaning(self) -> str:
        return (self.run.__doc__ or "").strip().split("\n")[0]


@dataclass(frozen=True)
class Cell:
    """The outcome of one column for one op."""

    op: str
    column: str
    state: str
    text: str
    seconds: float


def column(name: str, abbreviation: str) -> Callable[[Callable[[Specimen], str]], Column]:
    """Make a function a column of the table."""
    return lambda function: Column(name, abbreviation, function)


def examine(specimen: Specimen, which: Column) -> Cell:
    """Run one cell. Whatever happens becomes its outcome."""
    start = time.perf_counter()
    state, text = _outcome(specimen, which)
    return Cell(specimen.name, which.name, state, text, time.perf_counter() - start)


def _outcome(specimen: Specimen, which: Column) -> tuple[str, str]:
    if which.name in specimen.entry.skips:
        return SKIPPED, specimen.entry.skips[which.name]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with np.errstate(all="ignore"):
                return PASSED, which.run(specimen)
    except DoesNotApply as reason:
        return SKIPPED, str(reason)
    except Wrong as wrong:
        return FAILED, str(wrong)
    except Exception as error:  # an op may fail in any way at all, and the table should still be printed
        line = traceback.extract_tb(error.__traceback__)[-1]
        return FAILED, f"{type(error).__name__}: {error} ({line.filename.rpartition('/')[2]}:{line.lineno})"


# ---------------------------------------------------------------------------------------------- shared steps


def describe(bound: Bound) -> str:
    """A call as a person would write it, with shapes in place of arrays."""

    def show(value: Any) -> str:
        if isinstance(value, np.ndarray):
            kind = "" if value.dtype == np.float64 else f"{value.dtype}"
            return f"{kind}{list(value.shape)}"
        if isinstance(value, tuple | list):
            inside = ", ".join(map(show, value))
            return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
        return str(value) if isinstance(value, np.dtype) else repr(value)

    args, kwargs = bound.fill(bound.arrays, bound.constants)
    return ", ".join([*map(show, args), *(f"{key}={show(value)}" for key, value in kwargs.items())])


def count(calls: int, what: str = "call") -> str:
    return f"{calls} {what}{'' if calls == 1 else 's'}"


def attempt(*arguments: Any, **options: Any) -> Evaluation | Exception:
    """An evaluation, or the exception it ended in."""
    try:
        return evaluate(*arguments, **options)
    except Exception as error:
        return error


def require_differentiable(specimen: Specimen) -> Sequence[Bound]:
    if not specimen.entry.differentiable:
        raise DoesNotApply("not differentiable: its result is piecewise constant or no floating-point tensor")
    if not specimen.differentiable:
        raise DoesNotApply("no input of floating point: nothing to differentiate")
    return specimen.differentiable


def require_torch(specimen: Specimen) -> Callable[..., Any]:
    if specimen.torch is None:
        raise DoesNotApply(f"compared with PyTorch only, and {specimen.why_no_torch}")
    if specimen.random:
        raise DoesNotApply("draws random numbers, which are not PyTorch's")
    return specimen.torch


def compare(
    found: Evaluation,
    expected: Evaluation,
    call: str,
    tolerance: float = EXACT,
    dtypes: bool = True,
    floor: float = 1e-2,
) -> None:
    """Complain if outputs, gradients or second derivatives differ; a missing gradient counts as zero."""
    coarsest = max((np.finfo(y.dtype).eps for y in expected.outputs if _is_float(y)), default=0.0)
    tolerance = max(tolerance, 8 * float(coarsest))  # gradients go back through the results
    if len(found.outputs) != len(expected.outputs):
        raise Wrong(f"({call}): {len(found.outputs)} results where {len(expected.outputs)} are right")
    for i, (ours, right) in enumerate(zip(found.outputs, expected.outputs, strict=True)):
        text = difference(ours, right, tolerance, dtypes, floor)
        if text:
            raise Wrong(f"({call}): result {i} is {text}" if i else f"({call}): the result is {text}")
    for what, ours_all, right_all in [
        ("gradient", found.gradients, expected.gradients),
        ("second derivative", found.second, expected.second),
    ]:
        for i, (g, r) in enumerate(zip(ours_all, right_all, strict=True)):
            if g is None and r is None:
                continue
            g = np.zeros_like(r) if g is None else g
            text = difference(g, np.zeros_like(g) if r is None else r, tolerance, dtypes, floor)
            if text:
                raise Wrong(f"({call}): the {what} of input {i} is {text}")


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def ours(specimen: Specimen, bound: Bound, **options: Any) -> Evaluation:
    return evaluate(MINIDEEP, specimen.function, bound, **options)


def compare_with_torch(
    specimen: Specimen, variants: Iterable[Bound], order: int = 1, tolerance: float = EXACT, must: bool = False
) -> int:
    """Compare each call that PyTorch accepts with PyTorch; returns how many those were.

    `must`: a call that PyTorch refuses is a mistake in the samples.
    """
    counterpart, library = require_torch(specimen), torch()
    compared = 0
    for bound in variants:
        right = attempt(library, counterpart, bound, order=order)
        if isinstance(right, Exception):
            if must:
                raise Wrong(f"({describe(bound)}): PyTorch refuses this call: {first_line(right)}")
            continue
        found = attempt(MINIDEEP, specimen.function, bound, order=order)
        if isinstance(found, Exception):
            raise Wrong(f"({describe(bound)}): {type(found).__name__}: {first_line(found)}; PyTorch accepts this call")
        compare(found, right, describe(bound), tolerance)
        if order and _attached(found) != _attached(right):
            raise Wrong(
                f"({describe(bound)}): results that need gradients: {_attached(found)}; in PyTorch {_attached(right)}"
            )
        compared += 1
    return compared


def _attached(evaluation: Evaluation) -> list[int]:
    """Which results have a gradient."""
    return [i for i, y in enumerate(evaluation.raw) if getattr(y, "requires_grad", False)]


def judge(specimen: Specimen, variants: Iterable[Bound]) -> int:
    """Compare calls that may or may not be valid with PyTorch; without it, with numerical derivatives.

    Returns how many were valid.
    """
    if specimen.torch is not None and not specimen.random:
        return compare_with_torch(specimen, variants, specimen.order)
    valid = 0
    for bound in variants:
        if isinstance(attempt(MINIDEEP, specimen.function, bound, order=specimen.order), Exception):
            continue
        valid += 1
        check_numerically(specimen, bound)
    return valid


def check_numerically(specimen: Specimen, bound: Bound, order: int = 1) -> None:
    """Complain if the gradient at a sample is not the numerical one, where there is one to compare with."""
    if specimen.entry.differentiable and specimen.has_numerical_derivative(bound):
        report = numerical_report(specimen, bound, order)
        if not report:
            raise Wrong(f"({describe(bound)})\n{report}")


def numerical_report(specimen: Specimen, bound: Bound, order: int) -> Report:
    return check(specimen.seeded(bound), *bound.arrays, order=order, flat=True, seed=specimen.seed)


def first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
