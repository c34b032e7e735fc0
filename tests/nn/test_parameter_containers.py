"""Parameters in a row and by name."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import minideep as md
from minideep.nn import Parameter, ParameterDict, ParameterList
from tests.support import agree


def described(container) -> str:
    return repr(container).replace("minideep.", "torch.").replace("torch.FloatTensor", "torch.float32")


def test_parameter_list() -> None:
    def program(m):
        own = m.nn.Parameter(m.ones(2))
        row = m.nn.ParameterList([own, m.zeros(3)])
        row.append(m.ones(()))
        row += [m.ones(1, 2), "text"]
        row[1] = m.ones(4)
        row[0].sum().backward()
        kinds = [type(each).__name__ for each in row]
        part = row[1:3]
        found = row[0] is own, row[-1], len(row), own in list(row), own.grad
        return (
            kinds,
            found,
            [n for n, _ in row.named_parameters()],
            [n for n, _ in part.named_parameters()],
            described(row),
        )

    agree(program)


def test_lists_can_shrink() -> None:
    row = ParameterList([md.zeros(1), md.ones(1), "text"])
    assert row.pop(-1) == "text"
    del row[0]
    assert [p.item() for p in row] == [1]
    assert [name for name, _ in row.named_parameters()] == ["0"]
    row.insert(0, md.zeros(1))
    assert [p.item() for p in row] == [0, 1]
    row.clear()
    assert len(row) == 0
    assert list(row.parameters()) == []


@pytest.mark.parametrize("sizes", [(), ((2,),), ((), (2, 3))], ids=str)
def test_repr_of_a_list(sizes) -> None:
    agree(lambda m: described(m.nn.ParameterList([m.ones(size) for size in sizes])))


@pytest.mark.parametrize("values", [5, "tensor"])
def test_a_list_is_made_of_an_iterable(values) -> None:
    def program(m):
        m.nn.ParameterList(m.ones(2) if values == "tensor" else values)

    assert str(agree(program)).startswith("ParameterList.extend: should be called with an iterable, but got ")


@pytest.mark.parametrize("kind", ["ParameterList", "ParameterDict"])
def test_they_are_not_called(kind) -> None:
    error = agree(lambda m: getattr(m.nn, kind)()(m.ones(2)))
    assert str(error) == f"{kind}: should not be called; its entries are for the forward of a module"


def test_parameter_dict() -> None:
    def program(m):
        own = m.nn.Parameter(m.ones(2))
        named = m.nn.ParameterDict({"b": own, "a": m.zeros(3), "c": 3})
        seen = [list(named), list(named.keys()), len(named), "a" in named, "z" in named, described(named)]
        named["d"] = m.ones(1)
        named.update(OrderedDict(z=m.ones(1), y=m.ones(2)))
        named.update([("x", m.ones(3))])
        seen += [list(named), list(reversed(named)), [n for n, _ in named.named_parameters()]]
        seen += [named.setdefault("d") is named["d"], named.setdefault("e"), named.get("c"), named.get("q", 7)]
        seen += [named.pop("c"), named.popitem()[0], named.popitem()[0], list(named.state_dict())]
        twin = named.copy()
        del named["a"]
        seen += [list(twin), list(named), twin["b"] is own, [n for n, _ in named.items()], len(list(named.values()))]
        seen += [list(named.fromkeys("kl", 1).items()), list(twin | m.nn.ParameterDict({"new": m.ones(1)}))]
        twin |= m.nn.ParameterDict({"newer": m.ones(1)})
        seen += [list(twin)]
        named.clear()
        return seen, list(named), list(named.parameters())

    agree(program)


def test_keys_are_strings() -> None:
    error = agree(lambda m: m.nn.ParameterDict([(5, m.ones(1))]))
    assert str(error) == "ParameterDict: expected a string as key, but got 5"


@pytest.mark.parametrize("action", [ParameterDict.__getitem__, ParameterDict.__delitem__, ParameterDict.pop])
def test_keys_that_are_not_there(action) -> None:
    named = ParameterDict({"a": Parameter(md.ones(1))})
    with pytest.raises(KeyError, match="'forward'"):
        action(named, "forward")
