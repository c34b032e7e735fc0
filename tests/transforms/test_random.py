"""What is random is as it should be: seeded, with draws for each image, of the right distribution."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np
import pytest

import minideep as md
from minideep import transforms as T
from minideep.transforms import auto_augment

from .pictures import arrays, noise

RANDOM: dict[str, Any] = {
    "RandomCrop": lambda **g: T.RandomCrop(6, padding=2, **g),
    "RandomResizedCrop": lambda **g: T.RandomResizedCrop(6, **g),
    "RandomHorizontalFlip": T.RandomHorizontalFlip,
    "RandomVerticalFlip": T.RandomVerticalFlip,
    "RandomRotation": lambda **g: T.RandomRotation(45, **g),
    "RandomAffine": lambda **g: T.RandomAffine(45, (0.2, 0.3), (0.5, 2), (-10, 10, -20, 20), **g),
    "ColorJitter": lambda **g: T.ColorJitter(0.5, 0.5, 0.5, 0.3, **g),
    "RandomGrayscale": lambda **g: T.RandomGrayscale(0.5, **g),
    "RandomInvert": T.RandomInvert,
    "RandomPosterize": lambda **g: T.RandomPosterize(2, **g),
    "RandomSolarize": lambda **g: T.RandomSolarize(0.4, **g),
    "RandomAdjustSharpness": lambda **g: T.RandomAdjustSharpness(3, **g),
    "RandomAutocontrast": T.RandomAutocontrast,
    "RandomEqualize": T.RandomEqualize,
    "PCAColorNoise": T.PCAColorNoise,
    "GaussianBlur": lambda **g: T.GaussianBlur(3, **g),
    "GaussianNoise": T.GaussianNoise,
    "SaltAndPepper": T.SaltAndPepper,
    "RandomErasing": T.RandomErasing,
    "RandomErasing random": lambda **g: T.RandomErasing(value="random", **g),
    "Cutout": lambda **g: T.Cutout(2, 4, (0.1, 0.2, 0.3), **g),
    "RandomApply": lambda **g: T.RandomApply([T.Lambda(lambda x: x * 0)], **g),
    "RandomChoice": lambda **g: T.RandomChoice([T.Lambda(lambda x: x * 0), T.Lambda(lambda x: x)], **g),
    "RandomOrder": lambda **g: T.RandomOrder([T.Lambda(lambda x: x * x), T.Lambda(lambda x: 1 - x)], **g),
    "AutoAugment": lambda **g: T.AutoAugment("svhn", **g),
    "RandAugment": T.RandAugment,
    "TrivialAugmentWide": T.TrivialAugmentWide,
}
every_random = pytest.mark.parametrize("name", RANDOM)
IMAGES = noise(16, 3, 10, 12, dtype=np.float32) * 0.8 + 0.1


def seeded(seed: int) -> md.Generator:
    return md.Generator().manual_seed(seed)


@every_random
def test_the_seed_decides(name: str) -> None:
    x = md.tensor(IMAGES)
    first, second, other = (RANDOM[name](generator=seeded(seed))(x).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()
    default = []
    for _ in range(2):
        md.manual_seed(1)
        default.append(RANDOM[name]()(x).numpy())
    np.testing.assert_array_equal(default[0], first)
    np.testing.assert_array_equal(default[1], first)


@every_random
def test_a_generator_given_is_the_only_one_used(name: str) -> None:
    state = md.backend.default_generator().get_state()
    RANDOM[name](generator=seeded(0))(md.tensor(IMAGES))
    assert md.backend.default_generator().get_state() == state


@every_random
def test_each_image_has_draws_of_its_own(name: str) -> None:
    same = md.tensor(np.broadcast_to(IMAGES[0], IMAGES.shape).copy())
    results = RANDOM[name](generator=seeded(3))(same).numpy()
    assert any((image != results[0]).any() for image in results[1:])


@every_random
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_dtypes_range_and_input_are_kept(name: str, dtype: type) -> None:
    batch = noise(8, 3, 10, 12, dtype=dtype)
    transform = (
        RANDOM[name](generator=seeded(4)) if dtype is not np.uint8 or "Solarize" not in name else T.RandomSolarize(99)
    )
    for images in (md.tensor(batch), arrays(batch), md.tensor(batch[0]), arrays(batch[0])):
        before = np.array(images)
        result = transform(images)
        assert type(result) is type(images)
        assert result.dtype == dtype
        assert result.ndim == images.ndim
        if name != "RandomErasing random":
            assert result.min() >= 0
            assert result.max() <= (255 if dtype is np.uint8 else 1)
        np.testing.assert_array_equal(np.array(images), before)


@every_random
def test_a_generator_for_another_device_is_refused(name: str) -> None:
    generator = md.Generator()
    generator.device = md.device("cuda")
    message = "expected a generator for device 'cpu', but got one for 'cuda'"
    with pytest.raises(RuntimeError, match=message):
        RANDOM[name](generator=generator)(md.tensor(IMAGES))


# ---------------------------------------------------------------------------------------------- how often


def check_share(happened: Any, p: float) -> None:
    """Within four standard deviations of what is to be expected."""
    happened = np.asarray(happened, dtype=float)
    assert abs(happened.mean() - p) <= 4 * np.sqrt(p * (1 - p) / happened.size) + 1e-12


def check_even(values: Any, low: float, high: float) -> None:
    """Evenly distributed: by the largest distance of the shares below a value from what is expected (Kolmogorov)."""
    values = (np.sort(np.asarray(values, dtype=float)) - low) / (high - low)
    assert values[0] >= 0
    assert values[-1] <= 1
    distance = np.abs(values - (np.arange(values.size) + 0.5) / values.size).max()
    assert distance < 2 / np.sqrt(values.size)  # by chance in 1 of 1500 cases


MANY = 2000


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    "make",
    [
        T.RandomHorizontalFlip,
        T.RandomVerticalFlip,
        T.RandomInvert,
        lambda p, **g: T.RandomApply([T.Lambda(np.negative)], p, **g),
    ],
)
def test_with_probability_p(make: Any, p: float) -> None:
    x = md.tensor(np.broadcast_to([[0.1, 0.2], [0.3, 0.4]], (MANY, 1, 2, 2)).copy())
    y = make(p, generator=seeded(0))(x)
    check_share((y.numpy() != x.numpy()).any(axis=(1, 2, 3)), p)


def test_crops_are_everywhere_alike() -> None:
    rows, columns = np.mgrid[0:5, 0:7]
    x = md.tensor(np.broadcast_to(rows * 10 + columns, (MANY, 1, 5, 7)).copy())
    corners = Counter(T.RandomCrop((3, 4), generator=seeded(0))(x).numpy()[:, 0, 0, 0].tolist())
    assert set(corners) == {10 * i + j for i in range(3) for j in range(4)}
    for times in corners.values():
        check_share([1] * times + [0] * (MANY - times), 1 / 12)


def test_a_crop_larger_than_the_image() -> None:
    small = md.ones(50, 1, 3, 3)
    crops = T.RandomCrop(5, pad_if_needed=True, generator=seeded(0))(small)
    assert crops.shape == (50, 1, 5, 5)
    assert set(crops.numpy().sum(axis=(1, 2, 3)).tolist()) == {9}
    with pytest.raises(ValueError, match=r"RandomCrop: required crop size \(5, 5\) is larger than input image size"):
        T.RandomCrop(5)(small)


def test_areas_and_shapes_of_resized_crops() -> None:
    from minideep.transforms.geometry import random_boxes

    stream = np.random.default_rng(0)
    boxes = random_boxes(stream, MANY, (1000, 1000), (0.1, 0.3), (1.0, 3.0))
    top, left, height, width = boxes.T
    check_even(height * width / 1e6, 0.0999, 0.301)
    check_even(np.log(width / height), np.log(0.998), np.log(3.01))
    check_even((top + 0.5) / (1000 - height + 1), 0, 1)
    check_even((left + 0.5) / (1000 - width + 1), 0, 1)


def test_where_no_crop_fits_the_middle_is_taken() -> None:
    x = md.tensor(np.arange(400.0).reshape(1, 20, 20))
    wide = T.RandomResizedCrop((2, 20), scale=(0.9, 1.0), ratio=(10, 20), generator=seeded(0))(x)
    np.testing.assert_allclose(wide.numpy(), x.numpy()[:, 9:11], rtol=1e-6)
    tall = T.RandomResizedCrop((20, 4), scale=(0.9, 1.0), ratio=(0.1, 0.2), generator=seeded(0))(x)
    np.testing.assert_allclose(tall.numpy(), x.numpy()[:, :, 8:12], rtol=1e-6)


def test_angles() -> None:
    """A point at distance r from the centre shows by how much it was turned."""
    image = np.zeros((1, 41, 41), np.float32)
    image[0, 20, 38:] = 1
    x = md.tensor(np.broadcast_to(image, (500, *image.shape)).copy())
    y = T.RandomRotation((20, 160), "bilinear", generator=seeded(0))(x).numpy()[:, 0]
    rows, columns = np.mgrid[20:-21:-1, -20:21]
    angle = np.rad2deg(np.arctan2((y * rows).sum(axis=(1, 2)), (y * columns).sum(axis=(1, 2))))
    check_even(angle, 19, 161)


def test_shifts_and_scales() -> None:
    image = np.zeros((1, 21, 31))
    image[0, 10, 15] = 1
    x = md.tensor(np.broadcast_to(image, (MANY, *image.shape)).copy())
    y = T.RandomAffine(0, translate=(0.3, 0.2), generator=seeded(0))(x).numpy()
    _, _, row, column = np.nonzero(y)
    assert set(row - 10) == set(range(-4, 5))
    assert set(column - 15) == set(range(-9, 10))
    check_share(row == 10, 1 / 8.4)
    blob = np.zeros((1, 41, 41))
    blob[0, 13:28, 13:28] = 1
    x = md.tensor(np.broadcast_to(blob, (500, *blob.shape)).copy())
    areas = T.RandomAffine(0, scale=(0.5, 2.0), interpolation="bilinear", generator=seeded(0))(x).numpy().sum((1, 2, 3))
    check_even(np.sqrt(areas) / 15, 0.47, 2.02)


@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation", "hue"])
def test_factors_of_color_jitter(name: str) -> None:
    x = md.tensor(np.broadcast_to(np.array([0.5, 0.4, 0.3])[:, None, None], (MANY, 3, 1, 1)).copy())
    y = T.ColorJitter(**{name: 0.2}, generator=seeded(0))(x).numpy()[..., 0, 0]
    grey = 0.2989 * 0.5 + 0.587 * 0.4 + 0.114 * 0.3
    if name == "hue":  # (5/6 - 1/2) · … : the hue of (0.5, 0.4, 0.3) is 1/12
        value = [md_hue(color) for color in y[:200]]
        check_even([(v + 0.5 - 1 / 12) % 1 - 0.5 for v in value], -0.2, 0.2)
    else:
        base = 0.0 if name == "brightness" else grey
        check_even((y[:, 0] - base) / (0.5 - base), 0.8, 1.2)


def md_hue(color: np.ndarray) -> float:
    import colorsys

    return colorsys.rgb_to_hsv(*color)[0]


def test_color_jitter_in_every_order() -> None:
    """Brightness 2 and contrast 0 of grey 0.3, 0.5: one order is limited to white, the other is not."""
    x = md.tensor(np.broadcast_to(np.array([0.2, 0.8]), (MANY, 1, 1, 2)).copy())
    y = T.ColorJitter(brightness=(2, 2), contrast=(0, 0), generator=seeded(0))(x).numpy()[:, 0, 0, 0]
    np.testing.assert_allclose(np.unique(y.round(6)), [0.7, 1.0])
    check_share(y > 0.8, 0.5)


def test_choices_have_their_weights() -> None:
    x = md.zeros(MANY, 1, 1, 1)
    transforms = [T.Lambda(lambda x, n=n: x + n) for n in range(3)]
    y = T.RandomChoice(transforms, p=[1, 2, 5], generator=seeded(0))(x).numpy()
    for n, p in enumerate([1 / 8, 2 / 8, 5 / 8]):
        check_share(y == n, p)


def test_all_orders_are_as_likely() -> None:
    x = md.ones(MANY, 1, 1, 1)
    functions = [lambda x: x + 1, lambda x: x * 3, lambda x: x * x]
    y = T.RandomOrder(functions, generator=seeded(0))(x).numpy().reshape(-1)
    expected = {}
    for order in itertools.permutations(functions):
        value = 1
        for function in order:
            value = function(value)
        expected[value] = expected.get(value, 0) + 1 / 6
    assert set(y) == set(expected)
    for value, p in expected.items():
        check_share(y == value, p)


def test_noise_has_its_moments() -> None:
    x = md.full((10, 3, 50, 50), 0.5, dtype=md.float64)
    y = T.GaussianNoise(0.05, 0.1, generator=seeded(0))(x).numpy() - 0.5
    assert y.mean() == pytest.approx(0.05, abs=0.002)
    assert y.std() == pytest.approx(0.1, rel=0.02)


def test_salt_and_pepper_have_their_shares() -> None:
    x = md.full((4, 3, 50, 50), 100, dtype=md.uint8)
    y = T.SaltAndPepper(0.2, 0.75, generator=seeded(0))(x).numpy()
    assert (y == y[:, :1]).all()
    check_share(y[:, 0] == 255, 0.15)
    check_share(y[:, 0] == 0, 0.05)


def test_holes_have_their_areas() -> None:
    x = md.ones(1000, 1, 64, 64)
    y = T.RandomErasing(1, (0.1, 0.3), (0.5, 2), generator=seeded(0))(x).numpy()
    check_even((y == 0).mean(axis=(1, 2, 3)), 0.09, 0.31)
    tall = T.RandomErasing(1, (0.1, 0.2), (2, 3), generator=seeded(0))(x).numpy() == 0
    ratio = tall.any(axis=3).sum(axis=(1, 2)) / tall.any(axis=2).sum(axis=(1, 2))
    assert 1.8 < ratio.min() < 2.1
    assert 2.9 < ratio.max() < 3.3
    assert np.log(ratio).mean() == pytest.approx(np.log(6) / 2, abs=0.02)
    for sides, ratio in (((4, 64), 4 / 32), ((64, 4), 32 / 4)):  # a whole side is never erased
        band = md.ones(9, 1, *sides)
        assert T.RandomErasing(1, (0.5, 0.5), (ratio, ratio))(band) is band
    some = T.RandomErasing(0.3, generator=seeded(0))(x).numpy()
    check_share((some == 0).any(axis=(1, 2, 3)), 0.3)
    noise = T.RandomErasing(1, value="random", generator=seeded(0))(md.full((64, 1, 64, 64), 7.0)).numpy()
    assert noise[noise != 7].mean() == pytest.approx(0, abs=0.02)
    assert noise[noise != 7].std() == pytest.approx(1, abs=0.02)
    bytes_ = T.RandomErasing(1, value="random", generator=seeded(0))(md.zeros(64, 1, 64, 64, dtype=md.uint8)).numpy()
    assert bytes_[bytes_ != 0].mean() == pytest.approx(128, abs=2)


def test_cutout_is_a_square_around_any_pixel() -> None:
    x = md.ones(MANY, 1, 10, 10)
    y = T.Cutout(1, 4, generator=seeded(0))(x).numpy()
    assert y.sum(axis=(1, 2, 3)).min() == 100 - 16
    assert (100 - y.sum(axis=(1, 2, 3))).max() <= 16
    # A pixel is covered by squares around those up to 2 behind and 1 before it: of the 10, there are 4 inside, 2 at 0.
    check_share(y[:, 0, 5, 5] == 0, (4 / 10) ** 2)
    check_share(y[:, 0, 0, 0] == 0, (3 / 10) ** 2)
    assert (T.Cutout(0)(x).numpy() == 1).all()


def test_color_noise_is_along_the_components() -> None:
    rng = np.random.default_rng(0)
    colors = 0.5 + rng.normal(size=(5000, 1)) * [0.1, 0.05, 0.02] + 0.01 * rng.normal(size=(5000, 3))
    images = md.tensor(np.clip(colors, 0, 1).reshape(50, 100, 1, 3).transpose(0, 3, 1, 2).copy())
    noise = T.PCAColorNoise.fit(images, std=1.0, generator=seeded(0))
    np.testing.assert_allclose(np.abs(noise.eigenvectors[:, 0]), np.array([0.1, 0.05, 0.02]) / 0.1136, atol=0.01)
    np.testing.assert_allclose(noise.eigenvalues[0], 0.1136**2, rtol=0.05)
    grey = md.full((MANY, 3, 2, 2), 0.5, dtype=md.float64)
    added = noise(grey).numpy() - 0.5
    assert (added == added[:, :, :1, :1]).all()
    scores = added[:, :, 0, 0] @ noise.eigenvectors
    np.testing.assert_allclose(scores.std(axis=0), noise.eigenvalues, rtol=0.06)


# ---------------------------------------------------------------------------------------------- operations


@pytest.fixture
def seen(monkeypatch) -> list[tuple[str, float]]:
    """The operations applied and their strengths."""
    applied: list[tuple[str, float]] = []

    def recorder(name: str) -> Any:
        def record(img: Any, strength: np.ndarray, how: Any) -> Any:
            applied.extend((name, value) for value in strength.tolist())
            return img

        return record

    for name in auto_augment.OPERATIONS:
        monkeypatch.setitem(auto_augment.OPERATIONS, name, recorder(name))
    return applied


def test_trivial_augment_takes_any_operation_at_any_strength(seen) -> None:
    T.TrivialAugmentWide(generator=seeded(0))(md.zeros(MANY, 3, 4, 4))
    assert len(seen) == MANY
    counts = Counter(name for name, _ in seen)
    assert set(counts) == set(auto_augment.NAMES) - {"Invert"}
    for times in counts.values():
        check_share([1] * times + [0] * (MANY - times), 1 / 14)
    angles = [strength for name, strength in seen if name == "Rotate"]
    assert min(angles) < -100
    assert max(angles) > 100
    assert {round(abs(angle) / 4.5, 6) for angle in angles} <= set(range(31))
    assert all(0 <= strength <= 6 for name, strength in seen if name == "Posterize")


def test_rand_augment_applies_several_at_one_strength(seen) -> None:
    T.RandAugment(3, 15, generator=seeded(0))(md.zeros(MANY, 3, 4, 331))
    assert len(seen) == 3 * MANY
    assert {abs(strength) for name, strength in seen if name == "Rotate"} == {15}
    assert {round(abs(strength), 6) for name, strength in seen if name == "TranslateX"} == {75}
    check_share([strength > 0 for name, strength in seen if name == "Rotate"], 0.5)


def test_a_policy_is_followed(seen) -> None:
    policy = [[("Rotate", 0.3, 3), ("Solarize", 1.0, 9)], [("Equalize", 1.0, None)]]
    T.AutoAugment(policy, generator=seeded(0))(md.zeros(MANY, 3, 4, 4))
    counts = Counter(name for name, _ in seen)
    assert set(counts) == {"Rotate", "Solarize", "Equalize", "Identity"}
    check_share([1] * counts["Solarize"] + [0] * counts["Equalize"], 0.5)
    check_share([1] * counts["Rotate"] + [0] * (counts["Solarize"] - counts["Rotate"]), 0.3)
    assert {round(abs(strength), 9) for name, strength in seen if name == "Rotate"} == {10}
    assert {strength for name, strength in seen if name == "Solarize"} == {1}
