"""``python -m benchmarks``: choose, measure, report."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from . import memory, report, workloads  # noqa: F401  the workloads declare themselves
from .engines import ENGINES, engines
from .measure import measure
from .workload import WORKLOADS, chosen

BUSY = 0.5  # a load average from which PyTorch's threads, above all, wait for a core most of the time


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
    about = report.circumstances(" ".join(["python -m benchmarks", *sys.argv[1:]]))
    if about["load"] > BUSY:
        print(
            f"the machine is busy (load average {about['load']:.2f}): these figures will not say much", file=sys.stderr
        )
    asked = list(engines(options.engines))
    selected = chosen(options.workloads)
    results = []
    with tqdm(total=len(selected) * options.rounds, unit="round", leave=False) as bar:
        for workload in selected:
            bar.set_description(workload.name)
            result = measure(workload, asked, options.rounds, bar.update)
            if workload.memory_bar:
                result.peak_bytes = memory.peaks(workload.name, result.seconds)
            results.append(result)
    print(report.text(results))
    if options.json:
        options.json.write_text(report.as_json(results, about))
    if options.write_results:
        report.write_results(results, about)


if __name__ == "__main__":
    main()
