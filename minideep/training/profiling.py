"""`profile`: where time and memory go, layer by layer, on the way there and back."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .. import cuda
from ..nn import Module
from ..tables import aligned
from ..tensor import Tensor
from .crossings import Path
from .untouched import untouched

__all__ = ["LayerProfile", "Profile", "profile"]

OUTSIDE = "(outside layers)"  # what containers compute themselves, and the loss


@dataclass(frozen=True)
class LayerProfile:
    """What a layer costs in one pass through the model, all its calls together.

    `kept_bytes` is what its forward leaves in memory, until backward or longer: the result, and what the gradient
    needs. The peaks are what is taken meanwhile beyond what was there when it began.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    forward_ms: float
    backward_ms: float
    kept_bytes: int
    forward_peak_bytes: int
    backward_peak_bytes: int


@dataclass(frozen=True)
class Profile:
    """A row for each layer in the order of the calls, the last for all that is done outside layers."""

    rows: tuple[LayerProfile, ...]

    @property
    def forward_ms(self) -> float:
        return sum(row.forward_ms for row in self.rows)

    @property
    def backward_ms(self) -> float:
        return sum(row.backward_ms for row in self.rows)

    @property
    def kept_bytes(self) -> int:
        return sum(row.kept_bytes for row in self.rows)

    def __str__(self) -> str:
        head = ("layer", "type", "output", "parameters", "forward", "backward", "share", "kept", "peak", "peak back")
        total = self.forward_ms + self.backward_ms
        body = [
            (
                row.name,
                row.type,
                "×".join(map(str, row.output_shape)),
                f"{row.parameters:,}",
                f"{row.forward_ms:.3f} ms",
            )
            + (f"{row.backward_ms:.3f} ms", f"{100 * (row.forward_ms + row.backward_ms) / total:.0f} %")
            + tuple(_kibibytes(n) for n in (row.kept_bytes, row.forward_peak_bytes, row.backward_peak_bytes))
            for row in self.rows
        ]
        end = (
            f"forward {self.forward_ms:.3f} ms, backward {self.backward_ms:.3f} ms; kept {_kibibytes(self.kept_bytes)}"
        )
        return "\n".join([*aligned([head, *body], left=3), end])

    __repr__ = __str__


def _kibibytes(count: int) -> str:
    return f"{count / 1024:,.1f} KiB"


def profile(
    model: Module, batch: Any, criterion: Callable[[Any, Any], Tensor] | None = None, repeats: int = 5
) -> Profile:
    """Run a batch forward and backward, and measure what each layer takes.

    The batch is an input, or (input, target); without `criterion`, backward begins at the sum of the outputs. Times are
    medians of `repeats` runs, after one that does not count; memory is the processor's, as `tracemalloc` sees it. The
    model is left as it was.
    """
    if repeats < 1:
        raise ValueError(f"profile: expected at least one of repeats, but got {repeats}")
    x, *target = batch if isinstance(batch, list | tuple) else (batch,)
    if criterion is not None and not target:
        raise ValueError("profile: with a criterion, the batch has to be a pair (input, target)")

    def run(lap: Callable[[], tuple[float, ...]]) -> _Run:
        measured = _Run(lap)
        with measured.path.through(model):
            output = model(x)
            loss = sum_of(output) if criterion is None else criterion(output, target[0])
            measured.turn()
            loss.backward()
            measured.end()
        return measured

    with untouched(model):
        run(_Clock(x))
        times = [run(_Clock(x)) for _ in range(repeats)]
        tracing = tracemalloc.is_tracing()
        tracemalloc.start()
        try:
            memory = run(_Memory())
        finally:
            if not tracing:
                tracemalloc.stop()
    return Profile(_rows(model, times, memory))


def sum_of(output: Any) -> Tensor:
    """The sum of all entries of a tensor, or of several in a tuple, list or dict."""
    if isinstance(output, Tensor):
        return output.sum()
    parts = output.values() if isinstance(output, dict) else output
    return sum((sum_of(part) for part in parts), start=Tensor(0.0))


def _rows(model: Module, times: list[_Run], memory: _Run) -> tuple[LayerProfile, ...]:
    modules = dict(model.named_modules())
    modules["the model"] = model
    rows = []
    for name in [*(n for n in memory.spent if n != OUTSIDE), OUTSIDE]:
        forward, backward = (
            1000 * statistics.median(run.spent[name][way][0] for run in times) for way in ("forward", "backward")
        )
        kept, peak = memory.spent[name]["forward"]
        module, result = modules.get(name), memory.path.results.get(name)
        rows.append(
            LayerProfile(
                name,
                "" if name == OUTSIDE else type(module).__name__,
                result.shape if isinstance(result, Tensor) else (),
                0 if module is None or name == OUTSIDE else sum(p.numel() for p in module.parameters()),
                forward,
                backward,
                int(kept),
                int(peak),
                int(memory.spent[name]["backward"][1]),
            )
        )
    return tuple(rows)


# ---------------------------------------------------------------------------------------------- measuring


class _Run:
    """One pass: what was measured goes to the layer that was under way, so that nothing is counted twice."""

    def __init__(self, lap: Callable[[], tuple[float, ...]]) -> None:
        self.path = Path(self.note)
        self.spent: dict[str, dict[str, tuple[float, float]]] = {OUTSIDE: _nothing()}
        self._lap, self._way = lap, "forward"
        lap()

    def note(self) -> None:
        amount, peak = self._lap()
        name, module = self.path.entered[-1] if self.path.entered else (OUTSIDE, None)
        if module is None or any(True for _ in module.children()):
            name = OUTSIDE
        spent = self.spent.setdefault(name, _nothing())
        before, highest = spent[self._way]
        spent[self._way] = before + amount, max(highest, peak)

    def turn(self) -> None:
        """The way there is over."""
        self.note()
        self.path.entered.clear()
        self._way = "backward"

    def end(self) -> None:
        self.note()


def _nothing() -> dict[str, tuple[float, float]]:
    return {"forward": (0.0, 0.0), "backward": (0.0, 0.0)}


class _Clock:
    """Seconds since the last lap; on a GPU, its work is waited for."""

    def __init__(self, x: Any) -> None:
        self._waits = isinstance(x, Tensor) and x.device.type == "cuda"
        self._last = 0.0

    def __call__(self) -> tuple[float, float]:
        if self._waits:
            cuda.synchronize()
        now = time.perf_counter()
        amount, self._last = now - self._last, time.perf_counter()
        return amount, 0.0


class _Memory:
    """Bytes that were taken and kept since the last lap, and the most that were taken meanwhile."""

    _last = 0

    def __call__(self) -> tuple[float, float]:
        current, peak = tracemalloc.get_traced_memory()
        result = current - self._last, peak - self._last
        tracemalloc.reset_peak()
        self._last = current
        return result
