"""Columns about ops that choose places in their input: by index, or by moving a window."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..entry import Sample
from ..evaluation import Bound
from ..specimen import Specimen
from .column import DoesNotApply, Wrong, column, compare_with_torch, count, judge, require_torch

_CHOICES: dict[str, list[Any]] = {  # pairs are for windows over two dimensions
    "kernel_size": [1, 2, 3, (3, 2)],
    "stride": [1, 2, 3, 4, (2, 1)],
    "padding": [0, 1, (1, 0)],
    "dilation": [1, 2, (1, 2)],
}
_INDICES = {"index", "indices", "start", "repeats", "target"}  # what parameters that choose places are called
_INDEXING = {"getitem", "embedding"}  # and ops whose parameters do not say so


@column("indices", "ix")
def indices(specimen: Specimen) -> str:
    """Repeated, reversed and negative indices: read and written, gradients added up, as PyTorch does it."""
    chooses = _INDICES & set(specimen.parameters) or specimen.name in _INDEXING
    bounds = [b for b in specimen.bound if chooses and _index_arrays(b)]
    if not bounds:
        raise DoesNotApply("takes no tensor of indices")
    require_torch(specimen)  # without it, who would say which of several values written to one place should win?
    variants = [variant for bound in bounds[:4] for variant in _with_other_indices(bound)]
    looked = compare_with_torch(specimen, variants, specimen.order)
    if not looked:
        raise DoesNotApply("its indices fit these shapes in one way only")
    return count(looked)


def _index_arrays(bound: Bound) -> list[int]:
    """Which of the constants are tensors of integers."""
    return [i for i, c in enumerate(bound.constants) if c.dtype.kind == "i" and bound.arrays and c.size]


def _with_other_indices(bound: Bound) -> Iterator[Bound]:
    chosen = _index_arrays(bound)
    sides = {n for a in bound.arrays for n in a.shape}
    changes: list[Callable[[np.ndarray], np.ndarray]] = [np.zeros_like, lambda c: np.flip(c).copy()]
    changes += [lambda c, n=n: c - n for n in sorted(sides)]  # type: ignore[misc]
    for change in changes:
        constants = [change(c) if i in chosen else c for i, c in enumerate(bound.constants)]
        yield Bound(bound.sample(bound.arrays, constants))


@column("windows", "wi")
def windows(specimen: Specimen) -> str:
    """Stride below, at and above the kernel's size, odd and even kernels, padded, dilated, grouped, not square."""
    own = [p for p in _CHOICES if p in specimen.parameters]
    if "stride" not in own and "kernel_size" not in own:
        raise DoesNotApply("moves no window over its input")
    groups = [_arguments(specimen, sample).get("groups", 1) for sample in specimen.samples]
    if "groups" in specimen.parameters and max(groups) == 1:
        raise Wrong("no sample has groups")
    variants = [*specimen.bound, *_with_other_windows(specimen, own)]
    looked = judge(specimen, variants)
    if looked < min(len(variants), len(specimen.bound) + 4):
        raise Wrong(f"only {count(looked)} of {len(variants)} are valid: the samples leave no room for other windows")
    return count(looked)


def _with_other_windows(specimen: Specimen, own: list[str]) -> Iterator[Bound]:
    """The first sample with each two of the settings varied together."""
    given = _arguments(specimen, specimen.samples[0])
    for first, second in itertools.combinations(own, 2):
        for a, b in itertools.product(_CHOICES[first], _CHOICES[second]):
            yield Bound(Sample(**{**given, first: a, second: b}))


def _arguments(specimen: Specimen, sample: Sample) -> dict[str, Any]:
    """A sample's arguments, all by name."""
    return dict(inspect.signature(specimen.function).bind_partial(*sample.args, **sample.kwargs).arguments)
