"""Activations: that there is a module for each, what is written in place, and the one that PyTorch has not, Swish."""

from __future__ import annotations

import pytest

import minideep as md
from gradcheck import check
from minideep import nn
from minideep.ops import activation, gelu, softmax

FUNCTIONS = [*activation.__all__, *gelu.__all__, *softmax.__all__, "sigmoid", "tanh"]
IN_PLACE = "ReLU ReLU6 LeakyReLU ELU SELU CELU SiLU Mish Hardswish Hardsigmoid Hardtanh".split()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_activation_has_its_module(name: str) -> None:
    modules = {cls.lower(): getattr(nn, cls) for cls in dir(nn) if isinstance(getattr(nn, cls), type)}
    module = modules[name.replace("_", "")]
    assert getattr(module, "function", getattr(nn.functional, name)) is getattr(nn.functional, name)
    assert module.__doc__
    assert len(module.__doc__) > 15


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name: str) -> None:
    """It writes into the memory of its input, and refuses where that is a leaf that needs a gradient."""
    module, x = getattr(nn, name)(inplace=True), md.randn(4)
    before = x.clone()
    assert repr(module).endswith("inplace=True)")
    assert module(x) is x
    assert x.equal(getattr(nn, name)()(before))
    module.inplace = False
    assert module(x) is not x
    module.inplace = True
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        module(md.ones(2, requires_grad=True))


def test_what_a_gradient_needs_is_not_overwritten_unnoticed() -> None:
    x = md.randn(4, requires_grad=True)
    square = x * x
    y = square.sin()
    nn.ReLU(inplace=True)(square)
    with pytest.raises(RuntimeError, match="sin"):
        y.sum().backward()


# ---------------------------------------------------------------------------------------------- Swish


def test_swish_learns_its_beta() -> None:
    swish, x = nn.Swish(1.0), md.randn(3, 4, dtype=md.float64)
    assert swish(x.float()).isclose(nn.SiLU()(x.float())).all()
    assert list(swish.state_dict()) == ["beta"]
    assert [name for name, _ in swish.named_parameters()] == ["beta"]
    swish(x.float()).sum().backward()
    s = x.sigmoid()
    assert swish.beta.grad.item() == pytest.approx((x * x * s * (1 - s)).sum().item(), rel=1e-4)
    assert check(nn.functional.swish, x, md.tensor(0.7, dtype=md.float64))


def test_swish_with_a_beta_that_stays() -> None:
    swish = nn.Swish(0.0, learnable=False)
    assert not list(swish.parameters())
    assert list(swish.state_dict()) == ["beta"]
    assert swish(md.tensor([2.0, -4.0])).tolist() == [1.0, -2.0]
    assert repr(swish) == "Swish(beta=0, learnable=False)"
    assert repr(nn.Swish(1.25)) == "Swish(beta=1.25, learnable=True)"
    assert swish.half().beta.dtype == md.float16


def test_frozen_swish_is_shown_as_it_was_made() -> None:
    assert repr(nn.Swish().requires_grad_(False)) == "Swish(beta=1, learnable=True)"
