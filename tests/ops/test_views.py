"""Views share memory with what they were taken of, and changes in place go both ways, through the graph as well."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from tests.support import agree

View = Callable[[Any], Any]

# Views of tensors of at least two dimensions.
VIEWS: dict[str, View] = {
    "select": lambda x: x.select(1, 0),
    "x[-1]": lambda x: x[-1],
    "x[:, 0]": lambda x: x[:, 0],
    "x[..., 1:]": lambda x: x[..., 1:],
    "x[::2]": lambda x: x[::2],
    "x[None, :, None]": lambda x: x[None, :, None],
    "narrow": lambda x: x.narrow(-1, 0, 1),
    "transpose": lambda x: x.transpose(0, -1),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "T": lambda x: x.mT,
    "permute": lambda x: x.permute(*range(1, x.ndim), 0),
    "movedim": lambda x: x.movedim(0, -1),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "squeeze": lambda x: x.squeeze(),
    "flatten": lambda x: x.flatten(0, 1),
    "unflatten": lambda x: x.unflatten(0, (1, -1)),
    "reshape": lambda x: x.reshape(-1),
    "expand": lambda x: x.expand(1, *x.shape),
    "diagonal": lambda x: x.diagonal(0, 0, -1),
    "detach": lambda x: x.detach(),
}  # fmt: skip

# Pieces, and the same views taken alone; PyTorch does not let the former be changed in place.
PIECES: dict[str, tuple[View, View]] = {
    "split": (lambda x: x.split(1, -1)[-1], lambda x: x[..., -1:]),
    "chunk": (lambda x: x.chunk(2)[0], lambda x: x[:1]),
    "unbind": (lambda x: x.unbind(-1)[1], lambda x: x[..., 1]),
}

view_ops = pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
SECOND = ["x[-1]", "x[..., 1:]", "transpose", "unsqueeze", "squeeze", "flatten", "reshape", "diagonal"]
PAIRS = list(itertools.product(VIEWS, SECOND))
chains = pytest.mark.parametrize("names", PAIRS, ids=" then ".join)


def start(m: Any) -> tuple[Any, Any]:
    """A leaf, and a computed tensor with the same values."""
    w = m.tensor(np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4), requires_grad=True)
    return w, w * 1.0


def outcome(m: Any, w: Any, *tensors: Any) -> list[Any]:
    """The tensors, and the first and second derivative of something made of them (zeros where nothing arrives)."""
    loss = sum(((k + 1) * t * t).sum() for k, t in enumerate(tensors)) + 0.0 * w.sum()
    (g,) = m.autograd.grad(loss, w, create_graph=True)
    (second,) = m.autograd.grad((g * g + 0.0 * w).sum(), w)
    return [*tensors, g, second]


def chained(names: tuple[str, ...]) -> View:
    def view(x: Any) -> Any:
        for name in names:
            x = VIEWS[name](x)
        return x

    return view


# ---------------------------------------------------------------------------------------------- one view


@view_ops
def test_memory_is_shared(view: View) -> None:
    x = md.tensor(np.arange(24.0).reshape(2, 3, 4))
    assert np.shares_memory(view(x).numpy(), x.numpy())
    before = x._version
    view(x).add_(1.0)
    assert x._version > before


@view_ops
def test_changing_the_view(view: View) -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        v = view(x)
        v.mul_(v.detach() + 2.0)
        return outcome(m, w, x, v)

    agree(program)


@view_ops
def test_changing_the_view_by_what_needs_gradients(view: View) -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        v = view(x)
        v.mul_(w.sum())
        v[0] = w[0, 0, 0]
        return outcome(m, w, x, v)

    agree(program)


@view_ops
def test_changing_the_base(view: View) -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        v = view(x)
        x.mul_(w)
        x[0, 1:] = w[1, :2] * 2.0
        return outcome(m, w, x, v)

    agree(program)


@view_ops
def test_changing_both_in_turn(view: View) -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        v, other = view(x), view(x)
        x.mul_(w)
        v.mul_(3.0)
        x.add_(w)
        other.mul_(w[0, 0, 1])
        x[:, 1] = 0.5
        return outcome(m, w, x, v, other)

    agree(program)


@view_ops
def test_a_constant_base_comes_to_depend(view: View) -> None:
    def program(m: Any) -> list[Any]:
        w, _ = start(m)
        x = m.ones(2, 3, 4, dtype=m.float64)
        v = view(x)
        v.mul_(w[0, 0, 0])
        return [v.requires_grad, x.requires_grad, *outcome(m, w, x, v, w)]

    agree(program)


@view_ops
def test_views_of_leaves_are_protected(view: View) -> None:
    def program(m: Any) -> None:
        w, _ = start(m)
        view(w).mul_(2.0)

    agree(program)


@view_ops
def test_without_the_graph_leaves_can_be_changed_through_views(view: View) -> None:
    def program(m: Any) -> list[Any]:
        w, _ = start(m)
        with m.no_grad():
            view(w).mul_(2.0)
        return [w, *outcome(m, w, w * w)]

    agree(program)


@pytest.mark.parametrize(("piece", "alone"), PIECES.values(), ids=PIECES.keys())
def test_pieces_are_views_like_any_other(piece: View, alone: View) -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        v = (piece if m is md else alone)(x)
        v.mul_(w[0, 0, 0])
        x.mul_(2.0)
        return outcome(m, w, x, v)

    agree(program)


# ---------------------------------------------------------------------------------------------- views of views


@chains
def test_changing_a_view_of_a_view(names: tuple[str, str]) -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        middle = VIEWS[names[0]](x)
        v = VIEWS[names[1]](middle)
        v.mul_(w[1, 1, 1])
        x.mul_(2.0)
        middle.add_(w[0, 0, 0])
        return outcome(m, w, x, middle, v)

    agree(program)


SETTINGS: list[tuple[Any, float]] = [(0, 2.0), ((..., 0), 3.0), ([0, 0], 1.5), (slice(None), 0.5), ([True], 4.0)]


@pytest.mark.parametrize(("index", "value"), SETTINGS, ids=str)
@pytest.mark.parametrize("names", [("narrow",), ("x[:1]", "mT"), ("unsqueeze", "x[:1]")], ids=" then ".join)
def test_setting_items_of_views(names: tuple[str, ...], index: Any, value: float) -> None:
    """Of views whose first dimension has size 1."""
    views = {"x[:1]": lambda x: x[:1], "narrow": lambda x: x.narrow(0, 1, 1)}
    views |= {"mT": lambda x: x.mT, "unsqueeze": lambda x: x.unsqueeze(0)}

    def program(m: Any) -> list[Any]:
        w, x = start(m)
        v = x
        for name in names:
            v = views[name](v)
        v[index] = value * w[0, 0, 0]
        return outcome(m, w, x, v)

    agree(program)


def test_an_integer_beside_an_array_sets_in_the_base() -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        x[1, :, [0, 2]] = w[0, :, :2] * 2.0
        x[:, 0, m.tensor([True, False, False, True])] *= w[0, 0, 0]
        return outcome(m, w, x)

    agree(program)


# ---------------------------------------------------------------------------------------------- any program of views


_DIFFERENTIABLE = sorted(VIEWS.keys() - {"detach"})  # PyTorch refuses to change views of a detached base that changed


@st.composite
def programs(draw: Any) -> list[tuple[str, int, str]]:
    """Steps, each on one of the tensors there are by then: take a view of it, or change it."""
    steps = []
    for _ in range(draw(st.integers(2, 7))):
        action = draw(st.sampled_from(["view", "view", "scale", "add", "set", "replace"]))
        steps.append((action, draw(st.integers(0, 5)), draw(st.sampled_from(_DIFFERENTIABLE))))
    return steps


@given(programs())
def test_any_sequence_of_views_and_changes(steps: list[tuple[str, int, str]]) -> None:
    def program(m: Any) -> list[Any]:
        w, x = start(m)
        tensors = [x]
        for action, number, name in steps:
            target = tensors[number % len(tensors)]
            if action == "view" and target.ndim > 1:
                tensors.append(VIEWS[name](target))
            elif action == "scale":
                target.mul_(1.5)
            elif action == "add":
                target.add_(w[0, 1, 2])
            elif action == "set" and target.ndim:
                target[0] = w[1, 0, 3] * 2.0
            elif action == "replace":
                target.copy_(w.detach().sum() * 0.1)
        return outcome(m, w, *tensors)

    agree(program)


# ---------------------------------------------------------------------------------------------- cost


@pytest.mark.parametrize("create_graph", [False, True])
def test_many_slices_of_one_tensor_go_back_in_one_pass(create_graph: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """10,000 rows read one by one: were each gradient a whole tensor, this would take 10,000 passes over it."""
    x = md.tensor(np.ones((10_000, 8)), requires_grad=True)
    total = sum(row.sum() * k for k, row in enumerate(x.unbind()))
    filled = []
    zeros_like = np.zeros_like
    monkeypatch.setattr(np, "zeros_like", lambda *args, **kwargs: filled.append(1) or zeros_like(*args, **kwargs))
    total.backward(create_graph=create_graph)
    assert len(filled) < 10
    np.testing.assert_array_equal(x.grad.numpy()[:, 0], np.arange(10_000.0))


def test_pieces_and_the_whole_are_put_together() -> None:
    def program(m: Any) -> Any:
        w, x = start(m)
        y = x * x
        pieces = sum((piece**3 * k).sum() for k, piece in enumerate(y.split(1, 2)))
        loss = (y * 2).sum() + pieces + y[0].sum() + (y**2).sum()
        (slope,) = m.autograd.grad(loss, w, create_graph=True)
        (slope**2).sum().backward()
        return slope.detach(), w.grad

    agree(program)
