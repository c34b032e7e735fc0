"""Changing tensors in place: what PyTorch allows, what it refuses, and what becomes of the graph."""

from __future__ import annotations

import inspect

import pytest

import minideep as md
from tests.support import agree, needs_torch, outcome, torch


def start(m):
    """A leaf, and a computed tensor of its values to change."""
    w = m.tensor([[1.0, -2.0, 3.0], [0.5, 1.5, -1.0]], dtype=m.float64, requires_grad=True)
    return w, w * 1.0


def finished(m, w, a):
    """The values, the gradient and the second derivative after a computation on `a`."""
    weight = m.tensor([[1.0, 2.0, -1.0], [0.5, 3.0, 2.0]], dtype=m.float64)
    loss = (a * a * weight).sum()
    (g,) = m.autograd.grad(loss, w, create_graph=True)
    return a, g, m.autograd.grad((g * g).sum(), w, allow_unused=True)[0], a.requires_grad, a.is_leaf


# ---------------------------------------------------------------------------------------------- what is allowed

CHANGES = {
    "add_ number": lambda m, w, a: a.add_(2.0),
    "add_ alpha": lambda m, w, a: a.add_(w, alpha=2.0),
    "add_ tensor": lambda m, w, a: a.add_(w),
    "add_ broadcast": lambda m, w, a: a.add_(w[0]),
    "sub_": lambda m, w, a: a.sub_(w * 0.5),
    "mul_ tensor": lambda m, w, a: a.mul_(w),
    "mul_ itself before": lambda m, w, a: a.mul_(w[1] * a[0].detach().clone()),
    "div_": lambda m, w, a: a.div_(w + 5.0),
    "pow_": lambda m, w, a: a.pow_(3),
    "pow_ tensor": lambda m, w, a: a.abs_().pow_(m.full((2, 3), 1.5, dtype=m.float64)),
    "clamp_": lambda m, w, a: a.clamp_(-1.2, 1.2),
    "neg_": lambda m, w, a: a.neg_(),
    "square_": lambda m, w, a: a.square_(),
    "one after the other": lambda m, w, a: a.mul_(w).add_(w[0]).exp_(),
    "relu_": lambda m, w, a: a.relu_(),
    "lerp_": lambda m, w, a: a.lerp_(w * w, 0.3),
    "addcmul_": lambda m, w, a: a.addcmul_(w, w, value=0.5),
    "addcdiv_": lambda m, w, a: a.addcdiv_(w, w + 4.0, value=2.0),
    "zero_": lambda m, w, a: a.zero_(),
    "fill_": lambda m, w, a: a.fill_(2.5),
    "copy_": lambda m, w, a: a.copy_(w * w),
    "copy_ broadcast": lambda m, w, a: a.copy_(w[1]),
    "copy_ of a constant": lambda m, w, a: a.copy_(m.ones(2, 3)),
    "masked_fill_": lambda m, w, a: a.masked_fill_(w > 0.7, 4.0),
    "index_add_": lambda m, w, a: a.index_add_(0, m.tensor([1, 1]), w),
    "scatter_": lambda m, w, a: a.scatter_(1, m.tensor([[0], [2]]), w[:, 1:2]),
    "scatter_add_": lambda m, w, a: a.scatter_add_(1, m.tensor([[0, 0], [2, 1]]), w[:, 1:]),
    "cumsum_": lambda m, w, a: a.cumsum_(1),
    "+=": lambda m, w, a: a.__iadd__(w),
    "-=": lambda m, w, a: a.__isub__(1.0),
    "*=": lambda m, w, a: a.__imul__(w),
    "/=": lambda m, w, a: a.__itruediv__(2.0),
    "**=": lambda m, w, a: a.__ipow__(2),
    "x[i] = number": lambda m, w, a: a.__setitem__(0, 2.0),
    "x[i, j] = tensor": lambda m, w, a: a.__setitem__((1, 2), w[0, 0]),
    "x[slices] = tensor": lambda m, w, a: a.__setitem__((slice(None), slice(1, None)), w[:, :2]),
    "x[...] = broadcast": lambda m, w, a: a.__setitem__(..., w[0]),
    "x[mask] = number": lambda m, w, a: a.__setitem__(w > 0.7, 0.0),
    "x[mask] = tensor": lambda m, w, a: a.__setitem__(w > 0.7, w[w > 0.7] * 2.0),
    "x[list] = tensor": lambda m, w, a: a.__setitem__([1, 0], w * 3.0),
    "x[pairs] = tensor": lambda m, w, a: a.__setitem__((m.tensor([0, 1]), m.tensor([2, 0])), w[0, :2]),
    "x[i] += tensor": lambda m, w, a: a.__setitem__(0, a[0] + w[1]),
    "view[i] = tensor": lambda m, w, a: a[1].__setitem__(slice(0, 2), w[0, 1:]),
    "view.mul_": lambda m, w, a: a[:, 1].mul_(w[:, 0]),
    "view of a view": lambda m, w, a: a[1][1:].mul_(w[0, 0]),
    "reshaped view": lambda m, w, a: a.reshape(6)[2:5].add_(w[0]),
    "transposed view": lambda m, w, a: a.T[1].mul_(w[:, 2]),
    "unsqueezed view": lambda m, w, a: a.unsqueeze(0)[0, 1].mul_(w[0]),
    "narrow": lambda m, w, a: a.narrow(1, 0, 2).mul_(3.0),
    "diagonal": lambda m, w, a: a.diagonal().mul_(w[0, 1:]),
    "view, then base": lambda m, w, a: (a[0].mul_(w[1]), a.mul_(2.0)),
    "base, then view": lambda m, w, a: (a.mul_(w), a[0].mul_(3.0)),
    "on a detached copy": lambda m, w, a: a.detach().clone().zero_(),
    "under no_grad": lambda m, w, a: under_no_grad(m, a),
}  # fmt: skip


def under_no_grad(m, a) -> None:
    with m.no_grad():
        a.mul_(3.0)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changes_take_part_in_the_graph(change) -> None:
    def program(m):
        w, a = start(m)
        change(m, w, a)
        return finished(m, w, a)

    agree(program)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_views_see_the_change(change) -> None:
    """Taken before, views show what the base holds now, and lead to where it came from."""

    def program(m):
        w, a = start(m)
        views = [a[1:], a.reshape(3, 2), a.T[0:2][0]]
        change(m, w, a)
        total = sum((view * view * k).sum() for k, view in enumerate(views, 1))
        (g,) = m.autograd.grad(total, w, allow_unused=True)
        return [*views, g]

    agree(program)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_changes_of_a_constant_make_it_depend(change) -> None:
    def program(m):
        w, a = start(m)
        a = a.detach().clone()
        change(m, w, a)
        loss = (a * a + w).sum()
        return a, a.requires_grad, m.autograd.grad(loss, w)[0]

    agree(program)


def test_in_place_methods_return_the_tensor_itself() -> None:
    _, a = start(md)
    assert a.add_(1.0) is a
    assert a.copy_(md.ones(2, 3)) is a
    same = a
    a += 1.0
    assert a is same


def test_the_memory_stays_the_same() -> None:
    def program(m):
        array = m.zeros(3)
        address = array.data_ptr()
        array.add_(1)
        array += 2
        array[0] = 5
        array.copy_(m.ones(3))
        array.zero_()
        return array.data_ptr() == address

    assert agree(program)


def test_integers_are_added_to_floats_but_not_floats_to_integers() -> None:
    def program(m, dtype, other):
        x = m.ones(2, dtype=getattr(m, dtype))
        return x.add_(m.ones(2, dtype=getattr(m, other)))

    for dtype, other in [
        ("float32", "int64"),
        ("float32", "float64"),
        ("uint8", "int64"),
        ("int64", "bool"),
        ("float64", "float32"),
    ]:
        agree(lambda m, dtype=dtype, other=other: program(m, dtype, other))
    for dtype, other in [("int64", "float32"), ("bool", "int64"), ("bool", "float32")]:
        error = agree(lambda m, dtype=dtype, other=other: program(m, dtype, other))
        assert str(error).startswith("add_: result type ")
        assert f"can't be cast to the desired output type {dtype}" in str(error)


def test_a_result_must_have_the_shape() -> None:
    error = agree(lambda m: m.ones(3).add_(m.ones(2, 3)))
    assert str(error).startswith("add_: output with shape (3,) doesn't match the broadcast shape (2, 3); use add()")


def test_an_expanded_tensor_cannot_be_written() -> None:
    error = agree(lambda m: m.ones(1, 3).expand(2, 3).add_(1.0))
    assert "clone()" in str(error)


# ---------------------------------------------------------------------------------------------- leaves

LEAF_CHANGES = {
    "add_": lambda m, w: w.add_(1.0),
    "+=": lambda m, w: w.__iadd__(1.0),
    "x[i] = v": lambda m, w: w.__setitem__(0, 1.0),
    "zero_": lambda m, w: w.zero_(),
    "copy_": lambda m, w: w.copy_(m.ones(2, 3)),
    "masked_fill_": lambda m, w: w.masked_fill_(w.detach() > 0, 1.0),
    "view of it": lambda m, w: w[0].add_(1.0),
    "view of a view of it": lambda m, w: w.reshape(6)[1:].mul_(2.0),
    "view[i] = v": lambda m, w: w[1].__setitem__(0, 1.0),
}
every_leaf_change = pytest.mark.parametrize("change", LEAF_CHANGES.values(), ids=LEAF_CHANGES.keys())


@every_leaf_change
def test_a_leaf_that_needs_gradients_is_not_changed(change) -> None:
    def program(m):
        w, _ = start(m)
        change(m, w)

    error = str(agree(program))
    assert "leaf Variable that requires grad is being used in an in-place operation" in error
    assert "no_grad()" in error


@every_leaf_change
def test_under_no_grad_it_is(change) -> None:
    def program(m):
        w, _ = start(m)
        with m.no_grad():
            change(m, w)
        (w * w).sum().backward()
        return w, w.grad, w.is_leaf, w.requires_grad

    agree(program)


def test_a_refused_change_changes_nothing() -> None:
    w, _ = start(md)
    before, version = w.tolist(), w._version
    for change in LEAF_CHANGES.values():
        with pytest.raises(RuntimeError, match="leaf Variable"):
            change(md, w)
    assert w.tolist() == before
    assert w._version == version
    assert w.is_leaf


def test_a_constant_leaf_may_be_changed() -> None:
    def program(m):
        x = m.zeros(3)
        x += 2
        x[1:] = m.ones(2)
        return x, x.requires_grad, x.is_leaf

    agree(program)


def test_a_change_may_make_a_constant_a_result() -> None:
    def program(m):
        w, _ = start(m)
        x = m.zeros(2, 3, dtype=m.float64)
        view = x[0]
        x[1] = w[0]
        x[0].mul_(w[1])
        x.add_(w)
        return x.requires_grad, x.is_leaf, view.requires_grad, m.autograd.grad(x.sum() + view.sum(), w)[0]

    agree(program)


# ---------------------------------------------------------------------------------------------- versions


def test_versions_count_changes() -> None:
    def program(m):
        x = m.zeros(4)
        counts = [x._version]
        view, twin = x[1:], x.detach()
        for change in (lambda: x.add_(1), lambda: view.mul_(2), lambda: twin.zero_(), lambda: x.__setitem__(0, 1.0)):
            change()
            counts.append((x._version, view._version, twin._version))
        with m.no_grad():
            x.add_(1)
        x.data.add_(1)
        return [*counts, x._version, x.data._version, x.clone()._version]

    agree(program)


SAVED = {
    "input": (lambda w, a: (a * w, a), "mul"),
    "other": (lambda w, a: (w * a, a), "mul"),
    "result": (lambda w, a: (y := a.exp(), y), "exp"),
    "through a view": (lambda w, a: (a * w, a[0]), "mul"),
    "through a view of a view": (lambda w, a: (a * w, a.reshape(6)[2:]), "mul"),
    "saved view": (lambda w, a: (a[0] * w, a), "mul"),
    "sibling view": (lambda w, a: (a[0] * w[0], a[1]), "mul"),
    "through detach": (lambda w, a: (a * w, a.detach()), "mul"),
    "divisor": (lambda w, a: (w / a, a), "div"),
    "matrix": (lambda w, a: (w.T @ a, a), "matmul"),
    "one of many": (lambda w, a: (a * w + a.exp(), a), "mul"),
}


@pytest.mark.parametrize(("save", "name"), SAVED.values(), ids=SAVED.keys())
def test_a_saved_value_that_was_changed_is_noticed(save, name) -> None:
    def program(m):
        w, a = start(m)
        y, changed = save(w, a)
        changed.add_(1.0) if not changed.requires_grad else changed.detach().add_(1.0)
        y.sum().backward()

    error = str(agree(program))
    assert error.startswith(f"{name}: one of the variables needed for gradient computation has been modified")


def test_the_message_names_the_value_the_op_and_the_line() -> None:
    w, a = start(md)
    y = w * a
    line = inspect.currentframe().f_lineno + 1
    a.add_(1.0)
    with pytest.raises(RuntimeError) as caught:
        y.sum().backward()
    assert str(caught.value) == (
        "mul: one of the variables needed for gradient computation has been modified by an inplace operation: its "
        f"backward rule needs 'other' as it was, but test_inplace.py:{line} changed it; change a copy (clone()), or "
        "use the form of that operation that is not in place"
    )


HARMLESS = {
    "not saved: add": lambda m, w, a: (a + w, a.mul_(2.0)),
    "not saved: the result of mul": lambda m, w, a: ((y := a * w), y.add_(1.0)),
    "not needed: the factor of a constant": lambda m, w, a: (a * 2.0, a.mul_(3.0)),
    "through data": lambda m, w, a: (a * 2.0, a.data.zero_()),
    "before it was saved": lambda m, w, a: (a.add_(1.0).exp(),),
    "a copy": lambda m, w, a: (a * w, a.clone().zero_()),
    "the shape alone was saved": lambda m, w, a: (a.sum(), a.zero_()),
}


@pytest.mark.parametrize("run", HARMLESS.values(), ids=HARMLESS.keys())
def test_changes_that_harm_nobody(run) -> None:
    def program(m):
        w, a = start(m)
        y = run(m, w, a)[0]
        return m.autograd.grad(y.sum(), w)[0]

    agree(program)


def test_data_is_outside_of_the_graph_and_of_its_checks() -> None:
    def program(m):
        w, a = start(m)
        y = a * w
        a.data.zero_()
        y.sum().backward()
        w.data = w.data * 2.0
        w.data.add_(1.0)
        return w.grad, w, w.requires_grad, w.is_leaf

    agree(program)


def test_detach_shares_memory_and_version() -> None:
    def program(m):
        _, a = start(m)
        b = a.detach()
        b.mul_(2.0)
        return a, b, b.requires_grad, a._version, b.data_ptr() == a.data_ptr()

    agree(program)


def test_a_detached_tensor_may_get_a_graph_of_its_own() -> None:
    def program(m):
        w, a = start(m)
        b = a.detach()
        b.mul_(w)
        return b.requires_grad, a.requires_grad, m.autograd.grad(b.sum(), w)[0], m.autograd.grad(a.sum(), w)[0]

    agree(program)


def test_detach_in_place() -> None:
    def program(m):
        w, a = start(m)
        a.detach_()
        return a.requires_grad, a.is_leaf, (a * w).sum().backward(), w.grad

    agree(program)
    error = agree(lambda m: start(m)[1][0].detach_())
    assert str(error).startswith("detach_: can't detach views in-place")


def test_requires_grad_in_place() -> None:
    def program(m):
        x = m.zeros(3)
        view = x.add_(1.0)[1:]
        x.requires_grad_()
        y = (x * 2.0).sum()
        y.backward()
        x.requires_grad = False
        x.add_(1.0)
        return x, x.grad, x.requires_grad, view

    agree(program)


REFUSED_FLAGS = {
    "integers": (lambda m: m.ones(2, dtype=m.int64).requires_grad_(), "only Tensors of floating point dtype"),
    "at construction": (lambda m: m.tensor([1, 2], requires_grad=True), "only Tensors of floating point dtype"),
    "a result": (lambda m: start(m)[1].requires_grad_(False), "flags of leaf variables"),
    "by assignment": (lambda m: setattr(start(m)[1], "requires_grad", False), "flags of leaf variables"),
}


@pytest.mark.parametrize(("call", "text"), REFUSED_FLAGS.values(), ids=REFUSED_FLAGS.keys())
def test_flags_that_are_refused(call, text) -> None:
    assert text in str(agree(call))


# ---------------------------------------------------------------------------------------------- aliasing


def test_a_view_taken_before_follows_two_changes() -> None:
    def program(m):
        w, a = start(m)
        row, column = a[0], a[:, 0]
        a.mul_(w)
        row.mul_(2.0)
        column.add_(w[:, 1])
        a[0, 0] = w[1, 1]
        inner = row[1:]
        row.add_(inner.sum())
        total = (row * row).sum() + (column * 3.0).sum() + (a * a).sum() + inner.sum()
        return row, column, inner, m.autograd.grad(total, w)[0]

    agree(program)


def test_a_view_of_a_tensor_without_dimensions() -> None:
    def program(m):
        w = m.tensor(2.0, dtype=m.float64, requires_grad=True)
        a = w * 1.0
        a.reshape(1).mul_(w)
        return a, m.autograd.grad(a * 3.0, w)[0]

    agree(program)


@needs_torch
def test_results_that_pytorch_would_miss_are_kept() -> None:
    """A rule that needs its result has it, also when the next change in place writes over it."""

    def program(m, exp, tanh):
        w, a = start(m)
        return m.autograd.grad(getattr(getattr(a, exp)(), tanh)().sum(), w)[0]

    assert isinstance(outcome(lambda m: program(m, "exp_", "tanh_"), torch), RuntimeError)
    assert program(md, "exp_", "tanh_").tolist() == program(md, "exp", "tanh").tolist()


def test_overlapping_memory() -> None:
    def program(m):
        x = m.arange(6.0)
        x[1:] = x[:-1].clone()
        x[:3] = x[3:] + x[:3]
        return x

    agree(program)


def test_a_tensor_and_its_view_in_one_call() -> None:
    def program(m):
        w, a = start(m)
        a.add_(a)
        a[0].sub_(a[1])
        return finished(m, w, a)

    agree(program)
