"""Parameters: tensors of a class of their own, whatever becomes of them."""

from __future__ import annotations

import copy
import pickle

import pytest

import minideep as md
from minideep.nn import Parameter
from tests.support import agree


def test_a_parameter_shares_memory_and_is_a_leaf() -> None:
    def program(m):
        data = m.arange(3.0, requires_grad=True) * 2.0
        p = m.nn.Parameter(data)
        with m.no_grad():
            p.add_(1.0)
        return p.is_leaf, p.requires_grad, data, m.nn.Parameter(m.ones(2), requires_grad=False).requires_grad

    agree(program)


def test_results_of_ops_are_plain_tensors() -> None:
    p = Parameter(md.ones(2))
    for result in (p * 2, p.detach(), p.data, p.clone(), p[0], p.view(2, 1), md.ones(2) + p):
        assert type(result) is md.Tensor


def test_without_data_a_parameter_is_empty() -> None:
    agree(lambda m: m.nn.Parameter().shape == (0,))


def test_repr() -> None:
    assert repr(Parameter(md.tensor([1.0]))) == "Parameter containing:\ntensor([1.], requires_grad=True)"
    agree(lambda m: repr(m.nn.Parameter(m.ones(2, 2), requires_grad=False)))


@pytest.mark.parametrize("way", [copy.deepcopy, copy.copy, lambda p: pickle.loads(pickle.dumps(p))])
def test_copies_are_parameters(way) -> None:
    def program(m):
        p = m.nn.Parameter(m.tensor([1.0, 2.0], dtype=m.float64), requires_grad=False)
        return way(p)

    assert type(agree(program)) is Parameter


def test_a_deep_copy_leaves_the_gradient_behind() -> None:
    def program(m):
        p = m.nn.Parameter(m.ones(2, dtype=m.float64))
        (p * 3.0).sum().backward()
        copied = copy.deepcopy([p, p])
        with m.no_grad():
            copied[0].mul_(5.0)
        return copied[0] is copied[1], copied[0], copied[0].grad is None, p

    agree(program)


def test_only_tensors_become_parameters() -> None:
    with pytest.raises(TypeError, match="Parameter: argument 'data' must be a Tensor, not list; make one with"):
        Parameter([1.0, 2.0])


def test_integers_cannot_be_learnt() -> None:
    assert "only Tensors of floating point dtype" in str(agree(lambda m: m.nn.Parameter(m.ones(2, dtype=m.int64))))
