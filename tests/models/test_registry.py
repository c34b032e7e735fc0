"""The table of models, and how weights get into them, or do not."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import minideep
from minideep import models, nn
from minideep.models import registry


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A model of the table that is small."""
    monkeypatch.setattr(registry, "MODELS", dict(registry.MODELS))

    @registry.register("paper", 1958, parameters=15)
    def small(num_classes: int = 3, **kwargs: Any) -> nn.Sequential:
        return nn.Sequential(OrderedDict(body=nn.Linear(2, 2), head=nn.Linear(2, num_classes)))

    return small


def test_a_constructor_is_found_by_its_name(small: Any) -> None:
    assert registry.MODELS["small"].published == registry.Published("paper", 1958, parameters=15)
    assert models.get_model("small", num_classes=7).head.out_features == 7
    assert models.get_model("Small").head.out_features == 3


def test_a_constructor_says_what_it_takes(small: Any) -> None:
    assert list(inspect.signature(small).parameters) == ["weights", "progress", "kwargs"]
    with pytest.raises(TypeError, match=r"small: there is no argument 'pretrained'; weights= takes the path of a file"):
        small(pretrained=True)


def test_names_are_listed_by_pattern(small: Any) -> None:
    assert models.list_models() == sorted(registry.MODELS)
    assert models.list_models("vgg1?") == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert models.list_models("vgg1") == models.list_models("*VGG1*") == models.list_models("vgg1*")
    assert models.list_models("mall") == [name for name in sorted(registry.MODELS) if "mall" in name]
    assert models.list_models("nothing like it") == []


def test_an_unknown_name_is_told_its_nearest() -> None:
    with pytest.raises(ValueError, match=r"^get_model: there is no model 'vgg61'; did you mean .*vgg16.*\?$"):
        models.get_model("vgg61")
    with pytest.raises(ValueError, match=r"^get_model: there is no model 'mlp-mixer'; list_models\(\) has all names$"):
        models.get_model("mlp-mixer")


# ---------------------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("wrapped", [lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": s}])
def test_weights_come_from_a_file_or_a_state_dict(small: Any, tmp_path: Any, wrapped: Any) -> None:
    first = small()
    minideep.save(wrapped(dict(first.state_dict())), tmp_path / "small.safetensors")
    for weights in (wrapped(first.state_dict()), str(tmp_path / "small.safetensors"), tmp_path / "small.safetensors"):
        second = small(weights=weights, progress=False)
        for name, tensor in second.state_dict().items():
            assert np.array_equal(tensor.numpy(), first.state_dict()[name].numpy())


def test_what_is_loaded_is_not_drawn_before(small: Any) -> None:
    state = small().state_dict()
    minideep.manual_seed(3)
    small(weights=state)
    after = minideep.rand(4)
    minideep.manual_seed(3)
    assert (minideep.rand(4) == after).all()


def test_a_file_that_is_not_there(small: Any) -> None:
    with pytest.raises(FileNotFoundError, match=r"small: weights: there is no file 'DEFAULT'; nothing is downloaded"):
        small(weights="DEFAULT")


def test_another_number_of_classes_is_refused(small: Any) -> None:
    with pytest.raises(RuntimeError) as error:
        small(weights=small(num_classes=5).state_dict())
    header, weight, bias = str(error.value).splitlines()
    assert header == "small: the weights are of another network (it has num_classes=5):"
    assert weight.startswith("\tsize mismatch for head.weight: copying a param with shape (5, 2) from checkpoint")
    assert bias.startswith("\tsize mismatch for head.bias: copying a param with shape (5,) from checkpoint")


def test_another_architecture_is_refused_with_the_first_differences(small: Any) -> None:
    state = {f"layer{number}.weight": minideep.zeros(2) for number in range(50)}
    with pytest.raises(RuntimeError) as error:
        small(weights=state)
    header, missing, unexpected = str(error.value).splitlines()
    assert header == "small: the weights are of another network:"
    assert missing == '\tMissing key(s) in state_dict: "body.weight", "body.bias", "head.weight", "head.bias".'
    assert unexpected.startswith('\tUnexpected key(s) in state_dict: "layer0.weight", ')
    assert unexpected.endswith(" …")
    assert len(unexpected) < 250


def test_of_many_differences_the_first_are_shown(small: Any) -> None:
    state = {name: minideep.zeros(9) for name in small().state_dict()} | {"head.extra": minideep.zeros(1)}
    with pytest.raises(RuntimeError, match=r"(?s)num_classes=9.*size mismatch for head.weight.*\t… and 1 more$"):
        small(weights=state)


def test_what_is_no_state_dict(small: Any) -> None:
    with pytest.raises(TypeError, match="load_state_dict: expected state_dict to be dict-like"):
        small(weights=[1, 2])


# ---------------------------------------------------------------------------------------------- the front door


def test_models_are_imported_when_they_are_first_asked_for() -> None:
    code = """
import sys, minideep
before = "minideep.models" in sys.modules
print(before, minideep.models.vgg11.__name__, minideep.summary is minideep.models.summary, minideep.transforms.__name__)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "vgg11", "True", "minideep.transforms"]
    with pytest.raises(AttributeError, match=r"^minideep: module 'minideep' has no attribute 'modles'$"):
        minideep.modles  # noqa: B018
