"""Finding a rate, watching gradients, finding NaNs, profiling: each leaves the model as it was."""

from __future__ import annotations

import math
import time
import tracemalloc

import numpy as np
import pytest

import minideep
import minideep.nn.functional as F
from minideep import nn, optim
from minideep.data import DataLoader, Digits, TensorDataset
from minideep.training import (
    Config,
    GradientNorms,
    RateSweep,
    Trainer,
    find_lr,
    find_nan,
    gradient_norm,
    gradient_norms,
    profile,
)

from .runs import data, network


def everything(model, optimizer=None, loader=None) -> list:
    """What must not be touched, to the last bit, and what is drawn next."""
    tensors = [t.detach().numpy().tobytes() for t in [*model.parameters(), *model.buffers()]]
    gradients = [None if p.grad is None else p.grad.numpy().tobytes() for p in model.parameters()]
    state = str(optimizer and optimizer.state_dict())
    generator = loader and str(loader.generator.get_state())
    modes = [module.training for module in model.modules()]
    return [tensors, gradients, state, generator, modes, str(minideep.backend.default_generator().get_state())]


def trained_a_little():
    """A model with gradients, statistics, and an optimizer with state."""
    minideep.manual_seed(0)
    model, loader = network(), data()
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for x, y in loader:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    model[1].eval()
    return model, loader, optimizer


# ---------------------------------------------------------------------------------------------- rates


def test_from_the_first_rate_to_exactly_the_last() -> None:
    """Erratum B27: of 10 batches, the last rate is `end_lr`."""
    model, loader, optimizer = trained_a_little()
    lrs, losses = find_lr(model, loader, optimizer, nn.CrossEntropyLoss(), start_lr=1e-7, end_lr=1e-3)
    assert (len(lrs), lrs[0], lrs[-1]) == (len(loader), 1e-7, 1e-3)
    assert len(losses) == len(lrs)
    np.testing.assert_allclose(np.diff(np.log(lrs)), math.log(1e4) / (len(lrs) - 1))
    assert len(find_lr(model, loader, optimizer, nn.CrossEntropyLoss(), 1e-7, 1e-3, steps=15).lrs) == 15


def test_the_search_leaves_everything_as_it_was() -> None:
    """Erratum B28."""
    model, loader, optimizer = trained_a_little()
    before = everything(model, optimizer, loader)
    find_lr(model, loader, optimizer, nn.CrossEntropyLoss(), steps=20)
    assert everything(model, optimizer, loader) == before
    with pytest.raises(ZeroDivisionError):
        find_lr(model, loader, optimizer, lambda output, target: output.sum() * (1 / 0))
    assert everything(model, optimizer, loader) == before


def test_it_stops_when_the_loss_explodes() -> None:
    model, loader, optimizer = trained_a_little()
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    sweep = find_lr(model, loader, optimizer, nn.CrossEntropyLoss(), end_lr=1e12, steps=200)
    assert len(sweep.lrs) < 200
    assert sweep.smoothed[-1] > 4 * min(sweep.smoothed) or not math.isfinite(sweep.losses[-1])


def test_the_suggestion_trains() -> None:
    minideep.manual_seed(0)
    train = TensorDataset(*Digits(train=True).tensors)
    loader = DataLoader(train, batch_size=32, shuffle=True)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = optim.SGD(model.parameters(), lr=1.0, momentum=0.9)
    rate = find_lr(model, loader, optimizer, nn.CrossEntropyLoss(), steps=100).suggestion
    assert 0.003 < rate < 1
    config = Config(training={"epochs": 3, "learning_rate": rate, "momentum": 0.9, "progress": False, "folder": None})
    assert Trainer(model, loader, config=config).train()[-1]["train_acc"] > 90


def test_the_suggestion_is_a_tenth_of_where_the_loss_is_lowest() -> None:
    sweep = RateSweep([0.01, 0.1, 1.0, 10.0], [2.0, 1.0, 5.0, float("nan")])
    assert sweep.smoothed[:2] == [2.0, (0.9 * 2.0 + 1.0) / 1.9]
    assert sweep.suggestion == pytest.approx(0.01)
    with pytest.raises(ValueError, match="find_lr: the loss never fell"):
        _ = RateSweep([1.0, 2.0, 3.0], [1.0, 2.0, 3.0]).suggestion


def test_searches_that_make_no_sense() -> None:
    model, loader, optimizer = trained_a_little()
    with pytest.raises(ValueError, match="find_lr: expected 0 < start_lr < end_lr, but got 1 and 0"):
        find_lr(model, loader, optimizer, nn.CrossEntropyLoss(), 1, 0)
    with pytest.raises(ValueError, match="find_lr: expected at least 2 steps, one for each end, but got 1"):
        find_lr(model, loader, optimizer, nn.CrossEntropyLoss(), steps=1)
    with pytest.raises(ValueError, match="find_lr: the loader has no batches"):
        find_lr(model, [], optimizer, nn.CrossEntropyLoss(), steps=3)


# ---------------------------------------------------------------------------------------------- gradients


def test_norms_of_gradients() -> None:
    model = nn.Sequential(nn.Linear(2, 1, bias=False), nn.Linear(1, 1))
    assert gradient_norm(model) == 0
    model[0].weight.grad = minideep.tensor([[3.0, 4.0]])
    model[1].bias.grad = minideep.tensor([12.0])
    assert gradient_norms(model) == {"0.weight": 5.0, "1.bias": 12.0}
    assert gradient_norm(model) == 13.0


def test_norms_are_noted_before_clipping_and_kept_in_checkpoints() -> None:
    minideep.manual_seed(0)
    training = {"epochs": 1, "clip_norm": 1e-3, "progress": False, "folder": None}
    norms = GradientNorms()
    run = Trainer(network(), data(), config={"training": training}, callbacks=[norms])
    run.train()
    assert len(norms.total) == run.step == 6
    assert min(norms.total) > 0.01
    assert set(norms.by_name) == {name for name, _ in run.model.named_parameters()}
    again = GradientNorms()
    Trainer(network(), data(), config={"training": training}, callbacks=[again]).load_state_dict(run.state_dict())
    assert again.total == norms.total
    assert again.by_name == norms.by_name


# ---------------------------------------------------------------------------------------------- not a number


class Root(nn.Module):
    """√(x − x): its gradient is infinite."""

    def forward(self, x):
        return (x - x).sqrt() * x


class Logarithm(nn.Module):
    """log 0"""

    def forward(self, x):
        return (x - x).log()


class First(nn.Module):
    """√(w − w) in a first layer: no gradient of its input is wanted, but that of w is infinite."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(minideep.ones(3))

    def forward(self, x):
        return x * (self.weight - self.weight.detach()).sqrt()


class Between(nn.Module):
    """What is wrong happens between the layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        return self.layer(x) / 0.0


BATCH = minideep.tensor([[1.0, 2.0, 3.0], [0.5, 0.1, 0.2]]), minideep.tensor([0, 1])


@pytest.mark.parametrize(
    ("model", "place", "name", "op"),
    [
        (nn.Sequential(nn.Linear(3, 3), Logarithm(), nn.Linear(3, 2)), "output", "1", "log: the forward pass"),
        (nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU(), Root()), nn.Linear(3, 2)), "gradient", "1.1", "sqrt"),
        (nn.Sequential(First(), nn.Linear(3, 2)), "gradient", "0", "sqrt"),
        (nn.Sequential(Root(), nn.Linear(3, 2)), "", "", ""),  # nobody asks for the gradient of the input
        (nn.Sequential(nn.Linear(3, 2), nn.Sequential(Between())), "", "", ""),
        (Between(), "output", "the model", "div:"),
        (nn.Sequential(nn.Linear(3, 3), Between()), "output", "1", "div:"),
    ],
    ids=["forward", "backward", "first", "unasked", "shapes", "whole", "between"],
)
def test_the_first_module_is_named(model, place, name, op) -> None:
    if place == "" and isinstance(model[0], nn.Linear):
        with pytest.raises(RuntimeError, match="linear"):  # an error of another kind is the user's to see
            find_nan(model, BATCH, nn.CrossEntropyLoss())
        return
    report = find_nan(model, BATCH, nn.CrossEntropyLoss())
    if place == "":
        assert report is None
        return
    assert (report.place, report.name) == (place, name)
    assert op in report.message
    assert "test_tools.py:" in report.message
    assert f"'{name}'" in str(report)


def test_what_was_given_is_looked_at_first() -> None:
    model = nn.Linear(3, 2)
    bad = minideep.tensor([[1.0, float("nan"), 0.0]]), minideep.tensor([0])
    assert str(find_nan(model, bad, nn.CrossEntropyLoss())).endswith("the batch itself: the input holds nan values")
    model.bias.data = minideep.tensor([float("inf"), 0.0])
    report = find_nan(model, BATCH, nn.CrossEntropyLoss())
    assert str(report).endswith("in the parameter 'bias': it holds inf values before anything is computed")
    assert find_nan(nn.Linear(3, 2), BATCH, nn.CrossEntropyLoss()) is None
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    model[1].running_var.fill_(float("nan"))
    assert "is in the buffer '1.running_var': it holds nan" in str(find_nan(model, BATCH, nn.CrossEntropyLoss()))
    model[1].running_var.fill_(float("inf"))
    assert find_nan(model, BATCH, nn.CrossEntropyLoss()) is None


def test_the_loss_is_named() -> None:
    report = find_nan(nn.Linear(3, 2), BATCH, lambda output, target: (output - output).sqrt().sum())
    assert (report.place, report.name, report.type) == ("gradient", "criterion", "function")


def test_the_hunt_leaves_everything_as_it_was() -> None:
    model, loader, _ = trained_a_little()
    before = everything(model, None, loader)
    assert find_nan(model, next(iter(data(noisy=False))), nn.CrossEntropyLoss()) is None
    assert everything(model, None, loader)[:5] == before[:5]
    assert not model._hooks().forward_pre
    assert not model[0]._hooks().backward


# ---------------------------------------------------------------------------------------------- profiles


def small() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(1024, 10)
    )


def test_a_row_for_each_layer() -> None:
    model, batch = small(), (minideep.randn(8, 1, 16, 16), minideep.randint(0, 10, (8,)))
    table = profile(model, batch, nn.CrossEntropyLoss(), repeats=2)
    assert [row.name for row in table.rows] == ["0", "1", "2", "3", "4", "(outside layers)"]
    assert [row.type for row in table.rows][:2] == ["Conv2d", "BatchNorm2d"]
    assert table.rows[0].output_shape == (8, 4, 16, 16)
    assert sum(row.parameters for row in table.rows) == sum(p.numel() for p in model.parameters())
    assert all(row.forward_ms > 0 for row in table.rows)
    assert all(row.backward_ms > 0 for row in table.rows)
    assert table.forward_ms == sum(row.forward_ms for row in table.rows)
    result = 8 * 4 * 16 * 16 * 4
    assert result <= table.rows[0].kept_bytes < 3 * result
    assert table.rows[0].forward_peak_bytes >= table.rows[0].kept_bytes
    assert table.rows[1].backward_peak_bytes >= result
    lines = str(table).splitlines()
    assert lines[0].split()[:3] == ["layer", "type", "output"]
    assert "8×4×16×16" in lines[2]
    assert lines[-1].startswith("forward ")
    assert not tracemalloc.is_tracing()


def test_time_goes_to_the_layer_that_takes_it() -> None:
    class Slow(nn.Module):
        def forward(self, x):
            time.sleep(0.02)
            return minideep.exp(minideep.zeros(200_000)).sum() * 0 + x

    table = profile(nn.Sequential(nn.Linear(3, 3), nn.Sequential(Slow()), nn.Linear(3, 2)), BATCH[0], repeats=1)
    slowest = max(table.rows, key=lambda row: row.forward_ms)
    assert (slowest.name, slowest.type) == ("1.0", "Slow")
    assert slowest.forward_peak_bytes > 800_000


def test_several_outputs_and_layers_that_are_called_twice() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 3)

        def forward(self, x):
            return {"one": self.layer(x), "both": [self.layer(self.layer(x)), x]}

    table = profile(Twice(), BATCH[0], repeats=1)
    assert [row.name for row in table.rows] == ["layer", "(outside layers)"]


def test_profiles_leave_everything_as_it_was() -> None:
    model, loader, _ = trained_a_little()
    x, y = next(iter(data(noisy=False)))
    before = everything(model, None, loader)
    profile(model, (x, y), nn.CrossEntropyLoss(), repeats=1)
    assert everything(model, None, loader) == before


def test_profiles_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="profile: expected at least one of repeats, but got 0"):
        profile(small(), BATCH[0], repeats=0)
    with pytest.raises(ValueError, match=r"profile: with a criterion, the batch has to be a pair \(input, target\)"):
        profile(small(), BATCH[0], nn.CrossEntropyLoss())
