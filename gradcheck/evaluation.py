"""Calling an op with a sample and going back through it, in minideep, in PyTorch and on other kinds of arrays alike.

PyTorch's names make this short: both libraries have `autograd.grad` with the same arguments, so one function evaluates
either, and what remains to say of each is how it makes tensors and what it calls dtypes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import minideep
from minideep import autograd, backend
from minideep.autograd.graph import make_tensor
from minideep.tensor import Tensor

from .entry import Sample


class Bound:
    """A sample with its float arrays taken out: `arrays`, and places for others to be put in."""

    def __init__(self, sample: Sample) -> None:
        self.original = sample
        self.arrays: list[np.ndarray] = []
        self.constants: list[np.ndarray] = []  # its other arrays: indices, masks
        self._args = self._take(tuple(sample.args))
        self._kwargs = self._take(dict(sample.kwargs))

    def _take(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            listed = self.arrays if value.dtype.kind == "f" else self.constants
            listed.append(value)
            return _Place(len(listed) - 1, constant=value.dtype.kind != "f")
        return _map_nested(self._take, value)

    def fill(
        self, arrays: Sequence[Any], constants: Sequence[Any], setting: Callable[[Any], Any] = lambda value: value
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments with these in the places of the arrays."""

        def put(value: Any) -> Any:
            if isinstance(value, _Place):
                return (constants if value.constant else arrays)[value.number]
            nested = _map_nested(put, value)
            return setting(value) if nested is value else nested

        return put(self._args), put(self._kwargs)

    def sample(self, arrays: Sequence[np.ndarray], constants: Sequence[np.ndarray] | None = None) -> Sample:
        """The sample with other arrays."""
        args, kwargs = self.fill(arrays, self.constants if constants is None else constants)
        return Sample(*args, **kwargs)


@dataclass(frozen=True)
class _Place:
    number: int
    constant: bool


def _map_nested(function: Callable[[Any], Any], value: Any) -> Any:
    """`function` over what a tuple, list, dict or slice holds; anything else is returned itself."""
    if isinstance(value, list):
        return [function(v) for v in value]
    if isinstance(value, tuple):
        return tuple(function(v) for v in value)
    if isinstance(value, dict):
        return {key: function(v) for key, v in value.items()}
    if isinstance(value, slice):
        return slice(function(value.start), function(value.stop), function(value.step))
    return value


# ---------------------------------------------------------------------------------------------- libraries


class Library:
    """minideep, on a kind of device."""

    name = "minideep"
    kind: type = Tensor
    grad = staticmethod(autograd.grad)
    manual_seed = staticmethod(minideep.manual_seed)

    def __init__(self, device: str = "cpu") -> None:
        self.device = backend.device(device)

    def tensor(self, array: np.ndarray) -> Any:
        return make_tensor(backend.to_device(backend.as_array(array), self.device))

    def numpy(self, tensor: Any) -> np.ndarray:
        return backend.to_numpy(tensor.array)

    def setting(self, value: Any) -> Any:
        return value

    def leaf(self, array: np.ndarray) -> Any:
        return self.tensor(array).requires_grad_()


class Torch(Library):
    """PyTorch, the reference."""

    name = "PyTorch"

    def __init__(self) -> None:
        import torch

        self.torch = torch
        self.kind, self.grad, self.manual_seed = torch.Tensor, torch.autograd.grad, torch.manual_seed  # type: ignore[assignment]

    def tensor(self, array: np.ndarray) -> Any:
        return self.torch.from_numpy(np.array(array, order="C"))

    def numpy(self, tensor: Any) -> np.ndarray:
        return tensor.numpy(force=True)

    def setting(self, value: Any) -> Any:
        if isinstance(value, np.dtype):
            return getattr(self.torch, value.name)
        if isinstance(value, minideep.Generator):
            return self.torch.Generator().manual_seed(value.initial_seed())
        if isinstance(value, minideep.device):
            return str(value)
        return value.item() if isinstance(value, np.generic) else value


@functools.cache
def torch() -> Torch | None:
    """PyTorch, if it is installed."""
    try:
        return Torch()
    except ImportError:
        return None


MINIDEEP = Library()


# ---------------------------------------------------------------------------------------------- evaluating


@dataclass
class Evaluation:
    """What a call returned, and the gradients of its float inputs (and theirs, by inputs and cotangents)."""

    outputs: list[Any]  # NumPy arrays for tensors, other values as they came
    gradients: list[np.ndarray | None]
    second: list[np.ndarray | None]
    raw: list[Any]  # the tensors behind outputs


def evaluate(
    library: Library,
    function: Callable[..., Any],
    bound: Bound,
    arrays: Sequence[np.ndarray] | None = None,
    constants: Sequence[np.ndarray] | None = None,
    order: int = 1,
    seed: int = 0,
    layout: Callable[[np.ndarray], np.ndarray] = lambda cotangent: cotangent,
) -> Evaluation:
    """Call, and go back `order` times with random cotangents that depend on `seed` and the outputs' shapes alone."""
    leaves = [(library.leaf if order else library.tensor)(a) for a in (bound.arrays if arrays is None else arrays)]
    fixed = [library.tensor(c) for c in (bound.constants if constants is None else constants)]
    args, kwargs = bound.fill(leaves, fixed, library.setting)
    library.manual_seed(seed)
    raw = list(parts_of(function(*args, **kwargs)))
    outputs = [library.numpy(y) if isinstance(y, library.kind) else y for y in raw]
    if not order or not leaves:
        return Evaluation(outputs, [], [], raw)
    floats = [(y, a) for y, a in zip(raw, outputs, strict=True) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    us = [library.tensor(layout(u)) for u in cotangents([a for _, a in floats], seed)]
    used = [(y, u) for (y, _), u in zip(floats, us, strict=True) if y.requires_grad]
    gradients = _pull(library, [y for y, _ in used], leaves, [u for _, u in used], order > 1)
    second = _second(library, gradients, [*leaves, *us], seed) if order > 1 else []
    return Evaluation(outputs, [_to_numpy(library, g) for g in gradients], second, raw)


def cotangents(outputs: Sequence[np.ndarray], seed: int) -> list[np.ndarray]:
    """Random weights for outputs.

    They are not the numbers that samples are made of: with those, the rule of a norm would see nothing but zeros.
    """
    rng = np.random.default_rng((seed, 1))
    return [np.asarray(rng.normal(size=y.shape), y.dtype) for y in outputs]


def _pull(library: Library, ys: list[Any], xs: list[Any], us: list[Any], tracked: bool) -> list[Any]:
    if tracked:
        for u in us:
            u.requires_grad_()
    return list(library.grad(ys, xs, us, create_graph=tracked, allow_unused=True)) if ys else [None] * len(xs)


def _second(library: Library, gradients: list[Any], xs: list[Any], seed: int) -> list[np.ndarray | None]:
    weights = cotangents([library.numpy(x) for x in xs[: len(gradients)]], seed + 1)  # for those that are missing, too
    live = [
        (g, library.tensor(w)) for g, w in zip(gradients, weights, strict=True) if g is not None and g.requires_grad
    ]
    targets = [x for x in xs if x.requires_grad]
    arrived = iter(_pull(library, [g for g, _ in live], targets, [w for _, w in live], False))
    return [_to_numpy(library, next(arrived)) if x.requires_grad else None for x in xs]


def _to_numpy(library: Library, tensor: Any) -> np.ndarray | None:
    return None if tensor is None else library.numpy(tensor)


def parts_of(result: Any) -> Iterator[Any]:
    """The tensors and values in a result, whatever nesting of tuples and lists it came in."""
    if isinstance(result, tuple | list):
        for part in result:
            yield from parts_of(part)
    else:
        yield result


# ---------------------------------------------------------------------------------------------- comparing


def difference(found: Any, expected: Any, tolerance: float, dtypes: bool = True, floor: float = 1e-2) -> str:
    """How two results differ, in words; '' if they do not, or by no more than rounding of numbers of their size.

    `floor`: the size of numbers that they are made of, where all cancels out and what is left is their rounding.
    """
    found, expected = (np.asarray(v) if isinstance(v, np.generic) else v for v in (found, expected))
    if not isinstance(expected, np.ndarray) or not isinstance(found, np.ndarray):
        same = _plain(found) == _plain(expected)
        return "" if same else f"{_plain(found)!r} where {_plain(expected)!r} is right"
    if found.shape != expected.shape:
        return f"shape {found.shape} where {expected.shape} is right"
    if dtypes and found.dtype != expected.dtype:
        return f"dtype {found.dtype} where {expected.dtype} is right"
    if expected.dtype.kind == found.dtype.kind == "f":
        rounding = 8 * float(np.finfo(found.dtype).eps)
        off = _apart(found.astype(np.float64), expected.astype(np.float64), max(tolerance, rounding), floor)
    else:
        off = found != expected
    if not off.any():
        return ""
    index = tuple(int(i) for i in np.argwhere(off)[0])
    where = f" at {list(index)}" if index else ""
    return f"{found[index]!s} where {expected[index]!s} is right{where} ({off.sum()} of {off.size} entries are off)"


def _apart(found: np.ndarray, expected: np.ndarray, tolerance: float, floor: float) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):
        finite = np.isfinite(expected) & np.isfinite(found)
        scale = np.abs(expected[finite]).max(initial=0)
        near = np.abs(found - expected) <= tolerance * (np.abs(expected) + max(min(scale, 1e3), floor))
    return ~np.where(finite, near, (found == expected) | (np.isnan(found) & np.isnan(expected)))


def _plain(value: Any) -> Any:
    """A result that is no tensor, in a form that compares across libraries: torch.Size and tuple, dtypes by name."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    name = str(value)
    return name.rpartition(".")[2] if name.startswith(("torch.", "minideep.")) else value
