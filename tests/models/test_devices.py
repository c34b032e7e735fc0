"""Networks on arrays as unforgiving as those of a GPU: the same results, gradients and state as on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep
from gradcheck import strict
from minideep import models, nn
from minideep.models import densenet, resnet_attention, resnet_cifar
from tests.models.measuring import entries, training_loss, values

strict.register()


def around(block: nn.Module) -> nn.Module:
    """A network of one block."""
    return nn.Sequential(nn.Conv2d(3, 32, 3, stride=2), block, nn.AdaptiveAvgPool2d(1), nn.Flatten())


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "lenet": models.lenet5,
    "cifar": lambda: resnet_cifar.CifarResNet(8),
    "se": lambda: around(resnet_attention.SEBottleneck(32, 8)),
    "eca": lambda: around(resnet_attention.ECABottleneck(32, 8)),
    "split": lambda: around(resnet_attention.SplitBottleneck(32, 8)),
    "resnetv2": lambda: models.ResNetV2([1, 1], 4),
    "densenet": lambda: densenet.DenseNet(8, (2, 2), 16, num_classes=4, drop_rate=0.0),
    "inception": lambda: around(models.Inception(32, 8, 8, 8, 8, 8, 8)),
    "neocognitron": lambda: models.Neocognitron([4, 4], side=32),
}


def step(build: Callable[[], nn.Module], device: str) -> list[np.ndarray]:
    """Logits in evaluation, then loss, gradients and buffers of a step in training."""
    with nn.init.skipped():
        model = build().double()
    state = entries(model)
    model.load_state_dict(values(state))
    model.to(device)
    channels = state[0][2][1]
    images = minideep.tensor(np.random.default_rng(0).random((3, channels, 32, 32)), device=device)
    with minideep.no_grad():
        results = [model.eval()(images)]
    results.append(training_loss(model.train(), images, minideep))
    results[1].backward()
    results += [*(p.grad for p in model.parameters()), *model.buffers()]
    assert {str(x.device) for x in results} == {device}
    return [x.detach().cpu().numpy() for x in results]


@pytest.mark.parametrize("name", NETWORKS)
def test_on_a_device(name: str) -> None:
    for there, here in zip(step(NETWORKS[name], "strict"), step(NETWORKS[name], "cpu"), strict=True):
        np.testing.assert_allclose(there, here, rtol=1e-7, atol=1e-9 * (1 + np.abs(here).max()))


def test_learning_rules_on_a_device() -> None:
    x = minideep.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], device="strict")
    y = minideep.tensor([0.0, 1.0, 1.0, 1.0], device="strict")
    neuron: Any = models.Perceptron(2).to("strict")
    assert neuron.fit(x, y, epochs=10, lr=1.0)[-1] == 0
    network = models.MLP(2, 3, 1).to("strict")
    assert {str(g.device) for g in network.backward(x, y.unsqueeze(1), network(x))} == {"strict"}
    gate = models.McCullochPitts(minideep.tensor([1.0, 1.0], device="strict"), 2)
    assert gate(x).cpu().tolist() == [0, 0, 0, 1]


def test_summary_on_a_device() -> None:
    there, here = (models.summary(models.resnet20().to(device), (3, 32, 32)) for device in ("strict", "cpu"))
    assert there.rows == here.rows
