"""What schedulers refuse, warn of, and what PyTorch does not have."""

from __future__ import annotations

import math

import pytest

import minideep
from minideep import optim
from minideep.optim import lr_scheduler

from ..support import agree, torch


def optimizer_of(m=minideep, **options):
    return m.optim.SGD([m.ones(2, requires_grad=True)], lr=0.1, **options)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda o, s: s.StepLR(1, 3), TypeError, "StepLR: expected an Optimizer, but got int"),
        (lambda o, s: s.CyclicLR(1, 0.1, 0.2), TypeError, "CyclicLR: expected an Optimizer, but got int"),
        (lambda o, s: s.OneCycleLR(1, 0.1, 10), TypeError, "OneCycleLR: expected an Optimizer, but got int"),
        (lambda o, s: s.ReduceLROnPlateau(1), TypeError, "ReduceLROnPlateau: expected an Optimizer, but got int"),
        (lambda o, s: s.StepLR(o, 3, last_epoch=4), KeyError, r"param_groups\[0\] has no 'initial_lr', which it takes"),
        (lambda o, s: s.ConstantLR(o, 1.5), ValueError, "ConstantLR: expected factor between 0 and 1, but got 1.5"),
        (
            lambda o, s: s.LinearLR(o, 0.0),
            ValueError,
            "LinearLR: expected start_factor greater than 0 .* LinearWarmupLR",
        ),
        (
            lambda o, s: s.LinearLR(o, 0.5, 1.5),
            ValueError,
            "expected end_factor between 0 and 1, but got 1.5",
        ),
        (
            lambda o, s: s.LambdaLR(o, [abs, abs]),
            ValueError,
            "LambdaLR: expected 1 lr_lambdas, one for each group",
        ),
        (lambda o, s: s.MultiplicativeLR(o, 3), TypeError, "lr_lambda should be a function of the epoch, but got int"),
        (lambda o, s: s.CosineAnnealingWarmRestarts(o, 0), ValueError, "expected a positive integer T_0, but got 0"),
        (lambda o, s: s.CosineAnnealingWarmRestarts(o, 3, 1.5), ValueError, "positive integer T_mult, but got 1.5"),
        (lambda o, s: s.CosineAnnealingWarmRestarts(o, 3, eta_min="0"), ValueError, "a number eta_min, but got str"),
        (lambda o, s: s.CosineAnnealingWarmRestarts(o, 3).step(-1), ValueError, "expected epoch >= 0, but got -1"),
        (lambda o, s: s.CyclicLR(o, 0.1, 0.2, mode="round"), ValueError, "mode is invalid .* but got 'round'"),
        (
            lambda o, s: s.CyclicLR(o, 0.1, [0.2, 0.3]),
            ValueError,
            "max_lr must have the same length as .* 2 values",
        ),
        (lambda o, s: s.OneCycleLR(o, 0.1), ValueError, "expected either total_steps, or epochs and steps_per_epoch"),
        (lambda o, s: s.OneCycleLR(o, 0.1, 0), ValueError, "expected a positive integer total_steps, but got 0"),
        (
            lambda o, s: s.OneCycleLR(o, 0.1, None, 1.5, 2),
            ValueError,
            "expected a positive integer epochs, but got 1.5",
        ),
        (
            lambda o, s: s.OneCycleLR(o, 0.1, 9, pct_start=1.5),
            ValueError,
            "expected pct_start between 0 and 1, but",
        ),
        (
            lambda o, s: s.OneCycleLR(o, 0.1, 9, anneal_strategy="x"),
            ValueError,
            "must be 'cos' or 'linear', but got 'x'",
        ),
        (lambda o, s: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "expected factor < 1, but got 1.0"),
        (lambda o, s: s.ReduceLROnPlateau(o, mode="x"), ValueError, "mode 'x' is unknown: expected 'min' or 'max'"),
        (lambda o, s: s.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold_mode 'x' is unknown"),
        (lambda o, s: s.ReduceLROnPlateau(o, min_lr=[0, 0]), ValueError, "expected 1 min_lrs, but got 2"),
        (lambda o, s: s.SequentialLR(o, [], []), ValueError, "SequentialLR: expected at least one scheduler"),
        (lambda o, s: s.SequentialLR(o, [3], []), TypeError, "the scheduler at index 0 should have an optimizer"),
        (lambda o, s: s.ChainedScheduler([]), ValueError, "ChainedScheduler: expected at least one scheduler"),
        (
            lambda o, s: s.SequentialLR(o, [s.StepLR(o, 3)], [4]),
            ValueError,
            "expected one scheduler more than milestones, but got 1 schedulers and 1 milestones",
        ),
        (
            lambda o, s: s.ChainedScheduler([s.ReduceLROnPlateau(o)]),
            ValueError,
            r"ChainedScheduler: it does not support ReduceLROnPlateau \(index 0\), whose step needs a measure",
        ),
        (
            lambda o, s: s.LRScheduler(o),
            NotImplementedError,
            r"LRScheduler: write get_lr\(\), which returns",
        ),
    ],
)
def test_what_makes_no_sense(make, error, message) -> None:
    with pytest.raises(error, match=message):
        make(optimizer_of(), lr_scheduler)
    if torch is not None:
        agree(lambda m: make(optimizer_of(m), m.optim.lr_scheduler))


def test_schedulers_of_different_optimizers() -> None:
    def program(m):
        schedulers = [m.optim.lr_scheduler.StepLR(optimizer_of(m), 3) for _ in range(2)]
        return m.optim.lr_scheduler.ChainedScheduler(schedulers)

    with pytest.raises(ValueError, match="but StepLR at index 1 belongs to another one"):
        program(minideep)
    if torch is not None:
        agree(program)


def test_momentum_that_is_not_there() -> None:
    optimizer = optim.Adadelta([minideep.ones(2)])
    message = "CyclicLR: with cycle_momentum=True the optimizer must support momentum or beta1, which Adadelta does not"
    with pytest.raises(ValueError, match=message):
        lr_scheduler.CyclicLR(optimizer, 0.1, 0.2)


def test_one_cycle_has_an_end() -> None:
    optimizer = optimizer_of()
    scheduler = lr_scheduler.OneCycleLR(optimizer, 0.1, 3, cycle_momentum=False)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match="OneCycleLR: step 4 is one too many: there are 3 total steps"):
        scheduler.step()


def test_groups_that_a_plateau_does_not_know() -> None:
    optimizer = optimizer_of()
    one, each = (lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=m, factor=0.5) for m in (0.01, [0.01]))
    optimizer.add_param_group({"params": [minideep.ones(1)]})
    for _ in range(2):
        one.step(1.0)
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.05]
    each.step(1.0)
    with pytest.raises(RuntimeError, match="the optimizer has 2 groups now, but there are 1 min_lrs; set its min_lrs"):
        each.step(1.0)


def test_a_decay_of_ones_own_lacks_something() -> None:
    class Half(lr_scheduler.decay.Decay):
        def change(self):
            return 1.0 if self._is_initial else 0.5

    with pytest.raises(NotImplementedError, match=r"Decay: write change\(\)"):
        lr_scheduler.decay.Decay(optimizer_of())
    scheduler = Half(optimizer_of())
    scheduler.optimizer.step()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.05]
    with pytest.raises(NotImplementedError, match=r"Half: write total\(\)"), pytest.warns(UserWarning, match="old way"):
        scheduler.step(3)


# ---------------------------------------------------------------------------------------------- warnings


def test_the_wrong_order() -> None:
    optimizer = optimizer_of()
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    message = r"StepLR: lr_scheduler.step\(\) was called before optimizer.step\(\), which leaves out the first"
    with pytest.warns(UserWarning, match=message):
        scheduler.step()
    scheduler.step()  # says it once


def test_the_wrong_order_after_steps_without_a_scheduler() -> None:
    optimizer = optimizer_of()
    optimizer.step()
    scheduler = lr_scheduler.StepLR(optimizer, 1)
    with pytest.warns(UserWarning, match="was called before"):
        scheduler.step()


def test_a_second_scheduler_in_mid_course_is_no_reason_to_warn() -> None:
    optimizer = optimizer_of()
    first = lr_scheduler.StepLR(optimizer, 1)
    optimizer.step()
    first.step()
    lr_scheduler.StepLR(optimizer, 1).step()


def test_get_lr_is_not_what_one_wants() -> None:
    scheduler = lr_scheduler.ExponentialLR(optimizer_of(), 0.5)
    with pytest.warns(UserWarning, match=r"to get the last learning rate computed, use get_last_lr\(\)"):
        assert scheduler.get_lr() == [0.05]
    assert scheduler.get_last_lr() == [0.1]


def test_a_plateau_at_a_given_epoch() -> None:
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer_of())
    with pytest.warns(UserWarning, match="ReduceLROnPlateau: the epoch parameter"):
        scheduler.step(1.0, 7)
    assert scheduler.last_epoch == 7


# ---------------------------------------------------------------------------------------------- more


def test_linear_warm_up() -> None:
    """From 0, and then along a cosine."""
    optimizer = optimizer_of()
    parts = [lr_scheduler.LinearWarmupLR(optimizer, 4), lr_scheduler.CosineAnnealingLR(optimizer, 10)]
    scheduler = lr_scheduler.SequentialLR(optimizer, parts, [4])
    path = scheduler.get_last_lr()
    for _ in range(14):
        optimizer.step()
        scheduler.step()
        path += scheduler.get_last_lr()
    expected = [0.025 * t for t in range(4)] + [0.05 * (1 + math.cos(math.pi * t / 10)) for t in range(11)]
    assert path == pytest.approx(expected, abs=1e-12)


def test_linear_warm_up_stays_where_it_ends() -> None:
    optimizer = optimizer_of()
    scheduler = lr_scheduler.LinearWarmupLR(optimizer, 2)
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    assert scheduler.get_last_lr() == [0.1]
    with pytest.raises(ValueError, match="LinearWarmupLR: expected warmup_steps > 0, but got 0"):
        lr_scheduler.LinearWarmupLR(optimizer, 0)


class Falling:
    """A function that can be saved: an object with attributes."""

    def __init__(self, base: float) -> None:
        self.base = base

    def __call__(self, epoch: float) -> float:
        return self.base**epoch


def test_functions_are_saved_if_they_are_objects() -> None:
    saved = lr_scheduler.LambdaLR(optimizer_of(), Falling(0.5)).state_dict()
    assert saved["lr_lambdas"] == [{"base": 0.5}]
    other = lr_scheduler.LambdaLR(optimizer_of(), Falling(0.9))
    other.load_state_dict(saved)
    assert other.lr_lambdas[0].base == 0.5
    cyclic = [lr_scheduler.CyclicLR(optimizer_of(), 0.1, 0.2, scale_fn=Falling(b)) for b in (0.5, 0.9)]
    saved = cyclic[0].state_dict()
    assert saved["_scale_fn_custom"] == {"base": 0.5}
    cyclic[1].load_state_dict(saved)
    assert cyclic[1].scale_fn(2) == 0.25
