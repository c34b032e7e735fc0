"""Tensors that are updated together go the way that each would go alone, whatever happens to them on it."""

from __future__ import annotations

import copy
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep
from minideep import optim
from minideep.optim import flat

SHAPES = [(3,), (2, 2), (), (40,), (0,), (5,)]
KINDS: list[tuple[type[optim.Optimizer], dict[str, Any]]] = [
    (optim.SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.2}),
    (optim.Adam, {"lr": 0.1, "weight_decay": 0.1}),
    (optim.NAdam, {"lr": 0.1}),
]


def alone(kind: type[optim.Optimizer]) -> type[optim.Optimizer]:
    """The same optimizer, but tensor by tensor."""

    class Alone(kind):  # type: ignore[misc,valid-type]
        needs_whole_tensors: ClassVar[bool] = True

    return Alone


class Course:
    """A run of training in which a list of events happens."""

    def __init__(self, kind: type[optim.Optimizer], options: dict[str, Any]) -> None:
        rng = np.random.default_rng(0)
        self.params = [minideep.tensor(np.asarray(rng.standard_normal(s)), requires_grad=True) for s in SHAPES]
        self.optimizer = kind([{"params": self.params[:2]}, {"params": self.params[2:], "lr": 0.02}], **options)

    def step(self, present: int) -> None:
        """With gradients for those parameters whose bit is set."""
        for number, p in enumerate(self.params):
            p.grad = (p.detach() * 0.3 + number) if present >> number & 1 else None
        self.optimizer.step()

    def new_memory(self, number: int) -> None:
        p = self.params[number % len(self.params)]
        p.data = p.data * 2

    def transposed(self, number: int) -> None:
        self.params[1].data = self.params[1].data.t()

    def forget(self, number: int) -> None:
        self.optimizer.state.pop(self.params[number % len(self.params)], None)

    def new_state(self, number: int) -> None:
        for name, value in self.optimizer.state.get(self.params[number % len(self.params)], {}).items():
            self.optimizer.state[self.params[number % len(self.params)]][name] = value * 0.5 if value.ndim else value

    def option(self, number: int) -> None:
        self.optimizer.param_groups[number % 2]["lr"] *= 0.5

    def reload(self, number: int) -> None:
        self.optimizer.load_state_dict(copy.deepcopy(self.optimizer.state_dict()))

    def duplicate(self, number: int) -> None:
        self.params, self.optimizer = copy.deepcopy((self.params, self.optimizer))

    def regroup(self, number: int) -> None:
        groups = self.optimizer.param_groups
        groups[1]["params"].append(groups[1]["params"].pop(0))


EVENTS = ["new_memory", "transposed", "forget", "new_state", "option", "reload", "duplicate", "regroup"]
steps = st.tuples(st.just("step"), st.integers(0, 2 ** len(SHAPES) - 1) | st.just(2 ** len(SHAPES) - 1))
events = st.tuples(st.sampled_from(EVENTS), st.integers(0, 5))


@pytest.mark.parametrize(("kind", "options"), KINDS)
@given(course=st.lists(steps | steps | events, min_size=1, max_size=20))
def test_together_or_alone(kind, options, course) -> None:
    small, piece = flat._SMALL, flat._PIECE
    flat._SMALL, flat._PIECE = 30, 10  # one tensor is large, and the small ones do not all fit together
    try:
        together, each = Course(kind, options), Course(alone(kind), options)
        for event, number in course:
            for run in together, each:
                getattr(run, event)(number)
    finally:
        flat._SMALL, flat._PIECE = small, piece
    for ours, expected in zip(together.params, each.params, strict=True):
        np.testing.assert_array_equal(ours.detach().numpy(), expected.detach().numpy())
    states = [[v.tolist() for v in run.optimizer.state.get(p, {}).values()] for run in (together,) for p in run.params]
    assert states == [[v.tolist() for v in each.optimizer.state.get(p, {}).values()] for p in each.params]
