"""Losses: each of `functional`, as a module.

All have the argument `reduction`: the "mean" of all losses, their "sum", or every one of them ("none"). Weights are
buffers: they go where the module goes, and stand in its state dict.
"""

from __future__ import annotations

from ..tensor import Tensor
from . import functional as F
from .function_module import FunctionModule

__all__ = [
    "BCELoss", "BCEWithLogitsLoss", "CosineEmbeddingLoss", "CrossEntropyLoss", "HingeEmbeddingLoss", "HuberLoss",
    "KLDivLoss", "L1Loss", "MSELoss", "MarginRankingLoss", "NLLLoss", "SmoothL1Loss", "TripletMarginLoss",
]  # fmt: skip


class Loss(FunctionModule):
    """What the losses share: which of their settings are buffers, and a repr without any."""

    buffers_among_settings = ("weight", "pos_weight")

    def extra_repr(self) -> str:
        return ""


# ---------------------------------------------------------------------------------------------- of differences


class MSELoss(Loss):
    """(input − target)².

    >>> MSELoss()(Tensor([1.0, 2.0]), Tensor([1.0, 4.0]))
    tensor(2.)
    """

    function = staticmethod(F.mse_loss)

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class L1Loss(Loss):
    """|input − target|."""

    function = staticmethod(F.l1_loss)

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class HuberLoss(Loss):
    """d²/2 where the difference |d| ≤ delta, else delta · (|d| − delta/2). Huber, 1964."""

    function = staticmethod(F.huber_loss)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class SmoothL1Loss(Loss):
    """d²/(2·beta) where the difference |d| < beta, else |d| − beta/2. Girshick, "Fast R-CNN", 2015."""

    function = staticmethod(F.smooth_l1_loss)

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction, beta=beta)


# ---------------------------------------------------------------------------------------------- of classes


class CrossEntropyLoss(Loss):
    """−log softmax(input) at the right class: scores (N, C, …), classes (N, …), or probabilities (N, C, …).

    `weight` (C,) says how much each class counts, also in the mean; samples of class `ignore_index` do not count at
    all; `label_smoothing` is the share of a target that is spread over all classes.

    >>> import minideep
    >>> CrossEntropyLoss()(Tensor([[0.0, 0.0]]), minideep.tensor([1]))
    tensor(0.6931)
    """

    function = staticmethod(F.cross_entropy)

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing)


class NLLLoss(Loss):
    """−input at the right class, for log-probabilities: after `LogSoftmax`, the `CrossEntropyLoss`."""

    function = staticmethod(F.nll_loss)

    def __init__(self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction)


# ---------------------------------------------------------------------------------------------- of probabilities


class BCELoss(Loss):
    """−target · log input − (1 − target) · log(1 − input), for probabilities; each log is at least −100."""

    function = staticmethod(F.binary_cross_entropy)

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(weight=weight, reduction=reduction)


class BCEWithLogitsLoss(Loss):
    """The `BCELoss` of σ(input), exact for any input; `pos_weight` multiplies the loss of positives."""

    function = staticmethod(F.binary_cross_entropy_with_logits)

    def __init__(
        self, weight: Tensor | None = None, *, reduction: str = "mean", pos_weight: Tensor | None = None
    ) -> None:
        super().__init__(weight=weight, reduction=reduction, pos_weight=pos_weight)


class KLDivLoss(Loss):
    """target · (log target − input), for an input of log-probabilities and a target of probabilities, or their logs.

    The divergence of distributions is the sum of a row of it: ``reduction="batchmean"`` is the mean of these sums.
    """

    function = staticmethod(F.kl_div)

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction, log_target=log_target)


# ---------------------------------------------------------------------------------------------- of distances


class CosineEmbeddingLoss(Loss):
    """1 − cos(x1, x2) of pairs of vectors whose target is 1, and max(0, cos(x1, x2) − margin) where it is −1."""

    function = staticmethod(F.cosine_embedding_loss)

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(margin=margin, reduction=reduction)


class HingeEmbeddingLoss(Loss):
    """x where the target is 1, and max(0, margin − x) where it is −1, for distances x."""

    function = staticmethod(F.hinge_embedding_loss)

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(margin=margin, reduction=reduction)


class MarginRankingLoss(Loss):
    """max(0, margin − target · (x1 − x2)), where the target says if x1 should be the greater (1) or the lesser (−1)."""

    function = staticmethod(F.margin_ranking_loss)

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(margin=margin, reduction=reduction)


class TripletMarginLoss(Loss):
    """max(0, ‖anchor − positive‖ₚ − ‖anchor − negative‖ₚ + margin), where `eps` is added to each difference.

    With `swap`, ‖positive − negative‖ₚ takes the place of the second distance where it is less.
    """

    function = staticmethod(F.triplet_margin_loss)

    def __init__(
        self, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *, reduction: str = "mean"
    ) -> None:
        if margin <= 0:
            raise ValueError(f"TripletMarginLoss: expected a margin greater than 0, but got {margin}")
        super().__init__(margin=margin, p=p, eps=eps, swap=swap, reduction=reduction)
