"""Training: a configuration that is checked."""

from __future__ import annotations

from .config import Config, DataConfig, ModelConfig, TrainingConfig
from .settings import ConfigError, Settings

__all__ = ["Config", "ConfigError", "DataConfig", "ModelConfig", "Settings", "TrainingConfig"]
