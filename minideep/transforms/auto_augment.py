"""Augmentation by operations from a list: by a policy that was learned, or by chance alone.

Every operation has a strength: none at magnitude 0, the most it is given at the highest; those that go two ways go
either way by chance. Images of a batch that get the same operation get it together, each in its own strength.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import Generator
from . import functional as F
from .base import RandomTransform
from .functional.images import Images, InterpolationMode, by_choice, interpolation_mode, largest
from .policies import MAGNITUDES, AutoAugmentPolicy, checked, published

__all__ = ["AutoAugment", "RandAugment", "TrivialAugmentWide"]

NEAREST = InterpolationMode.NEAREST

# ---------------------------------------------------------------------------------------------- operations

Operation = Callable[[Any, np.ndarray, dict[str, Any]], Any]


def _sheared(img: Any, x: Any, y: Any, how: dict[str, Any]) -> Any:
    """Images of which each pixel moves by `x` of its distance from the top, or `y` of that from the left."""
    slopes = [np.rad2deg(np.arctan(slope)) for slope in (x, y)]
    return F.affine(img, 0.0, (0, 0), 1.0, slopes, center=(0, 0), **how)


def _solarized(img: Any, strength: np.ndarray, how: dict[str, Any]) -> Any:
    return F.solarize(img, (1 - strength) * largest(Images("solarize", img).array.dtype))


# What an operation does to images with a strength each; `how` are the settings of what interpolates.
OPERATIONS: dict[str, Operation] = {
    "Identity": lambda img, strength, how: img,
    "ShearX": lambda img, strength, how: _sheared(img, strength, 0.0, how),
    "ShearY": lambda img, strength, how: _sheared(img, 0.0, strength, how),
    "TranslateX": lambda img, strength, how: F.affine(img, 0.0, (np.trunc(strength), 0), 1.0, 0.0, **how),
    "TranslateY": lambda img, strength, how: F.affine(img, 0.0, (0, np.trunc(strength)), 1.0, 0.0, **how),
    "Rotate": lambda img, strength, how: F.rotate(img, strength, **how),
    "Brightness": lambda img, strength, how: F.adjust_brightness(img, 1 + strength),
    "Color": lambda img, strength, how: F.adjust_saturation(img, 1 + strength),
    "Contrast": lambda img, strength, how: F.adjust_contrast(img, 1 + strength),
    "Sharpness": lambda img, strength, how: F.adjust_sharpness(img, 1 + strength),
    "Posterize": lambda img, strength, how: F.posterize(img, 8 - np.rint(strength)),
    "Solarize": _solarized,
    "AutoContrast": lambda img, strength, how: F.autocontrast(img),
    "Equalize": lambda img, strength, how: F.equalize(img),
    "Invert": lambda img, strength, how: F.invert(img),
}
NAMES = list(OPERATIONS)
_NUMBER = {name: number for number, name in enumerate(NAMES)}
_TWO_WAYS = set("ShearX ShearY TranslateX TranslateY Rotate Brightness Color Contrast Sharpness".split())
_COLORS = ("Brightness", "Color", "Contrast", "Sharpness")


class _Augment(RandomTransform):
    """What the three ways to choose operations share."""

    def __init__(self, interpolation: Any, fill: Any, generator: Generator | None) -> None:
        super().__init__(generator)
        self.interpolation, self.fill = interpolation_mode(type(self).__name__, interpolation), fill

    def _strongest(self, height: int, width: int) -> dict[str, float]:
        """The strength of each operation at the highest magnitude (Cubuk et al. 2019, table 6)."""
        shift = 150 / 331
        moved = {"ShearX": 0.3, "ShearY": 0.3, "TranslateX": shift * width, "TranslateY": shift * height, "Rotate": 30}
        return {**moved, **dict.fromkeys(_COLORS, 0.9), "Posterize": 4, "Solarize": 1}

    def _applied(self, img: Any, operation: np.ndarray, level: np.ndarray) -> Any:
        """To each image the operation of that number, at a level from 0 to 1 of its strongest."""
        strongest = self._strongest(*F.get_dimensions(img)[1:])
        sign = self.stream.choice([-1.0, 1.0], len(operation))
        how = {"interpolation": self.interpolation, "fill": self.fill}

        def work(number: int, part: Any, which: Any) -> Any:
            name = NAMES[number]
            strength = level[which] * strongest.get(name, 0.0) * (sign[which] if name in _TWO_WAYS else 1.0)
            return OPERATIONS[name](part, strength, how)

        return by_choice(img, operation, work)


# ---------------------------------------------------------------------------------------------- by a policy


class AutoAugment(_Augment):
    """Each image by one sub-policy of a learned policy, chosen at random (Cubuk et al. 2019).

    The policy is one of those published, by name or as an `AutoAugmentPolicy`, or one of your own (see
    `minideep/transforms/policies.py` for what that is, `PolicySearch` for how to find one).

    >>> AutoAugment([[("Invert", 1.0, None), ("Rotate", 0.5, 3)]])
    AutoAugment(policy=1 sub-policies, fill=None)
    """

    def __init__(
        self,
        policy: Any = AutoAugmentPolicy.IMAGENET,
        interpolation: Any = NEAREST,
        fill: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(interpolation, fill, generator)
        if isinstance(policy, str):
            if policy not in [known.value for known in AutoAugmentPolicy]:
                names = ", ".join(known.value for known in AutoAugmentPolicy)
                raise ValueError(f"AutoAugment: published policies are {names}, but got {policy!r}")
            policy = AutoAugmentPolicy(policy)
        self.policy = policy
        self.policies = published(policy) if isinstance(policy, AutoAugmentPolicy) else checked(policy, NAMES)
        longest = max(len(steps) for steps in self.policies)
        steps = [(*steps, *[("Identity", 0.0, None)] * (longest - len(steps))) for steps in self.policies]
        table = np.array([[(_NUMBER[name], p, (m or 0) / (MAGNITUDES - 1)) for name, p, m in row] for row in steps])
        self._steps = table.reshape(len(steps), longest, 3).swapaxes(0, 1)

    def __call__(self, img: Any) -> Any:
        chosen = self.stream.integers(len(self.policies), size=self.count(img))
        for step in self._steps:
            operation, p, level = step[chosen].T
            happens = self.stream.random(len(chosen)) < p
            img = self._applied(img, np.where(happens, operation, _NUMBER["Identity"]).astype(int), level)
        return img

    def __repr__(self) -> str:
        known = isinstance(self.policy, AutoAugmentPolicy)
        return f"AutoAugment(policy={self.policy if known else f'{len(self.policies)} sub-policies'}, fill={self.fill})"


# ---------------------------------------------------------------------------------------------- by chance


class RandAugment(_Augment):
    """`num_ops` operations, any, one after the other, all at one magnitude (Cubuk et al. 2020)."""

    shown = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Any = NEAREST,
        fill: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(interpolation, fill, generator)
        if not 0 <= magnitude < num_magnitude_bins:
            raise ValueError(
                f"RandAugment: magnitude must be from 0 to num_magnitude_bins - 1 = {num_magnitude_bins - 1}, but got "
                f"{magnitude}"
            )
        self.num_ops, self.magnitude, self.num_magnitude_bins = num_ops, magnitude, num_magnitude_bins

    def __call__(self, img: Any) -> Any:
        level = np.full(self.count(img), self.magnitude / max(self.num_magnitude_bins - 1, 1))
        for _ in range(self.num_ops):
            img = self._applied(img, self.stream.integers(_NUMBER["Invert"], size=len(level)), level)
        return img


class TrivialAugmentWide(_Augment):
    """One operation, any, at any magnitude (Müller and Hutter 2021)."""

    shown = ("num_magnitude_bins", "interpolation", "fill")

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: Any = NEAREST,
        fill: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(interpolation, fill, generator)
        if num_magnitude_bins < 2:
            raise ValueError(f"TrivialAugmentWide: num_magnitude_bins must be at least 2, but got {num_magnitude_bins}")
        self.num_magnitude_bins = num_magnitude_bins

    def _strongest(self, height: int, width: int) -> dict[str, float]:
        moved = {"ShearX": 0.99, "ShearY": 0.99, "TranslateX": 32, "TranslateY": 32, "Rotate": 135}
        return {**moved, **dict.fromkeys(_COLORS, 0.99), "Posterize": 6, "Solarize": 1}

    def __call__(self, img: Any) -> Any:
        bins = self.stream.integers(self.num_magnitude_bins, size=self.count(img))
        operation = self.stream.integers(_NUMBER["Invert"], size=len(bins))
        return self._applied(img, operation, bins / (self.num_magnitude_bins - 1))
