"""Convolution beyond the calls of the catalogue: every way to lay it out, any order of derivative, memory, float16."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import minideep as md
from minideep import Tensor, autograd
from tests.support import agree

F = md.nn.functional

# Shapes of input and weight, stride, padding, dilation, groups.
CALLS = [
    ((5, 4, 9, 8), (6, 4, 3, 3), (1, 1), (1, 1), (1, 1), 1),
    ((5, 4, 9, 8), (6, 2, 3, 2), (1, 2), (0, 3), (2, 1), 2),
    ((3, 6, 11, 5), (6, 1, 5, 3), (1, 1), (2, 1), (1, 1), 6),
    ((2, 3, 8, 8), (4, 3, 4, 4), (3, 3), (2, 2), (1, 1), 1),
    ((7, 4, 3, 5), (6, 4, 1, 1), (1, 1), (0, 0), (1, 1), 1),
]
# What decides on the layout, set so that one way is taken wherever it is possible.
WAYS: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "all copies": {"_Layout._rows_pay": lambda layout: False},
    "by rows": {"_Layout._rows_pay": lambda layout: True, "_FEW": 0},
    "rows of an image": {"_CACHED": 1, "_FEW": 0},
    "some groups": {"_CACHED": 2000, "_FEW": 0},
    "images apart": {"_FEW": 0},
    "images side by side": {"_FEW": 10**6, "_WIDE": 200},
    "threads": {"_WORTH_SHARING": 0, "_CACHED": 4000, "_FEW": 0},
}


def plainly(x: Tensor, weight: Tensor, stride: Any, padding: Any, dilation: Any, groups: int) -> Tensor:
    """im2col: the weight times the windows as columns, one group of channels after the other."""
    sides = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    counts = [(n + 2 * pad - gap * (taps - 1) - 1) // step + 1 for n, taps, step, pad, gap in sides]
    results = []
    for part, filters in zip(x.chunk(groups, 1), weight.chunk(groups, 0), strict=True):
        windows = F.unfold(part, weight.shape[2:], dilation, padding, stride)
        results.append(filters.reshape(len(filters), -1) @ windows)
    return md.cat(results, 1).reshape(len(x), len(weight), *counts)


@pytest.mark.parametrize("call", CALLS, ids=str)
@pytest.mark.parametrize("way", WAYS)
def test_every_layout_is_im2col(way: str, call: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in WAYS[way].items():
        monkeypatch.setattr(f"minideep.ops.columns.{name}", value)
    rng = np.random.default_rng(0)
    x, weight = (md.tensor(rng.normal(size=shape), requires_grad=True) for shape in call[:2])
    settings = dict(zip(("stride", "padding", "dilation", "groups"), call[2:], strict=True))
    y, expected = md.conv2d(x, weight, **settings), plainly(x, weight, **settings)
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-12, atol=1e-12)
    g = md.tensor(rng.normal(size=y.shape))
    for found, right in zip(autograd.grad(y, [x, weight], g), autograd.grad(expected, [x, weight], g), strict=True):
        np.testing.assert_allclose(found.numpy(), right.numpy(), rtol=1e-12, atol=1e-12)


def test_derivatives_of_any_order() -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in ((2, 4, 5, 6), (6, 2, 3, 2))]

    def third(m: Any) -> Any:
        inputs = [m.tensor(a, requires_grad=True) for a in arrays]
        y = m.nn.functional.conv2d(*inputs, stride=2, padding=1, groups=2).pow(3).sum()
        for _ in range(3):
            gradients = m.autograd.grad(y, inputs, create_graph=True)
            y = sum((g * g).sum() for g in gradients)
        return gradients

    agree(third)


def test_no_matrix_of_all_windows_is_made() -> None:
    x, weight = md.randn(16, 64, 32, 32).requires_grad_(), md.randn(64, 64, 3, 3).requires_grad_()
    tracemalloc.start()
    md.conv2d(x, weight, padding=1).sum().backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (
        peak < 5 * x.nbytes
    )  # result, its gradient, that of x, and a block for each thread; all windows are 9 times x


def test_float16_is_added_up_in_float32() -> None:
    x, weight = (md.ones(1, 1, 1, 4097, dtype=md.float16).requires_grad_() for _ in range(2))
    y = md.conv2d(x, weight)
    assert (y.dtype, y.item()) == (np.float16, 4096.0)  # in float16 alone the sum stops at 2048
    y.sum().backward()
    assert x.grad.dtype == weight.grad.dtype == np.float16


def test_an_empty_batch_gives_gradients() -> None:
    x, weight = md.ones(0, 2, 4, 4).requires_grad_(), md.ones(3, 2, 3, 3).requires_grad_()
    md.conv2d(x, weight).sum().backward()
    assert x.grad.shape == (0, 2, 4, 4)
    assert not weight.grad.numpy().any()


def test_without_input_channels_the_bias_is_left() -> None:
    y = md.conv2d(md.ones(1, 0, 3, 3), md.ones(2, 0, 2, 2), md.tensor([1.0, 2.0]))
    assert y[0, :, 1, 1].tolist() == [1, 2]


def test_a_convolution_is_one_node() -> None:
    y = md.conv2d(md.ones(1, 1, 3, 3), md.ones(1, 1, 2, 2).requires_grad_(), md.ones(1).requires_grad_())
    assert y.grad_fn.name() == "Conv2dBackward0"
