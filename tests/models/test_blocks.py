"""What several families are built of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep import nn
from minideep.models import blocks


@given(st.floats(1, 5000), st.sampled_from([1, 4, 8, 16]))
def test_make_divisible(value, divisor) -> None:
    made = blocks.make_divisible(value, divisor)
    assert made % divisor == 0
    assert made >= divisor
    assert 0.9 * value <= made <= max(divisor, value + divisor)


def test_make_divisible_has_a_least_value() -> None:
    assert blocks.make_divisible(3, 8, min_value=24) == 24


def test_a_convolution_keeps_the_size_and_has_a_bias_where_no_norm_follows() -> None:
    images = md.randn(2, 3, 9, 9)
    for kernel, dilation in ((1, 1), (3, 1), (5, 2)):
        assert blocks.Conv2dNormActivation(3, 4, kernel, dilation=dilation)(images).shape == (2, 4, 9, 9)
    plain = blocks.Conv2dNormActivation(3, 4, norm_layer=None, activation_layer=nn.GELU, inplace=None)
    assert [type(layer) for layer in plain] == [nn.Conv2d, nn.GELU]
    assert plain[0].bias is not None
    assert blocks.Conv2dNormActivation(3, 4, activation_layer=None)[0].bias is None


def test_excitation_is_a_factor_for_each_channel() -> None:
    squeeze = blocks.SqueezeExcitation(4, 2)
    images = md.rand(2, 4, 5, 5) + 1
    factors = (squeeze(images) / images).flatten(2).detach().numpy()
    assert (factors.std(-1) < 1e-6).all()
    assert ((factors > 0) & (factors < 1)).all()


def test_a_residual_drops_its_block_in_training() -> None:
    block = blocks.Residual(nn.Identity(), True, drop_prob=0.75)
    ones = md.ones(2000, 1)
    changed = block(ones).numpy().ravel()
    assert set(changed.tolist()) == {1.0, 5.0}  # 1, or 1 + 1 / 0.25
    assert (changed > 1).mean() == pytest.approx(0.25, abs=0.05)
    assert (block.eval()(ones) == 2).all()
    assert (blocks.Residual(nn.Identity(), False)(ones) == 1).all()


@pytest.mark.parametrize("stride", [0, 3])
def test_strides_that_there_are_not(stride) -> None:
    with pytest.raises(ValueError, match=f"InvertedResidual: stride should be 1 or 2, but got {stride}"):
        blocks.inverted_layers(4, 8, 4, 3, stride, nn.BatchNorm2d, nn.ReLU)


@pytest.mark.parametrize(("within_group", "fan_out"), [(False, 64 * 9), (True, 16 * 9)])
def test_first_values(within_group, fan_out) -> None:
    model = nn.Sequential(nn.Conv2d(64, 64, 3, groups=4), nn.Linear(300, 400), nn.BatchNorm2d(3))
    blocks.init_weights(model, blocks.uniform_linear, within_group)
    assert model[0].weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)
    assert model[1].weight.abs().max().item() == pytest.approx(0.05, rel=0.01)
    assert not model[0].bias.any()
    assert not model[1].bias.any()
    blocks.normal_linear(model[1])
    assert model[1].weight.std().item() == pytest.approx(0.01, rel=0.05)
