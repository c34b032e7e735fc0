"""What pictures are made of: arrays of whatever came, images in matplotlib's shape, models that are only looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..autograd import no_grad
from ..backend import get_default_dtype, is_floating, to_numpy
from ..nn import Module
from ..tensor import Tensor


def plain(values: Any) -> np.ndarray:
    """A NumPy array of a Tensor, an array or a list (of tensors)."""
    if isinstance(values, Tensor):
        return to_numpy(values.array)
    if isinstance(values, list | tuple):
        return np.asarray([plain(v) if isinstance(v, Tensor) else v for v in values])
    return np.asarray(values)


def scaled(values: np.ndarray) -> np.ndarray:
    """Brought to 0…1, unless it is there already."""
    values = values.astype(np.float64)
    low, high = (np.nanmin(values), np.nanmax(values)) if values.size else (0.0, 1.0)
    return values if low >= 0 and high <= 1 else (values - low) / (high - low or 1.0)


def as_image(name: str, image: np.ndarray) -> np.ndarray:
    """(H, W) or (H, W, 3) of an image (H, W), (1, H, W), (3, H, W), (H, W, 1) or (H, W, 3); bytes as shares of 255."""
    sides = image.shape
    if image.ndim == 3 and sides[0] in (1, 3):
        image = np.moveaxis(image, 0, -1)
    if image.ndim not in (2, 3) or image.ndim == 3 and image.shape[2] not in (1, 3):
        raise ValueError(f"{name}: expected images (H, W), (1, H, W), (3, H, W) or (H, W, 3), but one is {sides}")
    image = image[..., 0] if image.ndim == 3 and image.shape[2] == 1 else image
    return image / 255.0 if image.dtype == np.uint8 else scaled(image)


def same_length(name: str, **lists: Any) -> None:
    """Refuse what belongs together but is not equally long."""
    lengths = {key: len(values) for key, values in lists.items() if values is not None}
    if len(set(lengths.values())) > 1:
        listed = " and ".join(f"{n} {key}" for key, n in lengths.items())
        raise ValueError(f"{name}: expected one of each for every example, but got {listed}")


@contextmanager
def looking_at(model: Callable[..., Any]) -> Iterator[None]:
    """No graph, and a Module in evaluation; afterwards it is as it was."""
    modules = list(model.modules()) if isinstance(model, Module) else []
    training = [module.training for module in modules]
    try:
        if isinstance(model, Module):
            model.eval()
        with no_grad():
            yield
    finally:
        for module, mode in zip(modules, training, strict=True):
            module.training = mode


def as_input(model: Callable[..., Any], values: Any) -> Tensor:
    """Values as a model takes them: on its device, and in the dtype of its parameters unless they are whole numbers."""
    first = next(iter(model.parameters()), None) if isinstance(model, Module) else None
    tensor = values if isinstance(values, Tensor) else Tensor(plain(values))
    if is_floating(tensor.dtype) or tensor.dtype == np.uint8:
        tensor = tensor.to(get_default_dtype() if first is None else first.dtype)
    return tensor if first is None else tensor.to(first.device)
