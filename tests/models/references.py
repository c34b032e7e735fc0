"""Where the models come from that ours are to equal, and what is kept of them in `reference/`."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
import types
import warnings
from functools import cache
from pathlib import Path
from typing import Any

from minideep import models
from minideep.models.registry import MODELS
from minideep.nn import init

FOLDER = Path(__file__).parent / "reference"
NO_LIBRARIES = "torchvision and timm are not installed: pip install --no-deps torchvision==0.28.* timm"

# What a model is given, here and there, so that it can be measured on images of this many pixels a side.
SIDES = {"densenet": 32, "resnet_attention": 56, "vgg": 32, "vision_transformer": 224, "vit_timm": 224}
# By how much norms multiply there, in networks in which signals would grow with each block, and rounding with them.
GAINS = {"efficientnet": 0.7}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "googlenet": {"init_weights": False},
    "efficientnet": {"stochastic_depth_prob": 0.0},
    "convnext": {"stochastic_depth_prob": 0.0},
}


def family(name: str) -> str:
    """The file of the models that a name stands in."""
    return MODELS[name].constructor.__module__.rsplit(".", 1)[-1]


def side(name: str) -> int:
    return SIDES.get(family(name), min(64, MODELS[name].published.input_size[1]))


def conditions(name: str) -> dict[str, Any]:
    """The arguments of `measure` for a model and its reference."""
    channels = MODELS[name].published.input_size[0]
    return {"side": side(name), "channels": channels, "gain": GAINS.get(family(name), 1.0)}


def ours(name: str) -> Any:
    with init.skipped():
        return models.get_model(name, **ARGUMENTS.get(family(name), {}))


@cache
def expected(family: str) -> dict[str, Any]:
    """Of each model of a family, what `measure` and `multiplications` said of the reference."""
    with gzip.open(FOLDER / f"{family}.json.gz", "rt") as file:
        return json.load(file)


# ---------------------------------------------------------------------------------------------- the libraries


@cache
def library(name: str) -> Any:
    """torchvision or timm, or ImportError. The build for torch without a GPU has its compiled ops missing, of which the
    models need none: without the file that describes them they are not missed."""
    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module({"torchvision": "torchvision.models"}.get(name, name))


def reference(name: str) -> Any:
    """The PyTorch model of that name."""
    source, arguments = MODELS[name].published.source, ARGUMENTS.get(family(name), {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if source == "torchvision":
            return library("torchvision").get_model(name, weights=None, **arguments)
        originals = importlib.import_module("tests.models.originals")
        if hasattr(originals, name):
            return getattr(originals, name)(**arguments)
        return library(source).create_model(name, **arguments)


def multiplications(name: str) -> int:
    """For one image of the published size, as PyTorch counts those of its ops; on tensors without memory."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"), torch.no_grad(), FlopCounterMode(display=False) as counter:
        reference(name).eval()(torch.empty(1, *MODELS[name].published.input_size))
    return counter.get_total_flops() // 2
