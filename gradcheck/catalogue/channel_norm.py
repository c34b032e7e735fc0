"""Entries for ``minideep.ops.channel_norm``. Running statistics are made on the spot: tests look at how they change."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry


def _with_statistics(library: str, name: str, switch: str) -> Callable[..., Any]:
    """The function of that name, with running statistics of as many channels as `statistics` says, or none."""

    def function(input: Any, *parameters: Any, statistics: Any = None, own: bool = True, **settings: Any) -> Any:
        sizes = statistics if isinstance(statistics, tuple) else (statistics, statistics)
        arange, like = importlib.import_module(library).arange, {"dtype": input.dtype, "device": input.device}
        running = [None if n is None else arange(n, **like) / 10 + 0.5 for n in sizes]
        weight, bias = (*parameters, None, None)[:2]
        settings[switch] = own
        return getattr(importlib.import_module(f"{library}.nn.functional"), name)(
            input, *running, weight=weight, bias=bias, **settings
        )

    return function


def _options(name: str, switch: str) -> dict[str, Any]:
    return {
        "function": _with_statistics("minideep", name, switch),
        "torch": _with_statistics("torch", name, switch),
        "skips": {"empty and size 1": "PyTorch takes weights of any size for no channels; empty inputs are samples"},
    }


def _generated(draw: Draw, r: Make, fewest: int) -> Sample:
    samples, channels = draw.integer(2, 3), draw.integer(1, 3)
    shape = (samples, channels, *(draw.integer(2, 3) for _ in range(draw.integer(fewest, 2))))
    parameters = (r(channels), r(channels)) if draw.boolean() else ()
    return Sample(r(*shape), *parameters, statistics=draw.choice((None, channels)), own=True)


def _statistics_errors(name: str, r: Make) -> Iterator[Failure]:
    x = r(2, 3, 4)
    yield Failure(Sample(x, own=False), RuntimeError, f"{name}: running_mean and running_var must be given where")
    yield Failure(Sample(x, r(2)), RuntimeError, f"{name}: expected a weight of shape (3,), but its shape is (2,)")
    yield Failure(Sample(x, r(3), r(4)), RuntimeError, f"{name}: expected a bias of shape (3,), but its shape is (4,)")
    yield Failure(Sample(x, statistics=2), RuntimeError, f"{name}: expected a running_mean of shape (3,), but its")
    yield Failure(Sample(x, statistics=(3, 2)), RuntimeError, f"{name}: expected a running_var of shape (3,), but its")


def _batch_norm_errors(r: Make) -> Iterator[Failure]:
    yield from _statistics_errors("batch_norm", r)
    one = "batch_norm: expected more than 1 value per channel when training, but got (1, 3)"
    yield Failure(Sample(r(1, 3)), ValueError, one)
    yield Failure(Sample(r(3), statistics=3), RuntimeError, "batch_norm: expected an input (samples, channels, …), but")
    yield Failure(Sample(r(2, 3), statistics=(3, None)), ValueError, "batch_norm: running_mean and running_var must")
    yield Failure(Sample(r.ints(0, 5, 2, 3)), NotImplementedError, "batch_norm: not implemented for int64")


entry(
    "batch_norm",
    lambda r: [
        Sample(r(4, 3), r(3), r(3)),
        Sample(r(4, 3, 5), r(3), r(3), statistics=3),
        Sample(r(2, 2, 3, 3), statistics=2, momentum=0.3),
        Sample(10 + r(3, 2, 70), r(2), eps=0.1),
        Sample(r(4, 3, 2), r(3), r(3), statistics=3, own=False),
        Sample(r(4, 3), statistics=3, own=False, eps=0.1),
        Sample(r(1, 2, 4), r(2), r(2)),
        Sample(r(0, 3, 2), r(3), statistics=3, own=False),
    ],
    generated=drawn(lambda draw, r: _generated(draw, r, 0)),
    errors=_batch_norm_errors,
    **_options("batch_norm", "training"),
)


def _instance_norm_errors(r: Make) -> Iterator[Failure]:
    one = "instance_norm: expected more than 1 entry in a channel of a sample, but got (2, 3, 1)"
    yield from _statistics_errors("instance_norm", r)
    yield Failure(Sample(r(2, 3, 1)), ValueError, one)


entry(
    "instance_norm",
    lambda r: [
        Sample(r(2, 3, 5), r(3), r(3)),
        Sample(r(2, 3, 4), statistics=3, momentum=0.3),
        Sample(r(2, 2, 3, 3), r(2), r(2), statistics=2),
        Sample(r(2, 2, 70), r(2), eps=0.1),
        Sample(r(2, 3, 4), r(3), r(3), statistics=3, own=False),
    ],
    generated=drawn(lambda draw, r: _generated(draw, r, 1)),
    errors=_instance_norm_errors,
    **_options("instance_norm", "use_input_stats"),
)


def _grouped(draw: Draw, r: Make) -> Sample:
    groups, channels = draw.integer(1, 3), draw.integer(1, 2)
    shape = (draw.integer(1, 3), groups * channels, *(draw.integer(2, 3) for _ in range(draw.integer(1, 2))))
    return Sample(r(*shape), groups, *((r(shape[1]), r(shape[1])) if draw.boolean() else ()))


def _group_norm_errors(r: Make) -> Iterator[Failure]:
    undivided = "group_norm: num_groups={} does not divide the channels of input (2, 5)"
    one = "group_norm: expected more than 1 value a group, but got (1, 2) in 2 groups"
    yield Failure(Sample(r(2, 5), 2), RuntimeError, undivided.format(2))
    yield Failure(Sample(r(2, 5), -2), RuntimeError, undivided.format(-2))
    yield Failure(Sample(r(2, 4), 2, r(3)), RuntimeError, "group_norm: expected a weight of shape (4,), but its shape")
    yield Failure(Sample(r(4), 2), RuntimeError, "group_norm: expected an input (samples, channels, …), but its shape")
    yield Failure(Sample(r(1, 2), 2), ValueError, one)
    yield Failure(Sample(r.ints(0, 5, 2, 4), 2), NotImplementedError, "group_norm: not implemented for int64")


def _torch_group_norm(*args: Any, **settings: Any) -> Any:
    """The functional one, which is the stricter of PyTorch's two."""
    return importlib.import_module("torch.nn.functional").group_norm(*args, **settings)


entry(
    "group_norm",
    lambda r: [
        Sample(r(2, 4), 2, r(4), r(4)),
        Sample(r(2, 6, 3), 3, r(6), r(6)),
        Sample(r(2, 4, 3, 2), 1, weight=r(4), eps=0.1),
        Sample(r(2, 3, 2, 2), 3, bias=r(3)),
        Sample(r(2, 4, 70), 2),
        Sample(r(0, 4, 3), 2, r(4), r(4)),
    ],
    generated=drawn(_grouped),
    errors=_group_norm_errors,
    torch=_torch_group_norm,
)
