"""What the catalogue cannot say of elementwise ops: mixed dtypes, operators beside no tensor, second names."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest

import minideep as md
from tests.support import agree

DTYPES = ["float16", "float32", "float64", "int64", "int32", "int8", "uint8", "bool"]
BINARY = [operator.add, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow, operator.eq]


def value(m: Any, kind: str, dims: int) -> Any:
    """A 3 of some dtype: a tensor with dimensions, one without, or a number."""
    if dims < 0:
        return {"f": 3.0, "i": 3, "u": 3, "b": True}[np.dtype(kind).kind]
    data = [3, 3] if dims else 3
    return m.tensor(data, dtype=getattr(m, kind))


def refuses_bool(op: Any) -> bool:
    return op in (operator.floordiv, operator.mod, operator.pow)


@pytest.mark.parametrize("op", BINARY, ids=lambda op: op.__name__)
@pytest.mark.parametrize("left", DTYPES)
def test_result_dtypes_are_pytorchs(op: Any, left: str) -> None:
    """Of all pairs of dtypes, with and without dimensions, and with numbers."""
    for right, a, b in itertools.product(DTYPES, (1, 0, -1), (1, 0, -1)):
        if a < 0 and b < 0 or refuses_bool(op) and "bool" in (left, right):
            continue
        agree(lambda m, right=right, a=a, b=b: op(value(m, left, a), value(m, right, b)), rtol=1e-3)  # type: ignore[misc]


@pytest.mark.parametrize("name", ["maximum", "where", "clamp", "addcmul"])
def test_result_dtypes_of_functions_are_pytorchs(name: str) -> None:
    def program(m: Any, left: str, right: str, a: int, b: int) -> Any:
        x, y = value(m, left, a), value(m, right, b)
        if name == "where":
            return m.where(m.tensor([True, False]), x, y)
        return m.addcmul(x, y, y) if name == "addcmul" else getattr(m, name)(x, y)

    for left, right, a, b in itertools.product(DTYPES[:5], DTYPES[:5], (1, 0), (1, 0)):
        agree(lambda m: program(m, left, right, a, b), rtol=1e-3)  # noqa: B023


@pytest.mark.parametrize("name", ["exp", "sqrt", "sin", "sigmoid", "erf", "reciprocal", "atan", "log1p", "rsqrt"])
@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_integers_become_floats_before_they_are_computed_with(name: str, dtype: str) -> None:
    """NumPy would compute with int8 in float16, where e¹² is infinite."""
    agree(
        lambda m: getattr(m, name)(m.tensor([0, 1, 2, 12], dtype=getattr(m, dtype))),
        rtol=2e-3 if dtype == "float16" else 1e-6,
    )


def test_the_default_dtype_is_that_of_integers_made_floats() -> None:
    md.set_default_dtype(md.float64)
    try:
        for dtype in (md.int8, md.int16, md.int64):
            assert md.exp(md.tensor([1], dtype=dtype)).dtype == md.float64
            assert (md.tensor([1], dtype=dtype) / 3).dtype == md.float64
    finally:
        md.set_default_dtype(md.float32)


# ---------------------------------------------------------------------------------------------- operators

REFLECTED = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]


@pytest.mark.parametrize("name", REFLECTED)
@pytest.mark.parametrize("number", [2, 2.5, True])
def test_a_number_on_the_left(name: str, number: Any) -> None:
    if number is True and name in ("sub", "pow"):
        pytest.skip("PyTorch refuses to subtract from a bool, and fails to raise one to a power")
    op = getattr(operator, name)

    def program(m: Any) -> Any:
        x = m.tensor([0.5, 2.0, -3.0], dtype=m.float64, requires_grad=True)
        y = op(number, x)
        slope = None if name in ("floordiv", "mod") else m.autograd.grad(y.sum(), x)  # PyTorch has none of those
        return y, slope, op(number, m.tensor([1, 2, 3]))

    agree(program)


@pytest.mark.parametrize("name", ["and_", "or_", "xor", "lshift", "rshift"])
def test_integers_on_the_left_of_bits(name: str) -> None:
    agree(lambda m: getattr(operator, name)(5, m.tensor([1, 2, 3])))


@pytest.mark.parametrize("name", [*REFLECTED, "and_", "or_", "xor", "lshift", "rshift"])
def test_augmented_assignment(name: str) -> None:
    op = getattr(operator, "i" + name.rstrip("_"))

    def program(m: Any) -> Any:
        x = m.tensor([6, 7, 8] if name in ("and_", "or_", "xor", "lshift", "rshift") else [6.0, 7.0, 8.0])
        y = op(x, 2)
        return x, y is x

    agree(program, rtol=1e-6)


@pytest.mark.parametrize("other", [None, "a", [1.0, 2.0], ()], ids=repr)
def test_comparisons_with_what_is_no_tensor(other: Any) -> None:
    agree(lambda m: (m.ones(2) == other, m.ones(2) != other))
    agree(lambda m: m.ones(2) < other)


@pytest.mark.parametrize("other", [None, "a", [1.0, 2.0]], ids=repr)
def test_arithmetic_with_what_is_no_tensor_says_so(other: Any) -> None:
    agree(lambda m: m.ones(2) + other)
    with pytest.raises(TypeError, match=r"add\(\): argument 'other' must be Tensor or a number, not"):
        md.ones(2) + other


def test_unary_functions_want_tensors() -> None:
    agree(lambda m: m.exp(2.0))
    with pytest.raises(TypeError, match=r"exp\(\): argument 'input' must be Tensor, not float"):
        md.exp(2.0)


def test_tensors_stay_hashable() -> None:
    x, y = md.ones(2), md.ones(2)
    assert len({x, y, x}) == 2


def test_numpy_arrays_and_scalars_take_part() -> None:
    x = md.tensor([1.0, 2.0], requires_grad=True)
    for y in (np.array([3.0, 4.0], np.float32) * x, x * np.float32(2), np.float64(2.0) * x, x + np.int64(1)):
        assert isinstance(y, md.Tensor)
        assert y.requires_grad
        assert y.dtype == md.float32


def test_numbers_out_of_an_integers_range() -> None:
    with pytest.raises(NotImplementedError, match=r"mul: not implemented for int8; convert with .to\(dtype\) first"):
        md.tensor([1], dtype=md.int8) * 200


# ---------------------------------------------------------------------------------------------- other forms


@pytest.mark.parametrize(
    ("second", "first"),
    {
        "absolute": "abs", "negative": "neg", "multiply": "mul", "subtract": "sub", "divide": "div",
        "true_divide": "div", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
        "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "greater": "gt", "greater_equal": "ge",
        "less": "lt", "less_equal": "le", "not_equal": "ne", "fix": "trunc", "clip": "clamp",
    }.items(),
)  # fmt: skip
def test_second_names(second: str, first: str) -> None:
    assert getattr(md, second) is getattr(md, first)
    assert getattr(md.Tensor, second) is getattr(md, first)


def test_where_is_a_method_of_what_is_kept() -> None:
    agree(lambda m: m.tensor([1.0, -2.0]).where(m.tensor([True, False]), 9))


def test_where_with_a_condition_alone() -> None:
    agree(lambda m: m.where(m.tensor([[1, 0], [0, 2]]) > 0))


def test_max_of_two_tensors_by_position() -> None:
    agree(lambda m: (m.max(m.arange(3), m.tensor([2, 0, 1])), m.min(m.arange(3), m.tensor([2, 0, 1]))))


def test_rounding_to_places() -> None:
    agree(lambda m: m.round(m.tensor([1.2345, -2.5, 0.5, 1234.5], dtype=m.float64), decimals=2))
    agree(lambda m: m.round(m.tensor([1234.5678, -55.0], dtype=m.float64), decimals=-1))


def test_result_type_of_where_alone_follows_the_numbers() -> None:
    agree(lambda m: [m.where(m.tensor([True, False]), a, b) for a, b in ((1, 2), (1.5, 2), (True, False))])


@pytest.mark.parametrize("value", [0.0, -0.0, float("inf"), float("nan"), 1e30])
def test_small_powers_are_products(value: float) -> None:
    """They are computed another way than other powers, to the same end."""
    agree(lambda m: [m.tensor([value, -value], dtype=m.float64) ** n for n in range(-3, 12)])


def test_lerp_reaches_both_ends_exactly() -> None:
    start, end = md.tensor([1e30, 0.1]), md.tensor([1.0, 0.7])
    assert md.lerp(start, end, 0.0).tolist() == start.tolist()
    assert md.lerp(start, end, 1.0).tolist() == end.tolist()
    assert md.lerp(start, end, md.tensor([1.0, 0.0])).tolist() == [end[0].item(), start[1].item()]
