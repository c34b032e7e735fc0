"""ConvNeXt: its first values and its arguments. (That it equals the reference: another file.)"""

from __future__ import annotations

import pytest

import minideep as md
from minideep import models, nn
from minideep.models.convnext import CNBlock, ConvNeXt, LayerNorm2d, Permute


def test_blocks_start_next_to_the_identity() -> None:
    x = md.randn(2, 6, 5, 5)
    block = CNBlock(6, 1e-6, 0.0)
    assert (block(x) - x).abs().max().item() < 1e-5
    block.layer_scale.data.fill_(1.0)
    assert (block(x) - x).abs().max().item() > 1e-3


def test_what_training_drops_grows_from_0() -> None:
    model = ConvNeXt((4, 8), (2, 3), stochastic_depth_prob=0.4)
    chances = [module.drop_prob for module in model.modules() if isinstance(module, nn.DropPath)]
    assert chances == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert ConvNeXt((4,), (1,), stochastic_depth_prob=0.4).features[1][0].stochastic_depth.drop_prob == 0


def test_first_values() -> None:
    model = ConvNeXt((48, 96), (1, 1))
    weights = [p for name, p in model.named_parameters() if p.ndim > 1 and name.endswith("weight")]
    assert all(weight.std().item() == pytest.approx(0.02, rel=0.1) for weight in weights)
    assert not any(p.any() for name, p in model.named_parameters() if name.endswith("bias"))


def test_arguments() -> None:
    def block(width, layer_scale, chance) -> nn.Module:
        return nn.Conv2d(width, width, 1)

    model = ConvNeXt((4, 8), (1, 2), num_classes=3, block=block, norm_layer=nn.BatchNorm2d)
    assert model(md.zeros(2, 3, 32, 32)).shape == (2, 3)
    assert isinstance(model.features[2][0], nn.BatchNorm2d)
    with pytest.raises(TypeError, match="stochastic_depth"):
        models.convnext_tiny(stochastic_depth=0.1)


def test_norm_of_channels() -> None:
    images = md.randn(2, 8, 3, 4)
    normed = LayerNorm2d(8)(images)
    assert normed.shape == (2, 8, 3, 4)
    assert normed.mean(1).abs().max().item() < 1e-5
    assert repr(Permute((0, 2, 1))) == "Permute((0, 2, 1))"
