"""Every layer in each dtype, in which it stays, and on arrays as unforgiving as those of a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep as md
from gradcheck import strict
from tests.nn.cases import CASES, Case
from tests.nn.running import made, step

strict.register()


def tensors(outcome: Any) -> list[Any]:
    """All that a step gives: results, gradients, state."""
    return [x for part in outcome for x in part if x is not None]


def run(case: Case, dtype: str = "float64", device: str = "cpu") -> list[Any]:
    md.manual_seed(0)
    module = made(case, md, dtype, device)
    return [x for mode in case.modes for x in tensors(step(module.train(mode == "train"), case, md, dtype, device))]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_dtypes_stay(case: Case) -> None:
    """Results, gradients and buffers; and few digits make a rough result, not another one."""
    exact = run(case)
    for dtype, tolerance in (("float32", 1e-5), ("float16", 0.05)):
        for rough, x in zip(run(case, dtype), exact, strict=True):
            assert rough.dtype == (np.dtype(dtype) if x.is_floating_point() else x.dtype)
            allowed = tolerance * (1 + np.abs(x.numpy()).max(initial=0))
            np.testing.assert_allclose(rough.numpy().astype(np.float64), x.numpy(), atol=allowed)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_on_a_device(case: Case) -> None:
    for there, x in zip(run(case, device="strict"), run(case), strict=True):
        assert str(there.device) == "strict"
        np.testing.assert_allclose(there.cpu().numpy(), x.numpy(), rtol=1e-9, atol=1e-12)
