"""Training: a configuration that is checked, and a `Trainer` whose runs can be interrupted and resumed."""

from __future__ import annotations

from .building import build_optimizer, build_scheduler
from .callbacks import Callback, EarlyStopping, JSONLog
from .checkpoint import load_model
from .config import Config, DataConfig, ModelConfig, TrainingConfig
from .profiling import LayerProfile, Profile, profile
from .rates import RateSweep, find_lr
from .settings import ConfigError, Settings
from .trainer import Row, Trainer
from .watching import GradientNorms, NaNReport, find_nan, gradient_norm, gradient_norms

__all__ = [
    "Callback", "Config", "ConfigError", "DataConfig", "EarlyStopping", "GradientNorms", "JSONLog", "LayerProfile",
    "ModelConfig", "NaNReport", "Profile", "RateSweep", "Row", "Settings", "Trainer", "TrainingConfig",
    "build_optimizer", "build_scheduler", "find_lr", "find_nan", "gradient_norm", "gradient_norms", "load_model",
    "profile",
]  # fmt: skip
