"""What a module does as a whole: modes, conversions, gradients, `apply`, its text, and what a call costs."""

from __future__ import annotations

import timeit

import pytest

import minideep as md
from gradcheck import strict
from minideep.nn import Module
from tests.nn.networks import affine, network, rows
from tests.support import agree

strict.register()


def test_a_network_computes_and_learns() -> None:
    def program(m):
        net, x = network(m), rows(m)
        losses = []
        for _ in range(3):
            net.zero_grad()
            loss = (net(x) ** 2).mean()
            loss.backward()
            losses.append(loss.detach())
            with m.no_grad():
                for p in net.parameters():
                    p -= 0.1 * p.grad
        return losses, [p.grad for p in net.parameters()], x.grad

    agree(program)


def test_forward_is_for_the_subclass_to_write() -> None:
    def program(m):
        class Idle(m.nn.Module):
            pass

        Idle()(m.ones(2))

    assert str(agree(program)) == 'Idle: Module [Idle] is missing the required "forward" function'


def test_arguments_go_to_forward_as_they_are() -> None:
    class Echo(Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    assert Echo()(1, [2], key=3) == ((1, [2]), {"key": 3})


# ---------------------------------------------------------------------------------------------- modes


def test_train_and_eval() -> None:
    def program(m):
        net = network(m)
        seen = [net.training, net.eval() is net, [each.training for each in net.modules()]]
        net.second.train()
        return seen, [each.training for each in net.modules()], net.train(True).second.training

    agree(program)


def test_a_mode_is_a_truth_value() -> None:
    error = agree(lambda m: network(m).train("yes"))
    assert str(error) == "train: training mode is expected to be boolean, but got 'yes'"


def test_a_subclass_may_refuse_to_be_trained() -> None:
    """Batch norm that stays as it is: `train` asks every module inside."""

    def program(m):
        class Frozen(m.nn.Module):
            def train(self, mode=True):
                return super().train(False)

        net = m.nn.Module()
        net.inner = Frozen()
        net.inner.deeper = m.nn.Module()
        net.train()
        return [each.training for each in net.modules()]

    agree(program)


def test_requires_grad_() -> None:
    def program(m):
        net = network(m)
        net.first.requires_grad_(False)
        frozen = [p.requires_grad for p in net.parameters()]
        return frozen, net.requires_grad_() is net, [p.requires_grad for p in net.parameters()]

    agree(program)


def test_zero_grad() -> None:
    def program(m):
        net = network(m)
        (net(rows(m)) ** 2).sum().backward(create_graph=True)
        net.zero_grad(set_to_none=False)
        zeros = [(p.grad, p.grad.requires_grad) for p in net.parameters()]
        net.zero_grad()
        net.zero_grad(set_to_none=False)
        return zeros, [p.grad is None for p in net.parameters()]

    agree(program)


# ---------------------------------------------------------------------------------------------- conversions


def mixed(m):
    """Parameters and buffers of several dtypes."""
    net = network(m)
    net.first.register_buffer("count", m.tensor([3]))
    net.first.float()
    (net.scale * 2.0).backward()
    net.shared = net.scale
    return net


CONVERSIONS = {
    "float": lambda m, net: net.float(),
    "double": lambda m, net: net.double(),
    "half": lambda m, net: net.half(),
    "to a dtype": lambda m, net: net.to(m.float16),
    "to a device": lambda m, net: net.to("cpu"),
    "to both": lambda m, net: net.to(m.device("cpu"), m.float64),
    "by keyword": lambda m, net: net.to(dtype=m.float32, device="cpu", non_blocking=True),
    "like a tensor": lambda m, net: net.to(m.ones(1, dtype=m.float64)),
    "cpu": lambda m, net: net.cpu(),
    "type": lambda m, net: net.type(m.float64),
}


@pytest.mark.parametrize("convert", CONVERSIONS.values(), ids=CONVERSIONS.keys())
def test_conversions(convert) -> None:
    def program(m):
        net = mixed(m)
        before = list(net.parameters())
        same = convert(m, net) is net
        kept = all(p is q for p, q in zip(before, net.parameters(), strict=True))
        grads = [p.grad for p in net.parameters()]
        leaves = [(p.is_leaf, p.requires_grad) for p in net.parameters()]
        return same, kept, leaves, [p.detach() for p in before], grads, list(net.buffers())

    agree(program)


def test_a_conversion_is_no_part_of_the_graph() -> None:
    net = affine(md)
    y = net(rows(md))
    net.float()
    y.sum().backward()
    assert net.weight.grad.shape == net.weight.shape
    assert net(rows(md).float()).dtype == md.float32


@pytest.mark.parametrize("dtype", ["int64", "bool"])
def test_weights_are_floats(dtype) -> None:
    error = agree(lambda m: affine(m).to(getattr(m, dtype)))
    assert str(error) == f"to: nn.Module.to only accepts floating point dtypes, but got desired dtype={dtype}"


def test_cuda_without_a_gpu_says_what_to_install() -> None:
    if md.backend.cuda_device_count():
        pytest.skip("there is a GPU")
    with pytest.raises(RuntimeError, match="device: "):
        affine(md).cuda()


def test_to_a_device_and_back() -> None:
    net, x = network(md), rows(md).detach()
    y = net(x)
    y.sum().backward()
    before = {name: (id(p), p.grad.numpy()) for name, p in net.named_parameters()}
    net.to("strict")
    tensors = [*net.parameters(), *net.buffers(), *(p.grad for p in net.parameters())]
    assert {str(t.device) for t in tensors} == {"strict"}
    assert (net(x.to("strict")).cpu() == y).all()
    net.load_state_dict(network(md).state_dict())
    net.cpu()
    assert (net(x) == y).all()
    assert {name: id(p) for name, p in net.named_parameters()} == {name: i for name, (i, _) in before.items()}
    assert all((p.grad.numpy() == before[name][1]).all() for name, p in net.named_parameters())


@pytest.mark.gpu
def test_cuda() -> None:
    net = affine(md).cuda()
    assert all(t.is_cuda for t in [*net.parameters(), *net.buffers()])
    assert net(rows(md).detach().cuda()).is_cuda
    assert not net.cpu().weight.is_cuda


# ---------------------------------------------------------------------------------------------- apply


def test_apply_visits_children_first() -> None:
    def program(m):
        names = []
        net = network(m)
        same = net.apply(lambda module: names.append(type(module).__name__)) is net
        return same, names

    agree(program)


def test_apply_initialises() -> None:
    def program(m):
        def fill(module):
            if hasattr(module, "weight"):
                m.nn.init.constant_(module.weight, 2.0)

        return [p.detach() for p in network(m).apply(fill).parameters()]

    agree(program)


# ---------------------------------------------------------------------------------------------- text


def test_repr() -> None:
    def program(m):
        class Described(m.nn.Module):
            def extra_repr(self):
                return "one\ntwo"

        empty, described = m.nn.Module(), Described()
        described.net = network(m)
        described.net.inner = Described()
        return repr(empty), repr(affine(m)), repr(network(m)), repr(described), str(Described())

    agree(program)


def test_repr_in_full() -> None:
    assert repr(network(md)) == (
        "Network(\n"
        "  (first): Affine(2 -> 3)\n"
        "  (second): Affine(3 -> 2)\n"
        "  (again): Affine(2 -> 3)\n"
        "  (nothing): None\n"
        ")"
    )


# ---------------------------------------------------------------------------------------------- what it costs


@pytest.mark.slow
def test_a_call_costs_little() -> None:
    """At most what three calls of a function cost, at the best of many."""

    class Empty(Module):
        def forward(self, x):
            return x

    module = Empty()
    forward = module.forward
    called, directly = [min(timeit.repeat(lambda: f(1), number=2000, repeat=50)) for f in (module, forward)]  # noqa: B023
    assert called - directly < 2000 * 0.6e-6 or called < 6 * directly
