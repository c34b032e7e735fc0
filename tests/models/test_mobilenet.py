"""MobileNets: what their arguments do. (That they equal the references: `test_against_references`.)"""

from __future__ import annotations

import pytest

import minideep as md
from minideep import models, nn
from minideep.nn import init


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize(
    ("name", "arguments", "parameters"),  # as torchvision's have
    [
        ("mobilenet_v2", {"width_mult": 0.35, "num_classes": 7}, 405_095),
        ("mobilenet_v3_small", {"width_mult": 0.75}, 1_653_920),
        ("mobilenet_v3_small", {"reduced_tail": True}, 1_099_672),
        ("mobilenet_v3_large", {"width_mult": 0.75}, 3_377_576),
        ("mobilenet_v3_large", {"reduced_tail": True}, 2_569_352),
        ("mobilenet_v3_large", {"dilated": True}, 5_483_032),
    ],
)
def test_sizes(name, arguments, parameters) -> None:
    with init.skipped():
        assert count(models.get_model(name, **arguments)) == parameters


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "mobilenet_v3_large"])
def test_a_dilated_tail_keeps_the_image_larger(name) -> None:
    images = md.zeros(1, 3, 64, 64)
    sides = []
    for dilated in (False, True):
        with init.skipped(), md.no_grad():
            features = models.get_model(name, width_mult=0.25, dilated=dilated).features
            sides.append(features.eval()(images).shape[-1])
    assert sides == [2, 4]


def test_a_block_of_ones_own() -> None:
    class Plain(nn.Conv2d):
        def __init__(self, inp, oup, stride, expand_ratio, norm_layer) -> None:
            super().__init__(inp, oup, 3, stride, 1)

    setting = [(1, 8, 1, 2), (1, 16, 2, 2)]
    model = models.mobilenet_v2(inverted_residual_setting=setting, block=Plain, norm_layer=nn.InstanceNorm2d)
    assert [type(layer).__name__ for layer in model.features] == ["Conv2dNormActivation", *["Plain"] * 3] + [
        "Conv2dNormActivation"
    ]
    assert [layer.stride for layer in model.features[1:4]] == [(2, 2), (2, 2), (1, 1)]
    assert isinstance(model.features[0][1], nn.InstanceNorm2d)


@pytest.mark.parametrize("setting", [[], [(1, 16, 1)]])
def test_settings_that_are_none(setting) -> None:
    with pytest.raises(ValueError, match=r"MobileNetV2: inverted_residual_setting should be rows of four numbers"):
        models.mobilenet_v2(inverted_residual_setting=setting)


def test_arguments_of_timm() -> None:
    with init.skipped():
        model = models.mobilenetv1_100(num_classes=5, in_chans=1, drop_rate=0.3)
    assert model(md.zeros(2, 1, 32, 32)).shape == (2, 5)
    assert model.head_drop.p == 0.3
