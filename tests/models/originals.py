"""In PyTorch, the models that are in neither library as they are wanted here: those of the papers and the course."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from tests.models.darts_original import darts, darts_search
from tests.models.references import library

__all__ = ["darts", "darts_search"]


def ecaresnet50(**kwargs: Any) -> nn.Module:
    """timm has it with the deep stem only."""
    resnet = library("timm").models.resnet
    return resnet.ResNet(resnet.Bottleneck, (3, 4, 6, 3), block_args={"attn_layer": "eca"}, **kwargs)


# ---------------------------------------------------------------------------------------------- ResNets for CIFAR


class CifarBlock(nn.Module):
    def __init__(self, before: int, planes: int, shortcut: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, planes, 3, planes // before, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.shortcut = shortcut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.shortcut:
            step, new = x.shape[2] // y.shape[2], y.shape[1] - x.shape[1]
            kept = x[:, :, ::step, ::step]
            y = y + torch.cat([kept, kept.new_zeros(len(x), new, *y.shape[2:])], 1)
        return F.relu(y)


class CifarResNet(nn.Module):
    def __init__(self, depth: int, shortcut: bool, num_classes: int = 10) -> None:
        super().__init__()
        n = (depth - 2) // 6
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        for stage, width in enumerate((16, 32, 64), 1):
            first = CifarBlock(width if stage == 1 else width // 2, width, shortcut)
            blocks = [first, *[CifarBlock(width, width, shortcut) for _ in range(n - 1)]]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.fc = nn.Linear(64, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


resnet20, resnet32, resnet44, resnet56, resnet110 = [partial(CifarResNet, n, True) for n in (20, 32, 44, 56, 110)]
plain20, plain32, plain44, plain56, plain110 = [partial(CifarResNet, n, False) for n in (20, 32, 44, 56, 110)]


# ---------------------------------------------------------------------------------------------- LeNet and AlexNet


class LeNet5(nn.Module):
    def __init__(self, num_classes: int = 10) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for conv in (self.conv1, self.conv2):
            x = F.avg_pool2d(torch.tanh(conv(x)), 2)
        for linear in (self.fc1, self.fc2):
            x = torch.tanh(linear(x.flatten(1)))
        return self.fc3(x)


class AlexNetLRN(nn.Module):
    """The course's."""

    def __init__(self, num_classes: int = 1000) -> None:
        super().__init__()
        norm = partial(nn.LocalResponseNorm, size=5, alpha=1e-4, beta=0.75, k=2)
        pool = partial(nn.MaxPool2d, kernel_size=3, stride=2)
        layers = [nn.Conv2d(3, 96, 11, 4, 2), nn.ReLU(), norm(), pool()]
        layers += [nn.Conv2d(96, 256, 5, padding=2), nn.ReLU(), norm(), pool()]
        for before, after in ((256, 384), (384, 384), (384, 256)):
            layers += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
        self.features = nn.Sequential(*layers, pool())
        hidden = [nn.Dropout(), nn.Linear(256 * 6 * 6, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()]
        self.classifier = nn.Sequential(*hidden, nn.Linear(4096, num_classes))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), (6, 6)).flatten(1))


lenet5, alexnet_lrn = LeNet5, AlexNetLRN
