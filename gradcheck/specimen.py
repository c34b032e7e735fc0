"""An op of the catalogue made ready for examination: its function, its declaration, its samples, its counterpart."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import minideep
from minideep.autograd import registry
from minideep.autograd.op import Op
from minideep.tensor import Tensor

from .entry import Entry, Failure, Make, Sample, catalogue
from .evaluation import MINIDEEP, Bound, evaluate, torch


def full_catalogue() -> dict[str, Entry]:
    """All entries, by name; the rooms of the catalogue are imported when it is first asked for."""
    importlib.import_module(".catalogue", __package__)
    return catalogue


class Specimen:
    """What the columns of the table look at."""

    def __init__(self, entry: Entry, seed: int = 0) -> None:
        self.entry, self.seed = entry, seed
        self.name = entry.name

    def __repr__(self) -> str:
        return f"<specimen {self.name}>"

    @functools.cached_property
    def function(self) -> Callable[..., Any]:
        return self.entry.function or find_function(self.name)

    @functools.cached_property
    def op(self) -> Op | None:
        """The declaration, if the function is a declared op and not composed of others."""
        return getattr(self.function, "op", None)

    @functools.cached_property
    def samples(self) -> list[Sample]:
        return list(self.entry.samples(Make(self.seed)))

    @functools.cached_property
    def bound(self) -> list[Bound]:
        return [Bound(sample) for sample in self.samples]

    @property
    def order(self) -> int:
        """How often it can be differentiated at all: 0 or 1 times."""
        return int(self.entry.differentiable)

    @functools.cached_property
    def differentiable(self) -> list[Bound]:
        """The samples with something to differentiate."""
        return [b for b in self.bound if b.arrays] if self.entry.differentiable else []

    def has_numerical_derivative(self, bound: Bound) -> bool:
        """Whether differences can tell what the gradient at a sample should be: of results in full precision, and
        unless it is meant to be something else."""
        if self.entry.deliberate is not None and self.entry.deliberate(bound.original):
            return False
        with np.errstate(all="ignore"):
            results = evaluate(MINIDEEP, self.function, bound, order=0, seed=self.seed).outputs
        floats = [y for y in results if _is_float(y)]
        filled = any(a.size for a in bound.arrays) and any(y.size for y in floats)
        return filled and all(y.dtype == np.float64 for y in floats)

    @functools.cached_property
    def failures(self) -> list[Failure]:
        return list(self.entry.errors(Make(self.seed))) if self.entry.errors else []

    @functools.cached_property
    def torch(self) -> Callable[..., Any] | None:
        """PyTorch's counterpart, where it is installed and has one."""
        if self.entry.torch is None or torch() is None:
            return None
        if callable(self.entry.torch):
            return self.entry.torch
        return find_torch_function(self.entry.torch or self.name)

    @property
    def why_no_torch(self) -> str:
        if self.entry.torch is None:
            return "PyTorch has no counterpart"
        return "PyTorch is not installed"

    @functools.cached_property
    def parameters(self) -> list[str]:
        """The names of the function's parameters."""
        try:
            return list(inspect.signature(self.function).parameters)
        except (ValueError, TypeError):
            return []

    @functools.cached_property
    def random(self) -> bool:
        """Whether the result depends on the seed, for any of the samples."""
        for bound in self.bound:
            try:
                first, second = (evaluate(MINIDEEP, self.function, bound, order=0, seed=s).outputs for s in (1, 2))
            except Exception:  # a sample that fails is the values column's business
                continue
            if any(not np.array_equal(a, b, equal_nan=_is_float(a)) for a, b in zip(first, second, strict=True)):
                return True
        return False

    def seeded(self, bound: Bound) -> Callable[..., Any]:
        """The function with everything but the sample's float arrays filled in, drawing the same numbers every time."""
        fixed = [MINIDEEP.tensor(c) for c in bound.constants]

        def function(*tensors: Tensor) -> Any:
            args, kwargs = bound.fill(tensors, fixed)
            minideep.manual_seed(self.seed)
            return self.function(*args, **kwargs)

        function.__name__ = self.name
        return function


def _is_float(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def find_function(name: str) -> Callable[..., Any]:
    """minideep's function of a name: at the top level, in nn.functional, among the methods, or in the registry."""
    for home in (minideep, minideep.nn.functional, Tensor):
        found = _look_up(home, name)
        if found is not None:
            return found
    if name in registry:
        return registry[name]
    raise LookupError(f"gradcheck: the catalogue has an entry '{name}', but minideep has no such function")


def find_torch_function(name: str) -> Callable[..., Any]:
    library = torch()
    assert library is not None
    for home in (library.torch.nn.functional, library.torch, library.torch.Tensor):
        found = _look_up(home, name)
        if found is not None:
            return found
    raise LookupError(f"gradcheck: PyTorch has no function '{name}'; say torch=None in the entry, or give its name")


def _look_up(home: Any, dotted: str) -> Any:
    for part in dotted.split("."):
        home = getattr(home, part, None)
    return home
