"""What a module consists of: registering, finding, replacing and deleting parameters, buffers and child modules."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep.nn import Module, Parameter
from tests.nn.networks import affine, network
from tests.support import agree

# ---------------------------------------------------------------------------------------------- finding


@pytest.mark.parametrize("recurse", [True, False])
@pytest.mark.parametrize("once", [True, False])
@pytest.mark.parametrize("which", ["named_parameters", "named_buffers"])
def test_names(which, once, recurse) -> None:
    def program(m):
        found = getattr(network(m), which)(prefix="net", recurse=recurse, remove_duplicate=once)
        return [(name, tensor.detach()) for name, tensor in found]

    agree(program)


def test_named_modules_and_children() -> None:
    def program(m):
        net = network(m)
        kinds = [(name, type(module).__name__) for name, module in net.named_modules()]
        twice = [name for name, _ in net.named_modules(prefix="net", remove_duplicate=False)]
        without = [name for name, _ in net.named_modules(memo={net.second})]
        children = [name for name, _ in net.named_children()]
        counts = [len(list(each)) for each in (net.modules(), net.children(), net.parameters(), net.buffers())]
        return kinds, twice, without, children, counts

    agree(program)


def test_shared_parameters_are_counted_once() -> None:
    def program(m):
        net = network(m)
        net.second.weight = net.first.weight
        return [name for name, _ in net.named_parameters()], list(net.state_dict())

    agree(program)


def test_private_views_are_as_in_pytorch() -> None:
    def program(m):
        net = network(m)
        return [(list(each._parameters), list(each._buffers), list(each._modules)) for each in net.modules()]

    agree(program)


@pytest.mark.parametrize("target", ["", "first", "second"])
def test_get_submodule(target) -> None:
    net = network(md)
    assert net.get_submodule(target) is (getattr(net, target) if target else net)


def test_get_parameter_and_buffer() -> None:
    net = network(md)
    assert net.get_parameter("first.weight") is net.first.weight
    assert net.get_parameter("scale") is net.scale
    assert net.get_buffer("first.calls") is net.first.calls


WRONG_TARGETS = {
    "get_submodule": [
        ("third", "get_submodule: there is no 'third' of Network, whose modules are: first, second, again, nothing"),
        ("first.weight", "get_submodule: 'weight' is not a module of Affine, whose modules are: none"),
    ],
    "get_parameter": [
        ("first.calls", "get_parameter: 'calls' is not a parameter of Affine, whose parameters are: weight, shift"),
        ("first.wait", "get_parameter: there is no 'wait' of Affine"),
        ("second.first.weight", "get_submodule: there is no 'first' of Affine"),
        ("second.shift", "get_parameter: 'shift' is not a parameter"),
    ],
    "get_buffer": [("first.weight", "get_buffer: 'weight' is not a buffer of Affine, whose buffers are: calls, scra")],
}


@pytest.mark.parametrize(("method", "target", "text"), [(m, *c) for m, cases in WRONG_TARGETS.items() for c in cases])
def test_wrong_targets(method, target, text) -> None:
    if target == "second.shift":  # there PyTorch returns the None
        with pytest.raises(AttributeError) as info:
            network(md).get_parameter(target)
        error: object = info.value
    else:
        error = agree(lambda m: getattr(network(m), method)(target))
    assert str(error).startswith(text)


# ---------------------------------------------------------------------------------------------- registering


@pytest.mark.parametrize("kind", ["parameter", "buffer", "module"])
@pytest.mark.parametrize("name", [5, "a.b", "", "train", "weight", "calls", "plain"])
def test_names_that_will_not_do(kind, name) -> None:
    def program(m):
        module = affine(m)
        module.plain = 3
        value = {"parameter": m.nn.Parameter(m.ones(1)), "buffer": m.ones(1), "module": affine(m)}[kind]
        getattr(module, f"register_{kind}")(name, value)
        return kind, name  # allowed for the kind that the name has already

    text = str(agree(program))
    expected = {
        5: f"Affine.register_{kind}: {kind} name should be a string, but got 5",
        "a.b": f"Affine.register_{kind}: {kind} name can't contain '.', but got 'a.b'",
        "": f"Affine.register_{kind}: {kind} name can't be an empty string",
    }.get(name, f"Affine.register_{kind}: {kind} name will not do: attribute '{name}' already exists; choose another")
    assert expected in text or (kind, name) in [("parameter", "weight"), ("buffer", "calls")]


WRONG_VALUES = {
    "parameter": (
        lambda m: m.ones(1),
        "Affine: cannot assign 'Tensor' as parameter 'new' (nn.Parameter or None expected); write nn.Parameter(…) to "
        "replace it, or new.data = … to change its values",
    ),
    "buffer": (lambda m: [1.0], "Affine: cannot assign 'list' as buffer 'new' (Tensor or None expected)"),
    "module": (lambda m: print, "Affine: cannot assign 'builtin_function_or_method' as module 'new' (nn.Module or"),
}


@pytest.mark.parametrize("kind", WRONG_VALUES)
def test_values_that_will_not_do(kind) -> None:
    value, text = WRONG_VALUES[kind]
    error = agree(lambda m: getattr(affine(m), f"register_{kind}")("new", value(m)))
    assert str(error).startswith(text)


def test_parameters_are_leaves() -> None:
    def program(m):
        p = m.nn.Parameter(m.ones(2), requires_grad=False)
        p.mul_(m.ones(2, requires_grad=True))
        affine(m).register_parameter("p", p)

    assert str(agree(program)).startswith("Affine: cannot assign non-leaf Tensor to parameter 'p'; to express 'p' as")


@pytest.mark.parametrize("kind", ["parameter", "buffer", "module"])
def test_init_of_module_comes_first(kind) -> None:
    def program(m):
        class Hasty(m.nn.Module):
            def __init__(self):
                if kind == "buffer":
                    self.register_buffer("x", m.ones(2))
                else:
                    self.x = m.nn.Parameter(m.ones(2)) if kind == "parameter" else affine(m)
                super().__init__()

        Hasty()

    text = f"Hasty: cannot assign {kind} 'x' before Module.__init__() call; begin __init__ with super().__init__()"
    assert str(agree(program)) == text


def test_plain_attributes_may_come_before_init() -> None:
    def program(m):
        class Early(m.nn.Module):
            def __init__(self):
                self.size = 3
                super(Early, self).__init__()  # noqa: UP008  as older code spells it

        module = Early()
        return module.size, module.training

    agree(program)


def test_forgotten_init_is_named() -> None:
    def program(m):
        class Forgetful(m.nn.Module):
            def __init__(self):
                self.size = 3

        return list(Forgetful().parameters())

    assert str(agree(program)).endswith("its Module.__init__() was not called: begin __init__ with super().__init__()")


# ---------------------------------------------------------------------------------------------- attributes


def test_assigning() -> None:
    """Parameter, module, buffer, plain: what a name becomes, in every order."""

    def program(m):
        module = m.nn.Module()
        values = {
            "parameter": lambda: m.nn.Parameter(m.ones(1)),
            "module": m.nn.Module,
            "tensor": lambda: m.zeros(1),
            "number": lambda: 3,
            "none": lambda: None,
        }
        outcomes = []
        for first in ["buffer", *values]:
            for second in values:
                module = m.nn.Module()
                if first == "buffer":
                    module.register_buffer("x", m.zeros(1))
                else:
                    module.x = values[first]()
                try:
                    module.x = values[second]()
                except TypeError:
                    outcomes.append("TypeError")
                outcomes.append([list(kind) for kind in (module._parameters, module._buffers, module._modules)])
                outcomes.append(type(module.x).__name__)
        return outcomes

    agree(program)


def test_order_follows_registration() -> None:
    def program(m):
        module = m.nn.Module()
        for name in "abc":
            setattr(module, name, m.nn.Parameter(m.ones(1)))
        module.a = m.nn.Parameter(m.zeros(1))  # stays in its place
        del module.b
        module.b = m.nn.Parameter(m.zeros(1))
        module.c = None
        module.c = m.nn.Parameter(m.zeros(1))
        return [(name, p.detach()) for name, p in module.named_parameters()]

    agree(program)


def test_a_name_that_changes_its_kind_is_registered_anew() -> None:
    def program(m):
        module = m.nn.Module()
        module.register_buffer("x", m.zeros(1), persistent=False)
        module.a = m.nn.Parameter(m.ones(1))
        module.x = m.nn.Parameter(m.ones(2))
        return list(module.state_dict()), list(module.named_buffers())

    agree(program)


def test_replacing_a_module() -> None:
    def program(m):
        net = network(m)
        net.second = m.nn.Module()
        net.again = None
        return [name for name, _ in net.named_modules()], repr(net)

    agree(program)


def test_assigning_a_tensor_to_a_parameters_name_says_what_to_do() -> None:
    def program(m):
        affine(m).weight = m.ones(3, 2)

    assert str(agree(program)).endswith("write nn.Parameter(…) to replace it, or weight.data = … to change its values")


def test_a_buffer_may_be_replaced_by_a_tensor_and_stays_a_buffer() -> None:
    def program(m):
        module = affine(m)
        module.calls = m.ones(5, dtype=m.float64)
        module.scratch = m.ones(7, dtype=m.float64)
        return [(n, b) for n, b in module.named_buffers()], list(module.state_dict())

    agree(program)


def test_a_name_freed_of_a_buffer_that_was_not_saved_is_saved_again() -> None:
    def program(m):
        module = affine(m)
        del module.scratch
        module.register_buffer("scratch", m.ones(2))
        return list(module.state_dict())

    agree(program)


def test_registering_again_may_change_whether_a_buffer_is_saved() -> None:
    def program(m):
        module = affine(m)
        module.register_buffer("scratch", m.ones(1))
        module.register_buffer("calls", m.ones(1), persistent=False)
        return list(module.state_dict())

    agree(program)


@pytest.mark.parametrize("name", ["weight", "calls", "first", "plain"])
def test_deleting(name) -> None:
    def program(m):
        net = m.nn.Module()
        net.weight, net.first, net.plain = m.nn.Parameter(m.ones(1)), m.nn.Module(), 3
        net.register_buffer("calls", m.ones(1))
        delattr(net, name)
        left = [n for n, _ in [*net.named_parameters(), *net.named_buffers(), *net.named_children()]]
        return hasattr(net, name), left

    agree(program)


def test_deleting_what_is_not_there() -> None:
    def program(m):
        del affine(m).nothing

    assert "nothing" in str(agree(program))


def test_a_class_attribute_of_the_name_of_a_parameter_is_refused() -> None:
    def program(m):
        class Taken(m.nn.Module):
            weight = None

        Taken().weight = m.nn.Parameter(m.ones(1))

    assert "attribute 'weight' already exists" in str(agree(program))


def test_properties_work_and_their_setters_too() -> None:
    def program(m):
        class Half(m.nn.Module):
            @property
            def double(self):
                return self.value * 2

            @double.setter
            def double(self, value):
                self.value = value // 2

        module = Half()
        module.double = 8
        return module.value, module.double

    agree(program)


@pytest.mark.parametrize(
    ("wrong", "nearest"), [("wieght", "weight"), ("shfit", "shift"), ("named_parameter", "named_parameters")]
)
def test_an_unknown_attribute_suggests_the_nearest(wrong, nearest) -> None:
    error = agree(lambda m: getattr(affine(m), wrong))
    assert str(error) == f"'Affine' object has no attribute '{wrong}'; did you mean '{nearest}'?"


def test_an_unknown_attribute_like_no_other() -> None:
    with pytest.raises(AttributeError) as info:
        _ = affine(md).zzzzzz
    assert str(info.value) == "'Affine' object has no attribute 'zzzzzz'"


def test_an_error_inside_a_property_is_told_as_it_is() -> None:
    class Halved(Module):
        @property
        def half(self):
            return self.vaule / 2

    module = Halved()
    module.value = 3
    with pytest.raises(AttributeError, match=r"^'Halved' object has no attribute 'vaule'; did you mean 'value'\?$"):
        _ = module.half


def test_the_error_crosses_processes_without_the_module() -> None:
    with pytest.raises(AttributeError) as info:
        _ = affine(md).wieght  # of a local class, which pickle could not find
    copied = pickle.loads(pickle.dumps(info.value))
    assert str(copied) == str(info.value)


def test_dir_lists_members_but_no_numbers() -> None:
    def program(m):
        module = affine(m)
        module.add_module("0", affine(m))
        return [name for name in dir(module) if name in ("0", "weight", "calls", "forward", "training")]

    agree(program)


def test_reading_a_parameter_is_reading_an_attribute() -> None:
    """No `__getattr__` in the way: it stands where any attribute of an object stands."""
    module = Module()
    module.weight = Parameter(md.ones(1))
    assert vars(module)["weight"] is module.weight


# ---------------------------------------------------------------------------------------------- in any order

VALUES = {
    "parameter": lambda m, own: m.nn.Parameter(m.ones(1)),
    "shared": lambda m, own: own,
    "module": lambda m, own: affine(m, 1, 1),
    "tensor": lambda m, own: m.zeros(1),
    "none": lambda m, own: None,
}
ACTIONS = st.sampled_from(["set", "del", "register_parameter", "register_buffer", "register_module", "unsaved buffer"])
EDITS = st.lists(st.tuples(ACTIONS, st.sampled_from("abcd"), st.sampled_from(list(VALUES))), max_size=15)


@given(EDITS)
def test_whatever_is_done_members_are_as_in_pytorch(edits) -> None:
    def program(m):
        module, own, outcomes = m.nn.Module(), m.nn.Parameter(m.ones(2)), []
        for action, name, kind in edits:
            value = VALUES[kind](m, own)
            try:
                if action == "set":
                    setattr(module, name, value)
                elif action == "del":
                    delattr(module, name)
                elif action == "unsaved buffer":
                    module.register_buffer(name, value, persistent=False)
                else:
                    getattr(module, action)(name, value)
            except (AttributeError, KeyError, TypeError):
                outcomes.append("refused")  # where two things are wrong, either may be said
            found = module.named_parameters(), module.named_buffers(), module.named_modules()
            outcomes.append([[n for n, _ in each] for each in found])
            outcomes.append(list(module.state_dict()))
        return outcomes

    agree(program)
