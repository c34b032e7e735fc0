"""What parameters start as."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minideep as md
from minideep import nn
from tests.support import needs_torch, torch

EVEN = [
    ("Linear(400, 300)", 400), ("Linear(400, 300).bias", 400), ("Conv1d(40, 300, 5)", 200),
    ("Conv2d(40, 300, (2, 5), groups=4)", 100), ("Conv2d(16, 300, 5).bias", 400),
    ("ConvTranspose1d(300, 40, 5)", 200), ("ConvTranspose2d(300, 40, 3, groups=2)", 180),
]  # fmt: skip


@pytest.mark.parametrize(("text", "fan_in"), EVEN, ids=[text for text, _ in EVEN])
def test_spread_evenly_by_fan_in(text: str, fan_in: int) -> None:
    """Between ±1/√fan_in, as PyTorch's layers, whose documentation calls it ``kaiming_uniform_(a=math.sqrt(5))``."""
    md.manual_seed(0)
    made = eval(f"nn.{text}")
    values = (made.weight if isinstance(made, nn.Module) else made).detach().numpy()
    bound = 1 / math.sqrt(fan_in)
    assert 0.97 * bound < np.abs(values).max() <= bound
    assert values.std() == pytest.approx(bound / math.sqrt(3), rel=0.08)
    assert np.abs(values.mean()) < 4 * bound / math.sqrt(3 * values.size)


SAME = """BatchNorm1d(5) InstanceNorm2d(5,affine=True) GroupNorm(2,4) LayerNorm((3,4)) RMSNorm(5) PReLU(3)
    MultiheadAttention(64,4) MultiheadAttention(64,4,kdim=32,vdim=96,add_bias_kv=True) Embedding(300,40,padding_idx=2)
    TransformerEncoderLayer(64,4,100) Linear(64,100) ConvTranspose2d(8,12,3,bias=False)""".split()


@needs_torch
@pytest.mark.parametrize("text", SAME)
def test_same_first_values_as_pytorch(text: str) -> None:
    """Equal where they are not drawn, and otherwise of the same mean, spread and greatest."""
    md.manual_seed(0)
    torch.manual_seed(0)
    ours, theirs = eval(f"nn.{text}"), eval(f"torch.nn.{text}")
    for (name, x), y in zip(ours.state_dict().items(), theirs.state_dict().values(), strict=True):
        x, y = x.numpy().astype(np.float64), y.numpy().astype(np.float64)
        if y.std() == 0:
            assert np.array_equal(x, y), name
            continue
        assert abs(x.mean() - y.mean()) < 6 * y.std() / math.sqrt(y.size), name
        assert x.std() == pytest.approx(y.std(), rel=4 / math.sqrt(y.size) + 0.02), name
        assert np.abs(x).max() == pytest.approx(np.abs(y).max(), rel=0.2 + 2 / math.sqrt(y.size)), name


def test_layers_of_no_features() -> None:
    assert nn.Linear(0, 3)(md.ones(2, 0)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert nn.Linear(3, 0)(md.ones(2, 3)).shape == (2, 0)


def test_dtype_and_device_of_the_parameters() -> None:
    for layer in (
        nn.Linear(2, 3, dtype=md.float64), nn.Conv2d(2, 3, 3, dtype=md.float64), nn.LayerNorm(3, dtype=md.float64),
        nn.BatchNorm2d(3, dtype=md.float64), nn.Embedding(3, 2, dtype=md.float64), nn.PReLU(dtype=md.float64),
        nn.MultiheadAttention(4, 2, dtype=md.float64), nn.TransformerEncoderLayer(4, 2, dtype=md.float64),
        nn.Swish(dtype=md.float64), nn.DropConnect(2, 3, dtype=md.float64), nn.GroupNorm(1, 2, dtype=md.float64),
        nn.MixedPool2d(2, learnable=True, dtype=md.float64), nn.RMSNorm(3, dtype=md.float64),
    ):  # fmt: skip
        tensors = [*layer.parameters(), *layer.buffers()]
        assert tensors
        assert all(x.dtype == md.float64 or not x.is_floating_point() for x in tensors)
        assert all(x.device == md.device("cpu") for x in tensors)
