"""Why a gradient is wrong: the Jacobian it amounts to, held against what the known mistakes would make of the true one.

Each mistake is a function of a `Case` that returns a sentence if it explains *all* entries, and None otherwise. They
are tried from the specific to the vague, and the first that fits is the diagnosis.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

Matrix = np.ndarray


@dataclass(frozen=True)
class Case:
    """Two Jacobians by one input, of shape (entries of all outputs, entries of the input), and where they are from."""

    analytic: Matrix
    numerical: Matrix
    allowed: Matrix  # how far an entry of `analytic` may be from `numerical`
    x: np.ndarray
    outputs: Sequence[np.ndarray]
    others: Mapping[str, Matrix] = field(default_factory=dict)  # the true Jacobians of the other inputs
    at_output: Callable[[], Matrix | None] = lambda: None  # the true Jacobian at x = output

    def explains(self, matrix: Matrix) -> bool:
        """Whether the analytic Jacobian is this one."""
        return matrix.shape == self.analytic.shape and self.equal(self.analytic, matrix)

    def equal(self, a: Matrix, b: Matrix) -> bool:
        with np.errstate(invalid="ignore"):
            return bool((np.abs(a - b) <= self.allowed + 1e-6 * np.abs(b)).all())

    @property
    def wrong(self) -> np.ndarray:
        """Which entries are off."""
        with np.errstate(invalid="ignore"):
            return ~(np.abs(self.analytic - self.numerical) <= self.allowed)


def diagnose(case: Case) -> str:
    """The likeliest mistake, in a sentence."""
    for mistake in MISTAKES:
        text = mistake(case)
        if text:
            return text
    return f"none of the known mistakes fits; {_where(case)}"


def _not_finite(case: Case) -> str | None:
    bad = ~np.isfinite(case.analytic)
    if not bad.any():
        return None
    what = "nan" if np.isnan(case.analytic).any() else "inf"
    return f"the rule makes {what} ({bad.sum()} entries): 0/0, 0·inf or overflow"


def _low_precision(case: Case) -> str | None:
    scale = np.abs(case.numerical).max(initial=0)
    off = np.abs(case.analytic - case.numerical).max(initial=0)
    if off <= 1e-5 * scale:
        return f"right to {off / scale:.0e} only: a part of the rule is computed in a lower precision than float64"
    return None


def _detached(case: Case) -> str | None:
    if case.analytic.any():
        return None
    return (
        "detached: no gradient arrives at all, though the output depends on this input (a rule is missing, or a "
        "part was computed on raw arrays, under no_grad, or after detach())"
    )


def _unfounded(case: Case) -> str | None:
    if case.equal(case.numerical, np.zeros_like(case.numerical)):
        return "the output does not depend on this input, yet a gradient arrives"
    return None


def _ignores_cotangent(case: Case) -> str | None:
    a = case.analytic
    if len(a) > 1 and a.any() and case.equal(a, np.broadcast_to(a[0], a.shape)) and not case.explains(case.numerical):
        return "the gradient does not depend on the gradient of the output: the rule leaves g out"
    return None


def _sign(case: Case) -> str | None:
    return "the sign is wrong" if case.explains(-case.numerical) else None


def _swapped(case: Case) -> str | None:
    for label, matrix in case.others.items():
        if case.explains(matrix):
            return f"swapped: this is the gradient of {label}"
    return None


def _factor(case: Case) -> str | None:
    norm = float((case.numerical**2).sum())
    factor = float((case.analytic * case.numerical).sum()) / norm if norm else 0.0
    if factor == 0 or not case.explains(factor * case.numerical):
        return None
    text = f"{_named(factor)} times the true one everywhere"
    for n, what in _sizes(case).items():
        if n > 2 and np.isclose(factor * n, 1, rtol=1e-6):
            return f"{text}, and {n} is {what}: a mean in place of a sum"
        if n > 2 and np.isclose(factor, n, rtol=1e-6):
            return f"{text}, and {n} is {what}: a sum in place of a mean"
    if abs(factor) < 1:
        return f"{text}: a factor of {_named(1 / factor)} is missing"
    return f"{text}: a factor of {_named(factor)} too much"


def _sizes(case: Case) -> dict[int, str]:
    """Numbers that a sum may have been divided by, and what they count."""
    sizes: dict[int, str] = {}
    for array, what in [(case.x, "the input"), *((y, "the output") for y in case.outputs)]:
        sizes.setdefault(array.size, f"the number of entries of {what}")
        for axis, n in enumerate(array.shape):
            sizes.setdefault(n, f"the size of {what}'s dimension {axis}")
    return sizes


def _named(value: float) -> str:
    """A number as a person would write it: 2, 1/3, -1/2, 0.7071."""
    for denominator in range(1, 65):
        numerator = round(value * denominator)
        if numerator and np.isclose(value * denominator, numerator, rtol=1e-6):
            return str(numerator) if denominator == 1 else f"{numerator}/{denominator}"
    return f"{value:.6g}"


def _varying_factor(case: Case) -> str | None:
    """Entry by entry, the ratio to the true derivative is the input or the output (or its inverse)."""
    known = {"the input": case.x.ravel()[None, :]}
    if case.outputs:
        known["the output"] = np.concatenate([np.ravel(y) for y in case.outputs])[:, None]
    for what, values in known.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            inverse = np.where(values == 0, 0, 1 / values)
        if np.ptp(values) == 0:
            continue
        if case.explains(case.numerical * values):
            return f"the true one times {what}: a factor too much"
        if case.explains(case.numerical * inverse):
            return f"the true one divided by {what}: a factor is missing"
    return None


def _rearranged(case: Case) -> str | None:
    for what, matrix in _rearrangements(case):
        if case.explains(matrix) and not case.explains(case.numerical):
            return what
    return None


def _rearrangements(case: Case) -> Iterator[tuple[str, Matrix]]:
    """The true Jacobian with the input's dimensions permuted, reversed or rolled, and what such a mistake is called."""
    shape, rows = case.x.shape, len(case.numerical)
    true = case.numerical.reshape(rows, *shape)
    for order in itertools.permutations(range(len(shape))):
        if order != tuple(range(len(shape))) and len(shape) <= 4:
            moved = true.transpose(0, *(1 + axis for axis in order))
            if moved.shape == true.shape:
                yield f"transposed: dimensions in the order {order}", moved.reshape(rows, -1)
            yield f"transposed: dimensions in the order {order}, and reshaped back", moved.reshape(rows, -1)
    for axis, n in enumerate(shape):
        if n > 1:
            yield f"reversed along dimension {axis}", np.flip(true, axis + 1).reshape(rows, -1)
            for shift in {1, -1}:
                yield f"rolled along dimension {axis} by {shift}", np.roll(true, shift, axis + 1).reshape(rows, -1)
    for shift in {1, -1}:
        yield f"every entry holds its neighbour's gradient (rolled by {shift})", np.roll(case.numerical, shift, 1)


def _missing_parts(case: Case) -> str | None:
    """Right where it is not zero: some of the outputs that an input entry has part in were left out."""
    lost = case.wrong
    if not lost.any() or not case.equal(np.where(lost, 0, case.analytic), np.where(lost, 0, case.numerical)):
        return None
    if not case.equal(np.where(lost, case.analytic, 0), np.zeros_like(case.analytic)):
        return None
    uses = (np.abs(case.numerical) > case.allowed).sum(0)
    if not (uses[lost.any(0)] > 1).any():
        return f"some contributions are missing ({lost.sum()} entries are zero); {_where(case)}"
    axes = _broadcast_axes(case)
    if axes:
        return (
            f"not summed over the broadcast dimension{'s' * (len(axes) > 1)} {', '.join(map(str, axes))} of the "
            "output: only a part of it was taken"
        )
    return (
        "not accumulated: an input entry that is used several times (repeated index, overlapping windows, fan-out, "
        "sum over a dimension) receives the gradient of some of its uses only"
    )


def _broadcast_axes(case: Case) -> list[int]:
    """Dimensions of the output along which this input would have been stretched."""
    if len(case.outputs) != 1 or case.outputs[0].ndim < case.x.ndim:
        return []
    y = case.outputs[0].shape
    x = (1,) * (len(y) - case.x.ndim) + case.x.shape
    if any(a not in (1, b) for a, b in zip(x, y, strict=True)):
        return []
    return [axis for axis, (a, b) in enumerate(zip(x, y, strict=True)) if a != b]


def _taken_at_output(case: Case) -> str | None:
    matrix = case.at_output()
    if matrix is not None and case.explains(matrix):
        return "the derivative is taken at the output in place of the input: the rule asks for the wrong saved value"
    return None


def _some_signs(case: Case) -> str | None:
    if case.equal(np.abs(case.analytic), np.abs(case.numerical)):
        return f"right but for the sign of {case.wrong.sum()} entries"
    return None


def _few_entries(case: Case) -> str | None:
    wrong = case.wrong
    rows, columns = np.flatnonzero(wrong.any(1)), np.flatnonzero(wrong.any(0))
    if len(columns) == 1 and wrong.shape[1] > 1:
        return f"only the gradient of input entry {_index(columns[0], case.x.shape)} is wrong"
    if len(rows) == 1 and wrong.shape[0] > 1:
        return f"only what comes from output entry {_index(rows[0], case.outputs[0].shape)} is wrong"
    return None


def _index(flat: int, shape: tuple[int, ...]) -> list[int]:
    return [int(i) for i in np.unravel_index(int(flat), shape)] if flat < np.prod(shape) else [int(flat)]


def _where(case: Case) -> str:
    return f"{case.wrong.sum()} of {case.wrong.size} entries of the Jacobian are off"


MISTAKES: tuple[Callable[[Case], str | None], ...] = (
    _not_finite,
    _low_precision,
    _detached,
    _unfounded,
    _sign,
    _swapped,
    _factor,
    _ignores_cotangent,
    _varying_factor,
    _rearranged,
    _taken_at_output,
    _missing_parts,
    _some_signs,
    _few_entries,
)
