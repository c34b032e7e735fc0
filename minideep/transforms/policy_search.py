"""Learning a policy for AutoAugment: by policy gradients, as its authors did, with tables in place of a network."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Generator
from .auto_augment import NAMES
from .functional.random import random_stream
from .policies import MAGNITUDES, Policy, checked

__all__ = ["PolicySearch"]

_PROBABILITIES = 11  # 0, 0.1, …, 1
_RECENT = 10  # rewards to compare with: older ones flatter what has been learned since


class PolicySearch:
    """A policy that learns from rewards: `ask` for one to try, `tell` how well a network did with it.

    Every step of every sub-policy has three tables of logits: for its operation, its probability and its magnitude.
    `ask` draws from their softmax; `tell` adds lr · A · ∂log P(policy) (REINFORCE, Williams 1992), where A says how
    much better the reward was than the last ones, in their standard deviations.

    >>> search = PolicySearch(sub_policies=1, generator=Generator().manual_seed(0))
    >>> policy = search.ask()
    >>> search.tell(policy, reward=0.9)
    >>> search.best(1) == policy
    True
    """

    def __init__(
        self, sub_policies: int = 5, steps: int = 2, lr: float = 0.3, *, generator: Generator | None = None
    ) -> None:
        if sub_policies < 1 or steps < 1:
            raise ValueError(
                f"PolicySearch: needs at least one sub-policy of one step, but got {sub_policies}, {steps}"
            )
        self.lr, self.generator = lr, generator
        self.logits = [np.zeros((sub_policies, steps, n)) for n in (len(NAMES), _PROBABILITIES, MAGNITUDES)]
        self.history: list[tuple[float, Policy]] = []

    def ask(self) -> Policy:
        """A policy drawn from what has been learned so far."""
        stream = random_stream("PolicySearch", self.generator)
        # The largest of logits + Gumbel noise is the i-th with probability softmax(logits)ᵢ.
        names, ps, magnitudes = ((table + stream.gumbel(size=table.shape)).argmax(axis=-1) for table in self.logits)
        steps = np.stack([names, ps, magnitudes], axis=-1).tolist()
        return tuple(tuple((NAMES[i], p / (_PROBABILITIES - 1), m) for i, p, m in row) for row in steps)

    def tell(self, policy: Any, reward: float) -> None:
        """Make a policy more likely, if it earned more than those before it, else less."""
        policy = checked(policy, NAMES)
        shape = self.logits[0].shape[:2]
        if {len(steps) for steps in policy} != {shape[1]} or len(policy) != shape[0]:
            raise ValueError(f"PolicySearch: expected a policy of {shape[0]} sub-policies of {shape[1]} steps")
        before = [reward for reward, _ in self.history[-_RECENT:]]
        self.history.append((float(reward), policy))
        if len(before) < 2 or np.std(before) == 0:
            return
        advantage = (reward - np.mean(before)) / np.std(before)
        taken = np.array(
            [[(NAMES.index(name), round(p * (_PROBABILITIES - 1)), m or 0) for name, p, m in steps] for steps in policy]
        )
        for table, which in zip(self.logits, np.moveaxis(taken, -1, 0), strict=True):
            chances = np.exp(table - table.max(axis=-1, keepdims=True))
            chances /= chances.sum(axis=-1, keepdims=True)
            table += self.lr * advantage * ((which[..., None] == np.arange(table.shape[-1])) - chances)

    def best(self, count: int = 5) -> Policy:
        """The sub-policies of the `count` policies that earned most, as one policy: what the authors trained with."""
        if not self.history:
            raise RuntimeError("PolicySearch: nothing has been tried; ask() for a policy and tell() its reward first")
        ranked = sorted(self.history, key=lambda trial: trial[0], reverse=True)
        return tuple(sub_policy for _, policy in ranked[:count] for sub_policy in policy)

    def state_dict(self) -> dict[str, Any]:
        """All that was learned, as arrays, lists, texts and numbers."""
        return {"logits": [table.copy() for table in self.logits], "history": list(self.history)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from what `state_dict` gave."""
        shapes = [np.shape(table) for table in state["logits"]]
        if shapes != [table.shape for table in self.logits]:
            raise ValueError(f"PolicySearch: the state is of tables {shapes}, not {[t.shape for t in self.logits]}")
        self.logits = [np.array(table) for table in state["logits"]]
        self.history = [(float(reward), checked(policy, NAMES)) for reward, policy in state["history"]]
