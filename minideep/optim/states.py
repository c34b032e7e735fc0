"""State dicts of optimizers in PyTorch's layout: parameters are numbered through all groups, in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from ..autograd.graph import make_tensor
from ..backend import CPU, Array, as_array, to_device
from ..tensor import Tensor
from .options import Group

States = defaultdict[Any, dict[str, Any]]  # by parameter: what is remembered of it, by name


def packed(state: Mapping[Any, dict[str, Any]], groups: Sequence[Group]) -> dict[str, Any]:
    """State and groups with numbers in the place of parameters."""
    numbers: dict[int, int] = {}
    packed_groups = []
    start = 0
    for group in groups:
        for number, p in enumerate(group["params"], start):
            numbers.setdefault(id(p), number)
        start += len(group["params"])
        options = {name: value for name, value in group.items() if name != "params"}
        packed_groups.append({**options, "params": [numbers[id(p)] for p in group["params"]]})
    return {
        "state": {numbers.get(id(p), p): dict(values) for p, values in state.items()},
        "param_groups": packed_groups,
    }


def unpacked(
    name: str, state_dict: Mapping[str, Any], groups: Sequence[Group], counters: Container[str]
) -> tuple[States, list[Group]]:
    """What `packed` made into a dict as state and groups again, for the parameters of `groups`."""
    if missing := {"state", "param_groups"} - set(state_dict):
        raise KeyError(f"{name}.load_state_dict: expected the keys state and param_groups, but got no {missing.pop()}")
    saved = state_dict["param_groups"]
    if len(saved) != len(groups):
        raise ValueError(
            f"{name}.load_state_dict: the loaded state dict has a different number of parameter groups, {len(saved)} "
            f"instead of {len(groups)}"
        )
    parameters: dict[Any, Tensor] = {}
    loaded_groups = []
    for number, (old, new) in enumerate(zip(groups, saved, strict=True)):
        if len(new["params"]) != len(old["params"]):
            raise ValueError(
                f"{name}.load_state_dict: the loaded state dict contains a parameter group that doesn't match the size "
                f"of the optimizer's: group {number} has {len(new['params'])} parameters instead of "
                f"{len(old['params'])}"
            )
        parameters |= dict(zip(new["params"], old["params"], strict=True))
        names = {"param_names": old["param_names"]} if "param_names" in old else {}
        options = {option: deepcopy(value) for option, value in new.items() if option != "params"}
        loaded_groups.append({**names, **options, "params": old["params"]})
    state: States = defaultdict(dict)
    for key, values in state_dict["state"].items():
        p = parameters.get(key, key)
        state[p] = {kind: _loaded(value, p, kind in counters) for kind, value in values.items() if value is not None}
    return state, loaded_groups


def _loaded(value: Any, p: Any, is_counter: bool) -> Any:
    """A copy of a value: as a Tensor like its parameter if it is an array of any kind, or a counter, on the CPU."""
    if not (is_counter or isinstance(value, Tensor) or hasattr(value, "__array__")):
        return deepcopy(value)
    array: Array = getattr(value, "array", value)
    if not hasattr(array, "__array_function__"):
        array = np.asarray(array)  # a number, or an array of a library that NumPy can read
    if is_counter:
        return make_tensor(as_array(to_device(array, CPU)).copy())
    like = p.array if isinstance(p, Tensor) else array
    return make_tensor(to_device(array.astype(like.dtype, copy=True), p.device if isinstance(p, Tensor) else CPU))
