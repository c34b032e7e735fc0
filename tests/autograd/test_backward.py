"""`backward` and `grad`: the same programs on minideep and PyTorch, and whose memory a gradient is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import minideep as md
from tests.support import agree


def xy(m):
    x = m.tensor([1.0, 2.0, 3.0], dtype=m.float64, requires_grad=True)
    y = m.tensor([0.5, -1.0, 2.0], dtype=m.float64, requires_grad=True)
    return x, y


# ---------------------------------------------------------------------------------------------- backward


def test_a_scalar_needs_no_gradient() -> None:
    def program(m):
        x, y = xy(m)
        (x * x * y).sum().backward()
        return x.grad, y.grad

    agree(program)


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_a_single_entry_counts_as_a_scalar(shape) -> None:
    def program(m):
        x = m.full(shape, 2.0, dtype=m.float64, requires_grad=True)
        (x * x).backward()
        return x.grad

    agree(program)


def test_with_a_gradient() -> None:
    def program(m):
        x, y = xy(m)
        (x * y.exp()).backward(m.tensor([1.0, -2.0, 0.5], dtype=m.float64))
        return x.grad, y.grad

    agree(program)


def test_gradients_add_up() -> None:
    def program(m):
        x, y = xy(m)
        (x * y).sum().backward()
        first = x.grad
        value = first.clone()
        (x * x).sum().backward()
        return value, x.grad, first is x.grad, y.grad

    agree(program)


def test_several_outputs() -> None:
    def program(m):
        x, y = xy(m)
        a, b = x * y, (x + y).exp().sum()
        m.autograd.backward([a, b], [m.ones(3, dtype=m.float64), None])
        m.autograd.backward((x * 2.0).sum())
        return x.grad, y.grad

    agree(program)


def test_one_output_twice() -> None:
    def program(m):
        x, _ = xy(m)
        total = x.sum()
        m.autograd.backward([total, total], [None, m.tensor(3.0, dtype=m.float64)])
        return x.grad

    agree(program)


def test_an_output_may_lead_to_another() -> None:
    def program(m):
        x, y = xy(m)
        a = x * y
        m.autograd.backward([a, (a * a).sum()], [m.ones(3, dtype=m.float64), None])
        return x.grad, y.grad

    agree(program)


def test_backward_of_a_leaf() -> None:
    def program(m):
        x = m.tensor(2.0, dtype=m.float64, requires_grad=True)
        x.backward()
        x.backward(m.tensor(5.0, dtype=m.float64))
        return x.grad

    agree(program)


def test_a_cotangent_of_another_dtype_takes_the_outputs() -> None:
    x = md.tensor([1.0, 2.0], requires_grad=True)
    (x * 3.0).backward(md.tensor([1, 2]))
    assert x.grad.dtype == md.float32
    assert x.grad.tolist() == [3, 6]


@pytest.mark.parametrize("how", [{"retain_graph": True}, {"create_graph": True}], ids=str)
def test_a_graph_that_is_kept_can_be_used_again(how) -> None:
    def program(m):
        x, y = xy(m)
        total = (x * y.exp()).sum()
        total.backward(**how)
        total.backward()
        return x.grad, y.grad

    agree(program)


def test_create_graph_leaves_gradients_that_can_be_differentiated() -> None:
    def program(m):
        x, y = xy(m)
        (x * x * y).sum().backward(create_graph=True)
        (x.grad * x.grad).sum().backward(inputs=[y])
        return x.grad.requires_grad, y.grad

    agree(program)


def test_mixing_passes_with_and_without_create_graph() -> None:
    def program(m):
        x, _ = xy(m)
        (x * x).sum().backward(create_graph=True)
        first = x.grad
        (x * x * x).sum().backward()
        second = x.grad
        (x * x).sum().backward(create_graph=True)
        return first is second, second is x.grad, x.grad

    agree(program)


@pytest.mark.parametrize("freed_at", ["loss", "below"])
def test_a_freed_graph_cannot_be_used_again(freed_at) -> None:
    def program(m):
        x, y = xy(m)
        shared = x * y
        loss = shared.exp().sum()
        loss.backward()
        (loss if freed_at == "loss" else shared.sum()).backward()

    error = agree(program)
    assert "a second time" in str(error)
    assert "retain_graph=True" in str(error)
    assert str(error).startswith("exp: " if freed_at == "loss" else "mul: ")


def test_a_graph_that_saved_nothing_can_be_used_again() -> None:
    def program(m):
        x, y = xy(m)
        total = (x + y - 1.0).reshape(3, 1)[1:].sum()
        total.backward()
        total.backward()
        return x.grad, y.grad

    agree(program)


def test_grad_of_a_dtype_stays_of_it() -> None:
    for dtype in (md.float16, md.float32, md.float64):
        x = md.ones(3, dtype=dtype, requires_grad=True)
        ((x * 2.0).exp() / 3.0).sum().backward()
        assert x.grad.dtype == dtype


# ---------------------------------------------------------------------------------------------- inputs=


def test_inputs_limits_where_gradients_go() -> None:
    def program(m):
        x, y = xy(m)
        (x * y).sum().backward(inputs=[x])
        first = x.grad
        (x * x).sum().backward(inputs=x)
        return x.grad, y.grad, x.grad is first

    agree(program)


def test_inputs_may_be_computed_tensors() -> None:
    def program(m):
        x, y = xy(m)
        hidden = x * y
        (hidden * hidden).sum().backward(inputs=[hidden, y])
        return hidden.grad, x.grad, y.grad

    agree(program)


def test_inputs_named_twice_count_once() -> None:
    def program(m):
        x, _ = xy(m)
        (x * x).sum().backward(inputs=[x, x])
        return x.grad

    agree(program)


def test_inputs_not_reached_keep_their_gradient() -> None:
    def program(m):
        x, y = xy(m)
        x.sum().backward(inputs=[y])
        return x.grad, y.grad

    agree(program)


def test_inputs_run_the_hooks() -> None:
    def program(m):
        x, y = xy(m)
        seen = []
        x.register_hook(lambda g: g * 2)
        x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.clone()))
        y.register_post_accumulate_grad_hook(lambda t: seen.append("not me"))
        (x * y).sum().backward(inputs=[x])
        return x.grad, seen

    agree(program)


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        (lambda m, x: [], "backward: inputs cannot be empty"),
        (lambda m, x: [m.ones(2)], "does not require grad (input 0)"),
        (lambda m, x: [x, m.ones(2)], "does not require grad (input 1)"),
    ],
)
def test_inputs_that_are_refused(inputs, text) -> None:
    def program(m):
        x, _ = xy(m)
        x.sum().backward(inputs=inputs(m, x))

    assert text in str(agree(program))


# ---------------------------------------------------------------------------------------------- grad


def test_grad_touches_no_grad() -> None:
    def program(m):
        x, y = xy(m)
        gradients = m.autograd.grad((x * y.exp()).sum(), [x, y])
        return *gradients, x.grad, y.grad

    agree(program)


def test_grad_with_grad_outputs() -> None:
    def program(m):
        x, y = xy(m)
        a, b = x * y, (x * x).sum()
        weights = (m.tensor([1.0, 2.0, 3.0], dtype=m.float64), None)
        return m.autograd.grad((a, b), (x, y), grad_outputs=weights) + m.autograd.grad(x * y, x, weights[0])

    agree(program)


def test_grad_with_respect_to_computed_tensors() -> None:
    def program(m):
        x, y = xy(m)
        hidden = x * y
        view = hidden[1:]
        loss = (view * hidden.exp()[1:]).sum()
        return m.autograd.grad(loss, [hidden, view, x])

    agree(program)


def test_grad_of_an_output_with_respect_to_itself() -> None:
    def program(m):
        x, _ = xy(m)
        y = x * 2.0
        weight = m.tensor([1.0, 2.0, 3.0], dtype=m.float64)
        return m.autograd.grad(y, [y, x], weight)

    agree(program)


def test_grad_names_an_input_twice() -> None:
    def program(m):
        x, _ = xy(m)
        return m.autograd.grad((x * x).sum(), [x, x])

    agree(program)


@pytest.mark.parametrize("materialize_grads", [False, True])
@pytest.mark.parametrize("allow_unused", [None, False, True])
def test_unused_inputs(allow_unused, materialize_grads) -> None:
    def program(m):
        x, y = xy(m)
        return m.autograd.grad((x * x).sum(), (x, y), allow_unused=allow_unused, materialize_grads=materialize_grads)

    ours = agree(program)
    if materialize_grads and allow_unused is False:
        assert str(ours).startswith("grad: expected allow_unused to be True")
    elif not allow_unused and not materialize_grads:
        assert "not have been used in the graph (input 1)" in str(ours)


def test_second_and_third_derivatives() -> None:
    def program(m):
        x, y = xy(m)
        z = (x**3 * y.exp() / (x + 2.0)).sum()
        first = m.autograd.grad(z, (x, y), create_graph=True)
        second = m.autograd.grad((first[0] * first[1]).sum(), (x, y), create_graph=True)
        third = m.autograd.grad(second[0].sum(), (x, y))
        return first + second + third

    agree(program)


def test_create_graph_follows_the_cotangent() -> None:
    def program(m):
        x, y = xy(m)
        (g,) = m.autograd.grad(x * x, x, y, create_graph=True)
        return m.autograd.grad(g.sum(), (x, y))

    agree(program)


def test_without_create_graph_gradients_are_constants() -> None:
    def program(m):
        x, y = xy(m)
        (g,) = m.autograd.grad(x * x, x, y)
        return g, g.requires_grad

    agree(program)


def test_create_graph_under_no_grad_still_records() -> None:
    def program(m):
        x, _ = xy(m)
        y = (x * x).sum()
        with m.no_grad():
            (g,) = m.autograd.grad(y, x, create_graph=True)
        return g.requires_grad, m.is_grad_enabled()

    agree(program)


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda m, x: (x * 2.0).backward(), "backward: grad can be implicitly created only for scalar outputs, but"),
        (lambda m, x: m.autograd.grad(x * 2.0, x), "grad: grad can be implicitly created only for scalar outputs, but"),
        (lambda m, x: m.ones(1).backward(), "backward: the output (shape (1,)) does not require grad"),
        (lambda m, x: x.detach().sum().backward(), "does not require grad and does not have a grad_fn"),
        (lambda m, x: (x * 2.0).backward(m.ones(2)), "the output has shape (3,), but the gradient given for it (2,)"),
        (lambda m, x: m.autograd.grad([x.sum(), x.sum()], x, [m.ones(())]), "grad: got 2 outputs and 1 gradients"),
        (lambda m, x: m.autograd.grad(x.sum(), m.ones(3)), "does not require grad (input 0)"),
        (lambda m, x: x.sum().backward(1.0), "the gradient given for an output must be a Tensor or None, not float"),
        (lambda m, x: m.autograd.grad(x.sum(), x.detach()), "call requires_grad_() on it before it is used"),
    ],
)  # fmt: skip
def test_errors(call, text) -> None:
    assert text in str(agree(lambda m: call(m, xy(m)[0])))


def test_an_output_made_under_no_grad() -> None:
    def program(m):
        x, _ = xy(m)
        with m.no_grad():
            y = x.sum()
        y.backward()

    assert "under no_grad()" in str(agree(program))


# ---------------------------------------------------------------------------------------------- memory of gradients

# Functions whose rules hand on the gradient itself, or a view of it.
PASSING_ON = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "one twice": lambda x, y: x + x + y,
    "sum": lambda x, y: (x + y).sum(),
    "views": lambda x, y: x.reshape(3, 1) + y[None].T,
    "parts": lambda x, y: x[1:] + y[:2],
    "clone": lambda x, y: x.clone() + y.clone(),
    "in place": lambda x, y: (x * 1.0).add_(y),
}


@pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])
@pytest.mark.parametrize("function", PASSING_ON.values(), ids=PASSING_ON.keys())
def test_gradients_share_no_memory(function, create_graph) -> None:
    x, y = xy(md)
    hidden = x * 1.0
    hidden.retain_grad()
    z = function(hidden, y)
    z.retain_grad()
    cotangent = md.ones_like(z)
    z.backward(cotangent, create_graph=create_graph)
    arrays = [t.detach().numpy() for t in (x.grad, y.grad, hidden.grad, z.grad, cotangent, x, y, z)]
    for one, other in itertools.combinations(arrays, 2):
        assert not np.shares_memory(one, other)
    assert all(array.flags.writeable for array in arrays)


@pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])
@pytest.mark.parametrize("function", PASSING_ON.values(), ids=PASSING_ON.keys())
def test_what_grad_returns_shares_no_memory(function, create_graph) -> None:
    x, y = xy(md)
    hidden = x * 1.0
    z = function(hidden, y)
    cotangent = md.ones_like(z)
    gradients = md.autograd.grad(z, [x, y, hidden, z], cotangent, create_graph=create_graph)
    arrays = [t.detach().numpy() for t in (*gradients, cotangent, x, y, z)]
    for one, other in itertools.combinations(arrays, 2):
        assert not np.shares_memory(one, other)


def test_a_hook_that_changes_one_gradient_leaves_the_others_alone() -> None:
    """As an optimizer does that steps in a hook: it uses the gradient up while others still wait for the same array."""
    x, y = xy(md)
    y.register_post_accumulate_grad_hook(lambda t: t.grad.zero_())  # the newer leaf is the first to be reached
    (x + y).sum().backward()
    assert x.grad.tolist() == [1, 1, 1]
    assert y.grad.tolist() == [0, 0, 0]


def test_an_accumulated_gradient_counts_as_changed_in_place() -> None:
    def program(m):
        x, y = xy(m)
        (x * x).sum().backward()
        z = (x.grad * y).sum()
        (x * x).sum().backward()
        z.backward()

    assert "modified by an inplace operation" in str(agree(program))


def test_the_cotangent_is_not_changed() -> None:
    cotangent = md.tensor([1.0, 2.0, 3.0], dtype=md.float64)
    x, y = xy(md)
    z = x + y
    z.register_hook(lambda g: g * 2)
    for _ in range(2):
        z.backward(cotangent, retain_graph=True)
    assert cotangent.tolist() == [1, 2, 3]
    assert x.grad.tolist() == [4, 8, 12]
