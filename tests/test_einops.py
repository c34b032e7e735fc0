"""einops on Tensors: the same values and gradients as on PyTorch's, and on NumPy's arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep
from tests.support import agree

einops = pytest.importorskip("einops")

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 4, 6))
CALLS = [
    ("rearrange", "b c h w -> b (h w) c", {}),
    ("rearrange", "b c (h p) (w q) -> b (h w) (p q c)", {"p": 2, "q": 3}),
    ("rearrange", "b c h w -> (b w) h c", {}),
    ("rearrange", "b c h w -> b 1 c (h w) 1", {}),
    ("rearrange", "... h w -> ... (w h)", {}),
    ("rearrange", "b c h w -> b c h w", {}),
    ("reduce", "b c h w -> b c", "mean"),
    ("reduce", "b c (h p) (w q) -> b c h w", "max"),
    ("reduce", "b c h w -> c", "min"),
    ("reduce", "b c h w -> b () h ()", "sum"),
    ("reduce", "b c h w ->", "sum"),
    ("reduce", "b c h w -> w", "prod"),
    ("repeat", "b c h w -> b c (h p) (w q)", {"p": 2, "q": 3}),
    ("repeat", "b c h w -> n b c h w", {"n": 2}),
    ("repeat", "b c h w -> b (r c) h w", {"r": 3}),
]


def call(name: str, x: Any, pattern: str, options: Any) -> Any:
    if isinstance(options, str):
        sizes = {"p": 2, "q": 3} if "(h p)" in pattern else {}
        return einops.reduce(x, pattern, options, **sizes)
    return getattr(einops, name)(x, pattern, **options)


@pytest.mark.parametrize(("name", "pattern", "options"), CALLS)
def test_values_and_gradients(name: str, pattern: str, options: Any) -> None:
    def program(m: Any) -> Any:
        x = m.tensor(IMAGES, requires_grad=True)
        y = call(name, x, pattern, options)
        (g,) = m.autograd.grad(y, x, (y * y).detach(), create_graph=True)
        return y, g, m.autograd.grad((g * g).sum(), x, allow_unused=True)[0] if g.requires_grad else None

    y, *_ = agree(program)
    np.testing.assert_allclose(y.detach().numpy(), call(name, IMAGES, pattern, options), rtol=1e-12)


def test_a_list_is_stacked() -> None:
    def program(m: Any) -> Any:
        xs = [m.tensor(x, requires_grad=True) for x in IMAGES]
        y = einops.rearrange(xs, "b c h w -> h w b c")
        (y * y).sum().backward()
        return y, [x.grad for x in xs]

    agree(program)


def test_einsum() -> None:
    def program(m: Any) -> Any:
        x = m.tensor(IMAGES, requires_grad=True)
        y = einops.einsum(x, x, "batch c h w, batch c k w -> batch h k")
        return y, m.autograd.grad(y, x, y.detach())

    agree(program)


def test_pack_and_unpack() -> None:
    def program(m: Any) -> Any:
        x, y = m.tensor(IMAGES, requires_grad=True), m.tensor(IMAGES[:, :, 0])
        packed, shapes = einops.pack([x, y], "b * w")
        back = einops.unpack(packed, shapes, "b * w")
        return packed, *back, m.autograd.grad(packed, x, packed.detach())

    agree(program)


def test_shapes_are_checked_by_einops() -> None:
    assert einops.parse_shape(minideep.tensor(IMAGES), "b c _ w") == {"b": 2, "c": 3, "w": 6}
    with pytest.raises(einops.EinopsError):
        einops.rearrange(minideep.tensor(IMAGES), "b c (h p) w -> b c h p w", p=3)


def test_rearranging_makes_no_copy_where_none_is_needed() -> None:
    x = minideep.tensor(IMAGES)
    assert np.shares_memory(einops.rearrange(x, "b c h w -> b h w c").numpy(), x.numpy())
    assert np.shares_memory(einops.repeat(x, "b c h w -> b c h w n", n=3).numpy(), x.numpy())


def test_integers() -> None:
    agree(lambda m: einops.reduce(m.tensor([[1, 5], [7, 2]]), "a b -> b", "max"))
    agree(lambda m: einops.reduce(m.tensor([[1, 5], [7, 2]]), "a b -> b", "mean"))
