"""Finding the op that made the first NaN or Inf, and the line of the program that called it."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from .graph import Node

_OURS = (os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep, "<op ")  # our files, and what they write


def user_place() -> tuple[str, int]:
    """The innermost line of the running program that is not in this package: its file and number."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def as_line(place: tuple[str, int]) -> str:
    """A place in a program as a person would call it: ``file.py:12``."""
    file, number = place
    return f"{os.path.basename(file)}:{number}"


class _Anomaly:
    """Whether results are checked for NaN and Inf as they are made, forward and backward."""

    enabled = False
    lines: ClassVar[weakref.WeakKeyDictionary[Node, str]] = weakref.WeakKeyDictionary()  # where each node was made

    def check_forward(self, name: str, result: Any, inputs: Iterable[Any]) -> None:
        """Refuse a Tensor with the first NaN or Inf; of the others, remember the line that made them."""
        if result.node is not None:
            self.lines[result.node] = as_line(user_place())
        bad = self.describe(result)
        if bad and not any(self.describe(x) for x in inputs):
            raise RuntimeError(f"{name}: the forward pass made {bad} in its result, at {as_line(user_place())}")

    def check_gradients(self, node: Node, g: Any, results: Iterable[Any]) -> list[Any]:
        listed = list(results)
        for position, gradient in enumerate(listed):
            bad = self.describe(gradient)
            if bad and not self.describe(g):
                raise RuntimeError(
                    f"{node.op.name}: the backward pass returned {bad} in the gradient of input {position}; "
                    f"the forward call is at {self.lines.get(node, 'an unknown line (made outside detect_anomaly)')}"
                )
        return listed

    @staticmethod
    def describe(value: Any) -> str:
        """'nan values', 'inf values' or ''."""
        if hasattr(value, "whole"):
            value = value.whole()
        array = np.float64(value) if isinstance(value, float) else getattr(value, "array", value)
        if not hasattr(array, "dtype") or array.dtype.kind != "f" or bool(np.isfinite(array).all()):
            return ""
        return "nan values" if bool(np.isnan(array).any()) else "inf values"


anomaly = _Anomaly()


class detect_anomaly:
    """Inside, the first op that makes a NaN or an Inf raises, naming itself and the line that called it.

    >>> import minideep
    >>> x = minideep.tensor([0.0], requires_grad=True)
    >>> with detect_anomaly():
    ...     minideep.log(x).sum().backward()
    Traceback (most recent call last):
        ...
    RuntimeError: log: the forward pass made inf values in its result, at ...
    """

    def __enter__(self) -> None:
        self._before = anomaly.enabled
        anomaly.enabled = True

    def __exit__(self, *_: object) -> None:
        anomaly.enabled = self._before
