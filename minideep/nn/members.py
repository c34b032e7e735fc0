"""What a module consists of: its parameters, buffers and child modules, and how they are registered and found.

The values are ordinary attributes, so reading one costs what reading any attribute does; beside them stands, for each
name, what kind of member it is, in the order of registration.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterator
from typing import Any, Self

from ..tensor import Tensor
from .parameter import Parameter


class Kind(enum.Enum):
    """What a name of a module stands for; the value is what messages call it."""

    PARAMETER = "parameter"
    BUFFER = "buffer"
    CHILD = "module"


class NoSuchAttribute(AttributeError):
    """The text is put together only when somebody reads it: `hasattr` and the like never do."""

    def __init__(self, owner: Members, attribute: str) -> None:
        super().__init__(owner, attribute)
        self.owner, self.attribute = owner, attribute

    def __str__(self) -> str:
        text = f"'{type(self.owner).__name__}' object has no attribute '{self.attribute}'"
        if "_member_kinds" not in self.owner.__dict__:
            return text + "; its Module.__init__() was not called: begin __init__ with super().__init__()"
        nearest = difflib.get_close_matches(self.attribute, dir(self.owner), 1)
        return text + "".join(f"; did you mean '{name}'?" for name in nearest)

    def __reduce__(self) -> tuple[Any, ...]:
        return AttributeError, (str(self),)  # to be sent to another process, without the module


class Members:
    """The half of `Module` that keeps its members."""

    training: bool
    _member_kinds: dict[str, Kind]
    _unsaved_buffers: set[str]

    def __init__(self) -> None:
        self.__dict__.update(training=True, _member_kinds={}, _unsaved_buffers=set())

    # ------------------------------------------------------------------------------------------ registering

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or (None) a name kept for one."""
        self._check_new(name, Kind.PARAMETER)
        self._keep(name, param, Kind.PARAMETER)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that belongs to the module's state but is not learnt; one not `persistent` is never saved."""
        self._check_new(name, Kind.BUFFER)
        self._keep(name, tensor, Kind.BUFFER)
        (self._unsaved_buffers.discard if persistent else self._unsaved_buffers.add)(name)

    def add_module(self, name: str, module: Members | None) -> None:
        """Add a child module, or (None) a name kept for one."""
        self._check_new(name, Kind.CHILD)
        self._keep(name, module, Kind.CHILD)

    register_module = add_module

    def _check_new(self, name: str, kind: Kind) -> None:
        """Refuse names that would not do, or that stand for something else."""
        what = f"{type(self).__name__}.register_{kind.value}: {kind.value} name"
        if not isinstance(name, str):
            raise TypeError(f"{what} should be a string, but got {name!r}")
        if "." in name:
            raise KeyError(f"{what} can't contain '.', but got '{name}'")
        if not name:
            raise KeyError(f"{what} can't be an empty string")
        known = self._kinds_or_error(name, kind).get(name)
        if known is not kind and (name in self.__dict__ or hasattr(type(self), name)):
            raise KeyError(f"{what} will not do: attribute '{name}' already exists; choose another")

    def _kinds_or_error(self, name: str, kind: Kind) -> dict[str, Kind]:
        kinds = self.__dict__.get("_member_kinds")
        if kinds is None:
            raise AttributeError(
                f"{type(self).__name__}: cannot assign {kind.value} '{name}' before Module.__init__() call; begin "
                "__init__ with super().__init__()"
            )
        return kinds

    def _keep(self, name: str, value: Any, kind: Kind) -> None:
        """Make `value` the member of that name."""
        kinds = self._kinds_or_error(name, kind)
        wanted, expected = _WANTED[kind]
        if value is not None and not isinstance(value, wanted):
            replace = f"; write nn.Parameter(…) to replace it, or {name}.data = … to change its values"
            raise TypeError(
                f"{type(self).__name__}: cannot assign '{type(value).__name__}' as {kind.value} '{name}' ({expected} "
                "or None expected)" + (replace if wanted is Parameter and isinstance(value, Tensor) else "")
            )
        if kind is Kind.PARAMETER and value is not None and value.grad_fn is not None:
            raise ValueError(
                f"{type(self).__name__}: cannot assign non-leaf Tensor to parameter '{name}'; to express '{name}' as a "
                "function of another Tensor, compute the value in the forward() method"
            )
        if kinds.get(name) is not kind:
            self._forget(name)
            kinds[name] = kind
        self.__dict__[name] = value

    def _forget(self, name: str) -> None:
        self._member_kinds.pop(name, None)
        self._unsaved_buffers.discard(name)

    # ------------------------------------------------------------------------------------------ attributes

    def __setattr__(self, name: str, value: Any) -> None:
        kind = self.__dict__.get("_member_kinds", {}).get(name)
        if isinstance(value, Parameter):
            if kind is not Kind.PARAMETER:
                self.__dict__.pop(name, None)
            self.register_parameter(name, value)
        elif isinstance(value, Members) and kind is not Kind.PARAMETER:
            self._keep(name, value, Kind.CHILD)
        elif kind is not None:
            self._keep(name, value, kind)
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        """Asked for what is not there, or for a property that looked for something that is not there."""
        prop = getattr(type(self), name, None)
        if isinstance(prop, property) and prop.fget is not None:
            return prop.fget(self)  # again, to raise its own error rather than one that says it does not exist
        raise NoSuchAttribute(self, name)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        if "_member_kinds" in self.__dict__:
            self._forget(name)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Of a copy, also of a shallow one: the registries are its own."""
        kinds, unsaved = dict(state["_member_kinds"]), set(state["_unsaved_buffers"])
        self.__dict__.update(state, _member_kinds=kinds, _unsaved_buffers=unsaved)

    def __dir__(self) -> list[str]:
        return [name for name in super().__dir__() if not name[0].isdigit()]

    # ------------------------------------------------------------------------------------------ finding

    def _members(self, kind: Kind) -> dict[str, Any]:
        attributes = self.__dict__
        return {name: attributes[name] for name, known in self._member_kinds.items() if known is kind}

    @property
    def _parameters(self) -> dict[str, Parameter | None]:
        """The module's own parameters; a copy, as the next two: to add one, assign it."""
        return self._members(Kind.PARAMETER)

    @property
    def _buffers(self) -> dict[str, Tensor | None]:
        return self._members(Kind.BUFFER)

    @property
    def _modules(self) -> dict[str, Self | None]:
        return self._members(Kind.CHILD)

    def named_children(self) -> Iterator[tuple[str, Self]]:
        """The modules directly inside this one, each once, under the first of its names."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Self]:
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Self]]:
        """This module and all inside it, depth first, with their names from here: '', 'layer1', 'layer1.0', ….

        What is in `memo`, or came before, is left out, unless `remove_duplicate` is off.
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def modules(self) -> Iterator[Self]:
        return (module for _, module in self.named_modules())

    def _named_members(self, kind: Kind, prefix: str, recurse: bool, remove_duplicate: bool) -> Iterator[Any]:
        owners = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        seen = set()
        for path, module in owners:
            for name, value in module._members(kind).items():
                if value is not None and value not in seen:
                    if remove_duplicate:
                        seen.add(value)
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """The parameters of this module, and with `recurse` of all inside it; a shared one under its first name."""
        return self._named_members(Kind.PARAMETER, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (param for _, param in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """As `named_parameters`, of the buffers."""
        return self._named_members(Kind.BUFFER, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    # ------------------------------------------------------------------------------------------ by name

    def get_submodule(self, target: str) -> Self:
        """The module of that name, as `named_modules` spells it: '' is this one, 'layer1.0' one two steps down."""
        module = self
        for name in target.split(".") if target else ():
            module = module._member("get_submodule", name, Kind.CHILD)
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter of that name, as `named_parameters` spells it."""
        path, _, name = target.rpartition(".")
        return self.get_submodule(path)._member("get_parameter", name, Kind.PARAMETER)

    def get_buffer(self, target: str) -> Tensor:
        """The buffer of that name, as `named_buffers` spells it."""
        path, _, name = target.rpartition(".")
        return self.get_submodule(path)._member("get_buffer", name, Kind.BUFFER)

    def _member(self, caller: str, name: str, kind: Kind) -> Any:
        if self._member_kinds.get(name) is kind and (value := self.__dict__[name]) is not None:
            return value
        what = f"'{name}' is not a {kind.value}" if hasattr(self, name) else f"there is no '{name}'"
        names = ", ".join(self._members(kind)) or "none"
        raise AttributeError(f"{caller}: {what} of {type(self).__name__}, whose {kind.value}s are: {names}")


_WANTED: dict[Kind, tuple[Any, str]] = {
    Kind.PARAMETER: (Parameter, "nn.Parameter"),
    Kind.BUFFER: (Tensor, "Tensor"),
    Kind.CHILD: (Members, "nn.Module"),
}
