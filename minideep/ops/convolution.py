"""Convolutions: three ops, each the derivative of the other two; what users call checks and arranges its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..autograd import apply, op, public
from ..autograd.operands import fit
from ..backend import Array
from ..tensor import Tensor
from .columns import Geometry, convolve, convolve_transposed, weight_gradient
from .shape import squeeze, unsqueeze
from .windows import Sizes, Windows, batched, listed

__all__ = ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"]


def _bias_gradient(g: Any) -> Any:
    return fit(g, (1, g.shape[1], 1, 1)).reshape(-1)


@op(
    name="conv2d",
    method=False,
    input=lambda g, weight, geometry: apply(_conv_transpose2d, g, weight, geometry),  # type: ignore[has-type]
    weight=lambda g, input, geometry: apply(_conv2d_weight, input, g, geometry),  # type: ignore[has-type]
    bias=_bias_gradient,
)
def _conv2d(input: Array, weight: Array, geometry: Geometry, bias: Array | None = None) -> Array:
    return convolve(input, weight, bias, geometry)


@op(
    name="conv_transpose2d",
    method=False,
    input=lambda g, weight, geometry: apply(_conv2d, g, weight, geometry),
    weight=lambda g, input, geometry: apply(_conv2d_weight, g, input, geometry),  # type: ignore[has-type]
    bias=_bias_gradient,
)
def _conv_transpose2d(input: Array, weight: Array, geometry: Geometry, bias: Array | None = None) -> Array:
    return convolve_transposed(input, weight, bias, geometry)


@op(
    name="conv2d_weight",
    method=False,
    input=lambda g, grad_output, geometry: apply(_conv_transpose2d, grad_output, g, geometry),
    grad_output=lambda g, input, geometry: apply(_conv2d, input, g, geometry),
)
def _conv2d_weight(input: Array, grad_output: Array, geometry: Geometry) -> Array:
    return weight_gradient(input, grad_output, geometry)


# ---------------------------------------------------------------------------------------------- arguments

_LENGTHWISE = Windows.over(size=1, taps=1)  # the width of a signal, which has none


def _check(
    name: str, input: Tensor, weight: Tensor, bias: Tensor | None, sides: int, groups: int, transposed: bool = False
) -> None:
    """Whether weight and bias suit the input, which has `sides` dimensions besides channels and batch."""
    if input.ndim not in (sides + 1, sides + 2):
        image = ", ".join("CHW"[: sides + 1] if sides == 2 else "CL")
        raise RuntimeError(f"{name}: expected an input ({image}) or a batch (N, {image}), but got {input.shape}")
    if weight.ndim != sides + 2 or 0 in weight.shape[2:] or not weight.shape[0]:
        raise RuntimeError(
            f"{name}: expected a weight with {sides + 2} dimensions, none of size 0, but got {weight.shape}"
        )
    if groups < 1:
        raise RuntimeError(f"{name}: groups must not be less than 1, but got {groups}")
    if weight.shape[0] % groups:
        raise RuntimeError(
            f"{name}: {weight.shape[0]} filters (weight {weight.shape}) cannot be cut into {groups} groups"
        )
    wanted = weight.shape[0] if transposed else weight.shape[1] * groups
    channels = input.shape[-sides - 1]
    if channels != wanted:
        raise RuntimeError(
            f"{name}: weight {weight.shape} with groups={groups} wants {wanted} input channels, but input "
            f"{input.shape} has {channels}"
        )
    filters = weight.shape[1] * groups if transposed else weight.shape[0]
    if bias is not None and bias.shape != (filters,):
        raise RuntimeError(f"{name}: weight {weight.shape} wants a bias of shape ({filters},), but got {bias.shape}")
    dtypes = [t.dtype for t in (input, weight, bias) if t is not None]
    if any(dtype != dtypes[0] for dtype in dtypes):
        raise RuntimeError(
            f"{name}: expected input, weight and bias of one dtype, but got {', '.join(map(str, dtypes))}; convert "
            "with .to(dtype)"
        )


def _windows(
    name: str, sizes: Sequence[int], kernel: Sequence[int], stride: Sizes, padding: Sizes | str, dilation: Sizes
) -> list[Windows]:
    """The windows of a convolution along each side of its input."""
    sides = len(sizes)
    steps, gaps = listed(name, "stride", stride, sides, 1), listed(name, "dilation", dilation, sides, 1)
    if padding == "same":
        if max(steps) > 1:
            raise RuntimeError(f"{name}: padding='same' goes with stride 1, but stride is {stride}")
        # If the padding is odd, there is one entry more behind than in front.
        return [
            Windows(size, taps, 1, gap, -(gap * (taps - 1) // 2), size)
            for size, taps, gap in zip(sizes, kernel, gaps, strict=True)
        ]
    if isinstance(padding, str) and padding != "valid":
        raise RuntimeError(f"{name}: padding must be 'same', 'valid' or a number, but got {padding!r}")
    pads = (0,) * sides if padding == "valid" else listed(name, "padding", padding, sides, 0)
    windows = [Windows.over(*settings) for settings in zip(sizes, kernel, steps, pads, gaps, strict=True)]
    if min(along.count for along in windows) < 1:
        padded = tuple(size + 2 * pad for size, pad in zip(sizes, pads, strict=True))
        raise RuntimeError(
            f"{name}: the kernel reaches over {tuple(along.reach for along in windows)} entries, but the padded input "
            f"has only {padded}"
        )
    return windows


def _transposed_windows(
    name: str,
    counts: Sequence[int],
    kernel: Sequence[int],
    stride: Sizes,
    padding: Sizes,
    output_padding: Sizes,
    dilation: Sizes,
) -> list[Windows]:
    """The windows of the convolution that a transposed one reverses: its input has one entry for each of them."""
    sides = len(counts)
    steps, gaps = listed(name, "stride", stride, sides, 1), listed(name, "dilation", dilation, sides, 1)
    pads, more = listed(name, "padding", padding, sides, 0), listed(name, "output_padding", output_padding, sides, 0)
    if any(extra >= max(step, gap) for extra, step, gap in zip(more, steps, gaps, strict=True)):
        raise RuntimeError(
            f"{name}: output_padding must be smaller than the stride or the dilation, but output_padding is {more}, "
            f"stride {steps} and dilation {gaps}"
        )
    windows = [
        Windows((count - 1) * step - 2 * pad + gap * (taps - 1) + extra + 1, taps, step, gap, -pad, count)
        for count, taps, step, pad, extra, gap in zip(counts, kernel, steps, pads, more, gaps, strict=True)
    ]
    if min(along.size for along in windows) < 1:
        raise RuntimeError(
            f"{name}: an input of {tuple(counts)} gives an output of {tuple(along.size for along in windows)}, which "
            "is too small; use less padding"
        )
    return windows


# ---------------------------------------------------------------------------------------------- the functions


@public(method=False)
def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """``y[n,f,i,j] = bias[f] + Σ weight[f,c,a,b] · input[n, c, i·stride + a·dilation - padding, …]`` over c, a, b.

    (N, C, H, W) with a weight (F, C / groups, kh, kw) becomes (N, F, H', W'). Each group of filters sees its own group
    of channels. ``padding="same"`` keeps height and width.

    >>> import minideep
    >>> conv2d(minideep.ones(1, 1, 3, 3), minideep.ones(1, 1, 3, 3), padding=1)
    tensor([[[[4., 6., 4.],
              [6., 9., 6.],
              [4., 6., 4.]]]])
    """
    _check("conv2d", input, weight, bias, 2, groups)
    rows, columns = _windows("conv2d", input.shape[-2:], weight.shape[2:], stride, padding, dilation)
    geometry = Geometry(rows, columns, groups)
    return batched(lambda images: _conv2d(images, weight, geometry, bias), input, 4)


@public(method=False)
def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Tensor:
    """As `conv2d`, over signals (N, C, L) with a weight (F, C / groups, k): a signal is an image one entry wide.

    >>> import minideep
    >>> conv1d(minideep.tensor([[[1.0, 2.0, 4.0, 8.0]]]), minideep.tensor([[[-1.0, 1.0]]]))
    tensor([[[1., 2., 4.]]])
    """
    _check("conv1d", input, weight, bias, 1, groups)
    (rows,) = _windows("conv1d", input.shape[-1:], weight.shape[2:], stride, padding, dilation)
    geometry = Geometry(rows, _LENGTHWISE, groups)
    images, weight = unsqueeze(input, -1), unsqueeze(weight, -1)
    return squeeze(batched(lambda images: _conv2d(images, weight, geometry, bias), images, 4), -1)


@public(method=False)
def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """The gradient of `conv2d` with respect to its input, as a layer: each entry adds its multiple of the kernel.

    (N, C, H, W) with a weight (C, F / groups, kh, kw) becomes (N, F, H', W'), where
    ``H' = (H - 1)·stride - 2·padding + dilation·(kh - 1) + output_padding + 1``.

    >>> import minideep
    >>> conv_transpose2d(minideep.tensor([[[[1.0, 2.0]]]]), minideep.ones(1, 1, 1, 3), stride=2)
    tensor([[[[1., 1., 3., 2., 2.]]]])
    """
    _check("conv_transpose2d", input, weight, bias, 2, groups, transposed=True)
    rows, columns = _transposed_windows(
        "conv_transpose2d", input.shape[-2:], weight.shape[2:], stride, padding, output_padding, dilation
    )
    geometry = Geometry(rows, columns, groups)
    return batched(lambda images: _conv_transpose2d(images, weight, geometry, bias), input, 4)


@public(method=False)
def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Tensor:
    """As `conv_transpose2d`, over signals (N, C, L) with a weight (C, F / groups, k).

    >>> import minideep
    >>> conv_transpose1d(minideep.tensor([[[1.0, 2.0]]]), minideep.tensor([[[1.0, 10.0]]]))
    tensor([[[ 1., 12., 20.]]])
    """
    _check("conv_transpose1d", input, weight, bias, 1, groups, transposed=True)
    (rows,) = _transposed_windows(
        "conv_transpose1d", input.shape[-1:], weight.shape[2:], stride, padding, output_padding, dilation
    )
    geometry = Geometry(rows, _LENGTHWISE, groups)
    images, weight = unsqueeze(input, -1), unsqueeze(weight, -1)
    return squeeze(batched(lambda images: _conv_transpose2d(images, weight, geometry, bias), images, 4), -1)
