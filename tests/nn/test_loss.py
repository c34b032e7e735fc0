"""Losses: that there is a module for each, and that their weights are buffers."""

from __future__ import annotations

import pytest

import minideep as md
from minideep import nn
from minideep.ops import cross_entropy, loss


@pytest.mark.parametrize("name", [*loss.__all__, *cross_entropy.__all__])
def test_every_loss_has_its_module(name: str) -> None:
    function = getattr(nn.functional, name)
    classes = [getattr(nn, cls) for cls in dir(nn) if cls.endswith("Loss")]
    (module,) = [cls for cls in classes if cls.function is function]
    assert module.__doc__


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (nn.CrossEntropyLoss(md.ones(3)), ["weight"]),
        (nn.NLLLoss(md.ones(3)), ["weight"]),
        (nn.BCELoss(md.ones(3)), ["weight"]),
        (nn.BCEWithLogitsLoss(md.ones(3), pos_weight=md.ones(3)), ["weight", "pos_weight"]),
        (nn.CrossEntropyLoss(), []),
    ],
)
def test_weights_are_buffers(module: nn.Module, names: list[str]) -> None:
    assert list(module.state_dict()) == names
    assert not list(module.parameters())
    assert all(getattr(module.half(), name).dtype == md.float16 for name in names)


def test_a_weight_that_comes_later_is_a_buffer_too() -> None:
    criterion = nn.CrossEntropyLoss()
    criterion.weight = md.tensor([1.0, 0.0])
    assert list(criterion.state_dict()) == ["weight"]
    assert criterion(md.zeros(2, 2), md.tensor([0, 1])).item() == pytest.approx(0.693147, rel=1e-5)


def test_settings_may_change() -> None:
    criterion, x = nn.MSELoss(), md.tensor([1.0, 2.0])
    assert criterion(x, md.zeros(2)).item() == 2.5
    criterion.reduction = "sum"
    assert criterion(x, md.zeros(2)).item() == 5.0
    assert repr(criterion) == "MSELoss()"


def test_settings_that_pytorch_no_longer_wants_are_refused() -> None:
    with pytest.raises(TypeError, match="size_average"):
        nn.MSELoss(size_average=False)
    with pytest.raises(TypeError, match="positional"):
        nn.MSELoss("sum")
