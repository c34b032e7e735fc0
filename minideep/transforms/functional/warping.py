"""Images turned, shifted, scaled and sheared: for each pixel of the result, the place in the image it comes from.

An affine map of the plane is a 2 × 3 matrix, one for each image; applied to the pixels of the result (all its rows and
columns at once) it gives places in the image, between whose pixels values are interpolated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backend import Array, module_of
from .images import (
    InterpolationMode,
    as_floats,
    count,
    filling,
    get_dimensions,
    image_function,
    interpolation_mode,
    numbers,
    rounded,
    working,
)  # fmt: skip

__all__ = ["affine", "rotate"]

NEAREST = InterpolationMode.NEAREST

# ---------------------------------------------------------------------------------------------- matrices


def backward_matrices(center: Any, angle: Any, translate: Any, scale: Any, shear: Any) -> np.ndarray:
    """The inverses (N, 2, 3) of: shear, scale and turn clockwise around `center`, then `translate`. Angles in degrees.

    The linear part of the way there is R(angle) · scale · Y(shear[1]) · X(shear[0]), with the shears
    X(s) = [[1, −tan s], [0, 1]] and Y(s) = [[1, 0], [−tan s, 1]]; its determinant is scale².
    """
    each = np.broadcast_arrays(angle, *shear, scale, *translate)
    angle, shear_x, shear_y, scale, tx, ty = (number.astype(float).reshape(-1) for number in each)
    turn, sx, sy = np.deg2rad(angle), np.deg2rad(shear_x), np.deg2rad(shear_y)
    a, c = np.cos(turn - sy) / np.cos(sy), np.sin(turn - sy) / np.cos(sy)
    b, d = -a * np.tan(sx) - np.sin(turn), -c * np.tan(sx) + np.cos(turn)
    linear = np.stack([d, -b, -c, a], axis=1).reshape(-1, 2, 2) / scale[:, None, None]
    cx, cy = center
    away = np.stack([cx + tx, cy + ty], axis=1)[:, :, None]
    return np.concatenate([linear, np.array([[cx], [cy]]) - linear @ away], axis=2)


def _extent(matrices: np.ndarray, height: int, width: int) -> tuple[int, int]:
    """The least height and width into which the images fit, all of them, when turned."""
    corners = np.array([[x * width, y * height, 1] for x in (-0.5, 0.5) for y in (-0.5, 0.5)])
    places = corners @ matrices.swapaxes(1, 2) + np.array([width, height]) / 2
    # To four digits: a rounding error must not make an image a pixel larger.
    high, low = (np.round(end(axis=1), 4) for end in (places.max, places.min))
    extents = np.ceil(high) - np.floor(low)
    return int(extents[:, 1].max()), int(extents[:, 0].max())


# ---------------------------------------------------------------------------------------------- places


def _places(x: Array, matrices: np.ndarray, height: int, width: int) -> tuple[Array, Array]:
    """Column and row in the image, each (N, height, width), of the pixels of the result; origins are the centres."""
    m = module_of(x).asarray(matrices[:, :, :, None, None], dtype=working(x))
    rows = np.arange(height, like=x).astype(m.dtype)[:, None] - (height - 1) / 2
    columns = np.arange(width, like=x).astype(m.dtype) - (width - 1) / 2
    middle = ((x.shape[3] - 1) / 2, (x.shape[2] - 1) / 2)
    along, down = (m[:, i, 0] * columns + (m[:, i, 1] * rows + (m[:, i, 2] + middle[i])) for i in (0, 1))
    return along, down


def _taken(pixels: Array, row: Array, column: Array, shape: tuple[int, ...]) -> Array:
    """The pixels, (C, N·H·W), at places (N, h, w) of images of that shape; those outside give what is nearest."""
    n, _, height, width = shape
    index = np.clip(row, 0, height - 1)
    index *= width
    index += np.clip(column, 0, width - 1)
    index += np.arange(0, n * height * width, height * width, like=index)[:, None, None]
    return pixels.take(index.reshape(-1), axis=1).reshape(len(pixels), *index.shape)


def _inside(row: Array, column: Array, shape: tuple[int, ...]) -> Array:
    return (row >= 0) & (row < shape[2]) & (column >= 0) & (column < shape[3])


def sampled(x: Array, along: Array, down: Array, mode: InterpolationMode, color: Any) -> Array:
    """The values of images (N, C, H, W) at places (N, h, w) between their pixels; `color`, where there are none."""
    pixels = x.swapaxes(0, 1).reshape(x.shape[1], -1)
    if mode is NEAREST:
        column, row = (np.rint(place).astype(np.int64) for place in (along, down))
        seen = _inside(row, column, x.shape)
        values = _taken(pixels, row, column, x.shape)
        return np.where(seen, values, 0 if color is None else rounded(color, x.dtype)[:, None]).swapaxes(0, 1)
    pixels = as_floats(pixels)
    left, top = np.floor(along), np.floor(down)
    right_part, lower_part = along - left, down - top
    column, row = left.astype(np.int64), top.astype(np.int64)
    y, part = 0, 0
    for dy, height in ((0, 1 - lower_part), (1, lower_part)):
        for dx, width in ((0, 1 - right_part), (1, right_part)):
            weight = height * width * _inside(row + dy, column + dx, x.shape)
            y = y + _taken(pixels, row + dy, column + dx, x.shape) * weight
            part = part + weight
    if color is not None:
        # At the border, y is already `part` of a pixel; torchvision takes that part of it once more, and so it is here.
        y = (y - color[:, None]) * part + color[:, None]
    return rounded(y, x.dtype).swapaxes(0, 1)


@image_function
def _warped(img: Array, name: str, matrices: np.ndarray, interpolation: Any, fill: Any, size: tuple[int, int]) -> Array:
    mode = interpolation_mode(name, interpolation)
    if mode not in (NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(f"{name}: interpolation must be 'nearest' or 'bilinear', but got {mode.value!r}")
    color = None if fill is None else filling(name, fill, img)
    return sampled(img, *_places(img, np.broadcast_to(matrices, (len(img), 2, 3)), *size), mode, color)


def _two(name: str, argument: str, value: Any, images: int) -> list[np.ndarray]:
    """Two of what is a number, or one for each image."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f"{name}: {argument} must be two numbers (x, y), but got {value!r}")
    return [numbers(name, argument, part, images) for part in value]


def _from_the_middle(name: str, center: Any, height: int, width: int) -> tuple[float, float]:
    """A point (x, y) counted from the upper left corner, as counted from the middle of the image."""
    if center is None:
        return 0.0, 0.0
    x, y = _two(name, "center", center, 0)
    return float(x) - width / 2, float(y) - height / 2


# ---------------------------------------------------------------------------------------------- rotate and affine


def rotate(
    img: Any,
    angle: Any,
    interpolation: Any = NEAREST,
    expand: bool = False,
    center: Any = None,
    fill: Any = None,
) -> Any:
    """Images turned by `angle` degrees, counter-clockwise, around their middle or a point `center` = (x, y).

    With `expand` they become so large that nothing of what was turned around the middle is lost; in a batch, all alike.

    >>> rotate(np.array([[1, 2], [3, 4]]), 90)
    array([[2, 4],
           [1, 3]])
    """
    _, height, width = get_dimensions(img)
    angle = numbers("rotate", "angle", angle, count("rotate", img))
    matrices = backward_matrices(_from_the_middle("rotate", center, height, width), -angle, (0, 0), 1, (0, 0))
    size = _extent(matrices, height, width) if expand else (height, width)
    return _warped(img, "rotate", matrices, interpolation, fill, size)


def affine(
    img: Any,
    angle: Any,
    translate: Any,
    scale: Any,
    shear: Any,
    interpolation: Any = NEAREST,
    fill: Any = None,
    center: Any = None,
) -> Any:
    """Images sheared, scaled and turned clockwise around their middle, or `center` = (x, y), and then shifted.

    Angles are in degrees, `shear` one along x or two along x and y, `translate` (x, y) in pixels.

    >>> affine(np.array([[1, 2, 3]]), angle=0, translate=(1, 0), scale=1, shear=0)
    array([[0, 1, 2]])
    """
    _, height, width = get_dimensions(img)
    images = count("affine", img)
    angle, scale = numbers("affine", "angle", angle, images), numbers("affine", "scale", scale, images)
    if not (scale > 0).all():
        raise ValueError(f"affine: scale must be positive, but got {scale}")
    shear = list(shear) if isinstance(shear, list | tuple) else [shear, 0.0]
    shear = shear * 2 if len(shear) == 1 else shear  # one angle in a list counts for both, as in torchvision
    shears, shifts = _two("affine", "shear", shear, images), _two("affine", "translate", translate, images)
    middle = _from_the_middle("affine", center, height, width)
    matrices = backward_matrices(middle, angle, shifts, scale, shears)
    return _warped(img, "affine", matrices, interpolation, fill, (height, width))
