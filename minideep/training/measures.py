"""Means over an epoch: every sample counts the same, also where the last batch is smaller."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..tensor import Tensor

__all__ = ["Sums", "correct"]


def correct(output: Tensor, target: object) -> tuple[int, int]:
    """How many classes were told right, of how many; of none if the targets are no classes.

    Classes are whole numbers (N, …), and their scores (N, C, …).

    >>> import minideep
    >>> correct(minideep.tensor([[0.1, 0.9], [0.8, 0.2]]), minideep.tensor([1, 1]))
    (1, 2)
    """
    if not (isinstance(output, Tensor) and isinstance(target, Tensor)):
        return 0, 0
    if target.is_floating_point() or output.ndim != target.ndim + 1 or output.ndim < 2:
        return 0, 0
    right = output.array.argmax(1) == target.array
    return int(np.count_nonzero(right)), target.numel()


@dataclass
class Sums:
    """Of the losses of samples, and of the right answers, so far."""

    loss: float = 0.0
    samples: int = 0
    right: int = 0
    answers: int = 0

    def add(self, loss: float, samples: int, right: int = 0, answers: int = 0) -> None:
        """Take in a batch, whose `loss` is a mean over its samples."""
        self.loss += loss * samples
        self.samples += samples
        self.right += right
        self.answers += answers

    def means(self, prefix: str) -> dict[str, float]:
        """The mean loss, and the right answers in percent where there were any to give.

        >>> sums = Sums()
        >>> sums.add(1.0, 30, 15, 30); sums.add(4.0, 10, 5, 10)
        >>> sums.means("val")
        {'val_loss': 1.75, 'val_acc': 50.0}
        """
        means = {f"{prefix}_loss": self.loss / self.samples} if self.samples else {}
        return means | ({f"{prefix}_acc": 100 * self.right / self.answers} if self.answers else {})
