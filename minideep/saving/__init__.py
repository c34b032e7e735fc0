"""Saving and loading: state dicts, checkpoints and any other nesting of tensors, numbers and texts; never pickle.

`save` writes the safetensors format. `load` looks at a file's first bytes, not at its name, and reads safetensors,
NumPy's .npy and .npz, and what PyTorch's `torch.save` wrote: without executing anything, whatever the file asks for.
"""

from __future__ import annotations

import os
from typing import Any

from .placement import Placement
from .source import LoadError, opened

__all__ = ["LoadError", "load", "save"]

# What reads and writes is imported when it is used: it needs much of Python's library that is slow to import.


def save(obj: Any, f: Any) -> None:
    """Write an object to a path, replacing the file there as a whole, or to a file object.

    `obj` is a Tensor, an array, a number, a text, None, a dtype, a device, or a nesting of dicts, lists, tuples and
    sets of these. Tensors are saved without their graphs; memory that several share is saved once.
    """
    from .. import files
    from . import formats

    if hasattr(f, "write"):
        formats.write(obj, f)
    elif isinstance(f, str | os.PathLike):
        folder = os.path.dirname(os.path.realpath(f))
        if not os.path.isdir(folder):
            raise RuntimeError(f"save: the folder '{folder}' does not exist; make it first: os.makedirs")
        with files.replacing(f) as file:
            formats.write(obj, file)
    else:
        raise AttributeError(f"save: expected a path or a file object, but got {type(f).__name__}")


def load(f: Any, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """What a file holds: of a path or a file object; a `LoadError` if anything is wrong with it.

    Tensors come back detached, each with memory of its own unless it was shared, on the device they were saved on or
    that `map_location` names: 'cpu', 'cuda:0', or a dict from one to the other.

    >>> import io, minideep
    >>> file = io.BytesIO()
    >>> minideep.save({"epoch": 3, "model": {"weight": minideep.ones(2)}}, file)
    >>> minideep.load(io.BytesIO(file.getvalue()))
    {'epoch': 3, 'model': {'weight': tensor([1., 1.])}}
    """
    from . import formats

    if not weights_only:
        raise ValueError("load: weights_only=False would execute what the file asks for, which is never done here")
    placement = Placement(map_location)
    try:
        with opened(f) as (file, size):
            return formats.read(file, size, placement)
    except LoadError as error:
        name = f"'{os.fspath(f)}'" if isinstance(f, str | os.PathLike) else "the file"
        raise LoadError(f"load: {name} is refused: {error}") from None
