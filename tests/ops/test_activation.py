"""What the catalogue cannot say of activations, softmax and dropout: in-place forms, large arrays, few digits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special

import minideep as md
import minideep.nn.functional as F
from tests.support import agree

IN_PLACE = [
    ("relu", ()), ("relu6", ()), ("leaky_relu", (0.1,)), ("elu", (0.7,)), ("selu", ()), ("celu", (0.5,)),
    ("silu", ()), ("mish", ()), ("hardswish", ()), ("hardsigmoid", ()), ("hardtanh", (-0.5, 0.5)),
    ("dropout", (0.5, False)), ("dropout1d", (0.5, False)), ("dropout2d", (0.0, True)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), IN_PLACE, ids=lambda x: x if isinstance(x, str) else "")
def test_in_place(name: str, settings: tuple[Any, ...]) -> None:
    """By keyword and as the last argument; the tensor itself comes back, and gradients take the change into account."""

    def program(m: Any) -> Any:
        x = m.tensor([[-2.0, -0.3, 0.2, 4.0]], dtype=m.float64, requires_grad=True)
        function = getattr(m.nn.functional, name)
        a, b = x * 2, x * 3
        y, z = function(a, *settings, inplace=True), function(b, *settings, True)
        (y * y + z).sum().backward()
        return y is a, z is b, a.detach(), x.grad

    agree(program, rtol=1e-7)  # PyTorch's hardsigmoid has a sixth in float32
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        F.relu(md.ones(2, requires_grad=True), inplace=True)


def test_relu_in_place_method() -> None:
    x = md.tensor([-1.0, 2.0])
    assert x.relu_() is x
    assert x.tolist() == [0, 2]


# ---------------------------------------------------------------------------------------------- gelu


def _gelu(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """GELU and its derivative, in float64."""
    return x * special.ndtr(x), special.ndtr(x) + x * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 1e-3), ("float32", 2e-7), ("float64", 1e-15)])
def test_gelu_is_exact_to_rounding_everywhere(dtype: str, tolerance: float) -> None:
    """Also where the array is large enough to be shared out, and far beyond where the polynomial was fitted."""
    x = np.concatenate([np.linspace(-20, 20, 300_001), [0.0, -0.0, 1e-4, 3e4, -3e4], np.linspace(-300, 300, 1001)])
    t = md.tensor(x.astype(dtype), requires_grad=True)
    y = F.gelu(t)
    y.sum().backward()
    value, slope = _gelu(t.numpy(force=True).astype(np.float64))
    assert y.dtype == t.grad.dtype == np.dtype(dtype)
    assert np.abs(y.numpy(force=True) - value).max() <= tolerance * 300
    assert (np.abs(y.numpy(force=True) - value) <= tolerance * np.maximum(1, np.abs(value))).all()
    assert np.abs(t.grad.numpy() - slope).max() <= 2 * tolerance


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_of_extremes(approximate: str) -> None:
    def program(m: Any) -> Any:
        x = m.tensor([3.0, -3.0, 1e30, -1e30, -np.inf, np.nan], requires_grad=True)
        y = m.nn.functional.gelu(x, approximate=approximate)
        y[:2].sum().backward()
        return y.detach(), x.grad[:2]

    agree(program)
    assert F.gelu(md.tensor(np.inf), approximate=approximate).item() == np.inf  # of which PyTorch makes nan


# ---------------------------------------------------------------------------------------------- softmax


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("size", [1.0, 100.0])
def test_softmax_of_large_arrays(name: str, dim: int, size: float) -> None:
    """They are worked on in parts, and shifted only where the entries of a part are large."""
    rng = np.random.default_rng(0)
    x, g = size * rng.normal(size=(90, 40, 80)), rng.normal(size=(90, 40, 80))

    def program(m: Any) -> Any:
        t = m.tensor(x, requires_grad=True)
        y = getattr(m.nn.functional, name)(t, dim)
        y.backward(m.tensor(g))
        return y.detach(), t.grad

    agree(program)


def test_softmax_of_extremes() -> None:
    inf = np.inf
    rows = [
        [1e30, -1e30, 0.0],
        [inf, 1.0, 2.0],
        [-inf, -inf, -inf],
        [-inf, 0.0, 1.0],
        [np.nan, 0.0, 1.0],
        [88.0, 89.0, 90.0],
    ]
    agree(lambda m: m.softmax(m.tensor(rows), 1), rtol=1e-6)
    agree(lambda m: m.log_softmax(m.tensor(rows), 1), rtol=1e-6)
    agree(lambda m: m.softmax(m.tensor(rows, dtype=m.float16), 1), rtol=1e-3)


def test_log_softmax_of_a_share_near_1_keeps_its_digits() -> None:
    assert F.log_softmax(md.tensor([40.0, 0.0], dtype=md.float64), 0)[0].item() == pytest.approx(-4.248354255291589e-18)
    assert F.log_softmax(md.tensor([1e4, 1e4]), 0).tolist() == pytest.approx([-np.log(2)] * 2, rel=1e-6)


@pytest.mark.parametrize(("shape", "dim"), [((), 0), ((3,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 2, 2), 1)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_without_a_dimension_says_which_it_takes(name: str, shape: tuple[int, ...], dim: int) -> None:
    x = md.arange(int(np.prod(shape)), dtype=md.float32).reshape(shape)
    function = getattr(F, name)
    with pytest.warns(UserWarning, match=f"{name}: no dim is given, so it works along dim {dim}; say which you mean"):
        y = function(x)
    assert y.tolist() == function(x, dim).tolist() == function(x, axis=dim).tolist()


# ---------------------------------------------------------------------------------------------- dropout


def test_dropout_of_channels_drops_all_of_a_channel_or_nothing() -> None:
    md.manual_seed(0)
    for function, shape, dims in (
        (F.dropout1d, (40, 50, 3), (2,)),
        (F.dropout1d, (2000, 3), (1,)),
        (F.dropout2d, (40, 50, 3, 2), (2, 3)),
        (F.dropout2d, (40, 50, 6), (2,)),
    ):
        y = function(md.ones(shape), 0.25)
        values = y.amin(dims)
        assert (values == y.amax(dims)).all()
        assert ((values == 0) | values.isclose(md.tensor(4 / 3))).all()
        assert (values == 0).double().mean().item() == pytest.approx(0.25, abs=0.03)


def test_dropout_when_not_training_is_the_input_itself() -> None:
    x = md.ones(3, dtype=md.int64)
    assert F.dropout(x, 0.5, training=False) is x
    assert F.dropout(x, 0.0) is x
    assert F.dropout(md.ones(3), 1.0).tolist() == [0, 0, 0]
