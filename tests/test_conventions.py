"""Conventions that mathematics leaves open, settled once: one test for each line of docs/conventions.md."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minideep as md
import minideep.nn.functional as F
from gradcheck.strict import register
from minideep.autograd import grad
from tests.support import agree


def leaf(*values):
    return md.tensor(values, dtype=md.float64, requires_grad=True)


def slopes(function, *values):
    """The gradient of the sum of a function at some values."""
    x = leaf(*values)
    return grad(function(x).sum(), x)[0].tolist()


# ---------------------------------------------------------------------------------------------- derivatives at kinks


@pytest.mark.parametrize("name", ["amax", "amin"])
@pytest.mark.parametrize("dim", [None, -1])
def test_ties_share_the_gradient_of_extremes(name, dim) -> None:
    arguments = () if dim is None else (dim,)
    assert slopes(lambda x: getattr(md, name)(x, *arguments), 2.0, 2.0, 2.0, 2.0) == [0.25] * 4
    agree(lambda m: program_with_ties(m, lambda x: getattr(m, name)(x, *(arguments or (0,)))))


@pytest.mark.parametrize("name", ["max", "min"])
def test_ties_share_the_gradient_of_max_without_dim(name) -> None:
    assert slopes(lambda x: getattr(md, name)(x), 1.0, 1.0) == [0.5, 0.5]
    agree(lambda m: program_with_ties(m, lambda x: getattr(m, name)(x)))


@pytest.mark.parametrize("name", ["maximum", "minimum", "max", "min"])
def test_ties_of_two_tensors_share_the_gradient(name) -> None:
    x, y = leaf(1.0, 2.0), leaf(1.0, 3.0)
    of_x, of_y = grad(getattr(md, name)(x, y).sum(), (x, y))
    assert of_x.tolist()[0] == of_y.tolist()[0] == 0.5
    assert of_x.tolist()[1] + of_y.tolist()[1] == 1


def program_with_ties(m, function):
    x = m.tensor([3.0, 1.0, 3.0, 1.0, 2.0], dtype=m.float64, requires_grad=True)
    y = function(x)
    return y, m.autograd.grad(y.sum(), x)[0]


@pytest.mark.parametrize("name", ["max", "min"])
def test_the_first_of_a_tie_along_a_dimension_takes_it(name) -> None:
    result = getattr(leaf(1.0, 1.0, 1.0), name)(0)
    assert result.indices.item() == 0
    assert slopes(lambda x: getattr(x, name)(0).values, 1.0, 1.0, 1.0) == [1, 0, 0]


def test_the_first_of_a_tie_in_a_window_takes_it() -> None:
    x = md.ones(1, 1, 4, requires_grad=True)
    F.max_pool1d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[1, 0, 1, 0]]]
    x = md.ones(1, 1, 2, 2, requires_grad=True)
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[[1, 0], [0, 0]]]]


def test_kinks_at_zero_are_flat() -> None:
    assert slopes(md.relu, 0.0) == [0]
    assert slopes(md.abs, 0.0) == [0]
    assert slopes(md.norm, 0.0, 0.0) == [0, 0]
    assert slopes(lambda x: md.norm(x, p=1), 0.0) == [0]
    agree(lambda m: [slope(m, f) for f in (m.relu, m.abs, m.norm)])


def slope(m, function):
    x = m.zeros(2, dtype=m.float64, requires_grad=True)
    return m.autograd.grad(function(x).sum(), x)[0]


def test_the_ends_of_clamp_belong_to_the_inside() -> None:
    assert slopes(lambda x: x.clamp(-1.0, 1.0), -2.0, -1.0, 0.0, 1.0, 2.0) == [0, 1, 1, 1, 0]


def test_nothing_has_an_empty_gradient() -> None:
    for function in (md.sum, lambda x: x.mean(), lambda x: md.prod(x)):
        x = md.zeros(0, 3, requires_grad=True)
        function(x).backward()
        assert x.grad.shape == (0, 3)
    assert math.isnan(md.zeros(0).mean().item())


# ---------------------------------------------------------------------------------------------- formulas


def test_batch_norm_normalises_by_the_biased_and_keeps_the_unbiased_variance() -> None:
    x = md.tensor([[0.0], [1.0], [5.0]], dtype=md.float64)
    mean, var = md.zeros(1, dtype=md.float64), md.ones(1, dtype=md.float64)
    y = F.batch_norm(x, mean, var, training=True, momentum=0.1, eps=0.0)
    biased = np.var([0.0, 1.0, 5.0])
    np.testing.assert_allclose(y.numpy().ravel(), (np.array([0.0, 1.0, 5.0]) - 2) / np.sqrt(biased))
    assert mean.item() == pytest.approx(0.1 * 2)
    assert var.item() == pytest.approx(0.9 + 0.1 * biased * 3 / 2)


def test_gelu_is_exact() -> None:
    exact = 0.5 * (1 + math.erf(1 / math.sqrt(2)))
    assert F.gelu(leaf(1.0)).item() == pytest.approx(exact, rel=1e-12)
    assert F.gelu(leaf(1.0), approximate="tanh").item() != pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("name", ["Adagrad", "RMSprop", "Adam"])
def test_epsilon_is_added_outside_the_root(name) -> None:
    """The first step against a gradient of 4, with ε = 1, where averages of squares are 16 (or a hundredth of it)."""
    p = leaf(0.0)
    p.grad = md.tensor([4.0], dtype=md.float64)
    getattr(md.optim, name)([p], lr=1.0, eps=1.0).step()
    root = 0.4 if name == "RMSprop" else 4.0
    assert p.item() == pytest.approx(-4 / (root + 1))


def test_the_decay_of_adamw_is_apart_from_the_gradient() -> None:
    p = leaf(5.0)
    p.grad = md.zeros(1, dtype=md.float64)
    md.optim.AdamW([p], lr=0.5, weight_decay=0.1).step()
    assert p.item() == pytest.approx(5 - 0.5 * 0.1 * 5)


def test_dropout_is_inverted_and_p_is_the_chance_to_drop() -> None:
    md.manual_seed(0)
    y = F.dropout(md.ones(10_000), p=0.2)
    assert set(y.unique_values() if hasattr(y, "unique_values") else np.unique(y.numpy()).tolist()) == {0.0, 1.25}
    assert (y == 0).sum().item() == pytest.approx(2000, abs=200)
    assert F.dropout(md.ones(5), p=0.2, training=False).tolist() == [1] * 5


def test_variance_divides_by_n_minus_1() -> None:
    x = leaf(1.0, 2.0, 4.0)
    assert x.var().item() == pytest.approx(np.var([1.0, 2.0, 4.0], ddof=1))
    assert x.std().item() == pytest.approx(np.std([1.0, 2.0, 4.0], ddof=1))
    assert x.var(correction=0).item() == pytest.approx(np.var([1.0, 2.0, 4.0]))


def test_convolution_does_not_flip_the_kernel() -> None:
    x, kernel = md.tensor([[[1.0, 2.0, 3.0]]]), md.tensor([[[1.0, 10.0]]])
    assert F.conv1d(x, kernel).tolist() == [[[21, 32]]]


# ---------------------------------------------------------------------------------------------- numbers


def test_python_floats_become_float32() -> None:
    assert (
        md.tensor(1.5).dtype
        == md.tensor([1, 2.5]).dtype
        == md.ones(1).dtype
        == md.arange(0.0, 1.0, 0.5).dtype
        == md.float32
    )
    assert md.tensor(1).dtype == md.arange(3).dtype == md.int64


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("number", [True, 2, 2.5], ids=str)
def test_a_tensor_wins_over_a_number_of_its_kind(dtype, number) -> None:
    agree(lambda m: [m.ones(2, dtype=getattr(m, dtype)) * number, number + m.ones((), dtype=getattr(m, dtype))])


@pytest.mark.parametrize("dtype", [md.float16, md.float32, md.float64], ids=str)
def test_floats_stay_what_they_are(dtype) -> None:
    x = md.ones(2, 3, dtype=dtype, requires_grad=True)
    y = ((x * 2.0 - 1).exp() / 3 + x.sum(0).mean() ** 2).tanh().log().norm() * math.pi
    assert y.dtype == dtype
    y.backward()
    assert x.grad.dtype == dtype


def test_sums_of_float16_are_accumulated_in_float32() -> None:
    x = md.ones(10_000, dtype=md.float16)
    assert x.sum().item() == 10_000
    assert (x * 0.25).mean().item() == 0.25
    assert x.reshape(2, 5000).sum(1).dtype == md.float16


def test_division_and_sums_of_integers() -> None:
    x = md.tensor([7, -7], dtype=md.int32)
    assert (x / 2).dtype == md.float32
    assert (x // 2).tolist() == [3, -4]
    assert (x // 2).dtype == md.int32
    assert x.sum().dtype == (x > 0).sum().dtype == md.int64


def test_logarithm_of_zero_says_nothing() -> None:
    assert md.log(md.zeros(1)).item() == -math.inf
    assert math.isnan((md.zeros(1) / 0).item())
    with md.detect_anomaly(), pytest.raises(RuntimeError, match=r"^log: "):
        md.log(md.zeros(1))


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("loss", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_losses_demand_equal_shapes(loss) -> None:
    with pytest.raises((RuntimeError, ValueError)) as caught:
        getattr(F, loss)(md.ones(4, 1), md.ones(4))
    text = str(caught.value)
    assert text.startswith(f"{loss}: ")
    assert "(4, 1)" in text
    assert "(4,)" in text
    assert "squeeze" in text


def test_devices_do_not_mix() -> None:
    """Proved on the stand-in for a GPU, on which gradcheck runs every op."""
    register()
    here, there = md.ones(2), md.ones(2).to("strict")
    with pytest.raises(
        RuntimeError, match=r"mul: expected all tensors to be on the same device, but 'input' is on cpu"
    ):
        here * there
