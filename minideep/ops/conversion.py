"""Tensors in another dtype and on another device, and values written over those that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import backend
from ..autograd import methods, op, public
from ..autograd.views import changed_in_place, check_inplace
from ..backend import Array, DType, bool_, float16, float32, float64, int8, int16, int32, int64, uint8
from ..tensor import Tensor
from .shape import clone


@op(name="to_dtype", method=False, input=lambda g, source: g.astype(source))
def _to_dtype(input: Array, dtype: DType, source: DType) -> Array:
    return input.astype(dtype)


def _moved_back(g: Any, source: backend.device) -> Any:
    return to(g, source) if isinstance(g, Tensor) else backend.to_device(g, source)


@op(name="to_device", method=False, input=_moved_back)
def _to_device(input: Array, device: backend.device, source: backend.device) -> Array:
    return backend.to_device(input, device)


def destination(args: Sequence[Any], dtype: Any, device: Any) -> tuple[Any, Any]:
    """The dtype and the device that the arguments of `to` ask for; None where they ask for neither."""
    for argument in args:
        if isinstance(argument, Tensor):
            dtype, device = argument.dtype, argument.device
        elif isinstance(argument, backend.device | str):
            device = argument
        else:
            dtype = argument
    return dtype, device


@public(method="to")
def to(
    input: Tensor, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, copy: bool = False
) -> Tensor:
    """The tensor in another dtype, on another device, or in both like another tensor: itself if nothing changes."""
    dtype, device = destination(args, dtype, device)
    result = input
    if device is not None and (target := backend.device(device)) != input.device:
        result = _to_device(result, target, input.device)
    if dtype is not None and (wanted := np.dtype(dtype)) != result.dtype:
        result = _to_dtype(result, wanted, result.dtype)
    return clone(input) if copy and result is input else result


def _converter(dtype: Any) -> Callable[[Tensor], Tensor]:
    return lambda input: to(input, dtype=dtype)


def _cuda(input: Tensor, device: Any = None) -> Tensor:
    """The tensor on a GPU: the first, or the one of that number."""
    return to(input, f"cuda:{device}" if isinstance(device, int) else device or "cuda")


methods |= {
    name: _converter(dtype)
    for name, dtype in {
        "half": float16, "float": float32, "double": float64, "byte": uint8, "char": int8, "short": int16, "int": int32,
        "long": int64, "bool": bool_,
    }.items()
}  # fmt: skip
methods |= {
    "astype": lambda input, dtype: to(input, dtype=dtype),
    "type": lambda input, dtype: to(input, dtype=dtype),
    "type_as": lambda input, other: to(input, dtype=other.dtype),
    "cpu": lambda input: to(input, "cpu"),
    "cuda": _cuda,
}


@public(method="fill_")
def fill_(input: Tensor, value: Any) -> Tensor:
    """Write `value`, a number or a tensor without dimensions, everywhere."""
    if not isinstance(value, Tensor):
        check_inplace(input, "fill_")
        input.array[...] = value
        return changed_in_place(input, None)
    if value.ndim:
        raise RuntimeError(f"fill_: expected a number or a tensor without dimensions, but got shape {value.shape}")
    return copy_(input, value)


@public(method="zero_")
def zero_(input: Tensor) -> Tensor:
    """Write 0 everywhere."""
    return fill_(input, 0)


@public(method="copy_")
def copy_(input: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write the entries of `src`, broadcast, and converted to this dtype and device."""
    if not isinstance(src, Tensor):
        return fill_(input, src)
    check_inplace(input, "copy_")
    source = to(src, input.dtype, device=input.device).broadcast_to(input.shape)
    input.array[...] = source.array
    return changed_in_place(input, source.node)
