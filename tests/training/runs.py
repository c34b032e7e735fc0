"""Small training runs in which much is random: dropout, augmentation, order, and what Python and NumPy draw."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np

import minideep
from minideep import nn, optim
from minideep.data import DataLoader, TensorDataset, default_collate
from minideep.training import Callback, Config, Trainer

OPTIMIZERS = [n for n in dir(optim) if isinstance(getattr(optim, n), type) and n[0].isupper() and n != "Optimizer"]


def noisy_batch(samples: Any) -> Any:
    """Augmentation: noise from minideep's generator; what Python and NumPy draw is in it, too."""
    x, y = default_collate(samples)
    return x + 0.1 * minideep.randn(x.shape) + 0.01 * random.random() + 0.01 * float(np.random.rand()), y  # noqa: NPY002


def data(count: int = 22, own_generator: bool = True, noisy: bool = True, **options: Any) -> DataLoader:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((count, 5)).astype(np.float32)
    y = (x[:, 0] > x[:, 1]).astype(np.int64)
    generator = minideep.Generator().manual_seed(5) if own_generator else None
    options = {"batch_size": 4, "shuffle": True, "generator": generator, **options}
    if noisy:
        options["collate_fn"] = noisy_batch
    return DataLoader(TensorDataset(minideep.tensor(x), minideep.tensor(y)), **options)


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(0.3), nn.Linear(6, 2))


def seed() -> None:
    minideep.manual_seed(1)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002


def trainer(folder: Path | None = None, own_generator: bool = True, **training: Any) -> Trainer:
    """A new trainer as a script makes it: everything seeded, the same each time."""
    seed()
    training = {"epochs": 3, "progress": False, "folder": folder and str(folder), "device": "cpu", **training}
    loaders = data(own_generator=own_generator), data(9, own_generator=own_generator, noisy=True)
    return Trainer(network(), *loaders, Config(training=training))


class Leaves(Callback):
    """Keeps the state at one step, and leaves by an exception."""

    def __init__(self, step: int, path: Path) -> None:
        self.step, self.path = step, path

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step == self.step:
            trainer.save(self.path)
            raise Left


class Left(Exception):
    pass


def finished(run: Trainer) -> dict[str, Any]:
    """Trains to the end; the outcome."""
    run.train()
    return outcome(run)


def outcome(run: Trainer) -> dict[str, Any]:
    """What a run has come to, to the last bit; not how long it took."""
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in run.history]
    tensors = {name: t.numpy().tobytes() for name, t in run.model.state_dict().items()}
    state = run.optimizer.state_dict()["state"]
    tensors |= {f"{i}.{k}": v.numpy().tobytes() for i, values in state.items() for k, v in values.items()}
    if run.ema is not None:
        tensors |= {f"ema.{name}": t.numpy().tobytes() for name, t in run.ema.state_dict().items()}
    drawn = minideep.rand(3).tolist(), random.random(), float(np.random.rand())  # noqa: NPY002
    rates = [group["lr"] for group in run.optimizer.param_groups]
    return {"rows": rows, "tensors": tensors, "drawn": drawn, "rates": rates, "step": run.step, "best": run.best}
