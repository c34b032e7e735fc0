"""The op × property table: filling it, in several processes, and printing it."""

from __future__ import annotations

import os
import shutil
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from .entry import Entry
from .properties import COLUMNS, FAILED, PASSED, SKIPPED, Cell, examine
from .specimen import Specimen, full_catalogue

SYMBOLS = {PASSED: "✓", FAILED: "✗", SKIPPED: "·"}
_COLOURS = {PASSED: "\033[34m", FAILED: "\033[1;33m", SKIPPED: "\033[2m"}  # blue and yellow: told apart by all eyes
_PLAIN = "\033[0m"


@dataclass(frozen=True)
class Row:
    """One op: the room of the catalogue it is in, and its cells in the order of the columns."""

    op: str
    room: str
    cells: tuple[Cell, ...]

    @property
    def failures(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.state == FAILED]


@dataclass(frozen=True)
class Table:
    """All rows, and how long filling them took."""

    rows: tuple[Row, ...]
    seconds: float

    @property
    def failures(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.failures]

    def count(self, state: str) -> int:
        return sum(cell.state == state for row in self.rows for cell in row.cells)

    def summary(self) -> str:
        """The whole in one line."""
        return (
            f"{len(self.rows)} op{'s' * (len(self.rows) != 1)} × {len(COLUMNS)} properties: "
            f"{self.count(PASSED)} passed, {self.count(FAILED)} failed, {self.count(SKIPPED)} do not apply; "
            f"{self.seconds:.0f} s"
        )


def room_of(entry: Entry) -> str:
    """The file of the catalogue in which an entry stands."""
    return entry.samples.__module__.rpartition(".")[2]


def row_of(name: str, seed: int = 0) -> Row:
    """All cells of one op."""
    entry = full_catalogue()[name]
    specimen = Specimen(entry, seed)
    return Row(name, room_of(entry), tuple(examine(specimen, column) for column in COLUMNS.values()))


def fill(
    names: Sequence[str], seed: int = 0, jobs: int = 1, progress: Callable[[Row], None] = lambda row: None
) -> Table:
    """Examine these ops; `progress` is called with each row as it is done."""
    start = time.perf_counter()
    rows = {}
    for row in _in_processes(names, seed, jobs) if jobs > 1 else (row_of(name, seed) for name in names):
        rows[row.op] = row
        progress(row)
    return Table(tuple(rows[name] for name in names), time.perf_counter() - start)


def _in_processes(names: Iterable[str], seed: int, jobs: int) -> Iterator[Row]:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # the processes are the parallelism
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for done in as_completed([pool.submit(row_of, name, seed) for name in names]):
            yield done.result()


# ---------------------------------------------------------------------------------------------- printing


def render(table: Table, verbose: bool = False, colour: bool = False) -> str:
    """The table as text: symbols, what they and the columns mean, and all failures in full."""
    width = max([len(row.op) for row in table.rows] + [12]) + 4
    header = " " * width + " ".join(column.abbreviation for column in COLUMNS.values())
    lines, room = [header], ""
    for row in table.rows:
        if row.room != room:
            room = row.room
            lines.append(f"{room}:")
        lines.append(f"  {row.op:{width - 2}}" + " ".join(_symbol(cell, colour) for cell in row.cells))
    lines += ["", *_legend(), ""]
    if verbose:
        lines += [_details(row, colour) + "\n" for row in table.rows]
    else:
        lines += [_details(row, colour, only=FAILED) + "\n" for row in table.rows if row.failures]
    return "\n".join([*lines, table.summary()])


def render_ops(table: Table, colour: bool = False) -> str:
    """A few ops in full: every column with its outcome, or the reason why it does not apply."""
    return "\n\n".join([*(_details(row, colour) for row in table.rows), table.summary()])


def _symbol(cell: Cell, colour: bool) -> str:
    symbol = f"{SYMBOLS[cell.state]} "
    return _COLOURS[cell.state] + symbol + _PLAIN if colour else symbol


def _legend() -> list[str]:
    width = shutil.get_terminal_size((110, 24)).columns
    lines = [f"{SYMBOLS[PASSED]} passed   {SYMBOLS[FAILED]} failed   {SYMBOLS[SKIPPED]} does not apply (-v says why)"]
    for column in COLUMNS.values():
        text = f"{column.abbreviation}  {column.name}: {column.meaning}"
        lines += textwrap.wrap(text, width, subsequent_indent="    ")
    return lines


def _details(row: Row, colour: bool, only: str = "") -> str:
    """The cells of one op, line by line; where one and the same thing went wrong in many, it is told once."""
    lines, told = [row.op], set()
    for cell in row.cells:
        if only not in ("", cell.state) or (cell.state == FAILED and cell.text in told):
            continue
        told.add(cell.text)
        others = sum(c.text == cell.text for c in row.cells) - 1 if cell.state == FAILED else 0
        text = cell.text + (f" (and so in {others} more)" if others else "")
        lines.append(f"  {_symbol(cell, colour)}{cell.column:20} " + text.replace("\n", "\n" + " " * 26))
    return "\n".join(lines)
