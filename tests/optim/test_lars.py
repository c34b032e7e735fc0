"""LARS against its formula: PyTorch has none."""

from __future__ import annotations

import numpy as np
import pytest

import minideep
from minideep import optim


def by_hand(p, gradients, lr, momentum, decay, trust):
    buffer = np.zeros_like(p)
    for g in gradients:
        d = g + decay * p
        norms = np.linalg.norm(p), np.linalg.norm(d)
        scale = trust * norms[0] / norms[1] if trust and all(norms) else 1
        buffer = momentum * buffer + scale * d
        p = p - lr * buffer
    return p


@pytest.mark.parametrize("options", [{}, {"momentum": 0.0}, {"weight_decay": 0.1}, {"trust_coefficient": 0}])
@pytest.mark.parametrize("shape", [(3, 4), (300, 250)])
def test_the_formula(options, shape) -> None:
    rng = np.random.default_rng(0)
    values, *gradients = rng.standard_normal((6, *shape))
    p, other = minideep.tensor(values, requires_grad=True), minideep.tensor(values[0], requires_grad=True)
    optimizer = optim.LARS([p, other], lr=0.5, **options)
    for g in gradients:
        p.grad, other.grad = minideep.tensor(g), minideep.tensor(g[0])
        optimizer.step()
    chosen = {"momentum": 0.9, "weight_decay": 0.0, "trust_coefficient": 1e-3, **options}
    settings = (0.5, chosen["momentum"], chosen["weight_decay"], chosen["trust_coefficient"])
    np.testing.assert_allclose(p.detach().numpy(), by_hand(values, gradients, *settings), rtol=1e-12, atol=1e-14)
    alone = by_hand(values[0], [g[0] for g in gradients], *settings)
    np.testing.assert_allclose(other.detach().numpy(), alone, rtol=1e-12, atol=1e-14)


def test_zeros_have_no_size_to_compare_with() -> None:
    """New biases are zeros, and gradients may be: then the step is momentum's alone."""
    p, q = (minideep.tensor(x, requires_grad=True) for x in (np.zeros(3, np.float32), np.ones(2, np.float32)))
    p.grad, q.grad = minideep.ones(3), minideep.zeros(2)
    optimizer = optim.LARS([p, q], lr=0.5)
    optimizer.step()
    assert p.tolist() == [-0.5] * 3
    assert q.tolist() == [1, 1]
    assert p.dtype == minideep.float32


def test_biases_can_be_left_out_by_a_group() -> None:
    weight, bias = (minideep.full((2,), 2.0, requires_grad=True) for _ in range(2))
    excluded = {"params": [bias], "weight_decay": 0, "trust_coefficient": 0}
    optimizer = optim.LARS([{"params": [weight]}, excluded], lr=1.0, weight_decay=0.5, trust_coefficient=0.1)
    weight.grad = bias.grad = minideep.ones(2)
    optimizer.step()
    assert weight.tolist() == pytest.approx([1.8, 1.8])
    assert bias.tolist() == [1, 1]
    assert list(optimizer.state_dict()["state"][0]) == ["momentum_buffer"]
