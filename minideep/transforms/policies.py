"""Policies of AutoAugment, as data.

A policy is a list of sub-policies, of which each image gets one; a sub-policy a list of steps that follow each other; a
step is (operation, probability, magnitude), with the magnitude from 0 to 9, or None where the operation has none. Lists
in lists of texts and numbers: JSON holds one, and so does `minideep.save`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

__all__ = ["AutoAugmentPolicy"]

Step = tuple[str, float, int | None]
Policy = tuple[tuple[Step, ...], ...]
MAGNITUDES = 10


class AutoAugmentPolicy(Enum):
    """The policies that Cubuk et al. (2019) found for three data sets."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# Sub-policies side by side, their steps after each other.
_PUBLISHED = {
    "imagenet": """
        Posterize 0.4 8; Rotate 0.6 9 | Solarize 0.6 5; AutoContrast 0.6
        Equalize 0.8; Equalize 0.6 | Posterize 0.6 7; Posterize 0.6 6
        Equalize 0.4; Solarize 0.2 4 | Equalize 0.4; Rotate 0.8 8
        Solarize 0.6 3; Equalize 0.6 | Posterize 0.8 5; Equalize 1.0
        Rotate 0.2 3; Solarize 0.6 8 | Equalize 0.6; Posterize 0.4 6
        Rotate 0.8 8; Color 0.4 0 | Rotate 0.4 9; Equalize 0.6
        Equalize 0.0; Equalize 0.8 | Invert 0.6; Equalize 1.0
        Color 0.6 4; Contrast 1.0 8 | Rotate 0.8 8; Color 1.0 2
        Color 0.8 8; Solarize 0.8 7 | Sharpness 0.4 7; Invert 0.6
        ShearX 0.6 5; Equalize 1.0 | Color 0.4 0; Equalize 0.6
        Equalize 0.4; Solarize 0.2 4 | Solarize 0.6 5; AutoContrast 0.6
        Invert 0.6; Equalize 1.0 | Color 0.6 4; Contrast 1.0 8
        Equalize 0.8; Equalize 0.6
    """,
    "cifar10": """
        Invert 0.1; Contrast 0.2 6 | Rotate 0.7 2; TranslateX 0.3 9
        Sharpness 0.8 1; Sharpness 0.9 3 | ShearY 0.5 8; TranslateY 0.7 9
        AutoContrast 0.5; Equalize 0.9 | ShearY 0.2 7; Posterize 0.3 7
        Color 0.4 3; Brightness 0.6 7 | Sharpness 0.3 9; Brightness 0.7 9
        Equalize 0.6; Equalize 0.5 | Contrast 0.6 7; Sharpness 0.6 5
        Color 0.7 7; TranslateX 0.5 8 | Equalize 0.3; AutoContrast 0.4
        TranslateY 0.4 3; Sharpness 0.2 6 | Brightness 0.9 6; Color 0.2 8
        Solarize 0.5 2; Invert 0.0 | Equalize 0.2; AutoContrast 0.6
        Equalize 0.2; Equalize 0.6 | Color 0.9 9; Equalize 0.6
        AutoContrast 0.8; Solarize 0.2 8 | Brightness 0.1 3; Color 0.7 0
        Solarize 0.4 5; AutoContrast 0.9 | TranslateY 0.9 9; TranslateY 0.7 9
        AutoContrast 0.9; Solarize 0.8 3 | Equalize 0.8; Invert 0.1
        TranslateY 0.7 9; AutoContrast 0.9
    """,
    "svhn": """
        ShearX 0.9 4; Invert 0.2 | ShearY 0.9 8; Invert 0.7
        Equalize 0.6; Solarize 0.6 6 | Invert 0.9; Equalize 0.6
        Equalize 0.6; Rotate 0.9 3 | ShearX 0.9 4; AutoContrast 0.8
        ShearY 0.9 8; Invert 0.4 | ShearY 0.9 5; Solarize 0.2 6
        Invert 0.9; AutoContrast 0.8 | Equalize 0.6; Rotate 0.9 3
        ShearX 0.9 4; Solarize 0.3 3 | ShearY 0.8 8; Invert 0.7
        Equalize 0.9; TranslateY 0.6 6 | Invert 0.9; Equalize 0.6
        Contrast 0.3 3; Rotate 0.8 4 | Invert 0.8; TranslateY 0.0 2
        ShearY 0.7 6; Solarize 0.4 8 | Invert 0.6; Rotate 0.8 4
        ShearY 0.3 7; TranslateX 0.9 3 | ShearX 0.1 6; Invert 0.6
        Solarize 0.7 2; TranslateY 0.6 7 | ShearY 0.8 4; Invert 0.8
        ShearX 0.7 9; TranslateY 0.8 3 | ShearY 0.8 5; AutoContrast 0.7
        ShearX 0.7 2; Invert 0.1
    """,
}


def _parsed(text: str) -> Policy:
    return tuple(
        tuple(
            (name, float(p), int(magnitude[0]) if magnitude else None)
            for name, p, *magnitude in (step.split() for step in sub_policy.split(";"))
        )
        for line in text.strip().splitlines()
        for sub_policy in line.split("|")
    )


def published(which: AutoAugmentPolicy) -> Policy:
    """One of the published policies: 25 sub-policies of two steps."""
    return _parsed(_PUBLISHED[which.value])


def checked(policy: Any, operations: Sequence[str]) -> Policy:
    """A policy as it should be: given as nested lists or tuples, read from JSON or anywhere."""
    try:
        policy = tuple(tuple((name, float(p), m) for name, p, m in steps) for steps in policy)
    except (TypeError, ValueError):
        raise ValueError(
            f"AutoAugment: a policy is a list of sub-policies, each a list of (operation, probability, magnitude), "
            f"but got {policy!r:.80}"
        ) from None
    for name, p, magnitude in (step for steps in policy for step in steps):
        if name not in operations:
            raise ValueError(f"AutoAugment: operations are {', '.join(operations)}, but a step names {name!r}")
        if not 0 <= p <= 1:
            raise ValueError(f"AutoAugment: a probability is from 0 to 1, but that of a {name} is {p}")
        if magnitude is not None and not (isinstance(magnitude, int) and 0 <= magnitude < MAGNITUDES):
            raise ValueError(
                f"AutoAugment: a magnitude is from 0 to {MAGNITUDES - 1}, but that of a {name} is {magnitude!r}"
            )
    if not policy:
        raise ValueError("AutoAugment: a policy has at least one sub-policy, but this has none")
    return policy
