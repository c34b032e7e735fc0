"""Multi-head attention: each position of a sequence gathers from those it attends to."""

from __future__ import annotations

import math
from typing import Any

from ..backend import DType, bool_
from ..ops.arrangement import cat
from ..ops.creation import empty
from ..tensor import Tensor
from . import functional as F
from . import init
from .linear import Linear
from .module import Module
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """softmax(q · kᵀ / √d) · v in each of `num_heads` heads, of d = embed_dim / num_heads numbers each, side by side.

    The call ``attention(query, key, value)``, in self-attention three times the same, takes sequences (L, E), (S, K)
    and (S, V), or batches (L, N, E), …; with `batch_first` (N, L, E), …. They are first multiplied by matrices, the
    rows of `in_proj_weight`, and the heads together by `out_proj` in the end. Results are a pair: (L, E) or a batch of
    it, and the weights (N, L, S) of all pairs, averaged over heads, or (N, heads, L, S); or None, which is far cheaper,
    if not `need_weights`.

    Masks say what is *not* attended to, if they are boolean, or else are added before the softmax: `attn_mask`, (L, S)
    or (N·heads, L, S), for pairs; `key_padding_mask`, (S,) or (N, S), for keys. With `add_bias_kv` there is one more
    key, and value, which are learnt; with `add_zero_attn` one that is 0.

    Vaswani et al., "Attention Is All You Need", 2017.

    >>> import minideep
    >>> attention = MultiheadAttention(embed_dim=8, num_heads=2, batch_first=True)
    >>> x = minideep.randn(5, 3, 8)
    >>> y, weights = attention(x, x, x)
    >>> y.shape, weights.shape
    ((5, 3, 8), (5, 3, 3))
    """

    in_proj_weight: Tensor | None
    in_proj_bias: Tensor | None
    bias_k: Tensor | None
    bias_v: Tensor | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: DType | None = None,
    ) -> None:
        _check_sizes(embed_dim, num_heads)
        super().__init__()
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = kdim or embed_dim, vdim or embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        together = self.kdim == self.vdim == embed_dim
        shapes = {
            "q_proj_weight": None if together else (embed_dim, embed_dim),
            "k_proj_weight": None if together else (embed_dim, self.kdim),
            "v_proj_weight": None if together else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if together else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
            "bias_k": (1, 1, embed_dim) if add_bias_kv else None,
            "bias_v": (1, 1, embed_dim) if add_bias_kv else None,
        }
        for name, shape in shapes.items():
            parameter = None if shape is None else Parameter(empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, parameter)
        self.out_proj = Linear(embed_dim, embed_dim, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        self.out_proj.reset_parameters()
        if self.out_proj.bias is not None:
            init.zeros_(self.out_proj.bias)
        for name, parameter in self.named_parameters(recurse=False):
            if name.endswith("proj_weight"):
                init.xavier_uniform_(parameter)
            elif name == "in_proj_bias":
                init.zeros_(parameter)
            else:
                init.xavier_normal_(parameter)

    # ------------------------------------------------------------------------------------------ forward

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """`is_causal` promises that `attn_mask` hides what comes later; it changes nothing, but needs the mask."""
        if is_causal and attn_mask is None:
            raise RuntimeError("MultiheadAttention: need attn_mask if specifying the is_causal hint")
        batched = query.ndim == 3
        query, key, value = self._batches(query, key, value)
        mask = self._mask(query, key, key_padding_mask, attn_mask)
        q, k, v = self._projected(query, key, value)
        q, k, v = [self._heads(x) for x in (q, *self._with_more_keys(k, v))]
        dropout = self.dropout if self.training else 0.0
        if need_weights:
            weights = _weights(q, k, mask, dropout)
            y = weights @ v
            weights = weights.mean(1) if average_attn_weights else weights
        else:
            allowed = mask.logical_not() if mask is not None and mask.dtype == bool_ else mask
            weights, y = None, F.scaled_dot_product_attention(q, k, v, allowed, dropout)
        y = self.out_proj(y.transpose(1, 2).flatten(2))
        if not batched:
            return y.squeeze(0), None if weights is None else weights.squeeze(0)
        return y if self.batch_first else y.transpose(0, 1), weights

    def _batches(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The three as batches (N, L, E), (N, S, K) and (N, S, V)."""
        shapes = f"query {query.shape}, key {key.shape} and value {value.shape}"
        if query.ndim not in (2, 3) or not query.ndim == key.ndim == value.ndim:
            raise AssertionError(f"MultiheadAttention: expected 2 dimensions, or 3 for a batch, but got {shapes}")
        q = self._batch_first(query)
        k, v = (q, q) if query is key is value else (self._batch_first(key), self._batch_first(value))
        sides = self.embed_dim, self.kdim, self.vdim
        if (q.shape[2], k.shape[2], v.shape[2]) != sides or len(q) != len(k) or k.shape[:2] != v.shape[:2]:
            raise AssertionError(
                f"MultiheadAttention: expected last sides {sides}, as many values as keys, and batches of the same "
                f"size, but got {shapes}"
            )
        return q, k, v

    def _batch_first(self, x: Tensor) -> Tensor:
        if x.ndim == 2:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> Any:
        if self.in_proj_weight is not None and query is key is value:
            return F.linear(query, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        weights = self.q_proj_weight, self.k_proj_weight, self.v_proj_weight
        if self.in_proj_weight is not None:
            weights = self.in_proj_weight.chunk(3)
        biases = (None,) * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        return [F.linear(*of_one) for of_one in zip((query, key, value), weights, biases, strict=True)]

    def _with_more_keys(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (N, S, E), with those of `add_bias_kv` and `add_zero_attn` behind."""
        one = (len(k), 1, self.embed_dim)
        if self.bias_k is not None and self.bias_v is not None:
            k, v = cat([k, self.bias_k.expand(one)], 1), cat([v, self.bias_v.expand(one)], 1)
        if self.add_zero_attn:
            k, v = cat([k, k.new_zeros(one)], 1), cat([v, v.new_zeros(one)], 1)
        return k, v

    def _heads(self, x: Tensor) -> Tensor:
        """(N, L, E) as (N, heads, L, E / heads)."""
        return x.unflatten(2, (self.num_heads, self.head_dim)).transpose(1, 2)

    def _mask(
        self, query: Tensor, key: Tensor, key_padding_mask: Tensor | None, attn_mask: Tensor | None
    ) -> Tensor | None:
        """Both masks as one that broadcasts to (N, heads, L, S and the keys that are added)."""
        (samples, queries, _), keys = query.shape, key.shape[1]
        masks = []
        if attn_mask is not None:
            shapes = (queries, keys), (samples * self.num_heads, queries, keys)
            if attn_mask.shape not in shapes:
                raise RuntimeError(
                    f"MultiheadAttention: expected an attn_mask {shapes[0]} or {shapes[1]}, but got {attn_mask.shape}"
                )
            masks.append(attn_mask if attn_mask.ndim == 2 else attn_mask.unflatten(0, (samples, self.num_heads)))
        if key_padding_mask is not None:
            padding = key_padding_mask if key_padding_mask.ndim > 1 else key_padding_mask.unsqueeze(0)
            if padding.shape != (samples, keys):
                raise AssertionError(
                    f"MultiheadAttention: expected a key_padding_mask {(samples, keys)}, but got "
                    f"{key_padding_mask.shape}"
                )
            masks.append(padding.unflatten(1, (1, 1, keys)))
        more = (self.bias_k is not None) + self.add_zero_attn
        return _merged([F.pad(mask, (0, more)) if more else mask for mask in masks], query.dtype)


def _check_sizes(embed_dim: int, num_heads: int) -> None:
    sizes = f"embed_dim={embed_dim} and num_heads={num_heads}"
    if embed_dim <= 0 or num_heads <= 0:
        raise ValueError(f"MultiheadAttention: embed_dim and num_heads must be greater than 0, but got {sizes}")
    if embed_dim % num_heads:
        raise AssertionError(f"MultiheadAttention: embed_dim must be divisible by num_heads, but got {sizes}")


def _weights(q: Tensor, k: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    """How much each query takes of each value, (N, heads, L, S)."""
    scores = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores.masked_fill(mask, -math.inf) if mask.dtype == bool_ else scores + mask
    return F.dropout(F.softmax(scores, -1), dropout)


def _merged(masks: list[Tensor], dtype: DType) -> Tensor | None:
    """One mask for all: boolean if they all are, else numbers to add."""
    for mask in masks:
        if mask.dtype != bool_ and mask.dtype.kind != "f":
            raise AssertionError(f"MultiheadAttention: expected masks of bool or floating dtype, but got {mask.dtype}")
    if len(masks) == 2 and masks[0].dtype == masks[1].dtype == bool_:
        return masks[0].logical_or(masks[1])
    if len(masks) == 2:
        masks = [m.new_zeros(m.shape, dtype=dtype).masked_fill(m, -math.inf) if m.dtype == bool_ else m for m in masks]
        masks = [masks[0] + masks[1]]
    return (masks[0] if masks[0].dtype == bool_ else masks[0].to(dtype)) if masks else None
