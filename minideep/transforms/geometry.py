"""Crops, borders, sizes and flips."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..backend import Generator
from . import functional as F
from .base import RandomTransform, Sometimes, Transform, interval
from .functional.images import InterpolationMode, interpolation_mode, pair

__all__ = [
    "CenterCrop", "FiveCrop", "Pad", "RandomCrop", "RandomHorizontalFlip", "RandomResizedCrop", "RandomVerticalFlip",
    "Resize", "TenCrop",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- the same for all images


class Resize(Transform):
    """Images at another size: (height, width), or one number for the shorter side."""

    shown = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self,
        size: Any,
        interpolation: Any = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        if not isinstance(size, int | list | tuple):
            raise TypeError(f"Resize: size should be int or sequence, but got {type(size).__name__}")
        if isinstance(size, list | tuple) and len(size) not in (1, 2):
            raise ValueError(f"Resize: if size is a sequence, it should have 1 or 2 values, but got {size}")
        self.size, self.max_size, self.antialias = size, max_size, antialias
        self.interpolation = interpolation_mode("Resize", interpolation)

    def __call__(self, img: Any) -> Any:
        return F.resize(img, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(Transform):
    """The middle of images, with a border of 0 where they are smaller than `size`."""

    shown = ("size",)

    def __init__(self, size: Any) -> None:
        self.size = pair("CenterCrop", "size", size)

    def __call__(self, img: Any) -> Any:
        return F.center_crop(img, self.size)


class Pad(Transform):
    """Borders: of one number of pixels, two (left and right, top and bottom), or four (clockwise from the left)."""

    shown = ("padding", "fill", "padding_mode")

    def __init__(self, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> None:
        self.padding, self.fill, self.padding_mode = padding, fill, padding_mode

    def __call__(self, img: Any) -> Any:
        return F.pad(img, self.padding, self.fill, self.padding_mode)


class FiveCrop(Transform):
    """A tuple of five images: the four corners and the middle."""

    shown = ("size",)

    def __init__(self, size: Any) -> None:
        self.size = pair("FiveCrop", "size", size)

    def __call__(self, img: Any) -> tuple[Any, ...]:
        return F.five_crop(img, self.size)


class TenCrop(Transform):
    """A tuple of ten images: the four corners and the middle, and the same of the image flipped.

    The mean of what a network says of the ten is better than what it says of one (AlexNet's test-time augmentation).
    """

    shown = ("size", "vertical_flip")

    def __init__(self, size: Any, vertical_flip: bool = False) -> None:
        self.size, self.vertical_flip = pair("TenCrop", "size", size), vertical_flip

    def __call__(self, img: Any) -> tuple[Any, ...]:
        return F.ten_crop(img, self.size, self.vertical_flip)


# ---------------------------------------------------------------------------------------------- random


class RandomCrop(RandomTransform):
    """A part of `size`, from anywhere in the image; with a border first, by `padding` or as much as is missing."""

    shown = ("size", "padding")

    def __init__(
        self,
        size: Any,
        padding: Any = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.size = pair("RandomCrop", "size", size)
        self.padding, self.pad_if_needed, self.fill, self.padding_mode = padding, pad_if_needed, fill, padding_mode

    def __call__(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        height, width = self.size
        missing = [max(size - side, 0) for size, side in zip(self.size, F.get_dimensions(img)[1:], strict=True)]
        if self.pad_if_needed and any(missing):
            img = F.pad(img, missing[::-1], self.fill, self.padding_mode)
        h, w = F.get_dimensions(img)[1:]
        if height > h or width > w:
            raise ValueError(
                f"RandomCrop: required crop size {self.size} is larger than input image size {(h, w)}; "
                "pad_if_needed=True adds what is missing"
            )
        images = self.count(img)
        top, left = (self.stream.integers(most + 1, size=images) for most in (h - height, w - width))
        return F.crop(img, top, left, height, width)


class RandomHorizontalFlip(Sometimes):
    """Left and right exchanged, with probability `p`."""

    function = staticmethod(F.hflip)


class RandomVerticalFlip(Sometimes):
    """Top and bottom exchanged, with probability `p`."""

    function = staticmethod(F.vflip)


class RandomResizedCrop(RandomTransform):
    """A part of random area and shape, resized to `size`.

    The area is a share of the image's in `scale`, width / height lies in `ratio` (Szegedy et al. 2015).
    """

    shown = ("size", "scale", "ratio", "interpolation", "antialias")

    def __init__(
        self,
        size: Any,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        interpolation: Any = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
        *,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(generator)
        self.size, self.antialias = pair("RandomResizedCrop", "size", size), antialias
        self.scale = interval("RandomResizedCrop", "scale", scale, positive=True)
        self.ratio = interval("RandomResizedCrop", "ratio", ratio, positive=True)
        self.interpolation = interpolation_mode("RandomResizedCrop", interpolation)

    def __call__(self, img: Any) -> Any:
        height, width = F.get_dimensions(img)[1:]
        boxes = random_boxes(self.stream, self.count(img), (height, width), self.scale, self.ratio)
        # Where no box fitted in, the largest in the middle that is of a shape within `ratio`.
        h = min(height, round(width / self.ratio[0]))
        w = min(width, round(height * self.ratio[1]))
        boxes[boxes[:, 2] == 0] = (height - h) // 2, (width - w) // 2, h, w
        top, left, heights, widths = boxes.T
        return F.resized_crop(img, top, left, heights, widths, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(end, 4) for end in ends) for ends in (self.scale, self.ratio))
        mode = self.interpolation.value
        settings = f"size={self.size}, scale={scale}, ratio={ratio}, interpolation={mode}, antialias={self.antialias}"
        return f"RandomResizedCrop({settings})"


def random_boxes(
    stream: np.random.Generator,
    images: int,
    size: tuple[int, int],
    scale: tuple[float, float],
    ratio: tuple[float, float],
    smaller: bool = False,
) -> np.ndarray:
    """Boxes (top, left, height, width), each the first of ten tries that lies within the image; zeros, if none does.

    The area is a share of the image's, even in `scale`; log(width / height) is even between those of `ratio`. If they
    are to be `smaller`, none has a side as long as the image's.
    """
    tries = 10
    area = size[0] * size[1] * stream.uniform(*scale, (tries, images))
    shape = np.exp(stream.uniform(math.log(ratio[0]), math.log(ratio[1]), (tries, images)))
    heights, widths = (np.rint(np.sqrt(a)).astype(int) for a in (area / shape, area * shape))
    fits = (heights > 0) & (heights <= size[0] - smaller) & (widths > 0) & (widths <= size[1] - smaller)
    first, image = fits.argmax(axis=0), np.arange(images)
    h, w = (np.where(fits[first, image], sides[first, image], 0) for sides in (heights, widths))
    top, left = (stream.integers(np.where(h > 0, side - part, 0) + 1) for side, part in ((size[0], h), (size[1], w)))
    return np.stack([top, left, h, w], axis=1)
