"""Reading pickles without executing them.

A pickle is a program for a small machine with a stack: it pushes numbers and texts, gathers them into containers, and
may have any function of any module called. This machine knows the containers, and calls nothing but the functions it
is given by name; the other instructions do not exist for it.
"""

from __future__ import annotations

import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np

from ..backend import device
from ..tensor import Tensor
from .nesting import DEEPEST, is_key
from .source import LoadError, Source

_LONGEST_NAME = 1000  # bytes
_MAPPINGS = (dict, OrderedDict, Counter)
_SIZED = (str, list, tuple, *_MAPPINGS)
_LEAVES = (str, int, float, bool, type(None), bytes, complex, Tensor, np.dtype, np.generic, device)


class Call(NamedTuple):
    """A function that a pickle may have called: one of ours, standing for the one of that name."""

    name: str
    function: Callable[..., Any]


def _refuse(identity: Any) -> NoReturn:
    raise LoadError("reference: expected all of the object inside the pickle, but it refers to something outside")


def read_pickle(
    source: Source, what: str, known: Mapping[str, Any] | None = None, outside: Callable[[Any], Any] = _refuse
) -> Any:
    """The object that the next pickle in `source` describes.

    `known` holds what it may ask for by its full name; `outside` is called with the identity of what is stored apart.
    """
    machine = _Machine(source, known or {}, outside)
    try:
        result = machine.run()
        _Heights().of(result)
        return result
    except LoadError as error:
        raise LoadError(f"{what}: byte {machine.position}: {error}") from None
    except (ValueError, TypeError, LookupError, struct.error, OverflowError) as error:  # instructions out of order
        raise LoadError(f"{what}: byte {machine.position}: not a sound pickle: {error}") from None


class _Machine:
    """The stack, the stacks below the marks, and the memo."""

    def __init__(self, source: Source, known: Mapping[str, Any], outside: Callable[[Any], Any]) -> None:
        self._source, self._known, self._outside = source, known, outside
        self._begin = self.position = source.position
        self._made = 0  # parts of containers that calls have made
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        while True:
            self.position = self._source.position
            opcode = self._source.take(1, "instruction")
            if opcode == b".":
                return self._stack.pop()
            if opcode not in _INSTRUCTIONS:
                raise LoadError(f"instruction: expected one for tensors and containers, but got {opcode!r}")
            action, *arguments = _INSTRUCTIONS[opcode]
            action(self, *arguments)

    # ------------------------------------------------------------------------------------------ what it reads

    def _count(self, width: int) -> int:
        return int.from_bytes(self._source.take(width, "number"), "little")

    def _sized(self, width: int) -> bytes:
        return self._source.take(self._count(width), "text")

    def skip(self, width: int) -> None:
        self._source.take(width, "number")

    def constant(self, value: Any) -> None:
        self._stack.append(value)

    def new(self, kind: type) -> None:
        self._stack.append(kind())

    def number(self, form: str) -> None:
        self._stack.extend(struct.unpack(form, self._source.take(struct.calcsize(form), "number")))

    def long(self, width: int) -> None:
        self._stack.append(int.from_bytes(self._sized(width), "little", signed=True))

    def text(self, width: int) -> None:
        self._stack.append(self._sized(width).decode("utf-8", "surrogatepass"))

    def bytes(self, width: int) -> None:
        self._stack.append(self._sized(width))

    # ------------------------------------------------------------------------------------------ memo and marks

    def put(self, width: int) -> None:
        self._memo[self._count(width)] = self._stack[-1]

    def memoize(self) -> None:
        self._memo[len(self._memo)] = self._stack[-1]

    def get(self, width: int) -> None:
        self._stack.append(self._memo[self._count(width)])

    def mark(self) -> None:
        self._below.append(self._stack)
        self._stack = []

    def _above_mark(self) -> list[Any]:
        above, self._stack = self._stack, self._below.pop()
        return above

    def pop(self) -> None:
        self._stack.pop()

    # ------------------------------------------------------------------------------------------ containers

    def tuple_of(self, length: int) -> None:
        parts = [self._stack.pop() for _ in range(length)]
        self._stack.append(tuple(reversed(parts)))

    def tuple_above_mark(self) -> None:
        parts = tuple(self._above_mark())
        self._stack.append(parts)

    def append(self) -> None:
        self._extend([self._stack.pop()])

    def appends(self) -> None:
        self._extend(self._above_mark())

    def _extend(self, values: list[Any]) -> None:
        self._top(list).extend(values)

    def setitem(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._update([key, value])

    def setitems(self) -> None:
        self._update(self._above_mark())

    def _update(self, flat: list[Any]) -> None:
        target = self._top(*_MAPPINGS)
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            target[as_key(key)] = value

    def additems(self) -> None:
        values = self._above_mark()
        self._top(set).update(map(as_key, values))

    def _top(self, *kinds: type) -> Any:
        """The topmost value, which must be of one of these very classes: no method of another is ever called."""
        top = self._stack[-1]
        if type(top) not in kinds:
            raise LoadError(f"container: expected a {kinds[0].__name__} to change, but got {_name(top)}")
        return top

    # ------------------------------------------------------------------------------------------ names and calls

    def named(self) -> None:
        self._ask_for(self._line(), self._line())

    def named_on_stack(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self._ask_for(module, name)

    def _line(self) -> str:
        line = b""
        while not line.endswith(b"\n") and len(line) < _LONGEST_NAME:
            line += self._source.take(1, "name")
        return line[:-1].decode()

    def _ask_for(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise LoadError(f"name: expected that of something known, but got {_name(module)} and {_name(name)}")
        full = f"{module}.{name}"
        if full not in self._known:
            raise LoadError(
                f"name: the file asks for {full:.80}; only tensors, containers, numbers and texts are loaded (of "
                "a model, its state_dict())"
            )
        self._stack.append(self._known[full])

    def call(self) -> None:
        arguments, function = self._stack.pop(), self._stack.pop()
        if type(function) is not Call or type(arguments) is not tuple:
            raise LoadError(
                f"call: expected a known function and a tuple, but got {_name(function)} and {_name(arguments)}"
            )
        self._made += len(arguments[0]) if arguments and isinstance(arguments[0], _SIZED) else 0
        if self._made > self._source.position - self._begin:
            raise LoadError(
                "call: expected an object no larger than its pickle, but parts of it are made over and over"
            )
        self._stack.append(function.function(*arguments))

    def build(self) -> None:
        """Give an object its attributes: those of an OrderedDict (a state dict's versions) are not needed."""
        state, target = self._stack.pop(), self._stack[-1]
        if isinstance(target, np.dtype):
            if type(state) is not tuple or state[1] not in ("<", "|"):
                raise LoadError("attributes: expected a dtype of little-endian numbers, but got another")
        elif type(target) is not OrderedDict:
            raise LoadError(f"attributes: expected an OrderedDict to have attributes, but got {_name(target)}")

    def stored(self) -> None:
        self._stack.append(self._outside(self._stack.pop()))


def as_key(value: Any) -> Any:
    """A value that may be a key; hashing others could take forever, or call what is not ours."""
    if not is_key(value):
        raise LoadError(f"key: expected a number, a text or a tuple of these, but got {_name(value)}")
    return value


def _name(value: Any) -> str:
    """What a value is, or for what stands for something of PyTorch's, that one's name."""
    stands_for = isinstance(value, tuple) and hasattr(value, "name")
    return value.name if stands_for else type(value).__name__


# The instructions, by their codes: what they do, and with what.
_INSTRUCTIONS: dict[bytes, tuple[Any, ...]] = {
    b"\x80": (_Machine.skip, 1),  # the version of the protocol
    b"\x95": (_Machine.skip, 8),  # the length of a frame
    b"N": (_Machine.constant, None),
    b"\x88": (_Machine.constant, True),
    b"\x89": (_Machine.constant, False),
    b"]": (_Machine.new, list),
    b")": (_Machine.new, tuple),
    b"}": (_Machine.new, dict),
    b"\x8f": (_Machine.new, set),
    b"K": (_Machine.number, "<B"),
    b"M": (_Machine.number, "<H"),
    b"J": (_Machine.number, "<i"),
    b"G": (_Machine.number, ">d"),
    b"\x8a": (_Machine.long, 1),
    b"\x8b": (_Machine.long, 4),
    b"U": (_Machine.text, 1),  # of Python 2
    b"T": (_Machine.text, 4),  # of Python 2
    b"\x8c": (_Machine.text, 1),
    b"X": (_Machine.text, 4),
    b"\x8d": (_Machine.text, 8),
    b"C": (_Machine.bytes, 1),
    b"B": (_Machine.bytes, 4),
    b"\x8e": (_Machine.bytes, 8),
    b"q": (_Machine.put, 1),
    b"r": (_Machine.put, 4),
    b"\x94": (_Machine.memoize,),
    b"h": (_Machine.get, 1),
    b"j": (_Machine.get, 4),
    b"(": (_Machine.mark,),
    b"0": (_Machine.pop,),
    b"\x85": (_Machine.tuple_of, 1),
    b"\x86": (_Machine.tuple_of, 2),
    b"\x87": (_Machine.tuple_of, 3),
    b"t": (_Machine.tuple_above_mark,),
    b"a": (_Machine.append,),
    b"e": (_Machine.appends,),
    b"s": (_Machine.setitem,),
    b"u": (_Machine.setitems,),
    b"\x90": (_Machine.additems,),
    b"c": (_Machine.named,),
    b"\x93": (_Machine.named_on_stack,),
    b"R": (_Machine.call,),
    b"b": (_Machine.build,),
    b"Q": (_Machine.stored,),
}


class _Heights:
    """How many levels of containers are in an object: each is looked at once, however often it is referred to."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def of(self, value: Any, depth: int = 0) -> int:
        if isinstance(value, _LEAVES):
            return 0
        if type(value) not in (list, tuple, set, *_MAPPINGS):
            raise LoadError(f"object: expected tensors, containers, numbers and texts, but got {_name(value)} itself")
        known = self._known.get(id(value))
        if known is None and depth < DEEPEST:
            self._known[id(value)] = DEEPEST  # until it is known: an object inside itself is too deep
            members: Iterable[Any] = value.values() if isinstance(value, dict) else value
            known = 1 + max((self.of(member, depth + 1) for member in members), default=0)
            self._known[id(value)] = known
        if known is None or depth + known > DEEPEST:
            raise LoadError(
                f"object: expected at most {DEEPEST} levels of nesting, but there are more, or a container in itself"
            )
        return known
