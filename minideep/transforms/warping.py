"""Random turns, shifts, scales and shears."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Generator
from . import functional as F
from .base import RandomTransform, angles, interval
from .functional.images import InterpolationMode, interpolation_mode

__all__ = ["RandomAffine", "RandomRotation"]


class RandomRotation(RandomTransform):
    """Images turned by an angle, in degrees and counter-clockwise, from `degrees`, or from −degrees to degrees."""

    def __init__(
        self,
        degrees: Any,
        interpolation: Any = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Any = None,
        fill: Any = 0,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.degrees = list(angles("RandomRotation", "degrees", degrees))
        self.interpolation = interpolation_mode("RandomRotation", interpolation)
        self.expand, self.center, self.fill = expand, center, 0 if fill is None else fill
        self.shown = ("degrees", "interpolation", "expand", *([] if center is None else ["center"]), "fill")

    def __call__(self, img: Any) -> Any:
        angle = self.uniform(img, self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)


class RandomAffine(RandomTransform):
    """Images turned by `degrees`, shifted, scaled and sheared, each at random from its interval.

    `translate` are the largest shifts along x and y, as shares of width and height; `scale` an interval; `shear` as
    `degrees`, along x, or four numbers: an interval along x and one along y.
    """

    def __init__(
        self,
        degrees: Any,
        translate: Any = None,
        scale: Any = None,
        shear: Any = None,
        interpolation: Any = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Any = None,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.degrees = list(angles("RandomAffine", "degrees", degrees))
        if translate is not None and not (
            isinstance(translate, list | tuple) and len(translate) == 2 and all(0 <= t <= 1 for t in translate)
        ):
            raise ValueError(f"RandomAffine: translate should be two values between 0 and 1, but got {translate!r}")
        self.scale = None if scale is None else interval("RandomAffine", "scale", scale, positive=True)
        self.translate, self.center = translate, center
        if isinstance(shear, list | tuple) and len(shear) == 4:
            along = [interval("RandomAffine", "shear", shear[i : i + 2]) for i in (0, 2)]
            self.shear: list[float] | None = [*along[0], *along[1]]
        else:
            self.shear = None if shear is None else list(angles("RandomAffine", "shear", shear))
        self.interpolation = interpolation_mode("RandomAffine", interpolation)
        self.fill = 0 if fill is None else fill
        usual = {"scale": None, "shear": None, "interpolation": InterpolationMode.NEAREST, "fill": 0, "center": None}
        given = [name for name, value in {"translate": None, **usual}.items() if getattr(self, name) != value]
        self.shown = ("degrees", *given)

    def __call__(self, img: Any) -> Any:
        _, height, width = F.get_dimensions(img)
        angle = self.uniform(img, self.degrees)
        most = [side * share for side, share in zip((width, height), self.translate or (0, 0), strict=True)]
        shifts = [np.rint(self.uniform(img, (-shift, shift))) for shift in most]
        scale = self.uniform(img, self.scale or (1, 1))
        shears = [self.uniform(img, (*(self.shear or ()), 0, 0, 0, 0)[i : i + 2]) for i in (0, 2)]
        return F.affine(img, angle, shifts, scale, shears, self.interpolation, self.fill, self.center)
