"""Training runs to be made with minideep and with PyTorch: the same parameters, gradients and options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Of different sizes: numbers, one that is empty, and one so large that it is updated alone.
SHAPES = [(3, 4), (5,), (), (130, 128), (2, 3, 2), (0,), (7,)]

NOISE = np.random.default_rng(1).standard_normal((100, 16))  # added to the gradients, by step and parameter

# Every option of every optimizer, alone and with those that it meets.
CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"lr": 0.1, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "maximize": True, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.5, "nesterov": True, "maximize": True, "weight_decay": 0.1}),
    ("Adagrad", {}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.5, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("RMSprop", {}),
    ("RMSprop", {"alpha": 0.5, "eps": 1e-3, "weight_decay": 0.1}),
    ("RMSprop", {"momentum": 0.9}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.8), "eps": 1e-3}),
    ("Adam", {"weight_decay": 0.1, "maximize": True}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"amsgrad": True, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adam", {"betas": (0.0, 0.9)}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.2, "amsgrad": True, "maximize": True}),
    ("Adamax", {}),
    ("Adamax", {"lr": 0.1, "betas": (0.5, 0.8), "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {}),
    ("NAdam", {"lr": 0.1, "betas": (0.5, 0.8), "eps": 1e-3, "momentum_decay": 0.1, "weight_decay": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("RAdam", {}),
    ("RAdam", {"lr": 0.1, "betas": (0.5, 0.8), "eps": 1e-3, "weight_decay": 0.1}),
    ("RAdam", {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
]
IDS = [f"{name}-{'-'.join(options) or 'defaults'}" for name, options in CASES]


def always(step: int, number: int) -> bool:
    return True


def sometimes(step: int, number: int) -> bool:
    """A pattern in which one parameter is always there, and the others begin at different times, pause, and stop."""
    begun, stopped = step >= 2 * (number % 3), number == 4 and step > 60
    return number == 1 or begun and not stopped and (step * 7 + number * 3) % 5 != 0


def parameters(m: Any, dtype: Any = np.float64) -> list[Any]:
    rng = np.random.default_rng(0)
    return [m.tensor(np.asarray(rng.standard_normal(shape), dtype), requires_grad=True) for shape in SHAPES]


def set_gradients(
    m: Any, params: list[Any], step: int, present: Callable[[int, int], bool] = always, dtype: Any = np.float64
) -> None:
    """Gradients of a bowl around 1, with noise."""
    for number, p in enumerate(params):
        g = p.detach().numpy() * 0.5 - 0.5 + NOISE[step, number]
        p.grad = m.tensor(np.asarray(g, dtype)) if present(step, number) else None


def groups(params: list[Any]) -> list[dict[str, Any]]:
    """Two groups, the second with another learning rate."""
    return [{"params": params[:3]}, {"params": params[3:], "lr": 0.02}]
