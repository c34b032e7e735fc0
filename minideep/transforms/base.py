"""What all transforms are: a function of images that remembers its settings; and, of the random ones, a source."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import Generator
from .functional.images import InterpolationMode, by_choice, count
from .functional.random import random_stream


class Transform:
    """A function of images; `shown` names the attributes that tell a reader which."""

    shown: tuple[str, ...] = ()

    @property
    def batched(self) -> bool:
        """Whether it, and all that it is made of, takes a batch, too; if not, a loader gives it single images."""
        return all(getattr(part, "batched", False) for part in getattr(self, "transforms", ()))

    def __call__(self, img: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: a transform must define __call__(self, img)")

    def __repr__(self) -> str:
        values = ((name, getattr(self, name)) for name in self.shown)
        settings = (
            f"{name}={value.value if isinstance(value, InterpolationMode) else value}" for name, value in values
        )
        return f"{type(self).__name__}({', '.join(settings)})"


class RandomTransform(Transform):
    """A transform that draws from `generator`, or from the one that `minideep.manual_seed` seeds.

    Each image of a batch has draws of its own.
    """

    def __init__(self, generator: Generator | None = None) -> None:
        self.generator = generator

    @property
    def stream(self) -> np.random.Generator:
        return random_stream(type(self).__name__, self.generator)

    def count(self, img: Any) -> int:
        """For how many images to draw."""
        return count(type(self).__name__, img)

    def uniform(self, img: Any, interval: Sequence[float]) -> np.ndarray:
        """A number from the interval for each image."""
        low, high = interval
        return self.stream.uniform(low, high, self.count(img))

    def sometimes(self, img: Any, p: float, function: Callable[[Any], Any]) -> Any:
        """Each image, with probability `p`, through the function."""
        chosen = self.stream.random(self.count(img)) < p
        return by_choice(img, chosen, lambda yes, part, _: function(part) if yes else part)


class Sometimes(RandomTransform):
    """A function of images, with the settings that `shown` names, applied with probability `p`."""

    function: Callable[..., Any]

    def __init__(self, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__(generator)
        self.p = probability(type(self).__name__, p)
        self.shown = (*self.shown, "p")

    def __call__(self, img: Any) -> Any:
        settings = [getattr(self, name) for name in self.shown[:-1]]
        return self.sometimes(img, self.p, lambda part: type(self).function(part, *settings))


# ---------------------------------------------------------------------------------------------- settings


def probability(name: str, p: float, argument: str = "p") -> float:
    if not isinstance(p, int | float) or not 0 <= p <= 1:
        raise ValueError(f"{name}: {argument} must be from 0 to 1, but got {p!r}")
    return p


def interval(
    name: str, argument: str, value: Any, least: float = -math.inf, most: float = math.inf, *, positive: bool = False
) -> tuple[float, float]:
    """Two numbers (low, high), low ≤ high, both within bounds."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise TypeError(f"{name}: {argument} should be a sequence of 2 numbers (min, max), but got {value!r}")
    if not least <= value[0] <= value[1] <= most or positive and value[0] <= 0:
        bounds = ", both positive" if positive else "" if math.isinf(least) else f", both from {least:g} to {most:g}"
        raise ValueError(f"{name}: {argument} should be (min, max), min <= max{bounds}, but got {value!r}")
    return float(value[0]), float(value[1])


def angles(name: str, argument: str, value: Any) -> tuple[float, float]:
    """An interval, or a number for that from −number to number."""
    if not isinstance(value, int | float):
        return interval(name, argument, value)
    if value < 0:
        raise ValueError(f"{name}: if {argument} is a single number, it must be positive, but got {value}")
    return -float(value), float(value)
