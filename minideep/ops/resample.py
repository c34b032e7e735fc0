"""Images at another size: interpolated, padded, and with channels exchanged for pixels.

Interpolation and padding do the same along each dimension: every entry of the result is a sum of a few entries of the
input, with weights. One op does that; its derivative is the op itself, with the table of what goes where transposed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd import apply, op, public
from ..backend import Array, DType, float16, float32, float64, module_of
from ..parallel import blocks, share
from ..sums import in_float32
from ..tensor import Tensor
from .pooling import adaptive_avg_pool1d, adaptive_avg_pool2d
from .shape import permute, reshape
from .windows import listed

__all__ = ["interpolate", "pad", "pixel_shuffle", "pixel_unshuffle"]


class _Table(NamedTuple):
    """Entry o of a result is ``Σ weights[k, o] · input[entries[k, o]]`` over k; if there are no weights, each is 1."""

    size: int  # of the input
    entries: np.ndarray
    weights: np.ndarray | None = None

    def transposed(self) -> _Table:
        """The table of the derivative: which entries of the result each entry of the input went into."""
        count = self.entries.shape[1]
        weights = np.ones(self.entries.size) if self.weights is None else self.weights.reshape(-1)
        uses, same = np.unique((self.entries * count + np.arange(count)).reshape(-1), return_inverse=True)
        entry, result = np.divmod(uses, count or 1)
        often = np.bincount(entry, minlength=self.size)
        first = np.cumsum(often) - often
        # Where there are fewer uses than of other entries, the first is repeated with weight 0.
        entries = np.tile(np.append(result, 0)[first], (often.max(initial=0), 1))
        sums = np.zeros(entries.shape)
        places = np.arange(len(uses)) - first[entry], entry
        entries[places], sums[places] = result, np.bincount(same, weights)
        return _Table(count, entries, sums)


@in_float32
def _weighted_sums(x: Array, table: _Table) -> Array:
    """What a table says, along the second of three dimensions."""
    module, entries = module_of(x), table.entries
    y = np.zeros_like(x, shape=(x.shape[0], entries.shape[1], x.shape[2]))
    weights = np.ones(entries.shape) if table.weights is None else table.weights
    terms = [
        (module.asarray(entry), module.asarray(weight[:, None], dtype=x.dtype))
        for entry, weight in zip(entries, weights, strict=True)
    ]

    def work(part: slice) -> None:
        for entry, weight in terms:
            term = x[part].take(entry, axis=1)
            term *= weight
            y[part] += term

    share(work, blocks(y))
    return y


@op(
    name="interpolate",
    method=False,
    input=lambda g, along, table: apply(_blend, g, along, table.transposed()),  # type: ignore[has-type]
)
def _blend(input: Array, along: int, table: _Table) -> Array:
    before, behind = input.shape[:along], input.shape[along + 1 :]
    x = input.reshape(math.prod(before), input.shape[along], math.prod(behind))
    if table.weights is None:
        y = x.take(module_of(x).asarray(table.entries[0]), axis=1)
    else:
        y = _weighted_sums(x, table)
    return y.reshape(*before, y.shape[1], *behind)


# ---------------------------------------------------------------------------------------------- interpolate

_SIDES = {"nearest": (1, 2), "nearest-exact": (1, 2), "area": (1, 2), "linear": (1,), "bilinear": (2,), "bicubic": (2,)}


def _nearest(size: int, count: int, scale: float, exact: bool) -> _Table:
    # Rounded as PyTorch does, so that the same entry is the nearest where two are as near.
    places = (np.arange(count) + (0.5 if exact else 0)) * scale
    return _Table(size, np.minimum(np.floor(places.astype(float32)).astype(int), size - 1)[None])


def _places(size: int, count: int, scale: float, align_corners: bool, dtype: DType) -> np.ndarray:
    """Where in the input, between its entries, each entry of the result lies."""
    o = np.arange(count, dtype=dtype)
    if align_corners:
        return o * dtype.type((size - 1) / (count - 1) if count > 1 else 0)
    half = dtype.type(0.5)
    return (o + half) * dtype.type(scale) - half


def _linear(size: int, places: np.ndarray) -> _Table:
    places = np.maximum(places, 0)
    left = np.minimum(np.floor(places).astype(int), size - 1)
    t = np.clip(places - left, 0, 1)
    return _Table(size, np.stack([left, np.minimum(left + 1, size - 1)]), np.stack([1 - t, t]))


def _cubic(size: int, places: np.ndarray) -> _Table:
    """Cubic convolution over four entries (Keys 1981), with a = -3/4; at the ends, the last entry is repeated."""
    left = np.minimum(np.floor(places), size - 1)
    t, a = np.clip(places - left, 0, 1), -0.75

    def near(d: np.ndarray) -> np.ndarray:  # at a distance of at most 1
        return ((a + 2) * d - (a + 3)) * d * d + 1

    def far(d: np.ndarray) -> np.ndarray:  # of 1 to 2
        return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a

    entries = np.clip(left.astype(int) + np.arange(-1, 3)[:, None], 0, size - 1)
    return _Table(size, entries, np.stack([far(t + 1), near(t), near(1 - t), far(2 - t)]))


def _output_sizes(
    sizes: Sequence[int], size: Any, scale_factor: Any, recompute_scale_factor: bool | None
) -> tuple[Sequence[int], list[float]]:
    """The size wanted along each side, and how far apart, in the input, the entries of the result lie."""
    if (size is None) == (scale_factor is None):
        what = "neither" if size is None else "both"
        raise ValueError(f"interpolate: exactly one of size and scale_factor is needed, but {what} was given")
    given, what = (size, "size") if scale_factor is None else (scale_factor, "scale_factor")
    if isinstance(given, tuple | list) and len(given) != len(sizes):
        raise ValueError(f"interpolate: {what} must be one number or {len(sizes)}, one for each side, but got {given}")
    if scale_factor is None and recompute_scale_factor:
        raise ValueError("interpolate: recompute_scale_factor goes with scale_factor, but size was given")
    if scale_factor is None:
        wanted = listed("interpolate", "size", size, len(sizes))
        return wanted, [n / (m or 1) for n, m in zip(sizes, wanted, strict=True)]
    factors = scale_factor if isinstance(scale_factor, tuple | list) else [scale_factor] * len(sizes)
    wanted = tuple(math.floor(n * factor) for n, factor in zip(sizes, factors, strict=True))
    if recompute_scale_factor:
        return wanted, [n / (m or 1) for n, m in zip(sizes, wanted, strict=True)]
    return wanted, [1 / (factor or 1) for factor in factors]


@public(method=False)
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Tensor:
    """Signals (N, C, L) or images (N, C, H, W) at another `size`, or `scale_factor` times as large.

    Modes: ``"nearest"``, ``"nearest-exact"``, ``"area"`` (means); ``"linear"`` for signals; ``"bilinear"`` and
    ``"bicubic"`` for images. Entries lie in the middle of their pixels, and the borders of both images coincide; with
    `align_corners`, the middles of the corner pixels do.

    >>> import minideep
    >>> interpolate(minideep.tensor([[[0.0, 4.0]]]), size=4, mode="linear")
    tensor([[[0., 1., 3., 4.]]])
    """
    if mode not in _SIDES:
        raise NotImplementedError(f"interpolate: mode must be one of {', '.join(_SIDES)}, but got {mode!r}")
    if align_corners is not None and mode not in ("linear", "bilinear", "bicubic"):
        raise ValueError(f"interpolate: align_corners is for linear, bilinear and bicubic, but mode is {mode!r}")
    if input.ndim - 2 not in _SIDES[mode]:
        shapes = " or ".join(("(N, C, L)", "(N, C, H, W)")[sides - 1] for sides in _SIDES[mode])
        raise NotImplementedError(f"interpolate: mode {mode!r} is for tensors {shapes}, but got {input.shape}")
    sizes = input.shape[2:]
    wanted, scales = _output_sizes(sizes, size, scale_factor, recompute_scale_factor)
    if min(*input.shape[1:], *wanted) < 1:
        raise RuntimeError(
            f"interpolate: every side of input and output, and the channels, must be greater than 0, but input "
            f"{input.shape} was to become {tuple(wanted)}"
        )
    if mode == "area":
        return adaptive_avg_pool1d(input, wanted) if len(wanted) == 1 else adaptive_avg_pool2d(input, wanted)
    dtype = float32 if input.dtype in (float16, float32) else float64
    for dim, (count, scale) in enumerate(zip(wanted, scales, strict=True), 2):
        n = input.shape[dim]
        if count == n and mode in ("nearest", "linear", "bilinear") or count == 2 * n and mode == "nearest":
            scale = n / count  # as PyTorch does, even if a scale_factor says a little more
        if mode.startswith("nearest"):
            table = _nearest(n, count, scale, mode == "nearest-exact")
        else:
            places = _places(n, count, scale, bool(align_corners), dtype)
            table = _cubic(n, places) if mode == "bicubic" else _linear(n, places)
        input = _blend(input, dim, table)
    return input


# ---------------------------------------------------------------------------------------------- pad


def _without_padding(g: Any, before: tuple[int, ...], behind: tuple[int, ...]) -> Any:
    return apply(_pad, g, tuple(-n for n in before), tuple(-n for n in behind), 0)


@op(name="pad", method=False, input=_without_padding)
def _pad(input: Array, before: tuple[int, ...], behind: tuple[int, ...], value: float) -> Array:
    """Room for `before` and `behind` entries along each dimension, filled with `value`; less room, if negative."""
    sides = list(zip(input.shape, before, behind, strict=True))
    y = np.full_like(input, value, shape=[n + a + b for n, a, b in sides])
    inside = tuple(slice(max(a, 0), max(a, 0) + n + min(a, 0) + min(b, 0)) for n, a, b in sides)
    y[inside] = input[tuple(slice(max(-a, 0), n + min(b, 0)) for n, a, b in sides)]
    return y


def _reflected(n: int, before: int, behind: int) -> np.ndarray:
    places = np.abs(np.arange(-before, n + behind))
    return n - 1 - np.abs(n - 1 - places)


def _replicated(n: int, before: int, behind: int) -> np.ndarray:
    return np.clip(np.arange(-before, n + behind), 0, n - 1)


def _circular(n: int, before: int, behind: int) -> np.ndarray:
    kept = n + min(before, 0) + min(behind, 0)  # negative padding is taken away first
    return (np.arange(n + before + behind) - max(before, 0)) % max(kept, 1) + max(-before, 0)


_BORDERS = {"reflect": _reflected, "replicate": _replicated, "circular": _circular}


@public(method=False)
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """Room around a tensor: `pad` is (left, right) for the last dimension, then (top, bottom) for the one before, ….

    It is filled with `value` (0 unless given); or, by mode ``"reflect"``, with the tensor mirrored at its border
    entries, by ``"replicate"`` with these, by ``"circular"`` from the other end. Negative numbers take entries away.

    >>> import minideep
    >>> pad(minideep.arange(3), (2, 1)), pad(minideep.arange(3.0).reshape(1, 3), (2, 1), mode="reflect")
    (tensor([0, 0, 0, 1, 2, 0]), tensor([[2., 1., 0., 1., 2., 1.]]))
    """
    if not isinstance(pad, tuple | list):
        raise TypeError(f"pad: expected a tuple (left, right, top, bottom, …), but got {pad!r}")
    amounts = listed("pad", "pad", pad, len(pad))
    if len(amounts) % 2 or len(amounts) > 2 * input.ndim:
        raise RuntimeError(
            f"pad: expected two numbers for each of at most {input.ndim} dimensions (input {input.shape}), but got "
            f"{amounts}"
        )
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))  # from the last dimension on
    sides = input.shape[::-1]
    if any(n + a + b < 0 for n, (a, b) in zip(sides, pairs, strict=False)):
        raise RuntimeError(f"pad: {amounts} takes more entries away than input {input.shape} has")
    if mode == "constant":
        whole = [*pairs, *[(0, 0)] * (input.ndim - len(pairs))][::-1]
        return _pad(input, tuple(a for a, _ in whole), tuple(b for _, b in whole), 0 if value is None else value)
    _check_borders(input, pairs, mode, value)
    for i, (n, (a, b)) in enumerate(zip(sides, pairs, strict=False)):
        if a or b:
            input = _blend(input, input.ndim - 1 - i, _Table(n, _BORDERS[mode](n, a, b)[None]))
    return input


def _check_borders(input: Tensor, pairs: list[tuple[int, int]], mode: str, value: float | None) -> None:
    if mode not in _BORDERS:
        raise NotImplementedError(f"pad: mode must be constant, {', '.join(_BORDERS)}, but got {mode!r}")
    if value:
        raise RuntimeError(f"pad: value is for mode 'constant', but mode is {mode!r}")
    sides = len(pairs)
    if sides not in (1, 2, 3) or input.ndim not in (sides + 1, sides + 2):
        raise NotImplementedError(
            f"pad: mode {mode!r} pads the last one, two or three dimensions, before which come channels and maybe a "
            f"batch, but got input {input.shape} and padding for {sides}"
        )
    if 0 in input.shape[-sides - 1 :]:
        raise RuntimeError(f"pad: mode {mode!r} needs entries to take, but input {input.shape} has none")
    most = {"reflect": -1, "circular": 0}
    for n, amounts in zip(input.shape[::-1], pairs, strict=False):
        if mode in most and max(amounts) > n + most[mode]:
            raise RuntimeError(
                f"pad: mode {mode!r} finds at most {n + most[mode]} entries along a side of {n}, but got {amounts}"
            )


# ---------------------------------------------------------------------------------------------- pixel_shuffle


def _check_pixels(name: str, input: Tensor, factor: int) -> None:
    if isinstance(factor, bool) or not isinstance(factor, int):
        raise TypeError(f"{name}: the factor must be an integer, but got {factor!r}")
    if factor < 1:
        raise RuntimeError(f"{name}: the factor must be greater than 0, but got {factor}")
    if input.ndim < 3:
        raise RuntimeError(f"{name}: expected images (…, C, H, W), but got {input.shape}")


@public(method=False)
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(…, C·r², H, W) to (…, C, H·r, W·r): every r² channels become the r × r pixels of one.

    >>> import minideep
    >>> pixel_shuffle(minideep.arange(8).reshape(4, 1, 2), 2)
    tensor([[[0, 2, 1, 3],
             [4, 6, 5, 7]]])
    """
    _check_pixels("pixel_shuffle", input, upscale_factor)
    *batch, channels, height, width = input.shape
    r = upscale_factor
    if channels % r**2:
        raise RuntimeError(
            f"pixel_shuffle: {channels} channels (input {input.shape}) are no multiple of {r}² = {r * r}"
        )
    n = len(batch)
    pixels = reshape(input, (*batch, channels // r**2, r, r, height, width))
    return reshape(
        permute(pixels, (*range(n + 1), n + 3, n + 1, n + 4, n + 2)), (*batch, channels // r**2, height * r, width * r)
    )


@public(method=False)
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """What undoes `pixel_shuffle`: (…, C, H·r, W·r) to (…, C·r², H, W)."""
    _check_pixels("pixel_unshuffle", input, downscale_factor)
    *batch, channels, height, width = input.shape
    r = downscale_factor
    if height % r or width % r:
        raise RuntimeError(f"pixel_unshuffle: height and width of input {input.shape} must be multiples of {r}")
    n = len(batch)
    pixels = reshape(input, (*batch, channels, height // r, r, width // r, r))
    return reshape(
        permute(pixels, (*range(n + 1), n + 2, n + 4, n + 1, n + 3)), (*batch, channels * r**2, height // r, width // r)
    )
