"""Penalties: their values, gradients, and what they do to weights."""

from __future__ import annotations

import numpy as np
import pytest

import minideep
from minideep import optim


def leaves():
    return [minideep.tensor(x, requires_grad=True) for x in ([[1.0, -2.0], [0.0, 3.0]], [-0.5])]


def test_l1() -> None:
    params = leaves()
    penalty = optim.l1_penalty(iter(params), 0.1)
    penalty.backward()
    assert penalty.item() == pytest.approx(0.65)
    np.testing.assert_allclose(params[0].grad.numpy(), [[0.1, -0.1], [0, 0.1]], rtol=1e-6)
    np.testing.assert_allclose(params[1].grad.numpy(), [-0.1], rtol=1e-6)


def test_elastic_net() -> None:
    params = leaves()
    penalty = optim.elastic_net_penalty(params, l1=0.1, l2=0.01)
    penalty.backward()
    assert penalty.item() == pytest.approx(0.65 + 0.1425)
    np.testing.assert_allclose(params[0].grad.numpy(), [[0.12, -0.14], [0, 0.16]], rtol=1e-6)


def test_the_squares_are_what_weight_decay_is() -> None:
    """½·λ·Σθ² has the gradient λθ."""
    by_penalty, by_decay = (minideep.tensor([1.0, -2.0], requires_grad=True) for _ in range(2))
    first, second = optim.SGD([by_penalty], lr=0.1), optim.SGD([by_decay], lr=0.1, weight_decay=0.3)
    for _ in range(5):
        first.zero_grad()
        optim.elastic_net_penalty(by_penalty, l1=0, l2=0.15).backward()
        first.step()
        by_decay.grad = minideep.zeros(2)
        second.step()
    np.testing.assert_allclose(by_penalty.detach().numpy(), by_decay.detach().numpy(), rtol=1e-6)


def test_l1_leaves_few_weights() -> None:
    """Of ten inputs, two matter."""
    rng = np.random.default_rng(0)
    x = minideep.tensor(rng.standard_normal((200, 10)))
    y = 2 * x[:, 0] - x[:, 1]
    weights = minideep.tensor(rng.standard_normal(10), requires_grad=True)
    optimizer = optim.SGD([weights], lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        (((x @ weights - y) ** 2).mean() + optim.l1_penalty([weights], 0.2)).backward()
        optimizer.step()
    assert np.abs(weights.detach().numpy()[2:]).max() < 0.02
    assert np.abs(weights.detach().numpy()[:2]).min() > 0.8


@pytest.mark.parametrize("call", [lambda p: optim.l1_penalty(p, 1.0), lambda p: optim.elastic_net_penalty(p, 1.0, 1.0)])
def test_no_parameters(call) -> None:
    with pytest.raises(ValueError, match=r"(l1|elastic_net)_penalty: expected at least one parameter, but got none"):
        call([])
