"""Shapes and arrangement, beyond the calls of the catalogue: memory, spellings, NumPy's functions on Tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minideep as md
from tests.support import agree, needs_torch, torch

X = np.arange(24.0).reshape(2, 3, 4)


def test_a_view_that_memory_does_not_allow() -> None:
    agree(lambda m: m.tensor(X).transpose(0, 1).view(24))
    agree(lambda m: m.tensor(X).mT.view(2, -1))
    with pytest.raises(RuntimeError, match=r"view: no view of shape \(24,\) is possible .* use reshape\(\)"):
        md.tensor(X).transpose(0, 1).view(-1)


def test_reshape_copies_only_where_it_must() -> None:
    x = md.tensor(X)
    assert np.shares_memory(x.reshape(4, 6).numpy(), X) is False
    assert np.shares_memory(x.reshape(4, 6).numpy(), x.numpy())
    assert np.shares_memory(x.mT.unflatten(-1, (3, 1)).numpy(), x.numpy())
    assert not np.shares_memory(x.mT.reshape(4, 6).numpy(), x.numpy())


def test_copies_are_copies() -> None:
    x = md.tensor(X)
    for copy in (x.clone(), x.repeat(1, 1, 1), x.tile(1), x.flip(), x.roll(0), md.cat([x]), x.mT.contiguous()):
        assert not np.shares_memory(copy.numpy(), x.numpy())
        assert copy.is_contiguous()
    assert x.contiguous() is x


@needs_torch
def test_flipped_tensors_have_no_negative_strides() -> None:
    assert torch.from_dlpack(md.tensor(X).flip(0, 2)).sum() == X.sum()


def test_stretched_tensors_cannot_be_written_to() -> None:
    agree(lambda m: m.tensor([[1.0], [2.0]]).expand(2, 3).add_(1.0))
    with pytest.raises(RuntimeError, match="several of its entries share one place in memory"):
        md.tensor(1.0).expand(3)[0] = 2.0
    agree(lambda m: m.tensor([1.0, 2.0]).expand(1, 2).add_(1.0))


SPELLINGS: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    ("reshape", lambda x: x.reshape(4, 6), lambda x: x.reshape((4, 6))),
    ("view", lambda x: x.view(4, -1), lambda x: x.view([4, -1])),
    ("permute", lambda x: x.permute(2, 0, 1), lambda x: x.permute((2, 0, 1))),
    ("expand", lambda x: x.expand(5, -1, -1, -1), lambda x: x.expand((5, -1, -1, -1))),
    ("repeat", lambda x: x.repeat(2, 1, 1), lambda x: x.repeat((2, 1, 1))),
    ("tile", lambda x: x.tile(2, 1), lambda x: x.tile((2, 1))),
    ("flip", lambda x: x.flip(0, 2), lambda x: x.flip([0, 2])),
]


@pytest.mark.parametrize(("name", "apart", "together"), SPELLINGS)
def test_numbers_one_by_one_or_in_a_tuple(name: str, apart: Any, together: Any) -> None:
    agree(lambda m: [apart(m.tensor(X)), together(m.tensor(X))])
    np.testing.assert_array_equal(apart(md.tensor(X)).numpy(), together(md.tensor(X)).numpy())


NUMPY: dict[str, Callable[[Any], Any]] = {
    "transpose": np.transpose,
    "transpose axes": lambda x: np.transpose(x, (1, 2, 0)),
    "swapaxes": lambda x: np.swapaxes(x, 0, -1),
    "moveaxis": lambda x: np.moveaxis(x, (0, 1), (2, 0)),
    "reshape": lambda x: np.reshape(x, (4, 6)),
    "ravel": np.ravel,
    "squeeze": lambda x: np.squeeze(x[:1], axis=0),
    "expand_dims": lambda x: np.expand_dims(x, (0, -1)),
    "broadcast_to": lambda x: np.broadcast_to(x, (5, 2, 3, 4)),
    "broadcast_arrays": lambda x: np.broadcast_arrays(x, x[:1])[1],
    "copy": np.copy,
    "concatenate": lambda x: np.concatenate([x, x], axis=1),
    "stack": lambda x: np.stack([x, x], axis=-1),
    "hstack": lambda x: np.hstack((x, x)),
    "vstack": lambda x: np.vstack((x, x)),
    "flip": lambda x: np.flip(x, (0, 1)),
    "roll": lambda x: np.roll(x, (1, -2), (0, 2)),
    "tile": lambda x: np.tile(x, (2, 1)),
    "repeat": lambda x: np.repeat(x, 2, axis=1),
}


@pytest.mark.parametrize("function", NUMPY.values(), ids=NUMPY.keys())
def test_numpy_functions_take_tensors(function: Callable[[Any], Any]) -> None:
    y = function(md.tensor(X, requires_grad=True))
    np.testing.assert_array_equal(y.detach().numpy(), function(X))
    assert y.requires_grad


def test_dimensions_as_numpy_calls_them() -> None:
    x = md.tensor(X)
    for ours, numpys in [
        (x.split(1, dim=1), x.split(1, axis=1)),
        (x.unbind(dim=2), x.unbind(axis=2)),
        ([x.squeeze(dim=0)], [x.squeeze(axis=0)]),
        ([x.unsqueeze(dim=0)], [x.unsqueeze(axis=0)]),
        ([md.cat([x, x], dim=2)], [md.cat([x, x], axis=2)]),
        ([x.repeat_interleave(2, dim=1)], [x.repeat_interleave(2, axis=1)]),
    ]:
        for a, b in zip(ours, numpys, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_transposed_again_is_the_same_memory_in_the_same_order() -> None:
    x = md.tensor(X)
    assert x.permute(1, 2, 0).permute(2, 0, 1).stride() == x.stride()
    assert x.T.T.is_contiguous()
