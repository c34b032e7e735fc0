"""What the catalogue cannot say of norms: running statistics, large inputs worked on in parts, inputs far from zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep as md
import minideep.nn.functional as F
from tests.support import agree

CHANNELS = [(6, 3), (4, 3, 5), (2, 3, 4, 2), (2, 3, 70)]


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(size=shape) * 2 + 1


# ---------------------------------------------------------------------------------------------- running statistics


@pytest.mark.parametrize("shape", CHANNELS)
@pytest.mark.parametrize("name", ["batch_norm", "instance_norm"])
def test_running_statistics_follow_those_of_batches(name: str, shape: tuple[int, ...]) -> None:
    if name == "instance_norm" and len(shape) == 2:
        pytest.skip("needs more than one entry a channel")

    def program(m: Any) -> Any:
        mean, variance = m.zeros(3, dtype=m.float64), m.ones(3, dtype=m.float64)
        function = getattr(m.nn.functional, name)
        for seed in range(3):
            x = m.tensor(np.random.default_rng(seed).normal(size=shape))
            function(x, mean, variance, None, None, True, 0.3, 1e-3)
        return mean, variance, function(m.tensor(random(*shape)), mean, variance, None, None, False)

    agree(program)


def test_running_statistics_stay_as_they_are_when_only_used() -> None:
    mean, variance = md.zeros(3), md.ones(3)
    F.batch_norm(md.randn(4, 3), mean, variance)
    assert (mean.tolist(), variance.tolist()) == ([0] * 3, [1] * 3)
    assert mean._version == 0
    F.batch_norm(md.randn(4, 3), mean, variance, training=True)
    assert mean._version == 1


def test_half_precision_beside_statistics_and_parameters_in_single() -> None:
    def program(m: Any) -> Any:
        x = m.tensor(random(4, 3, 5)).to(m.float16).requires_grad_()
        mean, variance, weight = m.zeros(3), m.ones(3), m.full((3,), 2.0)
        functional = m.nn.functional
        y = functional.batch_norm(x, mean, variance, weight, None, True)
        z = functional.batch_norm(x, mean, variance, weight, None, False)
        n = functional.layer_norm(x, (5,), m.full((5,), 2.0))
        return y.detach(), z.detach(), n.detach(), mean, variance

    agree(program, rtol=2e-3)


# ---------------------------------------------------------------------------------------------- large inputs


def gradients(m: Any, function: Any, *arrays: np.ndarray) -> Any:
    leaves = [m.tensor(a, requires_grad=True) for a in arrays]
    y = function(*leaves)
    y.backward(m.tensor(np.random.default_rng(9).normal(size=tuple(y.shape)).astype(arrays[0].dtype)))
    return y.detach(), *[leaf.grad for leaf in leaves]


@pytest.mark.parametrize("shape", [(3000, 70), (40, 9, 650), (70000, 3)])
def test_layer_norm_of_large_inputs(shape: tuple[int, ...]) -> None:
    row = shape[-1:]
    arrays = random(*shape), random(*row), random(*row)
    agree(lambda m: gradients(m, lambda x, w, b: m.nn.functional.layer_norm(x, row, w, b), *arrays))


@pytest.mark.parametrize("shape", [(30, 12, 600), (9000, 20), (500, 40, 3, 3), (40, 6, 32, 32), (3, 4, 200, 100)])
@pytest.mark.parametrize("name", ["batch_norm", "group_norm", "instance_norm"])
def test_channel_norms_of_large_inputs(name: str, shape: tuple[int, ...]) -> None:
    if name == "instance_norm" and len(shape) == 2:
        pytest.skip("needs more than one entry a channel")
    x, w, b = random(*shape), random(shape[1]), random(shape[1])

    def program(m: Any) -> Any:
        functional = m.nn.functional
        calls = {
            "batch_norm": lambda x, w, b: functional.batch_norm(x, None, None, w, b, True),
            "group_norm": lambda x, w, b: functional.group_norm(x, 2, w, b),
            "instance_norm": lambda x, w, b: functional.instance_norm(x, weight=w, bias=b),
        }
        return gradients(m, calls[name], x, w, b)

    agree(program)


# ---------------------------------------------------------------------------------------------- accuracy


@pytest.mark.parametrize("offset", [0.0, 10.0, 1000.0])
def test_float32_norms_of_inputs_far_from_zero(offset: float) -> None:
    """A mean of a thousand standard deviations costs three digits, no more: variance is no difference of squares."""
    x = (random(8, 4, 96) - 1 + offset).astype(np.float32)
    exact = x.astype(np.float64)
    exact = (exact - exact.mean(2, keepdims=True)) / exact.std(2, keepdims=True)
    allowed = 2e-6 * (1 + offset)
    assert np.abs(F.layer_norm(md.tensor(x), (96,), eps=0.0).numpy() - exact).max() < allowed
    assert np.abs(F.instance_norm(md.tensor(x), eps=0.0).numpy() - exact).max() < allowed


def test_rows_without_variance() -> None:
    x = md.full((2, 5), 3.0).requires_grad_()
    y = F.layer_norm(x, (5,))
    y.sum().backward()
    assert y.tolist() == [[0] * 5] * 2
    assert np.abs(x.grad.numpy()).max() < 1e-3


def test_norms_of_vectors_at_zero() -> None:
    def program(m: Any) -> Any:
        x, y = [m.zeros(1, 3, dtype=m.float64, requires_grad=True) for _ in range(2)]
        m.nn.functional.normalize(x).sum().backward()
        m.cosine_similarity(y, m.ones(1, 3, dtype=m.float64)).sum().backward()
        return x.grad, y.grad

    agree(program)


def test_cosine_similarity_of_short_vectors_divides_by_eps() -> None:
    x = md.tensor([[1e-9, 0.0]])
    assert F.cosine_similarity(x, x).item() == pytest.approx(0.01)
    assert F.cosine_similarity(md.tensor([[3e20, 4e20]]), md.tensor([[3.0, 4.0]]).double()).item() == pytest.approx(1)
