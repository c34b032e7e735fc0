"""Sums by way of products: the same as NumPy's over any axes, and no less exact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from minideep.sums import total

SHAPES = [
    (40, 300),
    (20_000,),
    (3, 9000),
    (9000, 3),
    (20, 2, 300),
    (20, 300, 2),
    (2, 5000, 2),
    (5, 6, 7, 8, 9),
    (10, 1, 900, 1),
]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "bool"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_total_is_the_sum(shape: tuple[int, ...], dtype: str) -> None:
    x = (np.random.default_rng(0).normal(size=shape) * 3).astype(dtype)
    for r in range(len(shape) + 1):
        for axes, keepdims in itertools.product(itertools.combinations(range(len(shape)), r), (False, True)):
            found, exact = total(x, axes, keepdims), x.sum(axis=axes, keepdims=keepdims, dtype=np.float64)
            size = np.abs(x.astype(np.float64)).sum(axis=axes, keepdims=keepdims)
            assert found.shape == exact.shape
            assert found.dtype == (dtype if x.dtype.kind == "f" else np.int64)
            rounding = np.finfo(dtype).eps if x.dtype.kind == "f" else 0
            assert (np.abs(found - exact) <= 2 * rounding * size).all(), (axes, keepdims)


@pytest.mark.parametrize("shape", [(1000, 1000), (1_000_000, 1), (1, 1_000_000)], ids=str)
def test_a_million_terms_lose_no_digits(shape: tuple[int, ...]) -> None:
    """One after the other, a million numbers near 1 would be added with an error a hundred times as large."""
    x = (1 + np.random.default_rng(0).random(shape)).astype(np.float32)
    for axes in ((0,), (1,), (0, 1)):
        np.testing.assert_allclose(total(x, axes), x.sum(axis=axes, dtype=np.float64), rtol=1e-6)


def test_float16_is_added_up_in_float32() -> None:
    x = np.ones((3000, 5), np.float16)
    assert total(x, (0,)).tolist() == [3000.0] * 5
    assert total(x) == 15000


def test_layouts_make_no_difference() -> None:
    x = np.random.default_rng(0).normal(size=(100, 200))
    for variant in (x.T, x[::2], x[:, ::-1], np.asfortranarray(x), np.broadcast_to(x[0], (100, 200))):
        np.testing.assert_allclose(total(variant, (0,)), variant.sum(0))


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_stays_where_it_is(value: float) -> None:
    x = np.ones((100, 100))
    x[3, 4] = value
    np.testing.assert_array_equal(total(x, (1,)), x.sum(1))
    np.testing.assert_array_equal(total(x, (0,)), x.sum(0))
    np.testing.assert_array_equal(total(x), value)
