"""Transforms made of transforms: one after the other, some of them, one of them, all in any order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..backend import Generator
from .base import RandomTransform, Transform, probability
from .functional.images import by_choice

__all__ = ["Compose", "Lambda", "RandomApply", "RandomChoice", "RandomOrder"]

Function = Callable[[Any], Any]


def _listed(head: str, *lines: Any) -> str:
    return "\n".join([f"{head}(", *(f"    {line}" for line in lines), ")"])


def _through(functions: Sequence[Function], img: Any) -> Any:
    for function in functions:
        img = function(img)
    return img


def _several(name: str, transforms: Any) -> list[Function]:
    if not isinstance(transforms, Sequence) or not all(callable(t) for t in transforms):
        raise TypeError(f"{name}: transforms should be a sequence of functions, but got {transforms!r:.80}")
    return list(transforms)


class Compose(Transform):
    """One transform after the other.

    >>> Compose([Lambda(lambda x: x + 1), Lambda(lambda x: x * 2)])(3)
    8
    """

    def __init__(self, transforms: Sequence[Function]) -> None:
        self.transforms = _several("Compose", transforms)

    def __call__(self, img: Any) -> Any:
        return _through(self.transforms, img)

    def __repr__(self) -> str:
        return _listed("Compose", *self.transforms)


class Lambda(Transform):
    """A function of your own as a transform."""

    batched = False  # who knows

    def __init__(self, lambd: Function) -> None:
        if not callable(lambd):
            raise TypeError(f"Lambda: argument lambd should be callable, but got {type(lambd).__name__}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)


class RandomApply(RandomTransform):
    """All of the transforms with probability `p`, or none."""

    def __init__(self, transforms: Sequence[Function], p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__(generator)
        self.transforms, self.p = _several("RandomApply", transforms), probability("RandomApply", p)

    def __call__(self, img: Any) -> Any:
        return self.sometimes(img, self.p, lambda part: _through(self.transforms, part))

    def __repr__(self) -> str:
        return _listed("RandomApply", f"p={self.p}", *self.transforms)


class RandomChoice(RandomTransform):
    """One of the transforms, with a chance in proportion to its weight in `p` (all alike unless given)."""

    def __init__(
        self, transforms: Sequence[Function], p: Sequence[float] | None = None, *, generator: Generator | None = None
    ) -> None:
        super().__init__(generator)
        self.transforms, self.p = _several("RandomChoice", transforms), p
        weights = np.ones(len(self.transforms)) if p is None else np.asarray(p, dtype=float)
        if weights.shape != (len(self.transforms),) or (weights < 0).any() or not weights.sum() > 0:
            raise ValueError(
                f"RandomChoice: p must be weights, none negative, of {len(self.transforms)} transforms, but got {p}"
            )
        self._chances = weights / weights.sum()

    def __call__(self, img: Any) -> Any:
        choice = self.stream.choice(len(self.transforms), self.count(img), p=self._chances)
        return by_choice(img, choice, lambda number, part, _: self.transforms[number](part))

    def __repr__(self) -> str:
        return f"{_listed('RandomChoice', *self.transforms)}(p={self.p})"


class RandomOrder(RandomTransform):
    """All of the transforms, in random order."""

    def __init__(self, transforms: Sequence[Function], *, generator: Generator | None = None) -> None:
        super().__init__(generator)
        self.transforms = _several("RandomOrder", transforms)

    def __call__(self, img: Any) -> Any:
        for choice in random_orders(self.stream, self.count(img), len(self.transforms)):
            img = by_choice(img, choice, lambda number, part, _: self.transforms[number](part))
        return img

    def __repr__(self) -> str:
        return _listed("RandomOrder", *self.transforms)


def random_orders(stream: np.random.Generator, images: int, steps: int) -> np.ndarray:
    """For each step and image, which of the things to do comes now: (steps, images), permutations in its columns."""
    return stream.permuted(np.tile(np.arange(steps)[:, None], images), axis=0)
