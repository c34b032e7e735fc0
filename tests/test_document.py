"""The Python blocks of the document that the course follows: with their import lines alone changed, they work here.

What a block defines is compared with the same block in PyTorch: outputs, and the gradients of inputs and parameters.
The document lies beside the project, not in it. Blocks that lean on what others leave behind (a model, a loader) are
given it, and the few that no library could run as they stand are mended in one place: `MENDED`.
"""

from __future__ import annotations

import math
import re
import sys
import textwrap
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minideep as md
from tests.support import needs_torch, torch

DOCUMENT = Path(__file__).parents[2] / "shared" / "document.md"
pytestmark = pytest.mark.skipif(not DOCUMENT.exists(), reason="the document is not beside the project")

IMPORTS = {  # longest first: the map from PyTorch's modules to minideep's
    "torch.utils.data": "minideep.data",
    "torch.cuda.amp": "minideep.amp",
    "torch.nn.parallel": "minideep.distributed",
    "torchvision.transforms": "minideep.transforms",
    "torchvision.models": "minideep.models",
    "torchvision": "minideep",
    "torch": "minideep",
}
MENDED = {
    6: {"device='cuda'": "device='cpu'"},  # there may be no GPU
    7: {"pretrained=True": "weights=None"},  # nothing is downloaded
    25: {"pretrained=True": "weights=None", "model.features": "model.layer4"},  # a ResNet has no `features`
    26: {"model.cuda()": "model.to('cpu')"},
}


def block(number: int) -> str:
    fences = re.findall(r"^[ \t]*```python\n(.*?)^[ \t]*```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    text = textwrap.dedent(fences[number - 1])
    for wrong, right in MENDED.get(number, {}).items():
        assert wrong in text
        text = text.replace(wrong, right)
    return text


def translated(line: str) -> str:
    """An import of PyTorch's as one of ours; any other line as it is."""
    found = re.match(r"(\s*(?:import|from)\s+)(torch\w*(?:\.\w+)*)(.*)", line)
    if not found:
        return line
    start, module, rest = found.groups()
    known = next(name for name in IMPORTS if module == name or module.startswith(name + "."))
    module = IMPORTS[known] + module.removeprefix(known)
    if start.strip() == "import" and not rest.strip():
        return f"{start}{module} as {known.split('.')[0]}" if module == "minideep" else f"{start}{module}"
    return start + module + rest


class Library:
    """minideep, or PyTorch: what blocks are run with."""

    def __init__(self, module: Any, is_ours: bool) -> None:
        self.module, self.is_ours = module, is_ours
        self.names: dict[str, Any] = {
            "torch": module, "nn": module.nn, "F": module.nn.functional, "optim": module.optim, "math": math, "np": np,
            "LayerNorm": module.nn.LayerNorm, "__name__": "document",
        }  # fmt: skip

    def run(self, *numbers: int, given: dict[str, Any] | None = None) -> dict[str, Any]:
        """What blocks define, run one after the other; `given` is what they take to be there already."""
        namespace = self.names | (given or {})
        for number in numbers:
            text = block(number)
            if self.is_ours:
                text = "\n".join(map(translated, text.splitlines()))
            exec(compile(text, f"<block {number}>", "exec"), namespace)
        return namespace

    def tensor(self, array: np.ndarray) -> Any:
        return self.module.tensor(array, requires_grad=array.dtype.kind == "f")


OURS = Library(md, is_ours=True)
THEIRS: Any = Library(torch, is_ours=False) if torch else None


def numbers(result: Any) -> np.ndarray:
    return np.asarray(result.detach().tolist())


def load(ours: Any, theirs: Any) -> None:
    """PyTorch's state into our module."""
    ours.load_state_dict({name: value.numpy() for name, value in theirs.state_dict().items()})


def results(library: Library, model: Any, x: np.ndarray) -> list[np.ndarray]:
    """A module's output, and the gradients of its input and parameters for a cotangent that is not all ones."""
    input = library.tensor(x)
    y = model(input)
    cotangent = np.cos(np.arange(math.prod(y.shape))).reshape(tuple(y.shape))
    y.backward(library.tensor(cotangent).detach())
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    return [numbers(value) for value in (y, input.grad, *gradients)]


# ---------------------------------------------------------------------------------------------- what the blocks define

Build = Callable[[dict[str, Any]], Any]
MODULES: dict[str, tuple[tuple[int, ...], Build, tuple[int, ...]]] = {
    "SEBlock": ((12,), lambda n: n["SEBlock"](32), (2, 32, 5, 5)),
    "ECABlock": ((13,), lambda n: n["ECABlock"](32), (2, 32, 5, 5)),
    "BasicBlock": ((14,), lambda n: n["BasicBlock"](8, 8), (2, 8, 6, 6)),
    "Bottleneck": ((14,), lambda n: n["Bottleneck"](16, 4), (2, 16, 6, 6)),
    "DepthwiseSeparableConv": ((15,), lambda n: n["DepthwiseSeparableConv"](8, 16, 2), (2, 8, 7, 7)),
    "InvertedResidual": ((16,), lambda n: n["InvertedResidual"](8, 8, 1, 6), (2, 8, 6, 6)),
    "MBConvBlock": ((12, 18), lambda n: n["MBConvBlock"](16, 16, 4, 3, 1), (2, 16, 6, 6)),
    "RegNetBlock": ((19,), lambda n: n["RegNetBlock"](8, 16, 2, 4), (2, 8, 6, 6)),
    "ConvNeXtBlock": ((20,), lambda n: n["ConvNeXtBlock"](8, layer_scale_init_value=0.5), (2, 8, 9, 9)),
    "NormalizationComparison": ((23,), lambda n: n["NormalizationComparison"](8), (2, 8, 32, 32)),
    "PatchEmbedding": ((29,), lambda n: n["PatchEmbedding"](32, 8, 3, 16), (2, 3, 32, 32)),
    "SimCLR": ((31,), lambda n: n["SimCLR"](encoder(n), 4), (4, 3, 8, 8)),
}


def encoder(names: dict[str, Any]) -> Any:
    """A small network whose last layer is called `fc`, as SimCLR wants it."""
    nn = names["nn"]

    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 6, 3), nn.Linear(6, 10)

        def forward(self, x: Any) -> Any:
            return self.fc(self.conv(x).relu().mean((2, 3)))

    return Encoder()


@needs_torch
@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("training", [True, False])
def test_modules(name: str, training: bool) -> None:
    needed, build, shape = MODULES[name]
    ours, theirs = (build(library.run(*needed)).double().train(training) for library in (OURS, THEIRS))
    load(ours, theirs)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    x = np.random.default_rng(0).standard_normal(shape)
    for mine, other in zip(results(OURS, ours, x), results(THEIRS, theirs, x), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-8, atol=1e-10)


@needs_torch
@pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning")
def test_vision_transformer() -> None:
    """With dropout, so that only evaluation is alike."""
    sizes = {"img_size": 16, "patch_size": 8, "num_classes": 5, "embed_dim": 12, "depth": 2, "num_heads": 3}
    ours, theirs = (library.run(29)["VisionTransformer"](**sizes).double().eval() for library in (OURS, THEIRS))
    load(ours, theirs)
    x = np.random.default_rng(0).standard_normal((2, 3, 16, 16))
    np.testing.assert_allclose(numbers(ours(OURS.tensor(x))), numbers(theirs(THEIRS.tensor(x))), rtol=1e-9)


@pytest.mark.parametrize("number", [1, 2, 3, 6, 8, 10, 11, 17, 21, 24, 30, 32, 37])
def test_blocks_that_need_nothing(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    OURS.run(number, given={"YourModel": lambda: md.nn.Linear(2, 2)})
    if number == 6:
        assert "62,378,344" in capsys.readouterr().out


@needs_torch
def test_pooling() -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8))
    ours, other = (library.run(4)["AdvancedPooling"](2) for library in (OURS, THEIRS))
    for call in (
        lambda pool, x: pool.adaptive_max_pool(x, (3, 2)),
        lambda pool, x: pool.mixed_pooling(x, 0.3),
        lambda pool, x: pool.stochastic_pooling(x, training=False),
    ):
        np.testing.assert_allclose(numbers(call(ours, OURS.tensor(x))), numbers(call(other, THEIRS.tensor(x))))
    drawn = numbers(ours.stochastic_pooling(OURS.tensor(x)))
    windows = x.reshape(2, 3, 4, 2, 4, 2).transpose(0, 1, 2, 4, 3, 5).reshape(2, 3, 4, 4, 4)
    assert (windows == drawn[..., None]).any(-1).all()


@needs_torch
def test_activations() -> None:
    x = np.linspace(-3, 3, 100)
    ours, other = (library.run(5)["activations"].compare_activations(library.tensor(x)) for library in (OURS, THEIRS))
    for name, y in ours.items():
        np.testing.assert_allclose(numbers(y), numbers(other[name]), rtol=1e-10, atol=1e-14)


def test_residual_fragment() -> None:
    """Block 9: a piece of a `forward`."""
    nn = md.nn
    layers = {f"conv{i}": nn.Conv2d(4, 4, 1) for i in (1, 2, 3)} | {f"bn{i}": nn.BatchNorm2d(4) for i in (1, 2, 3)}
    x = md.randn(2, 4, 3, 3)
    module = types.SimpleNamespace(relu=nn.ReLU(inplace=True), **layers)
    out = OURS.run(9, given={"self": module, "x": x, "identity": x})["out"]
    assert out.shape == x.shape


# ---------------------------------------------------------------------------------------------- what leans on the rest


def network(module: Any) -> Any:
    nn = module.nn
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10))


def batches(library: Library, count: int = 6) -> list[tuple[Any, Any]]:
    rng, tensor = np.random.default_rng(0), library.module.tensor
    images = [rng.standard_normal((8, 1, 8, 8)).astype("f") for _ in range(count)]
    return [(tensor(x), tensor(rng.integers(0, 10, len(x)))) for x in images]


def test_initialisation() -> None:
    model = network(md)
    OURS.run(22, given={"model": model})
    assert numbers(model[0].bias).tolist() == [0] * 4
    assert numbers(model[1].weight).tolist() == [1] * 4


def test_gradients_are_watched_and_clipped() -> None:
    model = network(md)
    for images, labels in batches(OURS, 1):
        (md.nn.functional.cross_entropy(model(images), labels) * 100).backward()
    watch = OURS.run(35, given={"model": model})["monitor_gradients"]
    assert watch(model) == pytest.approx(1.0, rel=1e-4)


@needs_torch
def test_gradients_are_accumulated_and_rates_found() -> None:
    found = []
    start = network(torch)
    for library in OURS, THEIRS:
        model = network(library.module)
        model.load_state_dict(
            {name: library.module.tensor(value.numpy()) for name, value in start.state_dict().items()}
        )
        criterion, data = library.module.nn.CrossEntropyLoss(), batches(library)
        optimizer = library.module.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        given = {"model": model, "dataloader": data, "criterion": criterion, "optimizer": optimizer}
        library.run(36, given=given)
        rates, losses = library.run(37)["find_lr"](model, data, optimizer, criterion, 1e-4, 0.1)
        found.append(([*map(numbers, model.parameters())], rates, losses))
    for mine, other in zip(*(f[0] for f in found), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-5)
    assert found[0][1] == found[1][1]
    np.testing.assert_allclose(found[0][2], found[1][2], rtol=1e-4)


def test_trainer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Block 34: a training with a progress bar, a log, and the best model saved."""
    pytest.importorskip("tqdm", reason="the block shows a progress bar, for which tqdm is needed")
    monkeypatch.chdir(tmp_path)
    log: list[dict[str, Any]] = []
    monkeypatch.setitem(sys.modules, "wandb", types.SimpleNamespace(log=log.append))
    settings = {"optimizer": "sgd", "learning_rate": 0.05, "momentum": 0.9, "weight_decay": 1e-4}
    training = types.SimpleNamespace(**settings, scheduler="cosine", epochs=3)
    digits = md.data.TensorDataset(*[md.cat(part) for part in zip(*batches(OURS, 4), strict=True)])
    loader = md.data.DataLoader(digits, batch_size=8, shuffle=True)
    trainer = OURS.run(34)["Trainer"](network(md), loader, loader, types.SimpleNamespace(training=training))
    trainer.train()
    assert [entry["epoch"] for entry in log] == [1, 2, 3]
    assert log[-1]["train_loss"] < log[0]["train_loss"]
    saved = md.load("best_model.pth")
    assert saved["best_acc"] == max(entry["val_acc"] for entry in log)
    assert set(saved["model_state_dict"]) == set(trainer.model.state_dict())


def test_config(tmp_path: Path) -> None:
    """Block 33 holds two files in one fence: the settings, and what reads them."""
    pytest.importorskip("yaml", reason="the block reads YAML, for which PyYAML is needed")
    settings, _, code = block(33).partition("# config.py")
    (tmp_path / "base.yaml").write_text(settings)
    namespace = dict(OURS.names)
    exec(code, namespace)
    assert namespace["Config"](str(tmp_path / "base.yaml")).training["momentum"] == 0.9


def test_mean_teacher() -> None:
    student, teacher = md.nn.Linear(3, 2), md.nn.Linear(3, 2)
    pair = OURS.run(30)["MeanTeacher"](student, teacher, alpha=0.9)
    np.testing.assert_array_equal(numbers(teacher.weight), numbers(student.weight))
    before = numbers(student.weight)
    with md.no_grad():
        student.weight.add_(1.0)
    pair.update_teacher()
    np.testing.assert_allclose(numbers(teacher.weight), before + 0.1, rtol=1e-5)


def _contrastive(names: dict[str, Any], z: list[Any]) -> Any:
    return names["SimCLR"](encoder(names)).contrastive_loss(*z)


def _dino(names: dict[str, Any], z: list[Any]) -> Any:
    backbone = types.SimpleNamespace(embed_dim=3)
    return names["DINO"](backbone, backbone, out_dim=4).dino_loss(z, z)


@needs_torch
@pytest.mark.parametrize(("number", "loss"), [(31, _contrastive), (32, _dino)])
def test_losses(number: int, loss: Callable[..., Any]) -> None:
    z = np.random.default_rng(0).standard_normal((2, 5, 4))
    mine, other = (numbers(loss(lib.run(number), [*map(lib.tensor, z)])) for lib in (OURS, THEIRS))
    np.testing.assert_allclose(mine, other, rtol=1e-10)


def test_a_model_goes_where_there_is_a_device() -> None:
    model = network(md)
    assert OURS.run(26, given={"model": model})["model"] is model


@pytest.mark.parametrize("number", [27, 28])
def test_several_processes_and_mixed_precision(number: int) -> None:
    for room in "amp", "distributed", "multiprocessing":
        pytest.importorskip(f"minideep.{room}", reason=f"block {number} waits for minideep.{room}")
    OURS.run(number, given={"YourModel": lambda: md.nn.Linear(2, 2), "dataloader": []})


def test_models_of_the_zoo(capsys: pytest.CaptureFixture[str]) -> None:
    OURS.run(7)
    assert "25,557,032" in capsys.readouterr().out


def test_transfer() -> None:
    namespace = OURS.run(25, given={"num_classes": 5})
    assert namespace["model"].fc.out_features == 5
    assert [group["lr"] for group in namespace["optimizer"].param_groups] == [1e-4, 1e-3]
