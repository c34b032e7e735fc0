"""What layers say when settings or inputs will not do: by a table, in which every `raise` of theirs has its text."""

from __future__ import annotations

import re

import pytest

import minideep as md
from minideep import nn

x = md.ones
sequence = md.ones(3, 2, 4)  # three positions of two samples
attention = nn.MultiheadAttention(4, 2)
Error = type[Exception]

SETTINGS: list[tuple[str, Error, str]] = [
    ("Unflatten(1, 5)", TypeError, "Unflatten: unflattened_size must be a tuple of integers, but got 5"),
    ("Unflatten(1, (2, 2.5))", TypeError, "Unflatten: unflattened_size must be a tuple of integers, but got (2, 2.5)"),
    ("Conv2d(4, 6, 3, groups=0)", ValueError, "Conv2d: groups must be a positive integer, but got 0"),
    ("Conv1d(4, 6, 3, groups=3)", ValueError, "Conv1d: in_channels must be divisible by groups, but got 4 and 3"),
    ("ConvTranspose1d(4, 6, 3, groups=4)", ValueError,
     "ConvTranspose1d: out_channels must be divisible by groups, but got 6 and 4"),
    ("Conv2d(4, 6, 3, padding='full')", ValueError,
     "Conv2d: padding must be 'same', 'valid' or a number, but got 'full'"),
    ("Conv2d(4, 6, 3, stride=(1, 2), padding='same')", ValueError,
     "Conv2d: padding='same' goes with stride 1, but stride is (1, 2)"),
    ("Conv2d(4, 6, 3, padding_mode='mirror')", ValueError,
     "Conv2d: padding_mode must be one of ('zeros', 'reflect', 'replicate', 'circular'), but got 'mirror'"),
    ("ConvTranspose2d(4, 6, 3, padding_mode='reflect')", ValueError,
     "ConvTranspose2d: padding_mode must be one of ('zeros',), but got 'reflect'"),
    ("ConvTranspose2d(4, 6, 3, padding='same')", TypeError,
     "ConvTranspose2d: padding must be an integer or a tuple of 2 integers, but got 'same'"),
    ("Conv2d(4, 6, (3, 3, 3))", RuntimeError, "Conv2d: kernel_size must be one integer or 2, but got (3, 3, 3)"),
    ("Conv2d(4, 6, 3, stride=0)", RuntimeError, "Conv2d: stride must not be less than 1, but got 0"),
    ("Embedding(10, 3, padding_idx=10)", AssertionError,
     "Embedding: expected padding_idx to be one of the 10 rows, but got 10"),
    ("Embedding.from_pretrained(md.ones(3))", AssertionError,
     "Embedding: expected embeddings (rows, size of a row), but got (3,)"),
    ("Embedding(3, 2, _weight=md.ones(2, 3))", AssertionError, "Embedding: expected weights (3, 2), but got (2, 3)"),
    ("ZeroPad2d((1, 2))", RuntimeError, "ZeroPad2d: padding must be one integer or 4, but got (1, 2)"),
    ("GroupNorm(3, 4)", ValueError, "GroupNorm: num_channels must be divisible by num_groups, but got 4 and 3"),
    ("Hardtanh(2, 1)", AssertionError, "Hardtanh: expected max_val above min_val, but got 1 and 2"),
    ("Dropout(1.5)", ValueError, "Dropout: dropout probability has to be between 0 and 1, but got p=1.5"),
    ("Dropout2d(-1)", ValueError, "Dropout2d: dropout probability has to be between 0 and 1, but got p=-1"),
    ("DropConnect(3, 4, p=2)", ValueError, "DropConnect: dropout probability has to be between 0 and 1, but got p=2"),
    ("DropPath(-0.1)", ValueError, "DropPath: dropout probability has to be between 0 and 1, but got drop_prob=-0.1"),
    ("MixedPool2d(2, share=1.5)", ValueError, "MixedPool2d: expected a share of maxima from 0 to 1, but got 1.5"),
    ("MixedPool1d(2, share=1, learnable=True)", ValueError,
     "MixedPool1d: expected a share of maxima above 0 and below 1, as it is learnt, but got 1"),
    ("TripletMarginLoss(-1.0)", ValueError, "TripletMarginLoss: expected a margin greater than 0, but got -1.0"),
    ("MultiheadAttention(4, 0)", ValueError,
     "MultiheadAttention: embed_dim and num_heads must be greater than 0, but got embed_dim=4 and num_heads=0"),
    ("MultiheadAttention(4, 3)", AssertionError,
     "MultiheadAttention: embed_dim must be divisible by num_heads, but got embed_dim=4 and num_heads=3"),
    ("TransformerEncoderLayer(4, 2, activation='tanh')", RuntimeError,
     "TransformerEncoderLayer: activation should be relu/gelu, or a function, not tanh"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error", "message"), SETTINGS, ids=[text for text, *_ in SETTINGS])
def test_settings_that_will_not_do(text: str, error: Error, message: str) -> None:
    with pytest.raises(error, match=re.escape(message) + "$"):
        eval(f"nn.{text}")


INPUTS: list[tuple[str, Error, str]] = [
    ("ConvTranspose2d(4, 6, 3)(x(2, 4, 5, 5), (1, 7, 7))", ValueError,
     "ConvTranspose2d: output_size must have 2 or 4 sides for an input (2, 4, 5, 5), but got (1, 7, 7)"),
    ("ConvTranspose1d(4, 6, 3, stride=2)(x(2, 4, 5), (13,))", ValueError,
     "ConvTranspose1d: output_size must be from (11,) to (12,) for an input (2, 4, 5), but got (13,)"),
    ("Embedding(3, 2, max_norm=1.0)(md.tensor([3]))", IndexError,
     "Embedding: index 3 is out of range: positions go from 0 to 2"),
    ("CircularPad1d(1)(x(4))", ValueError,
     "CircularPad1d: expected an input (C, L) or (N, C, L), but its shape is (4,)"),
    ("CircularPad2d(1)(x(4, 4))", ValueError,
     "CircularPad2d: expected an input (C, H, W) or (N, C, H, W), but its shape is (4, 4)"),
    ("BatchNorm1d(3)(x(2, 3, 4, 4))", ValueError,
     "BatchNorm1d: expected an input (N, C) or (N, C, L), but its shape is (2, 3, 4, 4)"),
    ("BatchNorm2d(3)(x(2, 3))", ValueError, "BatchNorm2d: expected an input (N, C, H, W), but its shape is (2, 3)"),
    ("InstanceNorm2d(3)(x(2, 3))", ValueError,
     "InstanceNorm2d: expected an input (C, H, W) or (N, C, H, W), but its shape is (2, 3)"),
    ("InstanceNorm1d(3, affine=True)(x(2, 4, 5))", ValueError,
     "InstanceNorm1d: expected 3 channels, but the input has 4"),
    ("Softmax2d()(x(3, 4))", ValueError,
     "Softmax2d: expected an input (C, H, W) or (N, C, H, W), but got (3, 4)"),
    ("StochasticPool1d(2)(x(4))", RuntimeError,
     "StochasticPool1d: expected an input (C, L) or (N, C, L), but got (4,)"),
    ("StochasticPool2d(2)(x(4, 4))", RuntimeError,
     "StochasticPool2d: expected an input (C, H, W) or (N, C, H, W), but got (4, 4)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error", "message"), INPUTS, ids=[text for text, *_ in INPUTS])
def test_inputs_that_will_not_do(text: str, error: Error, message: str) -> None:
    with pytest.raises(error, match=re.escape(message) + "$"):
        eval(f"nn.{text}")


ATTENTION: list[tuple[str, Error, str]] = [
    ("sequence, sequence, sequence, is_causal=True", RuntimeError, "need attn_mask if specifying the is_causal hint"),
    ("sequence, x(3, 4), x(3, 4)", AssertionError,
     "expected 2 dimensions, or 3 for a batch, but got query (3, 2, 4), key (3, 4) and value (3, 4)"),
    ("x(3, 2, 5), sequence, sequence", AssertionError,
     "expected last sides (4, 4, 4), as many values as keys, and batches of the same size, but got query (3, 2, 5), "
     "key (3, 2, 4) and value (3, 2, 4)"),
    ("sequence, sequence, x(4, 2, 4)", AssertionError, "expected last sides (4, 4, 4), as many values as keys"),
    ("sequence, x(3, 1, 4), x(3, 1, 4)", AssertionError, "expected last sides (4, 4, 4), as many values as keys"),
    ("sequence, sequence, sequence, attn_mask=x(2, 3)", RuntimeError,
     "expected an attn_mask (3, 3) or (4, 3, 3), but got (2, 3)"),
    ("sequence, sequence, sequence, x(3, 2)", AssertionError,
     "expected a key_padding_mask (2, 3), but got (3, 2)"),
    ("sequence, sequence, sequence, x(2, 3).long()", AssertionError,
     "expected masks of bool or floating dtype, but got int64"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "error", "message"), ATTENTION, ids=[text for text, *_ in ATTENTION])
def test_attention_to_what_will_not_do(arguments: str, error: Error, message: str) -> None:
    with pytest.raises(error, match=re.escape(f"MultiheadAttention: {message}")):
        eval(f"attention({arguments})")


def test_channels_that_nobody_counts() -> None:
    """Without parameters, an instance norm works on any channels, but says so."""
    norm, images = nn.InstanceNorm2d(3), md.randn(2, 4, 5, 5)
    text = "InstanceNorm2d: the input has 4 channels and num_features=3 is not used, because affine=False"
    with pytest.warns(UserWarning, match=re.escape(text)) as caught:
        norm(images)
    assert caught[0].filename == __file__


def test_softmax_without_a_dimension_says_which_it_takes() -> None:
    with pytest.warns(UserWarning, match="softmax: no dim is given, so it works along dim 1; say which you mean"):
        assert nn.Softmax()(md.zeros(2, 4)).tolist() == [[0.25] * 4] * 2
