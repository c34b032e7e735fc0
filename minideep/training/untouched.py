"""Trying something out on a model: afterwards, all is as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from ..autograd import no_grad
from ..backend import CPU
from ..nn import Module
from ..optim import Optimizer
from .generators import undisturbed


@contextmanager
def untouched(model: Module, optimizer: Optimizer | None = None, loader: Any = None) -> Iterator[None]:
    """Whatever happens inside: afterwards parameters, gradients, buffers, modes, generators, the optimizer's state and
    the loader's generator are as they were."""
    tensors = {name: tensor.detach().clone() for name, tensor in _tensors(model).items()}
    gradients = [(p, p.grad) for p in model.parameters()]
    modes = [(module, module.training) for module in model.modules()]
    state = None if optimizer is None else deepcopy(optimizer.state_dict())
    where = next(iter(tensors.values())).device if tensors else CPU
    for p, _ in gradients:
        p.grad = None  # what is found here is kept as it is, and not added to
    try:
        with undisturbed(where, loader):
            yield
    finally:
        with no_grad():
            for name, tensor in _tensors(model).items():
                tensor.detach().copy_(tensors[name])
        for p, gradient in gradients:
            p.grad = gradient
        for module, mode in modes:
            module.training = mode
        if optimizer is not None and state is not None:
            optimizer.load_state_dict(state)


def _tensors(model: Module) -> dict[str, Any]:
    return dict(model.named_parameters()) | dict(model.named_buffers())
