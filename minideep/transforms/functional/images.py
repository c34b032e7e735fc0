"""What an image is, and how one function does for all of them.

An array is (H, W) or (…, H, W, C), as pictures come from files; a Tensor is (…, C, H, W) or (H, W), as networks take
them; a Pillow image counts as the array that it holds. All become one raw array (N, C, H, W), on which the functions
of this room are written, and the results go back to the kind that came in: same type, same layout, same dtype.

Wherever such a function takes a number (an angle, a factor, an offset), it takes N of them, too: one for each image.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable
from enum import Enum
from typing import Any, Concatenate, ParamSpec, cast

import numpy as np

from ...autograd.graph import make_tensor
from ...backend import Array, DType, float32, float64, is_floating, module_of
from ...parallel import share
from ...tensor import Tensor

__all__ = ["InterpolationMode", "get_dimensions"]

P = ParamSpec("P")
_PART = 2**15  # values to work on at a time


class InterpolationMode(Enum):
    """How a value between pixels is found: the nearest one's, or a mean of 4 (bilinear) or 16 around (bicubic)."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


_PILLOW_NUMBERS = {0: "nearest", 2: "bilinear", 3: "bicubic"}


def interpolation_mode(name: str, value: Any) -> InterpolationMode:
    """An `InterpolationMode`, given as itself, by its value, or by Pillow's number for it."""
    try:
        return InterpolationMode(_PILLOW_NUMBERS.get(value, value))
    except ValueError:
        modes = ", ".join(repr(mode.value) for mode in InterpolationMode)
        raise ValueError(f"{name}: interpolation must be one of {modes}, but got {value!r}") from None


# ---------------------------------------------------------------------------------------------- any kind of image


def is_pillow(img: Any) -> bool:
    """Whether this is a Pillow image (if there is one, somebody has imported Pillow)."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(img, pillow.Image)


def pillow_array(img: Any) -> np.ndarray:
    """The pixels of a Pillow image, (H, W) or (H, W, C); black and white, which it keeps as bits, as 0 and 255."""
    pixels = np.array(img)
    return pixels.astype(np.uint8) * 255 if pixels.dtype == bool else pixels


class Images:
    """Images of any kind as one raw array (N, C, H, W), and the way back."""

    __slots__ = ("_batch", "_flat", "_tensor", "array")

    def __init__(self, name: str, img: Any) -> None:
        self._tensor = isinstance(img, Tensor)
        raw = img.array if self._tensor else pillow_array(img) if is_pillow(img) else img
        if not hasattr(raw, "__array_function__"):
            raise TypeError(
                f"{name}: an image is a Tensor (…, C, H, W), an array (H, W) or (…, H, W, C), or a Pillow image, "
                f"but got {type(img).__name__}"
            )
        if raw.ndim < 2:
            raise TypeError(f"{name}: an image has a height and a width, but this {type(img).__name__} is {raw.shape}")
        self._flat = raw.ndim == 2
        if self._flat:
            raw = raw[None]
        elif not self._tensor:
            raw = raw.swapaxes(-1, -2).swapaxes(-2, -3)
        self._batch = raw.shape[:-3]
        self.array: Array = raw.reshape(math.prod(self._batch), *raw.shape[-3:])

    def like(self, array: Array) -> Any:
        """Another array (N, C, H, W) as these images came."""
        return self._closed(array, self._batch)

    def some(self, which: Array) -> Any:
        """Those at the positions `which`, as a batch of the kind they came as."""
        return self._closed(self.array[module_of(self.array).asarray(which)], (len(which),))

    def _closed(self, array: Array, batch: tuple[int, ...]) -> Any:
        y = array.reshape(*batch, *array.shape[1:])
        if self._flat and array.shape[1] == 1:
            y = y[..., 0, :, :]
        elif not self._tensor:
            y = y.swapaxes(-3, -2).swapaxes(-2, -1)
        y = y if y.flags.c_contiguous else y.copy()
        return make_tensor(y) if self._tensor else y


def image_function(function: Callable[Concatenate[Array, P], Array]) -> Callable[Concatenate[Any, P], Any]:
    """Make a function of raw arrays (N, C, H, W) one of any kind of image."""

    @functools.wraps(function)
    def of_any_kind(img: Any, *args: P.args, **kwargs: P.kwargs) -> Any:
        images = Images(function.__name__, img)
        result = function(images.array, *args, **kwargs)
        return img if result is images.array else images.like(result)

    return cast(Callable[Concatenate[Any, P], Any], of_any_kind)


def in_parts(kernel: Callable[..., Array], x: Array, *numbers: Array) -> Array:
    """``kernel(x, *numbers)``, a few images at a time: so that what it keeps aside stays in the cache.

    Every array of `numbers` has one entry for each image, or one for all.
    """
    step = max(_PART // max(math.prod(x.shape[1:]), 1), 1)
    if x.__class__ is not np.ndarray or len(x) <= step:
        return kernel(x, *numbers)
    numbers = tuple(np.broadcast_to(number, (len(x), *number.shape[1:])) for number in numbers)
    first, *others = [slice(start, start + step) for start in range(0, len(x), step)]
    done = kernel(x[first], *[number[first] for number in numbers])
    y = np.empty_like(done, shape=(len(x), *done.shape[1:]))
    y[first] = done

    def work(part: slice) -> None:
        y[part] = kernel(x[part], *[number[part] for number in numbers])

    share(work, others)
    return y


def get_dimensions(img: Any) -> list[int]:
    """Channels, height and width."""
    return list(Images("get_dimensions", img).array.shape[1:])


def count(name: str, img: Any) -> int:
    """How many images this is: 1, or as many as there are in the batch."""
    return len(Images(name, img).array)


def by_choice(img: Any, choice: np.ndarray, function: Callable[[int, Any, Any], Any]) -> Any:
    """Each image through ``function(its choice, images, their positions)``, those of one choice together."""
    choices = choice[:1] if len(choice) == 1 else np.unique(choice)
    if len(choices) < 2:
        return function(int(choices[0]), img, slice(None)) if len(choices) else img
    images = Images("by_choice", img)
    y = None
    for number in choices.tolist():
        which = np.flatnonzero(choice == number)
        part = Images("by_choice", function(number, images.some(which), which)).array
        if y is None:
            y = np.empty_like(part, shape=(len(choice), *part.shape[1:]))
        elif (part.shape[1:], part.dtype) != (y.shape[1:], y.dtype):
            raise ValueError(
                f"transforms: some images of a batch became {y.dtype} (C, H, W) = {y.shape[1:]}, others {part.dtype} "
                f"{part.shape[1:]}; what is applied to a part of a batch must leave all images alike"
            )
        y[module_of(y).asarray(which)] = part
    return images.like(y)


# ---------------------------------------------------------------------------------------------- numbers


def largest(dtype: DType) -> float:
    """The value of white: 1 for floats, the greatest number there is for integers."""
    return 1.0 if is_floating(dtype) or dtype.kind == "b" else float(np.iinfo(dtype).max)


def working(x: Array) -> DType:
    """The dtype in which to compute with these pixels."""
    return float64 if x.dtype == float64 else float32


def as_floats(x: Array) -> Array:
    """The pixels as floats, on their own scale."""
    return x.astype(working(x), copy=False)


def rounded(y: Array, dtype: DType) -> Array:
    """Floats, which may be overwritten, as pixels of `dtype`: for integers the nearest that there is."""
    if is_floating(dtype):
        return y.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(y, out=y), limits.min, limits.max, out=y).astype(dtype)


def truncated(y: Array, dtype: DType) -> Array:
    """Floats, which may be overwritten, as pixels of `dtype` from 0 to white: of integers the next lower."""
    return np.clip(y, 0, largest(dtype), out=y).astype(dtype, copy=False)


def numbers(name: str, argument: str, value: Any, images: int, kinds: str = "biuf") -> np.ndarray:
    """A number, or one for each image, as an array: of no dimension, or of N entries."""
    array = np.asarray(value.tolist() if isinstance(value, Tensor) else value)
    if array.shape not in ((), (images,)) or array.dtype.kind not in kinds:
        what = "a number" if "f" in kinds else "an integer"
        raise ValueError(
            f"{name}: {argument} must be {what}, or an array with one for each image ({images}), but got {value!r:.80}"
        )
    return array


def each(name: str, argument: str, value: Any, x: Array, dtype: Any = None) -> Array:
    """A number, or one for each image, in the form that goes with (N, C, H, W)."""
    array = numbers(name, argument, value, len(x)).reshape(-1, 1, 1, 1)
    return module_of(x).asarray(array, dtype=dtype or working(x))


def pair(name: str, argument: str, value: Any, kind: type = int) -> tuple[Any, Any]:
    """``(a, b)`` as it is, a single number (or a sequence of one) twice."""
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    if len(values) not in (1, 2) or not all(isinstance(n, int | float | np.number) for n in values):
        raise ValueError(f"{name}: {argument} must be one number or two, but got {value!r}")
    return kind(values[0]), kind(values[-1])


def filling(name: str, fill: Any, x: Array) -> Array:
    """A number, or one for each channel, in the form that goes with (N, C, H, W)."""
    values = np.asarray(0 if fill is None else fill, dtype=float64)
    if values.ndim > 1 or values.size not in (1, x.shape[1]):
        raise ValueError(
            f"{name}: fill must be one number, or one for each of the {x.shape[1]} channels, but got {fill!r}"
        )
    return module_of(x).asarray(values.reshape(-1, 1, 1), dtype=working(x))


def expect_colors(name: str, x: Array) -> None:
    """Grey images (1 channel) or coloured ones (3: red, green, blue), nothing else."""
    if x.shape[1] not in (1, 3):
        raise TypeError(
            f"{name}: expected images of 1 channel (grey) or 3 (red, green, blue), but got {x.shape[1]}; the channels "
            f"of a Tensor come first, those of an array last"
        )
