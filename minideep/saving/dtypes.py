"""Numbers in files: safetensors' codes for dtypes, and how bytes become entries of an array.

bfloat16 and the 8-bit floats, which NumPy lacks, become float32: exactly, since float32 has all their numbers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from ..backend import DType, float16, float32
from .source import LoadError

# How the entries are stored.
STORED: dict[str, DType] = {
    code: np.dtype(name)
    for code, name in {
        "BOOL": "bool",
        **{f"{kind[0].upper()}{bits}": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
        **{f"F{bits}": f"float{bits}" for bits in (16, 32, 64)},
        "BF16": "uint16",
        "F8_E4M3": "uint8",
        "F8_E5M2": "uint8",
    }.items()
}


def _bfloat16(bits: np.ndarray) -> np.ndarray:
    """The upper half of a float32."""
    return (bits.astype(np.uint32) << 16).view(float32)


def _float8_e5m2(bits: np.ndarray) -> np.ndarray:
    """The upper half of a float16."""
    return (bits.astype(np.uint16) << 8).view(float16).astype(float32)


def _float8_e4m3(bits: np.ndarray) -> np.ndarray:
    """A float16 whose exponent is 8 too small and has lost its first bit; no infinities, and one nan of each sign."""
    sign, rest = bits & 0x80, bits & 0x7F
    half = (sign.astype(np.uint16) << 8 | rest.astype(np.uint16) << 7).view(float16)
    return np.where(rest == 0x7F, float32.type("nan"), half.astype(float32) * float32.type(256))


def _bool(bits: np.ndarray) -> np.ndarray:
    if bits.view(np.uint8).max(initial=0) > 1:
        raise LoadError("bool: expected bytes of 0 and 1, but there are others")
    return bits


_READ: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "BF16": _bfloat16,
    "F8_E5M2": _float8_e5m2,
    "F8_E4M3": _float8_e4m3,
    "BOOL": _bool,
}
_CODES = {dtype: code for code, dtype in STORED.items() if code not in _READ or code == "BOOL"}
# The codes of the dtypes that tensors can have, by NumPy's short names: 'b1', 'i8', 'f4'.
BY_SHORT_NAME = {dtype.str[1:]: code for dtype, code in _CODES.items()}


def code_of(dtype: DType) -> str | None:
    """The code of a dtype that tensors can have; None for others."""
    return _CODES.get(dtype.newbyteorder("="))


def decoded(data: np.ndarray, code: str, byteorder: str = "little") -> np.ndarray:
    """The entries that bytes hold; the array shares their memory wherever they need no conversion.

    >>> decoded(np.array([0, 0, 128, 63], np.uint8), "F32")
    array([1.], dtype=float32)
    >>> decoded(np.array([192, 63], np.uint8), "BF16")
    array([1.5], dtype=float32)
    """
    entries = data.view(STORED[code])
    if byteorder != sys.byteorder:
        entries = entries.byteswap()
    return _READ[code](entries) if code in _READ else entries


def encoded(array: np.ndarray) -> np.ndarray:
    """The bytes of an array, row by row, little-endian: its own memory where that is what it holds."""
    rows = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    return rows.reshape(-1).view(np.uint8)
