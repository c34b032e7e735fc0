"""Datasets of images that are held in memory, as bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from ...autograd.graph import make_tensor
from ...tensor import Tensor
from ..collate import default_convert
from ..dataset import Batch, Dataset, rows

Transform = Callable[[Any], Any] | None


class Images(Dataset[tuple[Any, Any]]):
    """Images with labels: sample i is (image, label), an array of bytes (H, W) or (H, W, C) and a number.

    `data` (N, H, W) or (N, H, W, C) of uint8 and `targets` (N,) of int64 are all of them, `tensors` all of them in the
    form that a net takes. `transform` and `target_transform` are applied to a sample when it is asked for. A loader
    slices whole batches out of `data`, and has a transform that is `batched` (those of minideep.transforms are, by and
    large) change all images of a batch at once.
    """

    classes: ClassVar[Sequence[str]] = ()

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, transform: Transform = None, target_transform: Transform = None
    ) -> None:
        self.data = make_tensor(np.array(images, np.uint8, order="C"))
        self.targets = make_tensor(labels.astype(np.int64))
        self.transform, self.target_transform = transform, target_transform

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.classes)}

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """All images as float32 (N, C, H, W) from 0 to 1, and all labels; made anew each time.

        ``TensorDataset(*dataset.tensors)`` is the quickest thing that a loader can be given.
        """
        images = self.data.array
        channels = images[:, None] if images.ndim == 3 else np.moveaxis(images, -1, 1)
        return make_tensor(np.divide(channels, np.float32(255), order="C")), self.targets

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self.data.array[index].copy(), int(self.targets.array[index])
        return (
            image if self.transform is None else self.transform(image),
            target if self.target_transform is None else self.target_transform(target),
        )

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Any]:
        if self.target_transform is None and getattr(self.transform, "batched", self.transform is None):
            return Batch(self, indices, lambda: self._columns(indices))
        return [self[index] for index in indices]

    def _columns(self, indices: Sequence[int]) -> list[Any]:
        images, targets = rows((self.data, self.targets), indices)
        if self.transform is None:
            return [images, targets]
        grey = images.ndim == 3  # a batch has channels, be it one
        changed = self.transform(images.array[..., None] if grey else images.array)
        if grey and isinstance(changed, np.ndarray) and changed.shape[-1] == 1:
            changed = changed[..., 0]
        return [default_convert(changed), targets]

    def __len__(self) -> int:
        return len(self.data)

    def __repr__(self) -> str:
        size = "×".join(map(str, self.data.shape[1:3]))
        return f"{type(self).__name__}: {len(self)} images of {size}, {len(self.classes)} classes"
