"""CIFAR-10 and CIFAR-100 (Krizhevsky, 2009): 50,000 colour images of 32×32 to train, 10,000 to test.

Of the versions that are published, this reads the binary one: records of one label (two in CIFAR-100: of twenty groups
of classes, and of the class) and 3,072 bytes, all red ones, all green, all blue. The Python version is a pickle, which
could run any code.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np

from ...autograd.graph import make_tensor
from .download import download as fetch
from .download import written
from .images import Images, Transform
from .mnist import check_labels

_PIXELS = 3 * 32 * 32


class CIFAR10(Images):
    """Ten classes of animals and vehicles, from the files in `root`/cifar-10-batches-bin."""

    base_folder = "cifar-10-batches-bin"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    tgz_md5 = "c32a1d4ab5d03f1284b67883e8d87530"
    train_list: ClassVar = [f"data_batch_{number}.bin" for number in range(1, 6)]
    test_list: ClassVar = ["test_batch.bin"]
    names = "batches.meta.txt"
    labels_each = 1

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Transform = None,
        target_transform: Transform = None,
        download: bool = False,
    ) -> None:
        self.root, self.train = Path(root), train
        if download and not all((self.folder / name).exists() for name in self._files()):
            self._download()
        self.classes = self._file(self.names).read_text().split()  # type: ignore[misc]
        parts = [self._records(self._file(name)) for name in (self.train_list if train else self.test_list)]
        records = np.concatenate(parts)
        images = records[:, self.labels_each :].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
        super().__init__(images, records[:, self.labels_each - 1], transform, target_transform)
        self._more_labels(records)

    def _more_labels(self, records: np.ndarray) -> None:
        """What else the records say."""

    @property
    def folder(self) -> Path:
        return self.root / self.base_folder

    def _files(self) -> list[str]:
        return [*self.train_list, *self.test_list, self.names]

    def _file(self, name: str) -> Path:
        if not (self.folder / name).exists():
            raise RuntimeError(
                f"{type(self).__name__}: Dataset not found or corrupted: expected {name} (of the binary version) in "
                f"{self.folder}. You can use download=True to download it"
            )
        return self.folder / name

    def _records(self, path: Path) -> np.ndarray:
        """The records in a file, (N, labels and pixels)."""
        width = self.labels_each + _PIXELS
        content = np.frombuffer(path.read_bytes(), np.uint8)
        if not content.size or content.size % width:
            raise RuntimeError(
                f"{type(self).__name__}: {path} is truncated or corrupted: expected records of {width} bytes, but "
                f"{content.size} bytes are not a multiple of that"
            )
        records = content.reshape(-1, width)
        check_labels(path, records[:, self.labels_each - 1], len(records), len(self.classes))
        return records

    def _download(self) -> None:
        import shutil
        import tarfile

        archive = self.root / self.url.rpartition("/")[2]
        fetch(type(self).__name__, [self.url], archive, self.tgz_md5)
        wanted = set(self._files())
        with tarfile.open(archive) as files:
            for member in files:
                name = PurePosixPath(member.name).name
                content = files.extractfile(member) if name in wanted else None
                if content is not None:
                    with written(self.folder / name) as file:
                        shutil.copyfileobj(content, file)


class CIFAR100(CIFAR10):
    """A hundred classes, from the files in `root`/cifar-100-binary; `coarse_targets` numbers the twenty groups."""

    base_folder = "cifar-100-binary"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    tgz_md5 = "03b5dce01913d631647c71ecec9e9cb8"
    train_list: ClassVar = ["train.bin"]
    test_list: ClassVar = ["test.bin"]
    names = "fine_label_names.txt"
    labels_each = 2

    def _more_labels(self, records: np.ndarray) -> None:
        self.coarse_targets = make_tensor(records[:, 0].astype(np.int64))
