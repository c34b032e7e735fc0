"""Cross-entropy: how surprised scores of classes are by the class, or by the probabilities of classes, that they meet.

Scores are (N, C, …) for C classes, classes are integers (N, …), and probabilities (N, C, …); or (C,), (), (C,) for one
sample. The kernels see scores as lanes, (N, C) or (N, C, K).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..backend import Array, float16, float32, int64, module_of, uint8, widened
from ..tensor import Tensor
from .activation import expect_floats
from .indexing import gathered
from .loss import check_reduction
from .softmax import as_lanes, log_softmax, sums
from .ternary import where

__all__ = ["cross_entropy", "nll_loss"]


class _Classes:
    """Right classes: where in lanes of scores theirs are, which do not count, how much the others do, and all of them.

    `ignored` is None where all count, and `weight` where all count as 1.
    """

    def __init__(self, name: str, lanes: Any, target: Array, weight: Array | None, ignore_index: int) -> None:
        samples, classes, *rest = lanes.shape
        target = target.reshape((samples, *rest)).astype(int64)
        self.ignored: Array | None = None
        if 0 <= ignore_index < classes or not _all_below(classes, target):
            self.ignored = target == ignore_index
            target[self.ignored] = 0
            if not _all_below(classes, target):
                wrong = int(target[(target < 0) | (target >= classes)].reshape(-1)[0])
                raise IndexError(
                    f"{name}: target {wrong} is out of bounds: the {classes} classes are 0 to {classes - 1}"
                )
        arange = module_of(target).arange
        self.index = (arange(samples)[:, None], target, arange(rest[0])) if rest else (arange(samples), target)
        self.weight = None if weight is None else widened(weight)[target]
        if self.ignored is not None:
            ones = np.ones_like(target, dtype=lanes.dtype) if self.weight is None else self.weight
            self.weight = ones * ~self.ignored
        self.total = target.size if self.weight is None else self.weight.sum()


def _all_below(limit: int, target: Array) -> bool:
    """Whether all classes are from 0 up to a limit: read without a sign, negative ones are large, too."""
    return not target.size or int(target.view("u8").max()) < limit


def _dimension_of_classes(input: Any) -> int:
    return 1 if input.ndim > 1 else 0


# ---------------------------------------------------------------------------------------------- plain


def _plain_losses(
    name: str, logs: Tensor, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float = 0.0
) -> Any:
    """The losses of log-probabilities. Of smoothed targets, a share goes to all classes evenly."""
    lanes = as_lanes(logs.to(float32) if logs.dtype == float16 else logs, _dimension_of_classes(logs))
    classes = _Classes(name, lanes, target.array, None if weight is None else weight.array, ignore_index)
    losses = -gathered(lanes, classes.index) * (1 - smoothing)
    if classes.weight is not None:
        losses = losses * make_tensor(classes.weight)
    if smoothing:
        sides = (-1, *(1,) * (lanes.ndim - 2))
        losses = losses - (lanes if weight is None else lanes * weight.reshape(sides)).sum(1) * (
            smoothing / lanes.shape[1]
        )
    if classes.ignored is not None:
        losses = where(make_tensor(classes.ignored), 0.0, losses)
    if reduction == "none":
        return losses.reshape(target.shape).to(logs.dtype)
    loss = losses.sum()
    return (loss / classes.total if reduction == "mean" else loss).to(logs.dtype)


def _plain_cross_entropy(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, smoothing: float = 0.0
) -> Any:
    logs = log_softmax(input, _dimension_of_classes(input))
    return _plain_losses("cross_entropy", logs, target, weight, ignore_index, reduction, smoothing)


# ---------------------------------------------------------------------------------------------- fused


def _cross_entropy_gradient(
    g: Any, input: Any, reduction: str, exponentials: Any, total: Any, classes: _Classes
) -> Any:
    """(softmax − 1 at the right class) · weight · g."""
    factors = widened(g)
    if reduction == "none":
        factors = factors.reshape(classes.index[1].shape)
    elif reduction == "mean":
        factors = factors / classes.total
    if classes.weight is not None:
        factors = factors * classes.weight
    dx = exponentials * ((factors[:, None] if factors.ndim else factors) / total)
    dx[classes.index] -= factors
    return dx.reshape(input.shape).astype(input.dtype, copy=False)


@op(
    name="cross_entropy",
    method=False,
    twin=_plain_cross_entropy,
    keeps=["exponentials", "total", "classes"],
    input=_cross_entropy_gradient,
)
def _cross_entropy(
    input: Array, target: Array, weight: Array | None = None, ignore_index: int = -100, reduction: str = "mean"
) -> tuple[Array, Array, Array, _Classes]:
    x = as_lanes(expect_floats("cross_entropy", input), _dimension_of_classes(input))
    classes = _Classes("cross_entropy", x, target, weight, ignore_index)
    shifted = x - x.max(axis=1, keepdims=True) if x.size else x.copy()
    chosen = shifted[classes.index]
    exponentials = np.exp(shifted, out=shifted)
    total = sums(exponentials)
    losses = np.log(total[:, 0]) - chosen
    if classes.weight is not None:
        losses *= classes.weight
    if classes.ignored is not None:
        losses[classes.ignored] = 0
    if reduction == "none":
        y = losses.reshape(target.shape)
    else:
        y = losses.sum() / classes.total if reduction == "mean" else losses.sum()
    return y.astype(input.dtype, copy=False), exponentials, total, classes


# ---------------------------------------------------------------------------------------------- what users call


@public(method=False)
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """−log softmax(input) at the right class; for probabilities, the sum of −target · log softmax(input) over classes.

    `weight` says how much each class counts, also in the mean. Samples of class `ignore_index` do not count at all.
    `label_smoothing` is the share of a target that is taken from it and spread evenly over all classes.

    >>> import minideep
    >>> cross_entropy(Tensor([[0.0, 0.0], [0.0, 100.0]]), minideep.tensor([1, 0]), reduction="none")
    tensor([  0.6931, 100.0000])
    """
    name = "cross_entropy"
    check_reduction(name, reduction)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"{name}: label_smoothing must be between 0 and 1, but got {label_smoothing}")
    _check_weight(name, input, weight)
    if isinstance(target, Tensor) and target.shape == input.shape:
        return _of_probabilities(input, target, weight, ignore_index, reduction, label_smoothing)
    _check_classes(name, input, target)
    if label_smoothing:
        return _plain_cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
    return _cross_entropy(input, target, weight, ignore_index, reduction)


def _of_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str, smoothing: float
) -> Tensor:
    if target.dtype.kind != "f" or not target.ndim:
        raise RuntimeError(
            f"cross_entropy: a target of the input's shape {input.shape} is of probabilities, but this one is of "
            f"{target.dtype}; classes as integers have no dimension for the classes"
        )
    if ignore_index >= 0:
        raise RuntimeError("cross_entropy: ignore_index is for targets that are classes, but these are probabilities")
    dim = _dimension_of_classes(input)
    if smoothing:
        target = target * (1 - smoothing) + smoothing / input.shape[dim]
    losses = -(log_softmax(input, dim) * target)
    if weight is not None:
        losses = losses * weight.reshape((-1, *(1,) * (input.ndim - dim - 1)))
    losses = losses.sum(dim)
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.mean()


@public(method=False)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """−input at the right class, for log-probabilities: after `log_softmax`, the `cross_entropy`."""
    check_reduction("nll_loss", reduction)
    _check_weight("nll_loss", input, weight)
    _check_classes("nll_loss", input, target)
    expect_floats("nll_loss", input.array)
    return _plain_losses("nll_loss", input, target, weight, ignore_index, reduction)


def _check_classes(name: str, input: Tensor, target: Any) -> None:
    if not isinstance(target, Tensor):
        raise TypeError(f"{name}: expected target to be a Tensor, but got {type(target).__name__}")
    if not input.ndim:
        raise (ValueError if name == "nll_loss" else RuntimeError)(
            f"{name}: expected scores (N, C, …) or (C,), but got ()"
        )
    expected = input.shape[:1] + input.shape[2:] if input.ndim > 1 else ()
    if target.shape != expected:
        error = ValueError if input.ndim > 1 and target.shape[:1] != expected[:1] else RuntimeError
        raise error(f"{name}: scores {input.shape} want classes of shape {expected}, but the target is {target.shape}")
    if target.dtype not in (int64, uint8):
        raise RuntimeError(
            f"{name}: expected classes of dtype int64, but got {target.dtype}; convert with target.long()"
        )


def _check_weight(name: str, input: Tensor, weight: Tensor | None) -> None:
    classes = input.shape[1:2] if input.ndim > 1 else input.shape
    if weight is not None and weight.shape != classes:
        raise RuntimeError(f"{name}: expected a weight for each of the classes, {classes}, but got {weight.shape}")
    if weight is not None and weight.dtype != input.dtype:
        raise RuntimeError(f"{name}: expected a weight of the input's dtype {input.dtype}, but got {weight.dtype}")
