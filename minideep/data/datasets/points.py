"""Points in the plane that no straight line separates."""

from __future__ import annotations

import numpy as np

from ..dataset import TensorDataset
from .stream import Stream


def _points(x: np.ndarray, y: np.ndarray, labels: np.ndarray, noise: float, stream: Stream) -> TensorDataset:
    points = np.stack([x, y], axis=1) + noise * stream.normal(len(x), 2)
    return TensorDataset(points.astype(np.float32), labels)


def xor(n: int = 4, noise: float = 0.0, seed: int = 0) -> TensorDataset:
    """The four corners of a square in turn, labelled by exclusive or: 1 where one coordinate is 1 and the other 0.

    >>> xor().tensors
    (tensor([[0., 0.],
            [0., 1.],
            [1., 0.],
            [1., 1.]]), tensor([0, 1, 1, 0]))
    """
    corner = np.arange(n) % 4
    x, y = corner // 2, corner % 2
    return _points(x, y, x ^ y, noise, Stream(seed))


def two_moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> TensorDataset:
    """Two half circles of radius 1 that reach into each other, (n, 2), and which one a point belongs to, in turn."""
    stream, label = Stream(seed), np.arange(n) % 2
    angle, side = np.pi * stream.uniform(n), 1 - 2 * label
    return _points(label + side * np.cos(angle), 0.5 * label + side * np.sin(angle), label, noise, stream)


def spirals(n: int = 300, arms: int = 3, turns: float = 0.75, noise: float = 0.03, seed: int = 0) -> TensorDataset:
    """`arms` spirals wound around each other, (n, 2), each `turns` times around while its radius grows from 0 to 1."""
    stream, arm = Stream(seed), np.arange(n) % arms
    radius = stream.uniform(n)
    angle = 2 * np.pi * (arm / arms + turns * radius)
    return _points(radius * np.cos(angle), radius * np.sin(angle), arm, noise, stream)
