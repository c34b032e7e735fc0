"""The datasets that come along or are made: what they hold, and that it is the same for everybody."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep
from minideep import transforms
from minideep.data import DataLoader, Digits, Shapes, Text, Vocabulary, spirals, two_moons, xor
from minideep.data.datasets import text
from minideep.data.datasets.stream import Stream
from tests.data.helpers import plain

FOLDER = Path(minideep.__file__).parent / "data" / "datasets"


def digest(*arrays) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(a).tobytes() for a in arrays)).hexdigest()[:16]


# ---------------------------------------------------------------------------------------------- digits


def test_the_digits_are_those_whose_checksum_is_stated() -> None:
    stated = re.findall(r"^([0-9a-f]{64})  (\S+)$", (FOLDER / "digits.md").read_text(), re.MULTILINE)
    assert [name for _, name in stated] == ["digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz"]
    for checksum, name in stated:
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == checksum
    assert "CC BY 4.0" in (FOLDER / "digits.md").read_text()


def test_the_digits_are_as_published_but_for_the_scale() -> None:
    digits = Digits(train=None)
    assert digits.data.shape == (1797, 8, 8)
    assert digits.data.dtype == minideep.uint8
    counts = np.bincount(digits.targets.numpy())
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as UCI's description says
    published = np.rint(digits.data.numpy() * (16 / 255))
    assert published[0, :2].tolist() == [[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]]
    assert published.min() == 0
    assert published.max() == 16
    assert digits.data.numpy().max() == 255


def test_train_and_test_share_no_digit_and_have_all_classes() -> None:
    train, test = Digits(), Digits(train=False)
    assert len(train) == 1442
    assert len(test) == 355
    together = sorted(image.tobytes() for part in (train, test) for image in part.data.numpy())
    assert together == sorted(image.tobytes() for image in Digits(train=None).data.numpy())
    assert np.bincount(test.targets.numpy()).tolist() == [35, 36, 35, 36, 36, 36, 36, 35, 34, 36]


def test_a_sample_is_an_image_of_bytes_and_a_number() -> None:
    digits = Digits()
    image, label = digits[3]
    assert (image.shape, image.dtype, label, type(label)) == ((8, 8), np.uint8, 3, int)
    image[...] = 0
    assert digits.data[3].sum() > 0
    assert digits.classes[label] == "3"
    assert digits.class_to_idx["3"] == 3
    changed = Digits(transform=lambda image: image / 255, target_transform=lambda label: label % 2)
    image, label = changed[3]
    assert (image.max(), label) == (239 / 255, 1)
    images, labels = next(iter(DataLoader(changed, 4)))
    assert images.dtype == minideep.float64
    assert labels.tolist() == [0, 1, 0, 1]


def test_batches_of_images_are_slices() -> None:
    images, labels = next(iter(DataLoader(Digits(), 5)))
    assert images.dtype == minideep.uint8
    assert images.tolist() == Digits().data[:5].tolist()
    assert labels.tolist() == [0, 1, 2, 3, 4]


class Recording:
    """A transform that notes what it is given."""

    def __init__(self, batched: bool) -> None:
        self.batched, self.shapes = batched, []

    def __call__(self, image: np.ndarray) -> np.ndarray:
        self.shapes.append(image.shape)
        return 255 - image


@pytest.mark.parametrize("make", [Digits, lambda **settings: Shapes(20, **settings)], ids=["grey", "colour"])
def test_a_transform_that_takes_batches_is_given_them(make) -> None:
    one_by_one, at_once = Recording(False), Recording(True)
    first, second = [next(iter(DataLoader(make(transform=transform), 5))) for transform in (one_by_one, at_once)]
    assert len(one_by_one.shapes) == 5
    assert [len(shape) for shape in at_once.shapes] == [4]
    assert first[0].shape == second[0].shape
    assert first[0].tolist() == second[0].tolist()
    assert first[1].tolist() == second[1].tolist()
    single = make(transform=at_once, target_transform=str)
    assert next(iter(DataLoader(single, 5)))[1] == tuple(map(str, first[1].tolist()))


def test_grey_images_may_become_coloured_ones_in_a_batch() -> None:
    data = Digits(transform=transforms.Grayscale(3))
    images, _ = next(iter(DataLoader(data, 4)))
    assert images.shape == (4, 8, 8, 3)
    assert images.tolist() == [data[i][0].tolist() for i in range(4)]


@pytest.mark.parametrize("make", [Digits, lambda **settings: Shapes(20, **settings)], ids=["grey", "colour"])
def test_batches_through_transforms_are_the_images_through_transforms(make) -> None:
    steps = [transforms.Resize(12), transforms.CenterCrop(10), transforms.ToTensor(), transforms.Normalize(0.5, 0.2)]
    data = make(transform=transforms.Compose(steps))
    assert data.transform.batched
    images, _ = next(iter(DataLoader(data, 7)))
    assert images.dtype == minideep.float32
    for image, (alone, _) in zip(images, data, strict=False):
        assert np.allclose(image, alone, atol=1e-6)
    data = make(transform=transforms.Compose([*steps, transforms.Lambda(lambda x: x)]))
    assert not data.transform.batched
    assert np.allclose(next(iter(DataLoader(data, 7)))[0], images, atol=1e-6)
    augmented = make(transform=transforms.Compose([transforms.RandomCrop(8, padding=2), transforms.ToTensor()]))
    loaded = [
        plain(list(DataLoader(augmented, 16, generator=minideep.Generator().manual_seed(2), num_workers=workers)))
        for workers in (0, 1)
    ]
    assert loaded[0] == loaded[1]


def test_all_images_in_the_form_that_a_net_takes() -> None:
    x, y = Digits().tensors
    assert x.shape == (1442, 1, 8, 8)
    assert x.dtype == minideep.float32
    assert (x.min().item(), x.max().item()) == (0.0, 1.0)
    assert y.dtype == minideep.int64
    x, _ = (scenes := Shapes(3)).tensors
    assert x.shape == (3, 3, 32, 32)
    assert np.allclose(x[1, 2].numpy() * 255, scenes.data[1, :, :, 2].numpy())
    assert x.is_contiguous()


# ---------------------------------------------------------------------------------------------- points


def test_exclusive_or() -> None:
    x, y = xor().tensors
    assert x.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert y.tolist() == [0, 1, 1, 0]
    x, y = xor(1000, noise=0.1, seed=3).tensors
    corners = np.rint(x.numpy()).astype(int)
    assert (corners[:, 0] ^ corners[:, 1] == y.numpy()).all()
    assert abs(np.std(x.numpy() - corners) - 0.1) < 0.005


def test_moons_are_half_circles() -> None:
    x, y = [t.numpy() for t in two_moons(500, noise=0).tensors]
    upper, lower = x[y == 0], x[y == 1]
    assert len(upper) == len(lower) == 250
    assert np.allclose(np.hypot(*upper.T), 1, atol=1e-6)
    assert np.allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1, atol=1e-6)
    assert upper[:, 1].min() >= -1e-6
    assert lower[:, 1].max() <= 0.5 + 1e-6


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_spirals_are_one_arm_turned(arms: int) -> None:
    x, y = [t.numpy() for t in spirals(60 * arms, arms, turns=1, noise=0).tensors]
    assert np.bincount(y).tolist() == [60] * arms
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0]) / (2 * np.pi)
    assert radius.max() < 1
    away = (angle - radius - y / arms + 0.5) % 1 - 0.5  # of turns
    assert np.abs(away * radius).max() < 1e-6


@pytest.mark.parametrize("make", [lambda n, s: xor(n, 0.1, s), lambda n, s: two_moons(n, 0.1, s)])
def test_points_follow_from_the_seed(make) -> None:
    first, second, other = [make(50, seed).tensors[0].tolist() for seed in (1, 1, 2)]
    assert first == second != other
    assert make(50, 1).tensors[0].dtype == minideep.float32


# ---------------------------------------------------------------------------------------------- shapes


def test_scenes_are_the_same_on_every_machine() -> None:
    scenes = Shapes(300, objects=2, seed=5)
    assert digest(scenes.data, scenes.masks, scenes.positions, scenes.targets) == "b1871b1b86f072e7"
    assert digest(Text(500).tensors[0]) == "d6e2afddd69f1df0"
    assert Stream(1, 2).uniform(3).tolist() == [0.44841514333227195, 0.4308819875443376, 0.4199991293921922]


def test_a_smaller_set_is_the_beginning_of_a_larger_one() -> None:
    few, many = Shapes(260), Shapes(300)
    assert np.array_equal(few.data, many.data[:260])
    assert Text(5).sentences == Text(50).sentences[:5]


def test_train_and_test_differ_and_nothing_is_allowed_to_be_empty() -> None:
    assert not np.array_equal(Shapes(5).data, Shapes(5, train=False).data)
    assert not np.array_equal(Shapes(5).data, Shapes(5, seed=1).data)
    assert Text(5).sentences != Text(5, train=False).sentences
    assert Shapes(0).data.shape == (0, 32, 32, 3)
    with pytest.raises(ValueError, match="Shapes: objects should be at least 1, but got 0"):
        Shapes(5, objects=0)


def test_a_mask_shows_the_shape_of_its_class_at_its_position() -> None:
    scenes = Shapes(1200)
    masks, labels = scenes.masks.numpy(), scenes.targets.numpy()
    counts = np.bincount(labels)
    assert len(counts) == len(scenes.classes)
    assert counts.min() > 150
    present = np.array([np.setdiff1d(np.unique(mask), [0]).tolist() for mask in masks])
    assert (present == 1 + labels[:, None]).all()
    centres = np.arange(32) + 0.5
    inside = masks > 0
    area = inside.sum(axis=(1, 2))
    assert (area > 25).all()
    middle = [(inside * axis).sum(axis=(1, 2)) / area for axis in (centres, centres[:, None])]
    assert np.abs(np.stack(middle, axis=1) - scenes.positions.numpy()).max() < 0.5


def test_areas_are_those_of_the_forms() -> None:
    """By radius, as the largest distance from the centre tells it: the forms are what their names say."""
    scenes = Shapes(1200)
    y, x = np.mgrid[:32, :32] + 0.5
    for name, low, high in [("circle", 0.9, 1.1), ("square", 0.55, 0.75), ("ring", 0.65, 0.85), ("triangle", 0.3, 0.5)]:
        chosen = scenes.targets.numpy() == scenes.classes.index(name)
        masks, centres = scenes.masks.numpy()[chosen] > 0, scenes.positions.numpy()[chosen]
        reach = np.hypot(x - centres[:, 0, None, None], y - centres[:, 1, None, None])
        share = masks.sum(axis=(1, 2)) / (np.pi * ((reach * masks).max(axis=(1, 2)) + 0.35) ** 2)
        assert low < np.median(share) < high, (name, np.median(share))


def test_a_shape_stands_out_from_its_ground_and_no_colour_gives_the_class_away() -> None:
    scenes = Shapes(1000)
    images, inside = scenes.data.numpy() / 255, scenes.masks.numpy() > 0
    colours = np.array([image[mask].mean(axis=0) for image, mask in zip(images, inside, strict=True)])
    ground = np.array([image[~mask].mean(axis=0) for image, mask in zip(images, inside, strict=True)])
    assert np.median(np.abs(colours - ground).max(axis=1)) > 0.4
    assert np.abs(colours - ground).max(axis=1).min() > 0.1
    by_class = np.array([colours[scenes.targets.numpy() == k].mean(axis=0) for k in range(6)])
    assert np.ptp(by_class, axis=0).max() < 0.15


def test_of_several_shapes_the_last_one_is_in_front() -> None:
    scenes = Shapes(200, objects=3)
    masks, labels = scenes.masks.numpy(), scenes.targets.numpy()
    alone = Shapes(200)
    assert max(len(np.unique(mask)) for mask in masks) == 4
    solid = np.isin(labels, [scenes.classes.index(name) for name in ("circle", "square", "triangle", "star", "cross")])
    column, row = scenes.positions.numpy()[solid].astype(int).T
    assert (masks[solid, row, column] == 1 + labels[solid]).all()
    assert (masks > 0).mean() > 1.5 * (alone.masks.numpy() > 0).mean()


# ---------------------------------------------------------------------------------------------- numbers


def test_numbers_are_evenly_and_normally_distributed() -> None:
    numbers = Stream(3).uniform(100_000)
    assert 0 <= numbers.min() < 1e-4 < 1 - 1e-4 < numbers.max() < 1
    assert np.abs(np.histogram(numbers, 10, (0, 1))[0] - 10_000).max() < 400
    normal = Stream(3).normal(50_000, 2)
    assert normal.shape == (50_000, 2)
    assert abs(normal.mean()) < 0.01
    assert abs(normal.std() - 1) < 0.01
    assert abs((np.abs(normal) < 1).mean() - 0.6827) < 0.01


# ---------------------------------------------------------------------------------------------- text


def test_sentences_keep_to_the_rules() -> None:
    corpus = Text(4000)
    assert sum(map(len, map(str.split, corpus.sentences))) > 40_000
    homes = {word: a.home for a in text.ANIMALS for word in (a.one, a.many)}
    foods = {word: a.food for a in text.ANIMALS for word in (a.one, a.many)}
    he = {p.name: p.he for p in text.PEOPLE}
    numbers = {word: value for value, word in enumerate(text.NUMBERS, 2)}
    seen = set()
    for sentence in corpus.sentences:
        words = sentence.split()
        if found := re.match(r"the (\w+) (lives?) in the (\w+) and (eats?) (\w+) \.", sentence):
            animal, lives, home, eats, food = found.groups()
            assert (homes[animal], foods[animal]) == (home, food)
            assert lives.endswith("s") == eats.endswith("s") == (animal in {a.one for a in text.ANIMALS})
            seen.add("home")
        if found := re.match(r"(\w+) and (\w+) make (\w+) \.", sentence):
            n, m, total = [numbers[word] for word in found.groups()]
            assert n + m == total
            seen.add("sum")
        for name in he.keys() & set(words):
            assert set(words) & {"he", "she"} <= {he[name]}
            seen.add("person")
    assert seen == {"home", "sum", "person"}


def test_every_template_and_every_word_is_used() -> None:
    corpus = Text(4000)
    used = {word for sentence in corpus.sentences for word in sentence.split()}
    assert not used - set(corpus.vocabulary.tokens)
    rows = corpus.tensors[0]
    assert rows.shape == (4000, 20)
    assert corpus.vocabulary["[UNK]"] not in rows.numpy()
    assert len(used) > 0.9 * len(corpus.vocabulary)


@given(st.integers(0, 499))
def test_rows_are_the_sentences(index: int) -> None:
    corpus = Text(500)
    (row,) = corpus[index]
    assert corpus.vocabulary.decode(row) == f"[CLS] {corpus.sentences[index]} [SEP]"


def test_words_by_number() -> None:
    words = Vocabulary(["b a b", "c, a b"])
    assert words.tokens == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "b", "a", ",", "c"]
    assert len(words) == 9
    assert words["[MASK]"] == 4
    assert "c" in words
    assert "d" not in words
    assert words.encode("A [MASK] d, b") == [6, 4, 1, 7, 5]
    assert words.rows(["a", "a b c"]).tolist() == [[2, 6, 3, 0, 0], [2, 6, 5, 8, 3]]
    assert words.rows(["a b c b"], length=4).tolist() == [[2, 6, 5, 3]]
    assert words.rows([]).shape == (0, 2)
    assert words.decode([2, 6, 3, 0, 0]) == "[CLS] a [SEP]"
