"""Derivatives of a function that nobody wrote a rule for: what gradients are held against.

A curve is a function of one number t whose values are vectors; both a derivative along a direction and a column of a
Jacobian are the derivative of a curve, ``t -> f(x + t v)``, at t = 0. Two ways to get it:

- the complex step, ``Im f(x + i h v) / h`` with h = 1e-30: exact to rounding, as nothing is subtracted, where f has a
  complex form (Squire and Trapp, "Using complex variables to estimate derivatives of real functions", 1998);
- five-point differences, ``(8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12 h``, with the seven-point formula on the same
  values plus one pair as judge: how far the two are apart says how far to trust them.

An f without a complex form often does not refuse complex numbers but answers nonsense (|z| is real), so the complex
step counts only where the differences agree with it. A kink shows in the differences from the left and from the right
being apart, or in the two formulas never agreeing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Curve = Callable[[complex], np.ndarray]
VectorFunction = Callable[[Sequence[np.ndarray]], np.ndarray]

_STEPS = (1e-3, 1e-2, 1e-4, 1e-5, 1e-6)  # tried in this order until one settles
_SETTLED = 1e-9  # relative error estimate at which no further step is tried
_UNRELIABLE = 1e-4  # relative error above which differences say nothing
_JUMP = 1e-3  # relative difference of the slopes on the two sides that makes a kink
_NOISE = 1e-9  # slopes this small, beside the largest and beside the values, are rounding
_FIVE = np.array([8.0, -1.0, 0.0]) / 12
_SEVEN = np.array([45.0, -9.0, 1.0]) / 60
_ONE_SIDED = np.array([18.0, -9.0, 2.0]) / 6  # of f(h) - f(0), f(2h) - f(0), f(3h) - f(0)


@dataclass(frozen=True)
class Derivative:
    """The derivative of a curve, entry by entry; nan where the curve is not finite."""

    value: np.ndarray
    error: np.ndarray  # how far it may be off
    kinked: np.ndarray  # entries where the slopes left and right differ, or where no step gives a stable answer
    method: str  # "complex step" or "differences"


def derivative(curve: Curve, size: float = 0.0) -> Derivative:
    """The derivative of a curve at 0. `size`: of numbers that its values are made of, if larger than they.

    >>> float(derivative(lambda t: np.exp(2 * np.array([t]))).value[0])
    2.0
    """
    with np.errstate(all="ignore"):
        value, error, kinked = _by_differences(curve, size)
        exact = _by_complex_step(curve)
    if exact is not None and not kinked.any():
        allowed = 10 * error + 1e-6 * np.abs(value) + 1e-12 * np.abs(value).max(initial=0)
        if (np.abs(exact - value) <= allowed).all():
            return Derivative(exact, 1e-14 * np.abs(exact), kinked, "complex step")
    return Derivative(value, error, kinked, "differences")


def _by_complex_step(curve: Curve) -> np.ndarray | None:
    """None where the function has no complex form: it raises, or drops the imaginary part."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            y = curve(1e-30j)
    except Exception:  # any refusal will do: the function was never promised to take complex numbers
        return None
    if y.dtype.kind != "c" or not np.isfinite(y.imag).all():
        return None
    return y.imag * 1e30


def _by_differences(curve: Curve, size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value, error estimate and kinks, entry by entry from the step that suits it best."""
    y = curve(0.0)
    lost = ~np.isfinite(y)
    value, error = np.zeros(y.shape), np.full(y.shape, np.inf)
    kinked = ~lost
    for h in _STEPS:
        new_value, new_error, jump = _at_step(curve, y, h, size)
        better = new_error < error
        value, error = np.where(better, new_value, value), np.where(better, new_error, error)
        kinked &= jump  # a kink is one whatever the step, curvature only for large ones, noise only for small ones
        scale = np.abs(value).max(initial=0)
        if (lost | (error <= _SETTLED * np.maximum(np.abs(value), scale)) & ~kinked).all():
            break
    noise = _NOISE * (np.abs(value).max(initial=0) + np.abs(y).max(initial=0, where=~lost) + size)
    kinked |= error > _UNRELIABLE * np.abs(value) + noise
    return np.where(lost, np.nan, value), error, kinked & ~lost


def _at_step(curve: Curve, y: np.ndarray, h: float, size: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    right = np.stack([_beside(curve, k * h, y) - y for k in (1, 2, 3)])
    left = np.stack([_beside(curve, -k * h, y) - y for k in (1, 2, 3)])
    five = np.tensordot(_FIVE, right - left, 1) / h
    seven = np.tensordot(_SEVEN, right - left, 1) / h
    rounding = 4 * np.finfo(float).eps * (np.abs(y) + np.abs(right[2]) + np.abs(left[2]) + size) / h
    forward, backward = np.tensordot(_ONE_SIDED, right, 1) / h, -np.tensordot(_ONE_SIDED, left, 1) / h
    noise = _NOISE * max(np.abs(d).max(initial=0, where=np.isfinite(d)) for d in (forward, backward, y))
    jump = np.abs(forward - backward) > _JUMP * (np.abs(forward) + np.abs(backward)) + 100 * rounding + noise
    error = np.abs(five - seven) + rounding
    return five, np.where(np.isfinite(error), error, np.inf), jump


def _beside(curve: Curve, t: float, y: np.ndarray) -> np.ndarray:
    """The curve a step away; nan where it refuses, as beyond the edge of its domain it may."""
    try:
        return curve(t)
    except Exception:
        return np.full(y.shape, np.nan)


def step_scale(x: np.ndarray) -> np.ndarray:
    """How far an entry of x is moved when t moves by 1: in proportion to |x|, and for small entries to the largest.

    Entries that are not finite stay where they are.
    """
    finite = np.isfinite(x)
    largest = np.abs(x).max(initial=0, where=finite)
    return np.where(finite, np.maximum(np.abs(x), 0.1 * largest if largest > 0 else 1.0), 0.0)


def along(
    f: VectorFunction, point: Sequence[np.ndarray], direction: Sequence[np.ndarray], size: float = 0.0
) -> Derivative:
    """The derivative of f at `point` along `direction`.

    >>> along(lambda xs: xs[0] ** 2, [np.array([1.0, 3.0])], [np.array([1.0, 0.5])]).value
    array([2., 3.])
    """
    return derivative(lambda t: f([x + t * v for x, v in zip(point, direction, strict=True)]), size)


def jacobian(f: VectorFunction, point: Sequence[np.ndarray], position: int, size: float = 0.0) -> Derivative:
    """All partial derivatives of f by the entries of one of its inputs: one row an output entry, one column an input's.

    >>> jacobian(lambda xs: xs[0] * xs[1], [np.array([1.0, 3.0]), np.array([5.0, 7.0])], 0).value
    array([[5., 0.],
           [0., 7.]])
    """
    x = point[position]
    scale = step_scale(x).ravel()
    columns = []
    for entry in range(x.size):
        direction = np.zeros(x.size)
        direction[entry] = scale[entry]
        along_entry = [np.zeros_like(p) for p in point]
        along_entry[position] = direction.reshape(x.shape)
        columns.append(along(f, point, along_entry, size))
    if not columns:
        empty = np.zeros((f(point).size, 0))
        return Derivative(empty, empty, empty.astype(bool), "differences")
    with np.errstate(divide="ignore", invalid="ignore"):  # a column by an entry that is not finite is nan
        value = np.stack([c.value for c in columns], axis=1) / scale
        error = np.stack([c.error for c in columns], axis=1) / scale
    method = "complex step" if all(c.method == "complex step" for c in columns) else "differences"
    return Derivative(value, error, np.stack([c.kinked for c in columns], axis=1), method)
