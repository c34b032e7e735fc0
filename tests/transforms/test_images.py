"""Any kind of image: arrays and Tensors, one or many, of any dtype, on any device, all treated alike."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep as md
from gradcheck import strict
from minideep import transforms as T
from minideep.transforms import functional as F
from minideep.transforms.functional.images import by_choice

from .pictures import arrays, back, noise, tensors

N = 4
ONE_EACH = np.linspace(0.1, 1.9, N)

# Functions of images and of numbers, of which there may be one for each image.
CASES: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "crop": (lambda img, top, left: F.crop(img, top, left, 4, 5), [[0, 1, -2, 5], [3, -1, 0, 4]]),
    "center_crop": (lambda img: F.center_crop(img, (5, 12)), []),
    "pad": (lambda img: F.pad(img, (1, 2, 3, 4), padding_mode="reflect"), []),
    "hflip": (F.hflip, []),
    "vflip": (F.vflip, []),
    "erase": (lambda img, i, j, h, w: F.erase(img, i, j, h, w, 1), [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 3, 4], [2] * 4]),
    "resize": (lambda img: F.resize(img, (5, 11)), []),
    "resized_crop": (
        lambda img, *box: F.resized_crop(img, *box, 6),
        [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 3, 4], [5] * 4],
    ),
    "rotate": (lambda img, angle: F.rotate(img, angle, fill=0.3), [[0, 30, 90, -45]]),
    "rotate bilinear": (lambda img, angle: F.rotate(img, angle, "bilinear", center=(2, 3)), [[0, 30, 90, -45]]),
    "affine": (
        lambda img, angle, x, y, scale, sx, sy: F.affine(img, angle, (x, y), scale, (sx, sy), "bilinear", fill=0.5),
        [[0, 30, 90, -45], [1, 2, 3, -4], [0, 3, -2, 1], [1, 2, 0.5, 1.1], [0, 20, -10, 5], [3, 0, 0, -30]],
    ),
    "adjust_brightness": (F.adjust_brightness, [ONE_EACH]),
    "adjust_contrast": (F.adjust_contrast, [ONE_EACH]),
    "adjust_saturation": (F.adjust_saturation, [ONE_EACH]),
    "adjust_sharpness": (F.adjust_sharpness, [ONE_EACH]),
    "adjust_hue": (F.adjust_hue, [ONE_EACH / 4]),
    "adjust_gamma": (F.adjust_gamma, [ONE_EACH, ONE_EACH]),
    "rgb_to_grayscale": (lambda img: F.rgb_to_grayscale(img, 3), []),
    "invert": (F.invert, []),
    "solarize": (F.solarize, [[0, 0.3, 0.7, 1]]),
    "posterize": (F.posterize, [[1, 2, 5, 8]]),
    "autocontrast": (F.autocontrast, []),
    "equalize": (F.equalize, []),
    "gaussian_blur": (lambda img, x, y: F.gaussian_blur(img, (3, 5), (x, y)), [ONE_EACH, ONE_EACH[::-1]]),
    "normalize": (lambda img: F.normalize(F.convert_image_dtype(img, img.dtype), 0.5, 0.2), []),
}
every_case = pytest.mark.parametrize("case", CASES)
BATCHES = {dtype.__name__: noise(N, 3, 8, 9, dtype=dtype) for dtype in (np.uint8, np.float32, np.float64, np.float16)}


def applicable(case: str, dtype: str) -> bool:
    return not (case == "normalize" and dtype == "uint8")


@every_case
@pytest.mark.parametrize("dtype", BATCHES)
def test_a_batch_is_treated_as_its_images_are(case: str, dtype: str) -> None:
    if not applicable(case, dtype):
        return
    function, numbers = CASES[case]
    batch = BATCHES[dtype]
    before = batch.copy()
    together = function(tensors(batch), *[np.asarray(n) for n in numbers])
    assert together.dtype == batch.dtype
    one_by_one = [function(tensors(img), *[n[i] for n in numbers]).numpy() for i, img in enumerate(batch)]
    np.testing.assert_allclose(together.numpy(), np.stack(one_by_one), atol=1e-6)
    np.testing.assert_array_equal(batch, before)


@every_case
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_arrays_are_treated_as_tensors_are(case: str, dtype: str) -> None:
    if not applicable(case, dtype):
        return
    function, numbers = CASES[case]
    batch, numbers = BATCHES[dtype], [np.asarray(n) for n in numbers]
    for images in (batch, batch[:1]):
        some = [n[: len(images)] for n in numbers]
        ours = function(arrays(images), *some)
        assert isinstance(ours, np.ndarray)
        assert ours.dtype == images.dtype
        assert ours.flags.c_contiguous
        np.testing.assert_array_equal(back(ours), function(tensors(images), *some).numpy())


@every_case
def test_more_dimensions_before_are_a_batch_too(case: str) -> None:
    function, numbers = CASES[case]
    batch, numbers = BATCHES["float32"], [np.asarray(n) for n in numbers]
    flat = function(tensors(batch), *numbers).numpy()
    folded = function(tensors(batch.reshape(2, 2, *batch.shape[1:])), *numbers).numpy()
    np.testing.assert_array_equal(folded, flat.reshape(2, 2, *flat.shape[1:]))


@every_case
def test_grey_pictures_of_two_dimensions(case: str) -> None:
    if case in ("normalize", "rgb_to_grayscale"):
        return
    function, numbers = CASES[case]
    grey = noise(8, 9, dtype=np.float64)
    result = function(grey, *[n[1] for n in numbers])
    np.testing.assert_array_equal(result, function(md.tensor(grey[None]), *[n[1] for n in numbers]).numpy()[0])


@every_case
def test_no_images_at_all(case: str) -> None:
    function, numbers = CASES[case]
    nothing = md.zeros(0, 3, 8, 9)
    result = function(nothing, *[np.asarray(n)[:0] for n in numbers])
    assert result.shape[:2] == (0, 3)


@every_case
def test_images_on_another_device(case: str) -> None:
    strict.register()
    function, numbers = CASES[case]
    batch, numbers = BATCHES["float32"], [np.asarray(n) for n in numbers]
    there = function(md.tensor(batch, device="strict"), *numbers)
    assert there.device.type == "strict"
    np.testing.assert_allclose(there.cpu().numpy(), function(tensors(batch), *numbers).numpy(), atol=1e-6)


def test_leaves_that_need_gradients_are_taken_as_images() -> None:
    leaf = md.rand(2, 3, 8, 8, requires_grad=True)
    for transform in (T.RandomCrop(4), T.ColorJitter(0.5), T.RandomRotation(10), T.Normalize(0.5, 0.5)):
        assert not transform(leaf).requires_grad


def test_tensors_of_numbers_for_each_image() -> None:
    images = md.rand(3, 3, 4, 4)
    factors = md.tensor([0.0, 0.5, 1.0])
    assert (F.adjust_brightness(images, factors) == F.adjust_brightness(images, factors.numpy())).all()


def test_dimensions() -> None:
    assert F.get_dimensions(np.zeros((4, 5))) == [1, 4, 5]
    assert F.get_dimensions(np.zeros((4, 5, 3))) == [3, 4, 5]
    assert F.get_dimensions(md.zeros(7, 3, 4, 5)) == [3, 4, 5]


def test_by_choice_puts_images_back_in_place() -> None:
    images = md.arange(6.0).reshape(6, 1, 1, 1)
    choice = np.array([2, 0, 1, 0, 2, 1])
    seen = {}

    def work(number: int, part: Any, which: np.ndarray) -> Any:
        seen[number] = which.tolist()
        return part * 10 + number

    result = by_choice(images, choice, work)
    assert seen == {0: [1, 3], 1: [2, 5], 2: [0, 4]}
    assert result.array.reshape(-1).tolist() == [2, 10, 21, 30, 42, 51]
    assert by_choice(md.zeros(0, 1, 1, 1), choice[:0], work).shape == (0, 1, 1, 1)


def test_interpolation_by_name_number_or_member() -> None:
    img = noise(6, 6)
    modes = [("nearest", 0, F.InterpolationMode.NEAREST), ("bilinear", 2, T.InterpolationMode.BILINEAR), ("bicubic", 3)]
    for same in modes:
        results = [F.resize(img, 3, mode) for mode in same]
        assert all((result == results[0]).all() for result in results)


def test_the_pipelines_of_the_course() -> None:
    alex_net = T.Compose(
        [
            T.Resize(256),
            T.RandomCrop(224),
            T.RandomHorizontalFlip(p=0.5),
            T.ColorJitter(brightness=0.1, contrast=0.1, saturation=0.1),
            T.ToTensor(),
            T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
        ]
    )
    cifar = T.Compose(
        [
            T.RandomCrop(32, padding=4),
            T.RandomHorizontalFlip(),
            T.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
            T.ToTensor(),
            T.Normalize((0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010)),
        ]
    )
    for pipeline, shape, size in ((alex_net, (300, 280), 224), (cifar, (32, 32), 32)):
        pictures = noise(2, *shape, 3)
        for images in (pictures, pictures[0]):
            x = pickle.loads(pickle.dumps(pipeline))(images)
            assert isinstance(x, md.Tensor)
            assert (x.shape, x.dtype) == ((*images.shape[:-3], 3, size, size), md.float32)
