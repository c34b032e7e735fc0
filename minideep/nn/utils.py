"""What is done to the parameters and gradients of a network from outside: clipping, one flat vector, weight norm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np

from ..autograd import apply, no_grad
from ..autograd.graph import make_tensor
from ..backend import Array, as_array, widened
from ..ops.arrangement import cat
from ..ops.reduction import norm
from ..tensor import Tensor
from .module import Module
from .parameter import Parameter

__all__ = [
    "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm", "parameters_to_vector",
    "remove_weight_norm", "vector_to_parameters", "weight_norm",
]  # fmt: skip

Tensors = Tensor | Iterable[Tensor]

# ---------------------------------------------------------------------------------------------- clipping


def _gradients(parameters: Tensors) -> list[Tensor]:
    listed = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in listed if p.grad is not None]


def get_total_norm(
    tensors: Tensors, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all entries of all tensors: that of the tensors' norms.

    >>> get_total_norm([Tensor([3.0, 0.0]), Tensor([4.0])])
    tensor(5.)
    """
    arrays = [t.array for t in ([tensors] if isinstance(tensors, Tensor) else tensors)]
    if not arrays:
        return Tensor(0.0)
    order = float(norm_type)
    of_all = _norm(np.stack([_norm(widened(x), order) for x in arrays]), order)
    if error_if_nonfinite and not np.isfinite(of_all):
        raise RuntimeError(
            f"get_total_norm: the total norm of order {order} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped; to disable this error and scale the gradients by the non-finite norm anyway, set "
            "error_if_nonfinite=False"
        )
    return make_tensor(as_array(of_all).astype(np.result_type(*{x.dtype for x in arrays})))


def _norm(x: Array, order: float) -> Any:
    """For the commonest order without an array of the squares."""
    return np.sqrt(np.vdot(x, x)) if order == 2 else apply(norm, x, order)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Shorten the gradients, as one long vector, to a norm of `max_norm` if theirs is greater; returns what it was.

    Pascanu et al., "On the difficulty of training recurrent neural networks", 2013.
    """
    gradients = _gradients(parameters)
    total = get_total_norm(gradients, norm_type, error_if_nonfinite)
    _shorten(gradients, max_norm, total)
    return total


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """The second half of `clip_grad_norm_`, for a norm that is known."""
    _shorten(_gradients(parameters), max_norm, total_norm)


def _shorten(gradients: list[Tensor], max_norm: float, total: Tensor) -> None:
    factor = float(max_norm) / (float(total) + 1e-6)
    if not factor >= 1:  # nan, of a norm that is not finite, goes on into the gradients
        for g in gradients:
            g.array *= factor
            g.version.bump()


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Bring every entry of the gradients into [−`clip_value`, `clip_value`]."""
    limit = float(clip_value)
    for g in _gradients(parameters):
        np.clip(g.array, -limit, limit, out=g.array)
        g.version.bump()


# ---------------------------------------------------------------------------------------------- one vector


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All entries of all parameters, one after the other; gradients find their way back."""
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """The other way: the parameters become views of a vector's memory."""
    if not isinstance(vec, Tensor):
        raise TypeError(f"vector_to_parameters: expected a Tensor, but got {type(vec).__name__}")
    listed = list(parameters)
    wanted = sum(p.numel() for p in listed)
    if vec.ndim != 1 or vec.numel() < wanted:
        raise RuntimeError(
            f"vector_to_parameters: expected a vector with the {wanted} entries of the parameters, but its shape is "
            f"{vec.shape}"
        )
    start = 0
    for p in listed:
        p.data = vec.detach()[start : start + p.numel()].view(*p.shape)
        start += p.numel()


# ---------------------------------------------------------------------------------------------- weight norm

AnyModule = TypeVar("AnyModule", bound=Module)


class WeightNorm:
    """The hook that computes a weight anew before every `forward`: g · v / ‖v‖, with a norm for each index of `dim`."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, None if dim == -1 else dim

    def length(self, v: Tensor) -> Tensor:
        if self.dim is None:
            return norm(v)
        others = tuple(axis for axis in range(v.ndim) if axis != self.dim)
        return norm(v, dim=others, keepdim=True) if others else v.abs()

    def weight(self, module: Module) -> Tensor:
        g, v = getattr(module, f"{self.name}_g"), getattr(module, f"{self.name}_v")
        return v * (g / self.length(v))

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.weight(module))


def weight_norm(module: AnyModule, name: str = "weight", dim: int | None = 0) -> AnyModule:
    """Let a module learn the length of its weights and their direction apart: ``weight_g`` and ``weight_v``.

    There is one length for each index of `dim`, or with None one for all. The names are those of PyTorch's function
    of this name and place, not of its `parametrizations`. Salimans and Kingma, "Weight Normalization", 2016.
    """
    if _place(module, name) is not None:
        raise RuntimeError(f"weight_norm: Cannot register two weight_norm hooks on the same parameter {name}")
    weight = module.get_parameter(name)
    hook = WeightNorm(name, dim)
    delattr(module, name)
    with no_grad():
        module.register_parameter(f"{name}_g", Parameter(hook.length(weight)))
        module.register_parameter(f"{name}_v", Parameter(weight))
    hook(module, ())
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: AnyModule, name: str = "weight") -> AnyModule:
    """Make the weight, as it is now, a parameter again."""
    place = _place(module, name)
    if place is None:
        raise ValueError(f"remove_weight_norm: weight_norm of '{name}' not found in {module}")
    hook = module._hooks().forward_pre.pop(place).function
    weight = hook.weight(module).detach()  # type: ignore[attr-defined]
    for gone in (name, f"{name}_g", f"{name}_v"):
        delattr(module, gone)
    setattr(module, name, Parameter(weight))
    return module


def _place(module: Module, name: str) -> int | None:
    """Where among the module's hooks is the one that computes the weight of that name."""
    for place, hook in module._hooks().forward_pre.items():
        if isinstance(hook.function, WeightNorm) and hook.function.name == name:
            return place
    return None
