"""Floor 4: what networks are built of."""

from __future__ import annotations

from . import functional, init
from .module import Module
from .parameter import Parameter

__all__ = ["Module", "Parameter", "functional", "init"]
