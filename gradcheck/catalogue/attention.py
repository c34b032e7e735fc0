"""Entries for ``minideep.ops.attention``. With dropout its results are random: tests look at that."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..drawing import Draw, drawn
from ..entry import Failure, Make, Sample, entry

_HALF_HIDDEN = np.array([[True, False, True, True], [False, False, False, False], [True, True, True, True]])


def _samples(r: Make) -> Iterator[Sample]:
    q, k, v = r(2, 3, 5), r(2, 4, 5), r(2, 4, 6)
    yield Sample(q, k, v)
    yield Sample(q, k, v, is_causal=True)
    yield Sample(r(2, 2, 3, 4), r(2, 2, 3, 4), r(2, 2, 3, 4), scale=0.3)
    yield Sample(q, k, v, _HALF_HIDDEN)
    yield Sample(r(2, 2, 3, 4), r(2, 2, 2, 4), r(2, 2, 2, 3), r.bools(2, 1, 3, 2))
    yield Sample(q, k, v, r(3, 4))
    yield Sample(q, k, v, attn_mask=r(2, 1, 4))
    yield Sample(r(3, 4), r(5, 4), r(5, 2))
    yield Sample(r(1, 3, 4), r(2, 5, 4), r(2, 5, 2), is_causal=True)
    yield Sample(40 * q, 40 * k, v)
    yield Sample(r(2, 5, 4), r(2, 3, 4), r(2, 3, 4), is_causal=True)
    yield Sample(r(2, 0, 4), r(2, 3, 4), r(2, 3, 4))
    yield Sample(r(2, 3, 4), r(2, 0, 4), r(2, 0, 5))


def _generated(draw: Draw, r: Make) -> Sample:
    batch = draw.shape(0, 2, 1, 2)
    length, sources, size, values = (draw.integer(1, 4) for _ in range(4))
    mask = draw.choice((None, r.bools(length, sources), r(*draw.stretched(batch), length, sources)))
    causal = mask is None and draw.boolean()
    return Sample(r(*batch, length, size), r(*batch, sources, size), r(*batch, sources, values), mask, is_causal=causal)


def _errors(r: Make) -> Iterator[Failure]:
    q, k, v = r(2, 3, 4), r(2, 5, 4), r(2, 5, 6)
    name = "scaled_dot_product_attention: expected "
    yield Failure(Sample(r(4), r(5, 4), v), RuntimeError, name + "at least 2 dimensions (…, length, size), but")
    yield Failure(Sample(q, k.astype("f4"), v), RuntimeError, name + "query, key and value of one floating-point dtype")
    yield Failure(Sample(q, r(2, 5, 3), v), RuntimeError, name + "shapes (…, L, E), (…, S, E) and (…, S, V), but got")
    yield Failure(Sample(q, k, r(2, 6, 6)), RuntimeError, name + "shapes (…, L, E), (…, S, E) and (…, S, V), but got")
    yield Failure(Sample(q, k, v, dropout_p=1.5), RuntimeError, "has to be between 0 and 1, but got dropout_p=1.5")
    yield Failure(Sample(q, k, v, r.bools(3, 5), is_causal=True), RuntimeError, name + "no attn_mask when is_causal")
    yield Failure(Sample(q, k, v, r.ints(0, 2, 3, 5)), RuntimeError, name + "an attn_mask of bool or float64, but got")
    yield Failure(Sample(q, k, v, r.bools(3, 4)), RuntimeError, "scaled_dot_product_attention: cannot broadcast")
    yield Failure(Sample(q, k, v, r(7, 1, 3, 5)), RuntimeError, name + "an attn_mask that broadcasts to (2, 3, 5)")
    yield Failure(Sample(q, r(3, 5, 4), r(3, 5, 6), r(3, 5)), RuntimeError, "scaled_dot_product_attention: cannot")


entry(
    "scaled_dot_product_attention",
    _samples,
    generated=drawn(_generated),
    errors=_errors,
    skips={"empty and size 1": "PyTorch takes masks of any shape for no heads; empty inputs are samples"},
)
