"""Indexing and selection, beyond the calls of the catalogue: memory, versions, padding, order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep as md
from minideep import places
from tests.support import agree

X = np.linspace(-1.0, 1.0, 12).reshape(3, 4)
F = md.nn.functional


# ---------------------------------------------------------------------------------------------- what may be an index


PLACES = [np.int64(1), np.int32(-1), np.array(2), range(2), np.array([2, 0]), [True, False, True]]


@pytest.mark.parametrize("index", PLACES, ids=str)
def test_whatever_numpy_takes(index: Any) -> None:
    np.testing.assert_array_equal(md.tensor(X)[index].numpy(), X[index])


def test_tensors_as_indices_and_as_ends_of_slices() -> None:
    agree(lambda m: m.tensor(X)[m.tensor(1), m.tensor([0, 2])])
    agree(lambda m: m.tensor(X)[m.tensor(1) : m.tensor(3), :: m.tensor(2)])
    agree(lambda m: m.tensor(X)[m.tensor([1, 0, 1], dtype=m.uint8)])
    agree(lambda m: m.tensor(X)[m.tensor(True)])


def test_iterating() -> None:
    agree(lambda m: [row * 2 for row in m.tensor(X)])
    agree(lambda m: list(m.tensor(1.0)))


def test_an_index_that_changes_later_does_not_matter() -> None:
    x, index = md.tensor(X, requires_grad=True), md.tensor([0, 2])
    outcomes = [x[index], x.gather(1, index.reshape(1, 2)), x.index_select(0, index), x.take(index), x[:2][index > 0]]
    gradients = [md.autograd.grad(y.sum(), x, retain_graph=True)[0].numpy() for y in outcomes]
    index.fill_(1)
    for y, before in zip(outcomes, gradients, strict=True):
        np.testing.assert_array_equal(md.autograd.grad(y.sum(), x)[0].numpy(), before)


def test_words_that_change_later_are_noticed() -> None:
    def program(m: Any) -> None:
        weight, words = m.tensor(X, requires_grad=True), m.tensor([0, 2])
        y = m.nn.functional.embedding(words, weight)
        words.fill_(1)
        y.sum().backward()

    agree(program)


# ---------------------------------------------------------------------------------------------- writing


def test_values_are_arrays_tensors_or_numbers() -> None:
    x = md.zeros(2, 3)
    x[0] = np.array([1, 2, 3])
    x[1] = md.tensor([4.0, 5.0, 6.0], dtype=md.float64)
    x[1, 0] = np.float64(7.5)
    x[:, 2] = True
    np.testing.assert_array_equal(x.numpy(), [[1, 2, 1], [7.5, 5, 1]])
    assert x.dtype == np.float32


def test_the_gradient_of_a_value_has_its_dtype() -> None:
    def program(m: Any) -> Any:
        x, v = m.zeros(2, 3), m.tensor([1.0, 2.0, 3.0], dtype=m.float64, requires_grad=True)
        x[0] = v
        (x * x).sum().backward()
        return x, v.grad

    agree(program)


def test_augmented_assignment() -> None:
    def program(m: Any) -> Any:
        w = m.tensor(X, requires_grad=True)
        x = w * 1.0
        x[0] += w[1]
        x[m.tensor([True, False, True])] *= 2.0
        x[:, [0, 2]] -= w[:, :2]
        (x**2).sum().backward()
        return x, w.grad

    agree(program)


@pytest.mark.parametrize("name", ["index_put_", "scatter_", "scatter_add_", "index_add_", "masked_fill_"])
def test_in_place_forms(name: str) -> None:
    def program(m: Any) -> Any:
        w = m.tensor(X, requires_grad=True)
        x = w * 1.0
        places = m.tensor([[0, 3], [1, 2], [2, 0]])
        arguments = {
            "index_put_": ((m.tensor([0, 2]), m.tensor([1, 1])), w[0, :2], True),
            "scatter_": (1, places, w[:, :2] * 3.0),
            "scatter_add_": (1, places, w[:, :2] * 3.0),
            "index_add_": (0, m.tensor([2, 2]), w[:2]),
            "masked_fill_": (w > 0, w[0, 0]),
        }[name]
        returned = getattr(x, name)(*arguments)
        (x * x).sum().backward()
        return returned is x, x, w.grad

    agree(program)


# ---------------------------------------------------------------------------------------------- places meant twice

INDICES: list[Any] = [
    (np.array([2, 0, 2, 2]),),
    (np.array([[0, 1], [1, -1]]),),
    (slice(None), np.array([1, 1, 0])),
    (np.array([0, 0]), np.array([3, -1])),
    (np.array([0, 1]), slice(None), np.array([1, 1])),
    (np.array([True, False, True]), np.array([1, 1])),
    (np.array([True, False, True]),),
    (np.array([0, 0]), slice(1, 3)),
    (np.array([], dtype=int),),
    (1, ...),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int64])
@pytest.mark.parametrize("width", [0, 1, 2, 3000], ids="width {}".format)
@pytest.mark.parametrize("index", INDICES, ids=str)
def test_sums_at_places_are_those_of_numpy(index: Any, width: int, dtype: Any) -> None:
    shape = (3, 4, 2, width)
    values = np.random.default_rng(0).integers(-8, 9, np.zeros(shape)[index].shape).astype(dtype)
    expected = np.zeros(shape, dtype)
    np.add.at(expected, index, values)
    found = places.sum_at(values, shape, index)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, expected)


def test_many_small_numbers_in_float16_are_added_up_in_float32() -> None:
    weight = md.ones(3, 8, dtype=md.float16).requires_grad_()
    F.embedding(md.zeros(5000, dtype=md.int64), weight).sum().backward()
    assert weight.grad.dtype == np.float16
    np.testing.assert_array_equal(weight.grad.numpy()[0], 5000)


@pytest.mark.parametrize("padding", [None, 0, -1])
@pytest.mark.parametrize("shape", [(5,), (40, 30)])
def test_embedding_leaves_out_the_padding(padding: int | None, shape: tuple[int, ...]) -> None:
    words = np.random.default_rng(1).integers(0, 6, shape)
    weights = np.random.default_rng(2).normal(size=(6, 16))

    def program(m: Any) -> Any:
        weight = m.tensor(weights, requires_grad=True)
        y = m.nn.functional.embedding(m.tensor(words), weight, padding)
        (g,) = m.autograd.grad((y**3).sum(), weight, create_graph=True)
        return y, g, m.autograd.grad((g * g).sum(), weight)

    agree(program)


# ---------------------------------------------------------------------------------------------- order


def test_named_results() -> None:
    agree(lambda m: m.tensor(X).sort(1, descending=True))
    agree(lambda m: m.tensor(X).topk(2, dim=0))
    values, indices = md.tensor(X).sort()
    assert values.shape == indices.shape == (3, 4)


def test_of_equal_values_the_first_comes_first() -> None:
    x = md.tensor([1.0, 3.0, 3.0, 1.0, 3.0])
    assert x.topk(2).indices.tolist() == [1, 2]
    assert x.topk(2, largest=False).indices.tolist() == [0, 3]
    assert x.argsort(descending=True).tolist() == [1, 2, 4, 0, 3]


def test_returned_positions_are_the_users_own() -> None:
    x = md.tensor(X, requires_grad=True)
    values, indices = x.topk(2)
    indices.fill_(0)
    values.sum().backward()
    assert x.grad.numpy().sum(axis=0).tolist() == [0, 0, 3, 3]
