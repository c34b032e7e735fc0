"""Modules in a row and by name: they behave as lists and dicts, and what is in them is found, saved and printed."""

from __future__ import annotations

from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minideep as md
from minideep.nn import Module, ModuleDict, ModuleList, Sequential
from tests.nn.networks import affine, rows
from tests.support import agree

ROWS = {
    "Sequential": lambda m, modules: m.nn.Sequential(*modules),
    "ModuleList": lambda m, modules: m.nn.ModuleList(modules),
}
either_row = pytest.mark.parametrize("make", ROWS.values(), ids=ROWS.keys())


def layers(m, count=4):
    """Layers 2 -> 2, told apart by their shift."""
    made = [affine(m, 2, 2) for _ in range(count)]
    for number, layer in enumerate(made):
        with m.no_grad():
            layer.shift.fill_(number)
    return made


def names(module):
    return [name for name, _ in module.named_children()]


def shifts(container):
    """Which layers are in it, in order."""
    return [layer.shift[0].item() for layer in container]


# ---------------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize("named", [False, True])
def test_sequential_computes(named) -> None:
    def program(m):
        modules = layers(m, 2)
        net = m.nn.Sequential(OrderedDict(zip("ab", modules, strict=True))) if named else m.nn.Sequential(*modules)
        x = rows(m)
        y = net(x)
        y.sum().backward()
        return y, x.grad, list(net.state_dict()), repr(net), [p.grad for p in net.parameters()]

    agree(program)


def test_an_empty_sequential_returns_its_input() -> None:
    def program(m):
        net = m.nn.Sequential()
        return net(5), len(net), bool(net), repr(net), bool(m.nn.Sequential(net))

    agree(program)


def test_sequential_passes_its_other_members_by() -> None:
    def program(m):
        net = m.nn.Sequential(*layers(m, 2))
        net.extra = m.nn.Parameter(m.ones(1))
        net.register_buffer("count", m.zeros(1))
        return net(rows(m)), len(net), list(net.state_dict())

    agree(program)


@either_row
def test_reading_a_row(make) -> None:
    def program(m):
        modules = layers(m)
        row = make(m, modules)
        found = [row[i] is modules[i] for i in (0, 3, -1, -4)]
        slices = [row[1:], row[::-1], row[:0], row[-2:]]
        parts = [(type(part).__name__, names(part), shifts(part)) for part in slices]
        return len(row), found, shifts(row), parts, modules[2] in row, affine(m) in row, "0" in dir(row)

    agree(program)


@either_row
def test_changing_a_row(make) -> None:
    def program(m):
        modules = layers(m, 8)
        row, seen = make(m, modules[:4]), []
        row[1] = modules[4]
        row[-1] = modules[5]
        seen.append((names(row), shifts(row)))
        del row[0]
        seen.append((names(row), shifts(row)))
        row.insert(1, modules[6])
        seen.append((names(row), shifts(row)))
        same = row.append(modules[7]) is row, row.extend(modules[:2]) is row
        seen.append((names(row), shifts(row)))
        del row[1:4:2]
        seen.append((names(row), shifts(row), shifts([row.pop(0)]), shifts([row.pop(-1)])))
        return same, seen, names(row), shifts(row), list(row.state_dict())

    agree(program)


@either_row
@pytest.mark.parametrize("index", [4, -5])
@pytest.mark.parametrize("action", ["get", "set", "del"])
def test_an_index_out_of_range(make, action, index) -> None:
    def program(m):
        row = make(m, layers(m))
        if action == "get":
            row[index]
        elif action == "set":
            row[index] = affine(m)
        else:
            del row[index]

    assert str(agree(program)).endswith(f": index {index} is out of range; there are 4 entries")


def test_an_insert_out_of_range() -> None:
    error = agree(lambda m: m.nn.Sequential(affine(m)).insert(3, affine(m)))
    assert str(error) == "Sequential.insert: Index out of range: 3, of 1 entries"


@either_row
@pytest.mark.parametrize(("action", "arguments"), [("insert", (1, 5)), ("append", (5,)), ("__setitem__", (1, 5))])
def test_what_is_refused_leaves_a_row_as_it_was(make, action, arguments) -> None:
    row = make(md, layers(md))
    with pytest.raises(TypeError):
        getattr(row, action)(*arguments)
    assert shifts(row) == [0, 1, 2, 3]
    assert names(row) == list("0123")


def test_adding_rows() -> None:
    def program(m):
        modules = layers(m)
        a, b = m.nn.Sequential(*modules[:2]), m.nn.Sequential(OrderedDict(last=modules[2]))
        c, d = m.nn.ModuleList(modules[:1]), modules[2:]
        sums = a + b, c + d, c + m.nn.ModuleList(d)
        b += a
        c += d
        return [(type(each).__name__, names(each), shifts(each)) for each in (*sums, a, c)], shifts(b)

    agree(program)


def test_sequential_adds_to_its_like_alone() -> None:
    error = agree(lambda m: m.nn.Sequential() + m.nn.ModuleList())
    assert str(error).startswith("Sequential: the add operator supports only objects of Sequential class, but <class")


@pytest.mark.parametrize("values", [5, None], ids=str)
def test_lists_extend_by_iterables(values) -> None:
    error = agree(lambda m: m.nn.ModuleList().extend(values))
    assert str(error).startswith("ModuleList.extend: should be called with an iterable, but got ")


@either_row
def test_rows_are_of_modules(make) -> None:
    assert "(nn.Module or None expected)" in str(agree(lambda m: make(m, [affine(m), 5])))


def test_after_a_slice_an_appended_module_takes_no_name_that_is_taken() -> None:
    """PyTorch would replace the last one."""
    part = Sequential(*layers(md))[1:]
    part.append(layers(md, 6)[5])
    assert shifts(part) == [1, 2, 3, 5]
    assert names(part) == ["1", "2", "3", "4"]


def test_a_module_list_is_not_called() -> None:
    error = agree(lambda m: m.nn.ModuleList([affine(m)])(rows(m)))
    assert str(error) == 'ModuleList: Module [ModuleList] is missing the required "forward" function'


def test_reprs_of_rows() -> None:
    def program(m):
        def some(*sides):
            return m.nn.ModuleList([affine(m, 2, side) for side in sides])

        nested = m.nn.Sequential(some(1, 1), some(), m.nn.Sequential())
        return [repr(each) for each in (some(), some(2), some(2, 2, 3, 2, 2, 2), nested, m.nn.ModuleList([nested] * 2))]

    agree(program)


KINDS = st.sampled_from(["append", "insert", "set", "del", "pop", "slice"])
EDITS = st.lists(st.tuples(KINDS, st.integers(-4, 4), st.integers(0, 99)), max_size=12)


@given(EDITS, st.sampled_from([Sequential, ModuleList]))
def test_rows_do_what_lists_do(edits, kind) -> None:
    """Whatever is done to them, in whatever order."""
    row, model = kind(), []
    for edit, index, number in edits:
        module = Module()
        module.number = number
        fits = -len(model) <= index < len(model)
        if edit == "append":
            row.append(module)
            model.append(number)
        elif edit == "insert" and -len(model) <= index <= len(model):
            row.insert(index, module)
            model.insert(index, number)
        elif edit == "set" and fits:
            row[index] = module
            model[index] = number
        elif edit == "del":
            del row[index:]
            del model[index:]
        elif edit == "pop" and fits:
            assert row.pop(index).number == model.pop(index)
        elif edit == "slice":
            row, model = row[::-1], model[::-1]
        assert [each.number for each in row] == model
        assert [row[i].number for i in range(-len(row), len(row))] == model * 2
        assert len(names(row)) == len(row) == len(model)


# ---------------------------------------------------------------------------------------------- by name


def test_module_dict() -> None:
    def program(m):
        modules = layers(m)
        net = m.nn.ModuleDict({"b": modules[0], "a": modules[1]})
        net["c"] = modules[2]
        net.update([("a", modules[3]), ["d", modules[1]]])
        net.update(m.nn.ModuleDict({"e": modules[0]}))
        seen = [list(net), list(net.keys()), shifts(net.values()), [name for name, _ in net.items()], len(net)]
        seen += ["a" in net, "z" in net, net["a"] is modules[3], list(net.state_dict()), repr(net)]
        del net["b"]
        seen += [shifts([net.pop("c")]), list(net)]
        net.clear()
        return seen, list(net), repr(net), list(net.parameters())

    agree(program)


@pytest.mark.parametrize("action", ["get", "del", "pop"])
@pytest.mark.parametrize("key", ["z", "train"])
def test_a_key_that_is_not_there(action, key) -> None:
    def program(m):
        net = m.nn.ModuleDict({"a": affine(m)})
        if action == "get":
            net[key]
        elif action == "del":
            del net[key]
        else:
            net.pop(key)

    assert str(agree(program)) == repr(key)


def test_get_of_a_module_dict() -> None:
    net = ModuleDict({"a": Module()})
    assert net.get("a") is net["a"]
    assert net.get("z", 5) == 5


def test_names_that_a_module_uses_itself_are_refused() -> None:
    error = agree(lambda m: m.nn.ModuleDict({"keys": affine(m)}))
    assert "ModuleDict.register_module: module name will not do: attribute 'keys' already exists" in str(error)


WRONG_UPDATES = {
    "ModuleDict.update: should be called with an iterable of key/value pairs, but got int": 5,
    "ModuleDict.update: sequence element #1 should be Iterable; is int": [("a", None), 3],
    "ModuleDict.update: sequence element #0 has length 3; 2 is required": ["abc"],
}


@pytest.mark.parametrize("text", WRONG_UPDATES)
def test_wrong_updates(text) -> None:
    assert str(agree(lambda m: m.nn.ModuleDict(WRONG_UPDATES[text]))) == text
