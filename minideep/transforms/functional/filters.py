"""What looks at a pixel's neighbours, and what is strewn over an image: blur, sharpness, noise."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backend import Array, Generator, module_of
from .color import blended, factors
from .images import as_floats, each, image_function, largest, pair, rounded, truncated
from .random import random_stream

__all__ = ["adjust_sharpness", "gaussian_blur", "gaussian_noise", "salt_and_pepper"]

# ---------------------------------------------------------------------------------------------- blur and sharpness


def _blurred_along(x: Array, axis: int, size: int, sigma: Array) -> Array:
    """Means of `size` pixels along an axis, with the weights exp(−d² / 2σ²); images continue mirrored."""
    half = size // 2
    wide = np.pad(x, [(half, half) if a == axis else (0, 0) for a in range(4)], mode="reflect")
    kernel = [np.exp(-((d / sigma) ** 2) / 2) for d in range(-half, half + 1)]
    total = sum(kernel)
    y = np.zeros_like(x)
    for tap, weight in enumerate(kernel):
        seen = (*[slice(None)] * axis, slice(tap, tap + x.shape[axis]))
        y += wide[seen] * (weight / total).astype(x.dtype)
    return y


@image_function
def gaussian_blur(img: Array, kernel_size: Any, sigma: Any = None) -> Array:
    """Each pixel as a mean of those around it, weighted by a normal distribution of standard deviation `sigma`.

    `kernel_size` and `sigma` are one number or two, along x and along y; each sigma may be one for each image. If it is
    not given, it follows from the size: 0.15 · size + 0.35.

    >>> gaussian_blur(np.array([[0.0, 0.0, 1.0, 0.0, 0.0]]), (3, 1), sigma=1.0).round(2)
    array([[0.  , 0.27, 0.45, 0.27, 0.  ]])
    """
    sizes = pair("gaussian_blur", "kernel_size", kernel_size)
    if any(n < 1 or n % 2 == 0 for n in sizes):
        raise ValueError(f"gaussian_blur: kernel_size must be odd and positive, but got {kernel_size!r}")
    if sizes[0] // 2 >= img.shape[3] or sizes[1] // 2 >= img.shape[2]:
        raise ValueError(f"gaussian_blur: half of kernel_size {sizes} must be less than images {img.shape[2:]}")
    given = [0.15 * n + 0.35 for n in sizes] if sigma is None else sigma
    sigmas = given if isinstance(given, list | tuple) and len(given) == 2 else (given, given)
    y = as_floats(img)
    for axis, size, value in zip((3, 2), sizes, sigmas, strict=True):
        spread = each("gaussian_blur", "sigma", value, img, np.float64)
        if not bool((spread > 0).all()):
            raise ValueError(f"gaussian_blur: sigma should have positive values, but got {sigma!r:.80}")
        y = _blurred_along(y, axis, size, spread)
    return rounded(y, img.dtype)


@image_function
def adjust_sharpness(img: Array, sharpness_factor: Any) -> Array:
    """Images mixed with a smoothed copy: 0 gives the copy, 1 the image, 2 one of twice the sharpness.

    In the copy, pixels inside are means of 3 × 3, in which the middle counts five times; the border is the image's own.
    """
    factor = factors("adjust_sharpness", sharpness_factor, img)
    height, width = img.shape[2:]
    if min(height, width) <= 2:
        return img
    x = as_floats(img)
    around = sum(x[:, :, i : height - 2 + i, j : width - 2 + j] for i in range(3) for j in range(3))
    smooth = x.copy()
    smooth[:, :, 1:-1, 1:-1] = rounded((around + 4 * x[:, :, 1:-1, 1:-1]) / 13, img.dtype)
    return blended(img, smooth, factor)


# ---------------------------------------------------------------------------------------------- noise


@image_function
def gaussian_noise(
    img: Array, mean: Any = 0.0, sigma: Any = 0.1, clip: bool = True, generator: Generator | None = None
) -> Array:
    """Normally distributed noise added to every value; `mean` and `sigma` as if white were 1."""
    white = largest(img.dtype)
    spread = each("gaussian_noise", "sigma", sigma, img)
    if not bool((spread >= 0).all()):
        raise ValueError(f"gaussian_noise: sigma must not be negative, but got {sigma!r:.80}")
    noise = random_stream("gaussian_noise", generator).standard_normal(img.shape, dtype=np.float32)
    noise = module_of(img).asarray(noise) * (spread * white) + each("gaussian_noise", "mean", mean, img) * white
    if white == 1:
        y = as_floats(img) + noise
        return truncated(y, img.dtype) if clip else y.astype(img.dtype, copy=False)
    y = img + noise.astype(np.int64)
    return (np.clip(y, 0, white) if clip else y).astype(img.dtype)


@image_function
def salt_and_pepper(
    img: Array, amount: Any = 0.05, salt_vs_pepper: float = 0.5, generator: Generator | None = None
) -> Array:
    """Pixels, a share `amount` of them, replaced by white ones (a share `salt_vs_pepper` of these) and black ones."""
    share = each("salt_and_pepper", "amount", amount, img, np.float64)
    if not (bool(((share >= 0) & (share <= 1)).all()) and 0 <= salt_vs_pepper <= 1):
        got = f"amount={amount!r:.80}, salt_vs_pepper={salt_vs_pepper!r}"
        raise ValueError(f"salt_and_pepper: amount and salt_vs_pepper are shares, from 0 to 1, but got {got}")
    n, _, height, width = img.shape
    drawn = module_of(img).asarray(random_stream("salt_and_pepper", generator).random((n, 1, height, width)))
    salted = np.where(drawn < share * salt_vs_pepper, np.array(largest(img.dtype), img.dtype, like=img), img)
    return np.where((drawn >= share * salt_vs_pepper) & (drawn < share), np.array(0, img.dtype, like=img), salted)
