"""What the catalogue cannot say of attention: many heads, dropout, masks that are learnt, few digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep as md
from minideep.nn.functional import scaled_dot_product_attention
from tests.support import agree


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.parametrize("causal", [False, True])
def test_many_heads_are_worked_on_a_few_at_a_time(causal: bool) -> None:
    q, k, v, g = arrays((6, 5, 120, 16), (6, 5, 130, 16), (6, 5, 130, 24), (6, 5, 120, 24))

    def program(m: Any) -> Any:
        leaves = [m.tensor(x, requires_grad=True) for x in (q, k, v)]
        y = m.nn.functional.scaled_dot_product_attention(*leaves, is_causal=causal)
        y.backward(m.tensor(g))
        return y.detach(), *[leaf.grad for leaf in leaves]

    agree(program)


def test_a_query_with_nothing_to_look_at_gets_nothing() -> None:
    """And gives no gradient: by a mask of either kind, one entry or several, and also of the second order."""
    q, k, v = arrays((2, 4), (3, 4), (3, 2))
    hidden = np.array([[True, False, True], [False, False, False]])

    def program(m: Any, mask: np.ndarray) -> Any:
        leaves = [m.tensor(x, requires_grad=True) for x in (q, k, v)]
        y = m.nn.functional.scaled_dot_product_attention(*leaves, m.tensor(mask))
        first = m.autograd.grad((y * y).sum(), leaves, create_graph=True)
        second = m.autograd.grad(sum((g * g).sum() for g in first), leaves)
        return y.detach(), *[g.detach() for g in first], *second

    agree(lambda m: program(m, hidden))
    agree(lambda m: program(m, np.where(hidden, 0.0, -np.inf)))
    x = md.ones(1, 1)
    assert scaled_dot_product_attention(x, x, x, md.tensor([[False]])).tolist() == [[0]]


def test_a_mask_can_be_learnt() -> None:
    q, k, v, mask = arrays((2, 3, 4), (2, 5, 4), (2, 5, 4), (3, 5))

    def program(m: Any) -> Any:
        bias = m.tensor(mask, requires_grad=True)
        m.nn.functional.scaled_dot_product_attention(m.tensor(q), m.tensor(k), m.tensor(v), bias).sum().backward()
        return bias.grad

    agree(program)


def test_dropout_of_weights_keeps_their_mean() -> None:
    md.manual_seed(0)
    x = md.zeros(200, 50, 4)
    value = md.ones(200, 50, 1)
    y = scaled_dot_product_attention(x, x, value, dropout_p=0.3)
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    assert y.std().item() == pytest.approx((0.3 / 0.7 / 50) ** 0.5, rel=0.1)
    assert scaled_dot_product_attention(x, x, value, dropout_p=1.0).abs().sum().item() == 0


def test_half_precision() -> None:
    q, k, v = arrays((2, 3, 30, 8), (2, 3, 30, 8), (2, 3, 30, 8))

    def program(m: Any) -> Any:
        leaves = [m.tensor(x).to(m.float16).requires_grad_() for x in (q, k, v)]
        y = m.nn.functional.scaled_dot_product_attention(*leaves)
        y.sum().backward()
        return y.detach(), leaves[2].grad

    agree(program, rtol=3e-3)


def test_scores_that_overflow() -> None:
    x = np.full((1, 2, 2), 1e20, np.float32)
    agree(lambda m: m.nn.functional.scaled_dot_product_attention(m.tensor(x), m.tensor(x), m.tensor(x)))
