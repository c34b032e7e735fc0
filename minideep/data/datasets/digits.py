"""Real handwritten digits that come with the package."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from .idx import read_idx
from .images import Images, Transform

_HERE = Path(__file__).parent


class Digits(Images):
    """1,797 handwritten digits of 13 writers, 8×8: the test set of UCI's Optical Recognition of Handwritten Digits.

    Of each digit, every fifth is for testing: 1,442 train, 355 test; `train=None` takes them all, as published. There,
    a pixel counts, from 0 to 16, the black ones in a block of 4×4; here 16 has become 255, as other images have it.
    Where they come from and under which licence: `digits.md` beside this file.

    >>> Digits()
    Digits: 1442 images of 8×8, 10 classes
    """

    classes: ClassVar = [str(digit) for digit in range(10)]

    def __init__(
        self, train: bool | None = True, transform: Transform = None, target_transform: Transform = None
    ) -> None:
        images = read_idx(_HERE / "digits-images-idx3-ubyte.gz", 3)
        labels = read_idx(_HERE / "digits-labels-idx1-ubyte.gz", 1)
        if train is not None:
            fifth = np.zeros(len(labels), bool)
            for digit in range(10):
                fifth[np.flatnonzero(labels == digit)[4::5]] = True
            images, labels = images[fifth != train], labels[fifth != train]
        super().__init__(np.rint(images * (255 / 16)).astype(np.uint8), labels, transform, target_transform)
        self.train = train
