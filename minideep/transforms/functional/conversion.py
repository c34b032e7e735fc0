"""Between pictures and Tensors, between dtypes, and to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import backend
from ...autograd.graph import make_tensor
from ...backend import Array, float32, is_floating, module_of, uint8
from ...tensor import Tensor
from .images import Images, as_floats, is_pillow, largest, pillow_array, working

__all__ = ["convert_image_dtype", "normalize", "pil_to_tensor", "to_pil_image", "to_tensor"]

# ---------------------------------------------------------------------------------------------- to Tensors


def _channels_first(name: str, picture: Any) -> Array:
    array = pillow_array(picture) if is_pillow(picture) else picture
    if isinstance(array, Tensor) or not hasattr(array, "__array_function__"):
        raise TypeError(
            f"{name}: pic should be PIL Image or ndarray, but got {type(picture).__name__}"
            + ("; convert_image_dtype takes Tensors to another dtype" if isinstance(array, Tensor) else "")
        )
    if array.ndim < 2:
        raise ValueError(
            f"{name}: pic should be 2/3 dimensional, or a batch (N, H, W, C), but its shape is {array.shape}"
        )
    if array.ndim == 2:
        array = array[..., None]
    return array.swapaxes(-1, -2).swapaxes(-2, -3).copy()


def to_tensor(pic: Any) -> Tensor:
    """A Pillow image or an array (H, W) or (…, H, W, C) as a Tensor (…, C, H, W): uint8 from 0 … 255 to floats 0 … 1.

    >>> to_tensor(np.array([[0, 255]], np.uint8))
    tensor([[[0., 1.]]])
    """
    array = _channels_first("to_tensor", pic)
    if array.dtype == uint8:
        array = array.astype(backend.get_default_dtype()) / 255
    return make_tensor(array)


def pil_to_tensor(pic: Any) -> Tensor:
    """A Pillow image as a Tensor (C, H, W) of the same dtype, its values as they are."""
    if not is_pillow(pic):
        raise TypeError(f"pil_to_tensor: pic should be PIL Image, but got {type(pic).__name__}; to_tensor takes arrays")
    return make_tensor(_channels_first("pil_to_tensor", pic))


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A Tensor (C, H, W) or an array (H, W[, C]) as a Pillow image; floats from 0 … 1 become uint8."""
    from PIL import Image

    array = backend.to_numpy(pic.array) if isinstance(pic, Tensor) else pic
    if not isinstance(array, np.ndarray):
        raise TypeError(f"to_pil_image: pic should be Tensor or ndarray, but got {type(pic).__name__}")
    if array.ndim not in (2, 3):
        raise ValueError(f"to_pil_image: pic should be 2/3 dimensional, but its shape is {array.shape}; take one image")
    if isinstance(pic, Tensor) and array.ndim == 3:
        array = array.transpose(1, 2, 0)
    if is_floating(array.dtype) and mode != "F":
        array = (array * 255).astype(uint8)
    array = np.ascontiguousarray(array[..., 0] if array.shape[2:] == (1,) else array)
    image = Image.fromarray(array)
    return image if mode is None or image.mode == mode else Image.frombytes(mode, image.size, array.tobytes())


# ---------------------------------------------------------------------------------------------- dtypes


def convert(x: Array, dtype: Any) -> Array:
    """`convert_image_dtype` of raw arrays."""
    dtype = np.dtype(dtype)
    if x.dtype == dtype:
        return x
    if is_floating(dtype):
        return x.astype(dtype) if is_floating(x.dtype) else x.astype(dtype) / largest(x.dtype)
    if is_floating(x.dtype):
        # Each integer gets an equal share of 0 … 1, and the last one the end, too.
        return (as_floats(x) * (largest(dtype) + 1.0 - 1e-3)).astype(dtype)
    ours, wanted = int(np.iinfo(x.dtype).max) + 1, int(np.iinfo(dtype).max) + 1
    return (x // (ours // wanted)).astype(dtype) if ours > wanted else x.astype(dtype) * (wanted // ours)


def as_fractions(x: Array) -> Array:
    """Pixels as floats to compute with, of which white is 1."""
    return convert(x, working(x))


def convert_image_dtype(image: Any, dtype: Any = float32) -> Any:
    """Pixels as another dtype, their values on its scale: white is 1 for floats, the greatest number for integers.

    >>> convert_image_dtype(np.array([[0.0, 0.5, 1.0]]), np.uint8)
    array([[  0, 127, 255]], dtype=uint8)
    """
    dtype = np.dtype(dtype)
    bits = 8 * dtype.itemsize - (dtype.kind == "i")
    images = Images("convert_image_dtype", image)
    given = images.array.dtype
    if is_floating(given) and not is_floating(dtype) and np.finfo(given).nmant + 1 < bits:
        raise RuntimeError(
            f"convert_image_dtype: the cast from {given} to {dtype} cannot be performed safely, as not every "
            f"{dtype} is a {given}"
        )
    return image if given == dtype else images.like(convert(images.array, dtype))


# ---------------------------------------------------------------------------------------------- normalize


def normalize(tensor: Any, mean: Any, std: Any, inplace: bool = False) -> Any:
    """(x − mean) / std, channel by channel.

    >>> normalize(to_tensor(np.array([[0.0, 1.0]])), mean=[0.5], std=[0.5])
    tensor([[[-1.,  1.]]], dtype=minideep.float64)
    """
    x = tensor.array if isinstance(tensor, Tensor) else tensor
    if not hasattr(x, "__array_function__") or not is_floating(x.dtype):
        raise TypeError(
            f"normalize: input tensor should be a float tensor, but got {getattr(x, 'dtype', type(x).__name__)}; "
            "ToTensor makes one of a picture, ConvertImageDtype of a Tensor of integers"
        )
    if x.ndim < 3:
        raise ValueError(f"normalize: expected a tensor image of size (…, C, H, W), but its shape is {x.shape}")
    channels = (-1, 1, 1) if isinstance(tensor, Tensor) else (-1,)
    size = x.shape[-len(channels)]
    mean, std = (np.asarray(value, dtype=x.dtype).reshape(-1) for value in (mean, std))
    for name, values in (("mean", mean), ("std", std)):
        if values.size not in (1, size):
            raise ValueError(f"normalize: {name} must be one number for each of {size} channels, but has {values.size}")
    if (std == 0).any():
        raise ValueError(f"normalize: std evaluated to zero as {x.dtype}, leading to division by zero")
    library = module_of(x)
    mean, std = (library.asarray(value.reshape(channels)) for value in (mean, std))
    y = np.subtract(x, mean, out=x if inplace else None)
    y /= std
    if not isinstance(tensor, Tensor):
        return y
    if not inplace:
        return make_tensor(y)
    tensor.version.bump()
    return tensor
