"""Clipping of gradients, parameters as one vector, weight norm."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minideep as md
from gradcheck import strict
from minideep.nn import Parameter, utils
from tests.nn.networks import affine, network, rows
from tests.support import agree, compare, needs_torch, torch

strict.register()

# ---------------------------------------------------------------------------------------------- clipping


def with_gradients(m, scale=1.0):
    """Parameters of several shapes; one of them has no gradient."""
    made = [m.nn.Parameter(m.zeros(shape, dtype=m.float64)) for shape in [(3,), (2, 2), (), (4,)]]
    for number, p in enumerate(made[:3]):
        p.grad = (m.linspace(-1.0, 2.0, max(p.numel(), 1), dtype=m.float64) * (number + 1) * scale).view(p.shape)
    return made


@pytest.mark.parametrize("norm_type", [2, 2.0, 1, 3.5, 0, math.inf, "inf", -math.inf], ids=str)
@pytest.mark.parametrize("max_norm", [0.5, 100.0, 0])
def test_clip_grad_norm_(max_norm, norm_type) -> None:
    def program(m):
        made = with_gradients(m)
        total = m.nn.utils.clip_grad_norm_(iter(made), max_norm, norm_type)
        return total, [p.grad for p in made[:3]], made[3].grad is None

    agree(program)


def test_clip_the_gradient_of_one_tensor() -> None:
    def program(m):
        p = with_gradients(m)[0]
        return m.nn.utils.clip_grad_norm_(p, max_norm=1.0), p.grad

    agree(program)


def test_clip_without_gradients() -> None:
    agree(lambda m: m.nn.utils.clip_grad_norm_([m.nn.Parameter(m.ones(2))], 1.0))


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_norms_that_are_not_finite(bad) -> None:
    def program(m, strict):
        made = with_gradients(m)
        made[0].grad[1] = bad
        total = m.nn.utils.clip_grad_norm_(made, 1.0, error_if_nonfinite=strict)
        return total, [p.grad for p in made[:3]]

    agree(lambda m: program(m, False))
    text = "get_total_norm: the total norm of order 2.0 for gradients from `parameters` is non-finite, so it cannot be"
    assert str(agree(lambda m: program(m, True))).startswith(text)


@pytest.mark.parametrize("dtype", [md.float16, md.float32], ids=str)
def test_the_norm_has_the_gradients_dtype_but_not_its_range(dtype) -> None:
    """The squares of 300 float16 numbers near 100 would be too large for one."""
    p = Parameter(md.zeros(300, dtype=dtype))
    p.grad = md.full((300,), 100.0, dtype=dtype)
    total = utils.clip_grad_norm_(p, 1.0)
    assert total.dtype == p.grad.dtype == dtype
    assert total.item() == pytest.approx(100 * math.sqrt(300), rel=1e-3)
    np.testing.assert_allclose(p.grad.numpy(), 1 / math.sqrt(300), rtol=1e-3)


@pytest.mark.parametrize("norm_type", [2, 1, math.inf])
def test_get_total_norm(norm_type) -> None:
    def program(m):
        tensors = [p.grad for p in with_gradients(m)[:3]]
        empty = m.nn.utils.get_total_norm([], norm_type)
        return (
            m.nn.utils.get_total_norm(tensors, norm_type),
            m.nn.utils.get_total_norm(tensors[1].t(), norm_type),
            empty,
        )

    agree(program)


def test_clip_grads_with_norm_() -> None:
    def program(m):
        made = with_gradients(m)
        m.nn.utils.clip_grads_with_norm_(made, 2.0, m.tensor(8.0, dtype=m.float64))
        return [p.grad for p in made[:3]]

    agree(program)


def test_clip_grad_value_() -> None:
    def program(m):
        made = with_gradients(m)
        made[1].grad[0, 0] = math.nan
        m.nn.utils.clip_grad_value_(made, 0.75)
        m.nn.utils.clip_grad_value_(made[2], 0.5)
        return [p.grad for p in made[:3]]

    agree(program)


@pytest.mark.parametrize("clip", [lambda p: utils.clip_grad_norm_(p, 0.1), lambda p: utils.clip_grad_value_(p, 0.1)])
def test_clipping_is_a_change_in_place_that_graphs_notice(clip) -> None:
    p = Parameter(md.ones(2))
    p.grad = md.ones(2)
    array = p.grad.array
    y = (p.detach().requires_grad_() * p.grad).sum()
    clip(p)
    assert p.grad.array is array
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize("norm_type", [2, 1, 0, math.inf])
def test_clipping_on_a_device(norm_type) -> None:
    results = {}
    for device in ("cpu", "strict"):
        made = with_gradients(md)
        for p in made[:3]:
            p.grad = p.grad.to(device)
        total = utils.clip_grad_norm_(made, 0.5, norm_type)
        utils.clip_grad_value_(made, 0.1)
        results[device] = [x.cpu().numpy() for x in (total, *(p.grad for p in made[:3]))]
    for there, here in zip(results["strict"], results["cpu"], strict=True):
        np.testing.assert_allclose(there, here)


# ---------------------------------------------------------------------------------------------- one vector


def test_parameters_to_vector_and_back() -> None:
    def program(m):
        net, other = network(m), network(m)
        vector = m.nn.utils.parameters_to_vector(net.parameters())
        (vector**2).sum().backward()
        with m.no_grad():
            doubled = vector.detach() * 2.0
        m.nn.utils.vector_to_parameters(doubled, other.parameters())
        doubled[0] = 50.0  # which the first parameter sees
        leaves = [p.is_leaf and p.requires_grad for p in other.parameters()]
        return vector, [p.grad for p in net.parameters()], leaves, other(rows(m)), other.scale.detach()

    agree(program)


def test_a_vector_is_a_tensor() -> None:
    error = agree(lambda m: m.nn.utils.vector_to_parameters([1.0], [m.nn.Parameter(m.ones(1))]))
    assert str(error) == "vector_to_parameters: expected a Tensor, but got list"


def test_a_vector_is_long_enough() -> None:
    error = agree(lambda m: m.nn.utils.vector_to_parameters(m.ones(3), [m.nn.Parameter(m.ones(2, 2))]))
    text = "vector_to_parameters: expected a vector with the 4 entries of the parameters, but its shape is (3,)"
    assert str(error) == text


# ---------------------------------------------------------------------------------------------- weight norm


def quietly(program):
    """PyTorch warns that its function, whose names these are, is an old one."""
    return pytest.mark.filterwarnings("ignore::FutureWarning")(program)


@quietly
@pytest.mark.parametrize("dim", [0, 1, None, -1])
def test_weight_norm(dim) -> None:
    def program(m):
        net = affine(m)
        same = m.nn.utils.weight_norm(net, dim=dim) is net
        x = rows(m)
        before = net(x)
        with m.no_grad():
            net.weight_g.mul_(3.0)
            net.weight_v.mul_(2.0)
        y = net(x)
        (y**2).sum().backward()
        grads = [p.grad for p in net.parameters()]
        names = [name for name, _ in net.named_parameters()], list(net.state_dict())
        return same, before, y, grads, x.grad, names, net.weight, net.weight.requires_grad

    agree(program)


@quietly
@pytest.mark.parametrize("shape", [(4,), (4, 3, 2), (2, 3, 2, 2)])
def test_weight_norm_of_other_shapes(shape) -> None:
    def program(m):
        net = m.nn.Module()
        net.kernel = m.nn.Parameter(m.linspace(-1, 2, math.prod(shape), dtype=m.float64).view(shape))
        m.nn.utils.weight_norm(net, "kernel")
        return net.kernel_g.detach(), net.kernel_v.detach(), net.kernel

    agree(program)


@quietly
def test_removing_weight_norm() -> None:
    def program(m):
        net = m.nn.utils.weight_norm(affine(m))
        with m.no_grad():
            net.weight_g.add_(1.0)
        same = m.nn.utils.remove_weight_norm(net) is net
        y = net(rows(m))
        again = m.nn.utils.weight_norm(net)(rows(m))
        names = [name for name, _ in m.nn.utils.remove_weight_norm(net).named_parameters()]
        return same, y, again, names, net.weight.is_leaf, net.weight.requires_grad

    agree(program)


@quietly
def test_weight_norm_twice_is_refused() -> None:
    error = agree(lambda m: m.nn.utils.weight_norm(m.nn.utils.weight_norm(affine(m))))
    assert str(error) == "weight_norm: Cannot register two weight_norm hooks on the same parameter weight"


def test_weight_norm_of_what_is_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^get_parameter: there is no 'kernel' of Affine"):
        utils.weight_norm(affine(md), "kernel")


def test_removing_weight_norm_where_there_is_none() -> None:
    error = agree(lambda m: m.nn.utils.remove_weight_norm(affine(m)))
    assert str(error) == "remove_weight_norm: weight_norm of 'weight' not found in Affine(2 -> 3)"


@needs_torch
@quietly
def test_weight_norm_exchanges_state_with_pytorch() -> None:
    theirs, ours = torch.nn.utils.weight_norm(affine(torch)), utils.weight_norm(affine(md))
    with torch.no_grad():
        theirs.weight_g.mul_(2.0)
    ours.load_state_dict({name: t.numpy() for name, t in theirs.state_dict().items()})
    compare(ours(rows(md)), theirs(rows(torch)))
