"""Training: a configuration that is checked, and a `Trainer` whose runs can be interrupted and resumed."""

from __future__ import annotations

from .building import build_optimizer, build_scheduler
from .callbacks import Callback, EarlyStopping, JSONLog
from .config import Config, DataConfig, ModelConfig, TrainingConfig
from .settings import ConfigError, Settings
from .trainer import Row, Trainer, load_model

__all__ = [
    "Callback", "Config", "ConfigError", "DataConfig", "EarlyStopping", "JSONLog", "ModelConfig", "Row", "Settings",
    "Trainer", "TrainingConfig", "build_optimizer", "build_scheduler", "load_model",
]  # fmt: skip
