"""Attention: means of values, weighted by how well their keys match a query.

The weights, as many as there are pairs of a query and a key, are never there for the whole batch: the kernel goes
through a few heads at a time, and finds them again on the way back from the logarithm of their sums.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..backend import Array, bool_, module_of, widened
from ..parallel import share
from ..sums import dots, total
from ..tensor import Tensor
from .dropout import dropout
from .shape import common_shape
from .softmax import is_small, softmax

__all__ = ["scaled_dot_product_attention"]

_PAIRS = 2**18  # weights that are there at a time

# ---------------------------------------------------------------------------------------------- plain


def _plain_attention(query: Any, key: Any, value: Any, scale: float, attn_mask: Any, dropout_p: float = 0.0) -> Any:
    scores = (query * scale) @ key.transpose(-2, -1)
    if attn_mask is None:
        return dropout(softmax(scores, -1), dropout_p) @ value
    if attn_mask.dtype == bool_:
        scores = scores.masked_fill(attn_mask.logical_not(), -math.inf)
    else:
        scores = scores + attn_mask
    nothing = (scores == -math.inf).all(-1, keepdim=True)  # queries with no key to look at: their result is 0
    weights = softmax(scores.masked_fill(nothing, 0.0), -1).masked_fill(nothing, 0.0)
    return dropout(weights, dropout_p) @ value


# ---------------------------------------------------------------------------------------------- fused


def _heads(x: Array) -> Array:
    """All dimensions before the last two as one."""
    return widened(x).reshape((math.prod(x.shape[:-2]), *x.shape[-2:]))


def _parts(query: Array, key: Array) -> list[slice]:
    step = max(_PAIRS // max(query.shape[1] * key.shape[1], 1), 1)
    return [slice(start, start + step) for start in range(0, len(query), step)]


def _as_bias(mask: Array | None, like: Array, query: Array) -> Array | None:
    """The mask as numbers to add to scores, -inf for what is hidden: for each head, or one for all that share it."""
    if mask is None:
        return None
    if mask.dtype == bool_:
        mask = np.where(mask, np.zeros_like(like, shape=()), np.full_like(like, -math.inf, shape=()))
    sides = (*(1,) * (2 - mask.ndim), *mask.shape)[-2:]
    if math.prod(mask.shape[:-2]) == 1:
        return widened(mask).reshape((1, *sides))
    return np.broadcast_to(widened(mask), (*query.shape[:-2], *sides)).reshape((len(like), *sides))


def _scores(query: Array, key: Array, bias: Array | None, part: slice, scale: float) -> Array:
    scores = np.matmul(query[part] * scale, key[part].swapaxes(-1, -2))
    if bias is not None:
        scores += bias if len(bias) == 1 else bias[part]
    return scores


def _attention_gradients(
    g: Any, query: Any, key: Any, value: Any, scale: float, attn_mask: Any, y: Any, log_sums: Any
) -> tuple[Any, ...]:
    q, k, v, g = _heads(query), _heads(key), _heads(value), _heads(g)
    gradients = [np.empty_like(widened(x), order="C") for x in (query, key, value)]
    dq, dk, dv = map(_heads, gradients)
    bias, of_sums = _as_bias(attn_mask, q, query), dots(g, _heads(y))[..., None]

    def back(part: slice) -> None:
        weights = _scores(q, k, bias, part, scale)
        weights -= log_sums[part]
        np.exp(weights, out=weights)
        np.matmul(weights.swapaxes(-1, -2), g[part], out=dv[part])
        of_scores = np.matmul(g[part], v[part].swapaxes(-1, -2))
        of_scores -= of_sums[part]
        of_scores *= weights
        of_scores *= scale
        np.matmul(of_scores, k[part], out=dq[part])
        np.matmul(of_scores.swapaxes(-1, -2), q[part], out=dk[part])

    share(back, _parts(q, k))
    return *[gradient.astype(query.dtype, copy=False) for gradient in gradients], None


@op(name="attention", method=False, twin=_plain_attention, keeps=["log_sums"], gradients=_attention_gradients)
def _attention(
    query: Array, key: Array, value: Array, scale: float, attn_mask: Array | None = None
) -> tuple[Array, Array]:
    q, k, v = _heads(query), _heads(key), _heads(value)
    result = np.empty_like(q, shape=(*query.shape[:-1], value.shape[-1]))
    y = _heads(result)
    bias, log_sums = _as_bias(attn_mask, q, query), np.empty_like(q, shape=(*q.shape[:2], 1))

    def forth(part: slice) -> None:
        weights = _scores(q, k, bias, part, scale)
        top = 0.0
        if not is_small(weights):
            top = weights.max(axis=-1, keepdims=True)
            top = np.where(top == -math.inf, np.zeros_like(top), top)
            weights -= top
        np.exp(weights, out=weights)
        sums = total(weights, (2,), keepdims=True)
        sums += sums == 0  # where all keys are hidden
        weights /= sums
        np.matmul(weights, v[part], out=y[part])
        log_sums[part] = np.log(sums) + top

    share(forth, _parts(q, k))
    return result.astype(query.dtype, copy=False), log_sums


# ---------------------------------------------------------------------------------------------- what users call


@public(method=False)
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(query · keyᵀ · scale) · value, for queries (*, L, E), keys (*, S, E) and values (*, S, V): (*, L, V).

    A mask, which broadcasts to (*, L, S), says what each query may look at, if it is boolean, or else is added to the
    scores; `is_causal` stands for the mask by which query i sees the keys up to i. The scale is 1/√E unless given.

    Vaswani et al., "Attention Is All You Need", 2017; in parts as in Dao et al., "FlashAttention", 2022.
    """
    _check(query, key, value, attn_mask, dropout_p, is_causal)
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else scale
    if is_causal:
        attn_mask = make_tensor(module_of(query.array).tri(query.shape[-2], key.shape[-2], dtype=bool_))
    alike = query.shape[:-2] == key.shape[:-2] == value.shape[:-2]
    if dropout_p or not alike or attn_mask is not None and attn_mask.requires_grad:
        return _plain_attention(query, key, value, scale, attn_mask, dropout_p)
    return _attention(query, key, value, scale, attn_mask)


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float, is_causal: bool) -> None:
    name, factors = "scaled_dot_product_attention", (query, key, value)
    shapes = f"query {query.shape}, key {key.shape} and value {value.shape}"
    if min(x.ndim for x in factors) < 2:
        raise RuntimeError(f"{name}: expected at least 2 dimensions (…, length, size), but got {shapes}")
    if query.dtype.kind != "f" or any(x.dtype != query.dtype for x in factors):
        found = ", ".join(str(x.dtype) for x in factors)
        raise RuntimeError(f"{name}: expected query, key and value of one floating-point dtype, but got {found}")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(f"{name}: expected shapes (…, L, E), (…, S, E) and (…, S, V), but got {shapes}")
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"{name}: dropout probability has to be between 0 and 1, but got dropout_p={dropout_p}")
    if mask is None:
        return
    if is_causal:
        raise RuntimeError(f"{name}: expected no attn_mask when is_causal=True; put both into one mask")
    if mask.dtype not in (bool_, query.dtype):
        raise RuntimeError(f"{name}: expected an attn_mask of bool or {query.dtype}, but got {mask.dtype}")
    pairs = (*common_shape(name, *[x.shape[:-2] for x in factors]), query.shape[-2], key.shape[-2])
    if common_shape(name, mask.shape, pairs) != pairs:
        raise RuntimeError(f"{name}: expected an attn_mask that broadcasts to {pairs}, but its shape is {mask.shape}")
