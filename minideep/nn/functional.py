"""PyTorch's ``torch.nn.functional``: the ops of the network rooms under one roof."""

from __future__ import annotations
