"""Pickles that mean harm: what they ask for is named, and does not happen."""

from __future__ import annotations

import io
import os
import pickle
import time
from pathlib import Path
from typing import Any

import pytest

from minideep import saving
from minideep.saving.pickles import read_pickle
from minideep.saving.source import Source
from minideep.saving.torch_names import KNOWN
from tests.saving import pickled
from tests.saving.corruption import nothing_executed, refusal, same


def read(program: bytes) -> Any:
    """The object that a pickle describes which ends where the program does."""
    data = pickled.pickle_of(program)
    return read_pickle(Source(io.BytesIO(data), len(data)), "pickle", KNOWN)


class Attack:
    """What unpickles by running a command."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.recipe = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.recipe


def attacks(command: str) -> dict[str, bytes]:
    """Programs of pickles that run a command of the shell, and how the refusal names what they ask for."""
    import subprocess

    code = f"__import__('os').system({command!r})"
    text = pickled.text(command)
    system = f"{os.system.__module__}.system"
    programs = {
        f"asks for {system};": pickle.dumps(Attack(os.system, command), 2)[2:-1],
        f"asks for {system}; only tensors, containers, numbers": pickle.dumps(Attack(os.system, command), 4)[2:-1],
        "asks for os.system; only": pickled.call("os.system", text),
        "asks for os.popen; only": pickled.dictionary(model=pickled.call("os.popen", text)),
        "asks for builtins.eval;": pickle.dumps(Attack(eval, code), 4)[2:-1],
        "asks for __builtin__.eval;": pickled.call("__builtin__.eval", pickled.text(code)),
        "asks for builtins.exec;": pickle.dumps([1, Attack(exec, code)], 4)[2:-1],
        "asks for subprocess.Popen;": pickle.dumps(Attack(subprocess.Popen, command, -1, None, None), 4)[2:-1],
        "asks for builtins.getattr;": pickled.call("builtins.getattr", pickled.text(""), pickled.text("format")),
        "asks for collections.OrderedDict.__init__.__globals__;": pickled.text("collections")
        + pickled.text("OrderedDict.__init__.__globals__")
        + b"\x93",
        "asks for torch.storage._load_from_bytes; only": pickled.call("torch.storage._load_from_bytes", b"C\x01."),
        "asks for torch._utils._rebuild_tensor_v2.__globals__;": pickled.name(
            "torch._utils._rebuild_tensor_v2.__globals__"
        ),
        "asks for torch.hub.load; only": pickled.call("torch.hub.load", text),
        "expected a known function and a tuple, but got str and tuple": text + b")R",
        "expected a known function and a tuple, but got torch.Size and list": pickled.name("torch.Size") + b"]R",
        "expected an OrderedDict to have attributes, but got torch.Size": pickled.name("torch.Size")
        + pickled.dictionary(function=text)
        + b"b",
    }
    for opcode in (
        b"ios\nsystem\n",
        b"o",
        b"\x81",
        b"\x92",
        b"\x82\1",
        b"P0\n",
        b"\x97",
        b"\x98",
        b"I1\n",
        b"F1\n",
        b"S'a'\n",
    ):
        instruction = f"instruction: expected one for tensors and containers, but got {opcode[:1]!r}"
        programs[instruction] = pickled.name("collections.OrderedDict") + b"(" + text + opcode
    return programs


@pytest.mark.parametrize("make", [pickled.torch_archive, pickled.torch_stream])
def test_nothing_is_executed(make, tmp_path) -> None:
    sentinel = tmp_path / "executed"
    for message, program in attacks(f"touch {sentinel}").items():
        data = make(program)
        with nothing_executed():
            assert message in refusal(data)
    assert not sentinel.exists()


def test_the_attacks_are_real(tmp_path) -> None:
    """Python's own pickle falls for them."""
    sentinel = tmp_path / "executed"
    programs = attacks(f"touch {sentinel}")
    for message in ("asks for os.system; only", "asks for builtins.exec;"):
        pickle.loads(pickled.pickle_of(programs[message]))
        assert sentinel.exists()
        sentinel.unlink()


def test_a_bare_pickle_is_refused(tmp_path) -> None:
    sentinel = tmp_path / "executed"
    for protocol in range(6):
        data = pickle.dumps(Attack(Path.touch, sentinel), protocol)
        assert "first bytes: expected those of a file by minideep, safetensors, NumPy or PyTorch" in refusal(data)
    assert not sentinel.exists()


UNSOUND = {
    "end": (b"", "pickle: byte 2: not a sound pickle: pop from empty list"),
    "text cut short": (b"X\x20\0\0\0a", "pickle: byte 2: text: expected 32 bytes at byte 7, but 2 are left"),
    "number cut short": (b"J\0", "pickle: byte 2: number: expected 4 bytes at byte 3, but 2 are left"),
    "no name": (b"ca", "pickle: byte 2: name: expected 1 bytes at byte 5, but 0 are left"),
    "long name": (b"c" + b"a" * 2000, f"the file asks for {'a' * 80}; only"),
    "no memo": (b"h\x05", "not a sound pickle: 5"),
    "no mark": (b"Nt", "not a sound pickle: pop from empty list"),
    "no text": (b"U\1\xff", "not a sound pickle: 'utf-8' codec can't decode"),
    "odd dict": (b"}(NNNu", "not a sound pickle: zip() argument 2 is shorter"),
    "no list": (b"}Na", "expected a list to change, but got dict"),
    "no dict": (b"]NNs", "expected a dict to change, but got list"),
    "no set": (b"](N\x90", "expected a set to change, but got list"),
    "no name of a module": (b"NN\x93", "expected that of something known, but got NoneType and NoneType"),
    "list as key": (b"}]Ns", "expected a number, a text or a tuple of these, but got list"),
    "tuple in tuple as key": (b"}N\x85\x85Ns", "expected a number, a text or a tuple of these, but got tuple"),
    "list in a set": (b"\x8f(]\x90", "expected a number, a text or a tuple of these, but got list"),
    "function": (
        pickled.name("torch.Size"),
        "expected tensors, containers, numbers and texts, but got torch.Size itself",
    ),
    "dtype": (
        pickled.name("torch.bfloat16") + b"\x85",
        "expected tensors, containers, numbers and texts, but got torch.bfloat16 itself",
    ),
    "in itself": (b"]q\0h\0a", "expected at most 100 levels of nesting, but there are more, or a container in itself"),
    "each in the other": (b"]q\0}Nh\0sa", "or a container in itself"),
    "deep": (b"]" * 101 + b"a" * 100, "expected at most 100 levels of nesting"),
    "deep in two places": (
        b"]" * 60 + b"a" * 59 + b"q\0" + b"](" + b"]" * 50 + b"h\0a" + b"a" * 49 + b"h\0e",
        "100 levels",
    ),
    "arguments": (pickled.call("torch.Size", b"]"), "expected a tuple, but got list"),
    "sizes": (pickled.call("torch.Size", b"N\x85"), "expected a int, but got NoneType"),
    "too many arguments": (pickled.call("torch.Size", b"N", b"N"), "not a sound pickle: _size() takes 1 positional"),
    "encoding": (
        pickled.call("_codecs.encode", pickled.text("a"), pickled.text("rot13")),
        "expected bytes as text in latin1",
    ),
    "device": (pickled.call("torch.device", pickled.text("moon")), "device: expected one of cpu, cuda"),
    "dtype of objects": (pickled.call("numpy.dtype", pickled.text("O8")), "expected a dtype of numbers, but got 'O8'"),
    "scalar": (
        pickled.call("numpy.core.multiarray.scalar", pickled.name("torch.float32"), b"C\1a"),
        "expected a dtype and the bytes of one number, but got others",
    ),
}


@pytest.mark.parametrize(("program", "message"), UNSOUND.values(), ids=UNSOUND)
def test_what_is_refused(program, message) -> None:
    with pytest.raises(saving.LoadError, match=r"^pickle: byte \d+: ") as caught, nothing_executed():
        read(program)
    assert message in str(caught.value)


def test_sound_pickles() -> None:
    deep: list = []
    for _ in range(99):
        deep = [deep]
    for value in [deep, {"a": [(), {1, 2}, b"c", None, True, 2**70, -1, 1.5]}, ["twice"] * 2, [[]] * 3]:
        for protocol in (2, 3, 4, 5):
            data = pickle.dumps(value, protocol)
            if b"__builtin__" in data:
                continue
            assert same(read_pickle(Source(io.BytesIO(data), len(data)), "pickle", KNOWN), value)


def test_dtypes_of_numpy_with_another_byte_order_are_refused() -> None:
    state = b"(K\x03" + pickled.text(">") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t"
    dtype = pickled.call("numpy.dtype", pickled.text("f8")) + state + b"b"
    with pytest.raises(saving.LoadError, match="expected a dtype of little-endian numbers, but got another"):
        read(pickled.call("numpy.core.multiarray.scalar", dtype, b"C\x08" + bytes(8)))


BOMBS = {
    "billion laughs": b"]q\0"
    + b"".join(b"](" + b"h" + bytes([n]) + b"h" + bytes([n]) + b"eq" + bytes([n + 1]) for n in range(90)),
    "as a key": b"}N\x85q\0"
    + b"".join(b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86q" + bytes([n + 1]) for n in range(90))
    + b"Ns",
    "in a message": b"N\x85q\0" + b"h\0h\0\x86q\0" * 90 + b"h\0a",
    "made over and over": b"](" + b"K\1" * 100_000 + b"eq\0" + (pickled.name("builtins.set") + b"h\0\x85R") * 10_000,
    "a text over and over": pickled.text("a" * 10**6)
    + b"q\0("
    + (pickled.name("_codecs.encode") + b"h\0" + pickled.text("latin1") + b"\x86R") * 10_000
    + b"t",
}


@pytest.mark.parametrize("program", BOMBS.values(), ids=BOMBS)
def test_bombs(program) -> None:
    """They take no longer, and no more memory, than their length."""
    start = time.process_time()
    try:
        read(program)
    except saving.LoadError as error:
        assert len(str(error)) < 300  # noqa: PT017  some are refused, others are just large when printed
    assert time.process_time() - start < 2
