"""`Function`: an op of one's own, written as PyTorch users write it."""

from __future__ import annotations

import gc
import weakref

import pytest

import minideep as md
from tests.support import agree


def leaves(m):
    x = m.tensor([1.0, 2.0, 3.0], dtype=m.float64, requires_grad=True)
    y = m.tensor([0.5, -1.0, 2.0], dtype=m.float64, requires_grad=True)
    return x, y


def cube(m):
    class Cube(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3.0 * x**2

    return Cube.apply


def exponential(m):
    """Its backward uses the result."""

    class Exponential(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    return Exponential.apply


def product_and_sum(m):
    class ProductAndSum(m.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, scale):
            product = x * y
            ctx.save_for_backward(x, product, None, y)
            ctx.scale = scale
            return product * scale, x + y

        @staticmethod
        def backward(ctx, g, h):
            x, _, nothing, y = ctx.saved_tensors
            assert nothing is None
            return g * y * ctx.scale + h, g * x * ctx.scale + h, None

    return ProductAndSum.apply


@pytest.mark.parametrize("make", [cube, exponential])
def test_first_to_third_derivative(make) -> None:
    def program(m):
        x, y = leaves(m)
        z = (make(m)(x * 0.5) * y).sum()
        first = m.autograd.grad(z, (x, y), create_graph=True)
        second = m.autograd.grad((first[0] * first[1]).sum(), (x, y), create_graph=True)
        return z, *first, *second, *m.autograd.grad(second[0].sum(), x)

    agree(program)


def test_backward_fills_grad() -> None:
    def program(m):
        x, _ = leaves(m)
        cube(m)(x).sum().backward()
        exponential(m)(x).backward(x.detach())
        return x.grad

    agree(program)


@pytest.mark.parametrize("used", [(0,), (1,), (0, 1), (0, 0)])
def test_several_outputs(used) -> None:
    def program(m):
        x, y = leaves(m)
        outputs = product_and_sum(m)(x, y, 2.0)
        z = sum(outputs[i].exp().sum() for i in used)
        first = m.autograd.grad(z, (x, y), create_graph=True)
        return *outputs, *first, *m.autograd.grad(first[0].sum() * first[1].sum(), (x, y))

    agree(program)


def test_an_output_and_a_function_of_it() -> None:
    def program(m):
        x, y = leaves(m)
        a, b = product_and_sum(m)(x, y, 1.0)
        m.autograd.backward([a, (a * b).sum()], [m.ones(3, dtype=m.float64), None])
        return x.grad, y.grad

    agree(program)


def test_needs_input_grad_tells_what_is_wanted() -> None:
    def program(m):
        seen = []

        class Product(m.autograd.Function):
            @staticmethod
            def forward(ctx, x, y, flag):
                ctx.save_for_backward(x, y)
                seen.append(ctx.needs_input_grad)
                return x * y

            @staticmethod
            def backward(ctx, g):
                seen.append(ctx.needs_input_grad)
                x, y = ctx.saved_tensors
                return (g * y if ctx.needs_input_grad[0] else None), (g * x if ctx.needs_input_grad[1] else None), None

        x, y = leaves(m)
        Product.apply(x, y.detach(), "flag").sum().backward()
        Product.apply(2.0, y, 3).sum().backward()
        with m.no_grad():
            quiet = Product.apply(x, y, None)
        return seen, x.grad, y.grad, quiet.requires_grad

    agree(program)


def test_outputs_without_gradients() -> None:
    def program(m):
        class Largest(m.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                index, mask = x.argmax(), (x > 1.5).to(x.dtype)
                ctx.mark_non_differentiable(mask)
                ctx.save_for_backward(mask)
                return x * mask, index, mask

            @staticmethod
            def backward(ctx, g, g_index, g_mask):
                return g * ctx.saved_tensors[0]

        x, _ = leaves(m)
        values, index, mask = Largest.apply(x)
        (values * 2.0).sum().backward()
        return values, index, mask, x.grad, index.requires_grad, mask.requires_grad

    agree(program)


@pytest.mark.parametrize("materialize", [None, True, False])
def test_unused_outputs_get_zeros_or_none(materialize) -> None:
    def program(m):
        seen = []

        class Twice(m.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                if materialize is not None:
                    ctx.set_materialize_grads(materialize)
                return x * 1.0, x[:2] * 2.0

            @staticmethod
            def backward(ctx, g, h):
                seen.extend((g, h))
                return g

        x, _ = leaves(m)
        Twice.apply(x)[0].sum().backward()
        return seen, x.grad

    agree(program)


def test_values_that_are_no_tensors_pass_through() -> None:
    def program(m):
        class Scaled(m.autograd.Function):
            @staticmethod
            def forward(ctx, x, scale):
                ctx.scale = scale
                return x * scale, "scaled"

            @staticmethod
            def backward(ctx, g, nothing):
                return g * ctx.scale, nothing

        x, _ = leaves(m)
        y, text = Scaled.apply(x, 3)
        y.sum().backward()
        return text, x.grad

    agree(program)


def test_an_input_that_is_returned_is_a_result() -> None:
    def program(m):
        class Straight(m.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x

            @staticmethod
            def backward(ctx, g):
                return g * 7.0

        x, _ = leaves(m)
        y = Straight.apply(x)
        y.sum().backward()
        return x.grad, y.is_leaf, x.is_leaf, y is x

    agree(program)


def test_gradients_are_brought_to_the_inputs_dtype_and_shape() -> None:
    def program(m):
        class Sum(m.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.sum()

            @staticmethod
            def backward(ctx, g):
                return m.ones(2, 3)

        x, _ = leaves(m)
        Sum.apply(x).backward()
        return x.grad

    agree(program)


def test_saved_tensors_that_were_changed_are_noticed() -> None:
    def program(m):
        x, _ = leaves(m)
        hidden = x * 2.0
        y = cube(m)(hidden)
        hidden.add_(1.0)
        y.sum().backward()

    error = str(agree(program))
    assert error.startswith("Cube: one of the variables needed for gradient computation has been modified")
    assert "test_function.py:" in error


def test_a_saved_result_that_was_changed_is_noticed() -> None:
    def program(m):
        y = exponential(m)(leaves(m)[0])
        y.detach().add_(1.0)
        y.sum().backward()

    assert "modified by an inplace operation" in str(agree(program))


@pytest.mark.parametrize("make", [cube, exponential])
def test_a_freed_function_cannot_be_used_again(make) -> None:
    def program(m):
        y = make(m)(leaves(m)[0]).sum()
        y.backward()
        y.backward()

    assert "a second time" in str(agree(program))


@pytest.mark.parametrize("make", [cube, exponential])
def test_a_kept_one_can(make) -> None:
    def program(m):
        x, _ = leaves(m)
        y = make(m)(x).sum()
        y.backward(retain_graph=True)
        y.backward()
        return x.grad

    agree(program)


def test_saved_tensors_are_gone_once_the_graph_is() -> None:
    class Keeps(md.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            contexts.append(ctx)
            ctx.save_for_backward(x)
            return x * 2.0

        @staticmethod
        def backward(ctx, g):
            return g * 2.0

    contexts = []
    Keeps.apply(leaves(md)[0]).sum().backward()
    with pytest.raises(RuntimeError, match="trying to use saved_tensors after they were freed"):
        contexts[0].saved_tensors  # noqa: B018


def test_no_cycle_keeps_a_call_alive() -> None:
    gc.disable()
    try:
        x, y = leaves(md)
        outputs = (*product_and_sum(md)(x, y, 1.0), exponential(md)(x))
        nodes = [weakref.ref(t.grad_fn) for t in outputs]
        del outputs
        assert [node() for node in nodes] == [None] * 3
    finally:
        gc.enable()


def returning(value, forward=None):
    def make(m):
        class Wrong(m.autograd.Function):
            @staticmethod
            def forward(ctx, x, y):
                return x * y if forward is None else forward(m, ctx, x)

            @staticmethod
            def backward(ctx, g):
                return value(m, g)

        return Wrong.apply

    return make


BAD = {
    "too few": (returning(lambda m, g: g), "Wrong.backward: returned an incorrect number of gradients (expected 2"),
    "too many": (returning(lambda m, g: (g, g, g)), "expected 2, one for each input of forward"),
    "wrong shape": (returning(lambda m, g: (g, g[:2])), "returned an invalid gradient at index 1: got (2,)"),
    "right size, wrong shape": (returning(lambda m, g: (g.reshape(1, 3, 1), None)), "at index 0: got (1, 3, 1)"),
    "saving a number": (returning(None, lambda m, ctx, x: ctx.save_for_backward(x, 3)), "but argument 1 is int"),
    "a number as gradient": (returning(lambda m, g: (2.0, g)), "as the gradient at index 0, but got float"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "text"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])
def test_errors(make, text, create_graph) -> None:
    assert text in str(agree(lambda m: make(m)(*leaves(m)).sum().backward(create_graph=create_graph)))


def test_extra_gradients_may_be_none() -> None:
    def program(m):
        x, y = leaves(m)
        returning(lambda m, g: (g, None, None, None))(m)(x, y).sum().backward()
        return x.grad, y.grad

    agree(program)


def test_methods_that_are_missing() -> None:
    class Empty(md.autograd.Function):
        pass

    class Forward(md.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2.0

    x, _ = leaves(md)
    with pytest.raises(NotImplementedError, match="write a static method forward"):
        Empty.apply(x)
    with pytest.raises(NotImplementedError, match="write a static method backward"):
        Forward.apply(x).sum().backward()


def test_keyword_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="keyword argument"):
        cube(md)(x=leaves(md)[0])


def test_what_backward_returns_is_not_given_away() -> None:
    """A user may return a tensor of their own; ``.grad`` must not be it."""
    mine = md.ones(3, dtype=md.float64)

    class Constant(md.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1.0

        @staticmethod
        def backward(ctx, g):
            return mine

    x, _ = leaves(md)
    for _ in range(2):
        Constant.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2, 2]
    assert mine.tolist() == [1, 1, 1]


def test_anomalies_inside_are_found() -> None:
    class Nan(md.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1.0

        @staticmethod
        def backward(ctx, g):
            return g * float("nan")

    x, _ = leaves(md)
    text = "Nan: the backward pass returned nan values in the gradient of input 0"
    with pytest.raises(RuntimeError, match=text), md.detect_anomaly():
        Nan.apply(x).sum().backward()
