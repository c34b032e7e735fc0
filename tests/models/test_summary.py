"""What `summary` says of networks, the formulas beside it, and `compare`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import minideep
from minideep import models, nn
from minideep.models.registry import MODELS
from minideep.models.summary import Attention, multiplications
from tests.models import references

# Those of each kind that are quick to run; all others with the slow tests.
QUICK = set("lenet5 alexnet_lrn resnet18 resnet20 googlenet mobilenet_v2 vit_tiny_patch16_224".split())
counted = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in MODELS]


def summed(name: str) -> Any:
    return models.summary(references.ours(name), MODELS[name].published.input_size)


@pytest.mark.parametrize("name", counted)
def test_multiplications_are_those_that_pytorch_counts(name: str) -> None:
    """Of the reference, op by op; ours are counted layer by layer."""
    assert summed(name).macs == pytest.approx(references.expected(references.family(name))[name]["macs"], rel=1e-3)


def by_name(result: Any) -> dict[str, Any]:
    return {row.name: row for row in result.rows}


# ---------------------------------------------------------------------------------------------- rows


def test_rows_of_a_network() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(512, 10),
    )
    result = models.summary(network, (3, 8, 8))
    found = [
        (r.name, r.type, r.output_shape, r.parameters, r.macs, r.receptive_field, r.activation_bytes)
        for r in result.rows
    ]
    assert found == [
        ("0", "Conv2d", (1, 8, 8, 8), 216, 216 * 64, 3, 4 * 512),
        ("1", "BatchNorm2d", (1, 8, 8, 8), 16, 0, 3, 4 * 512),
        ("2", "ReLU", (1, 8, 8, 8), 0, 0, 3, 0),
        ("3", "Flatten", (1, 512), 0, 0, None, 0),
        ("4", "Linear", (1, 10), 5130, 5120, None, 40),
    ]
    assert (result.macs, result.activation_bytes) == (216 * 64 + 5120, 4 * 1024 + 40)
    assert (result.parameters, result.trainable, result.buffers) == (5362, 5362, 17)
    assert result.parameter_bytes == 4 * 5362


def test_the_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Dropout(0.5)).double()
    network[1].eval()
    before = {name: x.numpy().copy() for name, x in network.state_dict().items()}
    models.summary(network, (1, 4, 4))
    assert [module.training for module in network.modules()] == [True, True, False, True]
    assert all(np.array_equal(before[name], x.numpy()) for name, x in network.state_dict().items())
    seen = []
    network.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    network(minideep.zeros(2, 1, 4, 4).double())
    assert seen == [np.float64]
    with pytest.raises(RuntimeError):
        models.summary(network, (2, 4, 4))
    assert network.training


def test_parameters_of_a_shared_layer_count_once_and_its_work_each_time() -> None:
    shared = nn.Linear(4, 4)
    network = nn.Sequential(shared, nn.Tanh(), shared)
    network[0].bias.requires_grad_(False)
    result = models.summary(network, (4,))
    assert [row.parameters for row in result.rows] == [20, 0, 0]
    assert result.macs == 32
    assert (result.parameters, result.trainable) == (20, 16)


def test_without_parameters() -> None:
    result = models.summary(nn.Sequential(nn.AdaptiveAvgPool2d(1)), (3, 4, 4))
    assert [row.output_shape for row in result.rows] == [(1, 3, 1, 1)]
    assert result.rows[0].receptive_field is None


def test_the_table_has_the_rows() -> None:
    text = str(models.summary(models.lenet5(), (1, 32, 32)))
    lines = text.splitlines()
    assert lines[0].split() == ["layer", "type", "output", "parameters", "MACs", "field", "activations"]
    assert lines[2].split() == ["conv1", "Conv2d", "6×28×28", "156", "117,600", "5", "0.02", "MiB"]
    assert "parameters: 61,706 (61,706 trainable), 0.24 MiB" in text
    assert max(map(len, lines)) < 120


# ---------------------------------------------------------------------------------------------- receptive fields


@pytest.mark.parametrize(
    ("name", "layer", "field"),
    [
        ("alexnet_lrn", "features.14", 195),  # the course's
        ("vgg16", "features.30", 212),  # this and the next: Araujo et al., "Computing Receptive Fields of CNNs", 2019
        ("densenet121", "features.norm5", 2071),
        ("resnet50", "layer4.2.conv3", 427),  # 483 with the paper's strides
        ("lenet5", "pool", 16),
    ],
)
def test_receptive_fields(name: str, layer: str, field: int) -> None:
    size = (1, 32, 32) if name == "lenet5" else (3, 64, 64)
    rows = [row for row in models.summary(references.ours(name), size).rows if row.name == layer]
    assert rows[-1].receptive_field == field


def test_branches_see_what_their_module_saw() -> None:
    """And where they meet, as much as the one that sees most."""
    rows = by_name(
        models.summary(nn.Sequential(nn.Conv2d(1, 4, 3, 2), models.PaperInception(4, 1, 1, 1, 1, 1, 1)), (1, 16, 16))
    )
    firsts = [rows[f"1.branch{name}"].receptive_field for name in ("1.0", "2.0.0", "3.0.0", "4.1.0")]
    assert firsts == [3, 3, 3, 7]
    assert rows["1"].receptive_field == 3 + 4 * 2
    assert rows["1"].activation_bytes == rows["1"].output_shape[1] * 7 * 7 * 4


# ---------------------------------------------------------------------------------------------- multiplications


def test_multiplications_of_attention() -> None:
    x = minideep.randn(2, 5, 8)
    expected = 2 * (4 * 5 * 64 + 2 * 5 * 5 * 8)
    for batch_first, attention in (
        (True, nn.MultiheadAttention(8, 2, batch_first=True)),
        (False, nn.MultiheadAttention(8, 2)),
    ):
        given = x if batch_first else x.transpose(0, 1)
        inputs = (given, given, given)
        own = multiplications(attention, inputs, attention(*inputs)[0])
        assert own + multiplications(attention.out_proj, (x,), x) == expected
    timm = Attention(8, 2)
    inner = sum(multiplications(layer, (x,), layer(x)) for layer in (timm.qkv,)) + multiplications(timm.proj, (x,), x)
    assert inner + multiplications(timm, (x,), timm(x)) == expected


def test_multiplications_of_other_convolutions() -> None:
    x = minideep.randn(2, 4, 9)
    up = nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2)
    assert multiplications(up, (x,), up(x)) == 2 * 9 * 4 * 3 * 3
    along = nn.Conv1d(4, 6, 3, groups=2)
    assert multiplications(along, (x,), along(x)) == 2 * 7 * 6 * 2 * 3


def test_a_module_of_one_s_own_says_what_it_multiplies() -> None:
    class Bilinear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(minideep.ones(3, 3))

        def forward(self, x: Any) -> Any:
            return x @ self.weight

    assert models.summary(Bilinear(), (3,)).macs == 0
    multiplications.register(Bilinear, lambda module, inputs, output: output.numel() * 3)
    assert models.summary(Bilinear(), (3,)).macs == 9


# ---------------------------------------------------------------------------------------------- formulas


@pytest.mark.parametrize("settings", [(3, 1, 2, 1), (5, 2, 1, 1), (7, 3, 2, 1), (3, 2, 1, 2), (1, 0, 3, 1)])
def test_output_size_is_that_of_a_convolution(settings: tuple[int, int, int, int]) -> None:
    kernel, padding, stride, dilation = settings
    layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation)
    for sides in ((11, 14), (9, 20)):
        assert layer(minideep.zeros(1, 1, *sides)).shape[2:] == models.output_size(
            sides, kernel, padding, stride, dilation
        )


def test_receptive_field_is_what_gradients_reach() -> None:
    """The course's two examples, and a network of which an entry in the middle depends on so many pixels."""
    assert models.receptive_field([(7, 2, 3), (3, 1, 1), (3, 1, 1)]) == 15
    layers = [(11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), *[(3, 1, 1)] * 3, (3, 2, 0)]
    assert models.receptive_field(layers) == 195
    small = [(3, 2, 0), (3, 1, 0), (2, 2, 0)]
    network = nn.Sequential(*(nn.Conv2d(1, 1, *layer) for layer in small)).double()
    x = minideep.ones(1, 1, 40, 40).double().requires_grad_()
    network(x)[0, 0, 3, 3].backward()
    rows = np.flatnonzero(x.grad.numpy()[0, 0].any(1))
    assert rows[-1] - rows[0] + 1 == models.receptive_field(small)


def test_receptive_field_of_dilated_kernels() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3, stride=2), nn.Conv2d(2, 2, 3, dilation=3), nn.MaxPool2d(2, dilation=2))
    rows = models.summary(network, (1, 30, 30)).rows
    assert [row.receptive_field for row in rows] == [3, 3 + 2 * 3 * 2, 3 + 2 * 3 * 2 + 2 * 2]


def cost_of(module: nn.Module, size: tuple[int, int, int]) -> models.Cost:
    weights = sum(p.numel() for p in module.parameters() if p.ndim > 1)
    return models.Cost(weights, models.summary(module, size).macs)


def test_costs_are_those_of_the_layers() -> None:
    plain = nn.Conv2d(12, 20, 5, padding=2, groups=4)
    assert cost_of(plain, (12, 9, 7)) == models.convolution_cost(9, 7, 12, 20, 5, groups=4)
    bottleneck = models.Bottleneck(64, 16)
    assert cost_of(bottleneck, (64, 6, 6)) == models.bottleneck_cost(6, 6, 64)
    separable = nn.Sequential(nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 24, 1))
    assert cost_of(separable, (8, 5, 5)) == models.depthwise_separable_cost(5, 5, 8, 24)
    widths = (32, 8, 6, 10, 2, 4, 4)
    assert cost_of(models.PaperInception(*widths), (32, 6, 6)) == models.inception_cost(6, 6, *widths)
    assert cost_of(models.Inception(*widths), (32, 6, 6)) == models.inception_cost(6, 6, *widths, window=3)


def test_ratios_of_the_course() -> None:
    """A bottleneck takes 1.0625 C² a pixel (the course's 2.56 is a slip), separable 1/F + 1/9 of a convolution."""
    whole = models.convolution_cost(14, 14, 256, 256)
    assert models.bottleneck_cost(14, 14, 256).macs / (14 * 14 * 256**2) == 1.0625
    assert models.depthwise_separable_cost(14, 14, 256, 256).macs / whole.macs == pytest.approx(1 / 256 + 1 / 9)


# ---------------------------------------------------------------------------------------------- compare


def test_compare_has_what_was_published_and_what_is_counted() -> None:
    result = models.compare(["googlenet", "resnet20"])
    first, second = result.rows
    assert (first.name, first.course.parameters, first.parameters) == ("googlenet", 6.8, 6_624_904)
    assert (first.course.gmacs, first.published.gmacs) == (1.5, 1.498)
    assert first.gmacs == pytest.approx(1.498, rel=1e-3)
    assert second.course is None
    assert second.parameters == 269_722
    lines = str(result).splitlines()
    assert lines[2].split() == "googlenet Inception modules 2014 69.778 69.8 6.62 6.8 1.498 1.498 1.5".split()
    assert lines[3].split() == "resnet20 2015 0.27 0.041".split()


def test_the_models_of_the_course_are_all_there() -> None:
    from minideep.models.comparing import COURSE, ILSVRC

    assert set(COURSE) <= set(MODELS)
    for name, course in COURSE.items():
        state = references.expected(references.family(name))[name]["state"]
        parameters = sum(math.prod(shape) for key, kind, shape in state if kind == "parameter" and "aux" not in key)
        assert course.parameters == pytest.approx(parameters / 1e6, rel=0.035)
    assert [year for year, *_ in ILSVRC] == list(range(2010, 2018))
