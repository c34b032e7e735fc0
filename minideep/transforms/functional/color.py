"""Colours: each pixel of the result comes from the same pixel of the image, and a few numbers for the whole of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...backend import Array, module_of
from .conversion import as_fractions, convert
from .images import as_floats, each, expect_colors, image_function, in_parts, largest, truncated, working

__all__ = [
    "add_color",
    "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation", "autocontrast",
    "equalize", "invert", "posterize", "rgb_to_grayscale", "solarize",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- mixing two images


def blended(x: Array, other: Array, factor: Array) -> Array:
    """factor · x + (1 − factor) · other: `other` at 0, x itself at 1, and beyond it, more of what sets x apart."""
    dtype = working(x)
    y = x * factor.astype(dtype)
    y += other * (1 - factor).astype(dtype)
    return truncated(y, x.dtype)


def factors(name: str, value: Any, x: Array) -> Array:
    """How much of the image there is to be in a mixture: one number, or one for each image."""
    expect_colors(name, x)
    factor = each(name, f"{name.removeprefix('adjust_')}_factor", value, x, np.float64)
    if not bool((factor >= 0).all()):
        raise ValueError(f"{name}: the factor must not be negative, but got {value!r:.80}")
    return factor


def grey(x: Array) -> Array:
    """How bright the pixels of coloured images are to the eye (ITU-R BT.601), (N, 1, H, W)."""
    if x.shape[1] == 1:
        return x
    red, green, blue = (as_floats(x[:, i : i + 1]) for i in range(3))
    return (0.2989 * red + 0.587 * green + 0.114 * blue).astype(x.dtype, copy=False)


@image_function
def rgb_to_grayscale(img: Array, num_output_channels: int = 1) -> Array:
    """Grey images of 1 channel, or of 3 that are equal.

    >>> rgb_to_grayscale(np.array([[[255, 0, 0], [255, 255, 255]]], np.uint8))
    array([[[ 76],
            [254]]], dtype=uint8)
    """
    expect_colors("rgb_to_grayscale", img)
    if num_output_channels not in (1, 3):
        raise ValueError(f"rgb_to_grayscale: num_output_channels should be 1 or 3, but got {num_output_channels}")
    y = grey(img)
    return y if num_output_channels == 1 else np.broadcast_to(y, (len(y), 3, *y.shape[2:]))


@image_function
def adjust_brightness(img: Array, brightness_factor: Any) -> Array:
    """Images mixed with black: 0 gives black, 1 the image, 2 one twice as bright."""
    factor = factors("adjust_brightness", brightness_factor, img)
    return truncated(img * factor.astype(working(img)), img.dtype)


@image_function
def adjust_contrast(img: Array, contrast_factor: Any) -> Array:
    """Images mixed with the mean grey of each: 0 gives grey, 1 the image, 2 one of twice the contrast."""
    factor = factors("adjust_contrast", contrast_factor, img)
    return blended(img, as_floats(grey(img)).mean(axis=(1, 2, 3), keepdims=True), factor)


@image_function
def adjust_saturation(img: Array, saturation_factor: Any) -> Array:
    """Images mixed with themselves in grey: 0 gives grey, 1 the image, 2 one of twice the colour.

    >>> adjust_saturation(np.array([[[0.6, 0.5, 0.4]]]), 2.0).round(2)
    array([[[0.68, 0.48, 0.28]]])
    """
    factor = factors("adjust_saturation", saturation_factor, img)
    return img if img.shape[1] == 1 else blended(img, as_floats(grey(img)), factor)


@image_function
def add_color(img: Array, color: Any) -> Array:
    """A colour (red, green, blue), or one for each image, added to all pixels; white is 1, and the limit."""
    expect_colors("add_color", img)
    colors = np.asarray(color, dtype=float)
    if colors.shape not in ((3,), (len(img), 3)):
        raise ValueError(
            f"add_color: color must be 3 numbers, or 3 for each image ({len(img)}), but its shape is {colors.shape}"
        )
    colors = colors.reshape(-1, 3, 1, 1)
    colors = colors if img.shape[1] == 3 else colors.mean(axis=1, keepdims=True)
    return truncated(img + module_of(img).asarray(colors * largest(img.dtype), dtype=working(img)), img.dtype)


# ---------------------------------------------------------------------------------------------- hue


def _hue(x: Array, value: Array, chroma: Array) -> Array:
    """The place of a colour on the circle red (0), yellow, green (2), cyan, blue (4), magenta; 0 for grey."""
    red, green, blue = (x[:, i : i + 1] for i in range(3))
    chroma = chroma + (chroma == 0)
    from_green, from_blue = (blue - red) / chroma + 2, (red - green) / chroma + 4
    return np.where(value == red, (green - blue) / chroma, np.where(value == green, from_green, from_blue))


def _turned(img: Array, turn: Array) -> Array:
    x = as_fractions(img)
    value = x.max(axis=1, keepdims=True)
    chroma = value - x.min(axis=1, keepdims=True)
    offset = module_of(x).asarray(np.array([5, 3, 1]).reshape(-1, 1, 1), dtype=x.dtype)
    k = (_hue(x, value, chroma) + turn * 6) + offset
    rounds = np.floor(k * x.dtype.type(1 / 6))
    rounds *= 6
    k -= rounds
    np.minimum(k, np.subtract(4, k, out=rounds), out=k)
    np.clip(k, 0, 1, out=k)
    k *= chroma
    return convert(np.subtract(value, k, out=k), img.dtype)


@image_function
def adjust_hue(img: Array, hue_factor: Any) -> Array:
    """Colours moved along their circle: by 1/3 red becomes green and green blue, by ±1/2 each its opposite.

    In hue h, saturation s and value v, the channels are v − v·s·max(0, min(k, 4 − k, 1)), where k = n + 6h modulo 6
    and n is 5 for red, 3 for green, 1 for blue.

    >>> adjust_hue(np.array([[[1.0, 0.0, 0.0]]]), 1 / 3).round(5)
    array([[[0., 1., 0.]]])
    """
    expect_colors("adjust_hue", img)
    turn = each("adjust_hue", "hue_factor", hue_factor, img)
    if not bool((np.abs(turn) <= 0.5).all()):
        raise ValueError(f"adjust_hue: hue_factor must be from -0.5 to 0.5, but got {hue_factor!r:.80}")
    return img if img.shape[1] == 1 else in_parts(_turned, img, turn)


# ---------------------------------------------------------------------------------------------- gamma and curves


@image_function
def adjust_gamma(img: Array, gamma: Any, gain: Any = 1) -> Array:
    """gain · x^gamma, where white is 1: a gamma above 1 makes shadows darker, one below 1 brighter."""
    expect_colors("adjust_gamma", img)
    power = each("adjust_gamma", "gamma", gamma, img)
    if not bool((power >= 0).all()):
        raise ValueError(f"adjust_gamma: gamma must not be negative, but got {gamma!r:.80}")
    x = as_fractions(img)
    return convert(np.clip(each("adjust_gamma", "gain", gain, img) * x**power, 0, 1), img.dtype)


@image_function
def invert(img: Array) -> Array:
    """The negative: white − x."""
    expect_colors("invert", img)
    return (largest(img.dtype) - img).astype(img.dtype)


@image_function
def solarize(img: Array, threshold: Any) -> Array:
    """The negative of the pixels that are at least as bright as `threshold`."""
    expect_colors("solarize", img)
    limit = each("solarize", "threshold", threshold, img)
    if bool((limit > largest(img.dtype)).any()):
        raise TypeError(
            f"solarize: threshold must be at most white ({largest(img.dtype):g}), but got {threshold!r:.80}"
        )
    return np.where(img >= limit, (largest(img.dtype) - img).astype(img.dtype), img)


@image_function
def posterize(img: Array, bits: Any) -> Array:
    """Only as many grey levels of each channel as `bits` can tell apart: the highest bits of integers."""
    expect_colors("posterize", img)
    kept = each("posterize", "bits", bits, img, np.int64)
    if not bool(((kept >= 0) & (kept <= 8)).all()):
        raise ValueError(f"posterize: bits must be from 0 to 8, but got {bits!r:.80}")
    if img.dtype.kind == "f":
        levels = 2.0**kept
        return (np.clip(np.floor(img * levels), 0, levels - 1) / levels).astype(img.dtype)
    if img.dtype != np.uint8:
        raise TypeError(f"posterize: expected images of uint8 or floats, but got {img.dtype}")
    return img & (256 - 2 ** (8 - kept)).astype(np.uint8)


@image_function
def autocontrast(img: Array) -> Array:
    """Each channel stretched so that its darkest pixel becomes black and its brightest white."""
    expect_colors("autocontrast", img)
    low, high = (as_floats(end(axis=(2, 3), keepdims=True)) for end in (img.min, img.max))
    flat = high == low
    scale = largest(img.dtype) / np.where(flat, largest(img.dtype), high - low)
    return truncated((as_floats(img) - np.where(flat, 0, low)) * scale.astype(low.dtype), img.dtype)


@image_function
def equalize(img: Array) -> Array:
    """The grey levels of each channel redistributed, so that about as many pixels have each."""
    expect_colors("equalize", img)
    if img.dtype.kind != "f" and img.dtype != np.uint8:
        raise TypeError(f"equalize: expected images of uint8 or floats, but got {img.dtype}")
    levels = convert(img, np.uint8).astype(np.int64)
    planes = img.shape[0] * img.shape[1]
    slots = levels + 256 * np.arange(planes, like=levels).reshape(*img.shape[:2], 1, 1)
    counts = np.bincount(slots.reshape(-1), minlength=256 * planes).reshape(planes, 256)
    upto = np.cumsum(counts, axis=1)
    brightest = np.take_along_axis(counts, levels.max(axis=(2, 3)).reshape(planes, 1), axis=1)
    step = (upto[:, -1:] - brightest) // 255
    before = upto - counts
    table = np.where(step > 0, np.clip((before + step // 2) // np.maximum(step, 1), 0, 255), np.arange(256, like=upto))
    return convert(table.astype(np.uint8).reshape(-1)[slots], img.dtype)
