"""Making tensors: what shares memory with what, and which device it is made on."""

from __future__ import annotations

from typing import Any

import pytest

import minideep as md
from gradcheck import strict
from tests.support import agree

strict.register()


@pytest.mark.parametrize(
    "make",
    [
        lambda: md.zeros(2, device="strict"), lambda: md.ones(2, device="strict"), lambda: md.empty(2, device="strict"),
        lambda: md.full((2,), 3, device="strict"), lambda: md.arange(3, device="strict"),
        lambda: md.linspace(0, 1, 3, device="strict"), lambda: md.eye(2, device="strict"),
        lambda: md.tensor([1.0], device="strict"), lambda: md.rand(2, device="strict"),
        lambda: md.randn(2, device="strict"), lambda: md.randint(0, 5, (2,), device="strict"),
        lambda: md.randperm(4, device="strict"), lambda: md.normal(0.0, 1.0, (2,), device="strict"),
    ],
)  # fmt: skip
def test_made_on_a_device(make: Any) -> None:
    assert str(make().device) == "strict"


@pytest.mark.parametrize("name", ["zeros", "ones", "empty", "rand", "randn"])
def test_leaves_from_the_start(name: str) -> None:
    x = getattr(md, name)(2, requires_grad=True)
    assert x.requires_grad
    assert x.is_leaf
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype can require gradients"):
        md.ones(2, dtype=md.int64, requires_grad=True)


def test_a_diagonal_is_a_view_to_write_to() -> None:
    def program(m: Any) -> Any:
        x = m.arange(12.0).reshape(3, 4)
        x.diagonal(1).zero_()
        x.diagonal().add_(m.tensor([1.0, 2.0, 3.0]))
        return x

    agree(program)


def test_a_diagonal_changed_in_place_keeps_gradients_right() -> None:
    def program(m: Any) -> Any:
        x = m.arange(9.0, dtype=m.float64).reshape(3, 3).requires_grad_()
        y = x * 1.0
        y.diagonal(-1).mul_(x[0, :2])
        return m.autograd.grad((y * y).sum(), x)

    agree(program)


def test_numbers_that_tensors_hold_serve_as_arguments() -> None:
    agree(lambda m: (m.arange(m.tensor(4)), m.linspace(m.tensor(0.0), m.tensor(1.0), 3), m.full((2,), m.tensor(2.5))))


def test_creation_from_tensors_within_lists() -> None:
    agree(lambda m: m.tensor([m.tensor(1.0), m.tensor(2.0)]))


def test_a_meshgrid_is_made_of_views() -> None:
    x = md.arange(3.0)
    rows, columns = md.meshgrid(x, md.arange(2.0))
    assert rows.data_ptr() == x.data_ptr()
    assert rows.shape == columns.shape == (3, 2)
