"""The results as a table, as JSON, and as RESULTS.md."""

from __future__ import annotations

import datetime
import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from minideep.tables import aligned

from .engines import ENGINES
from .measure import Result

RESULTS = Path(__file__).with_name("RESULTS.md")
PEERS = ("numpy", "autograd", "mygrad")


def table(results: Sequence[Result]) -> list[list[str]]:
    """A row of headings, then one for each workload."""
    head = ["workload", "minideep", "PyTorch", "ratio (least-greatest)"]
    head += [f"{ENGINES[peer].title} ratio" for peer in PEERS] + ["memory ratio", "bars"]
    return [head, *(_row(result) for result in results)]


def _row(result: Result) -> list[str]:
    seconds, ratios = result.seconds, result.ratios("minideep")
    spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else "-"
    return [
        result.workload.name,
        *(_time(seconds.get(engine)) for engine in ("minideep", "torch")),
        spread,
        *(_number(result.ratio(peer)) for peer in PEERS),
        _number(result.memory_ratio()),
        "; ".join(f"{bar}: {value:.2f} {'holds' if holds else 'MISSED'}" for bar, value, holds in result.bars()),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _time(seconds: list[float] | None) -> str:
    if not seconds:
        return "-"
    microseconds = statistics.median(seconds) * 1e6
    return f"{microseconds:.1f} µs" if microseconds < 1000 else f"{microseconds / 1000:.2f} ms"


def text(results: Sequence[Result]) -> str:
    """The table in columns for a terminal, and below it who was left out of what."""
    rows = table(results)
    return "\n".join([*aligned(rows, left=len(rows[0])), "", *left_out(results)])


def left_out(results: Sequence[Result]) -> list[str]:
    """One line for each reason why an engine was left out, with the workloads it concerns."""
    reasons: dict[str, list[str]] = {}
    for result in results:
        for engine, reason in result.left_out.items():
            if engine != "numpy":  # a baseline for a few workloads, no engine that lacks something
                reasons.setdefault(reason, []).append(result.workload.name)
    absent = [f"{engine.title} is not installed: left out" for engine in ENGINES.values() if not engine.installed()]
    return absent + [f"{reason}: left out of {', '.join(names)}" for reason, names in reasons.items()]


def as_json(results: Sequence[Result], about: Mapping[str, Any]) -> str:
    """Everything measured, each round's seconds included."""
    listed = [
        {
            "workload": result.workload.name,
            "seconds": result.seconds,
            "peak_bytes": result.peak_bytes,
            "left_out": result.left_out,
            "bars": [{"bar": bar, "value": value, "holds": holds} for bar, value, holds in result.bars()],
        }
        for result in results
    ]
    return json.dumps({**about, "results": listed}, indent=1) + "\n"


def circumstances(command: str) -> dict[str, Any]:
    """When, where and with what the figures are measured; to be asked before they are, for the load."""
    versions = {engine.title: engine.version() for engine in ENGINES.values() if engine.installed()}
    return {
        "date": datetime.date.today().isoformat(),
        "command": command,
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()}",
        "threads": os.environ.get("OMP_NUM_THREADS", "as many as each library chooses"),
        "load": os.getloadavg()[0],
        "versions": {"Python": platform.python_version(), **versions},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def write_results(results: Sequence[Result], about: Mapping[str, Any]) -> None:
    """RESULTS.md, from the figures of this run alone."""
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    head, *rows = table(results)
    lines = [
        "# Benchmarks",
        "",
        f"Written by `{about['command']}` on {about['date']}. Do not edit: run it again.",
        f"{about['machine']}; load average before the start {about['load']:.2f}; threads: {about['threads']}.",
        f"{versions}.",
        "",
        "Times are medians over the rounds. A ratio is the time over PyTorch's in the same round: the median, and for",
        "minideep the least and the greatest; below 1 is faster than PyTorch. Engines are asked in turn, after their",
        "results were found to agree, each with its default settings. Memory is the peak over the baseline,",
        "minideep's over PyTorch's, each in a process of its own (`memory.py` says how). NumPy is the arithmetic",
        "alone, written by hand, without an engine.",
        "",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        *(f"- {line}" for line in left_out(results)),
    ]
    RESULTS.write_text("\n".join(lines) + "\n")
