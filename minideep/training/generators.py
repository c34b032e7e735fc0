"""The states of all generators of random numbers that a training run may draw from: minideep's, Python's, NumPy's."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..backend import CPU, default_generator, device


def generator_states(where: device = CPU) -> dict[str, Any]:
    """Where the generators stand: minideep's of the CPU and of `where`, and those that Python and NumPy share."""
    ours = {str(place): default_generator(place).get_state() for place in {str(p): p for p in (CPU, where)}.values()}
    return {"minideep": ours, "python": random.getstate(), "numpy": np.random.get_state(legacy=False)}  # noqa: NPY002


def set_generator_states(states: dict[str, Any]) -> None:
    """Go on from where `generator_states` found them."""
    for place, state in states["minideep"].items():
        default_generator(device(place)).set_state(state)
    random.setstate(states["python"])
    np.random.set_state(states["numpy"])  # noqa: NPY002


@contextmanager
def undisturbed(where: device = CPU, loader: Any = None) -> Iterator[None]:
    """Whatever is drawn inside, afterwards the generators stand where they stood, that of a loader too."""
    states, own = generator_states(where), getattr(loader, "generator", None)
    state_of_own = own and own.get_state()
    try:
        yield
    finally:
        set_generator_states(states)
        if own:
            own.set_state(state_of_own)
