"""The neurons of chapter 2 and the rules they learn by, the multi-layer perceptron, and the Neocognitron."""

from __future__ import annotations

import numpy as np
import pytest

import minideep
from minideep import models, nn
from minideep.models import historical
from minideep.nn import functional as F

CORNERS = minideep.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def rng() -> np.random.Generator:
    return np.random.default_rng(11)


# ---------------------------------------------------------------------------------------------- neurons


@pytest.mark.parametrize(
    ("weights", "threshold", "expected"),
    [((1, 1), 2, [0, 0, 0, 1]), ((1, 1), 1, [0, 1, 1, 1]), ((-1, -1), 0, [1, 0, 0, 0]), ((1, -1), 1, [0, 0, 1, 0])],
    ids=["and", "or", "neither", "first alone"],
)
def test_mcculloch_pitts(weights: tuple[int, int], threshold: float, expected: list[int]) -> None:
    neuron = models.McCullochPitts(minideep.tensor([float(w) for w in weights]), threshold)
    assert neuron(CORNERS).tolist() == expected
    assert neuron(CORNERS[3]).item() == expected[3]
    assert list(neuron.state_dict()) == ["weights"]
    assert not list(neuron.parameters())


def test_the_perceptron_s_update_is_the_rule() -> None:
    """w += η (y - answer) x, computed here in NumPy beside it."""
    x, y = rng().normal(size=(20, 3)), (rng().normal(size=20) > 0).astype(float)
    neuron, w, b = models.Perceptron(3).double(), np.zeros(3), 0.0
    for sample, label in zip(x, y, strict=True):
        error = label - float(w @ sample + b >= 0)
        w, b = w + 0.3 * error * sample, b + 0.3 * error
        assert neuron.update(minideep.tensor(sample), minideep.tensor(label), 0.3) == error
    np.testing.assert_allclose(neuron.weight.numpy(), w, rtol=1e-12)
    np.testing.assert_allclose(neuron.bias.item(), b, rtol=1e-12)


def test_the_perceptron_separates_what_a_plane_separates() -> None:
    x = rng().normal(size=(60, 4)).astype("float32")
    margin = x @ np.float32([1, -2, 0.5, 1]) - 0.3
    x, margin = x[np.abs(margin) > 0.2], margin[np.abs(margin) > 0.2]
    labels = minideep.tensor((margin > 0).astype("float32"))
    neuron = models.Perceptron(4)
    history = neuron.fit(minideep.tensor(x), labels, epochs=200, lr=1.0)
    assert history[-1] == 0
    assert all(history[:-1])
    assert neuron(minideep.tensor(x)).tolist() == labels.tolist()


def test_the_perceptron_never_learns_xor() -> None:
    history = models.Perceptron(2).fit(CORNERS, minideep.tensor([0.0, 1.0, 1.0, 0.0]), epochs=50, lr=1.0)
    assert len(history) == 50
    assert min(history) > 0


def test_adaline_goes_down_the_gradient_of_the_squared_error() -> None:
    x, y = minideep.tensor(rng().normal(size=3)), minideep.tensor(-1.0).double()
    neuron = models.ADALINE(3).double()
    neuron.weight.copy_(minideep.tensor(rng().normal(size=3)))
    before = [neuron.weight.numpy().copy(), neuron.bias.numpy().copy()]
    neuron.requires_grad_()
    (F.mse_loss(neuron.activation(x), y) / 2).backward()
    gradients = [neuron.weight.grad.numpy(), neuron.bias.grad.numpy()]
    neuron.update(x, y, lr=0.1)
    for now, then, gradient in zip((neuron.weight, neuron.bias), before, gradients, strict=True):
        np.testing.assert_allclose(now.detach().numpy(), then - 0.1 * gradient, rtol=1e-12)


def test_adaline_learns_to_separate() -> None:
    x = rng().normal(size=(80, 2)).astype("float32")
    labels = minideep.tensor(np.sign(x @ np.float32([1, -1]) + 0.2).astype("float32"))
    neuron = models.ADALINE(2)
    history = neuron.fit(minideep.tensor(x), labels, epochs=20, lr=0.02)
    assert len(history) == 20
    assert history[-1] < 0.6 * history[0]
    assert (neuron(minideep.tensor(x)).numpy() == labels.numpy()).mean() > 0.9


def test_a_neuron_must_say_what_it_compares() -> None:
    with pytest.raises(NotImplementedError, match=r"^_Neuron: a neuron says in answer\(x\) what is compared with the"):
        historical._Neuron(2).update(CORNERS[0], CORNERS[0, 0])


# ---------------------------------------------------------------------------------------------- two layers


def test_the_mlp_s_gradients_by_hand_are_those_of_autograd() -> None:
    minideep.manual_seed(1)
    network = models.MLP(3, 5, 2).double()
    x, y = minideep.tensor(rng().normal(size=(7, 3))), minideep.tensor((rng().random((7, 2)) > 0.5).astype(float))
    output = network(x)
    by_hand = network.backward(x, y, output)
    (F.binary_cross_entropy(output, y, reduction="sum") / 7).backward()
    assert [name for name, _ in network.named_parameters()] == ["W1", "b1", "W2", "b2"]
    for parameter, gradient in zip(network.parameters(), by_hand, strict=True):
        assert parameter.shape == gradient.shape
        np.testing.assert_allclose(parameter.grad.numpy(), gradient.numpy(), rtol=1e-9)


def test_the_mlp_learns_xor() -> None:
    minideep.manual_seed(0)
    network, y = models.MLP(2, 8, 1), minideep.tensor([[0.0], [1.0], [1.0], [0.0]])
    for _ in range(3000):
        gradients = network.backward(CORNERS, y, network(CORNERS))
        with minideep.no_grad():
            for parameter, gradient in zip(network.parameters(), gradients, strict=True):
                parameter -= 2.0 * gradient
    assert network(CORNERS).round().flatten().tolist() == [0, 1, 1, 0]


# ---------------------------------------------------------------------------------------------- the Neocognitron


def test_a_simple_cell_prefers_its_feature() -> None:
    """Of patterns with as much in them, that which the weights have answers most."""
    layer = models.SLayer(1, 1, 3)
    bar = np.zeros((3, 3), "float32")
    bar[1] = 1
    layer.excite.weight.data = minideep.tensor(bar.reshape(1, 1, 3, 3))
    layer.inhibit.data = minideep.full((1, 1, 1), 6.0)
    images = minideep.tensor(np.stack([bar, bar.T, np.eye(3, dtype="float32")]).reshape(3, 1, 3, 3))
    lying, standing, slanted = layer(images)[:, 0, 1, 1].tolist()
    assert lying > 0.05
    assert standing == slanted == 0


def test_a_simple_cell_is_the_formula() -> None:
    layer = models.SLayer(2, 3, 3, selectivity=1.7).double()
    layer.inhibit.data = minideep.tensor(np.full((3, 1, 1), 0.4))
    x = np.abs(rng().normal(size=(2, 3, 3)))
    a = np.abs(layer.excite.weight.detach().numpy())
    excitation, strength = (a * x).sum((1, 2, 3)), np.sqrt((x**2).mean())
    expected = 1.7 * np.maximum((1 + excitation) / (1 + 1.7 / 2.7 * 0.4 * strength) - 1, 0)
    np.testing.assert_allclose(layer(minideep.tensor(x[None]))[0, :, 1, 1].detach().numpy(), expected, rtol=1e-9)


def test_a_complex_cell_does_not_mind_where() -> None:
    layer, image = models.CLayer(2), np.zeros((1, 1, 4, 4), "float32")
    answers = []
    for place in ((0, 0), (0, 1), (1, 1)):
        moved = image.copy()
        moved[0, 0][place] = 3
        answers.append(layer(minideep.tensor(moved)).tolist())
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0][0][0][0] == pytest.approx(0.75 / 1.75)


def test_the_neocognitron_learns_and_ends_with_a_cell_a_plane() -> None:
    minideep.manual_seed(0)
    network = models.Neocognitron([4, 3], side=12, window=3)
    assert [type(module).__name__ for module in network] == ["SLayer", "CLayer", "SLayer", "CLayer", "Flatten"]
    images = minideep.rand(5, 1, 12, 12).requires_grad_()
    answers = network(images)
    assert answers.shape == (5, 3)
    answers.sum().backward()
    assert all(np.isfinite(p.grad.numpy()).all() and p.grad.numpy().any() for p in network.parameters())
    with minideep.no_grad():
        assert network(minideep.zeros(1, 1, 12, 12)).tolist() == [[0, 0, 0]]


def test_a_neocognitron_too_deep_for_its_images() -> None:
    with pytest.raises(ValueError, match=r"^Neocognitron: 4 layers want a side of at least 8$"):
        models.Neocognitron([2, 2, 2, 2], side=4)


# ---------------------------------------------------------------------------------------------- AlexNet


def test_alexnet_lrn_starts_with_the_paper_s_biases() -> None:
    with nn.init.skipped():
        model = models.alexnet_lrn(num_classes=2)
    layers = {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)}
    assert list(layers) == [f"features.{i}" for i in (0, 4, 8, 10, 12)] + [f"classifier.{i}" for i in (1, 4, 6)]
    assert [set(layer.bias.tolist()) for layer in layers.values()] == [{0}, {1}, {0}, {1}, {1}, {1}, {1}, {0}]
