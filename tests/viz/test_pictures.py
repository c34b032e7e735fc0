"""Every picture is drawn, written, not blank and labelled; its numbers are right; what cannot be drawn is explained."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures need matplotlib: pip install 'minideep[lessons]'")

from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text

import minideep
import minideep.nn.functional as F
from minideep import nn, viz
from minideep.data.datasets import two_moons
from minideep.optim import SGD
from minideep.viz.style import panels

RNG = np.random.default_rng(0)
POINTS, SIDES = two_moons(60, seed=1).tensors
IMAGES = RNG.random((6, 1, 8, 8))


def classifier() -> nn.Sequential:
    minideep.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))


def convolutional() -> nn.Sequential:
    minideep.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))


def _rows() -> list[dict[str, Any]]:
    return [{"epoch": i, "train_loss": 1 / i, "val_loss": 1 / i + 0.1, "lr": 0.1, "note": "text"} for i in range(1, 9)]


def _around(model: nn.Module, **settings: Any) -> Any:
    def draw(**where: Any) -> Figure:
        return viz.loss_landscape(model, lambda: F.cross_entropy(model(POINTS), SIDES), points=5, **settings, **where)

    return draw


def _gradients(**where: Any) -> Figure:
    model = classifier()
    return viz.gradients_by_depth(model, F.cross_entropy(model(POINTS), SIDES), **where)


# Each with the texts that must stand in it.
PICTURES: dict[str, tuple[Any, str]] = {
    "training_curves": (lambda **w: viz.training_curves(_rows(), **w), "epoch loss train val learning_rate"),
    "activation_functions": (lambda **w: viz.activation_functions([F.relu, F.tanh], **w), "relu tanh x f(x),_f′(x)"),
    "histograms": (lambda **w: viz.histograms({"a": RNG.standard_normal(99)}, **w), "a value"),
    "activations_by_depth": (
        lambda **w: viz.activations_by_depth(classifier(), POINTS, **w), "0_Linear 1_ReLU 2_Linear activation"),
    "gradients_by_depth": (_gradients, "0.weight 2.weight log₁₀_|gradient|"),
    "decision_regions": (lambda **w: viz.decision_regions(classifier(), POINTS, SIDES, **w), "x₁ x₂ class_0 class_1"),
    "landscape": (
        lambda **w: viz.landscape(lambda x, y: x**2 + y**2, (-1, 1), (-1, 1), {"SGD": [(1, 1), (0.5, 0.5)]}, True,
                                  (0, 0), "A_bowl", **w), "x y SGD minimum A_bowl log₁₀(loss_−_least_+_ε)"),
    "loss_landscape": (_around(classifier()), "first_random_direction second_random_direction loss"),
    "image_grid": (
        lambda **w: viz.image_grid(IMAGES, [0, 1, 2, 0, 1, 2], [0, 1, 2, 0, 1, 0], ["cat", "dog", "cow"], **w),
        "cat dog ✗_cat,_is_cow"),
    "filters": (lambda **w: viz.filters(convolutional()[0], **w), "weight 4_filters"),
    "feature_maps": (lambda **w: viz.feature_maps(convolutional(), "0", IMAGES[0], **w), "4_feature_maps_of_layer_0"),
    "attention_map": (
        lambda **w: viz.attention_map(IMAGES[0], RNG.random((2, 17, 17)), **w), "head_0 head_1 image"),
    "confusion_matrix": (
        lambda **w: viz.confusion_matrix([0, 1, 1], [0, 1, 0], **w), "true predicted 2_of_3_right_(66.7%)"),
    "embedding": (
        lambda **w: viz.embedding(RNG.standard_normal((30, 5)), RNG.integers(0, 3, 30), ["a", "b", "c"], **w), "a b c"),
}  # fmt: skip


def texts(figure: Figure) -> set[str]:
    return {text.get_text().replace(" ", "_") for text in figure.findobj(Text)}


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_written_not_blank_and_labelled(name: str, tmp_path) -> None:
    draw, labels = PICTURES[name]
    path = tmp_path / "not" / "yet" / "there.png"
    figure = draw(path=path)
    assert isinstance(figure, Figure)
    assert imread(path)[..., :3].std() > 0.02
    assert min(figure.get_size_inches()) > 0.8
    assert set(labels.split()) <= texts(figure)


def test_every_public_picture_is_tested() -> None:
    drawing = {
        name for name in dir(viz) if "path" in getattr(inspect.unwrap(getattr(viz, name)), "__annotations__", {})
    }
    assert {name for name in drawing if getattr(viz, name).__annotations__.get("return") == "Figure"} == set(PICTURES)


@pytest.mark.parametrize("name", [n for n in PICTURES if "ax" in inspect.signature(getattr(viz, n)).parameters])
def test_picture_is_drawn_into_the_axes_given(name: str) -> None:
    ax = panels(1, 2)[1]
    assert PICTURES[name][0](ax=ax) is ax.figure
    assert ax.has_data()


def test_there_is_one_style_and_it_stays_inside() -> None:
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figure = PICTURES["training_curves"][0]()
    assert dict(mpl.rcParams) == before
    assert not figure.axes[0].spines["top"].get_visible()
    assert len(set(viz.colours(7))) == 7
    assert len(set(viz.colours(10))) == 10


def test_a_notebook_shows_a_picture_and_no_display_is_needed() -> None:
    figure = PICTURES["training_curves"][0]()
    assert figure._repr_png_().startswith(b"\x89PNG")
    viz.show(figure)
    with (
        mock.patch("matplotlib.pyplot.get_backend", return_value="TkAgg"),
        mock.patch("matplotlib.pyplot.show") as shown,
    ):
        viz.show(figure)
    assert shown.called
    code = "import sys, minideep.viz; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_matplotlib_the_error_says_what_to_install() -> None:
    with (
        mock.patch.dict(sys.modules, matplotlib=None),
        pytest.raises(ImportError, match=r"pip install 'minideep\[less"),
    ):
        viz.training_curves({"loss": [1.0, 0.5]})


# ---------------------------------------------------------------------------------------------- what they show


def test_curves_take_columns_and_mark_the_best() -> None:
    figure = viz.training_curves({"val_loss": [3.0, 1.0, 2.0], "val_accuracy": [0.1, 0.7, 0.6]}, logarithmic=["loss"])
    assert {"1", "0.7"} <= texts(figure)
    assert figure.axes[0].get_yscale() == "log"
    assert list(figure.axes[0].lines[0].get_xdata()) == [1, 2, 3]


def test_curves_leave_out_what_a_row_does_not_have() -> None:
    figure = viz.training_curves([{"step": 10, "loss": 3.0}, {"step": 20}, {"step": 30, "loss": 1.0}], x="step")
    assert list(figure.axes[0].lines[0].get_xdata()) == [10, 30]


def test_curves_of_a_trainers_rows_leave_out_counts_and_times() -> None:
    row = {"epoch": 1, "step": 10, "lr": 0.1, "train_loss": 2.0, "val_loss": 3.0, "val_acc": 0.5, "seconds": 1.0}
    figure = viz.training_curves([row, row | {"epoch": 2, "step": 20}])
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Loss", "Accuracy", "Learning rate"]


def test_activation_functions_have_the_engines_derivatives() -> None:
    figure = viz.activation_functions({"square": lambda x: x * x})
    x, slope = figure.axes[0].lines[3].get_data()
    np.testing.assert_allclose(slope, 2 * np.asarray(x), rtol=1e-5)


def test_activations_by_depth_counts_zeros_and_leaves_the_model_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.ReLU()).train()
    shared = nn.Sequential(model, model[2])
    figure = viz.activations_by_depth(shared, POINTS)
    assert any("zeros" in text for text in texts(figure))
    assert "0.2_ReLU_(2)" in texts(figure)
    assert model[1].training


def test_gradients_by_depth_touches_no_grad() -> None:
    model = classifier()
    loss = F.cross_entropy(model(POINTS), SIDES)
    viz.gradients_by_depth(model, loss)
    assert all(p.grad is None for p in model.parameters())
    loss.backward()


def test_histograms_of_nothing_that_can_be_drawn() -> None:
    figure = viz.histograms({"zeros": np.zeros(5), "none": []}, logarithmic=True)
    assert "std_0,_100%_zeros" in texts(figure)
    assert "no_numbers" in texts(figure)


@pytest.mark.parametrize("shape", [(60,), (60, 1)])
def test_decision_regions_of_one_score(shape) -> None:
    figure = viz.decision_regions(lambda x: (x[:, 1] * 4 - 1).reshape(-1, *shape[1:]), POINTS, SIDES)
    right = np.mean((POINTS.numpy()[:, 1] * 4 - 1 > 0) == SIDES.numpy())
    assert f"{right:.1%}_of_60_points_right" in texts(figure)


def test_images_of_every_shape_are_drawn() -> None:
    images = [np.zeros((4, 4)), np.full((1, 4, 4), 0.5), RNG.random((3, 4, 4)), RNG.random((4, 4, 3)),
              np.full((4, 4, 1), 255, np.uint8), RNG.standard_normal((4, 4))]  # fmt: skip
    figure = viz.image_grid(images, titles=list("abcdef"), columns=3)
    shown = [ax.images[0].get_array() for ax in figure.axes]
    assert [image.shape for image in shown] == [(4, 4), (4, 4), (4, 4, 3), (4, 4, 3), (4, 4), (4, 4)]
    assert (float(shown[1].max()), float(shown[4].max())) == (0.5, 1.0)
    assert (float(shown[5].min()), float(shown[5].max())) == (0.0, 1.0)


def test_filters_of_three_channels_are_in_colour_and_a_limit_is_told() -> None:
    figure = viz.filters(RNG.standard_normal((9, 3, 5, 5)), limit=4)
    assert "The_first_4_of_9_filters" in texts(figure)
    assert figure.axes[0].images[0].get_array().shape == (5, 5, 3)


def test_feature_maps_are_the_layers_results() -> None:
    model = convolutional()
    figure = viz.feature_maps(model, "1", IMAGES[0])
    expected = model[1](model[0](minideep.tensor(IMAGES[:1]).float())).detach().numpy()[0, 2]
    np.testing.assert_allclose(figure.axes[2].images[0].get_array(), expected, rtol=1e-6)


@pytest.mark.parametrize("shape", [(16,), (17,), (3, 16), (3, 17, 17)])
def test_attention_leaves_out_the_class_token(shape) -> None:
    weights = RNG.random(shape)
    figure = viz.attention_map(IMAGES[0], weights)
    row = weights[0, 0] if len(shape) == 3 else np.atleast_2d(weights)[0]
    np.testing.assert_array_equal(np.ravel(figure.axes[1].images[1].get_array()), row[-16:])


def test_landscape_follows_optimizers() -> None:
    path = viz.optimizer_path(lambda x, y: x**2 + 3 * y**2, (1.0, 1.0), lambda ps: SGD(ps, lr=0.1), steps=3)
    np.testing.assert_allclose(path, [[0.8**k, 0.4**k] for k in range(4)])


def test_loss_landscape_puts_the_weights_back_and_is_the_loss_in_the_middle() -> None:
    model = classifier()
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    trail = [viz.snapshot(model) + k * RNG.standard_normal(42) for k in (3, 2, 1)]
    figure = _around(model, trail=trail)()
    assert "first_principal_direction" in texts(figure)
    _around(model)()
    assert all(np.array_equal(value.numpy(), before[name]) for name, value in model.state_dict().items())

    def broken() -> minideep.Tensor:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        viz.loss_landscape(model, broken)
    assert all(np.array_equal(value.numpy(), before[name]) for name, value in model.state_dict().items())


def test_models_get_what_they_can_compute_with() -> None:
    viz.decision_regions(classifier().double(), [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0])
    figure = viz.activations_by_depth(nn.Sequential(nn.Embedding(5, 3), nn.Linear(3, 2)), np.array([[0, 4], [1, 2]]))
    assert "0_Embedding" in texts(figure)
    viz.feature_maps(convolutional(), "0", np.zeros((8, 8), np.uint8))


def test_embedding_by_tsne_without_classes_and_of_plane_points() -> None:
    figure = viz.embedding(RNG.standard_normal((20, 1)), method="tsne", perplexity=5, steps=20)
    assert "t-SNE_1" in texts(figure)
    assert "first_feature" in texts(viz.embedding(RNG.standard_normal((20, 2))))


def test_a_confusion_matrix_of_many_classes_stays_readable() -> None:
    figure = viz.confusion_matrix(np.arange(100), np.arange(100), [f"class {i}" for i in range(100)])
    assert max(figure.get_size_inches()) < 13
    assert len(figure.axes[0].get_xticks()) == 25
    assert "class_4" in texts(figure)
    assert "class_5" not in texts(figure)


# ---------------------------------------------------------------------------------------------- what cannot be drawn

MISTAKES: dict[str, tuple[Any, str]] = {
    "no history": (lambda: viz.training_curves({}), "training_curves: expected history to hold lists"),
    "uneven history": (lambda: viz.training_curves({"epoch": [1], "loss": [1, 2]}), "got 1 epoch and 2 loss"),
    "no functions": (lambda: viz.activation_functions([]), "activation_functions: expected at least one"),
    "no groups": (lambda: viz.histograms({}), "histograms: expected groups"),
    "no weights": (
        lambda: viz.gradients_by_depth(nn.ReLU(), minideep.tensor(1.0)), "gradients_by_depth: expected a model with"),
    "points in space": (
        lambda: viz.decision_regions(classifier(), np.zeros((4, 3)), [0] * 4), r"expected points \(N, 2\), but got"),
    "no images": (lambda: viz.image_grid([]), "image_grid: expected at least one image"),
    "two channels": (lambda: viz.image_grid(np.zeros((1, 2, 4, 4))), r"image_grid: expected images .* \(2, 4, 4\)"),
    "a label too few": (lambda: viz.image_grid(IMAGES, [0]), "got 6 images and 1 labels"),
    "no filters": (lambda: viz.filters(nn.Linear(2, 3)), r"filters: expected a convolution.*\(3, 2\)"),
    "no such layer": (lambda: viz.feature_maps(convolutional(), "9", IMAGES[0]), "one of 0, 1, 2, 3, but got '9'"),
    "flat maps": (lambda: viz.feature_maps(convolutional(), "3", IMAGES[0]), r"of '3' its result is \(1, 3\)"),
    "odd attention": (lambda: viz.attention_map(IMAGES[0], np.ones(7)), r"attention_map: expected weights.*got \(7,\)"),
    "no labels": (lambda: viz.confusion_matrix([], []), "confusion_matrix: expected labels"),
    "short trail": (_around(classifier(), trail=[np.zeros(42)]), "3 or more snapshots of 42 weights, but got"),
    "components": (lambda: viz.pca(np.zeros((4, 2)), 3), "pca: expected components from 1 to 2"),
    "two points": (lambda: viz.pca(np.zeros((2, 2))), r"pca: expected features \(N, D\) of 3 or more"),
    "perplexity": (lambda: viz.tsne(np.zeros((9, 2)), 9), "tsne: expected perplexity between 1 and the 9 points"),
    "method": (lambda: viz.embedding(np.zeros((9, 2)), method="umap"), "'pca' or 'tsne', but got 'umap'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_explained(name: str) -> None:
    act, text = MISTAKES[name]
    with pytest.raises(ValueError, match=text):
        act()


def test_a_layer_that_was_not_called_is_named() -> None:
    model = convolutional()
    model.unused = nn.Conv2d(1, 1, 1)
    model.forward = lambda x: x
    with pytest.raises(ValueError, match="of 'unused' the model did not call it"):
        viz.feature_maps(model, "unused", IMAGES[0])
