"""Small arrays, where an engine's own bookkeeping is most of the time."""

from __future__ import annotations

import numpy as np

from ..engines import Engine
from ..workload import Run, normal, workload


@workload("chain", sizes={"length": 50, "side": 10}, tiny={"length": 3, "side": 2}, ratio_bar=0.6)
def chain(m: Engine, rng: np.random.Generator, length: int, side: int) -> Run:
    """tanh(y * b + 0.5), `length` times over, and back."""
    x, b = m.tensor(normal(rng, side, side), requires_grad=True), m.tensor(normal(rng, side, side))
    cotangent, tanh = m.tensor(normal(rng, side, side)), m.tanh

    def forward(y):
        for _ in range(length):
            y = tanh(y * b + 0.5)
        return y

    return lambda: m.gradients(forward, [x], cotangent)


@workload("ops_recorded", sizes={"tracked": True}, calls=150)
@workload("ops", sizes={"tracked": False}, overhead_bar=0.6, calls=150)
def ops(m: Engine, rng: np.random.Generator, tracked: bool) -> Run:
    """The same chain forward only: without the graph, and recording it."""
    x, b = m.tensor(normal(rng, 10, 10), requires_grad=tracked), m.tensor(normal(rng, 10, 10))
    tanh = m.tanh

    def run():
        y = x
        for _ in range(50):
            y = tanh(y * b + 0.5)
        return y

    return run


@workload("diamond", sizes={"levels": 64}, tiny={"levels": 5})
def diamond(m: Engine, rng: np.random.Generator, levels: int) -> Run:
    """Every value is used twice by the next: 2^levels paths, which must cost no more than `levels` nodes."""
    x, cotangent = m.tensor(normal(rng, 4), requires_grad=True), m.tensor(normal(rng, 4))

    def forward(y):
        for _ in range(levels):
            y = (y + y) * 0.5
        return y

    return lambda: m.gradients(forward, [x], cotangent)
