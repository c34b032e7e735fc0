"""Every model equals its reference: state, logits, loss, gradients, running statistics, number of multiplications.

What the references gave is kept in `reference/`, so that these tests run without them; where torchvision and timm are
installed, it is tested that they still give it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minideep
from minideep.models.registry import MODELS
from tests.models import references
from tests.models.measuring import entries, measure
from tests.support import NO_TORCH

# One of each kind is measured in every run: the rest, which are more of the same, with the slow tests.
QUICK: set[str] = set(
    "resnet18 resnetv2_50 resnest50d resnet20 plain20 lenet5 densenet121 googlenet mobilenetv1_100 mobilenet_v2 "
    "mobilenet_v3_small efficientnet_b0 regnety_002 convnext_tiny vit_tiny_patch16_224".split()
)
measured = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in MODELS]


def expected(name: str) -> dict[str, Any]:
    return references.expected(references.family(name))[name]


@pytest.mark.parametrize("name", MODELS)
def test_same_state(name: str) -> None:
    assert entries(references.ours(name)) == expected(name)["state"]


@pytest.mark.parametrize("name", measured)
def test_same_results(name: str) -> None:
    """In float64, to 1e-8 in evaluation and 1e-6 in training."""
    found = measure(references.ours(name), minideep, **references.conditions(name))
    same(found, expected(name))


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found["state"] == wanted["state"]
    near(found["logits"], wanted["logits"], 1e-8)
    near(found["loss"], wanted["loss"], 1e-8)
    names = {kind: [name for name, of, _ in wanted["state"] if of == kind] for kind in ("parameter", "buffer")}
    for kind, sketches in (("parameter", "gradients"), ("buffer", "buffers")):
        largest = max((norm for _, norm in wanted[sketches]), default=1.0)
        for name, ours, theirs in zip(names[kind], found[sketches], wanted[sketches], strict=True):
            scale = theirs[1] + 1e-6 * largest  # a gradient that is 0 but for rounding is as large as rounding is
            assert np.allclose(ours, theirs, rtol=0, atol=1e-6 * scale), f"{name}: {ours} instead of {theirs}"


def near(found: Any, wanted: Any, tolerance: float) -> None:
    scale = np.abs(wanted).max()
    assert np.allclose(found, wanted, rtol=0, atol=tolerance * scale), f"{found} instead of {wanted}"


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].published.parameters])
def test_published_parameters(name: str) -> None:
    state = expected(name)["state"]
    count = sum(
        math.prod(shape) for key, kind, shape in state if kind == "parameter" and not key.startswith(("aux", "alphas"))
    )
    assert count == MODELS[name].published.parameters


@pytest.mark.parametrize("name", [name for name in MODELS if MODELS[name].published.gmacs])
def test_published_multiplications(name: str) -> None:
    """To 0.1 %, or to the digits that were published."""
    published = MODELS[name].published.gmacs
    last_digit = 0.1 ** len(str(published).split(".")[1])
    assert expected(name)["macs"] / 1e9 == pytest.approx(published, rel=1e-3, abs=0.51 * last_digit)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_the_references_still_give_what_is_kept_of_them(name: str) -> None:
    torch = pytest.importorskip("torch", reason=NO_TORCH)
    try:
        reference = references.reference(name)
    except ImportError:
        pytest.skip(references.NO_LIBRARIES)
    found = measure(reference, torch, **references.conditions(name))
    same(found, expected(name))
    assert references.multiplications(name) == expected(name)["macs"]
