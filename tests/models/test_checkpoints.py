"""Files: what PyTorch saved gives PyTorch's results; heads are replaced; old files load."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minideep
from minideep import models, nn
from minideep.models.registry import MODELS
from tests.models import references
from tests.models.measuring import BATCH, NOISE, entries, values
from tests.support import NO_TORCH

QUICK = set("lenet5 resnet18 resnest50d densenet121 googlenet mobilenet_v2 vit_tiny_patch16_224".split())


def images(side: int, channels: int = 3) -> np.ndarray:
    return np.resize(NOISE, (BATCH, channels, side, side)).astype("float32")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in MODELS])
def test_float32_is_near_float64(name: str) -> None:
    """Logits to 1e-3 of the largest. In float64 they are those of the reference, which is tested elsewhere; norms add
    less here than there: else, through a hundred layers, even float32's rounding would grow beyond it."""
    model = references.ours(name).eval()
    model.load_state_dict(values(entries(model), gain=0.5))
    x = images(references.side(name), MODELS[name].published.input_size[0])
    with minideep.no_grad():
        logits = model(minideep.tensor(x))
        expected = model.double()(minideep.tensor(x.astype("float64"))).numpy()
    assert logits.dtype == minideep.float32
    assert np.abs(logits.numpy() - expected).max() < 1e-3 * np.abs(expected).max()


@pytest.mark.parametrize("ending", ["pth", "old.pth", "safetensors"])
def test_a_file_of_pytorch_gives_pytorch_s_logits(ending: str, tmp_path: Any) -> None:
    torch = pytest.importorskip("torch", reason=NO_TORCH)
    from safetensors.torch import save_file

    from tests.models import originals

    theirs = originals.resnet20().eval()
    for norm in (module for module in theirs.modules() if isinstance(module, torch.nn.BatchNorm2d)):
        norm.running_mean.normal_()
    file = tmp_path / f"resnet20.{ending}"
    if ending == "safetensors":
        save_file(theirs.state_dict(), file)
    else:
        torch.save(theirs.state_dict(), file, _use_new_zipfile_serialization=ending == "pth")
    x = images(32)
    ours = models.resnet20(weights=str(file)).eval()(minideep.tensor(x)).detach().numpy()
    expected = theirs(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_saved_and_loaded_by_minideep(tmp_path: Any) -> None:
    first = models.resnet20()
    minideep.save(first.state_dict(), tmp_path / "weights.safetensors")
    second = models.resnet20(weights=tmp_path / "weights.safetensors")
    for name, tensor in second.state_dict().items():
        assert np.array_equal(tensor.numpy(), first.state_dict()[name].numpy()), name


def test_files_from_before_batches_were_counted() -> None:
    state = {name: x for name, x in models.resnet20().state_dict().items() if not name.endswith("num_batches_tracked")}
    model = models.resnet20(weights=state)
    assert model.bn1.num_batches_tracked.item() == 0


def test_another_architecture_and_number_of_classes() -> None:
    state = models.resnet20().state_dict()
    with pytest.raises(
        RuntimeError, match=r"^resnet32: the weights are of another network:\n\tMissing key\(s\).*layer1\.3"
    ):
        models.resnet32(weights=state)
    with pytest.raises(RuntimeError, match=r"^resnet20: .* \(it has num_classes=10\):\n\tsize mismatch for fc\.weight"):
        models.resnet20(weights=state, num_classes=7)


def test_a_new_head_on_a_trained_network() -> None:
    trained = models.resnet20()
    model = models.resnet20(weights=trained.state_dict())
    model.fc = nn.Linear(model.fc.in_features, 7)
    assert model(minideep.tensor(images(32))).shape == (BATCH, 7)
    body = {name: x for name, x in trained.state_dict().items() if not name.startswith("fc.")}
    found = models.resnet20(num_classes=7).load_state_dict(body, strict=False)
    assert found.missing_keys == ["fc.weight", "fc.bias"]
    assert not found.unexpected_keys
