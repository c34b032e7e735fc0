"""MNIST, and Fashion-MNIST in the same format: 60,000 images of 28×28 to train, 10,000 to test."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from .download import download as fetch
from .idx import read_idx
from .images import Images, Transform


class MNIST(Images):
    """Handwritten digits (LeCun, Cortes, Burges, 1998), from the four files in `root`/MNIST/raw, gzipped or not."""

    mirrors: ClassVar = [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]
    resources: ClassVar = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    classes: ClassVar = [
        f"{digit} - {word}" for digit, word in enumerate("zero one two three four five six seven eight nine".split())
    ]

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        self.root, self.train = Path(root), train
        if download:
            missing = [(name, md5) for name, md5 in self.resources if not (self.raw_folder / name[:-3]).exists()]
            for name, md5 in missing:
                fetch(type(self).__name__, [mirror + name for mirror in self.mirrors], self.raw_folder / name, md5)
        part = "train" if train else "t10k"
        images_file, labels_file = self._file(f"{part}-images-idx3-ubyte"), self._file(f"{part}-labels-idx1-ubyte")
        images, labels = read_idx(images_file, 3), read_idx(labels_file, 1)
        check_labels(labels_file, labels, len(images), len(self.classes))
        super().__init__(images, labels, transform, target_transform)

    @property
    def raw_folder(self) -> Path:
        return self.root / type(self).__name__ / "raw"

    def _file(self, name: str) -> Path:
        """Where a file is: in its place, or in `root` itself."""
        for path in [folder / (name + end) for folder in (self.raw_folder, self.root) for end in ("", ".gz")]:
            if path.exists():
                return path
        raise RuntimeError(
            f"{type(self).__name__}: Dataset not found: expected {name} or {name}.gz in {self.raw_folder}. You can use "
            "download=True to download it"
        )


class FashionMNIST(MNIST):
    """Clothes in ten classes (Xiao, Rasul, Vollgraf, 2017), from the four files in `root`/FashionMNIST/raw."""

    mirrors: ClassVar = [
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ]
    resources: ClassVar = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes: ClassVar = "T-shirt/top|Trouser|Pullover|Dress|Coat|Sandal|Shirt|Sneaker|Bag|Ankle boot".split("|")


def check_labels(path: Path, labels: np.ndarray, images: int, classes: int) -> None:
    """A label for each image, and each the number of a class."""
    if len(labels) != images:
        raise RuntimeError(f"{path} does not belong to its images: expected {images} labels, but got {len(labels)}")
    if images and labels.max() >= classes:
        raise RuntimeError(f"{path} is corrupted: expected labels from 0 to {classes - 1}, but found {labels.max()}")
