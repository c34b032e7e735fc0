"""Who checks the checker: wrong gradients are caught, those that make no difference are told apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep
from gradcheck import Entry, Make, Report, Sample, check, mutants
from gradcheck.mutants import MISTAKES, Mutant, trial
from gradcheck.specimen import Specimen
from minideep.autograd.op import Op


def specimen(name: str, *shapes: tuple[int, ...]) -> Specimen:
    return Specimen(Entry(name, lambda r: [Sample(*(np.abs(r(*shape)) + 0.5 for shape in shapes))]))


@pytest.mark.parametrize(
    ("name", "shapes"), [("exp", [(2, 3)]), ("mul", [(2, 3), (2, 3)]), ("div", [(2, 3), (3,)]), ("sum", [(2, 3)])]
)
def test_every_mistake_that_matters_is_caught(name: str, shapes: list[tuple[int, ...]]) -> None:
    outcome = trial(specimen(name, *shapes), wanted=len(MISTAKES))
    assert not outcome.survived
    assert len(outcome.caught) >= mutants.WANTED
    assert len(outcome.caught) + outcome.equivalent <= len(MISTAKES)


def test_mistakes_that_make_no_difference_are_no_mutants() -> None:
    outcome = trial(specimen("sum", (2, 3)), wanted=len(MISTAKES))
    assert outcome.equivalent >= 2  # the gradient of a sum is the same everywhere: rolled or transposed, it stays right


def test_a_mutant_is_put_in_place_and_taken_out_again() -> None:
    op = minideep.exp.op
    x = minideep.tensor([1.0], requires_grad=True)
    right = op.pull
    mutant = Mutant(op, MISTAKES[0])
    with mutant.in_place():
        minideep.exp(x).backward()
    assert x.grad.item() < 0
    assert op.pull is right
    assert mutant.name == "exp: the sign is wrong"


def test_a_blind_checker_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "check", lambda *_, **__: Report("blind"))
    outcome = trial(specimen("exp", (2, 3)))
    assert outcome.survived
    assert not outcome.caught


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (minideep.exp, [(2, 3)]),
        (minideep.mul, [(2, 3), (3,)]),
        (minideep.sum, [(2, 3)]),
        (lambda x: minideep.softmax(x, -1), [(2, 3)]),
        (minideep.nn.functional.gelu, [(2, 3)]),
    ],
)
def test_gradients_that_are_cut_off_under_create_graph_are_caught(
    function: Callable[..., Any], shapes: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right numbers, but what they depend on is forgotten: only the second derivative shows it."""
    right = Op.pull_tracked

    def cut_off(op: Op, node: Any, g: Any, parents: Any) -> list[Any]:
        return [None if d is None else d.detach() for d in right(op, node, g, parents)]

    monkeypatch.setattr(Op, "pull_tracked", cut_off)
    report = check(function, *(Make(0)(*shape) for shape in shapes))
    assert report.checks == ["gradient"]
    assert "second derivative" in report.findings[0].subject


def test_small_samples_come_first_but_not_the_smallest() -> None:
    r = Make(0)
    found = sorted([mutants.Bound(Sample(r(*s))) for s in [(), (9, 9), (2, 2)]], key=mutants._handiness)
    assert [b.arrays[0].size for b in found] == [4, 81, 1]
