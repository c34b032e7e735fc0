"""Maxima and sums over windows of raw arrays.

Both go along one side of the images first and then along the other: kh + kw passes rather than kh·kw, each over all
windows at once, as what they see at one tap is a view of the input, every `stride`-th entry of it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np

from ..backend import Array, int64, module_of
from ..parallel import blocks, share
from ..sums import in_float32
from .windows import Along, Windows, seen


def planes(x: Array) -> Array:
    """The images of all channels, one after the other: (…, height, width) in three dimensions."""
    return x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])


def count(along: Along) -> int:
    return sum(every.windows.count for every in along)


def for_each(along: Along, value: Callable[[Windows, int], int]) -> list[int]:
    """``value(windows, o)`` of the o-th among windows that are alike, in the order of the results."""
    values = [0] * count(along)
    for first, step, windows in along:
        values[first::step] = [value(windows, o) for o in range(windows.count)]
    return values


def _most_taps(along: Along) -> int:
    return max([every.windows.taps for every in along], default=1)


# ---------------------------------------------------------------------------------------------- maxima


def largest(x: Array, rows: Along, columns: Along) -> tuple[Array, Array]:
    """The greatest entry of each window, and which one it is (of several alike the first, of NaNs the last).

    Entries of a window are numbered ``row · width + column``, where width is that of the widest, in as few bytes as it
    takes. Along the width, and then along the height, the numbers grow: so that of the greatest entry so far is the
    maximum of the numbers at which there was a greater one than before.
    """
    width = _most_taps(columns)
    y = np.empty_like(x, shape=(*x.shape[:-2], count(rows), count(columns)), order="C")
    which = np.empty_like(y, dtype=np.min_scalar_type(max(_most_taps(rows) * width - 1, 0)))
    images, maxima, numbers = planes(x), planes(y), planes(which)
    first = _first_seen(rows, which)[:, None] * width + _first_seen(columns, which)

    def work(part: slice) -> None:
        image, best, number = images[part], maxima[part], numbers[part]
        of_rows = np.empty_like(image, shape=(*image.shape[:-1], best.shape[-1]))
        column = np.zeros_like(of_rows, dtype=which.dtype)
        _largest_along(image, columns, of_rows, column)
        number[...] = first
        of_rows, column = of_rows.swapaxes(1, 2), column.swapaxes(1, 2)
        _largest_along(of_rows, rows, best.swapaxes(1, 2), number.swapaxes(1, 2), column, width)
        if y.dtype.kind == "f" and bool(np.isnan(best).any()):
            _find_nan(image, rows, columns, number, width)

    share(work, blocks(images))
    return y, which


def _first_seen(along: Along, like: Array) -> Array:
    """The first tap at which each window sees an entry rather than padding."""
    taps = for_each(along, lambda w, o: max(0, -((w.start + o * w.stride) // w.dilation)))
    return module_of(like).asarray(taps, dtype=like.dtype)


def _largest_along(
    x: Array, along: Along, best: Array, which: Array, finer: Array | None = None, width: int = 1
) -> None:
    """Put the maxima of windows along the last axis into `best`, the numbers of the taps they are at into `which`.

    If the entries are themselves maxima of lines of `width` entries, `finer` are the numbers they had in these.
    """
    best[...] = -math.inf if best.dtype.kind == "f" else int(np.iinfo(best.dtype).min)
    for tap, results, entries in seen(along):
        values, so_far, number = x[..., entries], best[..., results], which[..., results]
        greater = np.greater(values, so_far).astype(which.dtype)
        greater *= tap if finer is None else finer[..., entries] + tap * width
        np.maximum(number, greater, out=number)
        np.maximum(so_far, values, out=so_far)


def _find_nan(x: Array, rows: Along, columns: Along, which: Array, width: int) -> None:
    """Let windows that hold a NaN point at the last."""
    for (i, out_y, in_y), (j, out_x, in_x) in itertools.product(seen(rows), seen(columns)):
        np.copyto(which[:, out_y, out_x], i * width + j, where=np.isnan(x[:, in_y, in_x]))


def positions(which: Array, rows: Along, columns: Along) -> Array:
    """Where in their images, counting row by row, the entries are that `largest` found."""
    row, column = np.divmod(which.astype(int64), _most_taps(columns))
    starts = [for_each(along, lambda w, o: w.start + o * w.stride) for along in (rows, columns)]
    start_y, start_x = (module_of(which).asarray(start, dtype=int64) for start in starts)
    gap_y, gap_x = (max([every.windows.dilation for every in along], default=1) for along in (rows, columns))
    width = max([every.windows.size for every in columns], default=0)
    return (row * gap_y + start_y[:, None]) * width + (column * gap_x + start_x)


def pick(x: Array, which: Array, rows: Along, columns: Along) -> Array:
    """The entries that `largest` found in another array of the same shape."""
    y, width = np.zeros_like(x, shape=which.shape, order="C"), _most_taps(columns)
    images, results, numbers = planes(x), planes(y), planes(which)
    for (i, out_y, in_y), (j, out_x, in_x) in itertools.product(seen(rows), seen(columns)):
        here = numbers[:, out_y, out_x] == i * width + j
        np.copyto(results[:, out_y, out_x], images[:, in_y, in_x], where=here)
    return y


def put_back(g: Array, which: Array, rows: Along, columns: Along, size: tuple[int, int]) -> Array:
    """Zeros, with each entry of g added where the greatest entry of its window was."""
    x, width = np.zeros_like(g, shape=(*g.shape[:-2], *size), order="C"), _most_taps(columns)
    images, gradients, numbers = planes(x), planes(g), planes(which)

    def work(part: slice) -> None:
        image, gradient, number = images[part], gradients[part], numbers[part]
        for (i, out_y, in_y), (j, out_x, in_x) in itertools.product(seen(rows), seen(columns)):
            here = np.equal(number[:, out_y, out_x], i * width + j)
            image[:, in_y, in_x] += gradient[:, out_y, out_x] * here

    share(work, blocks(images))
    return x


# ---------------------------------------------------------------------------------------------- sums


@in_float32
def sums(x: Array, rows: Along, columns: Along) -> Array:
    """The sum of each window."""
    images = planes(x)
    y = np.empty_like(x, shape=(*x.shape[:-2], count(rows), count(columns)), order="C")
    results = planes(y)

    def work(part: slice) -> None:
        image, total = images[part], results[part]
        of_columns = np.zeros_like(image, shape=(len(image), total.shape[1], image.shape[2]))
        for _, out, entries in seen(rows):
            of_columns[:, out] += image[:, entries]
        total[...] = 0
        for _, out, entries in seen(columns):
            total[:, :, out] += of_columns[:, :, entries]

    share(work, blocks(images))
    return y


@in_float32
def spread(g: Array, rows: Along, columns: Along, size: tuple[int, int]) -> Array:
    """Each entry of g added to all entries of its window."""
    x, gradients = np.zeros_like(g, shape=(*g.shape[:-2], *size), order="C"), planes(g)
    images = planes(x)

    def work(part: slice) -> None:
        gradient, image = gradients[part], images[part]
        over_columns = np.zeros_like(gradient, shape=(*gradient.shape[:2], image.shape[2]))
        for _, out, entries in seen(columns):
            over_columns[:, :, entries] += gradient[:, :, out]
        for _, out, entries in seen(rows):
            image[:, entries] += over_columns[:, out]

    share(work, blocks(images))
    return x
