"""What the tests share: PyTorch as the oracle, and how two results are compared."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import pytest

import minideep
from minideep import autograd

torch: Any
try:
    import torch
except ImportError:
    torch = None

NO_TORCH = "PyTorch, the oracle, is not installed: pip install 'minideep[torch]'"
needs_torch = pytest.mark.skipif(torch is None, reason=NO_TORCH)


def agree(program: Callable[[Any], Any], rtol: float = 1e-9, atol: float = 1e-12) -> Any:
    """Run a program on minideep and on PyTorch (its argument), demand the same outcome, and return minideep's.

    The outcome is what the program returns, or the exception it raises.
    """
    ours = outcome(program, minideep)
    if torch is None:
        pytest.skip(NO_TORCH)
    theirs = outcome(program, torch)
    if isinstance(theirs, Exception) or isinstance(ours, Exception):
        same_error(ours, theirs)
    else:
        compare(ours, theirs, rtol, atol)
    return ours


def outcome(program: Callable[[Any], Any], library: Any) -> Any:
    with warnings.catch_warnings():
        if library is torch:
            warnings.simplefilter("ignore")
        try:
            return program(library)
        except Exception as error:
            return error


def same_error(ours: Any, theirs: Any) -> None:
    """Both are exceptions, and ours is of PyTorch's class or a subclass of it."""
    if not isinstance(ours, Exception):
        pytest.fail(f"PyTorch raised {theirs!r}, but minideep returned {ours!r}")
    if not isinstance(theirs, Exception):
        raise ours
    if not isinstance(ours, type(theirs)):
        raise AssertionError(f"PyTorch raised {theirs!r}, but minideep {ours!r}") from ours


def compare(ours: Any, theirs: Any, rtol: float = 1e-9, atol: float = 1e-12, where: str = "result") -> None:
    """The same structure, and in it the same dtypes, shapes and values to within rounding."""
    if isinstance(theirs, tuple | list):
        assert isinstance(ours, tuple | list), f"{where}: expected {len(theirs)} values, but got {ours!r}"
        assert len(ours) == len(theirs), f"{where}: {len(ours)} values instead of {len(theirs)}"
        names = field_names(theirs)
        assert field_names(ours) == names, f"{where}: fields {field_names(ours)} instead of {names}"
        for position, pair in enumerate(zip(ours, theirs, strict=True)):
            compare(*pair, rtol, atol, f"{where}.{names[position]}" if names else f"{where}[{position}]")
    elif isinstance(theirs, torch.Tensor):
        assert isinstance(ours, minideep.Tensor), f"{where}: expected a Tensor, but got {type(ours).__name__}"
        expected = theirs.detach().resolve_neg().numpy()
        assert ours.dtype == expected.dtype, f"{where}: dtype {ours.dtype} instead of {expected.dtype}"
        close(ours.detach().numpy(), expected, rtol, atol, where)
    elif isinstance(theirs, float):
        close(np.float64(ours), np.float64(theirs), rtol, atol, where)
    else:
        assert ours == theirs, f"{where}: {ours!r} instead of {theirs!r}"


def field_names(value: Any) -> tuple[str, ...]:
    """Of a named tuple, PyTorch's kind included: ('values', 'indices')."""
    if type(value) in (tuple, list):
        return ()
    return tuple(getattr(value, "_fields", ())) or tuple(n for n in ("values", "indices") if hasattr(value, n))


def close(ours: np.ndarray, expected: np.ndarray, rtol: float, atol: float, where: str) -> None:
    """Equal shapes and, relative to the largest finite entry (rounding errors are of its size), equal values."""
    assert ours.shape == expected.shape, f"{where}: shape {ours.shape} instead of {expected.shape}"
    if expected.dtype.kind != "f":
        assert np.array_equal(ours, expected), f"{where}:\n{ours}\ninstead of\n{expected}"
        return
    rounding = 8 * float(np.finfo(expected.dtype).eps)
    rtol, atol = max(rtol, rounding), max(atol, rounding)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = float(finite.max()) if finite.size else 0.0
    message = f"{where} differs from PyTorch's"
    np.testing.assert_allclose(ours, expected, rtol=rtol, atol=atol + rtol * scale, equal_nan=True, err_msg=message)


@contextlib.contextmanager
def scratch_registry() -> Iterator[None]:
    """What is declared inside is forgotten afterwards: other tests look through the registry."""
    with (
        mock.patch.dict(autograd.registry),
        mock.patch.dict(autograd.methods),
        mock.patch.dict(autograd.numpy_functions),
    ):
        yield


def local_op(**declaration: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`minideep.autograd.op` for an op of a test's own."""

    def declare(body: Callable[..., Any]) -> Callable[..., Any]:
        with scratch_registry():
            return autograd.op(**declaration)(body)

    return declare
