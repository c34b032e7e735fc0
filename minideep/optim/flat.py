"""How an update of many tensors becomes an update of few arrays.

A call of NumPy's costs about as much as its work on a thousand numbers. So small tensors are laid side by side and
updated as one array: their state always lies so, one array for each kind of it, of which every tensor is shown its
part; parameters and gradients, whose memory is not the optimizer's, are copied together for the step. Large tensors are
updated where they are, piece by piece. Either way a piece of work is small enough to stay in the cache through all the
passes of an update, and pieces can be shared out to several threads.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Container, Mapping, Sequence
from itertools import accumulate, groupby, pairwise
from operator import is_
from typing import Any

import numpy as np

from .. import backend
from ..autograd.graph import make_tensor
from ..backend import Array
from ..tensor import Tensor
from .kernels import Kernel
from .states import States

_SMALL = 2**14  # entries: from here on, copying together and back takes longer than the calls that it saves
_PIECE = 2**17  # entries: with their state, and what is computed in between, two or three megabytes
_NOTHING: dict[str, Any] = {}


class Flat:
    """Parameters of one dtype and device, and their state side by side.

    `slots` names the kinds of state that are as large as the parameter, `counters` those that are one number for each;
    both with the value to begin with. From its first update on, a parameter finds its part of them in `states`; what
    it has there before is taken over.
    """

    def __init__(
        self, parameters: Sequence[Tensor], slots: Mapping[str, float], counters: Mapping[str, float], states: States
    ) -> None:
        like = parameters[0].array
        self.parameters, self.states = parameters, states
        self.shapes = [p.array.shape for p in parameters]
        self.ends = [0, *accumulate(p.array.size for p in parameters)]
        self.slots = {name: np.full_like(like, value, shape=self.ends[-1]) for name, value in slots.items()}
        wide = backend.float64 if backend.get_default_dtype() == backend.float64 else backend.float32
        self.counters = {name: np.full(len(parameters), value, wide) for name, value in counters.items()}
        self.in_place = len(parameters) == 1 and like.flags.c_contiguous
        if not self.in_place:
            self.values, self.gradients = (np.empty_like(like, shape=self.ends[-1]) for _ in range(2))
            self.value_parts, self.gradient_parts = self._parts(self.values), self._parts(self.gradients)
        self.all = Run(self, 0, len(parameters))
        self.shown = self._shown()
        self.fresh = [not self._take_over(i) for i in range(len(parameters))]
        self.memory = self._memory()

    def _parts(self, flat: Array) -> list[Array]:
        """Each parameter's part of a flat array, in its shape."""
        return [flat[i:j].reshape(shape) for (i, j), shape in zip(pairwise(self.ends), self.shapes, strict=True)]

    def _shown(self) -> list[dict[str, Tensor]]:
        """The state of each parameter as Tensors, which are parts of the arrays here."""
        parts = {name: [x[i : i + 1].reshape(()) for i in range(len(x))] for name, x in self.counters.items()}
        parts |= {name: self._parts(x) for name, x in self.slots.items()}
        return [{name: make_tensor(x[i]) for name, x in parts.items()} for i in range(len(self.parameters))]

    def _take_over(self, i: int) -> bool:
        """Copy what is known of a parameter's state, and show the copy instead; False if anything was missing."""
        known, shown = self.states.get(self.parameters[i], _NOTHING), self.shown[i]
        complete = shown.keys() <= known.keys()
        for name in shown.keys() & known.keys():
            if known[name].shape != shown[name].shape:
                raise RuntimeError(
                    f"{name}: expected state of shape {shown[name].shape} for a parameter of shape {self.shapes[i]}, "
                    f"but got {known[name].shape}; does it come from the optimizer of another model?"
                )
            shown[name].array[...] = known[name].array
        if known:
            known.update(shown)
        return complete

    # ------------------------------------------------------------------------------------------ each step

    def is_current(self, states: States) -> bool:
        """Whether nobody has put other arrays, or other state, in the place of those that were laid out."""
        memory = self._memory()
        return states is self.states and len(memory) == len(self.memory) and all(map(is_, memory, self.memory))

    def _memory(self) -> list[Any]:
        memory = [p.array for p in self.parameters]
        if self.shown[0]:
            for p in self.parameters:
                memory += self.states.get(p, _NOTHING).values()
        return memory

    def runs(self) -> list[Run]:
        """Neighbours that have a gradient and are equally far: as a rule, all of them are one run."""
        shapes = [None if p.grad is None else p.grad.array.shape for p in self.parameters]
        kinds = [self.fresh, *[x.tolist() for x in self.counters.values()]]
        if shapes == self.shapes and all(kind.count(kind[0]) == len(kind) for kind in kinds):
            runs = [self.all]
        else:
            runs = self._apart(shapes, kinds)
        for run in runs:
            run.fresh = self.fresh[run.first]
            if run.fresh:
                self._begin(run)
        return runs

    def _apart(self, shapes: Sequence[tuple[int, ...] | None], kinds: Sequence[list[Any]]) -> list[Run]:
        """The runs where there are several, or some parameters have no gradient."""
        for found, expected in zip(shapes, self.shapes, strict=True):
            if found not in (None, expected):
                raise RuntimeError(
                    f"step: expected a gradient of shape {expected}, like its parameter, but p.grad has shape {found}"
                )
        runs = []
        kind_of = list(zip([shape is not None for shape in shapes], *kinds, strict=True))
        for (has_gradient, *_), members in groupby(range(len(shapes)), kind_of.__getitem__):
            indices = list(members)
            if has_gradient:
                runs.append(Run(self, indices[0], indices[-1] + 1))
        return runs

    def _begin(self, run: Run) -> None:
        """Show parameters that are updated for the first time their state."""
        for i in range(run.first, run.first + len(run.parameters)):
            self.fresh[i] = False
            if self.shown[i]:
                self.states.setdefault(self.parameters[i], {}).update(self.shown[i])
        self.memory = self._memory()


class Run:
    """Neighbours in a `Flat` that are updated as one array; `fresh` are those without a step behind them."""

    def __init__(self, flat: Flat, first: int, last: int) -> None:
        members, entries = slice(first, last), slice(flat.ends[first], flat.ends[last])
        self.first, self.parameters, self.in_place, self.fresh = first, flat.parameters[members], flat.in_place, False
        self.versions = [p.version for p in self.parameters]
        self.counters = {name: x[members] for name, x in flat.counters.items()}
        self.slots = [x[entries] for x in flat.slots.values()]
        self.size = entries.stop - entries.start
        self.work = self.size * (1 + len(self.slots))  # how much there is to do, roughly
        if not self.in_place:
            self.together = [flat.values[entries], flat.gradients[entries]]
            parts = flat.value_parts[members], flat.gradient_parts[members]
            self.copies = list(zip(self.parameters, *parts, strict=True))

    def count(self, name: str) -> float:
        """A counter, which is the same for all of a run."""
        return float(self.counters[name][0])

    def pieces(self, kernel: Kernel, uncut: bool = False) -> list[Callable[[], None]]:
        """The update of a run as calls that may be made in any order; one for each tensor if it is to be left uncut."""
        if not self.in_place:
            return [functools.partial(self._update_together, kernel)]
        (p,) = self.parameters
        arrays = [p.array.reshape(-1), p.grad.array.reshape(-1), *self.slots]  # type: ignore[union-attr]
        uncut = uncut or p.array.__class__ is not np.ndarray
        count = 1 if uncut else -(-self.size // _PIECE)
        ends = [self.size * i // count for i in range(count + 1)] if count else []
        return [functools.partial(kernel, *[x[i:j] for x in arrays]) for i, j in pairwise(ends)]

    def _update_together(self, kernel: Kernel) -> None:
        """Copy values and gradients side by side, update them, and copy the values back."""
        for p, value, gradient in self.copies:
            value[...] = p.array
            gradient[...] = p.grad.array  # type: ignore[union-attr]
        kernel(*self.together, *self.slots)
        for p, value, _ in self.copies:
            p.array[...] = value


# ---------------------------------------------------------------------------------------------- which with which


def lay_out(
    parameters: Sequence[Tensor],
    slots: Mapping[str, float],
    counters: Mapping[str, float],
    states: States,
    alone: Container[Tensor] = (),
) -> list[Flat]:
    """Every parameter in a Flat: small ones of one kind together, large ones, and those that must be, alone."""
    lots: list[list[Tensor]] = []
    unfilled: dict[Any, tuple[list[Tensor], int]] = {}  # by kind: the lot that is being filled, and its entries
    for p in dict.fromkeys(parameters):
        if p.numel() >= _SMALL or p in alone:
            lots.append([p])
            continue
        lot, entries = unfilled.get((p.dtype, p.device), ([], 0))
        if not lot or entries + p.numel() > _PIECE:
            lot, entries = [], 0
            lots.append(lot)
        lot.append(p)
        unfilled[p.dtype, p.device] = lot, entries + p.numel()
    return [Flat(lot, slots, counters, states) for lot in lots]


def overlapping(parameters: Sequence[Tensor]) -> set[Tensor]:
    """Those that share memory with another: they have to be updated one after the other."""
    ends = sorted(((str(p.device), *_bounds(p), i) for i, p in enumerate(parameters) if p.numel()), key=lambda x: x[:3])
    shared: set[Tensor] = set()
    reach = ("", 0, -1)  # device, and how far memory reaches on it that belongs to parameter number …
    for device, start, stop, i in ends:
        if device == reach[0] and start < reach[1]:
            shared |= {parameters[reach[2]], parameters[i]}
        if device != reach[0] or stop > reach[1]:
            reach = (device, stop, i)
    return shared


def _bounds(p: Tensor) -> tuple[int, int]:
    """The addresses between which a tensor's entries lie."""
    steps = [(n - 1) * step for n, step in zip(p.shape, p.array.strides, strict=True)]
    start = p.data_ptr()
    return start + sum(min(0, s) for s in steps), start + sum(max(0, s) for s in steps) + p.itemsize
