"""`autograd.functional` beside PyTorch's: products with Jacobians, Jacobians and Hessians."""

from __future__ import annotations

import pytest

import minideep as md
from tests.support import agree


def xy(m):
    x = m.tensor([1.0, 2.0, -0.5], dtype=m.float64, requires_grad=True)
    y = m.tensor([[0.5], [-1.0]], dtype=m.float64, requires_grad=True)
    return x, y


def f(m):
    return m.autograd.functional


def vector(m):
    return m.tensor([0.3, -1.0, 2.0], dtype=m.float64)


def matrix(m):
    return m.tensor([[1.0], [-2.0]], dtype=m.float64)


FUNCTIONS = {
    "one to one": lambda m: lambda x: (x**3).tanh(),
    "one to a number": lambda m: lambda x: (x * x * x.exp()).sum(),
    "one to two": lambda m: lambda x: (x.exp(), x[1:] * x[0]),
    "one to a matrix": lambda m: lambda x: x[:, None] * x * x[0],
    "linear": lambda m: lambda x: x * 3.0,
}
TWO = {
    "two to one": lambda m: lambda x, y: (x * y.exp()).tanh(),
    "two to a number": lambda m: lambda x, y: (x * x * y * y * y).sum(),
    "two to two": lambda m: lambda x, y: (x * y, y.exp() * x.sum()),
    "independent of one": lambda m: lambda x, y: x.exp(),
    "parts": lambda m: lambda x, y: (x.exp(), y * y),
}
SCALAR = ["one to a number", "two to a number", "independent sum"]

every = pytest.mark.parametrize("name", [*FUNCTIONS, *TWO])
create_graph = pytest.mark.parametrize("create_graph", [False, True], ids=["", "create_graph"])


def case(m, name):
    """The function of that name and its inputs."""
    if name in FUNCTIONS:
        return FUNCTIONS[name](m), xy(m)[0]
    if name == "independent sum":
        return (lambda x, y: (x**3).sum()), xy(m)
    return TWO[name](m), xy(m)


def flat(value):
    """All tensors in nested tuples."""
    return [part for item in value for part in flat(item)] if isinstance(value, tuple | list) else [value]


def told(m, result, inputs, create_graph):
    """The result and, if it has a graph, the gradient of everything in it."""
    if not create_graph:
        return result, [t.requires_grad for t in flat(result)]
    live = [t for t in flat(result) if t.requires_grad]
    total = sum((t * t * k).sum() for k, t in enumerate(live, 1))
    gradients = m.autograd.grad(total, flat(inputs), allow_unused=True) if live else ()
    return result, [None if g is None else g for g in gradients]


@every
@create_graph
def test_jacobian(name, create_graph) -> None:
    def program(m):
        func, inputs = case(m, name)
        return told(m, f(m).jacobian(func, inputs, create_graph=create_graph), inputs, create_graph)

    agree(program)


@every
@create_graph
def test_vjp(name, create_graph) -> None:
    def program(m):
        func, inputs = case(m, name)
        outputs = func(*inputs) if isinstance(inputs, tuple) else func(inputs)
        v = tuple(t.detach().cos() for t in flat(outputs))
        v = v if isinstance(outputs, tuple | list) else v[0]
        return told(m, f(m).vjp(func, inputs, v, create_graph=create_graph), inputs, create_graph)

    agree(program)


@every
@create_graph
def test_jvp(name, create_graph) -> None:
    def program(m):
        func, inputs = case(m, name)
        v = (vector(m), matrix(m)) if isinstance(inputs, tuple) else vector(m)
        return told(m, f(m).jvp(func, inputs, v, create_graph=create_graph), inputs, create_graph)

    agree(program)


@pytest.mark.parametrize("name", SCALAR)
@create_graph
def test_hessian(name, create_graph) -> None:
    def program(m):
        func, inputs = case(m, name)
        return told(m, f(m).hessian(func, inputs, create_graph=create_graph), inputs, create_graph)

    agree(program)


@pytest.mark.parametrize("name", SCALAR)
@create_graph
def test_hvp(name, create_graph) -> None:
    def program(m):
        func, inputs = case(m, name)
        v = (vector(m), matrix(m)) if isinstance(inputs, tuple) else vector(m)
        return told(m, f(m).hvp(func, inputs, v, create_graph=create_graph), inputs, create_graph)

    agree(program)


@pytest.mark.parametrize("product", ["vjp", "jvp", "hvp"])
def test_a_single_number_needs_no_vector(product) -> None:
    def program(m):
        x = m.tensor([2.0], dtype=m.float64)
        return getattr(f(m), product)(lambda x: (x**3).sum(), x)

    agree(program)


def test_inputs_are_left_alone() -> None:
    def program(m):
        x = m.tensor([1.0, 2.0], dtype=m.float64)
        w = m.tensor([3.0, 4.0], dtype=m.float64, requires_grad=True)
        results = f(m).jacobian(lambda x: x * w, x), f(m).hessian(lambda w: (w**2 * x).sum(), w)
        return *results, x.requires_grad, w.grad

    agree(program)


def test_parameters_outside_take_part_under_create_graph() -> None:
    def program(m):
        x = m.tensor([1.0, 2.0], dtype=m.float64)
        w = m.tensor([3.0, 4.0], dtype=m.float64, requires_grad=True)
        j = f(m).jacobian(lambda x: x * x * w, x, create_graph=True)
        return m.autograd.grad((j * j).sum(), w)

    agree(program)


def test_they_work_under_no_grad() -> None:
    def program(m):
        with m.no_grad():
            return f(m).jacobian(lambda x: x * x, vector(m)), f(m).hvp(lambda x: (x**3).sum(), vector(m), vector(m))[1]

    agree(program)


def test_a_function_that_breaks_leaves_the_mode() -> None:
    def breaks(x):
        raise KeyError

    with pytest.raises(KeyError), md.no_grad():
        md.autograd.functional.jacobian(breaks, md.ones(2))
    assert md.is_grad_enabled()


def test_an_empty_output_has_an_empty_jacobian() -> None:
    assert f(md).jacobian(lambda x: x[:0], vector(md)).shape == (0, 3)


def test_a_single_number_has_a_jacobian_of_the_inputs_shape() -> None:
    agree(lambda m: f(m).jacobian(lambda x: x.sum(), vector(m)).shape)


NAMES = ["vjp", "jvp", "jacobian", "hessian", "hvp"]


@pytest.mark.parametrize("name", NAMES)
def test_strict_refuses_what_is_independent(name) -> None:
    def program(m):
        x, y = xy(m)
        v = {"vjp": m.tensor(1.0, dtype=m.float64), "jvp": (vector(m), matrix(m)), "hvp": (vector(m), matrix(m))}.get(
            name
        )
        arguments = [] if v is None else [v]
        return getattr(f(m), name)(lambda x, y: (x**3).sum(), (x, y), *arguments, strict=True)

    assert "independent of input 1" in str(agree(program))


@pytest.mark.parametrize("name", NAMES)
def test_strict_refuses_constants(name) -> None:
    def program(m):
        x = vector(m)
        v = {"vjp": m.tensor(1.0, dtype=m.float64), "jvp": vector(m), "hvp": vector(m)}.get(name)
        arguments = [] if v is None else [v]
        return getattr(f(m), name)(lambda x: m.tensor(2.0, dtype=m.float64), x, *arguments, strict=True)

    assert "strict" in str(agree(program))


@pytest.mark.parametrize("name", ["hessian", "hvp"])
def test_strict_refuses_second_derivatives_that_do_not_depend(name) -> None:
    def program(m):
        arguments = [vector(m)] if name == "hvp" else []
        return getattr(f(m), name)(lambda x: (x * 3.0).sum(), vector(m), *arguments, strict=True)

    assert "strict" in str(agree(program))


@pytest.mark.parametrize("name", NAMES)
def test_without_strict_what_is_independent_is_zero(name) -> None:
    def program(m):
        x, y = xy(m)
        v = {"vjp": m.tensor(1.0, dtype=m.float64), "jvp": (vector(m), matrix(m)), "hvp": (vector(m), matrix(m))}.get(
            name
        )
        arguments = [] if v is None else [v]
        return getattr(f(m), name)(lambda x, y: m.tensor(2.0, dtype=m.float64), (x, y), *arguments)

    agree(program)


BAD = {
    "an array as input": (lambda m: f(m).jacobian(lambda x: x, 3.0), "jacobian: the inputs must be Tensors"),
    "a number in the inputs": (lambda m: f(m).vjp(lambda x, y: x, (vector(m), 3.0)), "vjp: the inputs must be Tensors"),
    "no Tensor returned": (lambda m: f(m).jacobian(lambda x: 3.0, vector(m)), "jacobian: the function must return"),
    "no Tensor in a tuple": (lambda m: f(m).jvp(lambda x: (x, 3), vector(m), vector(m)), "jvp: the function must"),
    "no single number": (lambda m: f(m).hessian(lambda x: x * x, vector(m)), "hessian: the function must"),
    "not one output": (lambda m: f(m).hvp(lambda x: (x.sum(), x.sum()), *2 * [vector(m)]), "hvp: the function must"),
    "vjp without v": (lambda m: f(m).vjp(lambda x: x, vector(m)), "vjp: the vector v can only be None if the output"),
    "jvp without v": (lambda m: f(m).jvp(lambda x: x, vector(m)), "jvp: the vector v can only be None if the input"),
    "wrong number of v": (lambda m: f(m).jvp(lambda x: x, vector(m), (vector(m), vector(m))), "jvp: v should have one"),
    "wrong shape of v": (lambda m: f(m).vjp(lambda x: x, vector(m), vector(m)[:2]), "vjp: v has shape (2,)"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "text"), BAD.values(), ids=BAD.keys())
def test_errors(call, text) -> None:
    assert text in str(agree(call))
