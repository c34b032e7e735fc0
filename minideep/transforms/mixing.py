"""Pairs of images mixed, and their labels with them, for whole batches."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from ..autograd.graph import make_tensor
from ..backend import Array, Generator, get_default_dtype, is_floating
from ..tensor import Tensor
from .base import RandomTransform
from .functional.images import Images, as_floats, rounded

__all__ = ["CutMix", "MixUp", "Mixup"]


class _Mix(RandomTransform, ABC):
    """What both ways to mix share: one λ from Beta(α, α) a batch, each image with the one before it, soft labels."""

    shown = ("alpha", "num_classes")

    def __init__(
        self, *, alpha: float = 1.0, num_classes: int | None = None, generator: Generator | None = None
    ) -> None:
        super().__init__(generator)
        if not alpha > 0:
            raise ValueError(f"{type(self).__name__}: alpha must be positive, but got {alpha}")
        self.alpha, self.num_classes = float(alpha), num_classes

    def __call__(self, *inputs: Any) -> tuple[Any, Any]:
        """``(images, labels)``, as two arguments or one, to mixed images and labels (N, num_classes)."""
        name = type(self).__name__
        pair = inputs if len(inputs) > 1 else inputs[0]
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"{name}: expected a batch of images and their labels, but got {len(pair)} inputs")
        images, labels = Images(name, pair[0]), pair[1]
        shares = self._shares(labels)
        if len(shares) != len(images.array) or pair[0].ndim < 4:
            raise ValueError(
                f"{name}: expected a batch of images with a label each, but got images {tuple(pair[0].shape)} and "
                f"labels {tuple(labels.shape)}"
            )
        mixed, share = self._mixed(images.array, float(self.stream.beta(self.alpha, self.alpha)))
        soft = shares * share + np.roll(shares, 1, axis=0) * (1 - share)
        return images.like(mixed), make_tensor(soft) if isinstance(labels, Tensor) else soft

    @abstractmethod
    def _mixed(self, x: Array, share: float) -> tuple[Array, float]:
        """Mixed images, and how much of each is its own."""

    def _shares(self, labels: Any) -> Array:
        """Labels as probabilities (N, num_classes)."""
        name, y = type(self).__name__, getattr(labels, "array", labels)
        if not hasattr(y, "__array_function__") or y.ndim not in (1, 2):
            raise ValueError(
                f"{name}: labels should be a Tensor or an array, (batch_size,) of classes or (batch_size, num_classes) "
                f"of probabilities, but got {type(labels).__name__} {getattr(y, 'shape', '')}"
            )
        if y.ndim == 2:
            if self.num_classes not in (None, y.shape[1]):
                raise ValueError(f"{name}: num_classes is {self.num_classes}, but labels are for {y.shape[1]} classes")
            return y if is_floating(y.dtype) else y.astype(get_default_dtype())
        if self.num_classes is None:
            raise ValueError(f"{name}: num_classes must be passed if the labels are classes (1D)")
        if y.size and not (int(y.min()) >= 0 and int(y.max()) < self.num_classes):
            raise ValueError(f"{name}: labels must be from 0 to {self.num_classes - 1}, but got {y.min()} to {y.max()}")
        return (y[:, None] == np.arange(self.num_classes, like=y)).astype(get_default_dtype())


class MixUp(_Mix):
    """λ · x + (1 − λ) · the image before it, and the same of the labels (Zhang et al. 2018).

    >>> images, labels = MixUp(num_classes=2)(np.zeros((4, 8, 8, 3)), np.array([0, 1, 0, 1]))
    >>> images.shape, labels.shape, labels.sum(axis=1)
    ((4, 8, 8, 3), (4, 2), array([1., 1., 1., 1.], dtype=float32))
    """

    def _mixed(self, x: Array, share: float) -> tuple[Array, float]:
        return rounded(as_floats(x) * share + np.roll(as_floats(x), 1, axis=0) * (1 - share), x.dtype), share


Mixup = MixUp


class CutMix(_Mix):
    """A rectangle of each image replaced by that of the image before it; labels by area (Yun et al. 2019).

    The area is to be 1 − λ of the image; the rectangle's centre is anywhere, and what lies outside does not count.
    """

    def _mixed(self, x: Array, share: float) -> tuple[Array, float]:
        sides, half = x.shape[2:], 0.5 * math.sqrt(1 - share)
        centers = [int(self.stream.integers(side)) for side in sides[::-1]][::-1]
        ends = [
            (max(center - int(half * side), 0), min(center + int(half * side), side))
            for center, side in zip(centers, sides, strict=True)
        ]
        (top, bottom), (left, right) = ends
        y = x.copy()
        y[:, :, top:bottom, left:right] = np.roll(x[:, :, top:bottom, left:right], 1, axis=0)
        return y, 1 - (bottom - top) * (right - left) / (sides[0] * sides[1])
