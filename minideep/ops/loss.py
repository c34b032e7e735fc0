"""Losses between predictions and targets of the same shape. (Those of classes have a room of their own.)

PyTorch broadcasts (n, 1) against (n,) to all n² pairs, with a warning at most. Here that is an error.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autograd import op, public
from ..backend import Array, widened
from ..sums import total
from ..tensor import Tensor
from .activation import expect_floats, logsigmoid
from .elementwise import minimum
from .reduction import norm
from .shape import common_shape
from .ternary import where

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "hinge_embedding_loss",
    "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "smooth_l1_loss", "triplet_margin_loss",
]  # fmt: skip

_TINY = 1e-12  # keeps the lengths of vectors from 0

# ---------------------------------------------------------------------------------------------- what they share


def check_reduction(name: str, reduction: str, *more: str) -> None:
    if reduction not in ("mean", "sum", "none", *more):
        raise ValueError(
            f"{name}: {reduction!r} is not a valid value for reduction; there are 'mean', 'sum' and 'none'"
        )


def _expect_alike(name: str, error: type[Exception] = RuntimeError, **tensors: Any) -> None:
    """Refuse tensors of different shapes, and say how to make them the same."""
    (first, a), *others = tensors.items()
    for other, b in others:
        if a.shape != b.shape:
            alike = f"; make them alike with squeeze(), or {other}.reshape({first}.shape)"
            mend = alike if a.numel() == b.numel() else ""
            shapes = f"{first} {a.shape} and {other} {b.shape}"
            raise error(f"{name}: expected {first} and {other} of the same shape, but got {shapes}{mend}")


def _expect_float_target(name: str, input: Tensor, target: Tensor) -> None:
    if input.dtype.kind != "f" or target.dtype != input.dtype:
        raise RuntimeError(
            f"{name}: expected input and target of one floating-point dtype, but got {input.dtype} and {target.dtype}; "
            "convert with target.to(input.dtype)"
        )


def _reduced(losses: Tensor, reduction: str) -> Tensor:
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.mean()


def _weighted(name: str, losses: Tensor, weight: Tensor | None, reduction: str) -> Tensor:
    """Reduced losses, each of which counts as often as its weight says."""
    if weight is None:
        return _reduced(losses, reduction)
    _expect_alike(name, ValueError, input=losses, weight=weight)
    losses = losses * weight
    return losses.sum() / weight.sum() if reduction == "mean" else _reduced(losses, reduction)


# ---------------------------------------------------------------------------------------------- of differences


def _squared_gradient(g: Any, input: Any, target: Any, reduction: str) -> Any:
    entries = max(math.prod(input.shape), 1) if reduction == "mean" else 1
    return (input - target) * (g * (2 / entries))


@op(
    name="mse_loss",
    method=False,
    promotes=True,
    input=_squared_gradient,
    target=lambda g, input, target, reduction: _squared_gradient(g, target, input, reduction),
)
def _mse_loss(input: Array, target: Array, reduction: str) -> Array:
    losses = expect_floats("mse_loss", input) - expect_floats("mse_loss", target)
    losses *= losses
    if reduction == "none":
        return losses.astype(input.dtype, copy=False)
    y = total(losses)
    return (y / losses.size if reduction == "mean" else y).astype(input.dtype)


@public(method=False)
def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """(input − target)².

    >>> mse_loss(Tensor([1.0, 2.0]), Tensor([1.0, 4.0]))
    tensor(2.)
    """
    check_reduction("mse_loss", reduction)
    _expect_alike("mse_loss", input=input, target=target)
    if weight is None:
        return _mse_loss(input, target, reduction)
    return _weighted("mse_loss", _mse_loss(input, target, "none"), weight, reduction)


@public(method=False)
def l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", weight: Tensor | None = None) -> Tensor:
    """|input − target|."""
    check_reduction("l1_loss", reduction)
    _expect_alike("l1_loss", input=input, target=target)
    return _weighted("l1_loss", (input - target).abs(), weight, reduction)


def _square_up_to(limit: float, input: Tensor, target: Tensor) -> Tensor:
    """d²/2 of differences d up to the limit, and limit · (|d| − limit/2) beyond, which goes on with the same slope."""
    difference = input - target
    near = difference.clamp(-limit, limit)
    return near * (difference - near * 0.5)


@public(method=False)
def huber_loss(
    input: Tensor, target: Tensor, *, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d²/2 where the difference |d| ≤ delta, else delta · (|d| − delta/2)."""
    check_reduction("huber_loss", reduction)
    _expect_alike("huber_loss", input=input, target=target)
    if delta <= 0:
        raise RuntimeError(f"huber_loss: expected a delta above 0, but got {delta}")
    expect_floats("huber_loss", input.array)
    losses = _square_up_to(delta, input, target)
    if weight is None or reduction != "mean":
        return _weighted("huber_loss", losses, weight, reduction)
    return _weighted("huber_loss", losses, weight, "none").mean()  # here, in PyTorch too, the mean is that of entries


@public(method=False)
def smooth_l1_loss(input: Tensor, target: Tensor, *, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """d²/(2·beta) where the difference |d| < beta, else |d| − beta/2: `huber_loss` divided by beta."""
    check_reduction("smooth_l1_loss", reduction)
    _expect_alike("smooth_l1_loss", input=input, target=target)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss: expected a beta of 0 or above, but got {beta}")
    expect_floats("smooth_l1_loss", input.array)
    losses = _square_up_to(beta, input, target) / beta if beta else (input - target).abs()
    return _reduced(losses, reduction)


# ---------------------------------------------------------------------------------------------- of probabilities


@op(
    name="binary_cross_entropy",
    method=False,
    input=lambda g, input, target: g * (input - target) / np.maximum(input * (1 - input), _TINY),
    target=lambda g, input: g * (np.log1p(-input) - np.log(input)),
)
def _binary_cross_entropy(input: Array, target: Array) -> Array:
    x, t = widened(input), widened(target)
    losses = t * np.maximum(np.log(x), -100.0) + (1 - t) * np.maximum(np.log1p(-x), -100.0)
    return (-losses).astype(input.dtype, copy=False)


@public(method=False)
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, *, reduction: str = "mean"
) -> Tensor:
    """−target · log input − (1 − target) · log(1 − input), for probabilities; each log is at least −100.

    After a sigmoid, `binary_cross_entropy_with_logits` of what went into it is more accurate.
    """
    name = "binary_cross_entropy"
    check_reduction(name, reduction)
    _expect_alike(name, ValueError, input=input, target=target)
    _expect_float_target(name, input, target)
    for key, x in (("input", input.array), ("target", target.array)):
        if not bool(((x >= 0) & (x <= 1)).all()):
            raise RuntimeError(
                f"{name}: all elements of {key} should be between 0 and 1; for logits use {name}_with_logits"
            )
    losses = _binary_cross_entropy(input, target)
    return _reduced(losses if weight is None else _scaled(name, losses, weight=weight), reduction)


@public(method=False)
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """The `binary_cross_entropy` of sigmoid(input), for any input; `pos_weight` multiplies the loss of positives.

    >>> binary_cross_entropy_with_logits(Tensor([1e3, -1e3]), Tensor([1.0, 1.0]), reduction="none")
    tensor([   0., 1000.])
    """
    name = "binary_cross_entropy_with_logits"
    check_reduction(name, reduction)
    _expect_alike(name, ValueError, input=input, target=target)
    _expect_float_target(name, input, target)
    of_positives = logsigmoid(input)
    if pos_weight is not None:
        of_positives = of_positives * (_scaled(name, target, pos_weight=pos_weight - 1) + 1)
    losses = (1 - target) * input - of_positives
    return _reduced(losses if weight is None else _scaled(name, losses, weight=weight), reduction)


def _scaled(name: str, x: Tensor, **factor: Any) -> Tensor:
    """x multiplied by a factor that broadcasts to it."""
    ((key, value),) = factor.items()
    if common_shape(name, x.shape, value.shape) != x.shape:
        raise RuntimeError(f"{name}: expected a {key} that broadcasts to {x.shape}, but its shape is {value.shape}")
    return x * value


@public(method=False)
def kl_div(input: Tensor, target: Tensor, *, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """target · (log target − input), for an input of log-probabilities and a target of probabilities, or their logs.

    The divergence of two distributions is the sum of it over a row: "batchmean" is the mean of these sums.
    """
    check_reduction("kl_div", reduction, "batchmean")
    _expect_alike("kl_div", input=input, target=target)
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = target * (where(target.eq(0), 1.0, target).log() - input)  # 0 · log 0 counts as 0
    if reduction == "batchmean":
        return losses.sum() / (input.shape[0] if input.ndim else 1)
    return _reduced(losses, reduction)


# ---------------------------------------------------------------------------------------------- of distances


@public(method=False)
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, *, reduction: str = "mean"
) -> Tensor:
    """1 − cos(x1, x2) of pairs of vectors whose target is 1, and max(0, cos(x1, x2) − margin) where it is −1."""
    name = "cosine_embedding_loss"
    check_reduction(name, reduction)
    _expect_alike(name, input1=input1, input2=input2)
    if target.ndim > 1 or target.shape != input1.shape[:-1] or not input1.ndim:
        shapes = f"{input1.shape} and {target.shape}"
        raise RuntimeError(f"{name}: expected inputs (N, D) and a target (N,), or (D,) and (), but got {shapes}")
    squares = ((input1 * input1).sum(-1) + _TINY) * ((input2 * input2).sum(-1) + _TINY)
    cosines = (input1 * input2).sum(-1) / squares.sqrt()
    apart = where(target.eq(-1), (cosines - margin).clamp(min=0), 0.0)
    return _reduced(where(target.eq(1), 1 - cosines, apart), reduction)


@public(method=False)
def hinge_embedding_loss(input: Tensor, target: Tensor, margin: float = 1.0, *, reduction: str = "mean") -> Tensor:
    """x where the target is 1, and max(0, margin − x) where it is −1, for distances x."""
    check_reduction("hinge_embedding_loss", reduction)
    _expect_alike("hinge_embedding_loss", input=input, target=target)
    apart = where(target.ne(1), (margin - input).clamp(min=0), 0.0)
    return _reduced(where(target.ne(-1), input, 0.0) + apart, reduction)


@public(method=False)
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0.0, *, reduction: str = "mean"
) -> Tensor:
    """max(0, margin − target · (x1 − x2)), where the target says if x1 should be the greater (1) or the lesser (−1)."""
    check_reduction("margin_ranking_loss", reduction)
    _expect_alike("margin_ranking_loss", input1=input1, input2=input2, target=target)
    return _reduced((margin - target * (input1 - input2)).clamp(min=0), reduction)


@public(method=False)
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Tensor:
    """max(0, ‖anchor − positive‖ₚ − ‖anchor − negative‖ₚ + margin), where `eps` is added to each difference.

    With `swap`, ‖positive − negative‖ₚ takes the place of the second distance where it is less.
    """
    check_reduction("triplet_margin_loss", reduction)
    _expect_alike("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin must be greater than 0, but got {margin}")

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return norm(a - b + eps, p, -1)

    away = distance(anchor, negative)
    if swap:
        away = minimum(away, distance(positive, negative))
    return _reduced((distance(anchor, positive) + margin - away).clamp(min=0), reduction)
