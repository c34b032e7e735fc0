"""State dicts: what is in them, and how it gets back."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict

import numpy as np
import pytest

import minideep as md
from minideep.nn import Parameter
from tests.nn.networks import affine, network, rows
from tests.support import agree, compare, needs_torch, torch


def filled(module, m):
    """The module with numbers 0, 1, 2, … in its state."""
    start = 0
    for tensor in module.state_dict().values():
        with m.no_grad():
            tensor.copy_(m.arange(start, start + tensor.numel(), dtype=tensor.dtype).view(tensor.shape))
        start += tensor.numel()
    return module


# ---------------------------------------------------------------------------------------------- state_dict


def test_state_dict() -> None:
    def program(m):
        state = filled(network(m), m).state_dict()
        return list(state.items()), [t.requires_grad for t in state.values()], isinstance(state, OrderedDict)

    agree(program)


def test_it_shares_the_memory_of_the_parameters() -> None:
    def program(m):
        module = affine(m)
        module.state_dict()["weight"].fill_(7.0)
        return module.weight.detach()

    agree(program)


def test_prefix_destination_and_keep_vars() -> None:
    def program(m):
        module, destination = network(m), {}
        result = module.state_dict(destination=destination, prefix="net.", keep_vars=True)
        kept = result["net.first.weight"] is module.first.weight
        return list(result), result is destination, kept

    agree(program)


def test_metadata_has_the_versions() -> None:
    class Newer(md.nn.Module):
        _version = 3

    module = md.nn.Module()
    module.inner = Newer()
    assert module.state_dict()._metadata == {"": {"version": 1}, "inner": {"version": 3}}


# ---------------------------------------------------------------------------------------------- load_state_dict


def test_round_trip() -> None:
    def program(m):
        source, target = filled(network(m), m), network(m)
        ids = [id(t) for t in target.state_dict(keep_vars=True).values()]
        answer = target.load_state_dict(source.state_dict())
        same = ids == [id(t) for t in target.state_dict(keep_vars=True).values()]
        needs = [p.requires_grad for p in target.parameters()]
        return repr(answer), same, needs, list(target.state_dict().items())

    agree(program)


def test_arrays_are_taken_as_tensors_are() -> None:
    module = affine(md)
    state = {name: np.full(t.shape, 2.0, np.float32) for name, t in module.state_dict().items()}
    assert repr(module.load_state_dict(state)) == "<All keys matched successfully>"
    assert module.weight.dtype == md.float64
    assert (module.weight == 2).all()
    state["weight"][:] = 5
    assert (module.weight == 2).all(), "loading copies"


def test_loading_is_seen_by_a_graph_that_needs_the_old_values() -> None:
    def program(m):
        module = affine(m)
        y = module(rows(m))
        module.load_state_dict(module.state_dict())
        y.sum().backward()

    assert "modified by an inplace operation" in str(agree(program))


def test_one_message_has_all_that_is_wrong() -> None:
    def program(m):
        wrong = OrderedDict(network(m).state_dict())
        del wrong["scale"], wrong["first.shift"]
        wrong["first.weight"] = m.ones(3)
        wrong["second.weight"] = m.ones(1, 6)
        wrong["third.weight"] = wrong["first.strange"] = wrong["first.scratch"] = wrong["scale.deeper"] = m.ones(1)
        network(m).load_state_dict(wrong)

    ours = str(agree(program))
    assert ours.splitlines() == [
        "Error(s) in loading state_dict for Network:",
        '\tMissing key(s) in state_dict: "scale", "first.shift".',
        '\tUnexpected key(s) in state_dict: "third.weight", "scale.deeper", "first.strange", "first.scratch".',
        "\tsize mismatch for first.weight: copying a param with shape (3,) from checkpoint, the shape in current model "
        "is (3, 2).",
        "\tsize mismatch for second.weight: copying a param with shape (1, 6) from checkpoint, the shape in current "
        "model is (2, 3).",
    ]


@needs_torch
def test_its_wording_is_pytorchs() -> None:
    def message(m):
        wrong = dict(network(m).state_dict())
        del wrong["scale"], wrong["first.shift"], wrong["again.calls"]
        wrong |= {"first.weight": m.ones(3, 1), "third.weight": m.ones(1), "first.strange": m.ones(1)}
        with pytest.raises(RuntimeError) as info:
            network(m).load_state_dict(wrong)
        return str(info.value)

    theirs = message(torch).replace("torch.Size([3, 1])", "(3, 1)").replace("torch.Size([3, 2])", "(3, 2)")
    assert message(md) == theirs.replace(". \n", ".\n")


def test_not_strict() -> None:
    def program(m):
        module = network(m)
        answer = module.load_state_dict({"first.calls": m.ones(1), "what": m.ones(2)}, strict=False)
        missing, unexpected = answer
        return repr(answer), missing == answer.missing_keys, unexpected, module.first.calls

    agree(program)


def test_wrong_shapes_are_errors_also_if_not_strict() -> None:
    error = agree(lambda m: affine(m).load_state_dict({"weight": m.ones(2, 2)}, strict=False))
    assert str(error).startswith("Error(s) in loading state_dict for Affine:\n\tsize mismatch for weight: copying a")


def test_what_is_no_tensor_is_named() -> None:
    error = agree(lambda m: affine(m).load_state_dict({"weight": "seven"}, strict=False))
    text = (
        'While copying the parameter named "weight", expected a Tensor or an array from the checkpoint but received str'
    )
    assert text in str(error)


def test_a_list_is_no_state_dict() -> None:
    error = agree(lambda m: affine(m).load_state_dict([1]))
    assert str(error) == "load_state_dict: expected state_dict to be dict-like, but got <class 'list'>"


def test_assign_puts_the_tensors_themselves_in_place() -> None:
    def program(m):
        module = affine(m)
        module.shift.requires_grad_(False)
        state = {name: t.clone().float() for name, t in affine(m).state_dict().items()}
        module.load_state_dict(state, assign=True)
        shared = state["weight"].data_ptr() == module.weight.data_ptr()
        kinds = [(name, type(p).__name__, p.requires_grad) for name, p in module.named_parameters()]
        return kinds, shared, module.weight.detach(), module.calls is state["calls"], list(module.state_dict())

    agree(program)


def test_assign_keeps_a_parameter_as_it_is() -> None:
    module, given = affine(md), Parameter(md.ones(3, 2))
    module.load_state_dict({"weight": given}, strict=False, assign=True)
    assert module.weight is given


# ---------------------------------------------------------------------------------------------- hooks and versions


def test_a_pre_hook_may_rename() -> None:
    def program(m):
        def rename(module, state_dict, prefix, local_metadata, strict, missing, unexpected, errors):
            state_dict[prefix + "weight"] = state_dict.pop(prefix + "kernel")

        net = network(m)
        state = net.state_dict()
        for name in ("first.", "again."):
            state[name + "kernel"] = state.pop(name + "weight") + 1.0
        handle = net.first.register_load_state_dict_pre_hook(rename)
        before = list(state)
        answer = repr(net.load_state_dict(state))
        handle.remove()
        return answer, net.first.weight.detach(), list(state) == before, net.load_state_dict(state, strict=False)[:2]

    agree(program)


def test_a_pre_hook_of_the_whole_may_rename_what_is_inside() -> None:
    def program(m):
        def strip(module, state_dict, prefix, *_):
            for key in [key for key in state_dict if key.startswith("module.")]:
                state_dict[key.removeprefix("module.")] = state_dict.pop(key)

        net = network(m)
        net.register_load_state_dict_pre_hook(strip)
        state = {f"module.{key}": t for key, t in net.state_dict().items()}
        before = list(state)
        return repr(net.load_state_dict(state)), list(state) == before

    agree(program)


def test_a_class_may_read_what_an_older_version_wrote() -> None:
    def program(m):
        seen = []

        class Newer(m.nn.Module):
            _version = 2

            def __init__(self):
                super().__init__()
                self.register_buffer("count", m.zeros(1))

            def _load_from_state_dict(self, state_dict, prefix, local_metadata, *rest):
                seen.append((prefix, local_metadata.get("version")))
                if local_metadata.get("version", 1) < 2:
                    state_dict.setdefault(prefix + "count", m.ones(1))
                super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

        net = m.nn.Module()
        net.inner = Newer()
        answers = [repr(net.load_state_dict(state)) for state in (net.state_dict(), {})]
        return answers, seen, net.inner.count

    agree(program)


def test_a_post_hook_sees_and_may_change_the_lists() -> None:
    def program(m):
        def forgive(module, incompatible):
            incompatible.missing_keys.clear()
            incompatible.unexpected_keys.append("extra")

        net = affine(m)
        net.register_load_state_dict_post_hook(forgive)
        net.load_state_dict({})

    error = agree(program)
    assert str(error) == 'Error(s) in loading state_dict for Affine:\n\tUnexpected key(s) in state_dict: "extra".'


# ---------------------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("way", ["deepcopy", "pickle", "copy"])
def test_copies(way) -> None:
    """Modules whose classes pickle can find: containers."""
    ways = {"deepcopy": copy.deepcopy, "pickle": lambda net: pickle.loads(pickle.dumps(net)), "copy": copy.copy}

    def program(m):
        shared = m.nn.Parameter(m.ones(2, dtype=m.float64))
        net = m.nn.ModuleDict({"a": m.nn.ParameterList([shared]), "b": m.nn.ParameterList([shared])})
        net.register_buffer("calls", m.zeros(1, dtype=m.float64), persistent=False)
        shared.sum().backward()
        net.eval()
        twin = ways[way](net)
        with m.no_grad():
            twin["a"][0].add_(1.0)
        names = [name for name, _ in twin.named_parameters()]
        return names, list(twin.state_dict().items()), list(net.state_dict().items()), twin.training, repr(twin)

    def ours_then_theirs(m):
        *results, text = program(m)
        return *results, text.replace("minideep.", "torch.")

    agree(ours_then_theirs)


def test_a_shallow_copy_may_be_given_members_of_its_own() -> None:
    module = affine(md)
    twin = copy.copy(module)
    twin.extra = Parameter(md.ones(1))
    twin.register_buffer("calls", None)
    assert [name for name, _ in module.named_parameters()] == ["weight", "shift"]
    assert [name for name, _ in twin.named_parameters()] == ["weight", "shift", "extra"]
    assert list(module.state_dict()) == ["weight", "shift", "calls"]
    assert twin.weight is module.weight


def test_a_deep_copy_has_hooks_of_its_own() -> None:
    def program(m):
        calls = []
        net = affine(m)
        handle = net.register_forward_hook(lambda module, args, output: calls.append(1))
        twin = copy.deepcopy(net)
        handle.remove()
        net(rows(m))
        twin(rows(m))
        return len(calls)

    agree(program)


@needs_torch
@pytest.mark.parametrize("as_arrays", [True, False])
def test_pytorchs_state_dicts_load(as_arrays) -> None:
    source, target = filled(network(torch), torch), network(md)
    state = source.state_dict()
    target.load_state_dict({name: t.numpy() for name, t in state.items()} if as_arrays else state)
    compare(list(target.state_dict().values()), list(state.values()))
    with torch.no_grad():
        source.scale.add_(1.0)
    assert target.scale.item() != source.scale.item()
