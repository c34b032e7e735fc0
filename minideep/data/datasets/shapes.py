"""Scenes: coloured shapes on textured ground, with everything about them known.

All of it is computed with operations that are rounded the same way everywhere (no sines), from random numbers that are
the same everywhere: so are the images, to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from ...autograd.graph import make_tensor
from .images import Images, Transform
from .stream import Stream

_SIDE = 32
_AT_ONCE = 256  # scenes: what is computed for them stays in cache

# Each shape is known by the distance of a point (u, v) from its edge, negative inside, for a shape of about radius r.
Distance = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def _from_centre(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.sqrt(u * u + v * v)


def _box(u: np.ndarray, v: np.ndarray, width: np.ndarray, height: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u) - width, np.abs(v) - height)


def _triangle(u: np.ndarray, v: np.ndarray, r: np.ndarray) -> np.ndarray:
    """A point is inside if it is on the inner side of all three edges, each at distance r from the centre."""
    slanted = math.sqrt(0.75) * np.abs(u) - 0.5 * v
    return np.maximum(v, slanted) - r


_DISTANCES: dict[str, Distance] = {
    "circle": lambda u, v, r: _from_centre(u, v) - r,
    "square": lambda u, v, r: _box(u, v, 0.8 * r, 0.8 * r),
    "triangle": lambda u, v, r: _triangle(u, v, 0.56 * r),
    "cross": lambda u, v, r: np.minimum(_box(u, v, r, 0.3 * r), _box(u, v, 0.3 * r, r)),
    "ring": lambda u, v, r: np.abs(_from_centre(u, v) - 0.75 * r) - 0.25 * r,
    "star": lambda u, v, r: np.minimum(_triangle(u, v, 0.52 * r), _triangle(u, -v, 0.52 * r)),
}

# Each texture says how much of a second colour there is at a point, its coordinates counted in periods of the texture.
_TEXTURES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "plain": lambda u, v: np.zeros_like(u),
    "gradient": lambda u, v: np.clip(0.5 + 0.12 * u, 0, 1),
    "stripes": lambda u, v: (u % 1 < 0.5).astype(float),
    "checks": lambda u, v: ((u % 1 < 0.5) == (v % 1 < 0.5)).astype(float),
    "dots": lambda u, v: (_from_centre(u % 1 - 0.5, v % 1 - 0.5) < 0.32).astype(float),
}


class Shapes(Images):
    """`count` scenes of 32×32 in colour, with as many shapes one before the other as `objects` says.

    Class, place, size, turn and colours of a shape, and texture and colours of the ground, are drawn independently: a
    class can be told by form alone. `data` (N, 32, 32, 3) of bytes; `targets`, the class of the shape in front;
    `positions` (N, 2), its centre (x, y) in pixels; `masks` (N, 32, 32) of bytes, 0 on the ground, and on a shape
    1 + its class. The first scenes of a larger set are those of a smaller one.

    >>> scenes = Shapes(10)
    >>> scenes.classes[scenes.targets[0]], scenes.data.shape, scenes.masks.shape
    ('cross', (10, 32, 32, 3), (10, 32, 32))
    """

    classes: ClassVar = list(_DISTANCES)

    def __init__(
        self,
        count: int = 2000,
        train: bool = True,
        objects: int = 1,
        seed: int = 0,
        transform: Transform = None,
        target_transform: Transform = None,
    ) -> None:
        if objects < 1:
            raise ValueError(f"Shapes: objects should be at least 1, but got {objects}")
        stream, noise = Stream(seed, train, objects), Stream(seed, train, objects, 1)
        drawn = stream.uniform(count, _GROUND + objects * _SHAPE)
        parts = [_scenes(drawn[i : i + _AT_ONCE], noise) for i in range(0, max(count, 1), _AT_ONCE)]
        images, masks, labels, positions = map(np.concatenate, zip(*parts, strict=True))
        super().__init__(images, labels, transform, target_transform)
        self.train = train
        self.masks, self.positions = make_tensor(masks), make_tensor(positions)


_GROUND = 12  # how many random numbers there are to a ground, and to a shape
_SHAPE = 8


def _scenes(drawn: np.ndarray, noise: Stream) -> tuple[np.ndarray, ...]:
    """Images, masks, classes and positions, from the random numbers for each scene."""
    image, mask = _ground(drawn[:, :_GROUND]), np.zeros((len(drawn), _SIDE, _SIDE), np.uint8)
    for first in range(_GROUND, drawn.shape[1], _SHAPE):
        label, position = _add_shape(image, mask, drawn[:, first : first + _SHAPE])
    image += 0.1 * noise.uniform(*image.shape) - 0.05
    negative = drawn[:, 0] < 0.5  # dark shapes on light ground
    image[negative] = 1 - image[negative]
    return np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8), mask, label, position.astype(np.float32)


def _ground(drawn: np.ndarray) -> np.ndarray:
    """Rather dark images (N, 32, 32, 3) of ground."""
    _, kind, period, x, y, turn_x, turn_y, hue, value, second_hue, second_value, grey = drawn.T
    period = 4 + 5 * period
    u, v = [w / period[:, None, None] for w in _turned(32 * x, 32 * y, turn_x, turn_y)]
    share = np.empty_like(u)
    kind = (kind * len(_TEXTURES)).astype(int)
    for number, texture in enumerate(_TEXTURES.values()):
        share[kind == number] = texture(u[kind == number], v[kind == number])
    first = _colour(hue, 0.5 * grey, 0.1 + 0.35 * value)
    second = _colour(second_hue, 0.5 * grey, 0.1 + 0.35 * second_value)
    return _mixed(first, second, share)


def _add_shape(image: np.ndarray, mask: np.ndarray, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Paint a shape into each image, and write it into its mask; returns classes and positions."""
    label, size, x, y, turn_x, turn_y, hue, value = drawn.T
    kind = (label * len(_DISTANCES)).astype(int)
    radius = 5.5 + 4 * size
    margin = 1.15 * radius[:, None]  # no corner is farther from the centre
    position = margin + (_SIDE - 2 * margin) * np.stack([x, y], axis=1)
    u, v = _turned(position[:, 0], position[:, 1], turn_x, turn_y)
    distance = np.empty_like(u)
    for number, from_edge in enumerate(_DISTANCES.values()):
        chosen = kind == number
        distance[chosen] = from_edge(u[chosen], v[chosen], radius[chosen, None, None])
    colour = _colour(hue, 0.55 + 0.45 * value, 0.7 + 0.3 * (1 - value))
    share = np.clip(0.5 - distance, 0, 1)[..., None]  # of the pixel that the shape covers
    image += (colour[:, None, None] - image) * share
    np.copyto(mask, (1 + kind).astype(np.uint8)[:, None, None], where=distance < 0)
    return kind, position


def _turned(x: np.ndarray, y: np.ndarray, turn_x: np.ndarray, turn_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (N, 32, 32) of all pixels, seen from points (x, y) that look in directions (turn_x, turn_y)."""
    along, across = turn_x - 0.5, turn_y - 0.5
    length = np.maximum(_from_centre(along, across), 1e-9)
    cos, sin = [(w / length)[:, None, None] for w in (along, across)]
    centres = np.arange(_SIDE) + 0.5
    right, down = centres[None, None, :] - x[:, None, None], centres[None, :, None] - y[:, None, None]
    return cos * right + sin * down, cos * down - sin * right


def _colour(hue: np.ndarray, saturation: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Colours (N, 3), red, green and blue from 0 to 1."""
    pure = np.clip(np.abs((hue[:, None] + np.array([0, 2 / 3, 1 / 3])) % 1 * 6 - 3) - 1, 0, 1)
    return value[:, None] * (1 - saturation[:, None] * (1 - pure))


def _mixed(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    return first[:, None, None] + (second - first)[:, None, None] * share[..., None]
