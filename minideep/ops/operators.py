"""Python's operators on Tensors, and the in-place forms of the ops: two tables of names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd import registry
from ..tensor import Tensor, attach, inplace

_BINARY = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "floordiv": "floor_divide", "mod": "remainder",
    "pow": "pow", "matmul": "matmul", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "bitwise_left_shift", "rshift": "bitwise_right_shift",
}  # fmt: skip
_COMPARISONS = {"eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge"}
_UNARY = {"neg": "neg", "abs": "abs", "invert": "bitwise_not"}

# Ops with an in-place form besides the elementwise ones with one result of the input's shape.
_INPLACE = """
    abs acos acosh add addcdiv addcmul addmm addmv asin asinh atan atan2 atanh baddbmm bitwise_and bitwise_not bitwise_or
    bitwise_xor ceil clamp cos cosh cumprod cumsum div erf exp exp2 expm1 floor floor_divide fmod frac index_add index_put
    lerp log log10 log1p log2 logit masked_fill mul nan_to_num neg pow reciprocal relu remainder round rsqrt scatter
    scatter_add sigmoid sign sin sinh sqrt square sub tan tanh tril triu trunc
""".split()


def _reflected(function: Callable[..., Any]) -> Callable[[Tensor, Any], Tensor]:
    def method(self: Tensor, other: Any) -> Tensor:
        return function(other, self)

    return method


def attach_operators() -> None:
    """Give Tensor its operators and in-place methods, from the ops declared so far."""
    for dunder, name in (_BINARY | _COMPARISONS | _UNARY).items():
        if name in registry:
            setattr(Tensor, f"__{dunder}__", registry[name])
    for dunder, name in _BINARY.items():
        if name in registry:
            setattr(Tensor, f"__r{dunder}__", _reflected(registry[name]))
            setattr(Tensor, f"__i{dunder}__", inplace(registry[name], f"{name}_"))
    attach({f"{name}_": inplace(registry[name], f"{name}_") for name in _INPLACE if name in registry})
