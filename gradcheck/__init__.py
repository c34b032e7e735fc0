"""Is the gradient right? One line tells, and says why if it is not."""

from __future__ import annotations

from .check import check
from .entry import Entry, Failure, Make, Sample, entry
from .report import Finding, Report

__all__ = ["Entry", "Failure", "Finding", "Make", "Report", "Sample", "check", "entry"]
