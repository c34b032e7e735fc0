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

in_each_mode = pytest.mark.parametrize(
    ("case", "mode"), [pytest.param(c, mode, id=f"{c}-{mode}") for c in CASES for mode in c.modes]
)


def tensors(outcome: Any) -> list[Any]:
    """All that a step gives: results, gradients, state."""
    return [x for part in outcome for x in part if x is not None]


def run(case: Case, mode: str, dtype: str = "float64", device: str = "cpu") -> list[Any]:
    md.manual_seed(0)
    module = made(case, md, dtype, device).train(mode == "train")
    return tensors(step(module, case, md, dtype, device))


@in_each_mode
def test_dtypes_stay(case: Case, mode: str) -> None:
    """Results, gradients and buffers; and few digits make a rough result, not another one."""
    exact = run(case, mode)
    for dtype, tolerance in (("float32", 1e-5), ("float16", 0.05)):
        for rough, x in zip(run(case, mode, dtype), exact, strict=True):
            assert rough.dtype == (np.dtype(dtype) if x.is_floating_point() else x.dtype)
            allowed = tolerance * (1 + np.abs(x.numpy()).max(initial=0))
            np.testing.assert_allclose(rough.numpy().astype(np.float64), x.numpy(), atol=allowed)


@in_each_mode
def test_on_a_device(case: Case, mode: str) -> None:
    for there, x in zip(run(case, mode, device="strict"), run(case, mode), strict=True):
        assert str(there.device) == "strict"
        np.testing.assert_allclose(there.cpu().numpy(), x.numpy(), rtol=1e-9, atol=1e-12)
