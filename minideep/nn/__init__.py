"""Floor 4: what networks are built of. For now, the functions."""

from __future__ import annotations

from . import functional

__all__ = ["functional"]
