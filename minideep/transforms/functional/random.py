"""Where this room's random numbers come from."""

from __future__ import annotations

import numpy as np

from ...backend import Generator, default_generator


def random_stream(name: str, generator: Generator | None) -> np.random.Generator:
    """NumPy's own generator behind `generator`, or behind minideep's for the CPU.

    All that is random is drawn on the CPU, wherever the images are: so a seed means the same augmentation everywhere.
    """
    if generator is not None and generator.device.type != "cpu":
        raise RuntimeError(f"{name}: expected a generator for device 'cpu', but got one for '{generator.device}'")
    return (generator or default_generator()).on(np)
