"""Dtypes and devices: what is copied and what is not, how gradients find their way back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep as md
from gradcheck import strict
from tests.support import agree

strict.register()


def test_nothing_to_convert_means_the_same_tensor() -> None:
    x = md.ones(2)
    assert x.to(md.float32) is x
    assert x.to("cpu", md.float32) is x
    assert x.float() is x
    assert x.cpu() is x
    assert x.to(md.float32, copy=True) is not x


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_gradients_come_back_in_the_dtype_they_left_in(dtype: str) -> None:
    def program(m: Any) -> Any:
        x = m.tensor([1.5, 2.0], dtype=getattr(m, dtype), requires_grad=True)
        (x.float() * 2 + x.double() * 3).sum().backward()
        return x.grad

    agree(program)


@pytest.mark.parametrize("name", ["sum", "mean", "prod", "norm"])
def test_dtype_converts_before_the_function_and_back_on_the_way_home(name: str) -> None:
    def program(m: Any) -> Any:
        x = m.tensor([1.5, 2.0], requires_grad=True)
        y = getattr(m, name)(x, dtype=m.float64)
        y.backward()
        return y, x.grad

    agree(program)


def test_dtypes_in_python_and_numpy_spelling() -> None:
    x = md.tensor([1.5, 2.0])
    assert [x.to(t).dtype for t in (float, int, bool, np.float16)] == [md.float64, md.int64, md.bool, md.float16]
    assert x.astype("int32").dtype == md.int32


def test_there_and_back_over_devices() -> None:
    x = md.tensor([1.0, 2.0], requires_grad=True)
    there = x.to("strict")
    assert str(there.device) == "strict"
    back = (there * 3).cpu()
    assert str(back.device) == "cpu"
    (g,) = md.autograd.grad((back * back).sum(), x, create_graph=True)
    assert g.tolist() == [18.0, 36.0]
    assert md.autograd.grad(g.sum(), x)[0].tolist() == [18.0, 18.0]


def test_like_another_tensor_wherever_it_lives() -> None:
    there = md.zeros(1, dtype=md.float64, device="strict")
    moved = md.ones(2).to(there)
    assert (str(moved.device), moved.dtype) == ("strict", md.float64)
    for made in (there.new_ones(2), md.full_like(there, 2), md.rand_like(there), there.new_tensor([1])):
        assert (str(made.device), made.dtype) == ("strict", md.float64)


def test_copy_reaches_across_devices_and_dtypes() -> None:
    there = md.zeros(2, dtype=md.float64, device="strict")
    there.copy_(md.tensor([1, 2]))
    assert there.tolist() == [1.0, 2.0]


def test_cuda_without_a_gpu_says_what_is_missing() -> None:
    if md.backend.cuda_device_count():
        pytest.skip("there is one")
    for call in (lambda: md.ones(2).cuda(), lambda: md.ones(2).cuda(1), lambda: md.ones(2, device="cuda")):
        with pytest.raises(RuntimeError, match=r"device: 'cuda'"):
            call()


def test_filling_cuts_off_what_was_there() -> None:
    def program(m: Any) -> Any:
        x = m.tensor([1.0, 2.0], dtype=m.float64, requires_grad=True)
        value = m.tensor(3.0, dtype=m.float64, requires_grad=True)
        y = x * 2
        y[:1].fill_(value)
        y[1:].copy_(x[:1])
        y = y * x
        return y, m.autograd.grad(y.sum(), (x, value))

    agree(program)


def test_a_leaf_is_not_written_over() -> None:
    writes: list[Any] = [lambda x: x.fill_(1), lambda x: x.copy_(md.ones(2)), lambda x: x.uniform_()]
    for write in writes:
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            write(md.ones(2, requires_grad=True))


def test_writing_over_is_noticed_by_what_was_saved() -> None:
    x = md.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()
