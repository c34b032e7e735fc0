"""The trainer: what it computes, reports and writes; and what the course's template got wrong."""

from __future__ import annotations

import builtins
import json
import math

import numpy as np
import pytest

import minideep
import minideep.nn.functional as F
from minideep import nn, optim
from minideep.data import DataLoader, Digits, TensorDataset
from minideep.training import (
    Callback,
    Config,
    ConfigError,
    EarlyStopping,
    JSONLog,
    Trainer,
    build_optimizer,
    build_scheduler,
    load_model,
)

from .runs import data, network, seed, trainer


def plain(model=None, loader=None, val=None, **training) -> Trainer:
    minideep.manual_seed(0)
    training = {"progress": False, "folder": None, "learning_rate": 0.1, "epochs": 1, **training}
    return Trainer(model or nn.Linear(5, 2), loader or data(noisy=False), val, {"training": training})


def test_it_learns_digits() -> None:
    minideep.manual_seed(0)
    train, test = (TensorDataset(*Digits(train=part).tensors) for part in (True, False))
    loaders = DataLoader(train, batch_size=64, shuffle=True), DataLoader(test, batch_size=200)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    training = {"optimizer": "adam", "learning_rate": 0.01, "epochs": 6, "progress": False, "folder": None}
    rows = Trainer(model, *loaders, Config(training=training)).train()
    assert len(rows) == 6
    assert rows[-1]["val_acc"] > 90
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert list(rows[0]) == ["epoch", "step", "lr", "train_loss", "train_acc", "val_loss", "val_acc", "seconds"]


def test_an_epoch_is_what_one_would_write_by_hand() -> None:
    run = plain(loader=list(data(noisy=False)), optimizer="sgd", momentum=0.9, weight_decay=0.01)
    minideep.manual_seed(0)
    model = nn.Linear(5, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    losses, right, samples = 0.0, 0, 0
    for x, y in run.train_loader:
        optimizer.zero_grad()
        output = model(x)
        loss = F.cross_entropy(output, y)
        loss.backward()
        optimizer.step()
        losses, samples = losses + loss.item() * len(y), samples + len(y)
        right += int((output.argmax(1) == y).sum().item())
    (row,) = run.train()
    assert (run.model.weight == model.weight).all()
    assert row["train_loss"] == pytest.approx(losses / samples)
    assert row["train_acc"] == pytest.approx(100 * right / samples)


def test_means_weigh_samples_not_batches() -> None:
    """Erratum B25: the last batch is smaller."""
    run = plain(val=data(9, noisy=False, shuffle=False), learning_rate=0.0)
    whole = next(iter(data(9, noisy=False, shuffle=False, batch_size=9)))
    expected = F.cross_entropy(run.model(whole[0]), whole[1]).item()
    assert run.validate()["val_loss"] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("accumulate", [2, 3, 4])
def test_accumulated_gradients_are_those_of_a_large_batch(accumulate) -> None:
    """Erratum B26: those of the last batches are not lost; and each sample counts the same."""
    small = plain(loader=data(noisy=False, shuffle=False, batch_size=4), accumulate=accumulate)
    large = plain(loader=data(noisy=False, shuffle=False, batch_size=4 * accumulate))
    assert small.steps_per_epoch() == large.steps_per_epoch() == math.ceil(22 / 4 / accumulate)
    small.train()
    large.train()
    assert small.step == large.step == large.steps_per_epoch()
    np.testing.assert_allclose(small.model.weight.detach().numpy(), large.model.weight.detach().numpy(), rtol=1e-5)
    assert small.model.weight.grad is None


def test_the_rate_in_a_row_is_the_one_that_was_used() -> None:
    """Erratum B23."""
    rows = plain(epochs=3, scheduler="cosine").train()
    assert [row["lr"] for row in rows] == pytest.approx([0.1, 0.075, 0.025])


def test_a_schedule_by_steps() -> None:
    class Rates(Callback):
        rates: list[float] = []  # noqa: RUF012

        def on_step(self, trainer: Trainer) -> None:
            self.rates.append(trainer.lr)

    run = plain(epochs=2, scheduler="one_cycle", schedule_per="step", momentum=0.9)
    run.callbacks.append(Rates())
    run.train()
    assert len(Rates.rates) == run.scheduler.total_steps == 12
    assert max(Rates.rates) == pytest.approx(0.1, rel=0.01)
    assert Rates.rates[-1] < 1e-5


@pytest.mark.parametrize(("mode", "measure"), [("min", "val_loss"), ("max", "val_acc")])
def test_a_plateau_is_one_of_what_its_mode_says(mode, measure) -> None:
    options = {"mode": mode, "patience": 0, "threshold": 0.0, "threshold_mode": "abs"}
    run = plain(val=data(9), scheduler="plateau", scheduler_options=options, epochs=6, learning_rate=0.5)
    rows = run.train()
    assert run.scheduler.best == (min if mode == "min" else max)(row[measure] for row in rows)
    alone = plain(scheduler="plateau", scheduler_options=options)
    alone.train()
    assert alone.scheduler.best == alone.history[0][measure.replace("val", "train")]


def test_gradients_are_clipped() -> None:
    before = plain(learning_rate=1.0, clip_norm=0.001)
    start = before.model.weight.detach().numpy().copy()
    before.train()
    assert np.linalg.norm(before.model.weight.detach().numpy() - start) <= 0.001 * before.step * 1.001


def test_the_average_is_what_is_validated_and_saved(tmp_path) -> None:
    run = plain(val=data(9, noisy=False), ema=0.9, folder=str(tmp_path), epochs=2)
    rows = run.train()
    x, y = next(iter(data(9, noisy=False, batch_size=9)))
    assert rows[-1]["val_loss"] == pytest.approx(F.cross_entropy(run.ema(x), y).item(), rel=1e-6)
    assert (load_model(tmp_path / "last.pth", nn.Linear(5, 2)).weight == run.ema.module.weight).all()
    assert not (run.model.weight == run.ema.module.weight).all()


def test_validation_disturbs_nothing() -> None:
    """With it or without: the same training; and it goes through the same order every time."""
    seed()
    run = trainer()
    rows = run.train()
    other = trainer()
    other.val_loader = None
    for row, alone in zip(rows, other.train(), strict=True):
        assert row["train_loss"] == alone["train_loss"]
    assert run.validate() == run.validate()
    run.model.eval()
    run.validate()
    assert not run.model.training


def test_best_and_last(tmp_path) -> None:
    """Erratum B24: the first epoch is the best so far, whatever its accuracy."""

    class Worse(Trainer):
        def validate(self):
            return {"val_acc": [0.0, 50.0, 20.0][self.epoch]}

    minideep.manual_seed(0)
    training = {"progress": False, "folder": str(tmp_path), "epochs": 1}
    run = Worse(nn.Linear(5, 2), data(), config={"training": training})
    run.train()
    assert minideep.load(tmp_path / "best.pth")["progress"]["best"] == 0.0
    run.settings.epochs = 3
    run.train()
    assert minideep.load(tmp_path / "best.pth")["progress"]["epoch"] == 2
    assert minideep.load(tmp_path / "last.pth")["progress"]["epoch"] == 3
    assert (run.best, run.best_epoch) == (50.0, 2)
    best = load_model(tmp_path / "best.pth", nn.Linear(5, 2))
    assert not (best.weight == run.model.weight).all()
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert rows == run.history


def test_stops_when_nothing_gets_better() -> None:
    run = plain(epochs=50, learning_rate=0.0, patience=3, val=data(9, noisy=False))
    assert len(run.train()) == 4
    assert [type(c) for c in run.callbacks] == [EarlyStopping]


def test_callbacks_are_told_in_order(tmp_path) -> None:
    events = []

    class Notes(Callback):
        def __getattribute__(self, name):
            if name.startswith("on_"):
                events.append(name)
            return super().__getattribute__(name)

    minideep.manual_seed(0)
    config = Config(training={"epochs": 1, "accumulate": 5, "progress": False, "folder": None})
    Trainer(nn.Linear(5, 2), data(), None, config, callbacks=[Notes(), JSONLog(tmp_path / "a" / "log.jsonl")]).train()
    steps = ["on_gradients", "on_step"] * 2
    assert events == ["on_train_start", *steps, "on_epoch_end", "on_train_end"]
    assert (tmp_path / "a" / "log.jsonl").exists()


def test_other_losses_and_targets_that_are_no_classes() -> None:
    x = minideep.randn(10, 3)
    loader = DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=4)
    minideep.manual_seed(0)
    run = Trainer(
        nn.Linear(3, 1),
        loader,
        loader,
        Config(training={"epochs": 20, "progress": False, "folder": None}),
        criterion=nn.MSELoss(),
        optimizer=None,
    )
    rows = run.train()
    assert "val_acc" not in rows[0]
    assert rows[-1]["val_loss"] < rows[0]["val_loss"]
    assert run.best == min(row["val_loss"] for row in rows)


# ---------------------------------------------------------------------------------------------- the bar


def test_the_bar_shows_loss_accuracy_and_rate(capsys) -> None:
    pytest.importorskip("tqdm", reason="tqdm is not installed: pip install 'minideep[lessons]'")
    plain(progress=True, val=data(9)).train()
    shown = capsys.readouterr().err
    assert "Epoch 1/1: 100%" in shown
    assert "6/6" in shown
    for figure in ("train_loss=", "train_acc=", "lr=0.1", "val_loss=", "val_acc="):
        assert figure in shown


def test_without_tqdm_it_says_what_to_do(monkeypatch) -> None:
    real = builtins.__import__

    def missing(name, *arguments, **keywords):
        if name.startswith("tqdm"):
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"Trainer: the progress bar needs tqdm: .* or set training\.progress=false"):
        plain(progress=True).train()


# ---------------------------------------------------------------------------------------------- names and mistakes


def test_optimizers_by_name() -> None:
    """Erratum B22: an unknown name is an error at once."""
    model = nn.Linear(2, 2)

    def built(**training):
        return build_optimizer(model, Config(training=training).training)

    assert type(built(optimizer="RMSprop", momentum=0.5)) is optim.RMSprop
    assert built(optimizer="rms_prop", momentum=0.5).param_groups[0]["momentum"] == 0.5
    assert built(optimizer="adam", momentum=0.5).defaults.get("momentum") is None
    assert built(optimizer="SGD", optimizer_options={"nesterov": True}, momentum=0.9).defaults["nesterov"]
    with pytest.raises(
        ConfigError, match=r"Trainer: training\.optimizer 'adan' is unknown; did you mean 'adam'\? There"
    ):
        built(optimizer="adan")
    with pytest.raises(ConfigError, match=r"Trainer: training\.optimizer_options: .*'beta'; Adam takes lr, betas, eps"):
        built(optimizer="adam", optimizer_options={"beta": 1})


def test_schedulers_by_name() -> None:
    optimizer = optim.Adam(nn.Linear(2, 2).parameters(), lr=0.1)

    def built(steps=10, **training):
        return build_scheduler(optimizer, Config(training=training).training, steps)

    assert built() is None
    assert built(scheduler="cosine", epochs=7).T_max == 7
    assert built(scheduler="cosine", epochs=7, schedule_per="step").T_max == 70
    assert built(scheduler="step").step_size == 30
    assert built(scheduler="OneCycleLR", scheduler_options={"epochs": 2, "steps_per_epoch": 3}).total_steps == 6
    assert built(scheduler="polynomial", epochs=7).total_iters == 7
    with pytest.raises(ConfigError, match=r"training\.scheduler 'cosin' is unknown; did you mean 'cosine'\?"):
        built(scheduler="cosin")
    with pytest.raises(ConfigError, match=r"ReduceLROnPlateau looks at validation: set training\.schedule_per=epoch"):
        plain(scheduler="plateau", schedule_per="step")
    with pytest.raises(ConfigError, match=r"training\.scheduler_options: .*gamma.*; ExponentialLR takes gamma"):
        built(scheduler="exponential")
    with pytest.raises(ConfigError, match=r"CosineAnnealingLR.*T_max"):
        built(steps=None, scheduler="cosine", schedule_per="step")


def test_what_is_not_measured_cannot_be_monitored() -> None:
    with pytest.raises(
        ValueError, match=r"Trainer: training\.monitor 'val_loss' is not among what is measured: epoch,"
    ):
        plain(monitor="val_loss").train()


def test_a_loss_that_is_no_number() -> None:
    batch = minideep.full((2, 5), float("inf")), minideep.tensor([0, 1])
    told = "Trainer: the loss is nan at epoch 1, batch 1; "
    with pytest.raises(FloatingPointError, match=f"{told}.* is in the batch itself: the input holds inf values"):
        plain(loader=[batch]).train()

    class Own(Trainer):
        def evaluate(self, model, batch):
            return minideep.tensor(float("nan")), 1, 0, 0

    with pytest.raises(FloatingPointError, match=f"{told}a smaller learning rate or clip_norm may help"):
        Own(nn.Linear(5, 2), [batch], config={"training": {"progress": False, "folder": None}}).train()


def test_batches_that_are_no_pairs() -> None:
    with pytest.raises(TypeError, match=r"Trainer: expected batches \(input, target\), but got Tensor; .*evaluate"):
        plain(loader=[minideep.ones(2, 5)]).train()


def test_the_networks_and_the_loaders_are_the_users() -> None:
    model, loader = network(), data()
    run = Trainer(model, loader)
    assert run.model is model
    assert run.config == Config()


def test_the_courses_configuration_trains(tmp_path) -> None:
    """Errata B19 and B20: read from its file, and understood by the trainer."""
    pytest.importorskip("yaml", reason="PyYAML is not installed: pip install 'minideep[lessons]'")
    from .test_config import BASE

    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    config = Config(path).override(["training.epochs=2", "training.progress=no", f"training.folder={tmp_path}"])
    run = Trainer(nn.Linear(5, 2), data(), data(9), config)
    assert len(run.train()) == 2
    assert run.optimizer.defaults["momentum"] == 0.9
    assert run.optimizer.defaults["weight_decay"] == 1e-4
    assert run.scheduler.T_max == 2
