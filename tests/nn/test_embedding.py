"""Embeddings: rows that stay, rows that are kept short."""

from __future__ import annotations

import numpy as np
import pytest

import minideep as md
from minideep import nn


def test_the_row_of_padding_stays_zero() -> None:
    table = nn.Embedding(5, 3, padding_idx=-2)
    assert table.padding_idx == 3
    assert table.weight[3].eq(0).all()
    table(md.tensor([1, 3, 3])).sum().backward()
    assert table.weight.grad.sum(1).tolist() == [0, 3, 0, 0, 0]


def test_given_rows() -> None:
    rows = md.randn(4, 3)
    frozen, free = nn.Embedding.from_pretrained(rows), nn.Embedding.from_pretrained(rows, freeze=False, padding_idx=1)
    assert not frozen.weight.requires_grad
    assert free.weight.requires_grad
    assert (free.num_embeddings, free.embedding_dim, free.padding_idx) == (4, 3, 1)
    assert np.shares_memory(frozen.weight.array, rows.array)
    assert frozen(md.tensor([[2, 0]])).equal(rows[md.tensor([[2, 0]])])
    state = md.backend.default_generator().get_state()
    nn.Embedding.from_pretrained(rows)
    assert md.backend.default_generator().get_state() == state  # no random numbers drawn only to be thrown away


@pytest.mark.parametrize("norm_type", [1.0, 2.0, float("inf")])
def test_rows_in_use_are_kept_short(norm_type: float) -> None:
    table = nn.Embedding(6, 4, max_norm=1.0, norm_type=norm_type)
    before = table.weight.detach().clone() * 3
    table.weight.data.copy_(before)
    version = table.weight._version
    used = table(md.tensor([[1, 4], [4, 1]]))
    norms = np.linalg.norm(used.detach().numpy(), norm_type, axis=-1)
    assert (norms < 1 + 1e-5).all()
    assert table.weight[[0, 2, 3, 5]].equal(before[[0, 2, 3, 5]])
    assert table.weight._version == version + 1
    assert repr(nn.Embedding(6, 4, max_norm=1.0)) == "Embedding(6, 4, max_norm=1.0)"
