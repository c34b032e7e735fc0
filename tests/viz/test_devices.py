"""Pictures of what lies on a GPU: on the stand-in, which refuses to become a NumPy array unasked."""

from __future__ import annotations

import numpy as np
import pytest

import minideep
import minideep.nn.functional as F
from gradcheck import strict
from minideep import nn, viz


@pytest.fixture
def model() -> nn.Module:
    strict.register()
    minideep.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))
    return layers.to("strict")


def test_graphs_and_steps_of_another_device(model) -> None:
    x = minideep.randn(3, 1, 4, 4, device="strict")
    loss = F.cross_entropy(model(x), minideep.tensor([0, 1, 1], device="strict"))
    assert "value " in viz.draw_graph(loss, model, {"x": x}, values=True, gradients=True).svg
    steps = viz.step_backward(loss, model).steps
    loss.backward()
    found = next(step["comes_in"]["numbers"] for step in steps if step["title"] == "3.bias")
    np.testing.assert_array_equal(found[0], model[3].bias.grad.cpu().numpy())


def test_pictures_of_another_device(model) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib: pip install 'minideep[lessons]'")
    x = minideep.randn(3, 1, 4, 4, device="strict")
    y = minideep.tensor([0, 1, 1], device="strict")
    viz.image_grid(x, y, model(x).argmax(1))
    viz.filters(model[0])
    viz.feature_maps(model, "0", x[0])
    viz.confusion_matrix(y, model(x).argmax(1))
    viz.activations_by_depth(model, x)
    viz.gradients_by_depth(model, F.cross_entropy(model(x), y))
    viz.loss_landscape(model, lambda: F.cross_entropy(model(x), y), points=3)
    viz.embedding(x.flatten(1), y)
    plane = nn.Linear(2, 2).to("strict")
    viz.decision_regions(plane, minideep.randn(3, 2, device="strict"), y)
    assert plane.weight.device.type == "strict"
