"""Random numbers for generated datasets, which should be the same for everybody."""

from __future__ import annotations

import numpy as np


class Stream:
    """Random numbers from a seed (one or several numbers), the same on every machine and with every NumPy.

    NumPy promises that the bits of PCG64 stay what they are, but not what its distributions make of them (NEP 19): so
    that is done here. Only `normal`, which takes a logarithm, may differ in a last digit.
    """

    def __init__(self, *seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, *shape: int) -> np.ndarray:
        """Evenly distributed float64 from 0 up to but not including 1."""
        return (self._bits.random_raw(shape) >> np.uint64(11)) * 2.0**-53

    def integers(self, below: int, *shape: int) -> np.ndarray:
        """Whole numbers from 0 up to but not including `below`."""
        return (self.uniform(*shape) * below).astype(np.int64)

    def normal(self, *shape: int) -> np.ndarray:
        """Normally distributed float64, by the method of Box and Muller."""
        radius, angle = self.uniform(2, *shape)
        return np.sqrt(-2 * np.log1p(-radius)) * np.cos(2 * np.pi * angle)
