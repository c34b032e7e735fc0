"""From pictures to what a network takes."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor
from . import functional as F
from .base import Transform

__all__ = ["ConvertImageDtype", "Normalize", "PILToTensor", "ToPILImage", "ToTensor"]


class ToTensor(Transform):
    """A Pillow image, an array (H, W[, C]) or a batch of these as a Tensor; uint8 becomes floats from 0 to 1."""

    def __call__(self, pic: Any) -> Tensor:
        return F.to_tensor(pic)


class PILToTensor(Transform):
    """A Pillow image as a Tensor (C, H, W) of the same dtype."""

    batched = False

    def __call__(self, pic: Any) -> Tensor:
        return F.pil_to_tensor(pic)


class ToPILImage(Transform):
    """A Tensor (C, H, W) or an array (H, W[, C]) as a Pillow image."""

    batched = False

    def __init__(self, mode: str | None = None) -> None:
        self.mode = mode
        self.shown = () if mode is None else ("mode",)

    def __call__(self, pic: Any) -> Any:
        return F.to_pil_image(pic, self.mode)


class ConvertImageDtype(Transform):
    """Images in another dtype, their values on its scale."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def __call__(self, image: Any) -> Any:
        return F.convert_image_dtype(image, self.dtype)


class Normalize(Transform):
    """(x − mean) / std, channel by channel."""

    shown = ("mean", "std")

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        self.mean, self.std, self.inplace = mean, std, inplace

    def __call__(self, tensor: Any) -> Any:
        return F.normalize(tensor, self.mean, self.std, self.inplace)
