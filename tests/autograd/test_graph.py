"""The walk back: depth, fan-out, memory, exceptions and threads. Work is counted in calls, never in seconds."""

from __future__ import annotations

import contextlib
import gc
import sys
import threading
import tracemalloc
import weakref
from collections.abc import Callable

import numpy as np
import pytest

import minideep as md
from minideep.autograd import Function
from minideep.autograd.anomaly import anomaly
from minideep.backend import Array
from tests.support import local_op


def calls_made_by(function: Callable[[], object]) -> int:
    """How many calls of Python and C functions a function makes: a measure of work that no machine can disturb."""
    count = 0

    def tick(frame, event, argument) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(tick)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def leaf(*values: float) -> md.Tensor:
    return md.tensor(values, dtype=md.float64, requires_grad=True)


# ---------------------------------------------------------------------------------------------- depth


def by_arithmetic(x, depth):
    for _ in range(depth):
        x = x * 1.0
    return x


def by_views(x, depth):
    for _ in range(depth):
        x = x[...]
    return x


def in_place(x, depth):
    x = x * 1.0
    for _ in range(depth):
        x *= 1.0
    return x


def in_place_on_a_view(x, depth):
    x = x * 1.0
    view = x[:1]
    for _ in range(depth):
        view *= 1.0
    return x


class Identity(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 1.0

    @staticmethod
    def backward(ctx, g):
        return g


def by_function(x, depth):
    for _ in range(depth):
        x = Identity.apply(x)
    return x


CHAINS = [by_arithmetic, by_views, in_place, in_place_on_a_view, by_function]
every_chain = pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.__name__)


def test_a_chain_100_000_ops_deep() -> None:
    x = leaf(1.0, 2.0)
    y = by_arithmetic(x, 100_000)
    y.backward(md.tensor([3.0, 4.0], dtype=md.float64))
    assert x.grad.tolist() == [3, 4]
    del y  # without the recursion that would end the process


@every_chain
def test_deep_chains_go_back_and_go_away(chain) -> None:
    x = leaf(1.0, 2.0)
    y = chain(x, 20_000)
    y.backward(md.tensor([3.0, 4.0], dtype=md.float64))
    assert x.grad.tolist() == [3, 4]


@every_chain
def test_work_is_linear_in_depth(chain) -> None:
    def there_and_back(depth: int) -> Callable[[], None]:
        return lambda: chain(leaf(1.0, 2.0), depth).sum().backward()

    there_and_back(2)()
    assert calls_made_by(there_and_back(2000)) < 10.5 * calls_made_by(there_and_back(200))


def test_a_deep_chain_can_be_differentiated_twice() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(5000):
        y = (y * y).tanh() if y is x else y * 1.0
    (g,) = md.autograd.grad(y, x, md.ones(1), create_graph=True)
    (h,) = md.autograd.grad(g, x, md.ones(1))
    t = np.tanh(1.0)
    slope = 1 - t * t
    assert g.item() == pytest.approx(2 * slope)
    assert h.item() == pytest.approx(2 * slope - 8 * t * slope)


# ---------------------------------------------------------------------------------------------- fan-out


def traced(visited: list[str], name: str) -> Callable[[md.Tensor], md.Tensor]:
    """The identity as an op of its own; its rule leaves a note."""

    @local_op(input=lambda g: visited.append(name) or g)
    def identity(input: Array) -> Array:
        return input.copy()

    return identity


def test_a_diamond_of_64_levels_visits_each_node_once() -> None:
    visited: list[str] = []
    x = leaf(1.0)
    y = x
    for level in range(64):
        y = traced(visited, str(level))(y)
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**64
    assert visited == [str(level) for level in reversed(range(64))]


def test_work_is_linear_in_the_levels_of_a_diamond() -> None:
    def diamond(levels: int) -> Callable[[], None]:
        def run() -> None:
            y = leaf(1.0)
            for _ in range(levels):
                y = y.exp() * y.tanh() * 0.1
            y.backward()

        return run

    diamond(2)()
    assert calls_made_by(diamond(640)) < 10.5 * calls_made_by(diamond(64))


def test_a_tensor_read_row_by_row_costs_one_pass() -> None:
    """Each row's gradient is noted; together they make one array, not one array each."""
    x = md.ones(1000, 3, dtype=md.float64, requires_grad=True)
    weights = np.arange(1000.0)
    total = (x * 0.5).sum()
    for row, weight in zip(x, weights, strict=True):
        total = total + (row * float(weight)).sum()
    tracemalloc.start()
    try:
        total.backward()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert np.array_equal(x.grad.numpy(), np.repeat(weights[:, None] + 0.5, 3, axis=1))
    assert peak < 100 * x.nbytes


def test_the_walk_visits_nothing_that_does_not_lead_to_a_target() -> None:
    visited: list[str] = []
    x, w = leaf(1.0), leaf(2.0)
    hidden = traced(visited, "below")(x).exp()
    y = traced(visited, "above")(hidden) * traced(visited, "beside")(w)
    (g,) = md.autograd.grad(y, hidden)
    assert g.item() == 2
    assert visited == ["above"]
    hidden.backward()  # what lies below was neither visited nor freed
    assert x.grad.item() == pytest.approx(np.exp(1.0))


def test_the_walk_visits_nothing_that_no_output_depends_on() -> None:
    visited: list[str] = []
    x = leaf(1.0)
    y = traced(visited, "used")(x)
    unused = traced(visited, "unused")(y)
    (y * 3.0).backward()
    assert visited == ["used"]
    assert unused.requires_grad


def test_a_tensor_that_needs_no_gradient_has_no_node() -> None:
    constant = md.ones(2)
    assert (constant * 2.0).exp().grad_fn is None
    assert (constant * leaf(1.0, 2.0)).grad_fn.parents[0] is None


# ---------------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize("retain_graph", [False, True])
def test_saved_arrays_are_released_on_the_way(retain_graph) -> None:
    x = leaf(0.1, 0.2)
    y, saved = x * 1.0, []
    for _ in range(5):
        y = y.exp()
        saved.append(weakref.ref(y.array))
    loss = y.sum()
    del y
    alive = []
    x.register_hook(lambda g: alive.append([ref() is not None for ref in saved]))
    loss.backward(retain_graph=retain_graph)
    assert alive == [[retain_graph] * 5]


def test_what_a_function_saved_is_released_too() -> None:
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            doubled = x * 2.0
            ctx.save_for_backward(doubled)
            saved.append(weakref.ref(doubled.array))
            return x * x

        @staticmethod
        def backward(ctx, g):
            return ctx.saved_tensors[0] * g

    saved = []
    x = leaf(3.0)
    y = Square.apply(x)
    assert saved[0]() is not None
    y.backward()
    assert x.grad.item() == 6
    assert saved[0]() is None


def test_a_detached_tensor_does_not_keep_the_graph() -> None:
    x = leaf(1.0)
    y = x.exp()
    saved = weakref.ref(y.grad_fn)
    losses = [y.detach(), y.data]
    del y
    assert saved() is None, losses


def train(steps: int) -> list[float]:
    """Plain gradient descent on a small network; everything that a training loop usually does."""
    rng = np.random.default_rng(0)
    x, target = (md.tensor(rng.normal(size=shape)) for shape in [(8, 4), (8, 2)])
    weights = [md.tensor(rng.normal(size=shape) * 0.3, requires_grad=True) for shape in [(4, 5), (5, 2)]]
    losses = []
    for _ in range(steps):
        hidden = (x @ weights[0]).tanh()
        hidden.retain_grad()
        error = hidden @ weights[1] - target
        loss = (error * error).mean()
        loss.backward()
        with md.no_grad():
            for w in weights:
                w -= 0.05 * w.grad
                w.grad = None
        losses.append(loss.item())
        kept = loss.detach()
    assert kept.item() == losses[-1]
    return losses


def test_a_thousand_training_steps_leave_no_growth() -> None:
    """With the garbage collector off: a graph has no cycles, so that memory is free as soon as nobody refers to it."""
    losses = train(10)
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        train(10)
        objects, memory = len(gc.get_objects()), tracemalloc.get_traced_memory()[0]
        losses = train(1000)
        more_objects = len(gc.get_objects()) - objects
        more_memory = tracemalloc.get_traced_memory()[0] - memory - sys.getsizeof(losses) - 1000 * sys.getsizeof(0.5)
    finally:
        tracemalloc.stop()
        gc.enable()
    assert losses[-1] < 0.5 * losses[0]
    assert more_objects < 20
    assert more_memory < 20_000


# ---------------------------------------------------------------------------------------------- exceptions


class Broken(Exception):
    pass


@local_op(input=lambda g: _break())
def rule_breaks(input: Array) -> Array:
    return input + 0.0


@local_op(input=lambda g: g)
def body_breaks(input: Array) -> Array:
    return _break()


class BackwardBreaks(Identity):
    @staticmethod
    def backward(ctx, g):
        return _break()


class ForwardBreaks(Identity):
    @staticmethod
    def forward(ctx, x):
        return _break()


def hook_breaks(x):
    y = x * 1.0
    y.register_hook(lambda g: _break())
    return y


def after_hook_breaks(x):
    x.register_post_accumulate_grad_hook(lambda tensor: _break())
    return x * 1.0


def _break():
    raise Broken


BREAKS = {
    "rule": rule_breaks,
    "body": body_breaks,
    "backward of a Function": BackwardBreaks.apply,
    "forward of a Function": ForwardBreaks.apply,
    "hook": hook_breaks,
    "hook after": after_hook_breaks,
}


@pytest.mark.parametrize("breaks", BREAKS.values(), ids=BREAKS.keys())
@pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])
@pytest.mark.parametrize("context", [contextlib.nullcontext, md.detect_anomaly])
def test_an_exception_leaves_the_engine_usable(breaks, create_graph, context) -> None:
    x, w = leaf(1.0), leaf(2.0)
    with pytest.raises(Broken), context():
        (breaks(x) * w).backward(create_graph=create_graph)
    assert md.is_grad_enabled()
    assert not anomaly.enabled
    fresh, w = leaf(1.0), leaf(2.0)
    y = fresh * w
    (g,) = md.autograd.grad(y * y, fresh, create_graph=True)
    g.backward()
    assert fresh.grad.item() == 8
    assert w.grad.item() == 8


def test_a_walk_that_failed_can_be_repeated() -> None:
    x = leaf(3.0)
    y = x * x
    handle = y.register_hook(lambda g: _break())
    loss = y * 2.0
    with pytest.raises(Broken):
        loss.backward(retain_graph=True)
    handle.remove()
    loss.backward()
    assert x.grad.item() == 12


# ---------------------------------------------------------------------------------------------- threads


@pytest.fixture
def restless():
    """Threads that take turns as often as the interpreter can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.parametrize("cleared", [False, True], ids=["accumulating", "first"])
def test_threads_may_go_back_through_one_graph(restless, cleared) -> None:
    """No gradient is lost: not when several threads are the first to arrive, nor when they add to what is there."""
    x = leaf(*range(1, 5))
    y = x
    for _ in range(5):
        y = y * 1.0 + 0.0
    y = y.sum()
    threads, rounds = 4, 50
    for _ in range(rounds if cleared else 1):
        x.grad = None
        together = threading.Barrier(threads)

        def work(together=together) -> None:
            together.wait()
            for _ in range(1 if cleared else rounds):
                y.backward(retain_graph=True)

        started = [threading.Thread(target=work) for _ in range(threads)]
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        assert x.grad.tolist() == [threads * (1 if cleared else rounds)] * 4


def test_threads_with_graphs_of_their_own_share_the_leaves(restless) -> None:
    w = leaf(2.0)

    def work(scale: float) -> None:
        for _ in range(100):
            (w * scale).backward()

    threads = [threading.Thread(target=work, args=(scale,)) for scale in (1.0, 10.0, 100.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.grad.item() == 11_100
