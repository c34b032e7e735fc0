"""What the tests of data share."""

from __future__ import annotations

from typing import Any


def plain(value: Any) -> Any:
    """Batches without tensors, of any library: lists and numbers."""
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value.tolist() if hasattr(value, "tolist") else value
