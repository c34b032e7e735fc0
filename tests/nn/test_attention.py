"""Attention: what its weights say, what masks hide, and the encoder made of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minideep as md
from minideep import nn

LATER = md.ones(4, 4, dtype=md.bool).triu(1)


def test_weights_are_shares() -> None:
    attention, x = nn.MultiheadAttention(6, 3), md.randn(4, 2, 6)
    _, weights = attention(x, x, x, attn_mask=LATER)
    _, of_heads = attention(x, x, x, attn_mask=LATER, average_attn_weights=False)
    assert weights.shape == (2, 4, 4)
    assert of_heads.shape == (2, 3, 4, 4)
    assert weights.isclose(of_heads.mean(1)).all()
    assert weights.sum(-1).isclose(md.ones(2, 4)).all()
    assert weights[:, LATER].eq(0).all()


@pytest.mark.parametrize("mask", [None, LATER, md.zeros(4, 4).masked_fill(LATER, -math.inf)])
def test_without_weights_the_result_is_the_same(mask: md.Tensor | None) -> None:
    attention, x = nn.MultiheadAttention(6, 3, batch_first=True), md.randn(2, 4, 6)
    y, _ = attention(x, x, x, attn_mask=mask)
    z, weights = attention(x, x, x, attn_mask=mask, need_weights=False)
    assert weights is None
    assert y.isclose(z, atol=1e-6).all()


def test_a_query_that_may_see_nothing() -> None:
    """As in PyTorch: no shares of nothing (nan) if weights are wanted, and otherwise nothing (0) but the bias."""
    attention, x = nn.MultiheadAttention(4, 2, batch_first=True), md.randn(1, 3, 4)
    everything = md.ones(1, 3, dtype=md.bool)
    y, weights = attention(x, x, x, everything)
    assert np.isnan(weights.detach().numpy()).all()
    y, _ = attention(x, x, x, everything, need_weights=False)
    assert y.isclose(attention.out_proj.bias.expand(1, 3, 4)).all()


def test_the_past_does_not_depend_on_the_future() -> None:
    layer = nn.TransformerEncoderLayer(6, 2, 8, batch_first=True).eval()
    encoder = nn.TransformerEncoder(layer, 2)
    x = md.randn(2, 4, 6)
    changed = x.clone()
    changed[:, 3] += 1
    before, after = [encoder(t, LATER, is_causal=True) for t in (x, changed)]
    assert before[:, :3].isclose(after[:, :3], atol=1e-6).all()
    assert not before[:, 3].isclose(after[:, 3]).all()


def test_dropout_of_weights_in_training_only() -> None:
    md.manual_seed(0)
    attention, x = nn.MultiheadAttention(4, 1, dropout=0.5, batch_first=True), md.randn(50, 8, 4)
    _, weights = attention(x, x, x)
    assert (weights == 0).double().mean().item() == pytest.approx(0.5, abs=0.05)
    _, weights = attention.eval()(x, x, x)
    assert (weights > 0).all()


@pytest.mark.parametrize("norm_first", [True, False])
def test_where_an_encoder_layer_drops(norm_first: bool) -> None:
    """What attention gives; what is between the two linear layers; what the second of them gives."""
    layer, x = nn.TransformerEncoderLayer(4, 2, 8, 0.0, norm_first=norm_first), md.randn(3, 2, 4)

    def attention(x: md.Tensor) -> md.Tensor:
        return layer.self_attn(x, x, x)[0]

    def network(x: md.Tensor) -> md.Tensor:
        return layer.linear2(layer.linear1(x).relu())

    def encoded(x: md.Tensor, attention: Any, network: Any) -> md.Tensor:
        if norm_first:
            x = x + attention(layer.norm1(x))
            return x + network(layer.norm2(x))
        x = layer.norm1(x + attention(x))
        return layer.norm2(x + network(x))

    what_is_left = {
        layer.dropout1: (lambda x: 0, network),
        layer.dropout: (attention, lambda x: layer.linear2.bias),
        layer.dropout2: (attention, lambda x: 0),
    }
    for dropout, parts in what_is_left.items():
        dropout.p = 1.0
        assert layer(x).isclose(encoded(x, *parts), atol=1e-6).all()
        dropout.p = 0.0


def test_layers_of_an_encoder_are_copies() -> None:
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    encoder = nn.TransformerEncoder(layer, 3, norm=nn.LayerNorm(4))
    assert len(encoder.layers) == encoder.num_layers == 3
    assert len(list(encoder.parameters())) == 3 * len(list(layer.parameters())) + 2
    first, second = (encoder.layers[i].linear1.weight for i in (0, 1))
    assert first.equal(second)
    assert first is not second
    assert not np.shares_memory(first.array, second.array)


def test_encoders_learn() -> None:
    """To tell where in a sequence the greatest entry is: not what each position could do by itself."""
    md.manual_seed(0)
    net = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
    head, x = nn.Linear(8, 1), md.randn(64, 5, 8)
    target = x[:, :, 0].argmax(1)
    parameters = [*net.parameters(), *head.parameters()]
    losses = []
    for _ in range(60):
        loss = nn.functional.cross_entropy(head(net(x)).squeeze(-1), target)
        for parameter, gradient in zip(parameters, md.autograd.grad(loss, parameters), strict=True):
            parameter.data.sub_(gradient * 0.1)
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
