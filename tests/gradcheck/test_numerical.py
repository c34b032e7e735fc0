"""Numerical derivatives: exact where there is a complex form, honest about their error, aware of kinks."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from gradcheck.numerical import Derivative, along, derivative, jacobian, step_scale


def at(x: float, f: Callable[[np.ndarray], np.ndarray]) -> Derivative:
    """The derivative of f by its entry at x, in units of x."""
    return along(lambda xs: f(xs[0]), [np.array([x])], [np.array([1.0])])


def real_exp(x: np.ndarray) -> np.ndarray:
    if np.iscomplexobj(x):
        raise TypeError("real numbers only")
    return np.exp(x)


def test_the_complex_step_is_exact() -> None:
    found = at(0.3, np.tanh)
    assert found.method == "complex step"
    assert found.value[0] == pytest.approx(1 - math.tanh(0.3) ** 2, rel=1e-15)


def test_differences_where_complex_numbers_are_refused() -> None:
    found = at(0.3, real_exp)
    assert found.method == "differences"
    assert found.value[0] == pytest.approx(math.exp(0.3), rel=1e-11)
    assert abs(found.value[0] - math.exp(0.3)) <= found.error[0]


@pytest.mark.parametrize("lossy", [np.abs, lambda x: x.real.astype(float) ** 2])
def test_a_complex_form_that_loses_the_derivative_is_not_believed(lossy: Callable[[np.ndarray], np.ndarray]) -> None:
    found = at(-0.7, lossy)
    assert found.method == "differences"
    expected = -1.0 if lossy is np.abs else -1.4
    assert found.value[0] == pytest.approx(expected, rel=1e-9)


def test_steps_shrink_near_the_edge_of_a_domain() -> None:
    found = along(lambda xs: np.log(xs[0].real), [np.array([1e-4])], [np.array([1.0])])
    assert found.value[0] == pytest.approx(1e4, rel=1e-6)


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 1e3, 1e30])
def test_steps_are_scaled_by_the_entries(size: float) -> None:
    x = np.array([size, -2 * size])
    found = along(lambda xs: xs[0].real ** 2, [x], [step_scale(x)])
    np.testing.assert_allclose(found.value, 2 * x * np.abs(x), rtol=1e-9)
    assert not found.kinked.any()


def test_small_entries_beside_large_ones_move_too() -> None:
    assert step_scale(np.array([0.0, 1e-9, 4.0])).tolist() == [0.4, 0.4, 4.0]
    assert step_scale(np.zeros(2)).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    "kink",
    [
        lambda x: np.maximum(x.real, 0.5),  # right at the point
        lambda x: np.abs(x.real - 0.5 - 1e-9),  # within the smallest step
        lambda x: np.floor(2 * x.real),  # a jump
        lambda x: np.sqrt(x.real - 0.5),  # the edge of the domain
    ],
)
def test_kinks_are_seen(kink: Callable[[np.ndarray], np.ndarray]) -> None:
    with np.errstate(invalid="ignore"):
        assert at(0.5, kink).kinked.all()


def test_a_kink_beside_the_point_is_avoided_by_smaller_steps() -> None:
    found = at(0.5, lambda x: np.abs(x.real - 0.501))
    assert not found.kinked.any()
    assert found.value[0] == pytest.approx(-1.0, rel=1e-9)


def test_constants_have_no_derivative_and_no_kink() -> None:
    found = derivative(lambda t: np.full(2, 3.0))
    assert found.value.tolist() == [0.0, 0.0]
    assert not found.kinked.any()


def test_jacobian() -> None:
    a = np.arange(6.0).reshape(2, 3)
    found = jacobian(lambda xs: (a @ xs[0]) ** 2 + xs[1], [np.array([1.0, -2.0, 0.0]), np.ones(2)], 0)
    np.testing.assert_allclose(found.value, 2 * (a @ [1.0, -2.0, 0.0])[:, None] * a, rtol=1e-12)


def test_jacobian_by_nothing() -> None:
    assert jacobian(lambda xs: np.ones(2), [np.zeros((0, 3))], 0).value.shape == (2, 0)
