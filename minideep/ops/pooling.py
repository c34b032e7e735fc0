"""Pooling: the maximum or the mean of every window, in each channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autograd import apply, op, public
from ..autograd.graph import make_tensor
from ..backend import Array, is_floating, module_of
from ..tensor import Tensor
from . import sliding
from .elementwise import div
from .shape import squeeze, unsqueeze
from .windows import Along, Every, Pair, Sizes, Windows, adaptive, listed

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "avg_pool1d",
    "avg_pool2d", "max_pool1d", "max_pool2d",
]  # fmt: skip

# ---------------------------------------------------------------------------------------------- ops


def _to_maxima(g: Any, which: Any, rows: Along, columns: Along, input_shape: tuple[int, ...]) -> Any:
    return apply(_put_back, g, which, rows, columns, input_shape[-2:])


def _to_windows(g: Any, rows: Along, columns: Along, input_shape: tuple[int, ...]) -> Any:
    return apply(_spread, g, rows, columns, input_shape[-2:])


@op(name="max_pool2d", method=False, input=_to_maxima)
def _pick(input: Array, which: Any, rows: Along, columns: Along, values: Any = None) -> Array:
    """The entries that `which` says to take of each window: `values`, if they are known already."""
    return sliding.pick(input, which, rows, columns) if values is None else values


@op(
    name="max_pool2d_gradient",
    method=False,
    input=lambda g, which, rows, columns: apply(_pick, g, which, rows, columns),
)
def _put_back(input: Array, which: Any, rows: Along, columns: Along, size: Pair) -> Array:
    return sliding.put_back(input, which, rows, columns, size)


@op(name="avg_pool2d", method=False, input=_to_windows)
def _sums(input: Array, rows: Along, columns: Along) -> Array:
    return sliding.sums(input, rows, columns)


@op(
    name="avg_pool2d_gradient",
    method=False,
    input=lambda g, rows, columns: apply(_sums, g, rows, columns),
)
def _spread(input: Array, rows: Along, columns: Along, size: Pair) -> Array:
    return sliding.spread(input, rows, columns, size)


def _maxima(input: Tensor, rows: Along, columns: Along, return_indices: bool) -> Any:
    values, which = sliding.largest(input.array, rows, columns)
    y = _pick(input, which, rows, columns, values)
    return (y, make_tensor(sliding.positions(which, rows, columns))) if return_indices else y


def _means(input: Tensor, rows: Along, columns: Along, divisors: Sequence[Sequence[int]]) -> Tensor:
    """The sum of each window over a divisor: the product of one for its row of windows and one for its column."""
    y = _sums(input, rows, columns)
    rounding_mode = None if is_floating(y.dtype) else "trunc"
    if all(len(set(along)) <= 1 for along in divisors):
        divisor: Any = np.prod([along[0] for along in divisors if along], dtype=int).item()
    else:
        height, width = (module_of(y.array).asarray(along, dtype=y.dtype) for along in divisors)
        divisor = height[:, None] * width
    return div(y, divisor, rounding_mode=rounding_mode)


# ---------------------------------------------------------------------------------------------- arguments


def _check(name: str, input: Tensor, sides: int, full: Sequence[int] | None = None) -> None:
    """Whether the input has channels, `sides` dimensions more, and maybe a batch; and no 0 among the sizes `full`."""
    full = input.shape[-sides - 1 :] if full is None else full
    if input.ndim not in (sides + 1, sides + 2) or 0 in full:
        image = "C, H, W" if sides == 2 else "C, L"
        raise RuntimeError(
            f"{name}: expected an input ({image}) or a batch (N, {image}), and not an empty one, but got {input.shape}"
        )


def _windows(
    name: str,
    sizes: Sequence[int],
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Sizes,
    dilation: Sizes,
    ceil_mode: bool,
) -> list[Windows]:
    """The windows along each side; `ceil_mode` lets one more begin, inside of the input, that reaches over its end."""
    sides = len(sizes)
    kernel = listed(name, "kernel_size", kernel_size, sides, 1)
    steps = kernel if stride in (None, (), []) else listed(name, "stride", stride, sides, 1)
    pads, gaps = listed(name, "padding", padding, sides, 0), listed(name, "dilation", dilation, sides, 1)
    windows = []
    for size, taps, step, pad, gap in zip(sizes, kernel, steps, pads, gaps, strict=True):
        if 2 * pad > taps:
            raise RuntimeError(f"{name}: padding must be at most half of the kernel size {kernel}, but got {padding}")
        along = Windows.over(size, taps, step, pad, gap)
        count = along.count
        if ceil_mode:
            count = -(-(size + 2 * pad - along.reach) // step) + 1
            count -= (count - 1) * step >= size + pad
        windows.append(along._replace(count=count))
    if min(along.count for along in windows) < 1:
        raise RuntimeError(
            f"{name}: no window fits: it covers {tuple(along.reach for along in windows)} entries, but the input has "
            f"{tuple(sizes)} and the padding is {padding}"
        )
    return windows


def _whole(windows: Windows) -> Along:
    return (Every(0, 1, windows),)


_ONE: Along = _whole(Windows.over(size=1, taps=1))  # the height of a signal, which has none


def _adaptive(name: str, sizes: Sequence[int], output_size: Any) -> list[Along]:
    """The windows along each side that give `output_size`, in which None keeps the size."""
    wanted = output_size if isinstance(output_size, tuple | list) else (output_size,) * len(sizes)
    kept = [size if want is None else want for want, size in zip(wanted, sizes, strict=False)]
    if len(wanted) != len(sizes):
        raise RuntimeError(f"{name}: output_size must be one integer or {len(sizes)}, but got {output_size}")
    return [adaptive(*pair) for pair in zip(sizes, listed(name, "output_size", kept, len(sizes), 0), strict=True)]


# ---------------------------------------------------------------------------------------------- max_pool


@public(method=False)
def max_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The greatest entry of every window, (N, C, H, W) to (N, C, H', W').

    Of several alike, the first gets the gradient. The stride is the kernel size unless given. With `return_indices`,
    the result is a pair: the entries, and where in its image each one is, counted row by row.

    >>> import minideep
    >>> max_pool2d(minideep.arange(16.0).reshape(1, 4, 4), kernel_size=2)
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """
    _check("max_pool2d", input, 2)
    windows = _windows("max_pool2d", input.shape[-2:], kernel_size, stride, padding, dilation, ceil_mode)
    return _maxima(input, _whole(windows[0]), _whole(windows[1]), return_indices)


@public(method=False)
def max_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """As `max_pool2d`, over signals (N, C, L)."""
    _check("max_pool1d", input, 1)
    (along,) = _windows("max_pool1d", input.shape[-1:], kernel_size, stride, padding, dilation, ceil_mode)
    return _flat(_maxima(unsqueeze(input, -2), _ONE, _whole(along), return_indices))


@public(method=False)
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """`max_pool2d` with windows that give a result of `output_size`, in which None keeps a side as it is.

    >>> import minideep
    >>> adaptive_max_pool2d(minideep.arange(15.0).reshape(1, 3, 5), (1, 2))
    tensor([[[12., 14.]]])
    """
    _check("adaptive_max_pool2d", input, 2, full=input.shape[1:])
    rows, columns = _adaptive("adaptive_max_pool2d", input.shape[-2:], output_size)
    return _maxima(input, rows, columns, return_indices)


@public(method=False)
def adaptive_max_pool1d(input: Tensor, output_size: Sizes, return_indices: bool = False) -> Any:
    """As `adaptive_max_pool2d`, over signals (N, C, L)."""
    _check("adaptive_max_pool1d", input, 1, full=input.shape[1:])
    (along,) = _adaptive("adaptive_max_pool1d", input.shape[-1:], output_size)
    return _flat(_maxima(unsqueeze(input, -2), _ONE, along, return_indices))


def _flat(result: Any) -> Any:
    """What was pooled as images of height 1, as signals again."""
    return tuple(_flat(part) for part in result) if isinstance(result, tuple) else squeeze(result, -2)


# ---------------------------------------------------------------------------------------------- avg_pool


def _covered(windows: Windows, count_include_pad: bool) -> list[int]:
    """How many entries each window covers, with the padding or without; what lies beyond it never counts."""
    low, high = (windows.start, windows.size - windows.start) if count_include_pad else (0, windows.size)
    starts = [windows.start + o * windows.stride for o in range(windows.count)]
    return [min(start + windows.taps, high) - max(start, low) for start in starts]


@public(method=False)
def avg_pool2d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of every window, (N, C, H, W) to (N, C, H', W').

    Zeros of the padding count, unless `count_include_pad` is False; `divisor_override` takes the place of the count.

    >>> import minideep
    >>> avg_pool2d(minideep.arange(16.0).reshape(1, 4, 4), kernel_size=2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    _check("avg_pool2d", input, 2)
    if divisor_override == 0:
        raise RuntimeError(
            "avg_pool2d: divisor_override must not be 0; leave it out to divide by the size of the windows"
        )
    windows = _windows("avg_pool2d", input.shape[-2:], kernel_size, stride, padding, 1, ceil_mode)
    divisors = [_covered(along, count_include_pad) for along in windows]
    if divisor_override is not None:
        divisors = [[1], [divisor_override]]
    return _means(input, _whole(windows[0]), _whole(windows[1]), divisors)


@public(method=False)
def avg_pool1d(
    input: Tensor,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """As `avg_pool2d`, over signals (N, C, L)."""
    _check("avg_pool1d", input, 1)
    (along,) = _windows("avg_pool1d", input.shape[-1:], kernel_size, stride, padding, 1, ceil_mode)
    divisors = [[1], _covered(along, count_include_pad)]
    return squeeze(_means(unsqueeze(input, -2), _ONE, _whole(along), divisors), -2)


@public(method=False)
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """`avg_pool2d` with windows that give a result of `output_size`, in which None keeps a side as it is.

    >>> import minideep
    >>> adaptive_avg_pool2d(minideep.arange(15.0).reshape(1, 3, 5), (1, 2))
    tensor([[[6., 8.]]])
    """
    _check("adaptive_avg_pool2d", input, 2, full=())
    rows, columns = _adaptive("adaptive_avg_pool2d", input.shape[-2:], output_size)
    return _means(input, rows, columns, [sliding.for_each(along, lambda w, o: w.taps) for along in (rows, columns)])


@public(method=False)
def adaptive_avg_pool1d(input: Tensor, output_size: Sizes) -> Tensor:
    """As `adaptive_avg_pool2d`, over signals (N, C, L)."""
    _check("adaptive_avg_pool1d", input, 1, full=())
    (along,) = _adaptive("adaptive_avg_pool1d", input.shape[-1:], output_size)
    divisors = [[1], sliding.for_each(along, lambda w, o: w.taps)]
    return squeeze(_means(unsqueeze(input, -2), _ONE, along, divisors), -2)
