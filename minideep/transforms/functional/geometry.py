"""Where pixels go when none is computed anew: borders, crops, flips, and rectangles painted over."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backend import Array, module_of
from ...tensor import Tensor
from .images import Images, filling, get_dimensions, image_function, is_pillow, numbers, pair, rounded

__all__ = ["center_crop", "crop", "erase", "five_crop", "hflip", "pad", "ten_crop", "vflip"]

# ---------------------------------------------------------------------------------------------- borders

_MODES = ("constant", "edge", "reflect", "symmetric")
Sides = tuple[int, int, int, int]  # left, top, right, bottom


def _sides(padding: Any) -> Sides:
    values = tuple(padding) if isinstance(padding, list | tuple) else (padding,)
    if len(values) not in (1, 2, 4) or not all(isinstance(n, int | np.integer) for n in values):
        raise ValueError(
            f"pad: padding must be an integer, or 2 (left and right, top and bottom) or 4 (left, top, right, bottom), "
            f"but got {padding!r}"
        )
    left, top, right, bottom = (values * 4)[:4]
    return left, top, right, bottom


def framed(x: Array, sides: Sides, fill: Any) -> Array:
    """Images (N, C, H, W) with a border of one colour."""
    left, top, right, bottom = sides
    *batch, height, width = x.shape
    y = np.empty_like(x, shape=(*batch, top + height + bottom, left + width + right))
    y[...] = rounded(filling("pad", fill, x), x.dtype)
    y[:, :, top : top + height, left : left + width] = x
    return y


@image_function
def pad(img: Array, padding: Any, fill: Any = 0, padding_mode: str = "constant") -> Array:
    """Borders around images; negative ones take pixels away.

    They show `fill` (a number, or one for each channel); or, by `padding_mode`, the outermost pixels (``"edge"``), or
    the image mirrored, at these (``"reflect"``) or just outside of them (``"symmetric"``).

    >>> pad(np.array([[1, 2, 3]]), [2, 0], padding_mode="reflect")
    array([[3, 2, 1, 2, 3, 2, 1]])
    """
    if padding_mode not in _MODES:
        raise ValueError(f"pad: padding_mode must be one of {', '.join(_MODES)}, but got {padding_mode!r}")
    sides = _sides(padding)
    less_left, less_top, less_right, less_bottom = (max(-n, 0) for n in sides)
    height, width = img.shape[2:]
    x = img[:, :, less_top : max(height - less_bottom, 0), less_left : max(width - less_right, 0)]
    height, width = x.shape[2:]
    left, top, right, bottom = (max(n, 0) for n in sides)
    if padding_mode == "constant":
        return framed(x, (left, top, right, bottom), fill)
    most = {"edge": np.inf, "reflect": -1, "symmetric": 0}[padding_mode]
    if max(top, bottom) > height + most or max(left, right) > width + most or min(height, width) < 1:
        raise ValueError(f"pad: {padding_mode!r} finds too few pixels in images ({height}, {width}) for {padding}")
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), mode=padding_mode)  # type: ignore[call-overload]


# ---------------------------------------------------------------------------------------------- crops


@image_function
def crop(img: Array, top: Any, left: Any, height: int, width: int) -> Array:
    """The part of images whose upper left corner is at (`top`, `left`); what lies outside of them is 0.

    >>> crop(np.arange(9).reshape(3, 3), 1, 1, 2, 3)
    array([[4, 5, 0],
           [7, 8, 0]])
    """
    if height < 1 or width < 1:
        raise ValueError(f"crop: height and width must be at least 1, but got ({height}, {width})")
    tops, lefts = (
        np.broadcast_to(numbers("crop", argument, value, len(img), "iu"), len(img))
        for argument, value in (("top", top), ("left", left))
    )
    above, beside = (max(-int(starts.min(initial=0)), 0) for starts in (tops, lefts))
    below = max(int(tops.max(initial=0)) + height - img.shape[2], 0)
    beyond = max(int(lefts.max(initial=0)) + width - img.shape[3], 0)
    if above or beside or below or beyond:
        img = framed(img, (beside, above, beyond, below), 0)
        tops, lefts = tops + above, lefts + beside
    if (tops == tops[:1]).all() and (lefts == lefts[:1]).all():
        y, x = int(tops.max(initial=0)), int(lefts.max(initial=0))
        return img[:, :, y : y + height, x : x + width]
    library = module_of(img)
    windows = library.lib.stride_tricks.sliding_window_view(img, (height, width), axis=(2, 3))
    number, tops, lefts = (library.asarray(index) for index in (np.arange(len(img)), tops, lefts))
    return windows[number, :, tops, lefts]


def center_crop(img: Any, output_size: Any) -> Any:
    """The middle of images, with a border of 0 where they are smaller than `output_size`."""
    height, width = pair("center_crop", "output_size", output_size)
    _, h, w = get_dimensions(img)
    # What is missing is added half on either side, rounded down before and up behind; then round() goes to even.
    top = -((height - h) // 2) if height > h else round((h - height) / 2)
    left = -((width - w) // 2) if width > w else round((w - width) / 2)
    return crop(img, top, left, height, width)


def five_crop(img: Any, size: Any) -> tuple[Any, ...]:
    """The four corners and the middle of images: top left, top right, bottom left, bottom right, centre."""
    height, width = pair("five_crop", "size", size)
    _, h, w = get_dimensions(img)
    if height > h or width > w:
        raise ValueError(f"five_crop: crops ({height}, {width}) are larger than images ({h}, {w})")
    corners = [(top, left) for top in (0, h - height) for left in (0, w - width)]
    crops = [crop(img, top, left, height, width) for top, left in corners]
    return (*crops, center_crop(img, (height, width)))


def ten_crop(img: Any, size: Any, vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of images, and of the images flipped: left to right, or else top to bottom."""
    flipped = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(flipped, size)


# ---------------------------------------------------------------------------------------------- flips


@image_function
def hflip(img: Array) -> Array:
    """Left and right exchanged."""
    return img[..., ::-1]


@image_function
def vflip(img: Array) -> Array:
    """Top and bottom exchanged."""
    return img[:, :, ::-1]


# ---------------------------------------------------------------------------------------------- erase


def erase(img: Any, i: Any, j: Any, h: Any, w: Any, v: Any, inplace: bool = False) -> Any:
    """Rectangles painted over: from row `i` and column `j` on, `h` × `w` pixels, with `v`.

    `v` is a number, an array or Tensor that broadcasts with (C, h, w), or a list with one such for each image.

    >>> erase(np.ones((2, 3)), 0, 1, 2, 1, 7)
    array([[1., 7., 1.],
           [1., 7., 1.]])
    """
    images = Images("erase", img)
    library, x = module_of(images.array), images.array
    values = [value.array if isinstance(value, Tensor) else value for value in (v if isinstance(v, list) else [v])]
    if len(values) not in (1, len(x)):
        raise ValueError(f"erase: v must be one value, or a list of one for each of {len(x)} images, not {len(values)}")
    rectangles = zip(*(np.broadcast_to(np.asarray(side), len(x)).tolist() for side in (i, j, h, w)), strict=True)
    y = x.copy()
    for n, (top, left, height, width) in enumerate(rectangles):
        value = values[n if len(values) > 1 else 0]
        y[n, :, top : top + height, left : left + width] = value if np.isscalar(value) else library.asarray(value)
    result = images.like(y)
    if not inplace or is_pillow(img):
        return result
    if isinstance(img, Tensor):
        img.array[...] = result.array
        img.version.bump()
    else:
        img[...] = result
    return img
