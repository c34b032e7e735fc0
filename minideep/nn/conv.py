"""Convolutions and transposed convolutions of signals and images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from ..backend import DType
from ..ops.creation import empty
from ..ops.windows import Sizes, listed
from ..tensor import Tensor
from . import functional as F
from .linear import spread_by_fan_in
from .module import Module
from .parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "ConvTranspose1d", "ConvTranspose2d"]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Convolution(Module):
    """What all of them share: settings, parameters and how they are shown."""

    function: ClassVar[Callable[..., Tensor]]
    sides: ClassVar[int]
    transposed: ClassVar[bool]
    padding: Any  # a number for each side, or a word
    weight: Tensor
    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes,
        padding: Sizes | str,
        output_padding: Sizes,
        dilation: Sizes,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: DType | None,
    ) -> None:
        super().__init__()
        name, sides = type(self).__name__, self.sides
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = listed(name, "kernel_size", kernel_size, sides, 1)
        self.stride = listed(name, "stride", stride, sides, 1)
        by_name = isinstance(padding, str) and not self.transposed
        self.padding = padding if by_name else listed(name, "padding", padding, sides, 0)
        self.dilation = listed(name, "dilation", dilation, sides, 1)
        self.output_padding = listed(name, "output_padding", output_padding, sides, 0)
        self.padding_mode = padding_mode
        self._check()
        channels = (in_channels, out_channels // groups) if self.transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(empty(*channels, *self.kernel_size, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_channels, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def _check(self) -> None:
        name = type(self).__name__
        if self.groups <= 0:
            raise ValueError(f"{name}: groups must be a positive integer, but got {self.groups}")
        for side in ("in_channels", "out_channels"):
            if getattr(self, side) % self.groups:
                raise ValueError(
                    f"{name}: {side} must be divisible by groups, but got {getattr(self, side)} and {self.groups}"
                )
        if isinstance(self.padding, str) and self.padding not in ("same", "valid"):
            raise ValueError(f"{name}: padding must be 'same', 'valid' or a number, but got {self.padding!r}")
        if self.padding == "same" and max(self.stride) > 1:
            raise ValueError(f"{name}: padding='same' goes with stride 1, but stride is {self.stride}")
        modes = _PADDING_MODES[:1] if self.transposed else _PADDING_MODES
        if self.padding_mode not in modes:
            raise ValueError(f"{name}: padding_mode must be one of {modes}, but got {self.padding_mode!r}")

    def reset_parameters(self) -> None:
        spread_by_fan_in(self.weight, self.bias)

    def extra_repr(self) -> str:
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        nothing = (0,) * self.sides
        settings = [
            ("padding", self.padding, nothing),
            ("dilation", self.dilation, (1,) * self.sides),
            ("output_padding", self.output_padding, nothing),
            ("groups", self.groups, 1),
            ("bias", self.bias is not None, True),
            ("padding_mode", self.padding_mode, "zeros"),
        ]
        return shown + "".join(f", {name}={value}" for name, value, usual in settings if value != usual)


# ---------------------------------------------------------------------------------------------- convolutions


class _Conv(_Convolution):
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode, device,
            dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = F.pad(input, self._amounts(), self.padding_mode), 0
        return self.function(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _amounts(self) -> list[int]:
        """The padding in front and behind, of the last dimension first, as `pad` wants it."""
        if self.padding == "valid":
            return [0, 0] * self.sides
        if self.padding != "same":
            return [n for padding in reversed(self.padding) for n in (padding, padding)]
        whole = [gap * (taps - 1) for gap, taps in zip(self.dilation, self.kernel_size, strict=True)]
        return [n for both in reversed(whole) for n in (both // 2, both - both // 2)]


class Conv1d(_Conv):
    """Signals (N, C, L) to (N, F, L'), or (C, L) to (F, L'): `out_channels` filters slide over `in_channels` channels.

    The weight is (F, C / groups, k). With ``padding="same"``, L' is L; `padding_mode` is what the padding is filled
    with: "zeros", or as in `ReflectionPad1d`, `ReplicationPad1d`, `CircularPad1d`.
    """

    function = staticmethod(F.conv1d)
    sides = 1


class Conv2d(_Conv):
    """Images (N, C, H, W) to (N, F, H', W'): `out_channels` filters slide over `in_channels` channels.

    ``y[n,f,i,j] = bias[f] + Σ weight[f,c,a,b] · input[n, c, i·stride + a·dilation - padding, …]`` over c, a, b; the
    weight is (F, C / groups, kh, kw). With ``padding="same"``, H' and W' are H and W; `padding_mode` is what the
    padding is filled with: "zeros", "reflect", "replicate" or "circular".

    >>> Conv2d(3, 8, kernel_size=3, padding=1)
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
    """

    function = staticmethod(F.conv2d)
    sides = 2


# ---------------------------------------------------------------------------------------------- transposed


class _ConvTranspose(_Convolution):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias,
            padding_mode, device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        more = self.output_padding if output_size is None else self._output_padding(input, tuple(output_size))
        return self.function(input, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation)

    def _output_padding(self, input: Tensor, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """How much to add at the end of each side of the result to give it the size wanted."""
        name, sides = type(self).__name__, self.sides
        if len(wanted) not in (sides, input.ndim):
            raise ValueError(
                f"{name}: output_size must have {sides} or {input.ndim} sides for an input {input.shape}, but got "
                f"{wanted}"
            )
        wanted = wanted[-sides:]
        least = [
            (n - 1) * step - 2 * padding + gap * (taps - 1) + 1
            for n, step, padding, gap, taps in zip(
                input.shape[-sides:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        more = tuple(size - low for size, low in zip(wanted, least, strict=True))
        if not all(0 <= extra < step for extra, step in zip(more, self.stride, strict=True)):
            most = [low + step - 1 for low, step in zip(least, self.stride, strict=True)]
            raise ValueError(
                f"{name}: output_size must be from {tuple(least)} to {tuple(most)} for an input {input.shape}, but got "
                f"{wanted}"
            )
        return more


class ConvTranspose1d(_ConvTranspose):
    """As `ConvTranspose2d`, over signals: (N, C, L) to (N, F, L')."""

    function = staticmethod(F.conv_transpose1d)
    sides = 1


class ConvTranspose2d(_ConvTranspose):
    """The gradient of a `Conv2d` by its input, as a layer: each entry of (N, C, H, W) adds its multiple of the kernel.

    The result is (N, F, H', W') with ``H' = (H - 1)·stride - 2·padding + dilation·(kh - 1) + output_padding + 1``; the
    weight is (C, F / groups, kh, kw). Strided convolutions make one size of several: which of them to go back to, the
    argument `output_size` of the call says, or `output_padding`.

    >>> ConvTranspose2d(3, 8, kernel_size=3, stride=2)(Tensor([[[[0.0]]] * 3]).reshape(1, 3, 1, 1), (4, 4)).shape
    (1, 8, 4, 4)
    """

    function = staticmethod(F.conv_transpose2d)
    sides = 2
