"""Optimizers as the libraries have them: in training steps of an MLP, and alone, over many tensors or large ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engines import Engine
from ..workload import Run, normal, workload
from .training import TINY, Update, mlp


def of_the_library(name: str) -> Callable[[Engine, Sequence[Any]], Update]:
    """The engine's own optimizer of that name, with its defaults, on the gradients that backward has left."""

    def make(m: Engine, parameters: Sequence[Any]) -> Update:
        optimizer = getattr(m.optim, name)(parameters)
        return lambda gradients: optimizer.step()

    return make


for name in "Adam", "SGD":
    for size, widths, batch, bar in (
        ("small", (64, 32, 10), 32, 0.35),
        ("middle", (784, 256, 128, 10), 64, 0.9),
        ("large", (784, 1024, 1024, 10), 128, 1.0),
    ):
        sizes = {"widths": widths, "batch": batch, "optimizer": of_the_library(name)}
        workload(f"optim_mlp_{size}_{name.lower()}", sizes=sizes, tiny=TINY, ratio_bar=bar)(mlp)


def steps(m: Engine, rng: np.random.Generator, name: str, shapes: Sequence[Sequence[int]]) -> Run:
    """One step with gradients that stay the same."""
    kind = getattr(m.optim, name)
    parameters = [m.tensor(normal(rng, *shape), requires_grad=True) for shape in shapes]
    for p in parameters:
        p.grad = m.tensor(normal(rng, *p.shape))
    optimizer = kind(parameters)

    def step():
        optimizer.step()
        return [p.detach() for p in parameters]

    return step


SMALL = ((32, 16), (32,), (16, 8, 3, 3), (8,), (8,)) * 20
LARGE = ((1024, 1024), (1024,)) * 4
for name in "SGD", "Adagrad", "Adadelta", "RMSprop", "Adam", "AdamW", "Adamax", "NAdam", "RAdam":
    for kind, shapes, bars in ("100_small", SMALL, {"ratio_bar": 0.3}), ("8_large", LARGE, {}):
        sizes = {"name": name, "shapes": shapes}
        workload(f"{name.lower()}_{kind}", sizes=sizes, tiny={"shapes": ((3, 2), (3,))}, **bars)(steps)
