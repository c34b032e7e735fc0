"""Random numbers: reproducible, drawn from the stream they should be, and distributed as they should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

import minideep as md
from gradcheck import strict

strict.register()

DRAWS: dict[str, Callable[..., Any]] = {
    "rand": lambda **options: md.rand(5, **options),
    "randn": lambda **options: md.randn(5, **options),
    "rand_like": lambda **options: md.rand_like(md.zeros(5), **options),
    "randn_like": lambda **options: md.randn_like(md.zeros(5), **options),
    "randint": lambda **options: md.randint(0, 10**6, (5,), **options),
    "randint_like": lambda **options: md.randint_like(md.zeros(5), 0, 10**6, **options),
    "randperm": lambda **options: md.randperm(20, **options),
    "normal": lambda **options: md.normal(md.zeros(5), md.ones(5), **options),
    "bernoulli": lambda **options: md.bernoulli(md.full((50,), 0.5), **options),
    "multinomial": lambda **options: md.multinomial(md.ones(100), 20, **options),
    "uniform_": lambda **options: md.zeros(5).uniform_(**options),
    "normal_": lambda **options: md.zeros(5).normal_(**options),
    "bernoulli_": lambda **options: md.zeros(50).bernoulli_(**options),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


@every_draw
def test_a_seed_decides(draw: Callable[..., Any]) -> None:
    md.manual_seed(1)
    first, second = draw().tolist(), draw().tolist()
    md.manual_seed(1)
    assert draw().tolist() == first
    assert draw().tolist() == second != first
    md.manual_seed(2)
    assert draw().tolist() != first


@every_draw
def test_a_generator_of_its_own(draw: Callable[..., Any]) -> None:
    """It decides alone, and leaves the default stream where it was."""
    md.manual_seed(1)
    expected = md.rand(3).tolist()
    generator = md.Generator().manual_seed(5)
    md.manual_seed(1)
    first, second = draw(generator=generator).tolist(), draw(generator=generator).tolist()
    assert md.rand(3).tolist() == expected
    assert first != second
    assert draw(generator=generator.manual_seed(5)).tolist() == first


@every_draw
def test_a_generators_state_can_be_kept(draw: Callable[..., Any]) -> None:
    generator = md.Generator().manual_seed(5)
    draw(generator=generator)
    state = generator.get_state()
    expected = draw(generator=generator).tolist()
    generator.set_state(state)
    assert draw(generator=generator).tolist() == expected


def test_a_generator_of_another_device_is_refused() -> None:
    with pytest.raises(RuntimeError, match="rand: expected a generator for device 'strict', but got one for 'cpu'"):
        md.rand(2, device="strict", generator=md.Generator())


def test_streams_of_devices_are_seeded_together() -> None:
    md.manual_seed(3)
    first = md.randn(3, device="strict").tolist()
    md.manual_seed(3)
    assert md.randn(3, device="strict").tolist() == first


# ---------------------------------------------------------------------------------------------- distributions

N, MANY = 20_000, 100_003  # from 65,536 on, normal numbers are drawn otherwise, two at a time
DISTRIBUTIONS: dict[str, tuple[Callable[[], Any], Any]] = {
    "rand": (lambda: md.rand(N), stats.uniform()),
    "rand in float64": (lambda: md.rand(N, dtype=md.float64), stats.uniform()),
    "randn": (lambda: md.randn(N), stats.norm()),
    "many by randn": (lambda: md.randn(MANY), stats.norm()),
    "randn in float64": (lambda: md.randn(N, dtype=md.float64), stats.norm()),
    "normal": (lambda: md.normal(3.0, 0.5, (N,)), stats.norm(3, 0.5)),
    "normal of tensors": (lambda: md.normal(md.full((N,), -1.0), md.full((N,), 2.0)), stats.norm(-1, 2)),
    "uniform_": (lambda: md.empty(N).uniform_(-2, 3), stats.uniform(-2, 5)),
    "normal_": (lambda: md.empty(N).normal_(1, 3), stats.norm(1, 3)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distribution(name: str) -> None:
    """By the greatest distance between distribution functions (Kolmogorov and Smirnov)."""
    md.manual_seed(0)
    draw, expected = DISTRIBUTIONS[name]
    assert stats.kstest(draw().numpy(), expected.cdf).pvalue > 1e-3


def test_many_normal_numbers_are_independent() -> None:
    """Neighbours, the two of a pair, and their squares; also the last, which has no partner."""
    md.manual_seed(0)
    drawn = md.randn(MANY).numpy()
    for lag in (1, 2**14, 2**15, (MANY - 3 * 2**15 + 1) // 2):
        for a, b in ((drawn[:-lag], drawn[lag:]), (drawn[:-lag] ** 2, drawn[lag:] ** 2)):
            assert abs(np.corrcoef(a, b)[0, 1]) < 4 / MANY**0.5
    last = np.array([md.randn(65_537).numpy()[-1] for _ in range(300)])
    assert stats.kstest(last, stats.norm().cdf).pvalue > 1e-3
    assert md.randn(300, 300, device="strict").shape == (300, 300)


def frequencies(drawn: Any, n: int) -> np.ndarray:
    return np.bincount(drawn.numpy().ravel().astype(int), minlength=n)


def test_integers_are_all_as_likely() -> None:
    md.manual_seed(0)
    counts = frequencies(md.randint(0, 7, (N,)), 7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-3


def test_every_order_is_as_likely() -> None:
    md.manual_seed(0)
    orders = [tuple(md.randperm(3).tolist()) for _ in range(3000)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_chances_are_kept() -> None:
    md.manual_seed(0)
    p = md.tensor([0.0, 0.1, 0.5, 0.9, 1.0])
    for drawn in (md.bernoulli(p.expand(N, 5)), md.empty(N, 5).bernoulli_(p)):
        np.testing.assert_allclose(drawn.mean(0).numpy(), p.numpy(), atol=0.015)
        assert set(np.unique(drawn.numpy())) == {0.0, 1.0}
    np.testing.assert_allclose(md.empty(N).bernoulli_(0.3).mean().item(), 0.3, atol=0.015)


def test_weights_are_kept_with_replacement() -> None:
    md.manual_seed(0)
    weights = np.array([[1.0, 0.0, 3.0, 4.0, 0.0], [2.0, 2.0, 0.0, 0.0, 0.5]])
    drawn = md.multinomial(md.tensor(weights), N, replacement=True)
    for row, chances in zip(drawn, weights, strict=True):
        counts = frequencies(row, 5)
        assert (counts[chances == 0] == 0).all()
        assert stats.chisquare(counts[chances > 0], N * chances[chances > 0] / chances.sum()).pvalue > 1e-3


def test_weights_are_kept_without_replacement() -> None:
    """The first of a pair by its weight, the second by its weight among those that are left."""
    md.manual_seed(0)
    weights = np.array([1.0, 2.0, 3.0, 0.0])
    drawn = md.multinomial(md.tensor(weights).expand(N, 4), 2).numpy()
    assert (drawn[:, 0] != drawn[:, 1]).all()
    pairs = {(i, j): weights[i] / 6 * weights[j] / (6 - weights[i]) for i in range(3) for j in range(3) if i != j}
    counts = [int(((drawn[:, 0] == i) & (drawn[:, 1] == j)).sum()) for i, j in pairs]
    assert sum(counts) == N
    assert stats.chisquare(counts, [N * p for p in pairs.values()]).pvalue > 1e-3


@pytest.mark.parametrize("dtype", [md.float16, md.float32, md.float64])
def test_one_is_never_drawn(dtype: Any) -> None:
    md.manual_seed(0)
    x = md.rand(100_000, dtype=dtype).numpy()
    assert x.min() >= 0
    assert x.max() < 1
    assert abs(float(x.mean(dtype=np.float64)) - 0.5) < 0.005
