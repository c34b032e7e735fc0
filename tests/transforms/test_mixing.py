"""Mixed images and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep as md
from minideep import transforms as T

from .pictures import arrays, noise, torchvision

X = noise(6, 3, 16, 20, dtype=np.float32)
Y = np.array([0, 3, 1, 2, 3, 0])


def seeded(seed: int) -> md.Generator:
    return md.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", [T.MixUp, T.CutMix])
def test_labels_say_how_much_there_is_of_each(kind: Any) -> None:
    for seed in range(20):
        images, labels = kind(num_classes=4, generator=seeded(seed))(md.tensor(X), md.tensor(Y))
        assert labels.dtype == md.float32
        share = float(labels.numpy()[1, 3])
        one_hot = np.eye(4)[Y]
        np.testing.assert_allclose(labels.numpy(), share * one_hot + (1 - share) * np.roll(one_hot, 1, 0), atol=1e-6)
        if kind is T.MixUp:
            np.testing.assert_allclose(images.numpy(), share * X + (1 - share) * np.roll(X, 1, 0), atol=1e-5)
        else:
            changed = (images.numpy() != X).any(axis=1).mean(axis=(1, 2))
            np.testing.assert_allclose(changed, 1 - share, atol=1e-6)


def test_cut_mix_pastes_a_rectangle() -> None:
    images, _ = T.CutMix(num_classes=4, generator=seeded(1))(md.tensor(X), md.tensor(Y))
    changed = (images.numpy() != X).any(axis=1)
    assert (changed == changed[0]).all()
    rows, columns = np.nonzero(changed[0])
    assert changed[0, rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
    np.testing.assert_array_equal(images.numpy(), np.where(changed[:, None], np.roll(X, 1, 0), X))


def test_the_rectangle_has_the_area_that_was_drawn() -> None:
    """1 − λ of the image, unless it reaches beyond the border or its sides are rounded down."""
    x, y = md.rand(2, 1, 100, 100), md.tensor([0, 1])
    ratios = []
    for seed in range(40):
        wanted = 1 - seeded(seed).on(np).beta(1, 1)
        _, labels = T.CutMix(num_classes=2, generator=seeded(seed))(x, y)
        ratios.append((1 - float(labels.numpy()[0, 0])) / wanted)
    assert max(ratios) == pytest.approx(0.98, abs=0.02)
    assert min(ratios) > 0.2


def test_shares_follow_the_beta_distribution() -> None:
    x, y = md.zeros(2, 1, 1, 1), md.tensor([0, 1])
    generator = seeded(0)
    mix = T.MixUp(alpha=0.4, num_classes=2, generator=generator)
    shares = np.array([float(mix(x, y)[1].numpy()[0, 0]) for _ in range(3000)])
    assert shares.mean() == pytest.approx(0.5, abs=0.03)
    assert shares.var() == pytest.approx(0.25 / 1.8, rel=0.05)


@pytest.mark.parametrize("kind", [T.MixUp, T.CutMix])
def test_kinds_of_images_and_labels(kind: Any) -> None:
    soft = np.eye(4, dtype=np.float64)[Y]
    expected_x, expected_y = kind(num_classes=4, generator=seeded(3))(md.tensor(X), md.tensor(Y))
    for images, labels in [
        (arrays(X), Y),
        (md.tensor(X), md.tensor(soft)),
        (md.tensor(X), np.eye(4, dtype=int)[Y]),
    ]:
        mixed, shares = kind(num_classes=4, generator=seeded(3))((images, labels))
        assert type(mixed) is type(images)
        assert type(shares) is type(labels)
        pixels = np.moveaxis(mixed, -1, 1) if isinstance(mixed, np.ndarray) else mixed.numpy()
        np.testing.assert_array_equal(pixels, expected_x.numpy())
        np.testing.assert_allclose(np.asarray(shares), expected_y.numpy(), rtol=1e-6)
    bytes_, _ = kind(num_classes=4, generator=seeded(3))(md.tensor(noise(6, 3, 16, 20)), md.tensor(Y))
    assert bytes_.dtype == md.uint8
    np.testing.assert_allclose(bytes_.numpy() / 255, expected_x.numpy(), atol=0.5 / 255 + 1e-6)


def test_mixup_goes_by_both_names() -> None:
    assert T.Mixup is T.MixUp


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_the_same_as_torchvision(name: str) -> None:
    tv = torchvision()
    torch = pytest.importorskip("torch")
    v2 = pytest.importorskip("torchvision.transforms.v2", reason="torchvision has no v2 transforms here")
    assert tv
    ours = getattr(T, name)(num_classes=4, generator=seeded(5))
    theirs = getattr(v2, name)(num_classes=4)
    x, y = ours(md.tensor(X), md.tensor(Y))
    share = seeded(5).on(np).beta(1, 1)
    theirs.make_params = lambda flat: theirs_params(name, x, y, share)
    their_x, their_y = theirs(torch.from_numpy(X.copy()), torch.from_numpy(Y))
    np.testing.assert_allclose(x.numpy(), their_x.numpy(), atol=1e-6)
    np.testing.assert_allclose(y.numpy(), their_y.numpy(), atol=1e-6)


def theirs_params(name: str, x: Any, y: Any, share: float) -> dict[str, Any]:
    """What torchvision would have to draw for the same mixture."""
    if name == "MixUp":
        return {"lam": share}
    rows, columns = np.nonzero((x.numpy() != X).any(axis=(0, 1)))
    box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return {"box": box, "lam_adjusted": float(y.numpy()[1, 3])}
