"""``python -m benchmarks``: choose, measure, report."""

from __future__ import annotations

import argparse
from pathlib import Path

from tqdm import tqdm

from . import memory, report, workloads  # noqa: F401  the workloads declare themselves
from .engines import ENGINES, engines
from .measure import measure
from .workload import WORKLOADS, chosen


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="minideep beside PyTorch and the peers")
    parser.add_argument("workloads", nargs="*", metavar="workload", help="beginnings of names; all if none is given")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="which to ask")
    parser.add_argument("--rounds", type=int, default=15, help="how often each engine is asked (15)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round's time to FILE")
    parser.add_argument("--list", action="store_true", help="name the workloads and stop")
    parser.add_argument("--write-results", action="store_true", help=f"write {report.RESULTS.name}")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.list:
        print("\n".join(WORKLOADS))
        return
    asked = list(engines(options.engines))
    selected = chosen(options.workloads)
    results = []
    with tqdm(total=len(selected) * options.rounds, unit="round", leave=False) as bar:
        for workload in selected:
            bar.set_description(workload.name)
            result = measure(workload, asked, options.rounds, bar.update)
            if workload.memory_bar:
                peaks = {name: memory.peak_bytes(workload.name, name) for name in ("minideep", "torch") if name in result.seconds}
                result.peak_bytes = {name: peak for name, peak in peaks.items() if peak is not None}
            results.append(result)
    print(report.text(results))
    command = " ".join(["python -m benchmarks", *options.workloads, f"--rounds {options.rounds}"])
    if options.json:
        options.json.write_text(report.as_json(results, command))
    if options.write_results:
        report.write_results(results, command + " --write-results")


if __name__ == "__main__":
    main()
