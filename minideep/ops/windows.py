"""Windows that slide over an image: where each one looks; images taken apart into windows and put together again."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autograd import apply, op, public
from ..backend import Array
from ..sums import in_float32
from ..tensor import Tensor
from .shape import squeeze, unsqueeze

__all__ = ["fold", "unfold"]

Sizes = int | Sequence[int]
Pair = tuple[int, int]


class Windows(NamedTuple):
    """Windows along one dimension: the `tap`-th entry that window `o` sees is ``start + o·stride + tap·dilation``.

    What lies outside of the `size` entries is padding; `start` is minus the padding in front.

    >>> Windows.over(size=5, taps=3, stride=2, padding=1)
    Windows(size=5, taps=3, stride=2, dilation=1, start=-1, count=3)
    """

    size: int
    taps: int
    stride: int
    dilation: int
    start: int
    count: int  # type: ignore[assignment]  # which hides a method of tuples

    @classmethod
    def over(cls, size: int, taps: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Windows:
        """All windows that fit into `size` entries with `padding` on either side."""
        return cls(
            size, taps, stride, dilation, -padding, (size + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
        )

    @property
    def reach(self) -> int:
        """The entries from a window's first to its last."""
        return (self.taps - 1) * self.dilation + 1

    @property
    def trivial(self) -> bool:
        """Whether every window is one entry, and every entry one window."""
        return self.taps == self.stride == 1 and self.start == 0 and self.count == self.size

    def seen(self, tap: int) -> tuple[slice, slice]:
        """Which windows have an entry, and no padding, at `tap`, and those entries: two slices of the same length.

        >>> Windows.over(size=5, taps=3, stride=2, padding=1).seen(0)
        (slice(1, 3, None), slice(1, 4, 2))
        """
        first = self.start + tap * self.dilation
        low = max(0, -(first // self.stride))
        high = min(self.count, (self.size - 1 - first) // self.stride + 1)
        if low >= high:
            return slice(0, 0), slice(0, 0)
        return slice(low, high), slice(first + low * self.stride, first + (high - 1) * self.stride + 1, self.stride)


class Every(NamedTuple):
    """Results `first`, `first + step`, …, and the windows that they belong to."""

    first: int
    step: int
    windows: Windows


Along = Sequence[Every]  # all windows along one dimension; those that are evenly spaced together


def adaptive(size: int, count: int) -> Along:
    """Windows that cut `size` entries into `count` parts, as equal as can be, overlapping where they cannot.

    The o-th sees entries ``⌊o·size/count⌋`` to ``⌈(o+1)·size/count⌉``. If size and count have a common divisor, the
    windows of every (count / divisor)-th result are alike, and evenly spaced.

    >>> [(first, step, windows.start, windows.taps) for first, step, windows in adaptive(size=6, count=4)]
    [(0, 2, 0, 2), (1, 2, 1, 2)]
    """
    alike = math.gcd(size, count) or 1
    step, stride = count // alike, max(size // alike, 1)
    starts = [o * size // count for o in range(step)]
    taps = [-(-(o + 1) * size // count) - starts[o] for o in range(step)]
    return [Every(o, step, Windows(size, taps[o], stride, 1, starts[o], alike)) for o in range(step)]


def seen(along: Along) -> list[tuple[int, slice, slice]]:
    """For every tap: the tap, the results whose windows have an entry there, and those entries."""
    found = []
    for first, step, windows in along:
        for tap in range(windows.taps):
            results, entries = windows.seen(tap)
            if results.stop:
                start, stop = first + results.start * step, first + (results.stop - 1) * step + 1
                found.append((tap, slice(start, stop, step), entries))
    return found


# ---------------------------------------------------------------------------------------------- arguments


def listed(function: str, name: str, value: Any, length: int, least: int | None = None) -> tuple[int, ...]:
    """`value` as `length` integers, none below `least`: one integer stands for as many."""
    values = tuple(value) if isinstance(value, tuple | list) else (value,) * length
    if not all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values):
        raise TypeError(f"{function}: {name} must be an integer or a tuple of {length} integers, but got {value!r}")
    values = tuple(map(int, values)) * (length if len(values) == 1 else 1)
    if len(values) != length:
        raise RuntimeError(f"{function}: {name} must be one integer or {length}, but got {value!r}")
    if least is not None and min(values) < least:
        raise RuntimeError(f"{function}: {name} must not be less than {least}, but got {value!r}")
    return values


# ---------------------------------------------------------------------------------------------- unfold and fold


@op(
    name="unfold",
    method=False,
    input=lambda g, rows, columns: apply(_put_together, g, rows, columns),  # type: ignore[has-type]
)
def _take_apart(input: Array, rows: Windows, columns: Windows) -> Array:
    images, channels = input.shape[:2]
    y = np.zeros_like(input, shape=(images, channels, rows.taps, columns.taps, rows.count, columns.count))
    for i, j in np.ndindex(rows.taps, columns.taps):
        (out_y, in_y), (out_x, in_x) = rows.seen(i), columns.seen(j)
        y[:, :, i, j, out_y, out_x] = input[:, :, in_y, in_x]
    return y.reshape(images, channels * rows.taps * columns.taps, rows.count * columns.count)


@op(name="fold", method=False, input=lambda g, rows, columns: apply(_take_apart, g, rows, columns))
@in_float32
def _put_together(input: Array, rows: Windows, columns: Windows) -> Array:
    images, channels = len(input), input.shape[1] // (rows.taps * columns.taps)
    parts = input.reshape(images, channels, rows.taps, columns.taps, rows.count, columns.count)
    y = np.zeros_like(input, shape=(images, channels, rows.size, columns.size))
    for i, j in np.ndindex(rows.taps, columns.taps):
        (out_y, in_y), (out_x, in_x) = rows.seen(i), columns.seen(j)
        y[:, :, in_y, in_x] += parts[:, :, i, j, out_y, out_x]
    return y


@public(method=False)
def unfold(input: Tensor, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> Tensor:
    """Every window of an image as a column: (N, C, H, W) becomes (N, C·kh·kw, number of windows).

    >>> import minideep
    >>> unfold(minideep.arange(6.0).reshape(1, 1, 2, 3), kernel_size=2)
    tensor([[[0., 1.],
             [1., 2.],
             [3., 4.],
             [4., 5.]]])
    """
    if input.ndim not in (3, 4) or 0 in input.shape[-3:]:
        raise RuntimeError(
            f"unfold: expected an image (C, H, W) or a batch of them (N, C, H, W), none of whose sides is 0, but got "
            f"{input.shape}"
        )
    rows, columns = _windows("unfold", input.shape[-2:], kernel_size, dilation, padding, stride)
    if rows.count < 1 or columns.count < 1:
        raise RuntimeError(
            f"unfold: no window fits: it covers ({rows.reach}, {columns.reach}) entries, but the input has "
            f"{input.shape[-2:]} and the padding is {padding}"
        )
    return batched(lambda images: _take_apart(images, rows, columns), input, 4)


@public(method=False)
def fold(
    input: Tensor,
    output_size: Sizes,
    kernel_size: Sizes,
    dilation: Sizes = 1,
    padding: Sizes = 0,
    stride: Sizes = 1,
) -> Tensor:
    """Windows, one in each column as from `unfold`, added up where they lie in the image: (N, C, H, W) again.

    >>> import minideep
    >>> fold(minideep.ones(1, 4, 2), output_size=(2, 3), kernel_size=2)
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    if input.ndim not in (2, 3) or 0 in input.shape[-2:]:
        raise RuntimeError(
            f"fold: expected windows (C·kh·kw, count) or a batch of them (N, C·kh·kw, count), none of whose sides is "
            f"0, but got {input.shape}"
        )
    rows, columns = _windows(
        "fold", listed("fold", "output_size", output_size, 2), kernel_size, dilation, padding, stride
    )
    length, count = input.shape[-2:]
    if length % (rows.taps * columns.taps):
        raise RuntimeError(
            f"fold: columns of windows of ({rows.taps}, {columns.taps}) have a multiple of {rows.taps * columns.taps} "
            f"entries, but input {input.shape} has {length}"
        )
    if rows.count < 1 or columns.count < 1 or count != rows.count * columns.count:
        raise RuntimeError(
            f"fold: an output of ({rows.size}, {columns.size}) has {max(rows.count, 0)} x {max(columns.count, 0)} "
            f"windows, but input {input.shape} has {count}"
        )
    return batched(lambda images: _put_together(images, rows, columns), input, 3)


def _windows(
    function: str, sizes: Sequence[int], kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes
) -> list[Windows]:
    """The windows along both sides of an image."""
    taps, steps = listed(function, "kernel_size", kernel_size, 2, 1), listed(function, "stride", stride, 2, 1)
    pads, gaps = listed(function, "padding", padding, 2, 0), listed(function, "dilation", dilation, 2, 1)
    return [Windows.over(*settings) for settings in zip(sizes, taps, steps, pads, gaps, strict=True)]


def batched(function: Callable[[Tensor], Tensor], input: Tensor, ndim: int) -> Tensor:
    """A function of batches, of tensors with `ndim` dimensions; also on a single member, which has one less."""
    return function(input) if input.ndim == ndim else squeeze(function(unsqueeze(input, 0)), 0)
