"""Images at another size.

Along each side, every pixel of the result is a weighted mean of some of the image's: a product with a matrix of weights
for the rows and another for the columns. Which pixels of which part of an image count is all in the matrices, so images
of a batch can be cropped and resized together, each in its own way.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from ...backend import Array, module_of
from .images import (
    InterpolationMode,
    get_dimensions,
    image_function,
    interpolation_mode,
    pair,
    rounded,
    working,
)  # fmt: skip

__all__ = ["resize", "resized_crop"]

# ---------------------------------------------------------------------------------------------- weights


def _triangle(d: np.ndarray, antialias: bool) -> np.ndarray:
    return np.maximum(1 - np.abs(d), 0)


def _cubic(d: np.ndarray, antialias: bool) -> np.ndarray:
    """Cubic convolution (Keys 1981); a is what PyTorch takes, with antialiasing what Pillow does."""
    a, d = -0.5 if antialias else -0.75, np.abs(d)
    near, far = ((a + 2) * d - (a + 3)) * d * d + 1, ((d - 5) * d + 8) * d * a - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


_KERNELS = {InterpolationMode.BILINEAR: (_triangle, 1), InterpolationMode.BICUBIC: (_cubic, 2)}


def weights(
    starts: np.ndarray, lengths: np.ndarray, side: int, size: int, mode: InterpolationMode, antialias: bool
) -> np.ndarray:
    """Matrices (N, size, side) that make `size` pixels of `lengths` of them, of which the first are at `starts`.

    A kernel lies around the place in the image of each new pixel. Where it reaches beyond the border, the outermost
    pixel counts for all; or with antialiasing, for which it is as much wider as the image shrinks, only what is there.
    """
    count, scale = len(starts), (lengths / size)[:, None]
    matrix = np.zeros((count, size, side))
    image, pixel = np.arange(count)[:, None], np.arange(size)
    last = (lengths - 1)[:, None]
    if mode not in _KERNELS:
        half = 0.0 if mode is InterpolationMode.NEAREST else 0.5
        # Rounded as PyTorch does, so that the same pixel is the nearest where two are as near.
        taken = np.floor((np.arange(size) + half) * scale.astype(np.float32), dtype=np.float32).astype(int)
        matrix[image, pixel, starts[:, None] + np.minimum(taken, last)] = 1
        return matrix
    kernel, reach = _KERNELS[mode]
    wider = np.maximum(scale, 1) if antialias else np.ones_like(scale)
    centers = (pixel + 0.5) * scale - 0.5
    first = np.floor(centers - reach * wider).astype(int)
    for tap in range(int(np.ceil(2 * reach * wider.max(initial=1))) + 2):
        entry = first + tap
        weight = kernel((entry - centers) / wider, antialias)
        if antialias:
            weight *= (entry >= 0) & (entry <= last)
        matrix[image, pixel, starts[:, None] + np.clip(entry, 0, last)] += weight
    return matrix / matrix.sum(axis=2, keepdims=True)


@functools.lru_cache(maxsize=64)
def _whole(side: int, size: int, mode: InterpolationMode, antialias: bool) -> np.ndarray:
    """The weights (1, size, side) for all of a side: the same for every image of a data set."""
    return weights(np.array([0]), np.array([side]), side, size, mode, antialias)


# ---------------------------------------------------------------------------------------------- resize

_ROWS = 32  # of a matrix of weights, multiplied at a time: together they see little more of the image than each does


def _weighted_rows(matrix: np.ndarray, x: Array) -> Array:
    """``matrix @ x``, (N, 1, size, H) @ (N, C, H, W), without most of the zeros in the matrix."""
    library = module_of(x)
    y = np.empty_like(x, shape=(*x.shape[:2], matrix.shape[2], x.shape[3]))
    for start in range(0, matrix.shape[2], _ROWS):
        some = matrix[:, :, start : start + _ROWS]
        seen = np.flatnonzero(some.any(axis=(0, 1, 2)))
        low, high = (int(seen[0]), int(seen[-1]) + 1) if len(seen) else (0, 0)
        rows = library.asarray(some[..., low:high], dtype=x.dtype)
        y[:, :, start : start + _ROWS] = np.matmul(rows, x[:, :, low:high])
    return y


def _resized(x: Array, rows: np.ndarray, columns: np.ndarray) -> Array:
    """Images with these weights of their rows and columns, each (N, size, side), or (1, …) for all of them."""
    y = _weighted_rows(rows[:, None], x.astype(working(x), order="C", copy=False))
    y = _weighted_rows(columns[:, None], y.swapaxes(2, 3)).swapaxes(2, 3)
    return rounded(y, x.dtype)


def output_size(height: int, width: int, size: Any, max_size: int | None = None) -> tuple[int, int]:
    """Height and width that `size` means: both, or the shorter side, to which the other is in proportion."""
    wanted = list(size) if isinstance(size, list | tuple) else [size]
    if len(wanted) not in (1, 2) or not all(isinstance(n, int | np.integer) and n > 0 for n in wanted):
        raise ValueError(f"resize: size must be one or two positive integers, but got {size!r}")
    if len(wanted) == 2:
        if max_size is not None:
            raise ValueError(f"resize: max_size goes with a size for the shorter side, but size is {size!r}")
        return int(wanted[0]), int(wanted[1])
    short, long = int(wanted[0]), int(wanted[0] * max(height, width) / min(height, width))
    if max_size is not None:
        if max_size <= short:
            raise ValueError(f"resize: max_size must be greater than the shorter side: {max_size} > {short}")
        if long > max_size:
            short, long = int(max_size * short / long), max_size
    return (short, long) if height <= width else (long, short)


@image_function
def _resize(img: Array, size: tuple[int, int], mode: InterpolationMode, antialias: bool) -> Array:
    if img.shape[2:] == size:
        return img
    return _resized(img, *(_whole(side, n, mode, antialias) for side, n in zip(img.shape[2:], size, strict=True)))


def resize(
    img: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """Images at another size: (height, width), or one number for the shorter side, unless the other exceeds `max_size`.

    With `antialias` (for bilinear and bicubic), an image that shrinks is averaged over what each new pixel covers.

    >>> resize(np.array([[0, 10, 20, 30]], np.uint8), (1, 2))
    array([[ 7, 23]], dtype=uint8)
    """
    _, height, width = get_dimensions(img)
    mode = interpolation_mode("resize", interpolation)
    if min(height, width) < 1:
        raise ValueError(f"resize: images ({height}, {width}) have no pixels")
    return _resize(img, output_size(height, width, size, max_size), mode, bool(antialias))


@image_function
def resized_crop(
    img: Array,
    top: Any,
    left: Any,
    height: Any,
    width: Any,
    size: Any,
    interpolation: Any = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Array:
    """A part of images (see `crop`) at another size: of each image a part of its own, if there are N of each number.

    >>> resized_crop(np.arange(16.0).reshape(4, 4), 1, 1, 2, 2, size=(1, 1))
    array([[7.5]])
    """
    tops, lefts, heights, widths = (np.broadcast_to(np.asarray(n), len(img)) for n in (top, left, height, width))
    inside = (tops >= 0) & (lefts >= 0) & (heights > 0) & (widths > 0)
    if not (inside & (tops + heights <= img.shape[2]) & (lefts + widths <= img.shape[3])).all():
        raise ValueError(
            f"resized_crop: parts must lie within the images {img.shape[2:]}, but got top={top}, left={left}, "
            f"height={height}, width={width}"
        )
    size, mode = pair("resized_crop", "size", size), interpolation_mode("resized_crop", interpolation)
    rows = weights(tops, heights, img.shape[2], size[0], mode, bool(antialias))
    return _resized(img, rows, weights(lefts, widths, img.shape[3], size[1], mode, bool(antialias)))
