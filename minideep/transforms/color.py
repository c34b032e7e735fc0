"""Random colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..backend import Generator, to_numpy
from . import functional as F
from .base import RandomTransform, Sometimes, Transform, interval, probability
from .containers import random_orders
from .functional.images import Images, by_choice

__all__ = [
    "ColorJitter", "Grayscale", "PCAColorNoise", "RandomAdjustSharpness", "RandomAutocontrast", "RandomEqualize",
    "RandomGrayscale", "RandomInvert", "RandomPosterize", "RandomSolarize",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- jitter


def _factors(name: str, value: Any) -> tuple[float, float] | None:
    """An interval of factors around 1 (of turns, around 0, for the hue); None if it holds nothing but that."""
    center, least, most = (0.0, -0.5, 0.5) if name == "hue" else (1.0, 0.0, float("inf"))
    if isinstance(value, int | float):
        if value < 0:
            raise ValueError(f"ColorJitter: if {name} is a single number, it must be non negative, but got {value}")
        value = (center - value if name == "hue" else max(center - value, 0.0), center + value)
    low, high = interval("ColorJitter", name, value, least, most)
    return None if low == high == center else (low, high)


class ColorJitter(RandomTransform):
    """Brightness, contrast, saturation and hue changed by random factors, in random order.

    A number b means a factor from the interval max(0, 1 − b) … 1 + b (for the hue −b … b); two numbers, that between
    them.
    """

    shown = ("brightness", "contrast", "saturation", "hue")
    _adjust: tuple[Callable[[Any, Any], Any], ...] = (
        F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue,
    )  # fmt: skip

    def __init__(
        self,
        brightness: Any = 0,
        contrast: Any = 0,
        saturation: Any = 0,
        hue: Any = 0,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.brightness, self.contrast = _factors("brightness", brightness), _factors("contrast", contrast)
        self.saturation, self.hue = _factors("saturation", saturation), _factors("hue", hue)

    def __call__(self, img: Any) -> Any:
        intervals = [getattr(self, name) for name in self.shown]
        jobs = [(adjust, self.uniform(img, ends)) for adjust, ends in zip(self._adjust, intervals, strict=True) if ends]

        def work(number: int, part: Any, which: Any) -> Any:
            adjust, factors = jobs[number]
            return adjust(part, factors[which])

        for choice in random_orders(self.stream, self.count(img), len(jobs)):
            img = by_choice(img, choice, work)
        return img


# ---------------------------------------------------------------------------------------------- grey


class Grayscale(Transform):
    """Grey images of 1 channel, or of 3 that are equal."""

    shown = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def __call__(self, img: Any) -> Any:
        return F.rgb_to_grayscale(img, self.num_output_channels)


class RandomGrayscale(RandomTransform):
    """Grey images of as many channels as before, with probability `p`."""

    shown = ("p",)

    def __init__(self, p: float = 0.1, *, generator: Generator | None = None) -> None:
        super().__init__(generator)
        self.p = probability("RandomGrayscale", p)

    def __call__(self, img: Any) -> Any:
        channels = F.get_dimensions(img)[0]
        return self.sometimes(img, self.p, lambda part: F.rgb_to_grayscale(part, channels))


# ---------------------------------------------------------------------------------------------- with probability p


class RandomInvert(Sometimes):
    """The negative, with probability `p`."""

    function = staticmethod(F.invert)


class RandomAutocontrast(Sometimes):
    """Each channel stretched from black to white, with probability `p`."""

    function = staticmethod(F.autocontrast)


class RandomEqualize(Sometimes):
    """About as many pixels of each grey level, with probability `p`."""

    function = staticmethod(F.equalize)


class RandomPosterize(Sometimes):
    """Only `bits` bits of each channel, with probability `p`."""

    shown = ("bits",)
    function = staticmethod(F.posterize)

    def __init__(self, bits: int, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__(p, generator=generator)
        self.bits = bits


class RandomSolarize(Sometimes):
    """The negative of pixels at least as bright as `threshold`, with probability `p`."""

    shown = ("threshold",)
    function = staticmethod(F.solarize)

    def __init__(self, threshold: float, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__(p, generator=generator)
        self.threshold = threshold


class RandomAdjustSharpness(Sometimes):
    """Sharpness by a factor, with probability `p`."""

    shown = ("sharpness_factor",)
    function = staticmethod(F.adjust_sharpness)

    def __init__(self, sharpness_factor: float, p: float = 0.5, *, generator: Generator | None = None) -> None:
        super().__init__(p, generator=generator)
        self.sharpness_factor = sharpness_factor


# ---------------------------------------------------------------------------------------------- principal components

# Of the colours of ImageNet's pixels, 0 … 1, in the directions in which they vary most: how much, and which way.
_IMAGENET_VALUES = (0.2175, 0.0188, 0.0045)
_IMAGENET_VECTORS = ((-0.5675, 0.7192, 0.4009), (-0.5808, -0.0045, -0.8140), (-0.5836, -0.6948, 0.4203))


class PCAColorNoise(RandomTransform):
    """To all pixels of an image the same random colour added, of the kind in which the colours of images vary.

    The colour is Σ αᵢ λᵢ pᵢ, where pᵢ and λᵢ are eigenvectors and eigenvalues of the covariance of red, green and blue
    over all pixels of a data set (ImageNet's, unless given), and αᵢ is normal with standard deviation `std`
    (Krizhevsky et al. 2012).
    """

    shown = ("std",)

    def __init__(
        self,
        std: float = 0.1,
        eigenvalues: Any = _IMAGENET_VALUES,
        eigenvectors: Any = _IMAGENET_VECTORS,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.std = std
        self.eigenvalues, self.eigenvectors = (np.asarray(a, dtype=float) for a in (eigenvalues, eigenvectors))
        if self.eigenvalues.shape != (3,) or self.eigenvectors.shape != (3, 3):
            raise ValueError(
                f"PCAColorNoise: expected 3 eigenvalues and, as columns, 3 eigenvectors of length 3, but got shapes "
                f"{self.eigenvalues.shape} and {self.eigenvectors.shape}"
            )

    @classmethod
    def fit(cls, images: Any, std: float = 0.1, *, generator: Generator | None = None) -> PCAColorNoise:
        """With the principal components of these images."""
        pixels = to_numpy(Images("PCAColorNoise", F.convert_image_dtype(images, np.float64)).array)
        values, vectors = np.linalg.eigh(np.cov(pixels.swapaxes(0, 1).reshape(pixels.shape[1], -1)))
        return cls(std, values[::-1], vectors[:, ::-1], generator=generator)

    def __call__(self, img: Any) -> Any:
        alphas = self.stream.normal(0, self.std, (self.count(img), 3))
        return F.add_color(img, (alphas * self.eigenvalues) @ self.eigenvectors.T)
