"""Floor 3: the ops. One room for each kind; importing this package attaches them all to Tensor."""

from __future__ import annotations

from ..autograd import methods
from ..tensor import attach
from . import (
    activation,
    arrangement,
    attention,
    channel_norm,
    contraction,
    conversion,
    convolution,
    creation,
    cross_entropy,
    dropout,
    elementwise,
    embedding,
    extremes,
    gelu,
    indexing,
    layer_norm,
    linalg,
    loss,
    normalization,
    operators,
    order,
    pooling,
    random,
    reduction,
    resample,
    running,
    selection,
    shape,
    softmax,
    ternary,
    windows,
)

attach(methods)
operators.attach_operators()
