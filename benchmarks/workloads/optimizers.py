"""Steps of the libraries' own optimizers, over many small tensors and over few large ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..engines import Engine
from ..workload import Run, normal, workload


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
