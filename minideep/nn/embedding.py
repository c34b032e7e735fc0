"""Vectors, learnt, for numbers that stand for words or classes."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..backend import DType
from ..ops.creation import empty
from ..ops.selection import check_range
from ..tensor import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """A row of `weight` (num_embeddings, embedding_dim) for each entry of the input: (*) becomes (*, embedding_dim).

    Row `padding_idx` starts as 0, and gets no gradient. With `max_norm`, rows whose `norm_type`-norm is greater are
    scaled down to it when they are used.

    >>> import minideep
    >>> Embedding.from_pretrained(Tensor([[1.0, 2.0], [3.0, 4.0]]))(minideep.tensor([1, 0, 1]))
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """

    weight: Tensor

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        *,
        _weight: Tensor | None = None,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise AssertionError(
                f"Embedding: expected padding_idx to be one of the {num_embeddings} rows, but got {padding_idx}"
            )
        super().__init__()
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type = max_norm, norm_type
        if _weight is not None:
            if _weight.shape != (num_embeddings, embedding_dim):
                raise AssertionError(
                    f"Embedding: expected weights {(num_embeddings, embedding_dim)}, but got {_weight.shape}"
                )
            self.weight = Parameter(_weight)
            return
        self.weight = Parameter(empty(num_embeddings, embedding_dim, device=device, dtype=dtype))
        self.reset_parameters()

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
    ) -> Self:
        """An embedding whose rows are these; they stay what they are, unless `freeze` is False."""
        if embeddings.ndim != 2:
            raise AssertionError(f"Embedding: expected embeddings (rows, size of a row), but got {embeddings.shape}")
        rows, size = embeddings.shape
        module = cls(rows, size, padding_idx, max_norm, norm_type, _weight=embeddings)
        module.weight.requires_grad_(not freeze)
        return module

    def reset_parameters(self) -> None:
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, input: Tensor) -> Tensor:
        if self.max_norm is not None:
            self._shorten(input)
        return F.embedding(input, self.weight, self.padding_idx)

    def _shorten(self, input: Tensor) -> None:
        """Scale down the rows in use that are longer than `max_norm`."""
        used, rows = np.unique(input.array), self.weight.array
        check_range("Embedding", used, len(rows), IndexError)
        norms = np.linalg.norm(rows[used], self.norm_type, axis=1)
        long = norms > self.max_norm
        rows[used[long]] *= (self.max_norm / (norms[long] + 1e-7))[:, None]
        self.weight.version.bump()

    def extra_repr(self) -> str:
        shown = f"{self.num_embeddings}, {self.embedding_dim}"
        for name, default in (("padding_idx", None), ("max_norm", None), ("norm_type", 2.0)):
            if getattr(self, name) != default:
                shown += f", {name}={getattr(self, name)}"
        return shown
