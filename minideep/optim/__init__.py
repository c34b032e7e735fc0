"""Optimizers, under PyTorch's names; `lr_scheduler` changes their learning rates, `swa_utils` averages weights."""

from __future__ import annotations

from . import lr_scheduler, swa_utils
from .adadelta import Adadelta
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .lars import LARS
from .nadam import NAdam
from .optimizer import Optimizer
from .penalties import elastic_net_penalty, l1_penalty
from .radam import RAdam
from .rmsprop import RMSprop
from .sgd import SGD

__all__ = [
    "LARS", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "Optimizer", "RAdam", "RMSprop",
    "elastic_net_penalty", "l1_penalty", "lr_scheduler", "swa_utils",
]  # fmt: skip
