"""`Optimizer`: parameters in groups, each with its options, and what an optimizer remembers of each parameter.

An optimizer says three things: which kinds of state it keeps (`slots`, as large as the parameter, and `counters`, one
number for each), and its `rule`: how, at some step and with the options of a group, flat arrays (p, g, *state) are
updated in place. All else is here: groups, gradients that are missing, weight decay, the way from tensors to flat
arrays (`flat.py`), state dicts in PyTorch's layout, hooks.
"""

from __future__ import annotations

import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import is_
from typing import Any, ClassVar, NamedTuple

from ..autograd import enable_grad
from ..autograd.graph import Version
from ..autograd.hooks import RemovableHandle
from ..parallel import share
from ..tensor import Tensor
from .flat import Flat, Run, lay_out, overlapping
from .kernels import Kernel, with_decay
from .options import Group, check_options
from .states import States, packed, unpacked

Parameters = Iterable[Any]  # Tensors, (name, Tensor) pairs, or dicts of options with such under "params"

_WORTH_SHARING = 2**19  # entries, of state too: below, waking another thread takes as long as it saves


def observed(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step with the hooks around it; schedulers want to know that it was made."""

    @functools.wraps(step)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        self: Optimizer = args[0]
        for before in [*self._pre_hooks.values()]:
            result = before(self, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"{type(self).__name__}.step: a pre-hook must return None or a tuple of (args, kwargs), but "
                        f"got {result!r}"
                    )
                args, kwargs = result
        loss = step(*args, **kwargs)
        self.stepped = True
        for after in [*self._post_hooks.values()]:
            after(self, args, kwargs)
        return loss

    return wrapper


class _Layout(NamedTuple):
    """How the parameters of a group were laid out: all of them, those that have never had a gradient, the others."""

    slots: Mapping[str, float]
    params: list[Tensor]
    idle: list[Tensor]
    flats: list[Flat]


class Optimizer:
    """The base of all optimizers: `params` are Tensors, or dicts with Tensors and options of their own.

    `state` is what is remembered of each parameter, `param_groups` the options, which may be changed at any time.
    """

    counters: ClassVar[Mapping[str, float]] = {"step": 0.0}
    needs_whole_tensors: ClassVar[bool] = False  # whether a rule has to see a parameter alone and uncut

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = observed(cls.step)  # type: ignore[method-assign]

    def __init__(self, params: Parameters, defaults: Mapping[str, Any]) -> None:
        self._prepare()
        self.defaults = dict(defaults)
        self.state: States = defaultdict(dict)
        self.param_groups: list[Group] = []
        check_options(type(self).__name__, self.defaults)
        if isinstance(params, Tensor):
            raise TypeError(
                f"{type(self).__name__}: params should be an iterable of Tensors or dicts, but got a Tensor; write "
                "[tensor]"
            )
        listed = list(params)
        if not listed:
            raise ValueError(f"{type(self).__name__}: optimizer got an empty parameter list")
        for group in listed if isinstance(listed[0], dict) else [{"params": listed}]:
            self.add_param_group(group)

    def _prepare(self) -> None:
        self._pre_hooks: dict[Any, Callable[..., Any]] = {}
        self._post_hooks: dict[Any, Callable[..., Any]] = {}
        self._layout: list[_Layout] = []
        self._in_order = False
        self.stepped = False

    def __getstate__(self) -> dict[str, Any]:
        """For copies: what was laid out is laid out again, around the copied state."""
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._prepare()
        self.__dict__.update(state)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])

    # ------------------------------------------------------------------------------------------ groups

    def add_param_group(self, param_group: Group) -> None:
        """Have more parameters updated: a dict with them under "params", and the options that are to differ."""
        name = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(f"{name}: param_group must be a dict, but got {type(param_group).__name__}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                f"{name}: parameters need to be in an ordered collection, but got a set, whose order changes between "
                "runs; use a list instead"
            )
        listed = [params] if isinstance(params, Tensor) else list(params)
        named = [isinstance(p, tuple) for p in listed]
        if any(named):
            if not all(named):
                raise ValueError(f"{name}: all parameters should be with or without names, but some names are missing")
            param_group["param_names"] = [p[0] for p in listed]
            listed = [p[1] for p in listed]
        self._check_parameters(listed, "param_names" in param_group)
        param_group["params"] = listed
        for option, default in self.defaults.items():
            param_group.setdefault(option, default)
        self.param_groups.append(param_group)

    def _check_parameters(self, params: Sequence[Any], named: bool) -> None:
        name = type(self).__name__
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"{name}: an optimizer can only optimize Tensors, but got {type(p).__name__}")
            if not (p.is_leaf or p.retains_grad):
                raise ValueError(
                    f"{name}: can't optimize a non-leaf Tensor (shape {p.shape}): it is computed from others; optimize "
                    "those, or take x.detach().requires_grad_()"
                )
        if len(set(params)) < len(params):
            warnings.warn(
                f"{name}: a parameter group contains duplicate parameters; each of them is updated once a step",
                stacklevel=4,
            )
        for group in self.param_groups:
            if ("param_names" in group) != named:
                raise ValueError(f"{name}: all parameter groups should be with names, or all without")
            if not set(group["params"]).isdisjoint(params):
                raise ValueError(f"{name}: some parameters appear in more than one parameter group")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or with ``set_to_none=False`` write zeros into them."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                    continue
                if p.grad.requires_grad:
                    p.grad = p.grad.detach()
                p.grad.zero_()

    def state_dict(self) -> dict[str, Any]:
        """All that is needed to go on from here: ``state`` by the number of the parameter, and ``param_groups``."""
        return packed(self.state, self.param_groups)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a `state_dict`: minideep's or PyTorch's, of Tensors or arrays, which are copied."""
        self.state, self.param_groups = unpacked(type(self).__name__, state_dict, self.param_groups, self.counters)
        for group in self.param_groups:
            for option, default in self.defaults.items():
                group.setdefault(option, default)  # one that was not there yet when the state was saved

    # ------------------------------------------------------------------------------------------ a step

    def slots(self, group: Group) -> Mapping[str, float]:
        """The kinds of state that are as large as the parameter, with the values that they begin with."""
        return {}

    def rule(self, group: Group, run: Run) -> Kernel:
        """The update at this step as a function of flat arrays (p, g, *state), which changes p and the state in place.

        Weight decay and `maximize` are in g already.
        """
        raise NotImplementedError(f"{type(self).__name__}: write rule(group, run), or a step() of your own")

    @observed
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters that have a gradient; a `closure` computes the loss first, which is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        pieces: list[Callable[[], None]] = []
        versions: list[Version] = []
        work = 0
        if not self._is_laid_out():
            self._lay_out()
        for group, layout in zip(self.param_groups, self._layout, strict=True):
            for flat in layout.flats:
                for run in flat.runs():
                    if "step" in run.counters:
                        run.counters["step"] += 1
                    pieces += run.pieces(with_decay(self.rule(group, run), group), uncut=self.needs_whole_tensors)
                    versions += run.versions
                    work += run.work
        if self._in_order or work < _WORTH_SHARING:
            for piece in pieces:
                piece()
        else:
            share(_call, pieces)
        if versions:
            Version.bump_all(versions)
        return loss

    def _lay_out(self) -> None:
        """Put the parameters of each group, and their state, into flat arrays."""
        shared = overlapping([p for group in self.param_groups for p in group["params"]])
        known = {p for layout in self._layout for flat in layout.flats for p in flat.parameters} | self.state.keys()
        self._in_order = bool(shared)
        self._layout = []
        for group in self.param_groups:
            params, slots = list(group["params"]), self.slots(group)
            active = [p for p in params if p.grad is not None or p in known]  # frozen ones need no state
            alone = set(params) if self.needs_whole_tensors else shared
            flats = lay_out(active, slots, self.counters, self.state, alone)
            self._layout.append(_Layout(slots, params, list(set(params).difference(active)), flats))

    def _is_laid_out(self) -> bool:
        """Whether all is where it was laid out: parameters, their memory, and their state."""
        if len(self._layout) != len(self.param_groups):
            return False
        for group, layout in zip(self.param_groups, self._layout, strict=True):
            params = group["params"]
            if len(params) != len(layout.params) or not all(map(is_, params, layout.params)):
                return False
            if self.slots(group) != layout.slots or any(p.grad is not None for p in layout.idle):
                return False
            for flat in layout.flats:
                if not flat.is_current(self.state):
                    return False
        return True

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return other (args, kwargs)."""
        return RemovableHandle(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return RemovableHandle(self._post_hooks, hook)


def _call(piece: Callable[[], None]) -> None:
    piece()
