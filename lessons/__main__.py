"""Runs the lessons one after the other, as ``make lessons`` does.

    python lessons                all of them, as they are meant: about 20 seconds each
    python lessons --fast 1 4     the first and the fourth, in seconds; the other flags are --full and --show

What a lesson prints goes to out/NN_name/output.txt, its figures beside it; a table at the end sums up.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

try:
    from tqdm import tqdm
except ImportError:
    sys.exit("lessons: tqdm is not installed here; run `make lessons`, or `pip install -e '.[lessons]'` first")

LESSONS = Path(__file__).parent
FLAGS = {"--fast", "--full", "--show"}


@dataclass
class Result:
    """How the run of one lesson went."""

    lesson: str
    seconds: float
    figures: int
    error: str  # the end of what it printed, if it failed


def run(script: Path, flags: list[str]) -> Result:
    """Run one lesson in a process of its own, in the directory where this was started."""
    out = Path("out", script.stem)
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.png"):
        old.unlink()
    start = time.perf_counter()
    with open(out / "output.txt", "w") as output:
        code = subprocess.run([sys.executable, script, *flags], stdout=output, stderr=subprocess.STDOUT).returncode
    seconds = time.perf_counter() - start
    tail = "\n".join((out / "output.txt").read_text().splitlines()[-12:])
    return Result(script.stem, seconds, len(list(out.glob("*.png"))), tail if code else "")


def table(results: list[Result]) -> str:
    width = max(len(result.lesson) for result in results)
    lines = [f"{'lesson':<{width}}  seconds  figures"]
    for result in results:
        verdict = "  failed" if result.error else ""
        lines.append(f"{result.lesson:<{width}}  {result.seconds:7.1f}  {result.figures:7d}{verdict}")
    return "\n".join(lines)


def chosen(numbers: list[str]) -> list[Path]:
    """The lessons with these numbers, or all; in order."""
    scripts = {int(script.name[:2]): script for script in sorted(LESSONS.glob("[0-9][0-9]_*.py"))}
    unknown = [number for number in numbers if not number.isdigit() or int(number) not in scripts]
    if unknown:
        expected = ", ".join([*map(str, scripts), *sorted(FLAGS)])
        sys.exit(f"lessons: expected numbers of lessons or flags ({expected}), but got {unknown[0]!r}")
    return [script for number, script in scripts.items() if not numbers or number in map(int, numbers)]


def main(arguments: list[str]) -> int:
    flags = [argument for argument in arguments if argument in FLAGS]
    results = []
    progress = tqdm(chosen([argument for argument in arguments if argument not in FLAGS]), unit="lesson")
    for script in progress:
        progress.set_description(script.stem)
        results.append(run(script, flags))
    for result in results:
        if result.error:
            print(f"\n{result.lesson} failed; its last lines (all of them are in out/{result.lesson}/output.txt):")
            print(result.error)
    print(f"\n{table(results)}\n\nfigures and printed output: {Path('out').resolve()}")
    return int(any(result.error for result in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
