"""DARTS: from alphas to a genotype to a network; beside PyTorch, in a small size."""

from __future__ import annotations

import numpy as np
import pytest

import minideep as md
from minideep.models import DARTS_V2, darts, darts_search
from minideep.models.darts_cells import OPERATIONS, MixedOp
from minideep.nn import functional as F
from tests.models.measuring import measure
from tests.support import needs_torch, torch

SMALL = {"init_channels": 4, "layers": 3}


@needs_torch
@pytest.mark.parametrize("make", [darts_search, darts])
def test_small_networks_equal_pytorchs(make) -> None:
    from tests.models.darts_original import Network

    ours = measure(make(**SMALL), md, 16)
    theirs = measure(Network(4, 3, make is darts_search), torch, 16)
    assert ours["state"] == theirs["state"]
    for what in ("logits", "loss", "gradients", "buffers"):
        np.testing.assert_allclose(ours[what], theirs[what], rtol=1e-7, atol=1e-9)


# ---------------------------------------------------------------------------------------------- searching


def test_alphas_are_parameters_apart() -> None:
    model = darts_search(**SMALL)
    assert [p.shape for p in model.arch_parameters()] == [(14, 8)] * 2
    assert model.alphas_normal.std().item() == pytest.approx(1e-3, rel=0.3)
    ids = [id(p) for p in (*model.arch_parameters(), *model.weight_parameters())]
    assert sorted(ids) == sorted(map(id, model.parameters()))


def test_a_mixed_operation_is_a_weighted_sum() -> None:
    mixed, x = MixedOp(4, 1).eval(), md.randn(2, 4, 6, 6)
    for number, name in enumerate(OPERATIONS):
        alone = mixed(x, F.one_hot(md.tensor(number), len(OPERATIONS)).float())
        expected = {"none": md.zeros(2, 4, 6, 6), "skip_connect": x}.get(name, mixed._ops[number](x))
        np.testing.assert_allclose(alone.detach().numpy(), expected.detach().numpy(), atol=1e-6)


def test_genotype() -> None:
    """Of each node the two edges with the strongest operations, the stronger first; 'none' never counts."""
    model = darts_search(**SMALL)
    names, alphas = list(OPERATIONS), np.zeros((14, 8), np.float32)
    alphas[:, 0] = 50.0
    wanted = [("sep_conv_5x5", 1), ("max_pool_3x3", 0), ("skip_connect", 2), ("dil_conv_3x3", 0),
              ("avg_pool_3x3", 3), ("sep_conv_3x3", 1), ("dil_conv_5x5", 4), ("sep_conv_3x3", 2)]  # fmt: skip
    for place, (name, before) in enumerate(wanted):
        first = [0, 2, 5, 9][place // 2]
        alphas[first + before, 0] = 0.0
        alphas[first + before, names.index(name)] = 4.0 - place % 2
    model.alphas_reduce.data = md.tensor(alphas)
    genotype = model.genotype()
    assert genotype.reduce == wanted
    assert genotype.reduce_concat == genotype.normal_concat == (2, 3, 4, 5)
    model.alphas_normal.data = md.zeros(14, 8)
    first = [("max_pool_3x3", 0), ("max_pool_3x3", 1)]
    assert model.genotype().normal == first * 4


def test_the_genotype_is_a_network() -> None:
    search = darts_search(**SMALL, steps=3, multiplier=2, num_classes=6)
    genotype = search.genotype()
    assert len(genotype.normal) == 6
    assert genotype.normal_concat == (3, 4)
    network = darts(genotype=genotype, **SMALL, num_classes=6)
    images = md.randn(2, 3, 16, 16)
    assert search(images).shape == network(images).shape == (2, 6)


def test_descent_finds_the_operation_that_helps() -> None:
    """Trained on all samples at once, the alphas raise the chance of what lowers the loss."""
    md.manual_seed(0)
    model = darts_search(init_channels=2, layers=3)
    images, labels = md.randn(8, 3, 8, 8), md.arange(8)
    optimizer = md.optim.Adam(model.arch_parameters(), lr=0.1)
    losses = []
    for _ in range(6):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


# ---------------------------------------------------------------------------------------------- what was found


def test_an_auxiliary_head_speaks_in_training() -> None:
    network = darts(**SMALL, auxiliary=True)
    images = md.randn(2, 3, 32, 32)
    logits, auxiliary = network(images)
    assert logits.shape == auxiliary.shape == (2, 10)
    assert network.eval()(images).shape == (2, 10)
    assert sum(name.startswith("auxiliary_head.features") for name, _ in network.named_parameters()) == 6


def test_paths_are_dropped_in_training() -> None:
    network, images = darts(**SMALL, drop_path_prob=0.5), md.randn(4, 3, 16, 16)
    assert network.drop_path.drop_prob == 0.5
    assert (network(images) != network(images)).any()
    network.drop_path.drop_prob = 0.0
    assert (network(images) == network(images)).all()


def test_identities_are_never_dropped() -> None:
    genotype = DARTS_V2._replace(normal=[("skip_connect", 0), ("skip_connect", 1)] * 4)
    normal = darts(genotype=genotype, init_channels=4, layers=5).cells[0]
    x, everything = md.randn(2, 12, 4, 4), md.nn.DropPath(1.0)
    assert (normal(x, x, everything) == normal(x, x, md.nn.Identity())).all()
    operations = darts(init_channels=4, layers=5).cells[0]
    assert not operations(x, x, everything)[:, :4].any()


def test_operations_that_there_are_not() -> None:
    genotype = DARTS_V2._replace(reduce=[("conv_9x9", 0), ("none", 1)])
    with pytest.raises(
        ValueError, match=r"Genotype: expected operations out of none, max_pool_3x3, .*, but got 'conv_9x9'"
    ):
        darts(genotype=genotype, **SMALL)
