"""Images turned, shifted, scaled and sheared: for each pixel of the result, the place in the image it comes from.

An affine map of the plane is a 2 × 3 matrix, one for each image; applied to the pixels of the result (all its rows and
columns at once) it gives places in the image, between whose pixels values are interpolated.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backend import Array, module_of
from .geometry import framed
from .images import (
    InterpolationMode,
    as_floats,
    count,
    filling,
    get_dimensions,
    image_function,
    in_parts,
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


def _covered(places: Array, side: int) -> Array:
    """How much of what is interpolated at these places, along one side, comes from within the image."""
    return np.clip(np.minimum(places + 1, side - places), 0, 1)


def _sampled(x: Array, matrices: np.ndarray, size: tuple[int, int], mode: InterpolationMode, fill: Any) -> Array:
    """Images (N, C, H, W) after the inverse of an affine map each; `fill`, where there are none."""
    n, channels, height, width = x.shape
    along, down = _places(x, matrices, *size)
    # Within a border, no place has neighbours that are missing: all places further out are like those just outside.
    np.clip(along, -1, width, out=along)
    np.clip(down, -1, height, out=down)
    nearest = mode is NEAREST
    wide = framed(x if nearest else as_floats(x), (1, 1, 2, 2), fill if nearest else 0)
    pixels, stride = wide.swapaxes(0, 1).reshape(channels, -1), width + 3
    column, row = ((np.rint if nearest else np.floor)(place) for place in (along, down))
    index = row.astype(np.int64) * stride + column.astype(np.int64) + (stride + 1)
    index = index + (np.arange(n, like=index) * ((height + 3) * stride))[:, None, None]

    def taken(offset: int) -> Array:
        return pixels.take((index + offset).reshape(-1), axis=1).reshape(channels, *index.shape)

    if nearest:
        return taken(0).swapaxes(0, 1)
    right, lower = along - column, down - row
    y, below = (taken(offset) + right * (taken(offset + 1) - taken(offset)) for offset in (0, stride))
    y += lower * (below - y)
    if fill is not None:
        # At the border, y is already a part of a pixel; torchvision takes that part of it once more, and so it is here.
        color = filling("fill", fill, x)[:, None]
        y -= color
        y *= _covered(along, width) * _covered(down, height)
        y += color
    return rounded(y, x.dtype).swapaxes(0, 1)


@image_function
def _warped(img: Array, name: str, matrices: np.ndarray, interpolation: Any, fill: Any, size: tuple[int, int]) -> Array:
    mode = interpolation_mode(name, interpolation)
    if mode not in (NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(f"{name}: interpolation must be 'nearest' or 'bilinear', but got {mode.value!r}")
    filling(name, fill, img)  # here, its errors name the function
    return in_parts(lambda x, some: _sampled(x, some, size, mode, fill), img, matrices)


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
