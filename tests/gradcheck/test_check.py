"""`check` passes what is right, and says of what is wrong where and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradcheck
import minideep
from gradcheck import check
from minideep import Tensor

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 3))
V = rng.normal(size=3)
POSITIVE = rng.uniform(0.5, 2, size=(2, 3))


def with_rule(forward: Callable[..., Any], *rules: Callable[..., Any]) -> Callable[..., Tensor]:
    """A function whose gradient is what the rules say: of NumPy arrays ``rule(g, *inputs)``, one for each input."""

    class Made(minideep.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *inputs: Tensor) -> Tensor:
            ctx.save_for_backward(*inputs)
            return Tensor(forward(*(x.array for x in inputs)))

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Any:
            arrays = [x.array for x in ctx.saved_tensors]
            results = tuple(Tensor(rule(g.array, *arrays)) for rule in rules)
            return results if len(results) > 1 else results[0]

    return Made.apply


def diagnosis(forward: Callable[..., Any], rule: Callable[..., Any] | tuple[Any, ...], *inputs: np.ndarray) -> str:
    rules = rule if isinstance(rule, tuple) else (rule,)
    report = check(with_rule(forward, *rules), *inputs, order=1)
    assert not report
    return report.findings[0].diagnosis


# ---------------------------------------------------------------------------------------------- right


@pytest.mark.parametrize(
    ("function", "inputs"),
    [
        (minideep.exp, (X,)),
        (minideep.mul, (X, V)),
        (minideep.div, (X, POSITIVE[:, :1].repeat(2)[:3])),
        (lambda x: (x.sum(0) * x).tanh(), (X,)),
        (lambda x, w: minideep.exp(x) * w[0] + w, (X, V)),
        (lambda x: (x[0] * x[1], x[2].exp()), (X,)),
        (lambda x: {"a": [x * 2], "b": x.tanh()}, (X,)),
    ],
)
@pytest.mark.parametrize("full", [False, None, True])
def test_right_gradients_pass(function: Callable[..., Any], inputs: tuple[Any, ...], full: bool | None) -> None:
    report = check(function, *inputs, full=full)
    assert report, report
    assert report.checks == ["gradient", "second derivative"]


def test_third_order() -> None:
    assert check(lambda x: x.exp() * x, X, order=3).checks[-1] == "third derivative"


def test_tensors_arrays_and_other_values() -> None:
    index = np.array([2, 0, 0])
    assert check(lambda x, i, n: x[i] * n, minideep.tensor(X), index, 3)


def test_float32_inputs_are_checked_in_float64() -> None:
    seen = []
    assert check(lambda x: seen.append(x.dtype) or x.tanh(), minideep.tensor([0.5, -1.5]))
    assert set(seen) >= {np.dtype("float64")}


def test_report_reads_well() -> None:
    report = check(minideep.exp, X, name="my function")
    assert str(report) == "gradcheck of my function: passed\n  checked: gradient, second derivative"
    report.raise_if_failed()


# ---------------------------------------------------------------------------------------------- wrong


def test_report_of_a_wrong_gradient() -> None:
    wrong = with_rule(np.square, lambda g, x: g * x)
    report = check(wrong, np.array([[0.5, -3.0]]), name="square")
    assert not report
    assert str(report).split("\n") == [
        "gradcheck of square: FAILED (1 finding)",
        "  gradient by input 0 is wrong in 2 of 4 entries of the Jacobian",
        "    worst: d output[0, 1] / d input 0[0, 1]",
        "      analytic   -3",
        "      numerical  -6",
        "    diagnosis: 1/2 times the true one everywhere: a factor of 2 is missing",
    ]
    with pytest.raises(AssertionError, match="a factor of 2 is missing"):
        report.raise_if_failed()


@pytest.mark.parametrize(
    ("forward", "rule", "inputs", "expected"),
    [
        (np.square, lambda g, x: -2 * g * x, (X,), "the sign is wrong"),
        (np.square, lambda g, x: 4 * g * x, (X,), "a factor of 2 too much"),
        (np.exp, lambda g, x: g * np.exp(x) / 3, (V[:2],), "1/3 times the true one everywhere"),
        (np.sum, lambda g, x: np.broadcast_to(g / x.size, x.shape), (X,), "the number of entries of the input: a mean"),
        (np.mean, lambda g, x: np.broadcast_to(g, x.shape) * 1.0, (X,), "the number of entries of the input: a sum"),
        (lambda x: x.mean(0), lambda g, x: np.tile(g, (3, 1)), (X,), "the size of the input's dimension 0: a sum"),
        (np.exp, lambda g, x: np.zeros_like(x), (X,), "detached: no gradient arrives at all"),
        (lambda x: np.exp(x * 0), lambda g, x: g * np.exp(x), (X,), "the output does not depend on this input"),
        (np.exp, lambda g, x: np.where(g == 0, 0, np.inf), (X,), "the rule makes inf"),
        (np.exp, lambda g, x: g * np.nan, (X,), "the rule makes nan"),
        (lambda x: 2 * x, lambda g, x: 2 * g.T, (X,), "transposed: dimensions in the order (1, 0)"),
        (np.tanh, lambda g, x: (g * (1 - np.tanh(x) ** 2))[::-1], (X,), "reversed along dimension 0"),
        (np.tanh, lambda g, x: np.roll(g * (1 - np.tanh(x) ** 2), 1, 1), (X,), "rolled along dimension 1 by 1"),
        (np.tanh, lambda g, x: np.roll(g * (1 - np.tanh(x) ** 2), 1), (X,), "holds its neighbour's gradient"),
        (np.exp, lambda g, x: g, (V,), "the true one divided by the output: a factor is missing"),
        (np.square, lambda g, x: 2 * g * x**2, (V,), "the true one times the input: a factor too much"),
        (np.sin, lambda g, x: g * np.cos(np.sin(x)), (V,), "taken at the output in place of the input"),
        (np.exp, lambda g, x: np.exp(x), (V,), "leaves g out"),
        (np.exp, lambda g, x: g * np.exp(x).astype(np.float32), (X,), "lower precision than float64"),
        (np.cumsum, lambda g, x: g.reshape(x.shape), (V,), "not accumulated"),
        (np.square, lambda g, x: 2 * g * np.abs(x), (V,), "right but for the sign of"),
    ],
)  # fmt: skip
def test_diagnoses(forward: Any, rule: Any, inputs: tuple[np.ndarray, ...], expected: str) -> None:
    assert expected in diagnosis(forward, rule, *inputs)


def test_not_summed_over_a_broadcast_dimension() -> None:
    rules = (lambda g, x, w: g * w, lambda g, x, w: (g * x)[0])
    assert "not summed over the broadcast dimension 0" in diagnosis(np.multiply, rules, X, V)


def test_swapped_inputs() -> None:
    rules = (lambda g, a, b: g * np.sin(a), lambda g, a, b: g * np.cos(a) * b)
    text = diagnosis(lambda a, b: np.sin(a) * b, rules, V, V[::-1].copy())
    assert text == "swapped: this is the gradient of input 1"


def test_only_one_entry_is_wrong() -> None:
    def rule(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        result = 2 * g * x
        result[1, 2] *= 1.5
        return result

    assert diagnosis(np.square, rule, X) == "only the gradient of input entry [1, 2] is wrong"


def test_repeated_indices_that_overwrite() -> None:
    index = [0, 2, 2]

    def rule(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        result = np.zeros_like(x)
        result[index] = g
        return result

    assert "not accumulated" in diagnosis(lambda x: x[index], rule, V)


def test_not_linear_in_the_cotangent() -> None:
    text = diagnosis(np.sum, lambda g, x: np.ones_like(x) * np.sign(g) * np.abs(g) ** 3, V)
    assert "not linear in that of the output" in text


def test_wrong_second_derivative() -> None:
    def square_with_wrong_twin(x: Tensor) -> Tensor:
        y = x * x
        if y.requires_grad:
            y.register_hook(lambda g: g.detach() if g.requires_grad else None)
        return y

    report = check(square_with_wrong_twin, X)
    assert report.checks == ["gradient"]
    assert "second derivative by cotangent 0" in str(report)
    assert "detached" in report.findings[0].diagnosis


# ---------------------------------------------------------------------------------------------- points and manners


def test_a_tiny_derivative_proves_nothing() -> None:
    def softmax_sum(x: Tensor) -> Tensor:
        e = x.exp()
        return (e / e.sum()).sum()

    report = check(softmax_sum, X)
    assert "gradient by input 0 is zero numerically" in str(report)
    assert check(softmax_sum, X, flat=True).flat == ["input 0"]


def test_kinks_are_dodged() -> None:
    report = check(lambda x: minideep.maximum(x, x * 0.5), np.array([0.0, 1.0, -2.0]), order=1)
    assert report, report
    assert report.notes == ["gradient: the point lies on a kink; checked a little off it"]


def test_outputs_that_are_not_finite_take_no_part() -> None:
    report = check(lambda x: minideep.stack([x.log(), x.exp()]), np.array([0.0, 2.0]), order=1)
    assert report, report
    assert report.notes == ["gradient: entries of the output that are not finite take no part"]
    assert "is zero numerically" in str(check(lambda x: x / 0.0, X))


def test_inputs_that_are_not_finite_stay_where_they_are() -> None:
    assert check(lambda x: minideep.nan_to_num(x) * x[1], np.array([np.nan, 2.0, np.inf]))


def test_outputs_without_a_gradient_beside_others_are_left_out() -> None:
    report = check(lambda x: (x.exp(), x.detach() * 2.0), X)
    assert report, report
    assert report.notes == ["output 1 needs no gradient, and is left out"]


def test_results_in_low_precision() -> None:
    assert "returns float32 where float64 went in" in str(check(lambda x: x.to(minideep.float32), X))


def test_rounding_of_a_derivative_that_is_zero() -> None:
    assert check(lambda x: x / (x * x).sqrt(), np.array([[1.3], [-0.7]]), flat=True)


def test_functions_that_refuse_what_lies_beyond_their_domain() -> None:
    def picky(x: Tensor) -> Tensor:
        if (x.array.real > 1).any():
            raise ValueError("beyond 1")
        return minideep.maximum(x, x * x)

    report = check(picky, np.array([0.5, 1.0, 0.99999]), order=1)
    assert report, report
    assert report.notes


def test_noise_is_no_derivative() -> None:
    noisy = np.random.default_rng(0)
    report = check(lambda x: x * noisy.normal(), X)
    assert "two calls give different results; if it draws random numbers, seed them" in str(report)


def test_kinks_everywhere() -> None:
    jagged = with_rule(lambda x: np.sin(1e12 * x), lambda g, x: g)
    assert "there is no numerical derivative: kinks or jumps" in str(check(jagged, X))


def test_a_backward_pass_that_is_not_deterministic() -> None:
    noisy = np.random.default_rng(0)
    report = check(with_rule(np.square, lambda g, x: 2 * g * x * (1 + 1e-3 * noisy.normal())), X, order=1)
    assert "a second backward pass through the same graph gives another gradient" in str(report)


def test_a_changed_input() -> None:
    def clumsy(x: Tensor) -> Tensor:
        y = x * 2.0
        x.array[0] += 1.0
        return y

    assert "input 0 was changed in place" in str(check(clumsy, X, order=1))


def test_a_changed_cotangent() -> None:
    def rule(g: np.ndarray, x: np.ndarray) -> np.ndarray:
        result = g * 2
        g[...] = 0
        return result

    assert "cotangent 0 was changed in place" in str(check(with_rule(lambda x: 2 * x, rule), X, order=1))


def test_nothing_to_differentiate() -> None:
    assert "has no input of floating point" in str(check(lambda i: i, np.arange(3)))
    assert "returns no Tensor of floating point" in str(check(lambda x: x.shape, X))


def test_the_mode_must_not_matter() -> None:
    def depends(x: Tensor) -> Tensor:
        return x * (2.0 if minideep.is_grad_enabled() else 3.0)

    assert "differs between no_grad and recording" in str(check(depends, X))


def test_an_order_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="check: order must be 1, 2 or 3, but got 4"):
        check(minideep.exp, X, order=4)


def test_large_inputs_are_compared_along_a_direction_only() -> None:
    report = check(with_rule(np.square, lambda g, x: g * x), np.ones((20, 20)) + X.sum(), order=1)
    assert "too large to look at every entry" in str(report)


def test_exports() -> None:
    assert all(hasattr(gradcheck, name) for name in gradcheck.__all__)
