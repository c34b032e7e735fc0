"""Training steps of whole networks, made of `nn` modules and an optimizer of the library's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..engines import Engine
from ..workload import Run, Sizes, normal, workload


def same_start(m: Engine, model: Any, rng: np.random.Generator) -> Any:
    """The model with weights that are the same in every engine; scales and shifts stay at 1 and 0."""
    with m.no_grad():
        for name, p in model.named_parameters():
            if p.ndim > 1:
                p.copy_(m.tensor(normal(rng, *p.shape, scale=math.sqrt(2 / math.prod(p.shape[1:])))))
            elif name.endswith("bias"):
                p.zero_()
    return model


def training(m: Engine, model: Any, optimizer: Any, x: Any, labels: Any) -> Run:
    """One step on the same batch; what it returns for comparison is the loss, which each step but the first owes to
    those before it. Parameters whose gradient is rounding error are left to differ: Adam makes steps of it."""
    criterion = m.nn.CrossEntropyLoss()

    def step():
        optimizer.zero_grad()
        loss = criterion(model(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step


def sgd(m: Engine, parameters: Any) -> Any:
    return m.optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=1e-4)


def plain_sgd(m: Engine, parameters: Any) -> Any:
    return m.optim.SGD(parameters)


def adam(m: Engine, parameters: Any) -> Any:
    return m.optim.Adam(parameters)


def adamw(m: Engine, parameters: Any) -> Any:
    return m.optim.AdamW(parameters, lr=1e-3)


def network(name: str, optimizer: Any, sizes: Sizes, tiny: Sizes, **bars: float) -> Callable[..., Any]:
    """Declare a workload by the function below, which makes the model from the engine and the sizes.

    Of the sizes, `batch` and `shape` are of the input, the others for the model.
    """

    def declare(make: Callable[..., Any]) -> Callable[..., Any]:
        def build(m: Engine, rng: np.random.Generator, batch: int, shape: Sequence[int], **of_model: Any) -> Run:
            model = same_start(m, make(m, **of_model), rng)
            x, labels = m.tensor(normal(rng, batch, *shape)), m.tensor(rng.integers(0, 10, batch))
            return training(m, model, optimizer(m, model.parameters()), x, labels)

        workload(f"net_{name}", sizes=sizes, tiny=tiny, memory_bar=1.25, **bars)(build)
        return make

    return declare


# ---------------------------------------------------------------------------------------------- perceptrons

TINY_MLP = {"batch": 2, "shape": (5,), "widths": (5, 4, 10)}


def mlp(m: Engine, widths: Sequence[int]) -> Any:
    layers = [layer for n, width in pairwise(widths) for layer in (m.nn.Linear(n, width), m.nn.ReLU())]
    return m.nn.Sequential(*layers[:-1])


for name, optimizer in ("adam", adam), ("sgd", plain_sgd):
    for size, batch, widths, bar in (
        ("small", 32, (64, 32, 10), 0.35),
        ("middle", 64, (784, 256, 128, 10), 0.9),
        ("large", 128, (784, 1024, 1024, 10), 1.0),
    ):
        sizes = {"batch": batch, "shape": widths[:1], "widths": widths}
        network(f"mlp_{size}_{name}", optimizer, sizes, TINY_MLP, ratio_bar=bar)(mlp)


# ---------------------------------------------------------------------------------------------- convolutions


@network("lenet", adam, {"batch": 64, "shape": (1, 28, 28)}, {"batch": 2, "shape": (1, 28, 28)}, ratio_bar=1.3)
def lenet(m: Engine) -> Any:
    """LeCun et al., 1998, with ReLU and max pooling."""
    nn = m.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def convolution(m: Engine, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> list[Any]:
    """A convolution that keeps the size, but for its stride, and batch norm."""
    conv = m.nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return [conv, m.nn.BatchNorm2d(outputs)]


def beside(m: Engine, branch: Any, shortcut: Any, after: Any) -> Any:
    """``after(branch(x) + shortcut(x))``"""

    class Residual(m.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branch, self.shortcut, self.after = branch, shortcut, after

        def forward(self, x):
            return self.after(self.branch(x) + self.shortcut(x))

    return Residual()


CIFAR, SMALL_CIFAR = (3, 32, 32), (3, 16, 16)


@network(
    "resnet20",
    sgd,
    {"batch": 32, "shape": CIFAR, "widths": (16, 32, 64), "blocks": 3},
    {"batch": 4, "shape": SMALL_CIFAR, "widths": (4, 8), "blocks": 1},
    ratio_bar=2.0,
)
@network(
    "resnet18",
    sgd,
    {"batch": 8, "shape": CIFAR, "widths": (64, 128, 256, 512), "blocks": 2},
    {"batch": 4, "shape": SMALL_CIFAR, "widths": (4, 8), "blocks": 2},
    ratio_bar=1.6,
)
def resnet(m: Engine, widths: Sequence[int], blocks: int) -> Any:
    """He et al., 2015, for small images: `blocks` of two convolutions for each width, which halve the sides."""
    nn = m.nn
    layers, before = [*convolution(m, 3, widths[0], 3), nn.ReLU()], widths[0]
    for width in widths:
        for _ in range(blocks):
            stride = 1 if width == before else 2
            branch = [*convolution(m, before, width, 3, stride), nn.ReLU(), *convolution(m, width, width, 3)]
            shortcut = nn.Identity() if width == before else nn.Sequential(*convolution(m, before, width, 1, stride))
            layers.append(beside(m, nn.Sequential(*branch), shortcut, nn.ReLU()))
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))


@network(
    "inverted_residual",
    sgd,
    {"batch": 16, "shape": CIFAR, "widths": (16, 24, 32, 64), "blocks": 2},
    {"batch": 4, "shape": SMALL_CIFAR, "widths": (4, 6), "blocks": 2},
    ratio_bar=2.0,
)
def inverted_residual(m: Engine, widths: Sequence[int], blocks: int, expansion: int = 6) -> Any:
    """MobileNetV2 (Sandler et al., 2018) for small images: wide inside, depthwise, narrow between the blocks."""
    nn = m.nn
    layers, before = [*convolution(m, 3, widths[0], 3), nn.ReLU6()], widths[0]
    for width in widths:
        for _ in range(blocks):
            stride, hidden = 1 if width == before else 2, before * expansion
            branch = [*convolution(m, before, hidden, 1), nn.ReLU6()]
            branch += [*convolution(m, hidden, hidden, 3, stride, groups=hidden), nn.ReLU6()]
            branch += convolution(m, hidden, width, 1)
            block = nn.Sequential(*branch)
            layers.append(beside(m, block, nn.Identity(), nn.Identity()) if width == before else block)
            before = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, 10))


@network(
    "convnext",
    adamw,
    {"batch": 8, "shape": (3, 64, 64), "width": 96, "blocks": 3},
    {"batch": 2, "shape": SMALL_CIFAR, "width": 8, "blocks": 2},
    ratio_bar=2.0,
)
def convnext(m: Engine, width: int, blocks: int) -> Any:
    """Liu et al., 2022: the first stage, with 4×4 patches as pixels."""
    nn = m.nn

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.depthwise = nn.Conv2d(width, width, 7, padding=3, groups=width)
            self.norm = nn.LayerNorm(width, eps=1e-6)
            self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            self.scale = nn.Parameter(m.tensor(np.full(width, 0.1, np.float32)))

        def forward(self, x):
            y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
            return x + (self.scale * self.mlp(y)).permute(0, 3, 1, 2)

    patches = nn.Conv2d(3, width, 4, 4)
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LayerNorm(width), nn.Linear(width, 10)]
    return nn.Sequential(patches, *[Block() for _ in range(blocks)], *head)


# ---------------------------------------------------------------------------------------------- attention


@network(
    "vit",
    adamw,
    {"batch": 16, "shape": CIFAR, "patch": 4, "words": 65, "width": 192, "depth": 4, "heads": 3},
    {"batch": 2, "shape": SMALL_CIFAR, "patch": 8, "words": 5, "width": 8, "depth": 2, "heads": 2},
    ratio_bar=1.3,
)
def vit(m: Engine, patch: int, words: int, width: int, depth: int, heads: int) -> Any:
    """Dosovitskiy et al., 2020: patches as words, and one more word to answer with."""
    nn = m.nn

    class ViT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches = nn.Conv2d(3, width, patch, patch)
            self.first = nn.Parameter(m.tensor(np.zeros((1, 1, width), np.float32)))
            self.places = nn.Parameter(m.tensor(np.zeros((1, words, width), np.float32)))
            layers = [
                nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
                for _ in range(depth)
            ]
            self.encoder = nn.Sequential(*layers, nn.LayerNorm(width))
            self.head = nn.Linear(width, 10)

        def forward(self, x):
            y = self.patches(x).flatten(2).transpose(1, 2)
            y = m.cat([self.first.expand(y.shape[0], -1, -1), y], 1) + self.places
            return self.head(self.encoder(y)[:, 0])

    return ViT()
