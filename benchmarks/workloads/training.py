"""Training steps: forward, loss, backward, and the optimizer as a plain loop over the parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..engines import Engine
from ..workload import Run, normal, workload

Update = Callable[[Sequence[Any]], None]


def sgd(m: Engine, parameters: Sequence[Any], lr: float = 0.01) -> Update:
    def update(gradients):
        with m.no_grad():
            for p, g in zip(m.values(parameters), gradients, strict=True):
                p -= lr * g

    return update


def adam(m: Engine, parameters: Sequence[Any], lr: float = 1e-3, eps: float = 1e-8) -> Update:
    beta1, beta2 = 0.9, 0.999
    sqrt, step = m.sqrt, 0
    state = [(m.zeros_like(p), m.zeros_like(p)) for p in m.values(parameters)]

    def update(gradients):
        nonlocal step
        step += 1
        rate, root = lr / (1 - beta1**step), math.sqrt(1 - beta2**step)
        with m.no_grad():
            for p, g, (mean, square) in zip(m.values(parameters), gradients, state, strict=True):
                mean *= beta1
                mean += (1 - beta1) * g
                square *= beta2
                square += (1 - beta2) * g * g
                p -= rate * mean / (sqrt(square) / root + eps)

    return update


def training(
    m: Engine,
    parameters: Sequence[Any],
    loss: Callable[..., Any],
    optimizer: Callable[..., Update],
    by_hand: Callable[[], tuple[Any, list[Any]]] | None = None,
) -> Run:
    """One step on the same batch; what it returns for comparison is the loss and every parameter.

    `by_hand` gives loss and gradients where there is no engine to ask.
    """
    update = optimizer(m, parameters)

    def step():
        value, gradients = m.gradients(loss, parameters) if by_hand is None else by_hand()
        update(gradients)
        return value, m.values(parameters)

    return step


def mlp_by_hand(x: np.ndarray, labels: np.ndarray, parameters: Sequence[np.ndarray]) -> tuple[Any, list[np.ndarray]]:
    """Loss and gradients of the MLP in plain NumPy, as one would write them without an engine."""
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    inputs, y = [], x
    for i, (weight, bias) in enumerate(layers):
        inputs.append(y)
        y = y @ weight.T + bias
        if i < len(layers) - 1:
            y = np.maximum(y, 0)
    rows = np.arange(len(x))
    y -= y.max(axis=1, keepdims=True)
    g = np.exp(y)
    total = g.sum(axis=1, keepdims=True)
    loss = np.mean(np.log(total[:, 0]) - y[rows, labels])
    g /= total
    g[rows, labels] -= 1
    g /= len(x)
    gradients: list[np.ndarray] = []
    for (weight, _), below in zip(layers[::-1], inputs[::-1], strict=True):
        gradients = [g.T @ below, g.sum(axis=0), *gradients]
        if below is not x:
            g = (g @ weight) * (below > 0)
    return loss, gradients


def mlp(m: Engine, rng: np.random.Generator, widths: Sequence[int], batch: int, optimizer: Any) -> Run:
    x, labels = m.tensor(normal(rng, batch, widths[0])), m.tensor(rng.integers(0, widths[-1], batch))
    parameters = []
    for n, width in pairwise(widths):
        parameters.append(m.tensor(normal(rng, width, n, scale=math.sqrt(2 / n)), requires_grad=True))
        parameters.append(m.tensor(np.zeros(width, np.float32), requires_grad=True))

    def loss(*parameters):
        y = x
        for i in range(0, len(parameters) - 2, 2):
            y = m.relu(m.linear(y, parameters[i], parameters[i + 1]))
        return m.cross_entropy(m.linear(y, *parameters[-2:]), labels)

    by_hand = (lambda: mlp_by_hand(x, labels, parameters)) if m.name == "numpy" else None
    return training(m, parameters, loss, optimizer, by_hand)


TINY = {"widths": (5, 4, 3), "batch": 2}
for optimizer in adam, sgd:
    for size, widths, batch, bars in (
        ("small", (64, 32, 10), 32, {"ratio_bar": 0.35}),
        ("middle", (784, 256, 128, 10), 64, {"ratio_bar": 1.0}),
        ("large", (784, 1024, 1024, 10), 128, {"ratio_bar": 1.0, "memory_bar": 1.25}),
    ):
        sizes = {"widths": widths, "batch": batch, "optimizer": optimizer}
        workload(f"mlp_{size}_{optimizer.__name__}", sizes=sizes, tiny=TINY, peers_bar=2, **bars)(mlp)


@workload(
    "convnet",
    sizes={"batch": 32, "side": 32, "channels": 32},
    tiny={"batch": 2, "side": 8, "channels": 3},
    memory_bar=1.25,
)
def convnet(m: Engine, rng: np.random.Generator, batch: int, side: int, channels: int) -> Run:
    """Two blocks of convolution, batch normalization, ReLU and pooling, and a linear layer; SGD."""
    x, labels = m.tensor(normal(rng, batch, 3, side, side)), m.tensor(rng.integers(0, 10, batch))
    features = 2 * channels * (side // 4) ** 2
    shapes = [(channels, 3, 3, 3), (channels,), (channels,)]
    shapes += [(2 * channels, channels, 3, 3), (2 * channels,), (2 * channels,), (10, features), (10,)]
    arrays = [normal(rng, *shape, scale=math.sqrt(2 / math.prod(shape[1:]))) for shape in shapes]
    parameters = [m.tensor(array, requires_grad=True) for array in arrays]

    def block(y, weight, scale, shift):
        y = m.conv2d(y, weight, padding=1)
        return m.max_pool2d(m.relu(m.batch_norm(y, None, None, scale, shift, training=True)), 2)

    def loss(*p):
        y = block(block(x, *p[:3]), *p[3:6])
        return m.cross_entropy(m.linear(y.reshape(batch, features), *p[6:]), labels)

    return training(m, parameters, loss, sgd)


@workload(
    "transformer_block",
    sizes={"batch": 32, "length": 65, "width": 192, "heads": 3},
    tiny={"batch": 2, "length": 3, "width": 8, "heads": 2},
    memory_bar=1.25,
)
def transformer_block(m: Engine, rng: np.random.Generator, batch: int, length: int, width: int, heads: int) -> Run:
    """Attention and an MLP, each after a layer norm and beside a short cut, as in ViT; SGD."""
    x, target = (m.tensor(normal(rng, batch, length, width)) for _ in range(2))
    shapes = [(width,), (width,), (3 * width, width), (3 * width,), (width, width), (width,)]
    shapes += [(width,), (width,), (4 * width, width), (4 * width,), (width, 4 * width), (width,)]
    parameters = [m.tensor(normal(rng, *s, scale=1 / math.sqrt(s[-1])), requires_grad=True) for s in shapes]

    def attention(y, qkv, qkv_bias, out, out_bias):
        parts = m.linear(y, qkv, qkv_bias).reshape(batch, length, 3, heads, width // heads)
        q, k, v = (m.swapaxes(parts[:, :, i], 1, 2) for i in range(3))
        mixed = m.scaled_dot_product_attention(q, k, v)
        return m.linear(m.swapaxes(mixed, 1, 2).reshape(batch, length, width), out, out_bias)

    def loss(scale1, shift1, qkv, qkv_bias, out, out_bias, scale2, shift2, up, up_bias, down, down_bias):
        y = x + attention(m.layer_norm(x, (width,), scale1, shift1), qkv, qkv_bias, out, out_bias)
        hidden = m.gelu(m.linear(m.layer_norm(y, (width,), scale2, shift2), up, up_bias))
        y = y + m.linear(hidden, down, down_bias)
        return ((y - target) * (y - target)).mean()

    return training(m, parameters, loss, sgd)
