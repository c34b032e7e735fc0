"""The stand-in refuses what CuPy refuses, and is otherwise an array like any other."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep
from gradcheck import strict
from gradcheck.strict import StrictArray, namespace

strict.register()


def array() -> StrictArray:
    return namespace.asarray(np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda x: np.asarray(x), "implicit conversion to a NumPy array is not allowed"),
        (lambda x: np.ascontiguousarray(x), "implicit conversion"),
        (lambda x: np.lib.stride_tricks.as_strided(x, (2,), (8,)), "implicit conversion"),
        (lambda x: x + np.ones(3), "add does not take numpy.ndarray"),
        (lambda x: np.ones(3) * x, "multiply does not take numpy.ndarray"),
        (lambda x: np.add(x, [1.0]), "all returned NotImplemented"),
        (lambda x: np.concatenate([x, np.ones((1, 3))]), "concatenate does not take numpy.ndarray"),
        (lambda x: np.where(np.ones(3, bool), x, 0.0), "where does not take numpy.ndarray"),
        (lambda x: x[np.array([0])], "indexing does not take numpy.ndarray"),
        (lambda x: x.__setitem__(0, np.ones(3)), "__setitem__ does not take numpy.ndarray"),
        (lambda x: x[x[:, 0] > 0, x[0] > 0], "more than one boolean array"),
        (lambda x: np.maximum.reduce(x), "CuPy has no maximum.reduce"),
        (lambda x: np.add.reduceat(x, [0]), "CuPy has no add.reduceat"),
        (lambda x: np.vecdot(x, x), "CuPy has no vecdot"),
        (lambda x: np.block([x]), "no implementation found for 'numpy.block'"),
        (lambda x: np.exp(x, where=x > 0), "exp takes no where="),
        (lambda x: np.sum(x, where=True), "sum takes no where="),
        (lambda x: x.max(initial=0.0), "max takes no initial="),
        (lambda x: np.std(x, correction=1), "std takes no correction="),
        (lambda x: np.repeat(x, x.astype(int)[0], axis=1), "repeat takes a number or a list"),
        (lambda x: x.repeat(x.astype(int)[0], 1), "repeat takes a number or a list"),
        (lambda x: np.lexsort((x, x)), "lexsort takes one array"),
        (lambda x: [10, 20, 30][x[0, 1]], "cannot be interpreted as an integer"),
        (lambda x: np.add.at(x, 0, np.ones(3)), "add.at does not take numpy.ndarray"),
    ],
)
def test_what_it_refuses(call: Callable[[StrictArray], Any], text: str) -> None:
    with pytest.raises(TypeError, match=text.replace("(", r"\(")):
        call(array())


@pytest.mark.parametrize("name", ["block", "insert", "vecdot", "nonsense"])
def test_the_namespace_lacks_what_cupy_lacks(name: str) -> None:
    with pytest.raises(AttributeError, match=f"CuPy has no {name}"):
        getattr(namespace, name)


@pytest.mark.parametrize("name", ["__array_interface__", "ctypes", "resize", "setflags"])
def test_its_arrays_lack_what_cupys_lack(name: str) -> None:
    assert not hasattr(array(), name)


def test_its_generator_lacks_what_cupys_lacks() -> None:
    generator = namespace.random.default_rng(0)
    assert isinstance(generator.random(3), StrictArray)
    with pytest.raises(AttributeError, match="Generator has no normal"):
        generator.normal()


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x + 1,
        lambda x: 2.0 * x,
        lambda x: x * np.float32(2),
        lambda x: x[1:, ::-1],
        lambda x: x[[0, 0]],
        lambda x: x[x > 2],
        lambda x: x.sum(),
        lambda x: np.max(x, axis=0),
        lambda x: np.where(x > 2, x, 0.0),
        lambda x: np.einsum("ij,kj->ik", x, x),
        lambda x: np.concatenate([x, x], axis=1),
        lambda x: np.lib.stride_tricks.sliding_window_view(x, (2, 2)),
        lambda x: np.add.reduce(x, axis=1),
        lambda x: np.unique(x, return_inverse=True)[1],
        lambda x: x.T.reshape(-1),
        lambda x: np.zeros_like(x, shape=(4,)),
    ],
)
def test_otherwise_it_is_an_array(call: Callable[[Any], Any]) -> None:
    found, expected = call(array()), call(array().get())
    assert isinstance(found, StrictArray)
    np.testing.assert_array_equal(found.get(), expected)


def test_views_know_their_base() -> None:
    x = array()
    assert x.base is not x
    assert x[1:].base is x.base is not None or x[1:].base is x
    assert x.T.T.base is x[1:].base


def test_in_place_operators_keep_the_array() -> None:
    x = before = array()
    x += 1.0
    x[0] = 7.0
    np.add.at(x, ([1, 1], [0, 0]), 1.0)
    assert x is before
    assert x.get().tolist() == [[7.0, 7.0, 7.0], [6.0, 5.0, 6.0]]


def test_what_goes_in_is_copied() -> None:
    outside = np.ones(2)
    inside = namespace.asarray(outside)
    outside[:] = 5
    assert inside.get().tolist() == [1.0, 1.0]
    assert namespace.asarray(inside) is inside
    inside.get()[:] = 5
    assert inside.get().tolist() == [1.0, 1.0]


def test_python_numbers() -> None:
    x = array()
    assert (float(x[0, 1]), int(x[1, 0]), bool(x[0, 0]), len(x), x[1, 2].item()) == (1.0, 3, False, 2, 5.0)
    assert [row.get().tolist() for row in x] == x.tolist()
    assert repr(x[0, 1]) == "strict array(1.)"


def test_copies_are_apart() -> None:
    x = array()
    other = copy.deepcopy(x)
    other += 1.0
    assert x[0, 0].item() == 0.0


def test_tensors_on_it() -> None:
    x = minideep.tensor([1.0, 2.0], device="strict", requires_grad=True)
    (x * x).sum().backward()
    assert str(x.grad.device) == "strict"
    assert x.grad.cpu().tolist() == [2.0, 4.0] if hasattr(x, "cpu") else True
    with pytest.raises(RuntimeError, match="same device"):
        x + minideep.tensor([1.0, 2.0])


def test_its_random_state_can_be_kept() -> None:
    generator = minideep.Generator("strict").manual_seed(0)
    state = generator.get_state()
    first = generator.on(namespace).random().item()
    generator.set_state(state)
    assert generator.on(namespace).random().item() == first
