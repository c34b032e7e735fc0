"""Python's operators on Tensors, and the in-place forms of the ops: tables of names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autograd import numpy_functions, registry
from ..tensor import Tensor, attach, inplace

# An operator is the op that answers to NumPy's function of that meaning: the plain one, without options.
_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power, "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
}  # fmt: skip
_UNARY = {"neg": np.negative, "abs": np.absolute, "invert": np.invert}
_COMPARISONS = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
}  # fmt: skip

# What has an in-place form, under its name with a _ at the end.
_INPLACE = """
    abs acos acosh add addcdiv addcmul addmm addmv asin asinh atan atan2 atanh baddbmm bitwise_and bitwise_left_shift
    bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil clamp cos cosh cumprod cumsum div eq erf exp exp2 expm1
    floor floor_divide fmod frac ge gt index_add index_put le lerp log log10 log1p log2 logical_and logical_not
    logical_or logical_xor logit lt masked_fill mul nan_to_num ne neg pow reciprocal relu remainder round rsqrt scatter
    scatter_add sigmoid sign sin sinh sqrt square sub tan tanh tril triu trunc
""".split()


def _reflected(function: Callable[..., Any]) -> Callable[[Tensor, Any], Tensor]:
    def method(self: Tensor, other: Any) -> Tensor:
        return function(other, self)

    return method


def _comparison(function: Callable[..., Any]) -> Callable[[Tensor, Any], Any]:
    """Compares with tensors and numbers; what else stands there (None, a list), Python finds not equal, or refuses."""

    def method(self: Tensor, other: Any) -> Any:
        try:
            return function(self, other)
        except TypeError:
            return NotImplemented

    return method


def attach_operators() -> None:
    """Give Tensor its operators and in-place methods, from the ops declared so far."""
    for name, ufunc in _BINARY.items():
        if function := numpy_functions.get(ufunc):
            in_place = inplace(function, f"{function.__name__}_")
            attach({f"__{name}__": function, f"__r{name}__": _reflected(function), f"__i{name}__": in_place})
    attach({f"__{name}__": numpy_functions[ufunc] for name, ufunc in _UNARY.items()})
    attach({f"__{name}__": _comparison(numpy_functions[ufunc]) for name, ufunc in _COMPARISONS.items()})
    attach({f"{name}_": inplace(registry[name], f"{name}_") for name in _INPLACE if name in registry})
