"""What all optimizers share: groups, options and their errors, closures, hooks, gradients, optimizers of one's own."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import minideep
from minideep import optim

from ..support import agree, needs_torch, torch

CLASSES = [getattr(optim, name) for name in optim.__all__ if isinstance(getattr(optim, name), type)]
OPTIMIZERS = [c for c in CLASSES if c is not optim.Optimizer]
every_optimizer = pytest.mark.parametrize("optimizer_class", OPTIMIZERS, ids=lambda c: c.__name__)


def leaf(*values: float) -> minideep.Tensor:
    return minideep.tensor(list(values or (1.0, 2.0)), requires_grad=True)


# ---------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("SGD", {"lr": -1}, "SGD: expected lr >= 0, but got -1"),
        ("SGD", {"momentum": -0.1}, "SGD: expected momentum >= 0, but got -0.1"),
        ("SGD", {"weight_decay": -0.1}, "SGD: expected weight_decay >= 0, but got -0.1"),
        (
            "SGD",
            {"nesterov": True},
            "requires momentum > 0 and dampening 0, but got momentum=0",
        ),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "and dampening=0.1"),
        ("SGD", {"lr": [1.0, 2.0]}, r"SGD: a Tensor lr must be 1-element, but this one has shape \(2,\)"),
        ("Adagrad", {"lr_decay": -1}, "Adagrad: expected lr_decay >= 0, but got -1"),
        ("Adagrad", {"initial_accumulator_value": -1}, "expected initial_accumulator_value >= 0"),
        ("Adagrad", {"eps": -1}, "Adagrad: expected eps >= 0, but got -1"),
        ("Adadelta", {"rho": 1.5}, "Adadelta: expected 0 <= rho <= 1, but got 1.5"),
        ("RMSprop", {"alpha": -1}, "RMSprop: expected alpha >= 0, but got -1"),
        ("RMSprop", {"momentum": -1}, "RMSprop: expected momentum >= 0, but got -1"),
        ("Adam", {"betas": (1.0, 0.9)}, r"Adam: expected 0 <= betas\[0\] < 1, but got 1.0"),
        ("Adam", {"betas": (0.9, -0.1)}, r"Adam: expected 0 <= betas\[1\] < 1, but got -0.1"),
        ("Adam", {"lr": float("nan")}, "Adam: expected lr >= 0, but got nan"),
        ("AdamW", {"eps": -1}, "AdamW: expected eps >= 0, but got -1"),
        ("Adamax", {"betas": (2.0, 0.9)}, r"Adamax: expected 0 <= betas\[0\] < 1"),
        ("NAdam", {"momentum_decay": -1}, "NAdam: expected momentum_decay >= 0, but got -1"),
        ("RAdam", {"weight_decay": -1}, "RAdam: expected weight_decay >= 0, but got -1"),
    ],
)
def test_options_that_make_no_sense(name, options, message) -> None:
    def program(m):
        given = {k: m.tensor(v) if isinstance(v, list) else v for k, v in options.items()}
        return getattr(m.optim, name)([m.ones(2, requires_grad=True)], **given)

    with pytest.raises(ValueError, match=message):
        program(minideep)
    if torch is not None:
        agree(program)


def test_options_of_lars() -> None:
    with pytest.raises(ValueError, match="LARS: expected trust_coefficient >= 0, but got -1"):
        optim.LARS([leaf()], trust_coefficient=-1)


def test_options_that_are_not_there() -> None:
    with pytest.raises(NotImplementedError, match="Adam: differentiable=True is not there"):
        optim.Adam([leaf()], differentiable=True)
    with pytest.raises(RuntimeError, match="Adam: fused and foreach cannot be True together"):
        optim.Adam([leaf()], fused=True, foreach=True)
    optim.Adam([leaf()], fused=True, capturable=True)  # hints, which change nothing


@needs_torch
@every_optimizer
def test_arguments_are_pytorchs(optimizer_class) -> None:
    import inspect

    if optimizer_class is optim.LARS:
        pytest.skip("PyTorch has no LARS")
    ours = inspect.signature(optimizer_class.__init__).parameters.values()
    theirs = inspect.signature(getattr(torch.optim, optimizer_class.__name__).__init__).parameters.values()
    assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs]


def test_a_tensor_as_learning_rate() -> None:
    p, lr = leaf(), minideep.tensor(0.5)
    optimizer = optim.SGD([p], lr=lr)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    p.grad = minideep.ones(2)
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), [0.5, 1.5])
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is lr
    assert lr.item() == 0.25


# ---------------------------------------------------------------------------------------------- groups


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda m: m.optim.SGD(m.ones(2)), TypeError, "SGD: params should be an iterable of Tensors or dicts"),
        (lambda m: m.optim.SGD([]), ValueError, "SGD: optimizer got an empty parameter list"),
        (lambda m: m.optim.SGD([1.0]), TypeError, "SGD: an optimizer can only optimize Tensors, but got float"),
        (lambda m: m.optim.SGD([{"params": {m.ones(1)}}]), TypeError, "need to be in an ordered collection, but got a"),
        (
            lambda m: m.optim.SGD([m.ones(2, requires_grad=True) * 2]),
            ValueError,
            r"SGD: can't optimize a non-leaf Tensor \(shape \(2,\)\)",
        ),
        (lambda m: m.optim.SGD([("a", m.ones(1)), m.ones(1)]), ValueError, "with or without names, but some"),
        (
            lambda m: m.optim.SGD([{"params": [("a", m.ones(1))]}, {"params": [m.ones(1)]}]),
            ValueError,
            "SGD: all parameter groups should be with names, or all without",
        ),
        (
            lambda m: [m.optim.SGD([{"params": p}, {"params": [p]}]) for p in [m.ones(2)]],
            ValueError,
            "SGD: some parameters appear in more than one parameter group",
        ),
        (
            lambda m: m.optim.SGD([m.ones(1)]).add_param_group([m.ones(1)]),
            TypeError,
            "SGD: param_group must be a dict, but got list",
        ),
    ],
)
def test_parameters_that_cannot_be(make, error, message) -> None:
    with pytest.raises(error, match=message):
        make(minideep)
    if torch is not None:
        agree(make)


def test_duplicates_are_updated_once_with_a_warning() -> None:
    p = leaf()
    with pytest.warns(UserWarning, match="SGD: a parameter group contains duplicate parameters"):
        optimizer = optim.SGD([p, p], lr=1.0)
    p.grad = minideep.ones(2)
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), [0, 1])


def test_groups_have_options_of_their_own() -> None:
    p, q = leaf(), leaf()
    optimizer = optim.SGD([{"params": p, "lr": 0.5}, {"params": iter([q])}], lr=0.1)
    optimizer.add_param_group({"params": [r := leaf()], "momentum": 0.9})
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 0.1, 0.1]
    assert optimizer.defaults["lr"] == 0.1
    for x in p, q, r:
        x.grad = minideep.ones(2)
    optimizer.step()
    assert [x[0].item() for x in (p, q, r)] == pytest.approx([0.5, 0.9, 0.9])
    assert list(optimizer.state) == [r], "without momentum, SGD has no state"


def test_zero_grad() -> None:
    p, q = leaf(), leaf()
    optimizer = optim.SGD([p, q])
    p.grad = g = minideep.ones(2)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is g
    assert g.tolist() == [0, 0]
    assert q.grad is None
    optimizer.zero_grad()
    assert p.grad is None


def test_zero_grad_takes_gradients_out_of_their_graph() -> None:
    p = leaf()
    (p**3).sum().backward(create_graph=True)
    assert p.grad.requires_grad
    optim.SGD([p]).zero_grad(set_to_none=False)
    assert not p.grad.requires_grad
    assert p.grad.tolist() == [0, 0]


# ---------------------------------------------------------------------------------------------- steps


@every_optimizer
def test_it_finds_the_bottom_of_a_bowl(optimizer_class) -> None:
    p = leaf(3.0, -2.0)
    optimizer = optimizer_class(
        [p], lr={"Adadelta": 10.0, "LARS": 5.0, "Adagrad": 1.0}.get(optimizer_class.__name__, 0.05)
    )
    losses = []
    for _ in range(200):
        optimizer.zero_grad()
        loss = ((p - 1) ** 2).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]


def test_a_closure_is_called_with_gradients_on() -> None:
    p = leaf(3.0)
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with minideep.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 9
    assert p.item() == pytest.approx(2.4)
    assert optimizer.step() is None


def test_a_graph_that_needs_the_old_values_says_so() -> None:
    """A step changes parameters in place, which the graph has to know."""
    p, q = leaf(3.0), leaf(4.0)
    loss = (p * q).sum()
    loss.backward(retain_graph=True)
    optim.SGD([p, q]).step()
    with pytest.raises(RuntimeError, match=r"has been modified by an inplace operation.*test_optimizer\.py"):
        loss.backward()


def test_gradients_of_another_shape_are_refused() -> None:
    p = leaf()
    p.grad = minideep.ones(1)
    message = r"step: expected a gradient of shape \(2,\), like its parameter, but p.grad has shape \(1,\)"
    with pytest.raises(RuntimeError, match=message):
        optim.SGD([p]).step()


def test_hooks_see_every_step_and_may_change_its_arguments() -> None:
    p = leaf()
    p.grad = minideep.ones(2)
    optimizer = optim.SGD([p], lr=1.0)
    seen = []

    def before(opt, args, kwargs):
        seen.append(("before", p[0].item(), args))
        return (*args, lambda: 7), kwargs

    first = optimizer.register_step_pre_hook(before)
    second = optimizer.register_step_post_hook(lambda opt, args, kwargs: seen.append(("after", p[0].item(), len(args))))
    assert optimizer.step() == 7
    assert seen == [("before", 1.0, (optimizer,)), ("after", 0.0, 2)]
    first.remove()
    second.remove()
    optimizer.step()
    assert len(seen) == 2
    optimizer.register_step_pre_hook(lambda opt, args, kwargs: 3)
    with pytest.raises(RuntimeError, match=r"SGD.step: a pre-hook must return None or a tuple of \(args, kwargs\)"):
        optimizer.step()


# ---------------------------------------------------------------------------------------------- one's own


class SignDescent(optim.Optimizer):
    """As one would write it here: slots, and a rule."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    def slots(self, group):
        return {"last": 0.0}

    def rule(self, group, run):
        def update(p, g, last):
            last[...] = np.sign(g)
            p -= group["lr"] * last

        return update


class PlainDescent(optim.Optimizer):
    """As PyTorch's users write it: a step of its own."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    @minideep.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["count"] = self.state[p].get("count", 0) + 1
                p.add_(p.grad, alpha=-group["lr"])


@pytest.mark.parametrize("kind", [SignDescent, PlainDescent])
def test_an_optimizer_of_ones_own(kind) -> None:
    p = leaf()
    optimizer = kind([p])
    calls = []
    optimizer.register_step_post_hook(lambda *_: calls.append(1))
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1)
    p.grad = minideep.tensor([1.0, -1.0])
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), [0.9, 2.1], rtol=1e-6)
    assert calls == [1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the scheduler knows that the optimizer has made a step
        scheduler.step()
    assert list(optimizer.state_dict()["state"][0]) == (["count"] if kind is PlainDescent else ["step", "last"])


def test_an_optimizer_without_a_rule() -> None:
    class Nothing(optim.Optimizer):
        pass

    optimizer = Nothing([p := leaf()], {"lr": 0.1})
    p.grad = minideep.ones(2)
    with pytest.raises(NotImplementedError, match=r"Nothing: write rule\(group, run\), or a step\(\) of your own"):
        optimizer.step()
