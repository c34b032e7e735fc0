"""Declaring an op: what its function takes, what is kept for its rules, and what a wrong declaration says."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Sequence

import numpy as np
import pytest

import minideep as md
from minideep.autograd import elementwise, methods, numpy_functions, public, registry
from minideep.backend import Array
from tests.support import local_op, scratch_registry


def leaf(*values: float) -> md.Tensor:
    return md.tensor(values, dtype=md.float64, requires_grad=True)


@local_op(input=lambda g, other: g * other, other=lambda g, input: g * input)
def product(input: Array, other: Array) -> Array:
    """The product of two arrays of one shape."""
    return input * other


@local_op(input=lambda g, factor, power, y, input: g * power * y / input)
def scaled_power(input: Array, factor: float, *, power: int = 2) -> Array:
    return factor * input**power


# ---------------------------------------------------------------------------------------------- the function


def test_the_function_is_named_and_documented_as_declared() -> None:
    assert product.__name__ == "product"
    assert product.__doc__ == "The product of two arrays of one shape."
    assert product.__module__ == __name__
    assert list(inspect.signature(product).parameters) == ["input", "other"]
    assert repr(product.op) == "<op product(input, other)>"
    assert product.op.differentiable


def test_inputs_by_position_and_by_name() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    for result in (product(x, y), product(x, other=y), product(other=y, input=x)):
        assert result.tolist() == [3, 8]


def test_settings_reach_body_and_rule() -> None:
    x = leaf(1.0, 2.0)
    y = scaled_power(x, 10.0, power=3)
    y.backward(md.ones(2))
    assert y.tolist() == [10, 80]
    assert x.grad.tolist() == [30, 120]
    assert scaled_power(x, factor=1.0).tolist() == [1, 4]
    with pytest.raises(TypeError, match="positional"):
        scaled_power(x, 10.0, 3)


def test_the_source_reads_as_if_written_by_hand() -> None:
    source = product.op.source
    assert source.startswith("def product(input, other):\n")
    assert "def pull(g, saved, parents):\n" in source
    assert "for " not in source.replace("for argument", "")
    compile(source, "<source>", "exec")


def test_a_result_of_a_declared_op_knows_where_it_came_from() -> None:
    x, y = leaf(1.0), leaf(2.0)
    result = product(x, y)
    assert result.grad_fn.name() == "ProductBackward0"
    assert repr(result.grad_fn) == "<ProductBackward0>"
    assert [node for node, _ in result.grad_fn.next_functions] == [x.current_node(), y.current_node()]
    assert x.current_node().name() == "AccumulateGrad"


def test_an_op_without_rules_has_no_gradient() -> None:
    @local_op()
    def constant(input: Array) -> Array:
        return input + 1.0

    assert not constant.op.differentiable
    assert constant(leaf(1.0)).grad_fn is None


def test_0d_results_are_arrays() -> None:
    @local_op(input=lambda g, input_shape: np.broadcast_to(g, input_shape))
    def total(input: Array) -> Array:
        return input.sum()

    result = total(leaf(1.0, 2.0))
    assert type(result.array) is np.ndarray
    assert result.shape == ()


def test_declared_ops_are_registered() -> None:
    with scratch_registry():

        @public(name="told_so", method="tell", numpy=[np.sinc])
        def tell_so(input):
            return input

        assert registry["told_so"] is methods["tell"] is numpy_functions[np.sinc] is tell_so
    assert "told_so" not in registry


# ---------------------------------------------------------------------------------------------- what is kept


def test_a_rule_keeps_only_what_it_asks_for() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    both, only_x, only_y = product(x, y), product(x, y.detach()), product(x.detach(), y)
    assert [[saved is not None for saved in z.grad_fn.saved] for z in (both, only_x, only_y)] == [
        [True, True],  # other for the rule of input, input for that of other
        [True, False],
        [False, True],
    ]


def test_what_no_rule_asks_for_is_free() -> None:
    @local_op(input=lambda g, y, offset: g * (y - offset))
    def shifted_exp(input: Array, offset: float) -> Array:
        return np.exp(input) + offset

    x = leaf(1.0) * 1.0
    array = weakref.ref(x.array)
    y = shifted_exp(x, 2.0)
    del x
    assert array() is None
    y.backward()


def test_nothing_is_kept_where_no_gradient_is_wanted() -> None:
    x = leaf(1.0)
    array = weakref.ref(x.detach().clone().array)
    assert array() is None
    with md.no_grad():
        y = product(x, x)
    assert y.grad_fn is None
    assert product(x.detach(), x.detach()).grad_fn is None


def test_rules_run_only_where_a_gradient_is_wanted() -> None:
    asked = []

    @local_op(input=lambda g: asked.append("input") or g, other=lambda g: asked.append("other") or g)
    def plus(input: Array, other: Array) -> Array:
        return input + other

    x, y = leaf(1.0), leaf(2.0)
    plus(x, y.detach()).backward()
    assert asked == ["input"]
    md.autograd.grad(plus(x, y), y)
    assert asked == ["input", "other"]


def test_a_joint_rule_is_told_which_are_needed() -> None:
    seen = []

    def rule(g, needs, input, other):
        seen.append(needs)
        return g * other if needs[0] else None, g * input if needs[1] else None

    @local_op(gradients=rule)
    def jointly(input: Array, other: Array) -> Array:
        return input * other

    x, y = leaf(2.0), leaf(3.0)
    jointly(x, y).backward()
    jointly(x, y.detach()).backward()
    md.autograd.grad(jointly(x, y), y)
    assert seen == [(True, True), (True, False), (False, True)]
    assert x.grad.item() == 6
    assert y.grad.item() == 2


def test_intermediates_are_handed_over() -> None:
    @local_op(keeps=["root"], input=lambda g, root: g * 0.5 / root)
    def square_root(input: Array) -> tuple[Array, Array]:
        root = np.sqrt(input)
        return root + 0.0, root

    x = leaf(4.0)
    y = square_root(x)
    kept = weakref.ref(y.grad_fn.saved[0])
    y.backward()
    assert x.grad.item() == 0.25
    assert kept() is None
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()


def test_a_rule_may_return_none() -> None:
    @local_op(input=lambda g: None)
    def cut(input: Array) -> Array:
        return input * 1.0

    x = leaf(1.0)
    (cut(x) + x).backward()
    assert x.grad.item() == 1


# ---------------------------------------------------------------------------------------------- twins


def fused(calls: list[str]):
    def rule(g, y):
        calls.append("rule")
        return 2.0 * np.multiply(g, y)

    def twin(input, scale):
        calls.append("twin")
        return (input * 2.0).exp() * scale

    @local_op(twin=twin, input=rule)
    def exp_of_double(input: Array, scale: float) -> Array:
        return scale * np.exp(2 * input)

    return exp_of_double


def test_the_fast_rule_is_for_first_derivatives_and_the_twin_for_higher_ones() -> None:
    calls: list[str] = []
    function = fused(calls)
    x = leaf(0.3)
    function(x, 3.0).backward()
    assert calls == ["rule"]
    assert x.grad.item() == pytest.approx(6 * np.exp(0.6))
    calls.clear()
    (g,) = md.autograd.grad(function(x * x, 3.0), x, create_graph=True)
    (h,) = md.autograd.grad(g, x, create_graph=True)
    (third,) = md.autograd.grad(h, x)
    assert calls == ["twin"]  # what it returned is differentiable as it is
    t, e = 0.3, 3 * np.exp(2 * 0.09)
    assert g.item() == pytest.approx(4 * t * e)
    assert h.item() == pytest.approx((4 + 16 * t**2) * e)
    assert third.item() == pytest.approx((48 * t + 64 * t**3) * e)


def test_the_twin_goes_back_only_where_it_must() -> None:
    @local_op(twin=lambda input, other: input * other, gradients=lambda g, input, other: (g * other, g * input))
    def twice(input: Array, other: Array) -> Array:
        return input * other

    x, y = leaf(2.0), leaf(3.0)
    (g,) = md.autograd.grad(twice(x, y.detach()), x, create_graph=True)
    assert not g.requires_grad
    (g,) = md.autograd.grad(twice(x, y), x, create_graph=True)
    g.backward()
    assert y.grad.item() == 1
    assert x.grad is None


def test_one_tensor_in_two_places_of_a_twin() -> None:
    @local_op(twin=lambda input, other: input * other, gradients=lambda g, input, other: (g * other, g * input))
    def twice(input: Array, other: Array) -> Array:
        return input * other

    x = leaf(3.0)
    (g,) = md.autograd.grad(twice(x, x), x, create_graph=True)
    (h,) = md.autograd.grad(g, x)
    assert (g.item(), h.item()) == (6, 2)


# ---------------------------------------------------------------------------------------------- kinds of inputs


def test_several_tensors_as_one_input() -> None:
    @local_op(
        gradients=lambda g, tensors, tensors_shape: [
            g * (i + 1) * 0 + len(tensors_shape) for i, _ in enumerate(tensors)
        ]
    )
    def count(tensors: Sequence[Array], scale: float = 1.0) -> Array:
        return sum(tensors) * scale

    x, y, constant = leaf(1.0), leaf(2.0), md.ones(1, dtype=md.float64)
    z = count([x, constant, y], scale=2.0)
    z.backward()
    assert z.item() == 8
    assert x.grad.item() == y.grad.item() == 3
    assert count((constant, constant)).grad_fn is None
    with pytest.raises(TypeError, match="count: expected Tensors, but one of them is a float"):
        count([x, 2.0])


def test_an_optional_input_may_be_none() -> None:
    @local_op(input=lambda g: g, bias=lambda g: g)
    def shifted(input: Array, bias: Array | None = None) -> Array:
        return input + (0 if bias is None else bias)

    x, b = leaf(1.0), leaf(2.0)
    assert shifted(x).item() == 1
    assert shifted(x, None).item() == 1
    shifted(x, b).backward()
    assert b.grad.item() == 1
    with pytest.raises(TypeError, match=r"shifted\(\): argument 'input' must be Tensor, not NoneType"):
        shifted(None)


def test_promoting_ops_take_numbers_and_arrays() -> None:
    @local_op(promotes=True, input=lambda g: g, other=lambda g: -g)
    def minus(input: Array, other: Array) -> Array:
        return np.subtract(input, other)

    x = leaf(1.0, 2.0)
    for other in (1, 1.0, True, np.float32(1), np.int64(1), np.ones(2), md.ones(2)):
        result = minus(x, other)
        assert result.dtype == md.float64
        assert result.tolist() == [0, 1]
    minus(np.ones((3, 2)), x).sum().backward()
    assert x.grad.tolist() == [-3, -3]
    with pytest.raises(TypeError, match=r"minus\(\): argument 'other' must be Tensor or a number, not str"):
        minus(x, "one")


def test_gradients_are_summed_over_what_was_broadcast() -> None:
    @local_op(promotes=True, input=lambda g, other: g * other, other=lambda g, input: g * input, third=lambda g: g)
    def fma(input: Array, other: Array, third: Array) -> Array:
        return input * other + third

    x, y, z = leaf(2.0), leaf(1.0, 2.0, 3.0), md.ones(2, 1, 1, dtype=md.float64, requires_grad=True)
    fma(x, y, z).sum().backward()
    assert x.grad.tolist() == [12]
    assert y.grad.tolist() == [4, 4, 4]
    assert z.grad.tolist() == [[[3.0]], [[3.0]]]


def test_numpy_spellings_of_dim_and_keepdim() -> None:
    @local_op(input=lambda g, input_shape: np.broadcast_to(g, input_shape))
    def total(input: Array, dim: int, keepdim: bool = False) -> Array:
        return input.sum(axis=dim, keepdims=keepdim)

    x = md.ones(2, 3)
    for result in (total(x, 1, True), total(x, dim=1, keepdim=True), total(x, axis=1, keepdims=True)):
        assert result.shape == (2, 1)
    with pytest.raises(TypeError, match=r"total\(\) missing required argument 'dim'"):
        total(x)


def test_views_share_memory_and_version() -> None:
    @local_op(view=True)
    def itself(input: Array, times: int) -> Array:
        return input[...] if times == 1 else input * times

    x = md.ones(3)
    view, copy = itself(x, 1), itself(x, 2)
    assert view.version is x.version
    assert copy.version is not x.version
    assert copy.view_of is None
    x.add_(1)
    assert view.tolist() == [2, 2, 2]


# ---------------------------------------------------------------------------------------------- errors of a body


def test_errors_are_told_in_terms_of_the_op() -> None:
    @local_op(promotes=True)
    def joined(input: Array, other: Array) -> Array:
        return np.add(input, other)

    with pytest.raises(RuntimeError) as caught:
        joined(md.ones(2, 3), md.ones(4, 2, 5))
    assert str(caught.value) == (
        "joined: cannot broadcast 'input' (2, 3) and 'other' (4, 2, 5): at dimension -1 the size of one (3) must match "
        "the size of the other (5), or be 1"
    )

    @local_op()
    def along(input: Array, dim: int) -> Array:
        return np.sum(input, axis=dim)

    with pytest.raises(IndexError, match=r"^along: Dimension out of range \(expected .* of \[-2, 1\], but got 2\)"):
        along(md.ones(2, 3), 2)

    @local_op()
    def flipped(input: Array) -> Array:
        return np.invert(input)

    with pytest.raises(RuntimeError, match=r"^flipped: not implemented for float32; convert with .to\(dtype\) first"):
        flipped(md.ones(2))

    @local_op()
    def odd(input: Array) -> Array:
        raise KeyError("odd")

    with pytest.raises(KeyError, match="odd"):
        odd(md.ones(1))


# ---------------------------------------------------------------------------------------------- elementwise


def test_a_line_of_the_table() -> None:
    with scratch_registry():
        cube = elementwise(np.cbrt, x=lambda g, y: g / (3 * y * y))
        gap = elementwise(lambda a, b: abs(a - b), "gap", a=lambda g, a, b: g * np.sign(a - b))
        assert numpy_functions[np.cbrt] is cube
    x, y = leaf(8.0), leaf(1.0, 10.0)
    cube(x).backward()
    assert x.grad.item() == pytest.approx(1 / 12)
    assert gap.__doc__ == "gap(a, b), entry by entry."
    assert "cbrt" in cube.__doc__
    assert list(inspect.signature(gap).parameters) == ["input", "other"]
    (g,) = md.autograd.grad(gap(x, other=y).sum(), x)
    assert g.tolist() == [0]
    assert gap(input=x, other=3.0).tolist() == [5]


# ---------------------------------------------------------------------------------------------- wrong declarations


def body(input: Array, other: Array, dim: int) -> Array:
    return input


def identity(g):
    return g


DECLARATIONS = {
    "unknown input": ({"inptu": identity}, "body: there is a rule for 'inptu', but the inputs are input, other"),
    "a setting": ({"dim": identity}, "body: there is a rule for 'dim', but the inputs are input, other"),
    "unknown name": (
        {"input": lambda g, outher: g},
        "body: a rule asks for 'outher', but there is only dim, input, input_shape, other, other_shape, y",
    ),
    "not kept": ({"input": lambda g, mask: g, "keeps": ["masks"]}, "a rule asks for 'mask'"),
    "needs without a joint rule": ({"input": lambda g, needs: g}, "a rule asks for 'needs'"),
    "unknown name in a joint rule": ({"gradients": lambda g, inputs: g}, "a rule asks for 'inputs'"),
    "two kinds of rules": (
        {"gradients": identity, "input": identity},
        "body: expected one rule for each input, or gradients=",
    ),
    "another twin": ({"input": identity, "twin": lambda input, other: input}, "body: its twin has no parameter 'dim'"),
}


@pytest.mark.parametrize(("declaration", "text"), DECLARATIONS.values(), ids=DECLARATIONS.keys())
def test_a_wrong_declaration_says_so_at_once(declaration, text) -> None:
    with pytest.raises(TypeError) as caught:
        local_op(**declaration)(body)
    assert text in str(caught.value)


def test_an_op_needs_an_input() -> None:
    with pytest.raises(TypeError, match=r"^nothing: an op needs an input: annotate a parameter of its body as Array"):

        @local_op()
        def nothing(dim: int) -> Array:
            return np.zeros(dim)


@pytest.mark.parametrize("name", ["g", "y"])
def test_names_that_rules_use_are_taken(name) -> None:
    with pytest.raises(
        TypeError, match=f"'{name}' cannot name a parameter: rules know the result as y, its gradient as g"
    ):
        elementwise(eval(f"lambda a, {name}: a"), "taken")


def test_a_refused_declaration_leaves_nothing_behind() -> None:
    with pytest.raises(TypeError):
        local_op(inptu=identity)(body)
    assert "body" not in registry
