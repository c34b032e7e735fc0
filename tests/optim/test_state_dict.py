"""State dicts: in mid-course, through copies, and to and from PyTorch."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import minideep
from minideep import optim

from ..support import needs_torch, torch
from .programs import CASES, IDS, groups, parameters, set_gradients, sometimes

every_case = pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)


def make(m, name, options, params):
    return getattr(m.optim, name)(groups(params), **options)


def train(m, optimizer, params, steps) -> None:
    for step in steps:
        set_gradients(m, params, step, sometimes)
        optimizer.step()


def copies(params):
    return [p.detach().clone().requires_grad_() for p in params]


def same(ours, theirs) -> None:
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


@every_case
def test_going_on_from_a_state_dict_bit_for_bit(name, options) -> None:
    params = parameters(minideep)
    optimizer = make(minideep, name, options, params)
    train(minideep, optimizer, params, range(10))

    restored = copies(params)
    other = make(minideep, name, {}, restored)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(minideep, other, restored, range(10, 20))
    train(minideep, optimizer, params, range(10, 20))
    same(params, restored)
    assert repr(other) == repr(optimizer)


def test_what_is_loaded_is_copied() -> None:
    params = parameters(minideep)
    optimizer = optim.Adam(params)
    train(minideep, optimizer, params, range(3))
    other = optim.Adam(copies(params))
    other.load_state_dict(optimizer.state_dict())

    def averages(o):
        return [values["exp_avg"].numpy().copy() for values in o.state_dict()["state"].values()]

    loaded = averages(other)
    train(minideep, optimizer, params, range(3, 6))
    for now, then in zip(averages(other), loaded, strict=True):
        np.testing.assert_array_equal(now, then)
    trained = averages(optimizer)
    train(minideep, other, other.param_groups[0]["params"], range(3, 5))
    for now, then in zip(averages(optimizer), trained, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("twice", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
def test_copies_of_parameters_and_optimizer_go_their_own_way(twice) -> None:
    params = parameters(minideep)
    optimizer = optim.Adam(params, amsgrad=True)
    train(minideep, optimizer, params, range(5))
    their_params, their_optimizer = twice((params, optimizer))
    for p in their_params:
        p.grad = None
    assert their_optimizer.param_groups[0]["params"][0] is their_params[0]
    train(minideep, their_optimizer, their_params, range(5, 10))
    train(minideep, optimizer, params, range(5, 10))
    same(params, their_params)


@needs_torch
@every_case
def test_pytorch_goes_on_from_ours_and_we_from_theirs(name, options) -> None:
    ours, theirs = parameters(minideep), parameters(torch)
    our_optimizer, their_optimizer = make(minideep, name, options, ours), make(torch, name, options, theirs)
    train(minideep, our_optimizer, ours, range(10))
    train(torch, their_optimizer, theirs, range(10))
    our_state, their_state = our_optimizer.state_dict(), their_optimizer.state_dict()
    assert our_state["param_groups"] == their_state["param_groups"]
    assert {k: list(v) for k, v in our_state["state"].items()} == {k: list(v) for k, v in their_state["state"].items()}

    from_theirs = copies(ours)
    optimizer = make(minideep, name, {}, from_theirs)
    optimizer.load_state_dict(their_state)
    train(minideep, optimizer, from_theirs, range(10, 20))
    from_ours = copies(theirs)
    optimizer = make(torch, name, {}, from_ours)
    optimizer.load_state_dict(as_torch(our_state))
    train(torch, optimizer, from_ours, range(10, 20))
    # NAdam: PyTorch converts the product of momenta, which it has in float32, to float64 when it is loaded.
    tolerance = 1e-6 if name == "NAdam" else 1e-10
    for p, q in zip(from_theirs, from_ours, strict=True):
        np.testing.assert_allclose(p.detach().numpy(), q.detach().numpy(), rtol=tolerance, atol=tolerance)


def as_torch(state_dict):
    state = {k: {name: torch.tensor(x.numpy()) for name, x in v.items()} for k, v in state_dict["state"].items()}
    return {"state": state, "param_groups": state_dict["param_groups"]}


def test_arrays_numbers_and_other_things_are_loaded() -> None:
    """Older state dicts have the number of steps as a number; NumPy's arrays will do; what is not known is kept."""
    p = minideep.ones(2, requires_grad=True)
    optimizer = optim.Adam([p])
    state = {"step": 5, "exp_avg": np.array([1.0, 2.0]), "exp_avg_sq": np.ones(2), "note": "mine", "nothing": None}
    options = {"lr": 0.5, "params": [0]}
    optimizer.load_state_dict({"state": {0: state, "global": {"count": [1]}}, "param_groups": [options]})
    assert optimizer.param_groups[0]["betas"] == (0.9, 0.999), "an option that the state dict does not have"
    assert optimizer.state["global"] == {"count": [1]}
    p.grad = minideep.zeros(2)
    optimizer.step()
    loaded = optimizer.state_dict()["state"][0]
    assert loaded["note"] == "mine"
    assert "nothing" not in loaded
    assert loaded["step"].item() == 6
    assert loaded["exp_avg"].dtype == minideep.float32
    np.testing.assert_allclose(loaded["exp_avg"].numpy(), [0.9, 1.8], rtol=1e-6)


def test_adamw_stays_decoupled() -> None:
    p = minideep.ones(2, requires_grad=True)
    optimizer = optim.AdamW([p])
    optimizer.load_state_dict(optim.Adam([p], weight_decay=0.5).state_dict())
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True
    assert optimizer.param_groups[0]["weight_decay"] == 0.5


def test_names_are_kept() -> None:
    p = minideep.ones(2, requires_grad=True)
    optimizer = optim.SGD([("weight", p)])
    saved = optimizer.state_dict()
    assert saved["param_groups"][0]["param_names"] == ["weight"]
    del saved["param_groups"][0]["param_names"]
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["param_names"] == ["weight"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("state"), KeyError, "expected the keys state and param_groups, but got no state"),
        (lambda s: s["param_groups"].pop(), ValueError, "different number of parameter groups, 1 instead of 2"),
        (
            lambda s: s["param_groups"][1]["params"].pop(),
            ValueError,
            r"doesn't match the size of the optimizer's: group 1 has 3 parameters instead of 4",
        ),
    ],
)
def test_what_does_not_fit_is_refused(change, error, message) -> None:
    params = parameters(minideep)
    optimizer = optim.Adam(groups(params))
    saved = copy.deepcopy(optimizer.state_dict())
    change(saved)
    with pytest.raises(error, match=message):
        optimizer.load_state_dict(saved)


def test_state_of_another_shape_is_refused() -> None:
    p, q = minideep.ones(3, requires_grad=True), minideep.ones(2, 2, requires_grad=True)
    p.grad, q.grad = minideep.ones(3), minideep.ones(2, 2)
    optimizer, other = optim.Adam([p]), optim.Adam([q])
    optimizer.step()
    other.load_state_dict(optimizer.state_dict())
    message = r"exp_avg(_sq)?: expected state of shape \(2, 2\) for a parameter of shape \(2, 2\), but got \(3,\)"
    with pytest.raises(RuntimeError, match=message):
        other.step()
