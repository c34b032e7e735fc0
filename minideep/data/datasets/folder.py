"""Images in files, in a folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..dataset import Dataset
from .images import Transform

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


class ImageFolder(Dataset[tuple[Any, Any]]):
    """`root`/class/…/image.png: sample i is (image, label), labels numbering the classes in alphabetical order.

    An image is an array of bytes (H, W, 3), read by Pillow when it is asked for, or whatever `loader(path)` returns.
    `samples` lists the (path, label) of all.
    """

    def __init__(
        self,
        root: str | Path,
        transform: Transform = None,
        target_transform: Transform = None,
        loader: Callable[[str], Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        self.root, self.transform, self.target_transform = root, transform, target_transform
        self.loader = loader or read_image
        self.classes = sorted(entry.name for entry in os.scandir(root) if entry.is_dir())
        if not self.classes:
            raise FileNotFoundError(f"ImageFolder: Couldn't find any class folder in {root}: expected root/class/image")
        self.class_to_idx = {name: number for number, name in enumerate(self.classes)}
        wanted = is_valid_file or (lambda path: path.lower().endswith(IMG_EXTENSIONS))
        self.samples = [
            (path, number)
            for number, name in enumerate(self.classes)
            for path in _files_below(os.path.join(root, name))
            if wanted(path)
        ]
        self.targets = [number for _, number in self.samples]
        empty = [name for name in self.classes if self.class_to_idx[name] not in set(self.targets)]
        if empty and not allow_empty:
            raise FileNotFoundError(
                f"ImageFolder: Found no valid file for the classes {', '.join(empty)} in {root}. "
                + ("" if is_valid_file else f"Supported extensions are: {', '.join(IMG_EXTENSIONS)}")
            )

    @property
    def imgs(self) -> list[tuple[str, int]]:
        return self.samples

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        image = self.loader(path)
        return (
            image if self.transform is None else self.transform(image),
            target if self.target_transform is None else self.target_transform(target),
        )

    def __len__(self) -> int:
        return len(self.samples)

    def __repr__(self) -> str:
        return f"ImageFolder: {len(self)} images in {self.root}, {len(self.classes)} classes"


def _files_below(folder: str) -> list[str]:
    """The files in a folder and in those below it, in an order that is the same everywhere."""
    found = sorted(os.walk(folder, followlinks=True))
    return [os.path.join(place, name) for place, _, names in found for name in sorted(names)]


def read_image(path: str) -> np.ndarray:
    """An image file as an array of bytes (H, W, 3): red, green, blue."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise RuntimeError(
            "ImageFolder: to read images, Pillow is needed: pip install pillow; or pass a loader= of your own"
        ) from error
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise RuntimeError(f"ImageFolder: {path} is no image, or is truncated or corrupted: {error}") from None
