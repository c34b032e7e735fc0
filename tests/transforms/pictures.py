"""What these tests share: pictures to transform, and torchvision to compare with."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from unittest import mock

import numpy as np
import pytest

import minideep as md


def noise(*shape: int, dtype: Any = np.uint8, seed: int = 0) -> np.ndarray:
    """Every pixel at random: any two that are mixed up show."""
    drawn = np.random.default_rng(seed).integers(0, 256, shape)
    return drawn.astype(dtype) if np.dtype(dtype).kind in "iu" else (drawn / 255).astype(dtype)


def gradient(height: int, width: int, dtype: Any = np.uint8) -> np.ndarray:
    """(3, height, width), smooth, and different in every pixel and channel."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([x / width, y / height, 1 - (x + y) / (width + height)])
    return (picture * 255).astype(dtype) if np.dtype(dtype).kind in "iu" else picture.astype(dtype)


def tensors(batch: np.ndarray) -> md.Tensor:
    return md.tensor(batch)


def arrays(batch: np.ndarray) -> np.ndarray:
    """Channels last, as pictures come from files."""
    return np.moveaxis(batch, -3, -1).copy()


def back(img: Any) -> np.ndarray:
    """Channels first again, whichever it was."""
    return img.numpy() if isinstance(img, md.Tensor) else np.moveaxis(img, -1, -3)


def torchvision() -> Any:
    """torchvision, also where its compiled part is missing: what is written in Python does without it."""
    if find_spec("torchvision") is None:
        pytest.skip("torchvision, the oracle, is not installed: pip install --no-deps torchvision")
    torch = pytest.importorskip("torch", reason="PyTorch, on which torchvision runs, is not installed")
    with warnings.catch_warnings(), mock.patch.object(torch.library, "register_fake", return_value=lambda f: f):
        warnings.simplefilter("ignore")
        return import_module("torchvision")
