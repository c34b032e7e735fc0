"""EfficientNets: how they are scaled, and what is dropped. (That they equal the references: another file.)"""

from __future__ import annotations

import pytest

from minideep import models, nn
from minideep.nn import init


@pytest.fixture(autouse=True)
def no_values():
    with init.skipped():
        yield


def chances(model: nn.Module) -> list[float]:
    return [module.drop_prob for module in model.modules() if isinstance(module, nn.DropPath)]


@pytest.mark.parametrize(
    ("name", "blocks", "dropout", "eps"),
    [("efficientnet_b0", 16, 0.2, 1e-5), ("efficientnet_b5", 39, 0.4, 1e-3), ("efficientnet_v2_s", 40, 0.2, 1e-3)],
)
def test_what_training_drops(name, blocks, dropout, eps) -> None:
    model = models.get_model(name)
    assert chances(model) == pytest.approx([0.2 * i / blocks for i in range(blocks)])
    assert model.classifier[0].p == dropout
    assert model.features[0][1].eps == eps


def test_arguments() -> None:
    model = models.efficientnet_b0(num_classes=3, dropout=0.0, stochastic_depth_prob=0.5, norm_layer=nn.InstanceNorm2d)
    assert model.classifier[1].out_features == 3
    assert model.classifier[0].p == 0
    assert chances(model)[-1] == 0.5 * 15 / 16
    assert isinstance(model.features[0][1], nn.InstanceNorm2d)
    assert models.efficientnet_v2_s(last_channel=64).classifier[1].in_features == 64
