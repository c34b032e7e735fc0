"""``python -m gradcheck [op …]``: run the catalogue, or some of its ops, and print the op × property table."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .page import render_page
from .properties import FAILED
from .specimen import full_catalogue
from .table import Row, fill, render, render_ops, room_of

_BAR = 30
_IN_FULL = 3  # as many ops are shown line by line rather than as a table


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 if nothing failed, 1 if something did, 2 for a question that makes no sense."""
    options = _parser().parse_args(arguments)
    catalogue = full_catalogue()
    unknown = [name for name in options.ops if name not in catalogue]
    if unknown:
        print(_not_there(unknown[0]), file=sys.stderr)
        return 2
    names = list(dict.fromkeys(options.ops)) or list(catalogue)
    if options.list:
        _print_names(names)
        return 0
    jobs = options.jobs or min(len(os.sched_getaffinity(0)), 1 + len(names) // 20)
    table = fill(names, options.seed, jobs, _Progress(len(names)))
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    few = len(names) <= _IN_FULL
    print(render_ops(table, colour) if few else render(table, options.verbose, colour))
    if options.html:
        options.html.write_text(render_page(table), encoding="utf-8")
        print(f"written to {options.html}")
    return 1 if table.count(FAILED) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gradcheck", description=__doc__)
    parser.add_argument("ops", nargs="*", metavar="op", help="names of ops; all of the catalogue if none is given")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the table as a web page, too")
    parser.add_argument("--list", action="store_true", help="print the names of the ops and stop")
    parser.add_argument("--seed", type=int, default=0, help="seed of the samples and directions (default 0)")
    parser.add_argument("--jobs", type=int, default=0, help="processes to share the work (default: one a core)")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="say of every cell what it did, or why it did not run"
    )
    return parser


def _not_there(name: str) -> str:
    near = difflib.get_close_matches(name, full_catalogue(), n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "--list prints all there are"
    return f"gradcheck: there is no op '{name}' in the catalogue; {hint}"


def _print_names(names: Sequence[str]) -> None:
    rooms: dict[str, list[str]] = {}
    for name in names:
        rooms.setdefault(room_of(full_catalogue()[name]), []).append(name)
    for room, listed in rooms.items():
        print(f"{room}: {' '.join(listed)}")


class _Progress:
    """A bar on stderr while the table is filled; silent where stderr is no terminal."""

    def __init__(self, total: int) -> None:
        self.total, self.done, self.failed = total, 0, 0

    def __call__(self, row: Row) -> None:
        self.done += 1
        self.failed += bool(row.failures)
        if not sys.stderr.isatty():
            return
        filled = _BAR * self.done // self.total
        failed = f", {self.failed} failed" if self.failed else ""
        line = f"{'█' * filled}{'░' * (_BAR - filled)} {self.done}/{self.total}{failed}  {row.op}"
        sys.stderr.write(f"\r\033[K{line[:100]}" if self.done < self.total else "\r\033[K")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
