"""The same as torchvision's: exactly in colour, within a rounding step where values are interpolated."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep as md
from minideep import transforms as T
from minideep.transforms import functional as F
from minideep.transforms.auto_augment import _TWO_WAYS, NAMES, OPERATIONS

from .pictures import gradient, noise, torchvision

Program = Callable[[Any, Any, Any], Any]  # of the functional module, an image, the interpolation modes


def white(img: Any) -> float:
    return 255 if "uint8" in str(img.dtype) else 1


# Exactly the same for uint8.
POINTWISE: dict[str, Program] = {
    **{
        f"{name} {factor}": lambda F, img, m, name=name, factor=factor: getattr(F, name)(img, factor)
        for name in ("adjust_brightness", "adjust_contrast", "adjust_saturation", "adjust_sharpness")
        for factor in (0.0, 0.35, 1.0, 1.7, 3.0)
    },
    "gamma": lambda F, img, m: F.adjust_gamma(img, 1.7, 0.9),
    "grey": lambda F, img, m: F.rgb_to_grayscale(img),
    "grey 3": lambda F, img, m: F.rgb_to_grayscale(img, 3),
    "invert": lambda F, img, m: F.invert(img),
    "solarize": lambda F, img, m: F.solarize(img, 0.4 * white(img)),
    "autocontrast": lambda F, img, m: F.autocontrast(img),
    "pad": lambda F, img, m: F.pad(img, [3, 4, 5, 6], 0),
    "pad edge": lambda F, img, m: F.pad(img, [3, 4], padding_mode="edge"),
    "pad reflect": lambda F, img, m: F.pad(img, [3, 4, 5, 6], padding_mode="reflect"),
    "pad symmetric": lambda F, img, m: F.pad(img, [3, 4, 5, 6], padding_mode="symmetric"),
    "pad less": lambda F, img, m: F.pad(img, [-3, 4, 5, -6], 1),
    "pad less, symmetric": lambda F, img, m: F.pad(img, [-3, 4, 5, -6], padding_mode="symmetric"),
    "crop": lambda F, img, m: F.crop(img, 3, 4, 20, 30),
    "crop beyond": lambda F, img, m: F.crop(img, -3, 40, 50, 30),
    **{
        f"center_crop {size}": lambda F, img, m, size=size: F.center_crop(img, size)
        for size in (7, (60, 20), (61, 61), (11, 12), (20, 61))
    },
    "to uint8": lambda F, img, m: F.convert_image_dtype(img, dtype("uint8", F)),
    "to int16": lambda F, img, m: F.convert_image_dtype(img, dtype("int16", F)),
    "to float64": lambda F, img, m: F.convert_image_dtype(img, dtype("float64", F)),
}
ONLY_UINT8: dict[str, Program] = {
    "posterize": lambda F, img, m: F.posterize(img, 3),
    "equalize": lambda F, img, m: F.equalize(img),
}
# The same but for the rounding of some uint8 halfway between two.
INTERPOLATED: dict[str, Program] = {
    "hue": lambda F, img, m: F.adjust_hue(img, 0.21),
    "hue back": lambda F, img, m: F.adjust_hue(img, -0.4),
    "blur": lambda F, img, m: F.gaussian_blur(img, [5, 3], [1.2, 0.7]),
    "blur by size": lambda F, img, m: F.gaussian_blur(img, [5, 7]),
    "resize one side": lambda F, img, m: F.resize(img, 30, max_size=35),
    "resized_crop": lambda F, img, m: F.resized_crop(img, 3, 5, 20, 17, [24, 24]),
    "resized_crop bicubic": lambda F, img, m: F.resized_crop(img, 3, 5, 20, 17, [9, 50], m.BICUBIC),
    **{
        f"resize {size} {mode} {antialias}": lambda F, img, m, size=size, mode=mode, antialias=antialias: F.resize(
            img, size, m[mode], antialias=antialias
        )
        for size in (20, 64, [11, 90])
        for mode in ("NEAREST", "NEAREST_EXACT", "BILINEAR", "BICUBIC")
        for antialias in (True, False)
    },
    **{
        f"rotate {angle} {mode}": lambda F, img, m, angle=angle, mode=mode: F.rotate(img, angle, m[mode])
        for angle in (30, 45, -7.5, 180)
        for mode in ("NEAREST", "BILINEAR")
    },
    "rotate 90": lambda F, img, m: F.rotate(img, 90, m.BILINEAR),
    "rotate expand": lambda F, img, m: F.rotate(img, 33, m.BILINEAR, expand=True, fill=[1.0]),
    "rotate expand nearest": lambda F, img, m: F.rotate(img, 33, expand=True, fill=[1.0]),
    "rotate center": lambda F, img, m: F.rotate(img, 33, m.BILINEAR, center=[3, 40], fill=[0.2, 0.5, 0.7]),
    "affine": lambda F, img, m: F.affine(img, 20.0, [3, -4], 1.3, [10, -5], m.BILINEAR, fill=[0.5]),
    "affine nearest": lambda F, img, m: F.affine(img, 20.0, [3, -4], 1.3, [10, -5], fill=[0.5]),
    "affine center": lambda F, img, m: F.affine(img, -20.0, [3, -4], 0.5, [10.0], m.BILINEAR, center=[0, 0]),
    "shear one": lambda F, img, m: F.affine(img, 0.0, [0, 0], 1.0, 12.0, m.BILINEAR),
}


def dtype(name: str, module: Any) -> Any:
    return np.dtype(name) if module is F else getattr(pytest.importorskip("torch"), name)


def both(program: Program, img: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    tv = torchvision()
    torch = pytest.importorskip("torch")
    ours = program(F, md.tensor(img), T.InterpolationMode).numpy()
    theirs = program(tv.transforms.functional, torch.from_numpy(img.copy()), tv.transforms.InterpolationMode).numpy()
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    return ours.astype(np.float64), theirs.astype(np.float64)


def pictures(kind: type) -> list[np.ndarray]:
    return [noise(3, 37, 52, dtype=kind), gradient(37, 52, kind)]


@pytest.mark.parametrize("name", [*POINTWISE, *ONLY_UINT8])
def test_the_same_bytes(name: str) -> None:
    for img in pictures(np.uint8):
        ours, theirs = both({**POINTWISE, **ONLY_UINT8}[name], img)
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("name", INTERPOLATED)
def test_the_same_bytes_but_for_halves(name: str) -> None:
    for img in pictures(np.uint8):
        ours, theirs = both(INTERPOLATED[name], img)
        differences = np.abs(ours - theirs)
        assert differences.max() <= 1
        assert (differences > 0).mean() < 0.08


@pytest.mark.parametrize("name", [*POINTWISE, *INTERPOLATED])
def test_the_same_floats(name: str) -> None:
    for kind, tolerance in ((np.float32, 2e-5), (np.float64, 1e-6)):  # torchvision turns hues in float32
        for img in pictures(kind):
            if name == "to int16" and kind is np.float64:
                continue
            ours, theirs = both({**POINTWISE, **INTERPOLATED}[name], img)
            scale = max(np.abs(theirs).max(), 1)
            np.testing.assert_allclose(ours, theirs, atol=1 if name in ("to uint8", "to int16") else tolerance * scale)


@pytest.mark.parametrize("level", [0.0, 0.3, 0.55, 1.0])
@pytest.mark.parametrize("name", NAMES)
def test_operations_of_auto_augment(name: str, level: float) -> None:
    tv = torchvision()
    torch = pytest.importorskip("torch")
    apply = tv.transforms.autoaugment._apply_op
    img = noise(3, 32, 32)
    bins = 101
    meta = tv.transforms.AutoAugment()._augmentation_space(bins, (32, 32))
    magnitudes, signed = meta.get(name, (torch.tensor(0.0), False))
    assert signed == (name in _TWO_WAYS)
    magnitude = float(magnitudes[round(level * (bins - 1))]) if magnitudes.ndim else 0.0
    strength = level * T.RandAugment()._strongest(32, 32).get(name, 0.0)
    for sign in (1, -1)[: 1 + signed]:
        theirs = apply(torch.from_numpy(img), name, sign * magnitude, tv.transforms.InterpolationMode.NEAREST, None)
        ours = OPERATIONS[name](md.tensor(img), np.array([sign * strength]), {"interpolation": "nearest", "fill": None})
        differences = np.abs(ours.numpy().astype(int) - theirs.numpy().astype(int))
        assert np.mean(differences > 1) < 0.01  # in colour, their strengths, in float32, make a step here and there


def test_published_policies_and_strengths() -> None:
    tv = torchvision().transforms
    for which in T.AutoAugmentPolicy:
        assert T.AutoAugment(which).policies == tuple(tv.AutoAugment(tv.AutoAugmentPolicy(which.value)).policies)
    wide = tv.TrivialAugmentWide()._augmentation_space(31)
    for name, strongest in T.TrivialAugmentWide()._strongest(32, 32).items():
        last = float(wide[name][0][-1])
        assert {"Posterize": 8 - strongest, "Solarize": 255 * (1 - strongest)}.get(name, strongest) == pytest.approx(
            last
        )


CLASSES = [
    name for name in T.__dict__ if inspect.isclass(getattr(T, name)) and issubclass(getattr(T, name), T.base.Transform)
]


@pytest.mark.parametrize("name", CLASSES)
def test_names_arguments_and_defaults(name: str) -> None:
    """In torchvision's order; after it may come what is ours, by keyword."""
    tv = torchvision()
    if not hasattr(tv.transforms, name):
        pytest.skip(f"torchvision's transforms have no {name}")
    ours, theirs = (dict(inspect.signature(getattr(module, name)).parameters) for module in (T, tv.transforms))
    extra = {k: ours.pop(k) for k in list(ours) if k not in theirs}
    assert set(extra) <= {"generator"}
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in extra.values())
    assert list(ours) == list(theirs)
    for argument, parameter in theirs.items():
        assert getattr(ours[argument].default, "value", ours[argument].default) == getattr(
            parameter.default, "value", parameter.default
        ), argument


REPRS = [
    "Resize(256)", "Resize((3, 4), max_size=None, antialias=False)", "CenterCrop(224)", "RandomCrop(32, padding=4)",
    "RandomHorizontalFlip()", "RandomVerticalFlip(0.3)", "RandomResizedCrop(224)", "Pad((1, 2), 3, 'edge')",
    "FiveCrop(4)", "TenCrop(4, True)", "ColorJitter(0.1, 0.2, (0.5, 1.5), 0.1)", "ColorJitter(1.5)", "Grayscale(3)",
    "RandomGrayscale()", "RandomRotation(30)", "RandomRotation((10, 20), center=(1, 2))", "RandomAffine(10)",
    "RandomAffine((10, 20), (0.1, 0.2), (0.5, 2.0), 5, fill=3)", "GaussianBlur(3)", "GaussianBlur((3, 5), 2.0)",
    "RandomErasing()", "ToTensor()", "PILToTensor()", "ToPILImage()", "Normalize((0.5,), (0.2,))",
    "Compose([Resize(3), ToTensor()])", "RandomApply([Resize(3)], 0.2)", "RandomInvert()", "RandomPosterize(3)",
    "RandomSolarize(100)", "RandomAdjustSharpness(2)", "RandomAutocontrast()", "RandomEqualize()", "AutoAugment()",
]  # fmt: skip


@pytest.mark.parametrize("program", REPRS)
def test_reprs(program: str) -> None:
    tv = torchvision()
    ours, theirs = (repr(eval(program, dict(vars(module)))) for module in (T, tv.transforms))
    assert ours.replace(", ", ",") == theirs.replace(", ", ",")
