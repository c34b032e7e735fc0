"""The table of derivatives.

Each line is an op: what it computes of x, or of a and b, and what reaches x, a and b when the gradient g reaches the
result y. Under the table stands what does not fit on a line: a third input, an option, a rule with cases.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import elementwise, methods, op, public
from ..autograd.operands import result_type
from ..backend import Array, get_default_dtype, special_function
from ..tensor import Tensor

__all__ = [
    "abs", "absolute", "acos", "acosh", "add", "allclose", "arccos", "arccosh", "arcsin", "arcsinh", "arctan",
    "arctan2", "arctanh", "asin", "asinh", "atan", "atan2", "atanh", "bitwise_and", "bitwise_left_shift",
    "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "ceil", "cos", "cosh", "div", "divide", "eq",
    "equal", "erf", "exp", "exp2", "expm1", "fix", "floor", "floor_divide", "fmod", "frac", "ge", "greater",
    "greater_equal", "gt", "isclose", "isfinite", "isinf", "isnan", "le", "less", "less_equal", "log", "log1p",
    "log2", "log10", "logaddexp", "logical_and", "logical_not", "logical_or", "logical_xor", "logit", "lt",
    "maximum", "minimum", "mul", "multiply", "nan_to_num", "ne", "neg", "negative", "not_equal", "pow",
    "reciprocal", "remainder", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "sub",
    "subtract", "tan", "tanh", "true_divide", "trunc",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- words of the table


def _sign(x: Any) -> Any:
    """1, 0 or −1; NumPy's own takes longer, and is nan for nan."""
    return (x > 0).astype(x.dtype) - (x < 0)


def _sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def not_zero(x: Any) -> Any:
    """x, but 1 where it is 0: for a divisor of what is 0 there anyhow."""
    return x + (x == 0)


def _stepping(function: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """A function that rounds; integers are round already."""
    return lambda x: function(x) if x.dtype.kind == "f" else x.copy()


def _dividing(function: Callable[[Any, Any], Array]) -> Callable[[Any, Any], Array]:
    """A division whose result is an integer if its operands are: then it refuses 0, as there is no inf."""

    def divide(a: Any, b: Any) -> Array:
        dtype = a.dtype if hasattr(a, "dtype") else b.dtype
        if dtype.kind != "f" and not np.all(b):
            raise RuntimeError(f"{function.__name__}: ZeroDivisionError: 'other' holds 0; .float() allows inf and nan")
        return function(a, b)

    return divide


def _flat(g: Any) -> Any:
    """The rule of a function that is constant between its steps."""
    return np.zeros_like(g)


def _share(g: Any, a: Any, b: Any) -> Any:
    """What reaches a from the greater of a and b: all of g, half of it if they tie, nothing if a is less."""
    return g * (1 - 0.5 * ((a < b).astype(g.dtype) + (a <= b)))


ln2, ln10, two_by_root_pi = math.log(2), math.log(10), 2 / math.sqrt(math.pi)

# fmt: off
# ------------------------------------------------------------------------------------------------ y = f(x): f'(x) · g

neg         = elementwise(np.negative, "neg",                 x=lambda g: -g)
abs         = elementwise(np.absolute, "abs",                 x=lambda g, x: g * _sign(x))
square      = elementwise(np.square, "square",                x=lambda g, x: g * x * 2)
sqrt        = elementwise(np.sqrt, "sqrt",                    x=lambda g, y: g / y * 0.5)
rsqrt       = elementwise(lambda x: 1 / np.sqrt(x), "rsqrt",  x=lambda g, y: g * y * y * y * -0.5)
reciprocal  = elementwise(lambda x: 1.0 / x, "reciprocal",    x=lambda g, y: -g * y * y, numpy=[np.reciprocal])

exp         = elementwise(np.exp, "exp",                      x=lambda g, y: g * y)
exp2        = elementwise(np.exp2, "exp2",                    x=lambda g, y: g * y * ln2)
expm1       = elementwise(np.expm1, "expm1",                  x=lambda g, y: g * (y + 1))
log         = elementwise(np.log, "log",                      x=lambda g, x: g / x)
log2        = elementwise(np.log2, "log2",                    x=lambda g, x: g / (x * ln2))
log10       = elementwise(np.log10, "log10",                  x=lambda g, x: g / (x * ln10))
log1p       = elementwise(np.log1p, "log1p",                  x=lambda g, x: g / (x + 1))

sin         = elementwise(np.sin, "sin",                      x=lambda g, x: g * np.cos(x))
cos         = elementwise(np.cos, "cos",                      x=lambda g, x: -g * np.sin(x))
tan         = elementwise(np.tan, "tan",                      x=lambda g, y: g * (y * y + 1))
asin        = elementwise(np.arcsin, "asin",                  x=lambda g, x: g / np.sqrt(1 - x * x))
acos        = elementwise(np.arccos, "acos",                  x=lambda g, x: -g / np.sqrt(1 - x * x))
atan        = elementwise(np.arctan, "atan",                  x=lambda g, x: g / (x * x + 1))
sinh        = elementwise(np.sinh, "sinh",                    x=lambda g, x: g * np.cosh(x))
cosh        = elementwise(np.cosh, "cosh",                    x=lambda g, x: g * np.sinh(x))
tanh        = elementwise(np.tanh, "tanh",                    x=lambda g, y: g * (1 - y * y))
asinh       = elementwise(np.arcsinh, "asinh",                x=lambda g, x: g / np.sqrt(x * x + 1))
acosh       = elementwise(np.arccosh, "acosh",                x=lambda g, x: g / np.sqrt(x * x - 1))
atanh       = elementwise(np.arctanh, "atanh",                x=lambda g, x: g / (1 - x * x))

sigmoid     = elementwise(_sigmoid, "sigmoid",                x=lambda g, y: g * y * (1 - y))
erf         = elementwise(special_function("erf"), "erf",     x=lambda g, x: g * np.exp(-x * x) * two_by_root_pi)

sign        = elementwise(_sign, "sign",                      x=_flat, numpy=[np.sign])
floor       = elementwise(_stepping(np.floor), "floor",       x=_flat, numpy=[np.floor])
ceil        = elementwise(_stepping(np.ceil), "ceil",         x=_flat, numpy=[np.ceil])
trunc       = elementwise(_stepping(np.trunc), "trunc",       x=_flat, numpy=[np.trunc])
frac        = elementwise(lambda x: x - np.trunc(x), "frac",  x=lambda g: g)

isnan       = elementwise(np.isnan, "isnan")
isinf       = elementwise(np.isinf, "isinf")
isfinite    = elementwise(np.isfinite, "isfinite")
logical_not = elementwise(np.logical_not, "logical_not")
bitwise_not = elementwise(np.invert, "bitwise_not")

# ------------------------------------------------------------------------------- y = f(a, b): ∂f/∂a · g and ∂f/∂b · g
# Those with an underscore are what the operators call; as functions they have an option more, and stand further down.

_add         = elementwise(np.add, "add",                     a=lambda g: g,
                                                              b=lambda g: g)
_sub         = elementwise(np.subtract, "sub",                a=lambda g: g,
                                                              b=lambda g: -g)
mul          = elementwise(np.multiply, "mul",                a=lambda g, b: g * b,
                                                              b=lambda g, a: g * a)
_div         = elementwise(np.true_divide, "div",             a=lambda g, b: g / b,
                                                              b=lambda g, a, b: -g * (a / b / b))
floor_divide = elementwise(_dividing(np.floor_divide), "floor_divide", numpy=[np.floor_divide],
                                                              a=_flat,
                                                              b=_flat)
remainder    = elementwise(_dividing(np.remainder), "remainder", numpy=[np.remainder],
                                                              a=lambda g: g,
                                                              b=lambda g, a, b: -g * np.floor_divide(a, b))
fmod         = elementwise(_dividing(np.fmod), "fmod", numpy=[np.fmod],
                                                              a=lambda g: g,
                                                              b=lambda g, a, b: -g * np.trunc(a / b))
maximum      = elementwise(np.maximum, "maximum",             a=lambda g, a, b: _share(g, a, b),
                                                              b=lambda g, a, b: _share(g, b, a))
minimum      = elementwise(np.minimum, "minimum",             a=lambda g, a, b: _share(g, b, a),
                                                              b=lambda g, a, b: _share(g, a, b))
atan2        = elementwise(np.arctan2, "atan2",               a=lambda g, a, b: g * b / not_zero(a * a + b * b),
                                                              b=lambda g, a, b: -g * a / not_zero(a * a + b * b))
logaddexp    = elementwise(np.logaddexp, "logaddexp",         a=lambda g, a, b: g / (np.exp(b - a) + 1),
                                                              b=lambda g, a, b: g / (np.exp(a - b) + 1))

eq           = elementwise(np.equal, "eq")
ne           = elementwise(np.not_equal, "ne")
lt           = elementwise(np.less, "lt")
le           = elementwise(np.less_equal, "le")
gt           = elementwise(np.greater, "gt")
ge           = elementwise(np.greater_equal, "ge")
logical_and  = elementwise(np.logical_and, "logical_and")
logical_or   = elementwise(np.logical_or, "logical_or")
logical_xor  = elementwise(np.logical_xor, "logical_xor")
bitwise_and  = elementwise(np.bitwise_and, "bitwise_and")
bitwise_or   = elementwise(np.bitwise_or, "bitwise_or")
bitwise_xor  = elementwise(np.bitwise_xor, "bitwise_xor")

bitwise_left_shift  = elementwise(np.left_shift, "bitwise_left_shift")
bitwise_right_shift = elementwise(np.right_shift, "bitwise_right_shift")
# fmt: on

# ---------------------------------------------------------------------------------------------- powers


def _power(a: Any, b: Any) -> Any:
    """aᵇ, for small whole b as a product: NumPy's own way takes a hundred times as long."""
    if isinstance(b, int | float) and 2 < b <= 8 and b == int(b):
        root = a if b < 4 else _power(a, b // 2)
        return root * root * a if b % 2 else root * root
    return a**b


def _power_by_base(g: Any, input: Any, exponent: Any) -> Any:
    if not isinstance(exponent, int | float):
        return np.where(exponent == 0, 0, g * exponent * input ** (exponent - 1))
    if exponent == 0:
        return np.zeros_like(g)
    return g * (input if exponent == 2 else _power(input, exponent - 1)) * exponent


def _power_by_exponent(g: Any, y: Any, input: Any, exponent: Any) -> Any:
    log = float(np.log(input)) if isinstance(input, int | float) else np.log(input)
    return np.where((input == 0) & (exponent >= 0), 0, g * y * log)


@op(promotes=True, numpy=[np.power], input=_power_by_base, exponent=_power_by_exponent)
def pow(input: Array, exponent: Array) -> Array:
    """inputᵉˣᵖᵒⁿᵉⁿᵗ; either may be a number.

    >>> pow(2, Tensor([0.0, 0.5, 3.0]))
    tensor([1.0000, 1.4142, 8.0000])
    """
    dtype = input.dtype if hasattr(input, "dtype") else exponent.dtype
    if dtype.kind != "f" and np.any(exponent < 0):
        raise RuntimeError("pow: integers to negative integer powers are not allowed; convert with .float() first")
    return _power(input, exponent)


# ---------------------------------------------------------------------------------------------- with options


@public()
def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input + alpha · other."""
    return _add(input, other if alpha == 1 else other * alpha)


@public()
def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input − alpha · other."""
    return _sub(input, other if alpha == 1 else other * alpha)


@public()
def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other, rounded down ("floor"), toward zero ("trunc") or not at all.

    >>> div(Tensor([-7.0, 7.0]), 2, rounding_mode="trunc")
    tensor([-3.,  3.])
    """
    if rounding_mode is None:
        return _div(input, other)
    if rounding_mode == "floor":
        return floor_divide(input, other)
    if rounding_mode != "trunc":
        raise RuntimeError(f"div: expected rounding_mode to be None, 'trunc' or 'floor', but got {rounding_mode!r}")
    if result_type(input, other).kind == "f":
        return trunc(_div(input, other))
    return floor_divide(_sub(input, fmod(input, other)), other)


@op(input=_flat, numpy=[np.rint, np.round])
def round(input: Array, *, decimals: int = 0) -> Array:
    """To the nearest integer, or to `decimals` places; halves to the even neighbour."""
    if input.dtype.kind != "f":
        return input.copy()
    return np.rint(input) if decimals == 0 else np.round(input, decimals)


@op(input=lambda g, input: g * np.isfinite(input), numpy=[np.nan_to_num])
def nan_to_num(
    input: Array, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Array:
    """`nan` in the place of nan, `posinf` and `neginf` (the dtype's greatest and least value) in that of ±inf."""
    return np.nan_to_num(input, nan=nan or 0.0, posinf=posinf, neginf=neginf)


def _logit_rule(g: Any, input: Any, eps: float | None) -> Any:
    x = input if eps is None else np.clip(input, eps, 1 - eps)
    divisor = x * (1 - x)
    if eps is None:
        return g / np.where(divisor < 0, math.nan, divisor)  # nan where logit is
    return np.where(x == input, g / divisor, 0)


@op(input=_logit_rule)
def logit(input: Array, eps: float | None = None) -> Array:
    """log(x / (1 − x)), the inverse of `sigmoid`; with `eps`, x is first clamped to [eps, 1 − eps]."""
    x = input if input.dtype.kind == "f" else input.astype(get_default_dtype())
    x = x if eps is None else x.clip(eps, 1 - eps)
    return np.log(x / (1 - x))


# ---------------------------------------------------------------------------------------------- alike or not


@op(promotes=True, numpy=[np.isclose])
def isclose(input: Array, other: Array, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Array:
    """|input − other| ≤ atol + rtol · |other|, entry by entry."""
    return np.isclose(input, other, rtol, atol, equal_nan)


@public(numpy=[np.allclose])
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
    """Whether `isclose` holds for all entries."""
    return bool(isclose(input, other, rtol, atol, equal_nan).array.all())


@public(numpy=[np.array_equal])
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether both have the same shape and the same entries."""
    return input.shape == other.shape and bool(eq(input, other).array.all())


# ---------------------------------------------------------------------------------------------- second names

absolute, negative, fix = abs, neg, trunc
multiply, subtract, divide, true_divide = mul, sub, div, div
arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne

methods |= {
    "absolute": abs, "negative": neg, "fix": trunc, "multiply": mul, "subtract": sub, "divide": div, "true_divide": div,
    "arcsin": asin, "arccos": acos, "arctan": atan, "arctan2": atan2, "arcsinh": asinh, "arccosh": acosh,
    "arctanh": atanh, "greater": gt, "greater_equal": ge, "less": lt, "less_equal": le, "not_equal": ne,
}  # fmt: skip
