"""Watching a training run: how large gradients are, and where the first number comes from that is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..autograd import detect_anomaly
from ..autograd.anomaly import anomaly
from ..nn import Module
from ..nn.utils import get_total_norm
from ..tensor import Tensor
from .callbacks import Callback
from .crossings import Path
from .untouched import untouched

if TYPE_CHECKING:
    from .trainer import Trainer

__all__ = ["GradientNorms", "NaNReport", "find_nan", "gradient_norm", "gradient_norms"]

# ---------------------------------------------------------------------------------------------- gradients


def gradient_norms(model: Module) -> dict[str, float]:
    """The norm of each parameter's gradient by the parameter's name; of those that have one."""
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return {name: float(get_total_norm(gradient)) for name, gradient in gradients.items()}


def gradient_norm(model: Module) -> float:
    """The norm of all gradients as one long vector: √Σ‖gᵢ‖²"""
    return math.hypot(*gradient_norms(model).values())


class GradientNorms(Callback):
    """Notes at every step the norms of the gradients, before they are clipped: `total`, and `by_name`."""

    def __init__(self) -> None:
        self.total: list[float] = []
        self.by_name: dict[str, list[float]] = {}

    def on_gradients(self, trainer: Trainer) -> None:
        norms = gradient_norms(trainer.model)
        self.total.append(math.hypot(*norms.values()))
        for name, value in norms.items():
            self.by_name.setdefault(name, []).append(value)

    def state_dict(self) -> dict[str, Any]:
        return {"total": list(self.total), "by_name": {name: list(v) for name, v in self.by_name.items()}}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.total, self.by_name = state["total"], state["by_name"]


# ---------------------------------------------------------------------------------------------- not a number


@dataclass(frozen=True)
class NaNReport:
    """Where the first NaN or infinity comes from.

    `place` is 'input', 'parameter', 'buffer', 'output' or 'gradient'; `name` is that of the parameter or buffer, or of
    the module whose output, or a gradient inside which, was the first; `message` is what anomaly
    detection says, with op and line.
    """

    place: str
    name: str
    type: str
    message: str

    def __str__(self) -> str:
        where = {
            "input": "the batch itself",
            "parameter": f"the parameter '{self.name}'",
            "buffer": f"the buffer '{self.name}'",
            "output": f"the output of '{self.name}' ({self.type})",
            "gradient": f"the gradients in '{self.name}' ({self.type})",
        }[self.place]
        return f"the first number that is not finite is in {where}: {self.message}"


def find_nan(model: Module, batch: Any, criterion: Callable[[Any, Any], Tensor]) -> NaNReport | None:
    """Run a batch (input, target) forward and backward, and say where the first NaN or infinity comes from, if any.

    The loss is named 'criterion', and what a model does outside its layers 'the model'. The model is left as it was.

    >>> from minideep import nn, tensor
    >>> model = nn.Sequential(nn.Linear(1, 1), nn.Sigmoid())
    >>> print(find_nan(model, (tensor([[1.0]]), tensor([[1.0]])), lambda output, target: (output - output).log().sum()))
    the first number that is not finite is in the output of 'criterion' (function): log: the forward pass made ...
    """
    found = _in_what_is_given(model, batch)
    if found is not None:
        return found
    x, target = batch
    path, place = Path(), "output"
    with untouched(model), path.through(model), detect_anomaly():
        try:
            output = model(x)
            path.entered.append(("criterion", criterion))
            loss = criterion(output, target)
            place = "gradient"
            loss.backward()
        except RuntimeError as error:
            if "the forward pass made" not in str(error) and "the backward pass returned" not in str(error):
                raise
            name, computes = path.entered[-1]
            return NaNReport(place, name, type(computes).__name__, str(error))
    return None


def _in_what_is_given(model: Module, batch: Any) -> NaNReport | None:
    """Infinities in a buffer are meant: masks have them."""
    buffers = {name: bad for name, buffer in model.named_buffers() if "nan" in (bad := anomaly.describe(buffer))}
    parameters = {name: bad for name, p in model.named_parameters() if (bad := anomaly.describe(p))}
    for place, found in {"parameter": parameters, "buffer": buffers}.items():
        for name, bad in found.items():
            return NaNReport(place, name, place.capitalize(), f"it holds {bad} before anything is computed")
    for name, x in zip(("input", "target"), batch, strict=True):
        if bad := anomaly.describe(x):
            return NaNReport("input", name, type(x).__name__, f"the {name} holds {bad}")
    return None
