"""Floor 0: text in columns."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(rows: Sequence[Sequence[str]], left: int) -> list[str]:
    """Lines of text, the first `left` columns with the text on the left; a line under the first row.

    >>> print("\\n".join(aligned([["layer", "size"], ["fc", "10"]], left=1)))
    layer  size
    -----------
    fc       10
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            f"{text:<{n}}" if i < left else f"{text:>{n}}" for i, (text, n) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
