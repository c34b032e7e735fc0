"""The columns see what they are there to see: an op that lacks a property fails in that column, with a telling text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep
from gradcheck import Entry, Failure, Sample
from gradcheck.properties import COLUMNS, FAILED, PASSED, SKIPPED, Cell, examine
from gradcheck.specimen import Specimen, find_function
from minideep import Tensor
from minideep.backend import Array
from tests.support import local_op, needs_torch


def cell(column: str, function: Callable[..., Any], samples: Any = None, **options: Any) -> Cell:
    """One cell of an op of our own, which PyTorch does not have unless `torch` says so."""
    entry = Entry("ours", samples or (lambda r: [Sample(r(2, 3))]), function=function, **{"torch": None} | options)
    return examine(Specimen(entry), COLUMNS[column])


def unary(r: Any) -> list[Sample]:
    return [Sample(r(2, 3))]


def binary(r: Any) -> list[Sample]:
    return [Sample(r(2, 3), r(2, 3))]


def made(forward: Callable[..., Any], backward: Callable[..., Any]) -> Callable[..., Tensor]:
    """A function of one input with a backward pass of our own."""

    class Made(minideep.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Tensor) -> Tensor:
            ctx.save_for_backward(x)
            return Tensor(forward(x.array))

        @staticmethod
        def backward(ctx: Any, g: Tensor) -> Tensor:
            return Tensor(backward(g.array, ctx.saved_tensors[0].array))

    return Made.apply


def state_and_text(found: Cell) -> str:
    return f"{found.state}: {found.text}"


# ---------------------------------------------------------------------------------------------- what fails


@needs_torch
@pytest.mark.parametrize(
    ("column", "function", "options", "text"),
    [
        ("values", lambda x: x + 1e-6, {"torch": "clone"}, "(['2', '3']): the result is"),
        ("values", lambda x: x.reshape(-1), {"torch": "clone"}, "shape (6,) where (2, 3) is right"),
        ("values", lambda x: x.to(minideep.float32), {"torch": "clone"}, "dtype float32 where float64 is right"),
        ("values", lambda x: (x, x), {"torch": "clone"}, "2 results where 1 are right"),
        ("values", lambda x: x, {"torch": "mm"}, "PyTorch refuses this call"),
        ("values", lambda x: x.exp(1, 2), {"torch": "exp"}, "PyTorch accepts this call"),
        ("special values", lambda x: (x.exp() + 1.0).log(), {"torch": "nn.functional.softplus"}, "inf where 1e+30"),
    ],
)
def test_beside_pytorch(column: str, function: Any, options: dict[str, Any], text: str) -> None:
    found = cell(column, function, **options)
    assert found.state == FAILED
    assert text.replace("['2', '3']", "[2, 3]") in found.text


def keeps_a_view(x: Tensor) -> Tensor:
    x.array[0] += 1
    return x * 2.0


def takes_negative_dimensions_for_the_first(input: Tensor, dim: int) -> Tensor:
    return input.sum(max(dim, 0))


def wrong_for_fortran(x: Tensor) -> Tensor:
    return x * (1.0 if x.array.flags.c_contiguous else 2.0)


def wrong_for_broadcast(a: Tensor, b: Tensor) -> Tensor:
    return a * b if a.shape == b.shape else a.detach() * b


def forgets_the_second_use(a: Tensor, b: Tensor) -> Tensor:
    return a * (b.detach() if b is a else b)


def of_square_matrices(r: Any) -> list[Sample]:
    return [Sample(r(3, 3), dim=1)]


def failing(error: type[Exception], text: str) -> dict[str, Any]:
    return {"errors": lambda r: [Failure(Sample(r(2)), error, text)]}


@pytest.mark.parametrize(
    ("column", "function", "options", "text"),
    [
        ("first derivative", made(np.square, lambda g, x: g * x), {}, "a factor of 2 is missing"),
        ("first derivative", lambda x: x.detach() * 2.0, {}, "detached"),
        ("first derivative", lambda x: x * 0.0, {}, "the derivative is zero at every sample"),
        ("second derivative", made(np.square, lambda g, x: 2 * g * x), {}, "second derivative by"),
        ("broadcasting", wrong_for_broadcast, {"samples": binary, "elementwise": True}, "detached"),
        (
            "dimensions",
            takes_negative_dimensions_for_the_first,
            {"samples": of_square_matrices},
            "dim=-1 against dim=1",
        ),
        ("layouts", wrong_for_fortran, {}, "with inputs in Fortran order"),
        ("dtypes", lambda x: x.to(minideep.float32) * 2.0, {}, "in float16): a result of dtype float32"),
        ("ties", forgets_the_second_use, {"samples": binary}, "with f(x, x)): the gradient of input 0"),
        ("aliasing, mutation", keeps_a_view, {}, "an input was changed in place"),
        ("errors", lambda x: x, failing(ValueError, "no"), "does not fail, but should"),
        ("errors", lambda x: x.sum(9), failing(ValueError, ""), "where ValueError is right"),
        ("errors", lambda x: x.sum(9), failing(IndexError, "of 7"), "without 'of 7'"),
        ("strict arrays", lambda x: x * Tensor(np.asarray(x.array)), {}, "implicit conversion"),
    ],
)
def test_an_op_without_the_property_fails(column: str, function: Any, options: dict[str, Any], text: str) -> None:
    found = cell(column, function, **options)
    assert state_and_text(found).startswith(FAILED)
    assert text in found.text


def test_a_crash_is_a_failure_that_says_where() -> None:
    found = cell("layouts", lambda x: 1 / 0)
    assert found.state == FAILED
    assert "ZeroDivisionError: division by zero (test_properties.py:" in found.text


def test_a_twin_that_differs() -> None:
    @local_op(twin=lambda input: input * 3.0, input=lambda g: g * 2.0)
    def twice(input: Array) -> Array:
        return input * 2.0

    assert "the result is" in cell("plain twin", twice).text


def test_random_numbers_must_follow_the_seed() -> None:
    free = np.random.default_rng()
    assert "with the same seed twice" in cell("random numbers", lambda x: x * free.normal()).text


@needs_torch
def test_random_numbers_must_have_the_right_statistics() -> None:
    def half(input: Tensor) -> Tensor:
        rng = minideep.backend.default_generator().on(np)
        return input * Tensor(rng.random(input.shape))

    found = cell("random numbers", half, torch=lambda x: x * x.new_empty(x.shape).normal_())
    assert "sigmas from PyTorch's" in found.text


# ---------------------------------------------------------------------------------------------- what does not apply


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("values", "PyTorch has no counterpart"),
        ("broadcasting", "does not work entry by entry"),
        ("dimensions", "takes no dimension to work along"),
        ("special values", "compared with PyTorch only"),
        ("ties", "no two inputs of one shape"),
        ("indices", "takes no tensor of indices"),
        ("windows", "moves no window over its input"),
        ("random numbers", "draws no random numbers"),
        ("errors", "its entry names no call that fails"),
        ("plain twin", "composed of other ops"),
    ],
)
def test_reasons(column: str, reason: str) -> None:
    found = cell(column, lambda x: x.exp() * 2.0)
    assert found.state == SKIPPED
    assert reason in found.text


@pytest.mark.parametrize("column", ["first derivative", "second derivative", "fan-out", "wrong gradients"])
def test_what_cannot_be_differentiated(column: str) -> None:
    assert "not differentiable" in cell(column, lambda x: x, differentiable=False).text
    assert "no input of floating point" in cell(column, lambda n: n, lambda r: [Sample(3)]).text


def test_a_gradient_that_is_deliberately_another_is_not_compared() -> None:
    def straight_through(x: Tensor) -> Tensor:
        return x + (x.floor() - x).detach()

    found = cell("first derivative", straight_through)
    assert found.state == FAILED
    found = cell("first derivative", straight_through, deliberate=lambda sample: True)
    assert (found.state, found.text) == (PASSED, "0 calls")


def test_what_records_nothing_has_no_gradient_to_get_wrong() -> None:
    assert "no sample records anything" in cell("wrong gradients", lambda x: x).text


def test_results_that_are_no_gradients_business() -> None:
    found = cell("first derivative", lambda x: (x.exp(), x.detach() * 2.0))
    assert found.state == PASSED, found.text
    found = cell("first derivative", lambda x: x.to(minideep.float32))
    assert (found.state, found.text) == (PASSED, "0 calls")


def test_an_entry_may_skip_a_column_with_its_reason() -> None:
    found = cell("values", lambda x: x, skips={"values": "because"})
    assert (found.state, found.text) == (SKIPPED, "because")


@pytest.mark.parametrize("column", list(COLUMNS))
def test_a_good_op_passes_or_has_its_reason(column: str) -> None:
    found = cell(column, lambda input, other: (input * other).tanh(), binary, elementwise=True)
    assert found.state in (PASSED, SKIPPED), found.text
    assert found.text


# ---------------------------------------------------------------------------------------------- finding things


def test_functions_are_found_by_name() -> None:
    assert find_function("exp") is minideep.exp
    with pytest.raises(LookupError, match="has an entry 'nonsense', but minideep has no such function"):
        find_function("nonsense")


@needs_torch
def test_counterparts_are_found_by_name() -> None:
    import torch

    assert Specimen(Entry("exp", unary)).torch is torch.exp
    assert Specimen(Entry("x", unary, torch="nn.functional.relu")).torch is torch.nn.functional.relu
    with pytest.raises(LookupError, match="PyTorch has no function 'nonsense'"):
        Specimen(Entry("nonsense", unary)).torch  # noqa: B018
