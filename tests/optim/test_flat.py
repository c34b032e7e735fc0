"""Laying tensors side by side: who shares memory with whom, and what happens when somebody replaces it."""

from __future__ import annotations

import numpy as np
import pytest

import minideep
from gradcheck import strict
from minideep import optim
from minideep.optim import flat
from minideep.optim.flat import lay_out, overlapping

strict.register()


def leaf(array, **settings) -> minideep.Tensor:
    return minideep.tensor(np.asarray(array, np.float64), requires_grad=True, **settings)


def with_gradients(params):
    for number, p in enumerate(params):
        p.grad = minideep.full(p.shape, 1.0 + number, dtype=p.dtype, device=p.device)
    return params


def adam_by_hand(p, gradients, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8):
    m = v = 0.0
    for step, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        p = p - lr * (m / (1 - beta1**step)) / (np.sqrt(v / (1 - beta2**step)) + eps)
    return p


# ---------------------------------------------------------------------------------------------- who is with whom


def members(params, **options):
    flats = lay_out(params, {"a": 0.0}, {}, {}, options.get("alone", ()))
    return [[next(i for i, q in enumerate(params) if q is p) for p in f.parameters] for f in flats]


def test_small_tensors_of_one_kind_are_together_and_large_ones_alone(monkeypatch) -> None:
    monkeypatch.setattr(flat, "_SMALL", 10)
    monkeypatch.setattr(flat, "_PIECE", 12)
    sizes = [4, 0, 10, 5, 3, 9, 1]
    params = [leaf(np.zeros(n)) for n in sizes]
    assert members(params) == [[0, 1, 3, 4], [2], [5, 6]]
    params[3] = minideep.zeros(5)
    assert members(params) == [[0, 1, 4], [2], [3], [5, 6]]
    assert members(params[:2], alone=set(params)) == [[0], [1]]


def test_a_large_tensor_is_cut_into_pieces_and_a_small_one_is_not(monkeypatch) -> None:
    monkeypatch.setattr(flat, "_SMALL", 10)
    monkeypatch.setattr(flat, "_PIECE", 12)
    params = with_gradients([leaf(np.zeros((5, 5))), leaf(np.zeros(3)), leaf(np.zeros(3))])
    large, small = lay_out(params, {"a": 0.0}, {}, {})
    sizes = []
    for run in (*large.runs(), *small.runs()):
        for piece in run.pieces(lambda p, g, a: sizes.append((len(p), len(g), len(a)))):
            piece()
    assert sizes == [(8, 8, 8), (8, 8, 8), (9, 9, 9), (6, 6, 6)]
    sizes.clear()
    for run in large.runs():
        for piece in run.pieces(lambda p, g, a: sizes.append((len(p), len(g), len(a))), uncut=True):
            piece()
    assert sizes == [(25, 25, 25)]


def test_the_state_of_neighbours_is_one_array() -> None:
    params = with_gradients([leaf(np.ones((2, 2))), leaf(np.ones(3))])
    optimizer = optim.Adam(params)
    optimizer.step()
    first, second = (optimizer.state[p]["exp_avg"].numpy() for p in params)
    assert first.base is second.base is not None
    assert first.shape == (2, 2)
    assert optimizer.state[params[1]]["step"].shape == ()


# ---------------------------------------------------------------------------------------------- memory that is shared


def test_overlapping() -> None:
    base = np.zeros((4, 6))
    left, right, whole, other, column = (
        minideep.from_numpy(x) for x in (base[:2], base[2:], base, np.zeros(3), np.zeros((3, 3)).T)
    )
    assert overlapping([left, right, other, column]) == set()
    assert overlapping([left, whole, right, other]) == {left, whole, right}
    backwards, start = minideep.from_numpy(base[0, ::-1]), minideep.from_numpy(base[0, :2])
    assert overlapping([backwards, start, right]) == {backwards, start}
    assert overlapping([minideep.from_numpy(base[:0]), whole]) == set()


@pytest.mark.parametrize("size", [3, 300])
def test_parameters_that_share_memory_are_updated_one_after_the_other(size, monkeypatch) -> None:
    """As PyTorch does: both updates count."""
    monkeypatch.setattr("minideep.optim.optimizer.share", None)  # not to be asked
    p = leaf(np.ones((size, size)))
    q = leaf(np.zeros((size, size)))
    q.data = p.data.t()
    with_gradients([p, q])
    optimizer = optim.SGD([p, q], lr=0.5, momentum=0.9)
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), 1 - 0.5 * (1 + 2))


def test_a_view_of_a_parameter_sees_its_updates() -> None:
    p = leaf([1.0, 2.0])
    seen_before, tied = p.detach(), p.detach().numpy()
    p.grad = minideep.ones(2, dtype=minideep.float64)
    optimizer = optim.SGD([p, leaf([0.0])], lr=1.0)
    optimizer.step()
    assert seen_before.tolist() == tied.tolist() == [0, 1]


@pytest.mark.parametrize("shape", [(3, 4), (150, 200)])
def test_parameters_that_are_not_contiguous(shape) -> None:
    values = np.random.default_rng(0).standard_normal(shape)
    p, q = leaf(values), leaf(values)
    p.data = minideep.from_numpy(np.asfortranarray(values))
    for x in p, q:
        x.grad = minideep.from_numpy(values[::-1, ::-1])
    optimizer = optim.Adam([p, q])
    for _ in range(3):
        optimizer.step()
    assert not p.is_contiguous()
    np.testing.assert_array_equal(p.detach().numpy(), q.detach().numpy())


# ---------------------------------------------------------------------------------------------- what is replaced


@pytest.mark.parametrize("size", [2, 40_000])
def test_memory_that_is_replaced_in_mid_course(size) -> None:
    """As by ``p.data = …``; the state goes on, and the old memory is left alone."""
    p, q = with_gradients([leaf(np.ones(size)), leaf(np.ones(size))])
    optimizer = optim.Adam([p, q])
    optimizer.step()
    old = p.detach().numpy()
    before = old.copy()
    p.data = p.data + 1
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), adam_by_hand(np.ones(size), [1.0, 1.0]) + 1, rtol=1e-12)
    np.testing.assert_allclose(q.detach().numpy(), adam_by_hand(np.ones(size), [2.0, 2.0]), rtol=1e-12)
    np.testing.assert_array_equal(old, before)


def test_parameters_converted_in_mid_course() -> None:
    """State follows the dtype of its parameter."""
    params = with_gradients([leaf(np.ones(3)), leaf(np.ones(2))])
    optimizer = optim.Adam(params)
    optimizer.step()
    for p in params:
        p.data = p.data.float()
        p.grad = p.grad.float()
    optimizer.step()
    assert {optimizer.state[p]["exp_avg"].dtype for p in params} == {minideep.float32}
    np.testing.assert_allclose(params[0].detach().numpy(), adam_by_hand(np.ones(3), [1.0, 1.0]), rtol=1e-6)


def test_state_that_is_replaced_or_taken_away() -> None:
    p, q = with_gradients([leaf(np.ones(2)), leaf(np.ones(2))])
    optimizer = optim.SGD([p, q], lr=1.0, momentum=0.5)
    optimizer.step()
    optimizer.state[p]["momentum_buffer"] = leaf([10.0, 10.0]).detach()
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), 1 - 1 - (5 + 1))
    del optimizer.state[p]
    optimizer.step()
    np.testing.assert_array_equal(p.detach().numpy(), -6 - 1)
    np.testing.assert_array_equal(q.detach().numpy(), 1 - 2 - 3 - 3.5)
    optimizer.state[q]["momentum_buffer"].zero_()
    optimizer.step()
    np.testing.assert_array_equal(q.detach().numpy(), -7.5 - 2)
    optimizer.state = type(optimizer.state)(dict)
    optimizer.step()
    np.testing.assert_array_equal(q.detach().numpy(), -9.5 - 2)


def test_what_is_not_replaced_is_not_laid_out_again() -> None:
    """Not even where some parameters have no gradient, or the state was loaded."""
    params = with_gradients([leaf(np.ones(2)) for _ in range(3)])
    params[1].grad = None
    optimizer = optim.Adam(params)
    optimizer.step()
    first = optimizer._layout[0].flats
    optimizer.step()
    assert optimizer._layout[0].flats is first
    optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    second = optimizer._layout[0].flats
    optimizer.step()
    assert optimizer._layout[0].flats is second
    assert second is not first


def test_a_parameter_that_is_replaced_in_its_group() -> None:
    p, q = with_gradients([leaf(np.ones(2)), leaf(np.ones(3))])
    optimizer = optim.SGD([p], lr=1.0)
    optimizer.step()
    optimizer.param_groups[0]["params"][0] = q
    optimizer.step()
    assert p.tolist() == [0, 0]
    optimizer.param_groups[0]["params"].append(p)
    optimizer.step()
    assert p.tolist() == [-1, -1]


# ---------------------------------------------------------------------------------------------- how far each is


def test_parameters_without_gradient_are_left_alone() -> None:
    params = with_gradients([leaf(np.ones(2)) for _ in range(5)])
    params[1].grad = params[4].grad = None
    optimizer = optim.Adam(params, weight_decay=0.1)
    optimizer.step()
    assert [p in optimizer.state for p in params] == [True, False, True, True, False]
    assert params[1].tolist() == [1, 1]
    with_gradients(params)
    optimizer.step()
    assert [optimizer.state[p]["step"].item() for p in params] == [2, 1, 2, 2, 1]


def test_frozen_parameters_cost_nothing_until_they_thaw() -> None:
    frozen, trained = leaf(np.ones(50_000)), leaf(np.ones(2))
    optimizer = optim.Adam([frozen, trained])
    laid_out = []
    for _ in range(3):
        with_gradients([trained])
        optimizer.step()
        laid_out.append(optimizer._layout)
    assert frozen not in optimizer.state
    assert sum(f.ends[-1] for f in laid_out[0][0].flats) == 2
    assert laid_out[0] is laid_out[2]
    with_gradients([frozen, trained])
    optimizer.step()
    assert optimizer.state[frozen]["step"].item() == 1
    np.testing.assert_allclose(frozen.detach().numpy(), 1 - 1e-3)


def test_all_of_it_in_one_call_if_all_are_equally_far() -> None:
    params = with_gradients([leaf(np.ones(2)) for _ in range(100)])
    calls = []

    class Counting(optim.SGD):
        def rule(self, group, run):
            calls.append(run.size)
            return super().rule(group, run)

    optimizer = Counting(params, momentum=0.9)
    optimizer.step()
    optimizer.step()
    assert calls == [200, 200]
    params[50].grad = None
    optimizer.step()
    assert calls[2:] == [100, 98]


# ---------------------------------------------------------------------------------------------- other places


@pytest.mark.parametrize("name", [n for n in optim.__all__ if isinstance(getattr(optim, n), type) and n != "Optimizer"])
def test_on_a_device(name) -> None:
    """The same code, on arrays that are not NumPy's: the same numbers."""
    results = []
    for device in ("cpu", "strict"):
        params = [leaf(np.ones((2, 2)), device=device), leaf(np.full(3, 2.0), device=device)]
        params.append(leaf(np.full(20_000, 2.0), device=device))
        optimizer = getattr(optim, name)(params, lr=0.1, weight_decay=0.1)
        for _ in range(7):
            with_gradients(params)
            optimizer.step()
        saved = optimizer.state_dict()
        optimizer = getattr(optim, name)(params)
        optimizer.load_state_dict(saved)
        optimizer.step()
        results.append([p.detach().cpu().numpy() for p in params])
    for ours, expected in zip(*results, strict=True):
        np.testing.assert_array_equal(ours, expected)


def test_parameters_in_two_places() -> None:
    params = with_gradients([leaf(np.ones(2)), leaf(np.ones(2), device="strict"), leaf(np.ones(2))])
    optim.SGD(params, lr=1.0).step()
    assert [p.tolist() for p in params] == [[0, 0], [-1, -1], [-2, -2]]


def test_shared_out_to_threads() -> None:
    """Large steps are: with the same numbers."""
    rng = np.random.default_rng(0)
    values, gradient = rng.standard_normal((2, 700, 700))
    p = leaf(values)
    p.grad = minideep.from_numpy(gradient)
    optimizer = optim.Adam([p])
    optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), adam_by_hand(values, [gradient]), rtol=1e-12)
