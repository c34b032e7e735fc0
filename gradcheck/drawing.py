"""Generated samples: a function that draws one becomes a hypothesis strategy, made when it is first asked for.

entry("flip", …, generated=drawn(lambda draw, r: Sample(r(*draw.shape(1, 3)), 0)))
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from .entry import Make, Sample

T = TypeVar("T")


class Draw:
    """Choices that hypothesis makes, and makes smaller when a sample fails."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        from hypothesis import strategies

        self._draw, self._strategies = draw, strategies

    def integer(self, low: int, high: int) -> int:
        return self._draw(self._strategies.integers(low, high))

    def boolean(self) -> bool:
        return self._draw(self._strategies.booleans())

    def choice(self, options: Sequence[T]) -> T:
        return self._draw(self._strategies.sampled_from(options))

    def order(self, values: Sequence[T]) -> list[T]:
        """The values in some order."""
        return self._draw(self._strategies.permutations(values))

    def shape(self, least: int = 0, most: int = 3, smallest: int = 0, largest: int = 4) -> tuple[int, ...]:
        """A shape of `least` to `most` dimensions."""
        return tuple(self.integer(smallest, largest) for _ in range(self.integer(least, most)))

    def dim(self, ndim: int) -> int:
        """One of `ndim` dimensions, counted from either end."""
        return self.integer(-max(ndim, 1), max(ndim, 1) - 1)

    def dims(self, ndim: int) -> tuple[int, ...]:
        """Some of `ndim` dimensions, in any order."""
        return tuple(d - ndim * self.boolean() for d in self.order(range(ndim))[: self.integer(0, ndim)])

    def stretched(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts to `shape`."""
        sides = tuple(1 if self.boolean() else n for n in shape)
        return sides[self.integer(0, len(sides)) :]


def drawn(build: Callable[[Draw, Make], Sample]) -> Callable[[], Any]:
    """What an entry's `generated` wants, from a function that draws one sample."""

    @functools.cache
    def strategy() -> Any:
        from hypothesis import strategies

        @strategies.composite
        def sample(draw: Callable[[Any], Any]) -> Sample:
            return build(Draw(draw), Make(draw(strategies.integers(0, 2**16))))

        return sample()

    return strategy
