"""Random blur, noise and holes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Generator, is_floating
from . import functional as F
from .base import RandomTransform, interval, probability
from .functional.images import Images, largest, pair
from .geometry import random_boxes

__all__ = ["Cutout", "GaussianBlur", "GaussianNoise", "RandomErasing", "SaltAndPepper"]

# ---------------------------------------------------------------------------------------------- blur and noise


class GaussianBlur(RandomTransform):
    """Blur by a normal distribution, over `kernel_size` pixels, whose `sigma` is a number or drawn from an interval."""

    shown = ("kernel_size", "sigma")

    def __init__(self, kernel_size: Any, sigma: Any = (0.1, 2.0), *, generator: Generator | None = None) -> None:
        super().__init__(generator)
        self.kernel_size = pair("GaussianBlur", "kernel_size", kernel_size)
        if any(n < 1 or n % 2 == 0 for n in self.kernel_size):
            raise ValueError(f"GaussianBlur: kernel size value should be odd and positive, but got {kernel_size!r}")
        ends = (sigma, sigma) if isinstance(sigma, int | float) else sigma
        self.sigma = interval("GaussianBlur", "sigma", ends, positive=True)

    def __call__(self, img: Any) -> Any:
        return F.gaussian_blur(img, self.kernel_size, self.uniform(img, self.sigma))


class GaussianNoise(RandomTransform):
    """Normally distributed noise, by itself for every value; `mean` and `sigma` as if white were 1."""

    shown = ("mean", "sigma", "clip")

    def __init__(
        self, mean: float = 0.0, sigma: float = 0.1, clip: bool = True, *, generator: Generator | None = None
    ) -> None:
        super().__init__(generator)
        self.mean, self.sigma, self.clip = mean, sigma, clip

    def __call__(self, img: Any) -> Any:
        return F.gaussian_noise(img, self.mean, self.sigma, self.clip, self.generator)


class SaltAndPepper(RandomTransform):
    """A share `amount` of the pixels replaced by white ones (a share `salt_vs_pepper` of these) and black ones."""

    shown = ("amount", "salt_vs_pepper")

    def __init__(
        self, amount: float = 0.05, salt_vs_pepper: float = 0.5, *, generator: Generator | None = None
    ) -> None:
        super().__init__(generator)
        self.amount = probability("SaltAndPepper", amount, "amount")
        self.salt_vs_pepper = probability("SaltAndPepper", salt_vs_pepper, "salt_vs_pepper")

    def __call__(self, img: Any) -> Any:
        return F.salt_and_pepper(img, self.amount, self.salt_vs_pepper, self.generator)


# ---------------------------------------------------------------------------------------------- holes


class RandomErasing(RandomTransform):
    """With probability `p` a rectangle painted over (Zhong et al. 2017).

    Its area is a share of the image's in `scale`, height / width in `ratio`. It shows `value`: a number, one for each
    channel, or for ``"random"`` noise: normally distributed if pixels are floats, evenly from black to white if not.
    """

    shown = ("p", "scale", "ratio", "value", "inplace")

    def __init__(
        self,
        p: float = 0.5,
        scale: tuple[float, float] = (0.02, 0.33),
        ratio: tuple[float, float] = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.p = probability("RandomErasing", p)
        self.scale = interval("RandomErasing", "scale", scale, 0, 1)
        self.ratio = interval("RandomErasing", "ratio", ratio, positive=True)
        if not isinstance(value, int | float | list | tuple) and value != "random":
            raise ValueError(f"RandomErasing: value should be a number, a sequence or 'random', but got {value!r}")
        self.value, self.inplace = value, inplace

    def __call__(self, img: Any) -> Any:
        channels, *size = F.get_dimensions(img)
        if isinstance(self.value, list | tuple) and len(self.value) not in (1, channels):
            raise ValueError(
                f"RandomErasing: if value is a sequence, it should have a single value or {channels} (number of input "
                f"channels), but got {self.value}"
            )
        height, width = size
        low, high = self.ratio
        shape = (1 / high, 1 / low)  # width / height
        boxes = random_boxes(self.stream, self.count(img), (height, width), self.scale, shape, smaller=True)
        boxes[self.stream.random(len(boxes)) >= self.p] = 0  # nothing is erased, as also where no box fits in
        if not boxes.any():
            return img
        dtype = Images("RandomErasing", img).array.dtype
        shapes = [(channels, h, w) for h, w in boxes[:, 2:].tolist()]
        if self.value != "random":
            value: Any = np.asarray(self.value).reshape(-1, 1, 1)
        elif is_floating(dtype):
            value = [self.stream.standard_normal(shape, np.float32) for shape in shapes]
        else:
            value = [self.stream.integers(int(largest(dtype)) + 1, size=shape) for shape in shapes]
        top, left, heights, widths = boxes.T
        return F.erase(img, top, left, heights, widths, value, self.inplace)


class Cutout(RandomTransform):
    """Squares of side `length` painted over, `n_holes` of them (DeVries and Taylor 2017).

    Their centres are anywhere in the image: part of a square may lie outside of it.
    """

    shown = ("n_holes", "length", "value")

    def __init__(
        self, n_holes: int = 1, length: int = 16, value: Any = 0, *, generator: Generator | None = None
    ) -> None:
        super().__init__(generator)
        if n_holes < 0 or length < 1:
            raise ValueError(f"Cutout: expected n_holes >= 0 and length >= 1, but got {n_holes} and {length}")
        self.n_holes, self.length, self.value = n_holes, length, value

    def __call__(self, img: Any) -> Any:
        sides, images = F.get_dimensions(img)[1:], self.count(img)
        for _ in range(self.n_holes):
            starts = [self.stream.integers(side, size=images) - self.length // 2 for side in sides]
            ends = [np.minimum(start + self.length, side) for start, side in zip(starts, sides, strict=True)]
            starts = [np.maximum(start, 0) for start in starts]
            (top, left), (height, width) = starts, [end - start for start, end in zip(starts, ends, strict=True)]
            img = F.erase(img, top, left, height, width, np.asarray(self.value).reshape(-1, 1, 1))
        return img
