"""Normalization of channels, with statistics that are kept for evaluation: batch norm and instance norm."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from ..backend import DType, int64
from ..ops.creation import ones, zeros
from ..tensor import Tensor
from . import functional as F
from .normalization import Affine

__all__ = ["BatchNorm1d", "BatchNorm2d", "InstanceNorm1d", "InstanceNorm2d"]


class _ChannelNorm(Affine):
    """What they share: settings, parameters and running statistics."""

    _version = 2  # 1 had no num_batches_tracked
    ranks: ClassVar[dict[int, str]]  # how many dimensions an input may have, and which
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        device: Any,
        dtype: DType | None,
        bias: bool,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        keeps = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, device=device, dtype=dtype) if keeps else None)
        self.register_buffer("running_var", ones(num_features, device=device, dtype=dtype) if keeps else None)
        self.register_buffer("num_batches_tracked", zeros((), device=device, dtype=int64) if keeps else None)
        self._make_parameters((num_features,), affine, bias, device, dtype)

    def reset_running_stats(self) -> None:
        """Forget all batches."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            expected = " or ".join(self.ranks.values())
            raise ValueError(f"{type(self).__name__}: expected an input {expected}, but its shape is {input.shape}")

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *others: Any
    ) -> None:
        key = f"{prefix}num_batches_tracked"
        if (local_metadata.get("version") or 1) < 2 and self.num_batches_tracked is not None:
            state_dict.setdefault(key, self.num_batches_tracked)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


# ---------------------------------------------------------------------------------------------- batch norm


class _BatchNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input(input)
        running_mean, running_var = self.running_mean, self.running_var
        if self.training and not self.track_running_stats:
            running_mean = running_var = None
        return F.batch_norm(
            input,
            running_mean,
            running_var,
            self.weight,
            self.bias,
            self.training or running_mean is None and running_var is None,
            self._count_batch(),
            self.eps,
        )

    def _count_batch(self) -> float:
        """How far this batch moves the running statistics; without a momentum, they are means over all batches."""
        if not self.training or not self.track_running_stats or self.num_batches_tracked is None:
            return self.momentum or 0.0
        count = self.num_batches_tracked
        count.array += 1
        count.version.bump()
        return 1 / count.item() if self.momentum is None else self.momentum


class BatchNorm1d(_BatchNorm):
    """As `BatchNorm2d`, over vectors (N, C) or signals (N, C, L)."""

    ranks: ClassVar = {2: "(N, C)", 3: "(N, C, L)"}


class BatchNorm2d(_BatchNorm):
    """(x − mean) / √(variance + eps) · weight + bias for each channel of a batch (N, C, H, W).

    In training, mean and (biased) variance are the batch's, and running ones, kept as buffers, move toward them (toward
    the unbiased variance) by a share of `momentum`; if that is None, they are means over all batches so far. In
    evaluation the running ones serve, unless ``track_running_stats=False``. Ioffe and Szegedy, "Batch Normalization:
    Accelerating Deep Network Training by Reducing Internal Covariate Shift", 2015.

    >>> norm = BatchNorm2d(1, affine=False)
    >>> norm(Tensor([[[[3.0, 5.0]]]])), norm.running_mean
    (tensor([[[[-1.0000,  1.0000]]]]), tensor([0.4000]))
    """

    ranks: ClassVar = {4: "(N, C, H, W)"}


# ---------------------------------------------------------------------------------------------- instance norm


class _InstanceNorm(_ChannelNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: DType | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        self._check_input(input)
        batch = input if input.ndim == max(self.ranks) else input.unsqueeze(0)
        self._check_channels(batch)
        normalized = F.instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
        )
        return normalized if batch is input else normalized.squeeze(0)

    def _check_channels(self, batch: Tensor) -> None:
        channels, name = batch.shape[1], type(self).__name__
        if channels == self.num_features:
            return
        if self.affine:
            raise ValueError(f"{name}: expected {self.num_features} channels, but the input has {channels}")
        warnings.warn(
            f"{name}: the input has {channels} channels and num_features={self.num_features} is not used, because "
            "affine=False",
            stacklevel=4,
        )


class InstanceNorm1d(_InstanceNorm):
    """As `InstanceNorm2d`, over signals (N, C, L) or (C, L)."""

    ranks: ClassVar = {2: "(C, L)", 3: "(N, C, L)"}


class InstanceNorm2d(_InstanceNorm):
    """As `BatchNorm2d`, with the mean and variance of each channel of each sample by itself; (C, H, W) will do, too.

    Without weight and bias, unless `affine`; in evaluation too, unless `track_running_stats`.
    Ulyanov, Vedaldi and Lempitsky, "Instance Normalization: The Missing Ingredient for Fast Stylization", 2016.
    """

    ranks: ClassVar = {3: "(C, H, W)", 4: "(N, C, H, W)"}
