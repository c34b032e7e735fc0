"""Hooks on tensors: looking at gradients, replacing them, keeping them, and acting once they are complete."""

from __future__ import annotations

import gc
import weakref

import pytest

import minideep as md
from tests.support import agree


def start(m):
    x = m.tensor([1.0, 2.0], dtype=m.float64, requires_grad=True)
    return x, x * x


def test_a_hook_sees_the_whole_gradient_once() -> None:
    def program(m):
        x, y = start(m)
        seen = []
        y.register_hook(lambda g: seen.append(g.clone()))
        (y * 2.0 + y.exp()).sum().backward()
        return *seen, x.grad

    agree(program)


@pytest.mark.parametrize("where", ["leaf", "computed", "output"])
def test_what_a_hook_returns_takes_the_gradients_place(where) -> None:
    def program(m):
        x, y = start(m)
        z = (y * 3.0).sum()
        {"leaf": x, "computed": y, "output": z}[where].register_hook(lambda g: g * 10.0 + 1.0)
        z.backward()
        return x.grad

    agree(program)


def test_hooks_run_in_order_and_each_sees_what_the_last_returned() -> None:
    def program(m):
        x, y = start(m)
        seen = []
        y.register_hook(lambda g: g * 2.0)
        y.register_hook(lambda g: seen.append(g.clone()))
        y.register_hook(lambda g: g + 1.0)
        y.sum().backward()
        return *seen, x.grad

    agree(program)


def test_a_hook_can_be_removed() -> None:
    def program(m):
        x, y = start(m)
        first = y.register_hook(lambda g: g * 2.0)
        y.register_hook(lambda g: g * 3.0)
        first.remove()
        first.remove()
        with x.register_hook(lambda g: g * 5.0):
            y.sum().backward(retain_graph=True)
        y.sum().backward()
        return x.grad

    agree(program)


def test_a_hook_may_remove_itself() -> None:
    def program(m):
        x, y = start(m)
        handles = [y.register_hook(lambda g, i=i: (handles[i].remove(), g * 2.0)[1]) for i in range(3)]
        for _ in range(2):
            y.sum().backward(retain_graph=True)
        return x.grad

    agree(program)


def test_hooks_take_part_in_higher_derivatives() -> None:
    def program(m):
        x, y = start(m)
        x.register_hook(lambda g: g * x)
        (g,) = m.autograd.grad((y * y).sum(), x, create_graph=True)
        (h,) = m.autograd.grad(g.sum(), x)
        return g, h

    agree(program)


def test_gradients_in_hooks_are_constants_without_create_graph() -> None:
    def program(m):
        x, y = start(m)
        seen = []
        y.register_hook(lambda g: seen.append((g.requires_grad, m.is_grad_enabled(), (g * x).requires_grad)))
        y.sum().backward(retain_graph=True)
        y.sum().backward(create_graph=True)
        return seen

    agree(program)


@pytest.mark.parametrize("target", ["leaf", "computed"])
def test_hooks_run_for_grad_as_well(target) -> None:
    def program(m):
        x, y = start(m)
        y.register_hook(lambda g: g * 2.0)
        x.register_hook(lambda g: g * 3.0)
        return m.autograd.grad(y.sum(), {"leaf": x, "computed": y}[target])

    agree(program)


def test_a_hook_before_a_change_in_place_belongs_to_the_old_value() -> None:
    def program(m):
        _, y = start(m)
        seen = []
        y.register_hook(lambda g: seen.append(("before", g.clone())))
        y.mul_(3.0)
        y.register_hook(lambda g: seen.append(("after", g.clone())))
        (y * 2.0).sum().backward()
        return seen

    agree(program)


def test_a_0d_gradient_is_a_tensor_too() -> None:
    x = md.tensor(2.0, requires_grad=True)
    y = x * 3.0
    seen = []
    y.register_hook(seen.append)
    (y * 5.0).backward()
    assert isinstance(seen[0], md.Tensor)
    assert seen[0].shape == ()
    assert seen[0].item() == 5


BAD_HOOKS = {
    "shape": (lambda m, g: m.ones(3, dtype=m.float64), "it returned float64 (3,)"),
    "dtype": (
        lambda m, g: g.float(),
        "expected a gradient like the one it was given, float64 (2,), but it returned float32",
    ),
    "type": (lambda m, g: 3.0, "expected a Tensor or None, but it returned float"),
}


@pytest.mark.parametrize(("hook", "text"), BAD_HOOKS.values(), ids=BAD_HOOKS.keys())
@pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])
def test_bad_results_of_hooks(hook, text, create_graph) -> None:
    def program(m):
        _, y = start(m)
        y.register_hook(lambda g: hook(m, g))
        y.sum().backward(create_graph=create_graph)

    assert text in str(agree(program))


def test_hooks_need_a_gradient_to_wait_for() -> None:
    error = agree(lambda m: m.ones(2).register_hook(print))
    assert str(error).startswith("register_hook: cannot register a hook on a tensor that doesn't require gradient")


# ---------------------------------------------------------------------------------------------- retain_grad


def test_retain_grad() -> None:
    def program(m):
        x, y = start(m)
        z = y.exp()
        z.retain_grad()
        y.retain_grad()
        z.sum().backward(retain_graph=True)
        once = z.grad.clone(), y.grad.clone()
        z.sum().backward()
        return *once, z.grad, y.grad, x.grad, y.retains_grad, x.retains_grad

    agree(program)


def test_retain_grad_sees_what_other_hooks_made_of_the_gradient() -> None:
    def program(m):
        x, y = start(m)
        y.register_hook(lambda g: g * 2.0)
        y.retain_grad()
        y.register_hook(lambda g: g * 5.0)
        y.sum().backward()
        return y.grad, x.grad

    agree(program)


def test_retain_grad_twice_keeps_it_once() -> None:
    def program(m):
        _, y = start(m)
        y.retain_grad()
        y.retain_grad()
        y.sum().backward()
        return y.grad

    agree(program)


def test_retain_grad_of_a_leaf_does_nothing() -> None:
    def program(m):
        x, y = start(m)
        x.retain_grad()
        y.sum().backward()
        return x.grad

    agree(program)


def test_retain_grad_follows_a_change_in_place() -> None:
    def program(m):
        _, y = start(m)
        y.retain_grad()
        y.mul_(3.0)
        (y * 5.0).sum().backward()
        return y.grad

    agree(program)


def test_retain_grad_of_a_view() -> None:
    def program(m):
        _, y = start(m)
        view = y[1:]
        view.retain_grad()
        (view * y).sum().backward()
        return view.grad

    agree(program)


def test_retain_grad_under_create_graph() -> None:
    def program(m):
        x, y = start(m)
        y.retain_grad()
        (y * y).sum().backward(create_graph=True)
        return y.grad, m.autograd.grad(y.grad.sum(), x)[0]

    agree(program)


def test_retain_grad_needs_a_gradient() -> None:
    error = agree(lambda m: m.ones(2).retain_grad())
    assert str(error).startswith("retain_grad: can't retain_grad on Tensor that has requires_grad=False")


def test_retain_grad_keeps_nothing_alive() -> None:
    gc.disable()
    try:
        _, y = start(md)
        y.retain_grad()
        alive = weakref.ref(y)
        total = y.sum()
        del y
        assert alive() is None
        total.backward()
    finally:
        gc.enable()


# ---------------------------------------------------------------------------------------------- after accumulating


def test_a_post_accumulate_hook_sees_the_complete_gradient() -> None:
    def program(m):
        x, y = start(m)
        seen = []
        handle = x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.clone())))
        (y + y.exp()).sum().backward()
        (x * 1.0).sum().backward()
        handle.remove()
        (x * 1.0).sum().backward()
        return seen, x.grad

    agree(program)


def test_an_optimizer_may_step_in_a_hook() -> None:
    def program(m):
        x, y = start(m)

        def step(t):
            with m.no_grad():
                t -= 0.1 * t.grad
            t.grad = None

        x.register_post_accumulate_grad_hook(step)
        y.sum().backward()
        (x * x).sum().backward()
        return x, x.grad

    agree(program)


def test_post_accumulate_hooks_do_not_run_for_grad() -> None:
    def program(m):
        x, y = start(m)
        seen = []
        x.register_post_accumulate_grad_hook(lambda t: seen.append(t))
        m.autograd.grad(y.sum(), x)
        return len(seen)

    agree(program)


def test_post_accumulate_hooks_are_for_leaves() -> None:
    error = agree(lambda m: start(m)[1].register_post_accumulate_grad_hook(print))
    assert "hooks are for leaf tensors only" in str(error)
