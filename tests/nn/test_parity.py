"""Every layer against PyTorch's: reprs, states, results, gradients, buffers after the step, errors, first values."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import minideep
from tests.nn.cases import CASES, ERRORS, Case
from tests.nn.running import made, step
from tests.support import NO_TORCH, compare, outcome, same_error

torch = pytest.importorskip("torch", reason=NO_TORCH)


def alike(case: Case) -> tuple[Any, Any]:
    """The module of a case from minideep and from PyTorch, with the same state."""
    theirs, ours = made(case, torch), made(case, minideep)
    with torch.no_grad():
        for parameter in theirs.parameters():  # not what they start with: ones and zeros would hide what is left out
            parameter.copy_(torch.tensor(np.random.default_rng(parameter.numel()).normal(size=parameter.shape)))
    ours.load_state_dict({name: x.numpy() for name, x in theirs.state_dict().items()})
    return ours, theirs


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_state_and_repr(case: Case) -> None:
    ours, theirs = alike(case)
    assert repr(ours) == repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")
    compare(list(ours.state_dict()), list(theirs.state_dict()))
    compare(list(ours.state_dict().values()), list(theirs.state_dict().values()))
    compare([name for name, _ in ours.named_parameters()], [name for name, _ in theirs.named_parameters()])


@pytest.mark.parametrize(("case", "mode"), [pytest.param(c, mode, id=f"{c}-{mode}") for c in CASES for mode in c.modes])
def test_same_step(case: Case, mode: str) -> None:
    """Two, in fact: the second time, running statistics are no longer what they start with."""
    ours, theirs = alike(case)
    for module in (ours, theirs):
        module.train(mode == "train")
    rtol = 1e-7 if "Hardsigmoid" in case.text else 1e-9  # PyTorch's has a sixth in float32
    for _ in range(2):
        result = step(ours, case, minideep)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compare(result, step(theirs, case, torch), rtol)


@pytest.mark.parametrize("case", ERRORS, ids=str)
def test_same_refusal(case: Case) -> None:
    def program(library: Any) -> Any:
        module = made(case, library)
        return [step(module.train(mode == "train"), case, library) for mode in case.modes]

    same_error(outcome(program, minideep), outcome(program, torch))
