"""Agreement first, then time: engines asked in turn, compared round by round.

On a machine that does other things too, times drift; engines timed one right after the other drift together. So each
round asks every engine once (A B C A B C ...), a ratio is taken within its round, and what is reported is the median of
the rounds' ratios with the least and the greatest.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from .engines import Engine, Lacks
from .workload import Run, Workload, flat

SAMPLE_SECONDS = 0.03  # a sample repeats a run until it takes about so long
TOLERANCE = 1e-4  # of a result's norm: float32, and sums in different orders


class Disagreement(Exception):
    """An engine's result is not the reference's."""


@dataclass
class Result:
    """What was measured of one workload: by engine, the seconds of a run in each round, and the peak memory."""

    workload: Workload
    seconds: dict[str, list[float]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # engine: why
    peak_bytes: dict[str, int] = field(default_factory=dict)

    def ratios(self, engine: str, reference: str = "torch") -> list[float]:
        """Time of one engine over another's, round by round; empty if either was not timed."""
        pairs = zip(self.seconds.get(engine, []), self.seconds.get(reference, []), strict=False)
        return [mine / other for mine, other in pairs]

    def ratio(self, engine: str, reference: str = "torch") -> float | None:
        """The median of the ratios."""
        ratios = self.ratios(engine, reference)
        return statistics.median(ratios) if ratios else None

    def overhead(self, engine: str) -> float | None:
        """Microseconds a call costs over NumPy's own time."""
        pairs = zip(self.seconds.get(engine, []), self.seconds.get("numpy", []), strict=False)
        extra = [(mine - numpy) / self.workload.calls * 1e6 for mine, numpy in pairs] if self.workload.calls else []
        return statistics.median(extra) if extra else None

    def memory_ratio(self) -> float | None:
        peaks = self.peak_bytes
        return peaks["minideep"] / peaks["torch"] if {"minideep", "torch"} <= peaks.keys() else None

    def bars(self) -> list[tuple[str, float, bool]]:
        """Each bar of the workload in words, what was measured, and whether it holds."""
        w = self.workload
        at_most = [
            ("time ≤ {:g}×", w.ratio_bar, self.ratio("minideep")),
            ("≤ {:g} µs an op over NumPy", w.overhead_bar, self.overhead("minideep")),
            ("memory ≤ {:g}×", w.memory_bar, self.memory_ratio()),
        ]
        at_least = [(peer + " ≥ {:g}×", w.peers_bar, self.ratio(peer, "minideep")) for peer in ("autograd", "mygrad")]
        judged = [(text.format(bar), value, value <= bar) for text, bar, value in at_most if bar and value]
        return judged + [(text.format(bar), value, value >= bar) for text, bar, value in at_least if bar and value]


def start_all(
    workload: Workload, engines: Iterable[Engine], tiny: bool = False
) -> tuple[dict[str, Run], dict[str, str]]:
    """The workload on every engine that can do it; and for the others, why they cannot."""
    runs, left_out = {}, {}
    for engine in engines:
        try:
            run = workload.start(engine, tiny)
            run()
            runs[engine.name] = workload.start(engine, tiny)
        except Lacks as lack:
            left_out[engine.name] = str(lack)
    return runs, left_out


def check_agreement(workload: Workload, engines: list[Engine], runs: dict[str, Run], times: int = 2) -> None:
    """Run every engine a few times, and compare all results after each with those of the first."""
    named = {engine.name: engine for engine in engines if engine.name in runs}
    for _ in range(times):
        results = {name: [engine.numpy(x) for x in flat(runs[name]())] for name, engine in named.items()}
        first, *others = results
        for name in others:
            for position, (mine, expected) in enumerate(zip(results[name], results[first], strict=True)):
                _compare(workload.name, name, first, position, mine, expected)


def _compare(workload: str, name: str, first: str, position: int, mine: np.ndarray, expected: np.ndarray) -> None:
    where = f"{workload}: result {position} of {name}"
    if mine.shape != expected.shape:
        raise Disagreement(f"{where} has shape {mine.shape}, that of {first} {expected.shape}")
    size = max(float(np.linalg.norm(expected)), 1e-3)
    error = float(np.linalg.norm(mine - expected)) / size
    if not error <= TOLERANCE:
        raise Disagreement(f"{where} differs from that of {first} by {error:.1e} of its norm")


def measure(workload: Workload, engines: list[Engine], rounds: int, tick: Callable[[], None]) -> Result:
    """Check that the engines agree, then time them; `tick` is called after every round."""
    runs, left_out = start_all(workload, engines)
    check_agreement(workload, engines, runs)
    result = Result(workload, {name: [] for name in runs}, left_out)
    repeats = {name: max(1, round(SAMPLE_SECONDS / _seconds(run, 1))) for name, run in runs.items()}
    for _ in range(rounds):
        for name, run in runs.items():
            gc.collect()
            result.seconds[name].append(_seconds(run, repeats[name]))
        tick()
    return result


def _seconds(run: Run, repeats: int) -> float:
    """Seconds of one run, the mean of several in a row; one more before them brings caches and threads back."""
    run()
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats
