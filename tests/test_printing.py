"""Tensors print as PyTorch's do: against texts written down here, and against PyTorch itself on generated tensors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

import minideep
from minideep import set_printoptions, tensor


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    yield
    set_printoptions(profile="default")


TEXTS: list[tuple[Any, str]] = [
    (3.14159265, "tensor(3.1416)"),
    (7, "tensor(7)"),
    (True, "tensor(True)"),
    ([], "tensor([])"),
    ([1.0, 2.0, 30.0], "tensor([ 1.,  2., 30.])"),
    ([-1.5, 2.0], "tensor([-1.5000,  2.0000])"),
    ([0.0, -0.0], "tensor([0., -0.])"),
    ([True, False], "tensor([ True, False])"),
    ([[1, 20], [-3, 4]], "tensor([[ 1, 20],\n        [-3,  4]])"),
    ([1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])"),
    ([1e9], "tensor([1.0000e+09])"),
    ([0.5, 600.0], "tensor([5.0000e-01, 6.0000e+02])"),
    ([float("nan"), float("inf"), 1.0], "tensor([nan, inf, 1.])"),
    ([float("-inf"), 0.5], "tensor([  -inf, 0.5000])"),
    ([[[1.0], [2.0]], [[3.0], [4.0]]], "tensor([[[1.],\n         [2.]],\n\n        [[3.],\n         [4.]]])"),
    (np.zeros((2, 0), np.float32), "tensor([], size=(2, 0))"),
    (np.zeros(0, np.int64), "tensor([], dtype=minideep.int64)"),
    (np.zeros(2), "tensor([0., 0.], dtype=minideep.float64)"),
    (np.arange(3, dtype=np.int32), "tensor([0, 1, 2], dtype=minideep.int32)"),
    (np.arange(1001), "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    (
        np.arange(2000).reshape(500, 4),
        "tensor([[   0,    1,    2,    3],\n        [   4,    5,    6,    7],\n        [   8,    9,   10,   11],\n"
        "        ...,\n        [1988, 1989, 1990, 1991],\n        [1992, 1993, 1994, 1995],\n"
        "        [1996, 1997, 1998, 1999]])",
    ),
    (
        [i / 8 for i in range(15)],
        "tensor([0.0000, 0.1250, 0.2500, 0.3750, 0.5000, 0.6250, 0.7500, 0.8750, 1.0000,\n"
        "        1.1250, 1.2500, 1.3750, 1.5000, 1.6250, 1.7500])",
    ),
]


@pytest.mark.parametrize(("data", "text"), TEXTS, ids=range(len(TEXTS)))
def test_written_down(data: Any, text: str) -> None:
    assert repr(tensor(data)) == str(tensor(data)) == text


def test_place_in_the_graph() -> None:
    x = tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    assert repr(x.detach()) == "tensor([1., 2.])"


def test_notes_that_do_not_fit_go_to_the_next_line() -> None:
    x = tensor([0.125] * 8, requires_grad=True)
    assert repr(x) == (
        "tensor([0.1250, 0.1250, 0.1250, 0.1250, 0.1250, 0.1250, 0.1250, 0.1250],\n       requires_grad=True)"
    )


def test_the_default_dtype_is_not_mentioned() -> None:
    minideep.set_default_dtype(minideep.float64)
    try:
        assert repr(tensor([0.5])) == "tensor([0.5000])"
        assert repr(tensor([0.5], dtype=minideep.float32)) == "tensor([0.5000], dtype=minideep.float32)"
    finally:
        minideep.set_default_dtype(minideep.float32)


def test_a_device_other_than_the_cpu_is_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minideep.Tensor, "device", minideep.device("cuda:1"))
    assert repr(tensor([0.5])) == "tensor([0.5000], device='cuda:1')"


def test_options() -> None:
    x = tensor([[0.123456, 1.0], [2.0, 3.0]])
    set_printoptions(precision=2, sci_mode=True)
    assert repr(x) == "tensor([[1.23e-01, 1.00e+00],\n        [2.00e+00, 3.00e+00]])"
    set_printoptions(threshold=2, edgeitems=1)
    assert repr(tensor(range(6))) == "tensor([0,  ..., 5])"
    set_printoptions(profile="full")
    assert len(repr(minideep.ones(1100)).split(",")) == 1100
    set_printoptions(profile="short")
    assert repr(tensor([0.123456])) == "tensor([0.12])"
    with pytest.raises(ValueError, match="profile must be one of default, short, full, but got 'long'"):
        set_printoptions(profile="long")


def test_format() -> None:
    assert f"{tensor(2.5):.3f}" == "2.500"
    assert f"{tensor(2.5, requires_grad=True)} {tensor(3):>3}" == "2.5   3"
    assert f"{tensor([1.0])}" == "tensor([1.])"
    with pytest.raises(TypeError, match="unsupported format string"):
        format(tensor([1.0]), ".2f")


# ---------------------------------------------------------------------------------------------- beside PyTorch

DTYPES = [np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8, np.bool_]
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-45, 1e-4, 1e8]


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray:
    """Arrays of every dtype: whole numbers, fractions, wide and narrow ranges, special values, up to 2,000 entries."""
    shape = draw(
        st_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=8) | st.just((40, 50)) | st.just((1300,))
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x = rng.normal(size=shape) * 10.0 ** draw(st.integers(-6, 10))
    if draw(st.booleans()):
        x = x * 10.0 ** rng.integers(-3, 3, size=shape)
    if draw(st.booleans()):
        x = np.where(rng.random(shape) < 0.3, rng.choice(SPECIAL, size=shape), x)
    if draw(st.booleans()):
        x = np.round(x)
    with np.errstate(all="ignore"):
        return np.asarray(x, dtype=draw(st.sampled_from(DTYPES)))


options = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 8),
        "threshold": st.sampled_from([0, 5, 1000]),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.sampled_from([1, 20, 80, 120]),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)


def on_one_line(text: str) -> str:
    """Without line breaks before dtype= and size=: our dtypes have longer names, and go to the next line sooner."""
    return re.sub(r",\s+(dtype|size)=", r", \1=", text)


@given(arrays(), options)
@settings(deadline=None, max_examples=200)
def test_as_pytorch(array: np.ndarray, chosen: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    theirs = torch.from_numpy(array.copy()) if array.ndim else torch.tensor(array)
    for library in (torch, minideep):
        library.set_printoptions(profile="default")
        library.set_printoptions(**chosen)
    try:
        expected, got = repr(theirs).replace("torch.", "minideep."), repr(tensor(array))
    finally:
        torch.set_printoptions(profile="default")
    if array.dtype == np.float32:
        assert got == expected
    assert on_one_line(got) == on_one_line(expected)
