"""What `save` refuses: it says where in the object it is, what it is, and what to save in its place."""

from __future__ import annotations

import io
import re
from collections import defaultdict, namedtuple

import numpy as np
import pytest

import minideep
from minideep import saving
from tests.saving.corruption import bytes_of, same

Pair = namedtuple("Pair", "left right")


class Model:
    def state_dict(self) -> dict:
        return {}


class Name(str):
    __slots__ = ()


STRANGERS = {
    r"obj\['model'\]\['x'\] is of type function; what can be saved are tensors, .*": {"model": {"x": lambda: 0}},
    r"obj\[0\] is of type Model: save its state_dict\(\)": [Model()],
    r"obj is of type Pair, which is more than a tuple: save tuple\(…\) of it": Pair(1, 2),
    r"obj\['a'\] is of type defaultdict, which is more than a dict: save dict\(…\) of it": {"a": defaultdict(list)},
    r"obj\[1\] is of type Name, which is more than a str: save str\(…\) of it": ("", Name("a")),
    r"obj is of type MaskedArray; what can be saved .*": np.ma.array([1], mask=[True]),
    r"obj is of type VoidDType; what can be saved .*": np.dtype("i4,i4"),
    r"obj\['z'\] is an array of complex64; what can be saved are bool, .*": {"z": np.ones(1, np.complex64)},
    r"obj is an array of object; what can be saved are .*": np.array([None]),
    r"obj is an array of <U1; what can be saved are .*": np.str_("a"),
    r"obj\['a'\] has the key tensor\(1\) of type Tensor; keys may be numbers .*": {"a": {minideep.tensor(1): 0}},
    r"obj has the key \(1, \(2,\)\) of type tuple; keys may be numbers and texts of Python, None, .*": {(1, (2,)): 0},
    r"obj has the key np\.int64\(1\) of type int64; keys .*": {np.int64(1): 0},
}


@pytest.mark.parametrize("message", STRANGERS, ids=lambda message: re.sub(r"\W+", " ", message)[:50])
def test_what_cannot_be_saved(message) -> None:
    with pytest.raises(TypeError, match=f"^save: {message}$"):
        bytes_of(STRANGERS[message])


def test_too_deep() -> None:
    inside: list = []
    for _ in range(98):
        inside = [inside]
    assert same(saving.load(io.BytesIO(bytes_of([inside]))), [inside])
    with pytest.raises(
        ValueError, match=r"^save: obj\[0\]\[0\]\[0\].*… is nested deeper than 100 levels, or inside itself$"
    ):
        bytes_of([[[inside]]])
    cycle: dict = {}
    cycle["self"] = [cycle]
    with pytest.raises(ValueError, match=r"^save: obj\['self'\]\[0\]\['self'\].*, or inside itself$"):
        bytes_of(cycle)


def test_what_is_refused_leaves_the_old_file(tmp_path) -> None:
    saving.save([1], tmp_path / "a")
    with pytest.raises(TypeError, match=r"^save: obj\[0\] is of type function"):
        saving.save([lambda: 0], tmp_path / "a")
    assert saving.load(tmp_path / "a") == [1]
    assert [file.name for file in tmp_path.iterdir()] == ["a"]
