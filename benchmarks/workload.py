"""What a workload is: something to do, written once for every engine, with the bars it has to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .engines import Engine

Run = Callable[[], Any]
Sizes = Mapping[str, Any]


@dataclass(frozen=True)
class Workload:
    """`build(engine, rng, **sizes)` gets everything ready and returns what is timed: a function that does it once.

    What that function returns (tensors, or nested sequences of them) has to agree between engines. `tiny` replaces
    sizes where only agreement is wanted.
    """

    name: str
    build: Callable[..., Run]
    sizes: Sizes = field(default_factory=dict)
    tiny: Sizes = field(default_factory=dict)
    ratio_bar: float | None = None  # minideep's time / PyTorch's, at most
    peers_bar: float | None = None  # each NumPy engine's time / minideep's, at least
    overhead_bar: float | None = None  # µs a call over NumPy's own time, at most
    memory_bar: float | None = None  # minideep's peak memory / PyTorch's, at most; measured only where there is a bar
    calls: int = 0  # ops in one run, where their overhead over NumPy is asked for

    def start(self, engine: Engine, tiny: bool = False) -> Run:
        """Everything ready to run, from the same random numbers for every engine."""
        return self.build(engine, np.random.default_rng(0), **{**self.sizes, **(self.tiny if tiny else {})})


WORKLOADS: dict[str, Workload] = {}


def workload(name: str, **options: Any) -> Callable[[Callable[..., Run]], Callable[..., Run]]:
    """Declare the function below as the `build` of a workload; it may be declared several times, with other sizes."""

    def declare(build: Callable[..., Run]) -> Callable[..., Run]:
        WORKLOADS[name] = Workload(name, build, **options)
        return build

    return declare


def chosen(patterns: Sequence[str]) -> list[Workload]:
    """The workloads whose names begin with one of the patterns; all of them without patterns."""
    unknown = [p for p in patterns if not any(name.startswith(p) for name in WORKLOADS)]
    if unknown:
        raise SystemExit(f"benchmarks: no workload begins with {', '.join(unknown)}; --list shows what there is")
    return [w for name, w in WORKLOADS.items() if not patterns or name.startswith(tuple(patterns))]


def normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Normally distributed float32 numbers."""
    return (scale * rng.standard_normal(shape)).astype(np.float32)


def flat(results: Any) -> Iterator[Any]:
    """The tensors in nested lists and tuples."""
    if isinstance(results, list | tuple):
        for result in results:
            yield from flat(result)
    else:
        yield results
