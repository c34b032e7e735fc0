"""Dropout of entries, channels, weights and branches: how much, what together, and what stays on average."""

from __future__ import annotations

import numpy as np
import pytest

import minideep as md
from minideep import nn

# ---------------------------------------------------------------------------------------------- entries and channels


@pytest.mark.parametrize(
    ("module", "shape", "together"),
    [
        (nn.Dropout(0.3), (200, 100), ()),
        (nn.Dropout1d(0.3), (100, 100, 4), (2,)),
        (nn.Dropout2d(0.3), (100, 100, 2, 3), (2, 3)),
    ],
)
def test_what_is_dropped_together(module: nn.Module, shape: tuple[int, ...], together: tuple[int, ...]) -> None:
    md.manual_seed(0)
    y = module(md.ones(shape)).numpy()
    assert set(y.reshape(-1)) == {np.float32(0), np.float32(1 / 0.7)}
    parts = y.reshape(-1, int(np.prod([shape[i] for i in together])))
    assert (parts == parts[:, :1]).all()
    assert (parts[:, 0] == 0).mean() == pytest.approx(0.3, abs=0.02)
    x = md.ones(shape)
    assert module.eval()(x) is x


def test_dropout_in_place_changes_its_input() -> None:
    x = md.ones(100)
    assert nn.Dropout(0.5, inplace=True)(x) is x
    assert x.eq(0).any()


# ---------------------------------------------------------------------------------------------- weights


def test_each_sample_has_weights_of_its_own() -> None:
    md.manual_seed(0)
    layer = nn.DropConnect(4, 3, p=0.5)
    nn.init.ones_(layer.weight)
    nn.init.ones_(layer.bias)
    y = layer(md.ones(4000, 4)).detach().numpy()
    assert set(y.reshape(-1)) == {0.0, 2.0, 4.0, 6.0, 8.0, 10.0}  # of four weights and a bias, some doubled, some gone
    counts = np.bincount((y / 2).astype(int).reshape(-1), minlength=6) / y.size
    assert counts == pytest.approx(np.array([1, 5, 10, 10, 5, 1]) / 32, abs=0.02)
    assert (y[1:] != y[:-1]).any(axis=1).mean() > 0.9
    shared = nn.DropConnect(4, 3, per_sample=False)(md.ones(50, 4)).detach().numpy()
    assert (shared == shared[0]).all()


@pytest.mark.parametrize("per_sample", [True, False])
@pytest.mark.parametrize("shape", [(5,), (2, 5), (2, 3, 5)])
def test_the_mean_of_dropped_weights_is_what_evaluation_takes(shape: tuple[int, ...], per_sample: bool) -> None:
    md.manual_seed(0)
    layer, x = nn.DropConnect(5, 2, p=0.3, per_sample=per_sample), md.randn(shape)
    mean = sum(layer(x).detach() for _ in range(2000)) / 2000
    expected = layer.eval()(x)
    assert expected.equal(nn.functional.linear(x, layer.weight, layer.bias))
    assert mean.shape == (*shape[:-1], 2)
    assert (mean - expected).abs().max().item() < 0.12


def test_gradients_of_dropped_weights_are_zero() -> None:
    md.manual_seed(0)
    layer = nn.DropConnect(100, 50, p=0.5, bias=False, per_sample=False)
    layer(md.ones(2, 100)).sum().backward()
    values = set(layer.weight.grad.numpy().reshape(-1))
    assert values == {0.0, 4.0}
    assert nn.DropConnect(3, 2, p=1.0)(md.ones(2, 3)).tolist() == [[0, 0], [0, 0]]


def test_drop_connect_is_a_linear_layer() -> None:
    layer = nn.DropConnect(4, 3, p=0.25)
    assert isinstance(layer, nn.Linear)
    assert list(layer.state_dict()) == ["weight", "bias"]
    assert repr(layer) == "DropConnect(in_features=4, out_features=3, bias=True, p=0.25, per_sample=True)"


# ---------------------------------------------------------------------------------------------- branches


@pytest.mark.parametrize("scale_by_keep", [True, False])
def test_samples_are_dropped_whole(scale_by_keep: bool) -> None:
    md.manual_seed(0)
    path = nn.DropPath(0.2, scale_by_keep)
    y = path(md.ones(5000, 2, 3)).numpy()
    kept = 1 / 0.8 if scale_by_keep else 1.0
    assert sorted(set(y.reshape(-1))) == pytest.approx([0, kept])
    assert (y == y[:, :1, :1]).all()
    assert (y[:, 0, 0] == 0).mean() == pytest.approx(0.2, abs=0.02)


def test_branches_in_evaluation_and_at_the_ends() -> None:
    x = md.randn(6, 2)
    assert nn.DropPath(0.5).eval()(x) is x
    assert nn.DropPath()(x) is x
    assert nn.DropPath(1.0)(x).eq(0).all()
    assert repr(nn.DropPath(1 / 3)) == "DropPath(drop_prob=0.333)"


def test_gradients_of_dropped_samples_are_zero() -> None:
    md.manual_seed(0)
    x = md.ones(50, 2, requires_grad=True)
    y = nn.DropPath(0.5)(x)
    y.sum().backward()
    assert x.grad.equal(y.detach())
