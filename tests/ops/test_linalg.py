"""Products, beyond the calls of the catalogue: precision, memory, spellings, in-place forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep as md
from tests.support import agree

A = np.random.default_rng(0).normal(size=(3, 4))
B = np.random.default_rng(1).normal(size=(4, 2))
F = md.nn.functional

NUMPY: dict[str, Callable[[Any, Any], Any]] = {
    "matmul": np.matmul,
    "@": lambda a, b: a @ b,
    "dot": np.dot,
    "einsum": lambda a, b: np.einsum("ij,jk->ki", a, b),
    "tensordot": lambda a, b: np.tensordot(a, b, 1),
    "inner": lambda a, b: np.inner(a, b.T),
    "outer": lambda a, b: np.outer(a[0], b[:, 0]),
}


@pytest.mark.parametrize("function", NUMPY.values(), ids=NUMPY.keys())
def test_numpy_functions_take_tensors(function: Callable[[Any, Any], Any]) -> None:
    y = function(md.tensor(A, requires_grad=True), md.tensor(B))
    np.testing.assert_allclose(y.detach().numpy(), function(A, B), rtol=1e-12)
    assert y.requires_grad


def test_arrays_and_tensors_multiply() -> None:
    a, b = md.tensor(A, requires_grad=True), md.tensor(B, requires_grad=True)
    for y in (A @ b, a @ B):
        np.testing.assert_allclose(y.detach().numpy(), A @ B)
        y.sum().backward()
    np.testing.assert_allclose(b.grad.numpy(), A.T @ np.ones((3, 2)))
    np.testing.assert_allclose(a.grad.numpy(), np.ones((3, 2)) @ B.T)


def test_float16_is_added_up_in_float32() -> None:
    a, b = md.ones(1, 4097, dtype=md.float16).requires_grad_(), md.ones(4097, 1, dtype=md.float16)
    y = a @ b
    assert (y.dtype, y.item()) == (np.float16, 4096.0)  # the nearest there is; in float16 alone the sum stops at 2048
    y.sum().backward()
    assert a.grad.dtype == np.float16
    bias = md.zeros(2, dtype=md.float16).requires_grad_()
    F.linear(md.ones(4097, 3, dtype=md.float16), md.ones(2, 3, dtype=md.float16), bias).sum().backward()
    assert bias.grad.tolist() == [4096.0, 4096.0]


def test_gradients_of_a_layer_lie_in_memory_as_its_parameters_do() -> None:
    for shape in [(5, 4), (2, 3, 4)]:
        x, weight, bias = (md.ones(*s).requires_grad_() for s in (shape, (6, 4), (6,)))
        F.linear(x, weight, bias).sum().backward()
        for parameter in (x, weight, bias):
            assert parameter.grad.is_contiguous()
            assert parameter.grad.shape == parameter.shape


def test_a_layer_is_its_parts() -> None:
    def program(m: Any) -> Any:
        x, w = m.tensor(A, requires_grad=True), m.tensor(B.T.copy(), requires_grad=True)
        b = m.tensor([0.5, -1.0], dtype=m.float64, requires_grad=True)
        y = m.nn.functional.linear(x, w, b) if m is md else x @ w.T + b
        g = m.autograd.grad((y**3).sum(), (x, w, b), create_graph=True)
        return y, g, m.autograd.grad(sum((part**2).sum() for part in g), (x, w, b))

    agree(program)


@pytest.mark.parametrize("name", ["addmm_", "addmv_", "baddbmm_"])
def test_in_place_forms(name: str) -> None:
    def program(m: Any) -> Any:
        a, b = m.tensor(A, requires_grad=True), m.tensor(B)
        factors = {"addmm_": (a, b), "addmv_": (a, b[:, 0]), "baddbmm_": (a[None], b[None])}[name]
        y = {"addmm_": a[:, :2], "addmv_": a[:, 0], "baddbmm_": a[None, :, :2]}[name] * 2.0
        returned = getattr(y, name)(*factors, beta=0.5, alpha=2.0)
        (y * y).sum().backward()
        return returned is y, y, a.grad

    agree(program)


def test_what_beta_leaves_out_may_be_nan() -> None:
    agree(lambda m: m.addmm(m.tensor([float("nan")], dtype=m.float64), m.tensor(A), m.tensor(B), beta=0))


def test_an_equation_serves_operands_of_any_rank() -> None:
    for shape in [(3,), (2, 3), (4, 2, 3)]:
        agree(lambda m, shape=shape: m.einsum("...i,i", m.ones(*shape), m.tensor([1.0, 2.0, 3.0])))


def test_products_of_large_batches_are_matrix_products() -> None:
    x = np.random.default_rng(2).normal(size=(50, 7, 6)).astype(np.float32)
    w = np.random.default_rng(3).normal(size=(6, 5)).astype(np.float32)
    y = md.tensor(x) @ md.tensor(w)
    assert y.is_contiguous()
    np.testing.assert_allclose(y.numpy(), x @ w, rtol=1e-4, atol=1e-5)
