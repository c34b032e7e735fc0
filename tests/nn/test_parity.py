"""Every layer against PyTorch's: reprs, states, results, gradients, buffers after the step, errors, first values."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import numpy as np
import pytest

import minideep
from tests.nn.cases import CASES, ERRORS, Case
from tests.nn.running import inputs_of, made, step
from tests.support import NO_TORCH, compare, outcome, same_error

torch = pytest.importorskip("torch", reason=NO_TORCH)


# What PyTorch's layers list among their settings and ours are without.
NOT_SETTINGS = {"name", "norm", "min_val", "max_val", "scale_grad_by_freq", "sparse"}


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
    """And the same settings, as attributes."""
    ours, theirs = alike(case)
    assert repr(ours) == repr(theirs).replace("NonDynamicallyQuantizableLinear", "Linear")
    compare(list(ours.state_dict()), list(theirs.state_dict()))
    compare(list(ours.state_dict().values()), list(theirs.state_dict().values()))
    for name in set(getattr(theirs, "__constants__", ())) - NOT_SETTINGS:
        compare(getattr(ours, name), getattr(theirs, name), where=name)
    compare([name for name, _ in ours.named_parameters()], [name for name, _ in theirs.named_parameters()])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_steps(case: Case) -> None:
    """In training and in evaluation; two of each: the second time, running statistics are no longer as at first."""
    ours, theirs = alike(case)
    rtol = 1e-7 if "Hardsigmoid" in case.text else 1e-9  # PyTorch's has a sixth in float32
    for mode in (*case.modes, *case.modes):
        result = step(ours.train(mode == "train"), case, minideep)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compare(result, step(theirs.train(mode == "train"), case, torch), rtol, where=mode)


# Arguments that PyTorch has given up, or that concern what there is not here.
NOT_ARGUMENTS = {"size_average", "reduce", "min_value", "max_value", "scale_grad_by_freq", "sparse", "_freeze"}
LAYERS = sorted({case.text.partition("(")[0] for case in CASES})


@pytest.mark.parametrize("name", LAYERS)
def test_same_arguments(name: str) -> None:
    """Of the constructor and of the call: their names, order and defaults."""
    for method in ("__init__", "forward"):
        ours, theirs = (signature(getattr(getattr(library.nn, name), method)) for library in (minideep, torch))
        wanted = {key: default for key, default in theirs.items() if key not in NOT_ARGUMENTS}
        if "named_inputs" not in ours and "kwargs" not in wanted:
            assert list(ours) == list(wanted)
            assert {k: v for k, v in ours.items() if not callable(v)} == {
                k: v for k, v in wanted.items() if not callable(v)
            }


@pytest.mark.parametrize("name", LAYERS)
def test_inputs_by_name(name: str) -> None:
    """The call takes its inputs by PyTorch's names, also where it hands them on to a function."""
    case = next(case for case in CASES if case.text.startswith(f"{name}("))
    inputs, _, _ = inputs_of(case, minideep)
    names = list(signature(getattr(torch.nn, name).forward))[1:]
    module = made(case, minideep).eval()
    assert repr(module(**dict(zip(names, inputs, strict=False)))) == repr(module(*inputs))


def signature(function: Any) -> dict[str, Any]:
    return {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}


@pytest.mark.parametrize("case", ERRORS, ids=str)
def test_same_refusal(case: Case) -> None:
    def program(library: Any) -> Any:
        module = made(case, library)
        return [step(module.train(mode == "train"), case, library) for mode in case.modes]

    same_error(outcome(program, minideep), outcome(program, torch))
