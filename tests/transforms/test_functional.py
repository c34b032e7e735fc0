"""What can be said exactly of single functions: identities, symmetries, cases small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep.transforms import functional as F

from .pictures import arrays, gradient, noise

SQUARE = noise(3, 8, 8)

# ---------------------------------------------------------------------------------------------- geometry


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4, -1])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("side", [7, 8])
def test_quarter_turns_are_exact(turns: int, interpolation: str, side: int) -> None:
    img = noise(3, side, side)
    turned = F.rotate(md.tensor(img), 90 * turns, interpolation)
    np.testing.assert_array_equal(turned.numpy(), np.rot90(img, turns, axes=(1, 2)))


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_quarter_turn_with_expand_exchanges_the_sides(turns: int) -> None:
    img = noise(3, 6, 10)
    turned = F.rotate(md.tensor(img), 90 * turns, expand=True)
    np.testing.assert_array_equal(turned.numpy(), np.rot90(img, turns, axes=(1, 2)))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_the_affine_identity(interpolation: str) -> None:
    img = noise(2, 3, 9, 7, dtype=np.float32)
    same = F.affine(md.tensor(img), 0, (0, 0), 1.0, 0, interpolation, fill=0.5)
    np.testing.assert_allclose(same.numpy(), img, atol=1e-6)


@given(st.integers(-9, 9), st.integers(-9, 9))
def test_a_translation_moves_pixels(x: int, y: int) -> None:
    img = noise(3, 6, 7)
    moved = F.affine(md.tensor(img), 0, (x, y), 1.0, 0, fill=17).numpy()
    expected = np.full_like(img, 17)
    wide = F.pad(md.tensor(img), 9, fill=17).numpy()
    expected = wide[:, 9 - y : 15 - y, 9 - x : 16 - x]
    np.testing.assert_array_equal(moved, expected)


def test_scale_two_shows_every_pixel_of_the_middle_four_times() -> None:
    img = noise(1, 8, 8)
    large = F.affine(md.tensor(img), 0, (0, 0), 2.0, 0).numpy()
    np.testing.assert_array_equal(large, img[:, 2:6, 2:6].repeat(2, 1).repeat(2, 2))


def test_shear_moves_rows_by_their_distance_from_the_center() -> None:
    img = np.eye(5, dtype=np.uint8)
    sheared = F.affine(img, 0, (0, 0), 1.0, 45.0)
    np.testing.assert_array_equal(sheared, np.array([[0, 0, 1, 0, 0]] * 5))


def test_rotations_add_up() -> None:
    img = gradient(64, 64, np.float64)
    twice = F.rotate(F.rotate(md.tensor(img), 20, "bilinear"), 25, "bilinear").numpy()
    once = F.rotate(md.tensor(img), 45, "bilinear").numpy()
    np.testing.assert_allclose(twice[:, 20:44, 20:44], once[:, 20:44, 20:44], atol=0.01)


def test_expand_keeps_all_that_there_is() -> None:
    img = np.ones((3, 20, 30))
    large = F.rotate(md.tensor(img), 33.0, "bilinear", expand=True).numpy()
    assert large.sum() == pytest.approx(img.sum(), rel=0.002)
    assert large.shape[1] == pytest.approx(20 * np.cos(np.deg2rad(33)) + 30 * np.sin(np.deg2rad(33)), abs=2)


def test_a_point_at_the_center_stays() -> None:
    img = np.zeros((9, 9))
    img[2, 6] = 1
    turned = F.rotate(img, 30, center=(6.5, 2.5))
    assert turned[2, 6] == 1


@pytest.mark.parametrize("flip", [F.hflip, F.vflip])
def test_two_flips_are_none(flip) -> None:
    img = md.tensor(SQUARE)
    assert not (flip(img) == img).all()
    assert (flip(flip(img)) == img).all()


@given(st.tuples(*[st.integers(-3, 6)] * 4), st.sampled_from(["constant", "edge", "reflect", "symmetric"]))
def test_borders_taken_away_again_leave_the_image(sides: tuple[int, ...], mode: str) -> None:
    img = md.tensor(noise(3, 8, 9))
    padded = F.pad(img, sides, padding_mode=mode)
    left, top, right, bottom = sides
    assert padded.shape == (3, 8 + top + bottom, 9 + left + right)
    if min(sides) >= 0:
        assert (F.pad(padded, [-n for n in sides]) == img).all()


def test_borders_have_a_colour_of_their_own() -> None:
    padded = F.pad(np.zeros((1, 1, 3), np.uint8), (1, 0, 0, 0), fill=(1, 2, 3))
    assert padded.tolist() == [[[1, 2, 3], [0, 0, 0]]]


def test_five_and_ten_crops() -> None:
    img = md.tensor(np.arange(20).reshape(1, 4, 5))
    crops = F.ten_crop(img, 2)
    assert [crop.tolist()[0][0][0] for crop in crops] == [0, 3, 10, 13, 7, 4, 1, 14, 11, 7]
    flipped = F.ten_crop(img, (2, 2), vertical_flip=True)[5:]
    assert all((a == F.vflip(b)).all() for a, b in zip(flipped, [crops[i] for i in (2, 3, 0, 1, 4)], strict=True))


def test_center_crop_of_what_is_too_small_has_a_border() -> None:
    cropped = F.center_crop(np.ones((2, 3), np.uint8), (3, 4))
    assert cropped.tolist() == [[1, 1, 1, 0], [1, 1, 1, 0], [0, 0, 0, 0]]


def test_erase_in_place_and_not() -> None:
    img = md.ones(2, 1, 3, 3)
    version = img._version
    other = F.erase(img, np.array([0, 1]), 0, np.array([1, 2]), 2, 5.0)
    assert other.array.sum() == 18 + 4 * (2 + 4)
    assert img.array.sum() == 18
    assert F.erase(img, 0, 0, 1, 1, md.zeros(1, 1, 1), inplace=True) is img
    assert img.array.sum() == 16
    assert img._version > version


# ---------------------------------------------------------------------------------------------- sizes


@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from(["nearest", "nearest-exact", "bilinear", "bicubic"]))
def test_without_antialiasing_resize_is_interpolate(height: int, width: int, mode: str) -> None:
    img = md.tensor(noise(2, 3, 7, 5, dtype=np.float64))
    ours = F.resize(img, (height, width), mode, antialias=False)
    theirs = md.nn.functional.interpolate(img, (height, width), mode=mode)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-12)


def test_antialiasing_shrinks_by_means() -> None:
    """By a whole factor n, a triangle over 2n pixels: in the middle of the image these weights are known."""
    img = np.zeros((1, 12))
    img[0, 5] = 1
    small = F.resize(md.tensor(img), (1, 6)).numpy()
    np.testing.assert_allclose(small, [[0, 0, 3 / 8, 1 / 8, 0, 0]], atol=1e-12)


@given(st.integers(1, 20), st.integers(1, 20), st.booleans())
def test_what_is_even_stays_so_at_any_size(height: int, width: int, antialias: bool) -> None:
    img = np.full((7, 9), 0.3)
    for mode in ("nearest", "bilinear", "bicubic"):
        np.testing.assert_allclose(F.resize(img, (height, width), mode, antialias=antialias), 0.3)


@pytest.mark.parametrize(("size", "max_size", "expected"), [(4, None, (4, 6)), ([2], None, (2, 3)), (4, 5, (3, 5))])
def test_one_number_is_for_the_shorter_side(size, max_size, expected) -> None:
    assert F.resize(np.ones((8, 12)), size, max_size=max_size).shape == expected
    assert F.resize(np.ones((12, 8)), size, max_size=max_size).shape == expected[::-1]


def test_resized_crop_is_a_crop_resized() -> None:
    img = md.tensor(noise(3, 9, 11, dtype=np.float64))
    for mode in ("nearest", "bilinear", "bicubic"):
        for antialias in (True, False):
            ours = F.resized_crop(img, 1, 2, 7, 5, (4, 9), mode, antialias)
            theirs = F.resize(F.crop(img, 1, 2, 7, 5), (4, 9), mode, antialias=antialias)
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-12)


# ---------------------------------------------------------------------------------------------- colours

FACTORS = ["adjust_brightness", "adjust_contrast", "adjust_saturation", "adjust_sharpness"]


@pytest.mark.parametrize("name", FACTORS)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_factor_one_leaves_the_image(name: str, dtype: type) -> None:
    img = noise(3, 8, 8, dtype=dtype)
    np.testing.assert_allclose(getattr(F, name)(md.tensor(img), 1.0).numpy(), img, atol=1e-6)


def test_factor_zero() -> None:
    img = md.tensor(noise(3, 8, 8, dtype=np.float64))
    grey = F.rgb_to_grayscale(img, 3).numpy()
    assert (F.adjust_brightness(img, 0).numpy() == 0).all()
    np.testing.assert_allclose(F.adjust_contrast(img, 0).numpy(), grey.mean())
    np.testing.assert_allclose(F.adjust_saturation(img, 0).numpy(), grey)


def test_a_third_of_a_turn_exchanges_the_channels() -> None:
    img = noise(3, 8, 8, dtype=np.float64)
    np.testing.assert_allclose(F.adjust_hue(md.tensor(img), 1 / 3).numpy(), img[[2, 0, 1]], atol=1e-12)
    np.testing.assert_allclose(F.adjust_hue(md.tensor(img), -1 / 3).numpy(), img[[1, 2, 0]], atol=1e-12)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
def test_no_turn_and_two_half_turns_leave_the_hue(dtype: type) -> None:
    img = noise(3, 8, 8, dtype=dtype)
    tolerance = 1 if dtype is np.uint8 else 1e-12
    for turns in ([0.0], [0.5, 0.5], [-0.5, 0.5], [0.2, -0.2]):
        turned = md.tensor(img)
        for turn in turns:
            turned = F.adjust_hue(turned, turn)
        np.testing.assert_allclose(turned.numpy().astype(float), img.astype(float), atol=tolerance * len(turns))


def test_grey_has_no_hue_nor_saturation() -> None:
    img = np.broadcast_to(noise(1, 8, 8), (3, 8, 8))
    assert (F.adjust_hue(md.tensor(img), 0.3).numpy() == img).all()
    assert abs(F.adjust_saturation(md.tensor(img), 3.0).numpy().astype(int) - img).max() <= 2
    one = md.tensor(noise(1, 8, 8))
    assert F.adjust_hue(one, 0.3) is one
    assert F.adjust_saturation(one, 0.3) is one


def test_negatives() -> None:
    img = md.tensor(SQUARE)
    assert (F.invert(F.invert(img)) == img).all()
    assert (F.solarize(img, 0) == F.invert(img)).all()
    bright = F.solarize(img, 128).numpy()
    np.testing.assert_array_equal(bright, np.where(SQUARE >= 128, 255 - SQUARE, SQUARE))


def test_posterize_keeps_the_highest_bits() -> None:
    assert F.posterize(np.array([[0, 63, 64, 255]], np.uint8), 2).tolist() == [[0, 0, 64, 192]]
    assert F.posterize(np.array([[0.0, 0.24, 0.26, 1.0]]), 2).tolist() == [[0, 0, 0.25, 0.75]]
    assert (F.posterize(md.tensor(SQUARE), 8).numpy() == SQUARE).all()


def test_autocontrast_reaches_both_ends() -> None:
    img = np.array([[60, 70, 80]], np.uint8)
    assert F.autocontrast(img).tolist() == [[0, 127, 255]]
    assert F.autocontrast(np.full((2, 2), 7, np.uint8)).tolist() == [[7, 7], [7, 7]]


def test_equalize_makes_levels_equally_frequent() -> None:
    dark = (np.random.default_rng(0).beta(2, 8, (64, 64)) * 255).astype(np.uint8)
    levels = np.sort(F.equalize(dark).reshape(-1))
    np.testing.assert_allclose(levels, np.linspace(0, 255, levels.size), atol=8)
    np.testing.assert_allclose(F.equalize(dark / 255), F.equalize(dark) / 255, atol=1e-6)
    assert (F.equalize(np.full((8, 8), 9, np.uint8)) == 9).all()


def test_add_color_has_limits() -> None:
    img = np.array([[[250, 5, 100]]], np.uint8)
    assert F.add_color(img, [0.1, -0.1, 0.1]).tolist() == [[[255, 0, 125]]]
    assert F.add_color(np.array([[0.5]]), [0.1, 0.2, 0.3])[0, 0] == pytest.approx(0.7)


def test_gamma() -> None:
    img = np.array([[0.25, 1.0]])
    np.testing.assert_allclose(F.adjust_gamma(img, 0.5), [[0.5, 1.0]])
    np.testing.assert_allclose(F.adjust_gamma(img, 0.5, gain=3), [[1.0, 1.0]])


# ---------------------------------------------------------------------------------------------- blur and noise


def test_blur_keeps_the_mean_and_spreads_a_point() -> None:
    point = np.zeros((31, 31))
    point[15, 15] = 1
    blurred = F.gaussian_blur(point, 21, sigma=2.0)
    y, x = np.mgrid[-15:16, -15:16]
    assert blurred.sum() == pytest.approx(1)
    assert (blurred * x**2).sum() == pytest.approx(4, rel=0.01)
    assert (blurred * y**2).sum() == pytest.approx(4, rel=0.01)
    assert (F.gaussian_blur(point, 1) == point).all()


def test_noise_beyond_the_limits() -> None:
    img = np.full((50, 50), 250, np.uint8)
    clipped = F.gaussian_noise(img, 0, 0.2, generator=md.Generator().manual_seed(0))
    assert clipped.min() > 60
    assert (clipped == 255).mean() > 0.4
    free = F.gaussian_noise(np.ones((50, 50)), 0, 0.2, clip=False, generator=md.Generator().manual_seed(0))
    assert free.max() > 1.2


# ---------------------------------------------------------------------------------------------- conversion


def test_to_tensor_and_back() -> None:
    img = arrays(noise(3, 4, 5))
    x = F.to_tensor(img)
    assert (x.shape, x.dtype) == ((3, 4, 5), md.float32)
    assert (F.convert_image_dtype(x, md.uint8).numpy() == np.moveaxis(img, -1, 0)).all()
    assert F.to_tensor(np.stack([img, img])).shape == (2, 3, 4, 5)
    assert F.to_tensor(img.astype(np.float64)).dtype == md.float64
    assert F.to_tensor(img[..., 0]).shape == (1, 4, 5)
    view = F.to_tensor(img.astype(np.float32))
    view.array[...] = 0
    assert img.any()


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (np.uint8(255), np.float32, 1.0),
        (np.uint8(255), np.int16, 255 * 128),
        (np.int16(32767), np.uint8, 255),
        (np.float32(1), np.uint8, 255),
        (np.float32(0.5), np.uint8, 127),
        (np.float16(1), np.uint8, 255),
        (np.float32(0.5), np.float64, 0.5),
    ],
)
def test_white_is_white_in_every_dtype(value, dtype, expected) -> None:
    converted = F.convert_image_dtype(np.full((1, 1), value), dtype)
    assert converted.dtype == dtype
    assert converted[0, 0] == expected


def test_normalize() -> None:
    x = F.to_tensor(arrays(noise(3, 6, 6)))
    y = F.normalize(x, mean=x.array.mean(axis=(1, 2)), std=x.array.std(axis=(1, 2))).numpy()
    np.testing.assert_allclose(y.mean(axis=(1, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(y.std(axis=(1, 2)), 1, atol=1e-6)
    version = x._version
    assert F.normalize(x, [0.5], [0.5], inplace=True) is x
    assert x._version > version
    last = arrays(noise(2, 3, 6, 6, dtype=np.float32))
    np.testing.assert_allclose(F.normalize(last, (0, 0, 1), (1, 2, 4)), (last - [0, 0, 1]) / [1, 2, 4], rtol=1e-6)


def test_pillow_images() -> None:
    Image = pytest.importorskip("PIL.Image", reason="Pillow, which reads and writes pictures, is not installed")
    img = arrays(noise(3, 6, 8))
    picture = Image.fromarray(img)
    assert (F.to_tensor(picture) == F.to_tensor(img)).all()
    assert F.pil_to_tensor(picture).dtype == md.uint8
    assert (F.resize(picture, 4) == F.resize(img, 4)).all()
    assert (F.erase(picture, 0, 0, 2, 2, 0, inplace=True)[:2, :2] == 0).all()
    assert (np.array(F.to_pil_image(F.pil_to_tensor(picture))) == img).all()
    assert (np.array(F.to_pil_image(F.to_tensor(picture))) == img).all()
    bits = Image.fromarray(img[..., 0] > 127)
    assert bits.mode == "1"
    assert set(np.unique(F.pil_to_tensor(bits).numpy())) == {0, 255}
    assert F.to_pil_image(img, mode="HSV").mode == "HSV"
    assert F.to_pil_image(md.rand(1, 4, 4), mode="F").mode == "F"
