"""Principal components and t-SNE find what they are said to find."""

from __future__ import annotations

import numpy as np

from minideep import viz
from minideep.viz.embeddings import _affinities, _slope

RNG = np.random.default_rng(0)


def test_pca_finds_the_directions_of_greatest_spread() -> None:
    features = RNG.standard_normal((200, 3)) * [5.0, 0.1, 2.0] @ np.linalg.qr(RNG.standard_normal((3, 3)))[0]
    points, shares = viz.pca(features)
    values = np.sort(np.linalg.eigvalsh(np.cov(features.T)))[::-1]
    np.testing.assert_allclose(points.var(0, ddof=1), values[:2])
    np.testing.assert_allclose(shares, values[:2] / values.sum())
    np.testing.assert_allclose(viz.pca(features - 7)[0], points, atol=1e-9)


def test_tsne_keeps_neighbours_together_and_repeats_itself() -> None:
    centres = 6 * np.eye(10)[:4]
    labels = np.repeat(np.arange(4), 20)
    features = centres[labels] + RNG.standard_normal((80, 10))
    points = viz.tsne(features, perplexity=10, steps=300)
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(80)
    assert np.mean(labels[distances.argmin(1)] == labels) > 0.95
    np.testing.assert_array_equal(points, viz.tsne(features, perplexity=10, steps=300))


def test_tsne_finds_the_width_that_reaches_the_neighbours_asked_for() -> None:
    rows = RNG.standard_normal((40, 5))
    p = _affinities(rows, 12.0)
    assert np.isclose(p.sum(), 1)
    y = RNG.standard_normal((40, 2))

    def divergence(y: np.ndarray) -> float:
        near = 1 / (1 + ((y[:, None] - y) ** 2).sum(-1))
        np.fill_diagonal(near, 0)
        q = near / near.sum()
        return float((p * np.log(p / np.where(q > 0, q, p))).sum())

    step = np.zeros_like(y)
    step[3, 1] = 1e-5
    slope = (divergence(y + step) - divergence(y - step)) / 2e-5
    np.testing.assert_allclose(_slope(p, y)[3, 1], slope, rtol=1e-5)
