"""detect_anomaly names the first op that made a NaN or an Inf, and the line that called it."""

from __future__ import annotations

import contextlib
import inspect

import pytest

import minideep as md
from minideep.autograd.anomaly import anomaly
from tests.support import agree


def test_forward_names_the_op_and_the_line() -> None:
    x = md.tensor([1.0, 0.0])
    with md.detect_anomaly(), pytest.raises(RuntimeError) as caught:
        md.log(x)
    line = f"test_anomaly.py:{inspect.currentframe().f_lineno - 1}"
    assert str(caught.value) == f"log: the forward pass made inf values in its result, at {line}"


def test_forward_tells_nan_from_inf() -> None:
    with md.detect_anomaly():
        with pytest.raises(RuntimeError, match=r"^sqrt: the forward pass made nan values"):
            md.tensor([4.0, -1.0]).sqrt()
        with pytest.raises(RuntimeError, match=r"^div: the forward pass made inf values"):
            md.ones(2) / md.zeros(2)


def test_only_the_first_op_is_blamed() -> None:
    """What goes on with a NaN that came in is not at fault."""
    x = md.tensor([float("nan"), 1.0])
    with md.detect_anomaly():
        assert (x * 2.0 + 1.0).exp().isnan().tolist() == [True, False]


def test_backward_names_the_op_and_its_forward_line() -> None:
    x = md.tensor([0.0, 4.0], requires_grad=True)
    with md.detect_anomaly():
        y = x.sqrt()
        line = f"test_anomaly.py:{inspect.currentframe().f_lineno - 1}"
        with pytest.raises(RuntimeError) as caught:
            y.sum().backward()
    assert str(caught.value) == (
        f"sqrt: the backward pass returned inf values in the gradient of input 0; the forward call is at {line}"
    )
    assert x.grad is None


def test_backward_says_which_input() -> None:
    x, y = md.ones(2, requires_grad=True), md.tensor([1.0, 1e-30], requires_grad=True)
    with md.detect_anomaly(), pytest.raises(RuntimeError, match=r"^div: .*inf values in the gradient of input 1"):
        (x * 1e-10 / y).sum().backward()


def test_both_libraries_refuse_a_nan_on_the_way_back() -> None:
    def program(m):
        x = m.tensor([0.0, 1.0], requires_grad=True)
        with m.autograd.detect_anomaly():
            (x.sqrt() * 0.0).sum().backward()

    assert "sqrt" in str(agree(program))


def test_a_forward_pass_outside_is_told_apart() -> None:
    x = md.tensor([0.0], requires_grad=True)
    y = x.sqrt()
    with md.detect_anomaly(), pytest.raises(RuntimeError, match=r"an unknown line \(made outside detect_anomaly\)"):
        y.backward()


def test_gradients_of_gradients_are_checked() -> None:
    x = md.tensor([0.0], dtype=md.float64, requires_grad=True)
    (g,) = md.autograd.grad((x * x).sqrt().sum() * 0.0 + (x * x).sum(), x, create_graph=True, allow_unused=True)
    with md.detect_anomaly(), pytest.raises(RuntimeError, match="the backward pass returned"):
        md.autograd.grad(g, x, create_graph=True)


def test_a_cotangent_that_is_bad_already_blames_nobody() -> None:
    x = md.tensor([1.0, 2.0], requires_grad=True)
    with md.detect_anomaly():
        (x * 2.0).backward(md.tensor([float("inf"), 1.0]))
    assert x.grad.tolist() == [float("inf"), 2]


def test_gradients_of_parts_are_checked() -> None:
    x = md.tensor([0.0, 4.0], requires_grad=True)
    with md.detect_anomaly(), pytest.raises(RuntimeError, match="sqrt: the backward pass"):
        (x[0] + x[:1].sqrt() + x[1:]).sum().backward()


def test_outside_nothing_is_checked() -> None:
    with md.detect_anomaly():
        pass
    assert md.log(md.zeros(1)).item() == -float("inf")


def test_nesting_and_exceptions_restore_what_was_before() -> None:
    with md.detect_anomaly():
        with contextlib.suppress(KeyError), md.detect_anomaly():
            raise KeyError
        assert anomaly.enabled
    assert not anomaly.enabled


def test_lines_are_forgotten_with_their_nodes() -> None:
    known = len(anomaly.lines)
    with md.detect_anomaly():
        y = md.ones(2, requires_grad=True).exp()
        assert len(anomaly.lines) > known
        del y
    assert len(anomaly.lines) == known


def test_integers_are_never_anomalous() -> None:
    with md.detect_anomaly():
        assert (md.tensor([1, 2]) + 1).tolist() == [2, 3]
