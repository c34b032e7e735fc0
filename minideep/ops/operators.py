"""Python's operators on Tensors, and the in-place forms of the ops: tables of names."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autograd import numpy_functions, registry
from ..autograd.anomaly import anomaly
from ..autograd.modes import mode
from ..autograd.operands import rank
from ..autograd.views import changed_in_place, check_inplace, keep_original
from ..tensor import Tensor, attach

# An operator is the op that answers to NumPy's function of that meaning: the plain one, without options.
_BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "floordiv": np.floor_divide,
    "mod": np.remainder, "pow": np.power, "matmul": np.matmul, "and": np.bitwise_and, "or": np.bitwise_or,
    "xor": np.bitwise_xor, "lshift": np.left_shift, "rshift": np.right_shift,
}  # fmt: skip
_COMMUTATIVE = {"add", "mul", "and", "or", "xor"}
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


def in_place(function: Callable[..., Tensor], name: str, ufunc: np.ufunc | None = None) -> Callable[..., Tensor]:
    """The in-place form of a function: its result is written into the first argument's memory.

    If the function is nothing but a `ufunc` of NumPy's, that can write there itself, where no graph is recorded.
    """

    @functools.wraps(function)
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if ufunc is not None and not kwargs and _overwrite(ufunc, self, args):
            return changed_in_place(self, None)
        check_inplace(self, name)
        result = function(self, *args, **kwargs)
        if result.array.dtype != self.array.dtype:
            if rank(result.array.dtype) > rank(self.array.dtype):
                raise RuntimeError(
                    f"{name}: result type {result.dtype} can't be cast to the desired output type {self.dtype}; use "
                    f"{name.rstrip('_')}(), which makes a new tensor"
                )
            result = result.to(self.array.dtype)
        if result.array.shape != self.array.shape:
            raise RuntimeError(
                f"{name}: output with shape {self.shape} doesn't match the broadcast shape {result.shape}; use "
                f"{name.rstrip('_')}(), which makes a new tensor"
            )
        keep_original(self, result.node)
        self.array[...] = result.array
        return changed_in_place(self, result.node)

    method.__name__ = method.__qualname__ = name
    return method


def _overwrite(ufunc: np.ufunc, tensor: Tensor, others: Sequence[Any]) -> bool:
    """Compute straight into a tensor's memory, without a copy; False where graph, dtypes or shapes need more care."""
    array, recording, operands = tensor.array, mode.grad, []
    if len(others) != ufunc.nin - 1 or array.dtype.kind != "f" or anomaly.enabled or recording and tensor.requires_grad:
        return False
    for x in others:
        if isinstance(x, Tensor):
            if x.array.dtype is not array.dtype or recording and x.requires_grad:
                return False
            operands.append(x.array)
        elif x.__class__ in (float, int):
            operands.append(x)
        else:
            return False
    try:
        ufunc(array, *operands, array)
    except (TypeError, ValueError):
        return False
    return True


def _is_body(ufunc: Any, function: Any) -> bool:
    """Whether a function does what the ufunc does, entry by entry, and no more."""
    body = getattr(getattr(function, "op", None), "body", None)
    return isinstance(ufunc, np.ufunc) and ufunc.signature is None and body is ufunc


def attach_operators() -> None:
    """Give Tensor its operators and in-place methods, from the ops declared so far."""
    ufuncs = {function.__name__: ufunc for ufunc, function in numpy_functions.items() if _is_body(ufunc, function)}
    for name, ufunc in _BINARY.items():
        if function := numpy_functions.get(ufunc):
            changing = in_place(function, f"{function.__name__}_", ufuncs.get(function.__name__))
            reflected = function if name in _COMMUTATIVE else _reflected(function)
            attach({f"__{name}__": function, f"__r{name}__": reflected, f"__i{name}__": changing})
    attach({f"__{name}__": numpy_functions[ufunc] for name, ufunc in _UNARY.items()})
    attach({f"__{name}__": _comparison(numpy_functions[ufunc]) for name, ufunc in _COMPARISONS.items()})
    for name in registry.keys() & _INPLACE:
        attach({f"{name}_": in_place(registry[name], f"{name}_", ufuncs.get(name))})
