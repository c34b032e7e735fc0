"""`Config`: what a training run is told, in the sections model, data and training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from .settings import Settings

__all__ = ["Config", "DataConfig", "ModelConfig", "TrainingConfig"]


class ModelConfig(Settings):
    """Which network; for settings of your own, derive from this, and from `Config`, in which it is `model`."""

    name: str = "resnet50"
    num_classes: int = 1000
    pretrained: bool = False

    lowest: ClassVar[Mapping[str, float]] = {"num_classes": 1}


class DataConfig(Settings):
    """Which data, in which portions."""

    dataset: str = "digits"
    batch_size: int = 32
    num_workers: int = 0
    image_size: int | None = None

    lowest: ClassVar[Mapping[str, float]] = {"batch_size": 1, "num_workers": 0, "image_size": 1}


class TrainingConfig(Settings):
    """How a `Trainer` trains."""

    epochs: int = 10
    optimizer: str = "sgd"  # a class of minideep.optim, in any spelling: 'sgd', 'AdamW'
    learning_rate: float | None = None  # None: the optimizer's own default, here and for the next two
    momentum: float | None = None  # for the optimizers that have one; others are not given it
    weight_decay: float | None = None
    optimizer_options: dict[str, Any] = {}  # noqa: RUF012 - every instance gets a copy
    scheduler: str | None = None  # a class of minideep.optim.lr_scheduler: 'cosine', 'step', 'OneCycleLR', …
    scheduler_options: dict[str, Any] = {}  # noqa: RUF012
    schedule_per: Literal["epoch", "step"] = "epoch"
    accumulate: int = 1  # batches whose gradients make one step together
    clip_norm: float | None = None  # the greatest norm that all gradients together may have
    ema: float | None = None  # decay of a moving average of the weights, which is validated in their place
    # What makes an epoch the best; None: the first of these that is measured.
    monitor: Literal["val_acc", "val_loss", "train_acc", "train_loss"] | None = None
    patience: int | None = None  # epochs without a better one after which training ends
    device: str | None = None  # None: a GPU, if there is one
    folder: str | None = "checkpoints"  # for last.pth, best.pth and log.jsonl; None: nothing is written
    checkpoint_every: int | None = None  # steps after which last.pth is written, besides the end of each epoch
    resume: bool = False  # go on from last.pth, if there is one
    progress: bool = True  # show a bar

    lowest: ClassVar[Mapping[str, float]] = {
        "epochs": 0, "learning_rate": 0, "momentum": 0, "weight_decay": 0, "accumulate": 1, "clip_norm": 0, "ema": 0,
        "patience": 1, "checkpoint_every": 1,
    }  # fmt: skip


class Config(Settings):
    """Everything about a run: ``Config("base.yaml")``, ``Config(training={"epochs": 5})``.

    >>> config = Config(training={"optimizer": "adam", "learning_rate": 1e-3})
    >>> config.training.optimizer, config.training.epochs, config == Config()
    ('adam', 10, False)
    """

    model: ModelConfig
    data: DataConfig
    training: TrainingConfig
