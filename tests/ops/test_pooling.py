"""Pooling beyond the calls of the catalogue: which of several maxima, how much is kept, threads."""

from __future__ import annotations

import numpy as np
import pytest

import minideep as md
from minideep import Tensor
from minideep.ops import sliding
from minideep.ops.windows import Every, Windows

F = md.nn.functional


def test_of_several_maxima_the_first_gets_the_gradient() -> None:
    x = md.ones(1, 4, 4).requires_grad_()
    F.max_pool2d(x, 2).sum().backward()
    assert x.grad.tolist() == [[[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]]


def test_first_is_meant_row_by_row() -> None:
    x = md.tensor([[[0.0, 1.0], [1.0, 0.0]]], requires_grad=True)
    y, where = F.max_pool2d(x, 2, return_indices=True)
    y.sum().backward()
    assert where.tolist() == [[[1]]]
    assert x.grad.tolist() == [[[0, 1], [0, 0]]]


@pytest.mark.parametrize(("taps", "dtype"), [(2, np.uint8), (16, np.uint8), (17, np.uint16)])
def test_which_entry_is_kept_in_few_bytes(taps: int, dtype: type) -> None:
    along = [Every(0, 1, Windows.over(20, taps))]
    x = np.random.default_rng(0).normal(size=(3, 20, 20))
    values, which = sliding.largest(x, along, along)
    assert which.dtype == dtype
    places = sliding.positions(which, along, along)
    np.testing.assert_array_equal(np.take_along_axis(x.reshape(3, -1), places.reshape(3, -1), 1), values.reshape(3, -1))


def test_indices_take_the_entries_they_name() -> None:
    x = md.randn(2, 3, 9, 7)
    values, indices = F.max_pool2d(x, 3, 2, 1, return_indices=True)
    assert (x.flatten(2).gather(2, indices.flatten(2)) == values.flatten(2)).all()
    assert not indices.requires_grad


def test_large_batches_in_parts_are_pooled_the_same() -> None:
    x = md.randn(64, 32, 14, 14).requires_grad_()
    one = [x[i].detach().requires_grad_() for i in range(64)]

    def net(x: Tensor) -> Tensor:
        return F.avg_pool2d(F.max_pool2d(x, 3, 1, 1), 2)

    net(x).square().sum().backward()
    sum(net(image).square().sum() for image in one).backward()
    np.testing.assert_allclose(x.grad.numpy(), np.stack([image.grad.numpy() for image in one]), rtol=1e-6)


def test_without_a_gradient_nothing_is_kept() -> None:
    with md.no_grad():
        assert F.max_pool2d(md.ones(1, 4, 4), 2).grad_fn is None
