"""Making tensors, and converting between dtypes and devices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..backend import Array, DType
from ..construction import as_tensor, from_dlpack, from_numpy, is_tensor, tensor
from ..tensor import Tensor

__all__ = ["as_tensor", "clone", "from_dlpack", "from_numpy", "is_tensor", "ones", "tensor"]

# ---------------------------------------------------------------------------------------------- conversions


@op(name="to_dtype", method=False, input=lambda g, source: g.astype(source))
def _to_dtype(input: Array, dtype: DType, source: DType) -> Array:
    return input.astype(dtype)


@op(name="to_device", method=False, input=lambda g, source: backend.to_device(g, source))
def _to_device(input: Array, device: backend.device, source: backend.device) -> Array:
    return backend.to_device(input, device)


@op(numpy=[np.copy], input=lambda g: g)
def clone(input: Array) -> Array:
    """A copy, through which gradients flow."""
    return input.copy()


@public(name="to", method="to")
def _to(self: Tensor, *args: Any, dtype: Any = None, device: Any = None, copy: bool = False) -> Tensor:
    """The tensor in another dtype, on another device, or like another tensor: itself if nothing changes."""
    for argument in args:
        if isinstance(argument, Tensor):
            dtype, device = argument.dtype, argument.device
        elif isinstance(argument, backend.device) or isinstance(argument, str) and argument.split(":")[0] in backend.kinds():
            device = argument
        else:
            dtype = argument
    result = self
    if device is not None and (target := backend.device(device)) != self.device:
        result = _to_device(result, target, self.device)
    if dtype is not None and np.dtype(dtype) != result.dtype:
        result = _to_dtype(result, np.dtype(dtype), result.dtype)
    return clone(self) if copy and result is self else result


@public(name="astype", method="astype")
def _astype(self: Tensor, dtype: Any) -> Tensor:
    """NumPy's name for ``to(dtype)``."""
    return _to(self, dtype)


# ---------------------------------------------------------------------------------------------- filled with one value


def ones(*size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    shape = size[0] if len(size) == 1 and isinstance(size[0], tuple | list) else size
    module = backend.module_for(backend.device(device or "cpu"))
    return make_tensor(module.ones(shape, dtype or backend.get_default_dtype())).requires_grad_(requires_grad)


@public(name="new_ones", method="new_ones")
def _new_ones(self: Tensor, *size: Any, dtype: Any = None) -> Tensor:
    return ones(*size, dtype=dtype or self.dtype, device=self.device)
