"""Is the gradient right? One line tells, and if it is not, says where and why.

    >>> import minideep
    >>> from gradcheck import check
    >>> print(check(lambda x, w: (x @ w).tanh(), minideep.randn(4, 3), minideep.randn(3, 2)))
    gradcheck of <lambda>: passed
      checked: gradient, second derivative

`check` takes any function of Tensors; ``assert check(f, x)`` makes a test. ``python -m gradcheck`` runs the catalogue,
in which every public op of minideep has its entry, and prints which op has which property: `docs/gradcheck.md`.
"""

from __future__ import annotations

from .check import check
from .entry import Entry, Failure, Make, Sample, entry
from .report import Finding, Report

__all__ = ["Entry", "Failure", "Finding", "Make", "Report", "Sample", "check", "entry"]
