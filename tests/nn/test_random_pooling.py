"""Stochastic and mixed pooling: what is drawn, how often, where gradients go, and what evaluation makes of it."""

from __future__ import annotations

import numpy as np
import pytest

import minideep as md
from gradcheck import check
from minideep import nn

hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed")
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

# ---------------------------------------------------------------------------------------------- stochastic


def test_activations_are_drawn_in_proportion_to_themselves() -> None:
    md.manual_seed(0)
    window = md.tensor([[1.0, 0.0], [3.0, 6.0]])
    drawn = nn.StochasticPool2d(2)(window.expand(20_000, 1, 2, 2)).numpy()
    share = {value: float((drawn == value).mean()) for value in (0.0, 1.0, 3.0, 6.0)}
    assert share == pytest.approx({0.0: 0.0, 1.0: 0.1, 3.0: 0.3, 6.0: 0.6}, abs=0.015)
    assert share[0.0] == 0
    assert drawn.mean() == pytest.approx(nn.StochasticPool2d(2).eval()(window.reshape(1, 2, 2)).item(), rel=0.02)


def test_each_window_is_drawn_by_itself() -> None:
    md.manual_seed(0)
    x = md.arange(1.0, 3.0).repeat(500).reshape(1, 1, 1000)
    y = nn.StochasticPool1d(2)(x).numpy().reshape(-1)
    assert set(y) == {1.0, 2.0}
    assert np.abs(np.corrcoef(y[1:], y[:-1])[0, 1]) < 0.15


def test_what_is_expected_in_evaluation() -> None:
    x = md.tensor([[[1.0, 3.0, 0.0, 0.0], [0.0, -5.0, -1.0, 0.0]]])
    assert nn.StochasticPool2d(2).eval()(x).tolist() == [[[2.5, 0.0]]]
    overlapping = nn.StochasticPool2d(2, stride=1, padding=1).eval()(x)
    assert overlapping.shape == (1, 3, 5)
    assert overlapping[0, 0].tolist() == [1.0, 2.5, 3.0, 0.0, 0.0]


def test_windows_with_nothing_above_zero() -> None:
    pool, x = nn.StochasticPool2d(2), -md.ones(3, 2, 4, 4, requires_grad=True)
    for module in (pool, pool.eval()):
        y = module(x)
        assert y.eq(0).all()
        (gradient,) = md.autograd.grad(y.sum(), x, retain_graph=True)
        assert gradient.eq(0).all()


@given(
    st.lists(st.floats(0, 1e30, allow_subnormal=False) | st.just(0.0), min_size=1, max_size=6), st.integers(0, 2**16)
)
def test_only_what_is_there_is_drawn(window: list[float], seed: int) -> None:
    md.manual_seed(seed)
    x = md.tensor(window, dtype=md.float64).reshape(1, 1, -1)
    y = nn.StochasticPool1d(len(window))(x).item()
    assert y in window
    assert y > 0 or not any(window)


def test_gradients_go_where_the_activations_came_from() -> None:
    md.manual_seed(0)
    x = (md.rand(2, 3, 6, 6, dtype=md.float64) + 0.1).requires_grad_()
    y = nn.StochasticPool2d(2)(x)
    y.sum().backward()
    assert x.grad.sum().item() == y.numel()
    assert set(x.grad.numpy().reshape(-1)) == {0.0, 1.0}
    assert np.array_equal(np.sort(x.detach().numpy()[x.grad.numpy() == 1]), np.sort(y.detach().numpy().reshape(-1)))
    evaluated = nn.StochasticPool2d(3, 2, 1).eval()
    assert check(evaluated, md.rand(2, 3, 5, 5, dtype=md.float64) + 0.1)


def test_signals_are_images_of_height_one() -> None:
    x = md.rand(2, 3, 9)
    for kernel, stride, padding in ((2, None, 0), (3, 2, 1), (4, 1, 2)):
        signals = nn.StochasticPool1d(kernel, stride, padding).eval()
        images = nn.StochasticPool2d((1, kernel), stride and (1, stride), (0, padding)).eval()
        assert signals(x).isclose(images(x.unsqueeze(2)).squeeze(2)).all()
        assert signals(x[0]).isclose(signals(x)[0]).all()


# ---------------------------------------------------------------------------------------------- mixed


def test_each_channel_takes_maxima_or_means() -> None:
    md.manual_seed(0)
    x = md.randn(100, 50, 4, 4)
    y = nn.MixedPool2d(2, share=0.3)(x)
    maxima, means = md.nn.functional.max_pool2d(x, 2), md.nn.functional.avg_pool2d(x, 2)
    took_maxima, took_means = (y.isclose(pooled, atol=1e-6).all((2, 3)) for pooled in (maxima, means))
    assert (took_maxima != took_means).all()
    assert took_maxima.double().mean().item() == pytest.approx(0.3, abs=0.03)
    mixed = nn.MixedPool2d(2, share=0.3).eval()(x)
    assert mixed.isclose(maxima * 0.3 + means * 0.7, atol=1e-6).all()


@pytest.mark.parametrize("training", [True, False])
def test_shares_of_all_or_nothing(training: bool) -> None:
    x = md.randn(2, 3, 9)
    settings = (3, 2, 1)
    maxima, means = nn.MaxPool1d(*settings)(x), nn.AvgPool1d(*settings)(x)
    assert nn.MixedPool1d(*settings, share=1).train(training)(x).isclose(maxima).all()
    assert nn.MixedPool1d(*settings, share=0).train(training)(x).isclose(means).all()


def test_learnt_shares() -> None:
    pool, x = nn.MixedPool2d(2, share=0.3, learnable=True, num_parameters=3).double(), md.randn(2, 3, 4, 4).double()
    assert list(pool.state_dict()) == ["logit"]
    assert pool.logit.shape == (3,)
    assert md.sigmoid(pool.logit).tolist() == pytest.approx([0.3] * 3)
    y = pool(x)
    assert y.isclose(nn.MixedPool2d(2, share=0.3).eval()(x), rtol=1e-6).all()
    assert pool.eval()(x).equal(y)
    y.sum().backward()
    gap = (md.nn.functional.max_pool2d(x, 2) - md.nn.functional.avg_pool2d(x, 2)).sum((0, 2, 3))
    assert pool.logit.grad.tolist() == pytest.approx((gap * 0.3 * 0.7).tolist())


def test_shares_of_channels_are_learnt_apart() -> None:
    pool, x = nn.MixedPool2d(2, learnable=True, num_parameters=2), md.randn(5, 2, 4, 4)
    pool(x)[:, 0].sum().backward()
    assert pool.logit.grad[0] != 0
    assert pool.logit.grad[1] == 0
    assert repr(pool) == "MixedPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0), share=0.5, learnable=True)"
