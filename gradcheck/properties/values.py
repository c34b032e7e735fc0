"""Columns about what an op computes: its values and derivatives, dtypes, special values, and the twin of a fused op."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from minideep.autograd import numpy_functions

from ..evaluation import MINIDEEP, Bound, Evaluation, evaluate, torch
from ..report import Report
from ..specimen import Specimen
from .column import (
    DoesNotApply,
    Wrong,
    attempt,
    column,
    compare,
    compare_with_torch,
    count,
    describe,
    numerical_report,
    ours,
    require_differentiable,
    require_torch,
)


@column("values", "va")
def values(specimen: Specimen) -> str:
    """Results equal PyTorch's (without it, NumPy's), shapes and dtypes included."""
    if specimen.random:
        raise DoesNotApply("draws random numbers: see the column for those")
    if specimen.torch is not None:
        return f"{count(compare_with_torch(specimen, specimen.bound, order=0, must=True))}, against PyTorch"
    reference = next((f for f, mine in numpy_functions.items() if mine is specimen.function), None)
    bounds = [b for b in specimen.bound if not b.constants and not b.original.kwargs]
    if reference is None or not specimen.entry.elementwise or not bounds:
        raise DoesNotApply(f"{specimen.why_no_torch}, nor is it an elementwise function of NumPy's")
    for bound in bounds:
        expected = Evaluation([reference(*bound.original.args)], [], [], [])
        compare(ours(specimen, bound, order=0), expected, describe(bound), 1e-12)
    return f"{count(len(bounds))}, against NumPy"


@column("first derivative", "d1")
def first_derivative(specimen: Specimen) -> str:
    """The gradient equals the numerical derivative, and PyTorch's."""
    reports = _reports(specimen)
    for bound, report in reports:
        if not report.checks:
            raise Wrong(f"({describe(bound)})\n{report}")
    flat = all(len(report.flat) == len(bound.arrays) for bound, report in reports)
    if reports and flat and not specimen.entry.flat:
        raise Wrong("the derivative is zero at every sample: nothing is tested (if it must be, say flat=True)")
    return f"{count(len(reports))}{_against_torch(specimen, 1)}"


@column("second derivative", "d2")
def second_derivative(specimen: Specimen) -> str:
    """The gradient's own derivative, under create_graph, equals the numerical one, and PyTorch's."""
    reports = _reports(specimen)
    for bound, report in reports:
        if len(report.checks) == 1:
            raise Wrong(f"({describe(bound)})\n{report}")
    return f"{count(len(reports))}{_against_torch(specimen, 2)}"


@functools.lru_cache(maxsize=1)
def _reports(specimen: Specimen) -> list[tuple[Bound, Report]]:
    """What the check says of each sample with a numerical derivative; for two columns, so kept for a while."""
    bounds = [b for b in require_differentiable(specimen) if specimen.has_numerical_derivative(b)]
    return [(bound, numerical_report(specimen, bound, order=2)) for bound in bounds]


def _against_torch(specimen: Specimen, order: int) -> str:
    if specimen.torch is None or specimen.random:
        return ""
    compared = compare_with_torch(specimen, specimen.differentiable, order=order)
    return f", {compared} against PyTorch" if compared else ""


# ---------------------------------------------------------------------------------------------- dtypes

_TOLERANCES = {"float16": 1e-1, "float32": 2e-4, "float64": 1e-12}


@column("dtypes", "dt")
def dtypes(specimen: Specimen) -> str:
    """float16, float32 and float64 stay what they are: input = result = gradient."""
    bounds = [b for b in specimen.bound if b.arrays]
    if not bounds:
        raise DoesNotApply("no input of floating point")
    for bound, (dtype, tolerance) in itertools.product(bounds[:4], _TOLERANCES.items()):
        arrays = [a.astype(dtype) for a in bound.arrays]
        call = f"{describe(bound)} in {dtype}"
        found = ours(specimen, bound, arrays=arrays, order=specimen.order)
        exact = ours(specimen, bound, arrays=[a.astype(np.float64) for a in arrays], order=specimen.order)
        _same_dtypes(specimen, bound, arrays, found, call)
        for g in found.gradients:
            if g is not None and g.dtype != dtype:
                raise Wrong(f"({call}): a gradient of dtype {g.dtype}")
        if not specimen.random:
            compare(_finite(found), _finite(exact), call, tolerance, dtypes=False, floor=0.1)
    return f"{count(min(len(bounds), 4))} in 3 dtypes"


def _same_dtypes(specimen: Specimen, bound: Bound, arrays: list[np.ndarray], found: Evaluation, call: str) -> None:
    """Result dtypes as PyTorch's; where it cannot be asked, the input's, unless the last step was to convert it."""
    dtype = arrays[0].dtype
    right = None
    if specimen.torch is not None:
        right = attempt(torch(), specimen.torch, bound, arrays=arrays, order=0)
    for i, y in enumerate(found.outputs):
        if not isinstance(y, np.ndarray):
            continue
        expected = dtype if y.dtype.kind == "f" and not _converted(found.raw[i]) else y.dtype
        if isinstance(right, Evaluation):
            expected = right.outputs[i].dtype
        if y.dtype != expected:
            raise Wrong(f"({call}): a result of dtype {y.dtype} where {expected} is right")


def _converted(result: Any) -> bool:
    return result.grad_fn is not None and result.grad_fn.op.name == "to_dtype"


def _finite(evaluation: Evaluation) -> Evaluation:
    """Without what is not finite (float16 overflows early) or not floating: dtypes are compared by rounding only."""

    def tame(y: Any) -> Any:
        if not isinstance(y, np.ndarray) or y.dtype.kind != "f":
            return None
        return np.where(np.abs(y.astype(np.float64)) < 1e4, y.astype(np.float64), 0)

    outputs = [tame(y) for y in evaluation.outputs]
    gradients = [tame(g) for g in evaluation.gradients]
    return Evaluation(outputs, gradients, [], evaluation.raw)


# ---------------------------------------------------------------------------------------------- special values

_SPECIAL = (0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, -1e-30, 0.5, -2.5, 700.0, -750.0)


@column("special values", "sp")
def special_values(specimen: Specimen) -> str:
    """Zeros, infinities, nan, huge and tiny numbers and the edges of the domain give what PyTorch gives."""
    require_torch(specimen)
    if not any(b.arrays for b in specimen.bound):
        raise DoesNotApply("no input of floating point")
    variants = list(_on_grid(specimen) if specimen.entry.elementwise else _planted(specimen))
    compared = compare_with_torch(specimen, variants, order=0)
    if specimen.entry.elementwise and specimen.order:
        for bound in variants:
            _same_gradients(specimen, bound)
    if not compared:
        raise DoesNotApply("PyTorch accepts none of the calls with special values")
    return count(compared)


def _same_gradients(specimen: Specimen, bound: Bound) -> None:
    """Gradients as PyTorch's, where no input is nan: there is nothing to be right about."""
    right = attempt(torch(), specimen.torch, bound)
    if isinstance(right, Evaluation):
        found = ours(specimen, bound)
        known = ~np.any([np.isnan(a) for a in bound.arrays], axis=0)
        for evaluation in (found, right):
            evaluation.gradients = [None if g is None else np.where(known, g, 0) for g in evaluation.gradients]
        compare(found, right, describe(bound))


def _on_grid(specimen: Specimen) -> Iterator[Bound]:
    """Each sample's settings with every combination of special values in its inputs."""
    points = [*_SPECIAL, *specimen.entry.domain]
    for bound in specimen.bound[:4]:
        n = len(bound.arrays)
        if n and all(c.size == 1 for c in bound.constants):
            few = points if n < 3 else [0.0, np.inf, -np.inf, np.nan, 1e30, -1.0]
            grid = np.array(list(itertools.product(few, repeat=n))).T
            yield Bound(bound.sample([np.ascontiguousarray(row) for row in grid]))


def _planted(specimen: Specimen) -> Iterator[Bound]:
    """A sample with one special value planted somewhere in the middle."""
    bounds = [b for b in specimen.bound if any(a.size for a in b.arrays)][:2]
    for bound, value in itertools.product(bounds, (0.0, np.inf, -np.inf, np.nan, 1e30, 1e-30)):
        arrays = [a.copy() for a in bound.arrays]
        target = next(a for a in arrays if a.size)
        target.flat[target.size // 2] = value
        yield Bound(bound.sample(arrays))


# ---------------------------------------------------------------------------------------------- the plain twin


@column("plain twin", "tw")
def plain_twin(specimen: Specimen) -> str:
    """A fused op and the plain composition that stands for it under create_graph agree, and so do their gradients."""
    if specimen.op is None:
        raise DoesNotApply("composed of other ops: it is its own plain form")
    if specimen.op.twin is None:
        raise DoesNotApply("not fused: its rules serve every order")
    for bound in specimen.bound:
        order = 1 if specimen.entry.differentiable and bound.arrays else 0
        fused = ours(specimen, bound, order=order)
        plain = evaluate(MINIDEEP, specimen.op.twin, bound, order=order)
        compare(fused, plain, describe(bound), 1e-11)
    return count(len(specimen.bound))
