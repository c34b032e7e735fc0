"""Every error says what was expected, what came, and in which argument."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

import minideep as md
from minideep import transforms as T
from minideep.transforms import functional as F

IMG = np.zeros((8, 9, 3))
BYTES = np.zeros((8, 9, 3), np.uint8)
BATCH = md.zeros(4, 3, 8, 9)
LABELS = np.array([0, 1, 2, 1])
POLICY = [[("Rotate", 0.5, 3), ("Invert", 1.0, None)]]

ERRORS: list[tuple[Callable[[], object], type[Exception], str]] = [
    # images
    (
        lambda: F.hflip("cat.png"),
        TypeError,
        "hflip: an image is a Tensor (…, C, H, W), an array (H, W) or (…, H, W, C), or a Pillow image, but got str",
    ),
    (lambda: T.RandomRotation(3)([1, 2]), TypeError, "RandomRotation: an image is a Tensor"),
    (lambda: F.vflip(np.zeros(3)), TypeError, "vflip: an image has a height and a width, but this ndarray is (3,)"),
    (
        lambda: F.adjust_hue(md.zeros(4, 4, 4), 0),
        TypeError,
        "adjust_hue: expected images of 1 channel (grey) or 3 (red, green, blue), but got 4",
    ),
    (
        lambda: F.resize(IMG, 4, "lanczos"),
        ValueError,
        "resize: interpolation must be one of 'nearest', 'nearest-exact', 'bilinear', 'bicubic', but got 'lanczos'",
    ),
    (
        lambda: F.adjust_brightness(BATCH, [1.0, 2.0]),
        ValueError,
        "adjust_brightness: brightness_factor must be a number, or an array with one for each image (4), "
        "but got [1.0, 2.0]",
    ),
    (
        lambda: F.crop(BATCH, 0.5, 0, 1, 1),
        ValueError,
        "crop: top must be an integer, or an array with one for each image (4), but got 0.5",
    ),
    (
        lambda: F.rotate(IMG, 3, fill=(1, 2)),
        ValueError,
        "rotate: fill must be one number, or one for each of the 3 channels, but got (1, 2)",
    ),
    (
        lambda: T.RandomApply([T.CenterCrop(4)], generator=md.Generator().manual_seed(0))(md.zeros(99, 1, 8, 8)),
        ValueError,
        "transforms: some images of a batch became float32 (C, H, W) = (1, 8, 8), others float32 (1, 4, 4)",
    ),
    # geometry
    (
        lambda: F.pad(IMG, (1, 2, 3)),
        ValueError,
        "pad: padding must be an integer, or 2 (left and right, top and bottom) or 4 (left, top, right, "
        "bottom), but got (1, 2, 3)",
    ),
    (
        lambda: F.pad(IMG, 1, padding_mode="wrap"),
        ValueError,
        "pad: padding_mode must be one of constant, edge, reflect, symmetric, but got 'wrap'",
    ),
    (
        lambda: F.pad(IMG, 8, padding_mode="reflect"),
        ValueError,
        "pad: 'reflect' finds too few pixels in images (8, 9) for 8",
    ),
    (lambda: F.crop(IMG, 0, 0, 0, 4), ValueError, "crop: height and width must be at least 1, but got (0, 4)"),
    (lambda: F.five_crop(IMG, 9), ValueError, "five_crop: crops (9, 9) are larger than images (8, 9)"),
    (lambda: T.CenterCrop((1, 2, 3)), ValueError, "CenterCrop: size must be one number or two, but got (1, 2, 3)"),
    (
        lambda: F.erase(BATCH, 0, 0, 1, 1, [1, 2, 3]),
        ValueError,
        "erase: v must be one value, or a list of one for each of 4 images, not 3",
    ),
    # sizes
    (lambda: T.Resize("large"), TypeError, "Resize: size should be int or sequence, but got str"),
    (
        lambda: T.Resize((1, 2, 3)),
        ValueError,
        "Resize: if size is a sequence, it should have 1 or 2 values, but got (1, 2, 3)",
    ),
    (lambda: F.resize(IMG, 0), ValueError, "resize: size must be one or two positive integers, but got 0"),
    (
        lambda: F.resize(IMG, (3, 4), max_size=7),
        ValueError,
        "resize: max_size goes with a size for the shorter side, but size is (3, 4)",
    ),
    (lambda: F.resize(IMG, 5, max_size=5), ValueError, "resize: max_size must be greater than the shorter side: 5 > 5"),
    (lambda: F.resize(md.zeros(1, 0, 3), 5), ValueError, "resize: images (0, 3) have no pixels"),
    (
        lambda: F.resized_crop(IMG, 4, 4, 5, 5, 3),
        ValueError,
        "resized_crop: parts must lie within the images (8, 9), but got top=4, left=4, height=5, width=5",
    ),
    (
        lambda: T.RandomResizedCrop(3, scale=(0, 1)),
        ValueError,
        "RandomResizedCrop: scale should be (min, max), min <= max, both positive, but got (0, 1)",
    ),
    (
        lambda: T.RandomResizedCrop(3, ratio=2),
        TypeError,
        "RandomResizedCrop: ratio should be a sequence of 2 numbers (min, max), but got 2",
    ),
    # warping
    (
        lambda: F.rotate(IMG, 3, "bicubic"),
        ValueError,
        "rotate: interpolation must be 'nearest' or 'bilinear', but got 'bicubic'",
    ),
    (lambda: F.rotate(IMG, 3, center=4), ValueError, "rotate: center must be two numbers (x, y), but got 4"),
    (lambda: F.affine(IMG, 0, (0, 0), 0, 0), ValueError, "affine: scale must be positive, but got 0"),
    (
        lambda: F.affine(IMG, 0, (0, 0), 1, (1, 2, 3)),
        ValueError,
        "affine: shear must be two numbers (x, y), but got [1, 2, 3]",
    ),
    (lambda: F.affine(IMG, 0, 3, 1, 0), ValueError, "affine: translate must be two numbers (x, y), but got 3"),
    (
        lambda: T.RandomRotation(-3),
        ValueError,
        "RandomRotation: if degrees is a single number, it must be positive, but got -3",
    ),
    (
        lambda: T.RandomRotation((5, 3)),
        ValueError,
        "RandomRotation: degrees should be (min, max), min <= max, but got (5, 3)",
    ),
    (
        lambda: T.RandomAffine(0, (0.1, 1.2)),
        ValueError,
        "RandomAffine: translate should be two values between 0 and 1, but got (0.1, 1.2)",
    ),
    (
        lambda: T.RandomAffine(0, scale=(0, 1)),
        ValueError,
        "RandomAffine: scale should be (min, max), min <= max, both positive",
    ),
    (lambda: T.RandomAffine(0, shear=(1, 2, 3)), TypeError, "RandomAffine: shear should be a sequence of 2 numbers"),
    # colours
    (lambda: F.adjust_contrast(IMG, -1), ValueError, "adjust_contrast: the factor must not be negative, but got -1"),
    (lambda: F.adjust_hue(IMG, 0.6), ValueError, "adjust_hue: hue_factor must be from -0.5 to 0.5, but got 0.6"),
    (lambda: F.adjust_gamma(IMG, -1), ValueError, "adjust_gamma: gamma must not be negative, but got -1"),
    (
        lambda: F.rgb_to_grayscale(IMG, 2),
        ValueError,
        "rgb_to_grayscale: num_output_channels should be 1 or 3, but got 2",
    ),
    (
        lambda: F.add_color(IMG, [1, 2]),
        ValueError,
        "add_color: color must be 3 numbers, or 3 for each image (1), but its shape is (2,)",
    ),
    (lambda: F.solarize(IMG, 128), TypeError, "solarize: threshold must be at most white (1), but got 128"),
    (lambda: F.posterize(BYTES, 9), ValueError, "posterize: bits must be from 0 to 8, but got 9"),
    (
        lambda: F.posterize(BYTES.astype(np.int16), 3),
        TypeError,
        "posterize: expected images of uint8 or floats, but got int16",
    ),
    (
        lambda: F.equalize(BYTES.astype(np.int16)),
        TypeError,
        "equalize: expected images of uint8 or floats, but got int16",
    ),
    (
        lambda: T.ColorJitter(brightness=-0.1),
        ValueError,
        "ColorJitter: if brightness is a single number, it must be non negative, but got -0.1",
    ),
    (
        lambda: T.ColorJitter(hue=0.6),
        ValueError,
        "ColorJitter: hue should be (min, max), min <= max, both from -0.5 to 0.5, but got (-0.6, 0.6)",
    ),
    (
        lambda: T.PCAColorNoise(eigenvalues=[1, 2]),
        ValueError,
        "PCAColorNoise: expected 3 eigenvalues and, as columns, 3 eigenvectors of length 3, but got "
        "shapes (2,) and (3, 3)",
    ),
    # filters and noise
    (lambda: F.gaussian_blur(IMG, 4), ValueError, "gaussian_blur: kernel_size must be odd and positive, but got 4"),
    (
        lambda: F.gaussian_blur(IMG, 17),
        ValueError,
        "gaussian_blur: half of kernel_size (17, 17) must be less than images (8, 9)",
    ),
    (lambda: F.gaussian_blur(IMG, 3, 0), ValueError, "gaussian_blur: sigma should have positive values, but got 0"),
    (lambda: T.GaussianBlur(2), ValueError, "GaussianBlur: kernel size value should be odd and positive, but got 2"),
    (
        lambda: T.GaussianBlur(3, (0, 1)),
        ValueError,
        "GaussianBlur: sigma should be (min, max), min <= max, both positive",
    ),
    (lambda: F.gaussian_noise(IMG, sigma=-1), ValueError, "gaussian_noise: sigma must not be negative, but got -1"),
    (
        lambda: F.salt_and_pepper(IMG, 2),
        ValueError,
        "salt_and_pepper: amount and salt_vs_pepper are shares, from 0 to 1, but got amount=2, salt_vs_pepper=0.5",
    ),
    (lambda: T.SaltAndPepper(-1), ValueError, "SaltAndPepper: amount must be from 0 to 1, but got -1"),
    (lambda: T.RandomErasing(p=2), ValueError, "RandomErasing: p must be from 0 to 1, but got 2"),
    (
        lambda: T.RandomErasing(scale=(0, 2)),
        ValueError,
        "RandomErasing: scale should be (min, max), min <= max, both from 0 to 1, but got (0, 2)",
    ),
    (
        lambda: T.RandomErasing(value="black"),
        ValueError,
        "RandomErasing: value should be a number, a sequence or 'random', but got 'black'",
    ),
    (
        lambda: T.RandomErasing(value=(1, 2))(IMG),
        ValueError,
        "RandomErasing: if value is a sequence, it should have a single value or 3 (number of input "
        "channels), but got (1, 2)",
    ),
    (lambda: T.Cutout(length=0), ValueError, "Cutout: expected n_holes >= 0 and length >= 1, but got 1 and 0"),
    # conversion
    (
        lambda: F.to_tensor(md.zeros(3, 4, 4)),
        TypeError,
        "to_tensor: pic should be PIL Image or ndarray, but got Tensor; convert_image_dtype takes "
        "Tensors to another dtype",
    ),
    (lambda: F.to_tensor("cat.png"), TypeError, "to_tensor: pic should be PIL Image or ndarray, but got str"),
    (
        lambda: F.to_tensor(np.zeros(3)),
        ValueError,
        "to_tensor: pic should be 2/3 dimensional, or a batch (N, H, W, C), but its shape is (3,)",
    ),
    (
        lambda: F.pil_to_tensor(IMG),
        TypeError,
        "pil_to_tensor: pic should be PIL Image, but got ndarray; to_tensor takes arrays",
    ),
    (lambda: F.to_pil_image("cat"), TypeError, "to_pil_image: pic should be Tensor or ndarray, but got str"),
    (
        lambda: F.to_pil_image(BATCH),
        ValueError,
        "to_pil_image: pic should be 2/3 dimensional, but its shape is (4, 3, 8, 9); take one image",
    ),
    (
        lambda: F.convert_image_dtype(BATCH, np.int32),
        RuntimeError,
        "convert_image_dtype: the cast from float32 to int32 cannot be performed safely, as not every "
        "int32 is a float32",
    ),
    (
        lambda: F.normalize(md.zeros(3, 4, 4, dtype=md.uint8), 0, 1),
        TypeError,
        "normalize: input tensor should be a float tensor, but got uint8; ToTensor makes one of a picture",
    ),
    (
        lambda: F.normalize(md.zeros(4, 4), 0, 1),
        ValueError,
        "normalize: expected a tensor image of size (…, C, H, W), but its shape is (4, 4)",
    ),
    (
        lambda: F.normalize(BATCH, [0, 1], [1, 1, 1]),
        ValueError,
        "normalize: mean must be one number for each of 3 channels, but has 2",
    ),
    (
        lambda: F.normalize(BATCH, 0, [1, 0, 1]),
        ValueError,
        "normalize: std evaluated to zero as float32, leading to division by zero",
    ),
    # containers
    (lambda: T.Transform()(IMG), NotImplementedError, "Transform: a transform must define __call__(self, img)"),
    (lambda: T.Compose([3]), TypeError, "Compose: transforms should be a sequence of functions, but got [3]"),
    (
        lambda: T.RandomApply(T.Resize(3)),
        TypeError,
        "RandomApply: transforms should be a sequence of functions, but got Resize(size=3",
    ),
    (lambda: T.Lambda(3), TypeError, "Lambda: argument lambd should be callable, but got int"),
    (
        lambda: T.RandomChoice([T.Resize(3)], p=[1, 2]),
        ValueError,
        "RandomChoice: p must be weights, none negative, of 1 transforms, but got [1, 2]",
    ),
    (
        lambda: T.RandomHorizontalFlip(1.5),
        ValueError,
        "RandomHorizontalFlip: p must be from 0 to 1, but got 1.5",
    ),
    # mixing
    (lambda: T.MixUp(alpha=0), ValueError, "MixUp: alpha must be positive, but got 0"),
    (lambda: T.MixUp()(BATCH, LABELS), ValueError, "MixUp: num_classes must be passed if the labels are classes (1D)"),
    (
        lambda: T.MixUp(num_classes=3)((BATCH,)),
        TypeError,
        "MixUp: expected a batch of images and their labels, but got 1 inputs",
    ),
    (
        lambda: T.CutMix(num_classes=3)(BATCH, LABELS[:2]),
        ValueError,
        "CutMix: expected a batch of images with a label each, but got images (4, 3, 8, 9) and labels (2,)",
    ),
    (
        lambda: T.CutMix(num_classes=3)(md.zeros(3, 8, 9), LABELS[:1]),
        ValueError,
        "CutMix: expected a batch of images with a label each, but got images (3, 8, 9)",
    ),
    (
        lambda: T.MixUp(num_classes=3)(BATCH, [0, 1, 2, 1]),
        ValueError,
        "MixUp: labels should be a Tensor or an array, (batch_size,) of classes or (batch_size, "
        "num_classes) of probabilities, but got list",
    ),
    (
        lambda: T.MixUp(num_classes=3)(BATCH, np.ones((4, 2))),
        ValueError,
        "MixUp: num_classes is 3, but labels are for 2 classes",
    ),
    (lambda: T.MixUp(num_classes=2)(BATCH, LABELS), ValueError, "MixUp: labels must be from 0 to 1, but got 0 to 2"),
    # operations and policies
    (
        lambda: T.AutoAugment("mnist"),
        ValueError,
        "AutoAugment: published policies are imagenet, cifar10, svhn, but got 'mnist'",
    ),
    (
        lambda: T.AutoAugment([("Rotate", 0.5, 3)]),
        ValueError,
        "AutoAugment: a policy is a list of sub-policies, each a list of (operation, probability, "
        "magnitude), but got [('Rotate', 0.5, 3)]",
    ),
    (lambda: T.AutoAugment(3), ValueError, "AutoAugment: a policy is a list of sub-policies"),
    (lambda: T.AutoAugment([]), ValueError, "AutoAugment: a policy has at least one sub-policy, but this has none"),
    (lambda: T.AutoAugment([[("Twist", 0.5, 3)]]), ValueError, "AutoAugment: operations are Identity, ShearX"),
    (
        lambda: T.AutoAugment([[("Rotate", 1.5, 3)]]),
        ValueError,
        "AutoAugment: a probability is from 0 to 1, but that of a Rotate is 1.5",
    ),
    (
        lambda: T.AutoAugment([[("Rotate", 0.5, 10)]]),
        ValueError,
        "AutoAugment: a magnitude is from 0 to 9, but that of a Rotate is 10",
    ),
    (
        lambda: T.RandAugment(magnitude=31),
        ValueError,
        "RandAugment: magnitude must be from 0 to num_magnitude_bins - 1 = 30, but got 31",
    ),
    (
        lambda: T.TrivialAugmentWide(1),
        ValueError,
        "TrivialAugmentWide: num_magnitude_bins must be at least 2, but got 1",
    ),
    (lambda: T.PolicySearch(0), ValueError, "PolicySearch: needs at least one sub-policy of one step, but got 0, 2"),
    (
        lambda: T.PolicySearch().best(),
        RuntimeError,
        "PolicySearch: nothing has been tried; ask() for a policy and tell() its reward first",
    ),
    (
        lambda: T.PolicySearch().tell(POLICY, 1.0),
        ValueError,
        "PolicySearch: expected a policy of 5 sub-policies of 2 steps",
    ),
    (
        lambda: T.PolicySearch(3).load_state_dict(T.PolicySearch(2).state_dict()),
        ValueError,
        "PolicySearch: the state is of tables [(2, 2, 15), (2, 2, 11), (2, 2, 10)], not [(3, 2, 15)",
    ),
]


@pytest.mark.parametrize(("program", "kind", "text"), ERRORS, ids=[text[:40] for _, _, text in ERRORS])
def test_what_errors_say(program: Callable[[], object], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=re.escape(text)):
        program()
