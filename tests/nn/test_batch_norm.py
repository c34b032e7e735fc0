"""Running statistics: how they are counted, forgotten, saved, and loaded from files that lack the count."""

from __future__ import annotations

import re

import numpy as np
import pytest

import minideep as md
from minideep import nn


def test_without_momentum_they_are_means_over_all_batches() -> None:
    norm, batches = nn.BatchNorm1d(3, momentum=None), [md.randn(5, 3) for _ in range(4)]
    version = norm.num_batches_tracked._version
    for batch in batches:
        norm(batch)
    assert np.allclose(norm.running_mean.numpy(), np.mean([b.mean(0).numpy() for b in batches], 0), atol=1e-6)
    assert np.allclose(norm.running_var.numpy(), np.mean([b.var(0).numpy() for b in batches], 0), atol=1e-6)
    assert norm.num_batches_tracked.item() == norm.num_batches_tracked._version - version == 4
    assert norm.num_batches_tracked.dtype == md.int64
    norm.eval()(batches[0])
    assert norm.num_batches_tracked.item() == 4


def test_the_count_stays_an_integer_in_any_dtype() -> None:
    assert nn.BatchNorm2d(3, dtype=md.float64).half().num_batches_tracked.dtype == md.int64


def test_forgetting() -> None:
    norm = nn.BatchNorm1d(2)
    norm(md.randn(5, 2))
    norm.reset_running_stats()
    assert [x.tolist() for x in norm.buffers()] == [[0, 0], [1, 1], 0]
    norm.weight.data.fill_(3)
    norm.reset_parameters()
    assert norm.weight.tolist() == [1, 1]
    nn.BatchNorm1d(2, track_running_stats=False).reset_running_stats()


def test_files_without_the_count_load() -> None:
    """Those of PyTorch before 0.4.1: no version in their metadata, no ``num_batches_tracked``."""
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    net(md.randn(5, 2))
    old = {name: x.numpy() for name, x in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    fresh = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    fresh.load_state_dict(old)
    assert fresh[1].num_batches_tracked.item() == 0
    assert fresh[1].running_mean.equal(net[1].running_mean)
    new = net.state_dict()
    del new["1.num_batches_tracked"]
    with pytest.raises(RuntimeError, match=re.escape('Missing key(s) in state_dict: "1.num_batches_tracked"')):
        fresh.load_state_dict(new)


def test_without_statistics_evaluation_uses_those_of_the_batch() -> None:
    x = md.randn(5, 3)
    norm = nn.BatchNorm1d(3, track_running_stats=False)
    assert norm.eval()(x).equal(norm.train()(x))
    assert list(norm.state_dict()) == ["weight", "bias"]


def test_one_value_a_channel_has_no_variance() -> None:
    with pytest.raises(ValueError, match="batch_norm: expected more than 1 value per channel when training"):
        nn.BatchNorm1d(3)(md.ones(1, 3))
    nn.BatchNorm1d(3).eval()(md.ones(1, 3))
