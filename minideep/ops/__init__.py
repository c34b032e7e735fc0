"""Floor 3: the ops. One room for each kind; importing this package attaches them all to Tensor."""

from __future__ import annotations

from ..autograd import methods
from ..tensor import attach
from . import (
    arrangement,
    contraction,
    conversion,
    creation,
    elementwise,
    extremes,
    indexing,
    linalg,
    operators,
    reduction,
    running,
    selection,
    shape,
    ternary,
)

__all__ = ["creation", "elementwise", "indexing", "operators"]

attach(methods)
operators.attach_operators()
