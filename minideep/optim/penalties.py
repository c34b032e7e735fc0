"""Penalties on the size of parameters, to be added to a loss.

    loss = cross_entropy(model(x), y) + l1_penalty(model.parameters(), 1e-4)

The weight decay of optimizers is the L2 penalty ½·λ·Σθ² (where it is not decoupled); there is no other for L1.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ops.arrangement import cat
from ..tensor import Tensor


def l1_penalty(parameters: Tensor | Iterable[Tensor], weight: float) -> Tensor:
    """weight·Σ|θ|: it pulls parameters to 0, and those that do not matter to it. The slope at 0 is 0.

    >>> l1_penalty(Tensor([1.0, -2.0]), 0.1)
    tensor(0.3000)
    """
    return weight * _together("l1_penalty", parameters).abs().sum()


def elastic_net_penalty(parameters: Tensor | Iterable[Tensor], l1: float, l2: float) -> Tensor:
    """l1·Σ|θ| + l2·Σθ². Zou and Hastie, "Regularization and variable selection via the elastic net", 2005.

    >>> elastic_net_penalty(Tensor([1.0, -2.0]), l1=0.1, l2=0.01)
    tensor(0.3500)
    """
    theta = _together("elastic_net_penalty", parameters)
    return l1 * theta.abs().sum() + l2 * theta.square().sum()


def _together(name: str, parameters: Tensor | Iterable[Tensor]) -> Tensor:
    """All parameters as one vector."""
    listed = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not listed:
        raise ValueError(f"{name}: expected at least one parameter, but got none (was an iterator used up before?)")
    return cat([p.reshape(-1) for p in listed])
