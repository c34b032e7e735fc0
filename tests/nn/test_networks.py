"""Whole networks, trained for some steps beside PyTorch's: layer upon layer, errors would add up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep
from tests.support import NO_TORCH, compare

torch = pytest.importorskip("torch", reason=NO_TORCH)


def convolutional(nn: Any) -> Any:
    """A residual network in miniature."""

    class Residual(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.branch = nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
                nn.Conv2d(channels, channels, 3, padding=1, groups=2, padding_mode="reflect"),
                nn.GroupNorm(2, channels),
            )

        def forward(self, x: Any) -> Any:
            return x + self.branch(x)

    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.SiLU(), nn.MaxPool2d(3, 2, 1), Residual(8), Residual(8),
        nn.Conv2d(8, 12, 1), nn.PReLU(12), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.0), nn.Linear(12, 5),
    )  # fmt: skip


def transformer(nn: Any) -> Any:
    """A vision transformer in miniature: patches of 4 × 4, one token for each, and their mean."""

    class Transformer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(3, 8, 4, stride=4)
            self.places = nn.Embedding(4, 8)
            layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False)
            self.head = nn.Linear(8, 5)

        def forward(self, x: Any) -> Any:
            tokens = self.patches(x).flatten(2).transpose(1, 2) + self.places.weight
            return self.head(self.encoder(tokens).mean(1))

    return Transformer()


def decoder(nn: Any) -> Any:
    """An image made small and large again, for a loss of images."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 4, 2, 1), nn.InstanceNorm2d(8, affine=True), nn.LeakyReLU(0.2, True),
        nn.Conv2d(8, 16, 3, 1, 1), nn.PixelShuffle(2), nn.Upsample(scale_factor=2, mode="bilinear"), nn.Mish(),
        nn.AvgPool2d(2), nn.ReplicationPad2d(1), nn.ConvTranspose2d(4, 3, 3, padding=2), nn.Hardtanh(),
    )  # fmt: skip


def trained(library: Any, net: Any, criterion: Callable[..., Any], classes: bool) -> Any:
    """What the losses were over some steps, and the state at the end, also as evaluation uses it."""
    rng, losses = np.random.default_rng(0), []
    for _ in range(6):
        x = library.tensor(rng.normal(size=(6, 3, 8, 8)))
        target = library.tensor(rng.integers(0, 5, 6)) if classes else x
        net.zero_grad()
        loss = criterion(net.train()(x), target)
        loss.backward()
        losses.append(loss.item())
        with library.no_grad():
            for parameter in net.parameters():
                parameter.sub_(parameter.grad, alpha=0.1)
    return losses, list(net.state_dict().values()), net.eval()(x).detach()


@pytest.mark.parametrize("network", [convolutional, transformer, decoder])
def test_networks_train_as_in_pytorch(network: Callable[[Any], Any]) -> None:
    theirs, ours = network(torch.nn).double(), network(minideep.nn).double()
    ours.load_state_dict({name: x.numpy() for name, x in theirs.state_dict().items()})
    outcomes = []
    for library, net in ((minideep, ours), (torch, theirs)):
        classes = network is not decoder
        criterion = library.nn.CrossEntropyLoss(label_smoothing=0.1) if classes else library.nn.HuberLoss()
        outcomes.append(trained(library, net, criterion, classes))
    compare(*outcomes, rtol=1e-7)
