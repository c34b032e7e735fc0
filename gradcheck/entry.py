"""What the catalogue holds for each op: samples to call it with, and what is special about it.

An entry is the second of the two places that a new op touches:

    entry("softplus", lambda r: [Sample(r(2, 3)), Sample(r(4), beta=2.0, threshold=1.0)], elementwise=True)

Samples hold plain NumPy arrays; whoever uses them makes Tensors of them (of any dtype, layout or device), or PyTorch's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


class Sample:
    """One call: positional and keyword arguments. Float arrays are differentiated, other arrays are constants."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.args = tuple(map(_array, args))
        self.kwargs = {name: _array(value) for name, value in kwargs.items()}


def _array(value: Any) -> Any:
    """What NumPy computes of arrays without dimensions are scalars: ``2 * r()`` is meant to be an array as well."""
    return np.asarray(value) if isinstance(value, np.generic) else value


class Make:
    """Makes the arrays of samples, from a seed: ``r(2, 3)`` is normally distributed, of that shape."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)

    def __call__(self, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.normal(size=shape))

    def uniform(self, low: float, high: float, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.uniform(low, high, size=shape))

    def distinct(self, *shape: int) -> np.ndarray:
        """Values at least 0.1 apart and away from 0: no ties and no kinks within reach of a difference quotient."""
        n = int(np.prod(shape, dtype=int))
        return ((self.rng.permutation(n) - n / 2 + 0.4) * 0.1).reshape(shape)

    def ints(self, low: int, high: int, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.integers(low, high, size=shape))

    def bools(self, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.random(size=shape) < 0.5)


@dataclass(frozen=True)
class Failure:
    """A call that must raise `error`, with `text` in its message (and which PyTorch refuses too)."""

    sample: Sample
    error: type[Exception]
    text: str


@dataclass
class Entry:
    """One op (or function composed of ops) and how to call it."""

    name: str
    samples: Callable[[Make], Iterable[Sample]]
    generated: Callable[[], Any] | None = None  # a hypothesis strategy of Samples, made when first needed
    errors: Callable[[Make], Iterable[Failure]] | None = None
    torch: Callable[..., Any] | str | None = ""  # PyTorch's counterpart: "" the same name, None if it has none
    elementwise: bool = False  # entry by entry, with broadcasting where there are several inputs
    domain: tuple[float, float] = (-3.0, 3.0)  # of an elementwise op: where generated values may lie
    differentiable: bool = True
    flat: bool = False  # the derivative is zero wherever there is one (floor, sign): no sample can show it to move
    deliberate: Callable[[Sample], bool] | None = None  # calls whose gradient is not meant to be the derivative
    skips: Mapping[str, str] = field(default_factory=dict)  # column of the table: why it does not apply
    function: Callable[..., Any] | None = None  # minideep's, where the name alone does not find it


catalogue: dict[str, Entry] = {}


def entry(name: str, samples: Callable[[Make], Iterable[Sample]], **options: Any) -> Entry:
    """Put an op into the catalogue."""
    if name in catalogue:
        raise ValueError(f"catalogue: '{name}' is there already")
    catalogue[name] = Entry(name, samples, **options)
    return catalogue[name]
