"""Hooks of modules: when they are called, with what, and what becomes of what they return."""

from __future__ import annotations

import pytest

import minideep as md
from minideep.nn import Module
from tests.nn.networks import affine, network, rows
from tests.support import agree


def two(m):
    """A module of two inputs and two outputs, and a keyword."""

    class Two(m.nn.Module):
        def forward(self, a, b, factor=1.0):
            return a * b * factor, (a * a).sum()

    return Two()


def inputs(m):
    return rows(m), m.tensor([[3.0, 1.0], [2.0, 5.0]], dtype=m.float64)


# ---------------------------------------------------------------------------------------------- forward


def test_order_and_arguments() -> None:
    def program(m):
        module, log = two(m), []
        module.register_forward_hook(lambda mod, args, out: log.append(("after", mod is module, args, out)))
        module.register_forward_pre_hook(lambda mod, args: log.append(("before", mod is module, args)))
        module.register_forward_hook(lambda mod, args, kw, out: log.append(("kw", kw, len(out))), with_kwargs=True)
        module.register_forward_pre_hook(lambda mod, args, kw: log.append(("kw before", kw)), with_kwargs=True)
        module.register_forward_hook(lambda *_: log.append("first"), prepend=True)
        module.register_forward_pre_hook(lambda *_: log.append("first before"), prepend=True)
        return module(*inputs(m), factor=2.0), log

    agree(program)


def test_what_hooks_return_takes_the_place() -> None:
    def program(m):
        module = two(m)
        module.register_forward_pre_hook(lambda mod, args: (args[0] + 1.0, args[1]))
        module.register_forward_pre_hook(lambda mod, args, kw: (args, {"factor": 10.0}), with_kwargs=True)
        module.register_forward_hook(lambda mod, args, out: out[0])
        module.register_forward_hook(lambda mod, args, out: out * 2.0)
        return module(*inputs(m))

    agree(program)


def test_a_pre_hook_may_return_one_argument_alone() -> None:
    def program(m):
        module = affine(m)
        module.register_forward_pre_hook(lambda mod, args: args[0] * 2.0)
        return module(rows(m))

    agree(program)


def test_a_pre_hook_with_kwargs_returns_both_or_nothing() -> None:
    def program(m):
        module = two(m)
        module.register_forward_pre_hook(lambda mod, args, kw: args[0], with_kwargs=True)
        module(*inputs(m))

    text = "register_forward_pre_hook: a forward pre-hook with_kwargs must return None or a tuple of (new_args, new_kw"
    assert str(agree(program)).startswith(text)


def test_handles_remove() -> None:
    def program(m):
        module, calls = affine(m), []
        with module.register_forward_hook(lambda *_: calls.append("with")):
            module(rows(m))
        handle = module.register_forward_pre_hook(lambda *_: calls.append("pre"))
        module(rows(m))
        handle.remove()
        handle.remove()
        module(rows(m))
        return calls

    agree(program)


def test_a_hook_may_remove_itself_and_add_others() -> None:
    def program(m):
        module, calls = affine(m), []

        def once(*_):
            calls.append("once")
            handle.remove()
            module.register_forward_hook(lambda *_: calls.append("later"))

        handle = module.register_forward_pre_hook(once)
        module(rows(m))
        module(rows(m))
        return calls

    agree(program)


def test_always_call_also_after_an_error() -> None:
    def program(m):
        module, log = two(m), []
        module.register_forward_hook(lambda mod, args, out: log.append(("never", out)))
        module.register_forward_hook(lambda mod, args, out: log.append(("always", len(args), out)), always_call=True)
        try:
            module("a", "b")
        except TypeError:
            log.append("TypeError")
        return log

    agree(program)


def test_always_call_once_where_another_hook_fails() -> None:
    def program(m):
        module, log = affine(m), []

        def fail(*_):
            raise ValueError("hook")

        module.register_forward_hook(lambda *_: log.append("first"), always_call=True)
        module.register_forward_hook(fail)
        module.register_forward_hook(lambda *_: log.append("last"), always_call=True)
        try:
            module(rows(m))
        except ValueError as error:
            log.append(str(error))
        return log

    agree(program)


def test_an_error_in_a_hook_that_is_always_called_does_not_hide_the_first() -> None:
    def fail(*_):
        raise ValueError("of the hook")

    module = two(md)
    module.register_forward_hook(fail, always_call=True)
    with (
        pytest.warns(UserWarning, match=r"^register_forward_hook: .* another error was raised in forward: ValueError"),
        pytest.raises(TypeError),
    ):
        module("a", "b")


# ---------------------------------------------------------------------------------------------- backward


def plain(values):
    return tuple(None if g is None else g.detach() for g in values)


def test_backward_hooks_see_gradients_of_inputs_and_outputs() -> None:
    def program(m):
        module, log = two(m), []
        module.register_full_backward_hook(lambda mod, gi, go: log.append(("back", plain(gi), plain(go))))
        module.register_full_backward_pre_hook(lambda mod, go: log.append(("pre", mod is module, plain(go))))
        a, b = inputs(m)
        product, total = module(a, b)
        (product.sum() + total * 3.0).backward()
        return log, a.grad

    agree(program)


def test_an_output_that_nothing_depends_on_has_no_gradient() -> None:
    def program(m):
        module, log = two(m), []
        module.register_full_backward_hook(lambda mod, gi, go: log.append((plain(gi), plain(go))))
        a, b = inputs(m)
        module(a, b.requires_grad_())[0].sum().backward()
        return log, a.grad, b.grad

    agree(program)


def test_what_backward_hooks_return_takes_the_place() -> None:
    def program(m):
        net = network(m)
        net.second.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 10.0,))
        net.second.register_full_backward_hook(lambda mod, gi, go: (gi[0] + 1.0,))
        net.first.register_full_backward_pre_hook(lambda mod, go: (go[0] * 2.0,))
        net.first.register_full_backward_pre_hook(lambda mod, go: (go[0] - 1.0,), prepend=True)
        x = rows(m)
        (net(x) ** 2).sum().backward()
        return x.grad, [p.grad for p in net.parameters()]

    agree(program)


def test_an_input_that_is_not_used_gets_zeros() -> None:
    def program(m):
        class First(m.nn.Module):
            def forward(self, a, b):
                return a, b.detach()

        module, log = First(), []
        module.register_full_backward_hook(lambda mod, gi, go: log.append((plain(gi), plain(go))))
        a, b = inputs(m)
        y, detached = module(a, b.requires_grad_())
        y.sum().backward()
        return log, a.grad, b.grad, detached.requires_grad

    agree(program)


def test_order_of_backward_hooks_in_a_network() -> None:
    def program(m):
        net, log = network(m), []
        for name, module in net.named_modules():
            module.register_full_backward_hook(lambda mod, gi, go, name=name: log.append((name, plain(gi), plain(go))))
            module.register_full_backward_hook(lambda *_, name=name: log.append("before " + name), prepend=True)
        net(rows(m)).sum().backward()
        return log

    agree(program)


def test_inputs_that_need_no_gradient() -> None:
    def program(m):
        module, log = affine(m), []
        module.register_full_backward_hook(lambda mod, gi, go: log.append((gi, plain(go))))
        module(rows(m).detach()).sum().backward()
        return log, module.weight.grad

    agree(program)


def test_a_result_for_inputs_that_need_no_gradient_is_refused() -> None:
    def program(m):
        module = affine(m)
        module.register_full_backward_hook(lambda mod, gi, go: (m.ones(2, 2),))
        module(rows(m).detach()).sum().backward()

    text = "register_full_backward_hook: a backward hook for a module where no input requires gradient should always"
    assert str(agree(program)).startswith(text)


@pytest.mark.parametrize("which", ["grad_input", "grad_output"])
def test_a_wrong_number_of_gradients_is_refused(which) -> None:
    def program(m):
        module = affine(m)
        if which == "grad_input":
            module.register_full_backward_hook(lambda mod, gi, go: (gi[0], gi[0]))
        else:
            module.register_full_backward_pre_hook(lambda mod, go: (go[0], go[0]))
        module(rows(m)).sum().backward()

    assert str(agree(program)).endswith(f"the hook returned an invalid number of {which}, got 2, but expected 1")


def test_values_that_are_no_tensors_pass() -> None:
    def program(m):
        class Mixed(m.nn.Module):
            def forward(self, name, x, times):
                return [name] * times, x * times

        class Words(m.nn.Module):
            def forward(self, x):
                return "nothing to differentiate"

        log = []
        for module in (mixed := Mixed(), words := Words()):
            module.register_full_backward_hook(lambda mod, gi, go: log.append((plain(gi), plain(go))))
        names, y = mixed("a", rows(m), 2)
        y.sum().backward()
        return names, words(y), log

    agree(program)


def test_without_recording_backward_hooks_are_not_in_the_way() -> None:
    def program(m):
        module = affine(m)
        module.register_full_backward_hook(lambda *_: None)
        with m.no_grad():
            y = module(rows(m))
        return y, y.requires_grad

    agree(program)


def test_backward_hooks_and_second_derivatives() -> None:
    def program(m):
        module, norms = two(m), []
        module.register_full_backward_hook(lambda mod, gi, go: norms.append((gi[0] ** 2).sum()))
        a, b = inputs(m)
        product, _ = module(a, b.requires_grad_())
        m.autograd.grad((product**2).sum(), a, create_graph=True)
        norms[0].backward()
        return a.grad, b.grad

    agree(program)


def test_forward_hooks_see_the_inside_and_backward_hooks_the_outside() -> None:
    """The output that `forward` hooks replace is the one whose gradient backward hooks see."""

    def program(m):
        module, log = affine(m), []
        module.register_forward_hook(lambda mod, args, out: out * 2.0)
        module.register_full_backward_pre_hook(lambda mod, go: log.append(plain(go)))
        x = rows(m)
        module(x).sum().backward()
        return log, x.grad

    agree(program)


# ---------------------------------------------------------------------------------------------- what they cost


def test_without_hooks_nothing_stands_between_call_and_forward() -> None:
    class Probe(Module):
        def forward(self):
            import sys

            return sys._getframe(1).f_code.co_name, sys._getframe(2).f_code.co_name

    assert Probe()() == ("__call__", "test_without_hooks_nothing_stands_between_call_and_forward")
