"""What the catalogue cannot say of losses: shapes that PyTorch would broadcast, extreme scores, classes to ignore."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minideep as md
import minideep.nn.functional as F
from tests.support import agree

PAIRED = [
    "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "binary_cross_entropy",
    "binary_cross_entropy_with_logits", "hinge_embedding_loss",
]  # fmt: skip


@pytest.mark.parametrize("name", PAIRED)
def test_a_column_against_a_vector_is_refused(name: str) -> None:
    text = (
        f"{name}: expected input and target of the same shape, but got input (4, 1) and target (4,); make them alike "
        "with squeeze(), or target.reshape(input.shape)"
    )
    with pytest.raises((RuntimeError, ValueError), match=re.escape(text)):
        getattr(F, name)(md.ones(4, 1), md.ones(4))
    with pytest.raises((RuntimeError, ValueError), match=re.escape("input (4, 1) and target (3,)") + "$"):
        getattr(F, name)(md.ones(4, 1), md.ones(3))


def test_pairs_and_triplets_of_different_shapes_are_refused() -> None:
    x, row, target = md.ones(3, 4), md.ones(1, 4), md.ones(3)
    with pytest.raises(RuntimeError, match="cosine_embedding_loss: expected input1 and input2 of the same shape"):
        F.cosine_embedding_loss(x, row, target)
    with pytest.raises(RuntimeError, match="triplet_margin_loss: expected anchor and positive of the same shape"):
        F.triplet_margin_loss(x, row, x)
    with pytest.raises(RuntimeError, match="margin_ranking_loss: expected input1 and target of the same shape"):
        F.margin_ranking_loss(x, x, target)


def test_targets_of_integers_where_probabilities_are_wanted() -> None:
    for name in ("binary_cross_entropy", "binary_cross_entropy_with_logits"):
        text = f"{name}: expected input and target of one floating-point dtype, but got float32 and int64; convert with"
        with pytest.raises(RuntimeError, match=text):
            getattr(F, name)(md.full((2,), 0.5), md.ones(2, dtype=md.int64))


# ---------------------------------------------------------------------------------------------- cross-entropy


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_cross_entropy_of_extreme_scores(reduction: str) -> None:
    scores = [[1e30, -1e30, 0.0], [0.0, 1e30, 1.0], [-np.inf, 0.0, 1.0], [1e4, 1e4 - 1, 0.0], [88.0, 89.0, 90.0]]

    def program(m: Any) -> Any:
        x = m.tensor(scores, requires_grad=True)
        y = m.nn.functional.cross_entropy(x, m.tensor([0, 1, 2, 0, 1]), reduction=reduction)
        y.sum().backward()
        return y.detach(), x.grad

    agree(program, rtol=1e-6)


def test_cross_entropy_is_infinite_where_the_right_class_has_no_chance() -> None:
    agree(lambda m: m.nn.functional.cross_entropy(m.tensor([[0.0, -np.inf]]), m.tensor([1])))
    agree(lambda m: m.nn.functional.cross_entropy(m.tensor([[1e30, -1e30]]), m.tensor([1])))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_samples_to_ignore_leave_no_trace(smoothing: float) -> None:
    """Neither in the loss, nor in the mean, nor in gradients: not even if their scores are infinite."""

    def program(m: Any) -> Any:
        x = m.tensor([[1.0, 2.0], [-np.inf, 0.0], [0.5, 0.25]], requires_grad=True)
        y = m.nn.functional.cross_entropy(x, m.tensor([0, -100, 1]), label_smoothing=smoothing)
        y.backward()
        return y.detach(), x.grad[::2]

    agree(program, rtol=1e-6)


def test_nothing_to_take_the_mean_of() -> None:
    def program(m: Any) -> Any:
        functional = m.nn.functional
        ignored, nothing = (m.zeros(2, 3), m.tensor([-100, -100])), (m.zeros(0, 3), m.tensor([], dtype=m.int64))
        means = [
            function(*pair)
            for pair in (ignored, nothing)
            for function in (functional.cross_entropy, functional.nll_loss)
        ]
        sums = [functional.cross_entropy(*pair, reduction="sum") for pair in (ignored, nothing)]
        weightless = functional.cross_entropy(m.zeros(2, 3), m.tensor([0, 1]), m.zeros(3))
        return [*means, *sums, weightless, functional.mse_loss(m.zeros(0), m.zeros(0))]

    agree(program)


def test_half_precision_losses_are_added_up_in_single() -> None:
    rng = np.random.default_rng(0)
    x, target, classes = rng.normal(size=(5000, 8)), rng.normal(size=(5000, 8)), rng.integers(0, 8, 5000)

    def program(m: Any) -> Any:
        a, b = [m.tensor(array).to(m.float16) for array in (x, target)]
        functional = m.nn.functional
        return functional.cross_entropy(a, m.tensor(classes)), functional.mse_loss(a, b), functional.l1_loss(a, b)

    agree(program, rtol=2e-3)


def test_cross_entropy_takes_log_softmax_and_nll_loss_apart() -> None:
    x, target = md.randn(6, 4, 5, dtype=md.float64), md.randint(0, 4, (6, 5))
    together = F.cross_entropy(x, target)
    assert together.item() == pytest.approx(F.nll_loss(F.log_softmax(x, 1), target).item(), rel=1e-12)


# ---------------------------------------------------------------------------------------------- others


def test_binary_cross_entropy_bounds_its_logs_and_gradients() -> None:
    def program(m: Any) -> Any:
        x = m.tensor([0.0, 1.0, 0.0, 1.0], requires_grad=True)
        losses = m.nn.functional.binary_cross_entropy(x, m.tensor([1.0, 0.0, 0.0, 1.0]), reduction="none")
        losses.sum().backward()
        return losses.detach(), x.grad

    agree(program, rtol=1e-6)


def test_binary_cross_entropy_with_extreme_logits() -> None:
    def program(m: Any) -> Any:
        x = m.tensor([1e30, -1e30, 200.0, -200.0], requires_grad=True)
        losses = m.nn.functional.binary_cross_entropy_with_logits(x, m.tensor([1.0, 1.0, 0.0, 0.0]), reduction="none")
        losses[:3].sum().backward()
        return losses.detach(), x.grad

    agree(program)


def test_nan_is_no_probability() -> None:
    with pytest.raises(RuntimeError, match="binary_cross_entropy: all elements of input should be between 0 and 1"):
        F.binary_cross_entropy(md.tensor([np.nan]), md.tensor([1.0]))


def test_targets_of_zero_probability() -> None:
    def program(m: Any) -> Any:
        x = m.tensor([-1.0, -2.0, -3.0], requires_grad=True)
        losses = m.nn.functional.kl_div(x, m.tensor([0.0, 0.4, -1.0]), reduction="none")
        losses[:2].sum().backward()
        return losses.detach(), x.grad

    agree(program)


def test_embedding_losses_of_targets_that_are_neither() -> None:
    """As PyTorch has it: a cosine counts nothing then, a hinge both ways."""

    def program(m: Any) -> Any:
        x, target = m.tensor([[0.5, 2.0], [1.0, -1.0]]), m.tensor([0, 0])
        functional = m.nn.functional
        return (
            functional.cosine_embedding_loss(x, x, target, reduction="none"),
            functional.hinge_embedding_loss(x[0], target, reduction="none"),
        )

    agree(program)
