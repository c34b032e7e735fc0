"""State dicts: the parameters and saved buffers of a module by name, and how they get back into it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from ..autograd import no_grad
from ..autograd.hooks import RemovableHandle
from ..construction import as_tensor, from_dlpack
from ..tensor import Tensor
from . import hooks
from .members import Members
from .parameter import Parameter


class StateDict(OrderedDict[str, Any]):
    """Tensors by name; `_metadata` says which version of its class each module had."""

    _metadata: dict[str, dict[str, Any]]


class IncompatibleKeys(NamedTuple):
    """The names that a module has and a state dict lacks, and the other way round."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys!r}, unexpected_keys={self.unexpected_keys!r})"


class Stateful(Members):
    """Adds to `Members` what saves and loads them."""

    # A class whose names change counts up, and tells in `_load_from_state_dict` from its metadata what it is given.
    _version: int = 1
    _module_hooks: hooks.Hooks | None = None  # made when the first hook comes

    def _state(self) -> dict[str, Tensor]:
        """What a state dict holds of this module alone: its parameters, then its saved buffers."""
        own = {**self._parameters, **self._buffers}
        return {name: x for name, x in own.items() if x is not None and name not in self._unsaved_buffers}

    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> Any:
        """An ordered dict of all parameters and saved buffers, detached (unless `keep_vars`), sharing their memory."""
        if destination is None:
            destination = StateDict()
            destination._metadata = {}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = {"version": self._version}
        for name, tensor in self._state().items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        return destination

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy what is given by name into the parameters and buffers; with `assign`, put it in their place.

        Tensors will do, arrays, and what speaks DLPack, as PyTorch's tensors. A shape that differs is an error, and so
        are, if `strict`, names that do not match; one message has them all.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"load_state_dict: expected state_dict to be dict-like, but got {type(state_dict)}")
        found = IncompatibleKeys([], [])
        errors: list[str] = []
        metadata = getattr(state_dict, "_metadata", {})
        with no_grad():
            self._load(OrderedDict(state_dict), "", metadata, assign, found, errors)
        if strict:
            wrong = {"Missing": found.missing_keys, "Unexpected": found.unexpected_keys}
            quoted = {what: ", ".join(f'"{key}"' for key in keys) for what, keys in wrong.items() if keys}
            errors[:0] = [f"{what} key(s) in state_dict: {names}." for what, names in quoted.items()]
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        return found

    def _load(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        metadata: Mapping[str, Any],
        assign: bool,
        found: IncompatibleKeys,
        errors: list[str],
    ) -> None:
        """Load this module and its children; of `state_dict` they know what begins with their prefix."""
        local = dict(metadata.get(prefix[:-1], {}), assign_to_params_buffers=assign)
        self._load_from_state_dict(state_dict, prefix, local, True, *found, errors)
        for name, module in self._modules.items():
            if module is not None:
                below = f"{prefix}{name}."
                part = {key: value for key, value in state_dict.items() if key.startswith(below)}
                module._load(part, below, metadata, assign, found, errors)
        for hook in tuple(self._module_hooks.load_post.values()) if self._module_hooks else ():
            hook(self, found)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module alone. A subclass that renamed something changes `state_dict` first, then calls this."""
        for hook in tuple(self._module_hooks.load_pre.values()) if self._module_hooks else ():
            hook(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own, children = self._state(), self._modules
        for name, current in own.items():
            if prefix + name in state_dict:
                given = _as_tensor(state_dict[prefix + name])
                if isinstance(given, str) or given.shape != current.shape:
                    error_msgs.append(_misfit(prefix + name, current, given))
                elif local_metadata.get("assign_to_params_buffers"):
                    self._assign(name, current, given)
                else:
                    current.copy_(given)
            elif strict:
                missing_keys.append(prefix + name)
        for key in state_dict if strict else ():
            first, _, deeper = key[len(prefix) :].partition(".")
            if key.startswith(prefix) and (first not in children if deeper else first not in own):
                unexpected_keys.append(key)

    def _assign(self, name: str, current: Tensor, given: Tensor) -> None:
        if isinstance(current, Parameter) and not isinstance(given, Parameter):
            given = Parameter(given, current.requires_grad)
        setattr(self, name, given)

    # ------------------------------------------------------------------------------------------ hooks

    def _hooks(self) -> hooks.Hooks:
        if self._module_hooks is None:
            self._module_hooks = hooks.Hooks()
        return self._module_hooks

    def register_load_state_dict_pre_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Before this module is loaded, call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys,
        unexpected_keys, error_msgs)``, which may change the state dict: rename keys, add or drop some."""
        return hooks.add(self._hooks().load_pre, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[[Self, IncompatibleKeys], None]) -> RemovableHandle:
        """After this module is loaded, call ``hook(module, incompatible_keys)``, which may change the lists."""
        return hooks.add(self._hooks().load_post, hook)


def _as_tensor(value: Any) -> Tensor | str:
    """A Tensor, an array or another library's tensor (by way of DLPack) as a Tensor; of anything else, what it is."""
    if isinstance(value, Tensor) or isinstance(getattr(value, "dtype", None), np.dtype):
        return as_tensor(value)
    return from_dlpack(value) if hasattr(value, "__dlpack__") else type(value).__name__


def _misfit(key: str, current: Tensor, given: Tensor | str) -> str:
    """Why a value cannot be loaded."""
    if isinstance(given, str):
        return (
            f'While copying the parameter named "{key}", expected a Tensor or an array from the checkpoint but '
            f"received {given}."
        )
    return (
        f"size mismatch for {key}: copying a param with shape {given.shape} from checkpoint, the shape in current "
        f"model is {current.shape}."
    )
