"""Peak memory of a workload, each engine in a process of its own.

The process imports the engine and runs the workload once at tiny size, which loads whatever the libraries load when
they are first used. What the process holds then is the baseline. It asks the kernel to forget the peak so far, builds
the workload at full size (parameters, data, optimizer state), runs it three times, and reports the peak of its resident
memory over the baseline. The kernel keeps that peak itself (VmHWM), so that no temporary is too short-lived to count.
"""

from __future__ import annotations

import gc
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from .engines import ENGINES, Lacks
from .workload import WORKLOADS

STEPS = 3


def peaks(workload: str, engines: Iterable[str]) -> dict[str, int]:
    """The peaks of minideep and PyTorch, if they are among the engines."""
    measured = {name: peak_bytes(workload, name) for name in engines if name in ("minideep", "torch")}
    return {name: peak for name, peak in measured.items() if peak is not None}


def peak_bytes(workload: str, engine: str) -> int | None:
    """The peak over the baseline in a new process; None where the kernel or the engine cannot say."""
    command = [sys.executable, "-m", "benchmarks.memory", workload, engine]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    return int(finished.stdout) if finished.returncode == 0 else None


def _resident(field: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE)[1]) * 1024  # type: ignore[index]


def main(workload: str, engine: str) -> None:
    from . import workloads  # noqa: F401  declares them

    m = ENGINES[engine]()
    WORKLOADS[workload].start(m, tiny=True)()
    gc.collect()
    baseline = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak (man 5 proc)
    run = WORKLOADS[workload].start(m)
    for _ in range(STEPS):
        run()
    print(_resident("VmHWM") - baseline)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (Lacks, OSError) as reason:
        sys.exit(str(reason))
