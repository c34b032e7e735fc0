"""Floor 0: values added up at places given by an index, which may mean the same place twice.

``y[index] += values`` would count such a place once. NumPy's ``np.add.at`` counts it as often as it should, and is
quick in one dimension; where whole rows are added, a product with a sparse matrix of ones is ten times as fast.
"""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy as np

from .backend import Array, bool_, float16, float32

_FEW = 16384  # entries that NumPy has added up before SciPy has made a matrix


def sum_at(values: Array, shape: tuple[int, ...], index: tuple[Any, ...]) -> Array:
    """Zeros of `shape`, with `values` added at `index`."""
    if values.dtype == float16:
        return sum_at(values.astype(float32), shape, index).astype(float16)
    arrays = [item for item in index if hasattr(item, "dtype")]
    whole_rows = all(hasattr(item, "dtype") or item == slice(None) for item in index)
    if values.__class__ is np.ndarray and arrays and whole_rows and arrays[0].dtype != bool_:
        return _sum_rows(values, shape, index)
    y = np.zeros_like(values, shape=shape)
    if not arrays or len(arrays) == 1 and arrays[0].dtype == bool_:
        y[index] = values  # no place is meant twice
    else:
        np.add.at(y, index, values)
    return y


def _sum_rows(values: np.ndarray, shape: tuple[int, ...], index: tuple[Any, ...]) -> np.ndarray:
    """`sum_at` in two dimensions: the index becomes numbers of rows, all that lies beyond it their columns."""
    indexed = sum(item.ndim if getattr(item, "dtype", None) == bool_ else 1 for item in index)
    count, width = math.prod(shape[:indexed]), math.prod(shape[indexed:])
    rows = np.arange(count).reshape(shape[:indexed])[index].reshape(-1)
    if width > 1 and values.size > max(_FEW, count * width // 16):
        sparse = importlib.import_module("scipy.sparse")
        columns = (np.ones(len(rows), values.dtype), rows, np.arange(len(rows) + 1))  # in column i a 1, at rows[i]
        y = sparse.csc_array(columns, shape=(count, len(rows))) @ values.reshape(len(rows), width)
        return y if y.shape == shape else y.reshape(shape)
    places = rows if width == 1 else np.add.outer(rows * width, np.arange(width)).reshape(-1)
    y = np.zeros(shape, values.dtype)
    np.add.at(y.reshape(-1), places, values.reshape(-1))
    return y
