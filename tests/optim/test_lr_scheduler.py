"""Every scheduler has PyTorch's learning rates, also chained, in sequence, resumed, and when the user changes them."""

from __future__ import annotations

import copy
import inspect

import pytest

import minideep

from ..support import agree, needs_torch, torch

GROUPS = 2


def halving(epoch: int) -> float:
    return 1 / (1 + epoch)


CASES = [
    ("StepLR", {"step_size": 7}),
    ("StepLR", {"step_size": 1, "gamma": 0.9}),
    ("MultiStepLR", {"milestones": [30, 3, 9, 9, 50], "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [0, 2]}),
    ("ConstantLR", {}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 40}),
    ("ConstantLR", {"factor": 0.5, "total_iters": 0}),
    ("LinearLR", {}),
    ("LinearLR", {"start_factor": 0.1, "end_factor": 0.7, "total_iters": 60}),
    ("LinearLR", {"start_factor": 1.0, "end_factor": 0.0, "total_iters": 110}),
    ("ExponentialLR", {"gamma": 0.97}),
    ("PolynomialLR", {}),
    ("PolynomialLR", {"total_iters": 90, "power": 2.5}),
    ("CosineAnnealingLR", {"T_max": 20}),
    ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}),
    ("CosineAnnealingLR", {"T_max": 120}),
    ("CosineAnnealingWarmRestarts", {"T_0": 10}),
    ("CosineAnnealingWarmRestarts", {"T_0": 5, "T_mult": 2, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1, "T_mult": 3}),
    ("LambdaLR", {"lr_lambda": halving}),
    ("LambdaLR", {"lr_lambda": [halving, lambda epoch: 0.95**epoch]}),
    ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.97}),
    ("MultiplicativeLR", {"lr_lambda": (lambda epoch: 0.9, halving)}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 7}),
    ("CyclicLR", {"base_lr": [0.01, 0.02], "max_lr": [0.2, 0.3], "step_size_up": 3, "step_size_down": 11}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 9, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 9, "mode": "exp_range", "gamma": 0.98}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 9, "cycle_momentum": False}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 9, "scale_fn": halving, "scale_mode": "iterations"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 9, "scale_fn": halving}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "base_momentum": [0.5, 0.6], "max_momentum": 0.7, "step_size_up": 4}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 130}),
    ("OneCycleLR", {"max_lr": [0.5, 1.0], "epochs": 13, "steps_per_epoch": 10, "pct_start": 0.4}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 130, "anneal_strategy": "linear", "three_phase": True}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 130, "three_phase": True, "div_factor": 10, "final_div_factor": 100}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 130, "cycle_momentum": False}),
    ("OneCycleLR", {"max_lr": 0.5, "total_steps": 130, "base_momentum": [0.5, 0.6], "max_momentum": 0.9}),
]
IDS = [f"{name}-{'-'.join(options) or 'defaults'}" for name, options in CASES]
every_case = pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)


def optimizer_of(m, kind="SGD"):
    """An optimizer with two groups."""
    params = [m.ones(2, requires_grad=True) for _ in range(GROUPS)]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(m.optim, kind)([{"params": params[:1]}, {"params": params[1:], "lr": 0.5}], lr=0.1, **options)


def settings(optimizer):
    """What schedulers change."""
    return [(float(g["lr"]), g.get("momentum"), list(g.get("betas", ()))) for g in optimizer.param_groups]


def walk(optimizer, scheduler, epochs):
    path = []
    for _ in range(epochs):
        optimizer.step()
        scheduler.step()
        path.append((settings(optimizer), [float(lr) for lr in scheduler.get_last_lr()]))
    return path


@pytest.mark.parametrize(
    ("name", "options", "kind"),
    [(*case, "SGD") for case in CASES] + [(*case, "Adam") for case in CASES if "Cycl" in case[0]],
)
def test_a_hundred_and_twenty_epochs(name, options, kind) -> None:
    def program(m):
        optimizer = optimizer_of(m, kind)
        scheduler = getattr(m.optim.lr_scheduler, name)(optimizer, **options)
        start = settings(optimizer), scheduler.get_last_lr()
        return start, walk(optimizer, scheduler, 120), sorted(scheduler.state_dict()), scheduler.last_epoch

    agree(program, rtol=1e-10, atol=1e-15)


@every_case
def test_a_learning_rate_that_the_user_changes(name, options) -> None:
    """Where PyTorch goes on from it, so do we; where it comes back to its own, too."""

    def program(m):
        optimizer = optimizer_of(m)
        scheduler = getattr(m.optim.lr_scheduler, name)(optimizer, **options)
        walk(optimizer, scheduler, 13)
        optimizer.param_groups[0]["lr"] = 0.3
        return walk(optimizer, scheduler, 40)

    agree(program, rtol=1e-10, atol=1e-15)


@every_case
def test_resumed_from_last_epoch(name, options) -> None:
    """A new scheduler around an optimizer that has come from a state dict."""

    def program(m):
        optimizer = optimizer_of(m)
        scheduler = getattr(m.optim.lr_scheduler, name)(optimizer, **options)
        walk(optimizer, scheduler, 10)
        other = optimizer_of(m)
        other.load_state_dict(optimizer.state_dict())
        resumed = getattr(m.optim.lr_scheduler, name)(other, last_epoch=scheduler.last_epoch - 1, **options)
        return settings(other), walk(other, resumed, 40)

    agree(program, rtol=1e-10, atol=1e-15)


def schedulers_of(m, optimizer, cases):
    return [getattr(m.optim.lr_scheduler, name)(optimizer, **options) for name, options in cases]


@every_case
def test_state_dict(name, options) -> None:
    """In mid-course; and PyTorch's own is understood."""
    optimizer, other = optimizer_of(minideep), optimizer_of(minideep)
    (scheduler,), (restored,) = (schedulers_of(minideep, o, [(name, options)]) for o in (optimizer, other))
    walk(optimizer, scheduler, 17)
    saved = copy.deepcopy(scheduler.state_dict())
    other.load_state_dict(optimizer.state_dict())
    restored.load_state_dict(saved)
    assert walk(other, restored, 40) == walk(optimizer, scheduler, 40)
    if torch is not None:
        their_optimizer = optimizer_of(torch)
        (theirs,) = schedulers_of(torch, their_optimizer, [(name, options)])
        walk(their_optimizer, theirs, 17)
        for group, group_of_theirs in zip(other.param_groups, their_optimizer.param_groups, strict=True):
            group.update({k: v for k, v in group_of_theirs.items() if k != "params"})
        restored.load_state_dict(theirs.state_dict())
        for ours, expected in zip(walk(other, restored, 40), walk(their_optimizer, theirs, 40), strict=True):
            assert ours[1] == pytest.approx(expected[1], rel=1e-10, abs=1e-15)


JUMPING = [case for case in CASES if case[0] not in ("OneCycleLR", "MultiplicativeLR")]


@pytest.mark.parametrize(("name", "options"), JUMPING)
def test_jumping_to_an_epoch(name, options) -> None:
    def program(m):
        optimizer = optimizer_of(m)
        scheduler = getattr(m.optim.lr_scheduler, name)(optimizer, **options)
        optimizer.step()
        path = []
        for epoch in (3, 3, 30, 0, 12):
            if name != "CosineAnnealingWarmRestarts" and m is minideep:
                with pytest.warns(UserWarning, match=rf"{name}: the epoch parameter of step\(\) is an old way"):
                    scheduler.step(epoch)
            else:
                scheduler.step(epoch)
            path.append((settings(optimizer), scheduler.last_epoch))
        return path

    agree(program, rtol=1e-10, atol=1e-15)


def test_warm_restarts_in_parts_of_epochs() -> None:
    def program(m):
        optimizer = optimizer_of(m)
        scheduler = m.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, 2)
        path = []
        for batch in range(40):
            scheduler.step(batch / 4)
            path.append((settings(optimizer), scheduler.last_epoch))
        return path

    agree(program, rtol=1e-10, atol=1e-15)


# ---------------------------------------------------------------------------------------------- several

SEVERAL = [
    [("LinearLR", {"start_factor": 0.1, "total_iters": 10}), ("CosineAnnealingLR", {"T_max": 50})],
    [("ConstantLR", {"factor": 0.1}), ("ExponentialLR", {"gamma": 0.9}), ("StepLR", {"step_size": 3})],
    [
        ("MultiStepLR", {"milestones": [4, 8]}),
        ("PolynomialLR", {"total_iters": 40}),
        ("LambdaLR", {"lr_lambda": halving}),
    ],
    [("CosineAnnealingWarmRestarts", {"T_0": 4}), ("MultiplicativeLR", {"lr_lambda": lambda epoch: 0.95})],
    [("ExponentialLR", {"gamma": 0.9}), ("CosineAnnealingWarmRestarts", {"T_0": 4, "T_mult": 2})],
]


def in_sequence(m, optimizer, cases):
    milestones = [12, 30][: len(cases) - 1]
    return m.optim.lr_scheduler.SequentialLR(optimizer, schedulers_of(m, optimizer, cases), milestones)


def chained(m, optimizer, cases):
    return m.optim.lr_scheduler.ChainedScheduler(schedulers_of(m, optimizer, cases))


def chained_in_sequence(m, optimizer, cases):
    """The chain first: PyTorch cannot begin one in mid-course."""
    last = m.optim.lr_scheduler.ExponentialLR(optimizer, 0.8)
    return m.optim.lr_scheduler.SequentialLR(optimizer, [chained(m, optimizer, cases), last], [15])


@pytest.mark.parametrize("cases", SEVERAL)
@pytest.mark.parametrize("combine", [in_sequence, chained, chained_in_sequence])
def test_several_schedulers(combine, cases) -> None:
    def program(m):
        optimizer = optimizer_of(m)
        scheduler = combine(m, optimizer, cases)
        start = settings(optimizer), scheduler.get_last_lr()
        path = walk(optimizer, scheduler, 25)
        saved, state = copy.deepcopy(scheduler.state_dict()), copy.deepcopy(optimizer.state_dict())
        other = optimizer_of(m)
        restored = combine(m, other, cases)
        other.load_state_dict(state)
        restored.load_state_dict(saved)
        return start, path, walk(other, restored, 90), sorted(saved)

    agree(program, rtol=1e-10, atol=1e-15)


def test_a_cycle_after_another_scheduler() -> None:
    """It has its own lowest learning rates, not those that the first began with."""

    def program(m):
        optimizer = optimizer_of(m)
        path = walk(optimizer, m.optim.lr_scheduler.ExponentialLR(optimizer, 0.9), 3)
        return path, walk(optimizer, m.optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.2, step_size_up=4), 20)

    agree(program, rtol=1e-10, atol=1e-15)


# ---------------------------------------------------------------------------------------------- plateaus


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"patience": 2, "factor": 0.5},
        {"patience": 2, "cooldown": 3, "threshold": 0.1, "min_lr": 0.01},
        {"patience": 1, "mode": "max", "threshold_mode": "abs", "threshold": 0.05},
        {"patience": 1, "mode": "max", "threshold": 0.2, "min_lr": [0.01, 0.001]},
        {"patience": 1, "threshold_mode": "abs", "eps": 0.03},
    ],
)
def test_reduce_on_plateau(options) -> None:
    def program(m):
        optimizer = optimizer_of(m)
        scheduler = m.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        path = []
        for epoch in range(110):
            if epoch == 50:
                saved = copy.deepcopy(scheduler.state_dict())
                scheduler = m.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
                scheduler.load_state_dict(saved)
            scheduler.step(m.tensor(1 / (1 + epoch // 3)) if epoch % 2 else 1 + (epoch * 7 % 5) / 5)
            path.append((settings(optimizer), scheduler.num_bad_epochs, scheduler.in_cooldown))
        return path, sorted(scheduler.state_dict()), scheduler.last_epoch

    agree(program, rtol=1e-6)  # the measure is in float32


@needs_torch
def test_swa_learning_rates() -> None:
    for options in {}, {"anneal_epochs": 5, "anneal_strategy": "linear"}, {"anneal_epochs": 0}:

        def program(m, options=options):
            optimizer = optimizer_of(m)
            scheduler = m.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
            path = walk(optimizer, scheduler, 10)
            swa = m.optim.swa_utils.SWALR(optimizer, swa_lr=[0.05, 0.02], **options)
            path += walk(optimizer, swa, 7)
            saved = swa.state_dict()
            swa = m.optim.swa_utils.SWALR(optimizer, swa_lr=[0.05, 0.02])
            swa.load_state_dict(saved)
            return path, walk(optimizer, swa, 10), sorted(saved)

        agree(program, rtol=1e-10)


@needs_torch
@pytest.mark.parametrize("name", [n for n in minideep.optim.lr_scheduler.__all__ if n != "LinearWarmupLR"])
def test_arguments_are_pytorchs(name) -> None:
    ours, theirs = (
        inspect.signature(getattr(m.optim.lr_scheduler, name).__init__).parameters.values() for m in (minideep, torch)
    )
    assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs]
