"""Policies as data, and one that is learned."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

import minideep as md
from minideep import transforms as T
from minideep.transforms.auto_augment import OPERATIONS

from .pictures import noise


@pytest.mark.parametrize("name", ["imagenet", "cifar10", "svhn"])
def test_published_policies(name: str) -> None:
    policies = T.AutoAugment(name).policies
    assert policies == T.AutoAugment(T.AutoAugmentPolicy(name)).policies
    assert len(policies) == 25
    assert {len(steps) for steps in policies} == {2}
    assert Counter(n for steps in policies for n, _, _ in steps)["Equalize"] > 5


def test_a_policy_survives_as_json() -> None:
    policies = T.AutoAugment("svhn").policies
    text = json.dumps(policies)
    x = md.tensor(noise(32, 3, 12, 12))
    again = T.AutoAugment(json.loads(text), generator=md.Generator().manual_seed(0))
    assert again.policies == policies
    original = T.AutoAugment("svhn", generator=md.Generator().manual_seed(0))
    np.testing.assert_array_equal(again(x).numpy(), original(x).numpy())


def test_what_a_policy_looks_like() -> None:
    assert repr(T.AutoAugment([[("Invert", 1, None)]])) == "AutoAugment(policy=1 sub-policies, fill=None)"
    inverted = T.AutoAugment([[("Invert", 1, None)]])(np.full((2, 2), 250, np.uint8))
    assert inverted.tolist() == [[5, 5], [5, 5]]


def test_translations_are_by_whole_pixels() -> None:
    img = np.arange(1, 9).reshape(1, 8)
    how = {"interpolation": "nearest", "fill": None}
    for strength, first in ((2.9, 0), (-2.9, 3), (0.6, 1)):
        moved = OPERATIONS["TranslateX"](img, np.array([strength]), how)
        assert moved[0, 0] == first
        assert (moved == 0).sum() == int(abs(strength))


def test_the_search_finds_what_is_rewarded() -> None:
    """One operation, at low probability: the search must come to ask for nothing else."""
    search = T.PolicySearch(2, generator=md.Generator().manual_seed(0))
    for _ in range(400):
        policy = search.ask()
        steps = [step for steps in policy for step in steps]
        search.tell(policy, np.mean([(name == "Rotate") + (p < 0.35) for name, p, _ in steps]))
    late = [reward for reward, _ in search.history[-50:]]
    early = [reward for reward, _ in search.history[:50]]
    assert np.mean(early) < 0.8
    assert np.mean(late) > 1.6
    assert {name for steps in search.best() for name, _, _ in steps} == {"Rotate"}
    T.AutoAugment(search.best())(md.zeros(4, 3, 8, 8))


def test_the_search_goes_on_where_it_was() -> None:
    first = T.PolicySearch(1, generator=md.Generator().manual_seed(0))
    for reward in (0.1, 0.7, 0.4, 0.9):
        first.tell(first.ask(), reward)
    state = json.loads(json.dumps(first.state_dict(), default=lambda table: table.tolist()))
    second = T.PolicySearch(1, generator=md.Generator())
    second.load_state_dict(state)
    second.generator.set_state(first.generator.get_state())
    assert second.ask() == first.ask()
    assert second.best() == first.best()


def test_equal_rewards_teach_nothing() -> None:
    search = T.PolicySearch(generator=md.Generator().manual_seed(0))
    for _ in range(5):
        search.tell(search.ask(), 0.5)
    assert all((table == 0).all() for table in search.logits)
