"""Averages of weights, beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import minideep
from minideep import nn, optim
from minideep.optim import swa_utils

from ..support import agree


def network(m, dtype=np.float64):
    """A small network with values that both libraries share, in buffers too."""
    model = m.nn.Sequential(m.nn.Linear(3, 4), m.nn.BatchNorm1d(4), m.nn.Linear(4, 2)).double()
    rng = np.random.default_rng(0)
    with m.no_grad():
        for p in model.parameters():
            p.copy_(m.tensor(rng.standard_normal(tuple(p.shape))))
    return model


def drift(m, model, step) -> None:
    with m.no_grad():
        for number, tensor in enumerate([*model.parameters(), *model.buffers()]):
            tensor.add_(number + step if number == 8 else 0.1 * (number - step))


AVERAGES = {
    "default": lambda s: {},
    "swa_multi": lambda s: {"multi_avg_fn": s.get_swa_multi_avg_fn()},
    "swa_avg": lambda s: {"avg_fn": s.get_swa_avg_fn()},
    "ema_multi": lambda s: {"multi_avg_fn": s.get_ema_multi_avg_fn(0.7)},
    "ema_avg": lambda s: {"avg_fn": s.get_ema_avg_fn()},
    "ema_multi_buffers": lambda s: {"multi_avg_fn": s.get_ema_multi_avg_fn(0.7), "use_buffers": True},
    "ema_avg_buffers": lambda s: {"avg_fn": s.get_ema_avg_fn(0.9), "use_buffers": True},
    "own": lambda s: {"avg_fn": lambda average, value, n: (average * n + value * 2) / (n + 2)},
}


@pytest.mark.parametrize("average", AVERAGES)
def test_averages(average) -> None:
    def program(m):
        model = network(m)
        averaged = m.optim.swa_utils.AveragedModel(model, **AVERAGES[average](m.optim.swa_utils))
        for step in range(6):
            drift(m, model, step)
            averaged.update_parameters(model)
        state = averaged.state_dict()
        return list(state), list(state.values()), averaged.eval()(m.ones(2, 3).double()).detach(), repr(averaged)

    agree(program, rtol=1e-6 if average == "swa_multi" else 1e-10)  # PyTorch divides there in float32


def test_the_plain_average() -> None:
    model = nn.Linear(2, 1)
    averaged = swa_utils.AveragedModel(model)
    seen = []
    for step in range(4):
        model.weight.data = minideep.full((1, 2), float(step * step))
        seen.append(step * step)
        averaged.update_parameters(model)
        np.testing.assert_allclose(averaged.module.weight.detach().numpy(), np.mean(seen), rtol=1e-6)
    assert averaged.n_averaged.item() == 4
    assert averaged.n_averaged.dtype == minideep.int64
    assert model.weight.tolist() == [[9, 9]], "the model itself is left alone"


def test_whole_numbers_are_averaged_rounding_down() -> None:
    average, value = minideep.tensor([10, 0]), minideep.tensor([13, 5])
    swa_utils.get_swa_multi_avg_fn()([average], [value], 1)
    assert average.tolist() == [11, 2]


def test_averages_go_on_from_a_state_dict() -> None:
    model = network(minideep)
    averaged, other = (swa_utils.AveragedModel(model) for _ in range(2))
    for step in range(3):
        drift(minideep, model, step)
        averaged.update_parameters(model)
    other.load_state_dict(averaged.state_dict())
    drift(minideep, model, 3)
    for each in averaged, other:
        each.update_parameters(model)
    for ours, expected in zip(other.state_dict().values(), averaged.state_dict().values(), strict=True):
        np.testing.assert_array_equal(ours.numpy(), expected.numpy())


@pytest.mark.parametrize("batches", [lambda x: [x[:4], x[4:]], lambda x: [[x[:4], None], (x[4:], None)]])
def test_update_bn(batches) -> None:
    def program(m):
        model = network(m).eval()
        drift(m, model, 2)
        x = m.tensor(np.random.default_rng(1).standard_normal((9, 3)))
        m.optim.swa_utils.update_bn(batches(x), model, device="cpu")
        return model[1].running_mean, model[1].running_var, model[1].momentum, model.training

    agree(program)


def test_update_bn_without_batch_norms_reads_no_data() -> None:
    swa_utils.update_bn(iter(lambda: 1 / 0, None), nn.Linear(2, 2))


def test_an_average_may_live_elsewhere() -> None:
    from gradcheck import strict

    strict.register()
    model = nn.Linear(2, 2)
    averaged = swa_utils.AveragedModel(model, device="strict")
    for _ in range(2):
        averaged.update_parameters(model)
    assert averaged.module.weight.device.type == "strict"
    np.testing.assert_allclose(averaged.module.weight.detach().cpu().numpy(), model.weight.detach().numpy())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda m, s: s.AveragedModel(m.nn.Linear(1, 1), avg_fn=max, multi_avg_fn=max),
            AssertionError,
            "AveragedModel: only one of avg_fn and multi_avg_fn should be given, but got both",
        ),
        (lambda m, s: s.get_ema_avg_fn(1.5), ValueError, "get_ema_avg_fn: expected decay between 0 and 1, but got 1.5"),
        (lambda m, s: s.get_ema_multi_avg_fn(-1), ValueError, "get_ema_multi_avg_fn: expected decay between 0 and 1"),
        (
            lambda m, s: s.SWALR(m.optim.SGD([m.ones(1)]), 0.1, anneal_strategy="x"),
            ValueError,
            "SWALR: anneal_strategy must be 'cos' or 'linear', but got 'x'",
        ),
        (
            lambda m, s: s.SWALR(m.optim.SGD([m.ones(1)]), 0.1, anneal_epochs=-1),
            ValueError,
            "SWALR: expected an integer anneal_epochs >= 0, but got -1",
        ),
    ],
)
def test_errors(make, error, message) -> None:
    with pytest.raises(error, match=message):
        make(minideep, optim.swa_utils)
    agree(lambda m: make(m, m.optim.swa_utils))
