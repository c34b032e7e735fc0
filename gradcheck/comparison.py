"""The gradient of a function held against its numerical derivative: along a direction, entry by entry if need be."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from . import numerical
from .diagnosis import Case, diagnose
from .report import Finding, Worst
from .subject import Subject

_TINY = 1e-10  # a derivative this small beside the output is none
_ROUNDING = 1e-13  # of the numbers that a gradient is made of
_MOVES = 4  # how often a point is moved to get off a kink
_STRIDE = 0.03  # how far, relative to the entries' size
_JACOBIAN_LIMIT = 20_000  # entries; beyond it only directions are compared


@dataclass(frozen=True)
class Settings:
    """How a check compares: its random numbers, the relative error it allows, and when it builds whole Jacobians."""

    rng: np.random.Generator
    tolerance: float
    full: bool | None  # always, never, or (None) where a direction disagrees


class Comparison:
    """One subject at one point, with one cotangent for each output.

    `flat` lists the inputs along which the numerical derivative is zero, `moved` says whether a kink was dodged.
    """

    def __init__(self, subject: Subject, what: str, settings: Settings) -> None:
        self.subject, self.what = subject, what
        self.rng, self.tolerance, self.full = settings.rng, settings.tolerance, settings.full
        outputs = subject.values(subject.point)
        self.finite = all(np.isfinite(y).all() for y in outputs)
        self.cotangents = [np.where(np.isfinite(y), self.rng.normal(size=y.shape), 0) for y in outputs]
        # How large the numbers are that gradients are made of: they are rounded as such, however small the gradient.
        self.sizes = [max(subject.size, np.abs(y).max(initial=0, where=np.isfinite(y))) for y in outputs]
        self.flat: list[str] = []
        self.moved = False

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the gradient, one finding for each input at most."""
        directions = [
            numerical.step_scale(x) * self.rng.choice([-1, 1], x.shape) * self.rng.uniform(0.5, 1, x.shape)
            for x in self.subject.point
        ]
        if not self.finite:  # nothing to learn about inputs whose gradient comes from an output that is not finite
            gradients = self.subject.gradients(self.cotangents)
            directions = [np.where(np.isfinite(g), v, 0) for g, v in zip(gradients, directions, strict=True)]
        derivatives = self._off_kinks(directions)
        if derivatives is None:
            yield Finding(self.what, "there is no numerical derivative: kinks or jumps at the point and all around it")
            return
        gradients = self.subject.gradients(self.cotangents)
        for position, (g, v, d) in enumerate(zip(gradients, directions, derivatives, strict=True)):
            if np.abs(np.nan_to_num(d.value)).max(initial=0) <= _TINY * max(self.sizes):
                self.flat.append(self.subject.labels[position])
            along = self._along(position, g, v, d)
            if self.full or (along is not None and self.full is None):
                yield from self._entry_by_entry(position, along)
            elif along is not None:
                yield Finding(self._label(position), "is wrong along a random direction", along)

    def _off_kinks(self, directions: list[np.ndarray]) -> list[numerical.Derivative] | None:
        """The derivatives along each input's direction, at the point or, if it lies on a kink, near it."""
        start = self.subject.point
        for _ in range(_MOVES):
            derivatives = [self._derivative(i, v) for i, v in enumerate(directions)]
            if not any(d.kinked.any() for d in derivatives):
                return derivatives
            self.moved = True
            self.subject.point = self._moved(start)
        self.subject.point = start
        return None

    def _moved(self, start: list[np.ndarray]) -> list[np.ndarray]:
        """A point near `start`, at which the function has values."""
        for _ in range(_MOVES):
            point = [x + _STRIDE * numerical.step_scale(x) * self.rng.uniform(-1, 1, x.shape) for x in start]
            with contextlib.suppress(Exception):  # beyond the edge of its domain a function may refuse
                self.subject.values(point)
                return point
        return start

    def _derivative(self, position: int, direction: np.ndarray) -> numerical.Derivative:
        still = [np.zeros_like(x) for x in self.subject.point]
        still[position] = direction
        return numerical.along(self.subject.vector, self.subject.point, still, self.subject.size)

    def _along(self, position: int, g: np.ndarray, v: np.ndarray, d: numerical.Derivative) -> Worst | None:
        """The two derivatives along a direction, weighted by the cotangents; None if they agree."""
        u = np.concatenate([c.ravel() for c in self.cotangents])
        found, true = np.where(v == 0, 0, g * v).ravel(), u * np.where(np.isfinite(d.value), d.value, 0)
        error = float((np.abs(u) * np.where(np.isfinite(d.error), d.error, 0)).sum())
        rounding = _ROUNDING * self._weight()
        allowed = self.tolerance * (np.abs(found).sum() + np.abs(true).sum()) + 3 * error + rounding
        if abs(found.sum() - true.sum()) <= allowed:
            return None
        direction = f"{self.subject.labels[position]} along a random direction"
        return Worst("the weighted outputs", direction, float(found.sum()), float(true.sum()))

    def _weight(self) -> float:
        """What the weighted outputs add up to at most."""
        return float(sum(np.abs(c).sum() * size for c, size in zip(self.cotangents, self.sizes, strict=True)))

    def derivative(self) -> Subject:
        """The gradient that was compared, as the next subject."""
        derived = self.subject.derivative(self.cotangents)
        derived.size = self._weight()
        return derived

    def _label(self, position: int) -> str:
        return f"{self.what} by {self.subject.labels[position]}"

    def _entry_by_entry(self, position: int, along: Worst | None) -> Iterator[Finding]:
        """Compare all entries for one input, and say which is worst and what the mistake may be."""
        label, x = self._label(position), self.subject.point[position]
        if x.size * sum(c.size for c in self.cotangents) > _JACOBIAN_LIMIT:
            if along is not None:
                yield Finding(label, "is wrong (the Jacobian is too large to look at every entry)", along)
            return
        case = self._case(position)
        if case.wrong.any():
            message = f"is wrong in {case.wrong.sum()} of {case.wrong.size} entries of the Jacobian"
            yield Finding(label, message, self._worst(position, case), diagnose(case))
        elif along is not None:
            text = (
                "the gradient is not linear in that of the output: right for one entry at a time, not for all together"
            )
            yield Finding(label, "is wrong along a random direction", along, text)

    def _case(self, position: int) -> Case:
        subject, point, x = self.subject, self.subject.point, self.subject.point[position]
        true = numerical.jacobian(subject.vector, point, position, subject.size)
        finite = np.isfinite(true.value)
        scale = np.abs(true.value[finite]).max(initial=0)
        with np.errstate(divide="ignore"):
            rounding = _ROUNDING * max(self.sizes) / numerical.step_scale(x).ravel()
        allowed = np.where(finite, self.tolerance * (np.abs(true.value) + scale) + 3 * true.error + rounding, np.inf)
        outputs = subject.values(point)

        def at_output() -> np.ndarray | None:
            if len(point) != 1 or len(outputs) != 1 or outputs[0].shape != x.shape:
                return None
            return numerical.jacobian(subject.vector, outputs, 0, subject.size).value

        others = {
            subject.labels[i]: numerical.jacobian(subject.vector, point, i, subject.size).value
            for i, other in enumerate(point)
            if i != position and other.shape == x.shape
        }
        return Case(self._rows(position), np.where(finite, true.value, 0), allowed, x, outputs, others, at_output)

    def _rows(self, position: int) -> np.ndarray:
        """The Jacobian that the rules amount to: one trip back for each entry of the outputs."""
        sizes = [c.size for c in self.cotangents]
        rows = np.zeros((sum(sizes), self.subject.point[position].size))
        for entry, row in enumerate(np.eye(sum(sizes))):
            parts = np.split(row, np.cumsum(sizes)[:-1])
            one = [part.reshape(c.shape) for part, c in zip(parts, self.cotangents, strict=True)]
            rows[entry] = self.subject.gradients(one)[position].ravel()
        return rows

    def _worst(self, position: int, case: Case) -> Worst:
        with np.errstate(invalid="ignore"):
            off = np.nan_to_num(np.abs(case.analytic - case.numerical), nan=np.inf)
        row, column = (int(i) for i in np.unravel_index(int(np.where(case.wrong, off, -1).argmax()), off.shape))
        entry = self.subject.labels[position] + _subscript(column, self.subject.point[position].shape)
        found, true = case.analytic[row, column], case.numerical[row, column]
        return Worst(self._output_entry(row), entry, float(found), float(true))

    def _output_entry(self, row: int) -> str:
        for i, c in enumerate(self.cotangents):
            if row < c.size:
                return self.subject.output_label(i, len(self.cotangents)) + _subscript(row, c.shape)
            row -= c.size
        raise IndexError(row)


def _subscript(flat: int, shape: tuple[int, ...]) -> str:
    return f"[{', '.join(str(int(i)) for i in np.unravel_index(flat, shape))}]" if shape else ""
