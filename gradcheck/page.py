"""The table as one self-contained web page."""

from __future__ import annotations

import html
from importlib import resources

from .properties import COLUMNS, FAILED, PASSED, SKIPPED, Cell
from .table import SYMBOLS, Row, Table


def render_page(table: Table) -> str:
    """A page that needs nothing but itself: no network, no other file."""
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    parts = {
        "summary": html.escape(table.summary()),
        "passed": str(table.count(PASSED)),
        "failed": str(table.count(FAILED)),
        "skipped": str(table.count(SKIPPED)),
        "ops": str(len(table.rows)),
        "seconds": f"{table.seconds:.0f}",
        "columns": "".join(f'<th scope="col"><span>{html.escape(name)}</span></th>' for name in COLUMNS),
        "legend": "".join(f"<dt>{html.escape(c.name)}</dt><dd>{html.escape(c.meaning)}</dd>" for c in COLUMNS.values()),
        "failures": "".join(map(_failure, table.failures)) or "<p>None.</p>",
        "rows": _rows(table),
    }
    for name, text in parts.items():
        template = template.replace("{{" + name + "}}", text)
    return template


def _rows(table: Table) -> str:
    lines, room = [], ""
    for row in table.rows:
        if row.room != room:
            room = row.room
            lines.append(f'<tr class="room"><th colspan="{len(COLUMNS) + 1}">{html.escape(room)}</th></tr>')
        lines.append(_row(row))
    return "\n".join(lines)


def _row(row: Row) -> str:
    cells = "".join(
        f'<td class="{cell.state}" title="{html.escape(f"{row.op}, {cell.column}: {cell.text}")}">'
        f"{SYMBOLS[cell.state]}</td>"
        for cell in row.cells
    )
    state = ' class="bad"' if row.failures else ""
    return f'<tr{state} data-op="{html.escape(row.op)}"><th scope="row">{html.escape(row.op)}</th>{cells}</tr>'


def _failure(cell: Cell) -> str:
    return f"<h3>{html.escape(cell.op)}: {html.escape(cell.column)}</h3><pre>{html.escape(cell.text)}</pre>"
