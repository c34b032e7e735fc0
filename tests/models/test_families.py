"""What families have of their own beside what the references are compared in."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minideep
from minideep import models
from minideep.models import densenet, resnet, resnet_cifar


def images(*shape: int) -> minideep.Tensor:
    return minideep.tensor(np.random.default_rng(3).normal(size=shape).astype("float32"))


# ---------------------------------------------------------------------------------------------- ResNet


def test_blocks_that_there_are_not() -> None:
    with pytest.raises(ValueError, match=r"^BasicBlock: only groups=1 and base_width=64 will do, but got 2 and 64$"):
        resnet.BasicBlock(8, 8, groups=2)
    with pytest.raises(NotImplementedError, match=r"^BasicBlock: only dilation=1 will do, but got 2$"):
        resnet.BasicBlock(8, 8, dilation=2)
    with pytest.raises(NotImplementedError, match=r"^Block: a block says in residual\(x\) what it adds to x$"):
        resnet.Block()(images(1, 2))
    with pytest.raises(
        ValueError, match=r"^ResNet: replace_stride_with_dilation should be None or 3 booleans, but got "
    ):
        resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], replace_stride_with_dilation=(True,))
    with pytest.raises(ValueError, match=r"^CifarResNet: depth must be 6 n \+ 2 \(20, .*\), but got 21$"):
        resnet_cifar.CifarResNet(21)


@pytest.mark.parametrize(("dilated", "side"), [((False, False, False), 2), ((False, True, True), 8)])
def test_dilation_keeps_the_size(dilated: tuple[bool, ...], side: int) -> None:
    network = resnet.ResNet(resnet.Bottleneck, [1, 2, 2, 2], 4, replace_stride_with_dilation=dilated)
    last = {}
    network.layer4.register_forward_hook(lambda module, inputs, output: last.update(shape=output.shape))
    assert network(images(2, 3, 64, 64)).shape == (2, 4)
    assert last["shape"] == (2, 2048, side, side)
    assert [block.conv2.dilation[0] for block in network.layer4] == ([2, 4] if dilated[2] else [1, 1])


def test_with_zero_init_residual_blocks_begin_as_relu() -> None:
    for block in (resnet.BasicBlock, resnet.Bottleneck):
        network = resnet.ResNet(block, [2, 1, 1, 1], zero_init_residual=True)
        x = images(2, network.layer1[1].conv1.in_channels, 5, 5)
        assert np.array_equal(network.layer1[1](x).detach().numpy(), np.maximum(x.numpy(), 0))


def test_plain_networks_are_residual_ones_without_shortcuts() -> None:
    block = resnet_cifar.PlainBlock(4, 4)
    residual = resnet.BasicBlock(4, 4)
    residual.load_state_dict(block.state_dict())
    x = images(2, 4, 5, 5)
    for network in (block, residual):
        network.bn2.register_forward_hook(lambda module, inputs, output: output * 0)
    assert not block(x).detach().numpy().any()
    assert np.array_equal(residual(x).detach().numpy(), np.maximum(x.numpy(), 0))


def test_resnetv2_begins_as_timm_has_it() -> None:
    model = models.ResNetV2([1, 2])
    assert model.head.fc.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert not model.head.fc.bias.detach().numpy().any()
    conv = model.stages[1].blocks[1].conv2
    assert conv.weight.std().item() == pytest.approx((2 / (128 * 9)) ** 0.5, rel=0.02)
    block = models.ResNetV2([1, 2], zero_init_last=True).stages[1].blocks[1]
    x = images(2, 512, 4, 4)
    assert np.array_equal(block(x).detach().numpy(), x.numpy())


def test_relatives_begin_as_timm_has_it() -> None:
    block = models.seresnet50(num_classes=2).layer1[1]
    assert not block.bn3.weight.detach().numpy().any()
    assert models.seresnet50(num_classes=2, zero_init_last=False).layer1[1].bn3.weight.detach().numpy().all()


# ---------------------------------------------------------------------------------------------- DenseNet


def test_densenet_loads_the_names_of_published_files() -> None:
    """norm.1 for norm1, and no num_batches_tracked."""
    first, second = (densenet.DenseNet(8, (2, 2), 16) for _ in range(2))
    first(images(4, 3, 64, 64))
    state = {
        re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name): tensor
        for name, tensor in first.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer2.norm.1.running_var" in state
    second.load_state_dict(state)
    for name, tensor in second.state_dict().items():
        if not name.endswith("num_batches_tracked"):
            assert np.array_equal(tensor.numpy(), first.state_dict()[name].numpy()), name
    wrong = dict(state, **{"features.denseblock1.denselayer1.norm.3.weight": minideep.zeros(2)})
    with pytest.raises(RuntimeError, match=r"Unexpected.*denselayer1\.norm\.3\.weight"):
        second.load_state_dict(wrong)


def test_densenet_keeps_what_it_computes() -> None:
    with pytest.raises(
        NotImplementedError, match=r"^DenseNet: memory_efficient=True, which computes twice to keep less"
    ):
        models.densenet121(memory_efficient=True)


def test_dropout_in_dense_layers() -> None:
    layer = densenet.DenseLayer(4, 64, 1, drop_rate=0.5)
    y = layer(images(2, 4, 3, 3)).detach().numpy()
    assert 0.4 < (y == 0).mean() < 0.6
    assert not (layer.eval()(images(2, 4, 3, 3)).detach().numpy() == 0).any()


# ---------------------------------------------------------------------------------------------- GoogLeNet


@pytest.fixture(scope="module")
def small_googlenet() -> Any:
    return models.googlenet(num_classes=4, init_weights=False)


def test_googlenet_has_three_outputs_in_training_and_one_in_evaluation(small_googlenet: Any) -> None:
    x = images(2, 3, 32, 32)
    outputs = small_googlenet.train()(x)
    assert outputs._fields == ("logits", "aux_logits2", "aux_logits1")
    assert [output.shape for output in outputs] == [(2, 4)] * 3
    assert small_googlenet.eval()(x).shape == (2, 4)


def test_googlenet_transforms_images_where_weights_come_from_a_file(small_googlenet: Any) -> None:
    """From ImageNet's means and deviations to 0.5 and 0.5."""
    state = small_googlenet.state_dict()
    loaded = models.googlenet(weights=state, num_classes=4).eval()
    as_made = models.googlenet(weights=state, num_classes=4, transform_input=False).eval()
    given = {}
    for name, network in (("loaded", loaded), ("as made", as_made)):
        network.conv1.register_forward_pre_hook(
            lambda module, inputs, name=name: given.update({name: inputs[0].numpy()})
        )
        network(images(1, 3, 32, 32))
    mean, std = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
    pixels = given["as made"] * std[:, None, None] + mean[:, None, None]
    np.testing.assert_allclose(given["loaded"], (pixels - 0.5) / 0.5, rtol=1e-5, atol=1e-6)


def test_googlenet_without_small_classifiers() -> None:
    network = models.googlenet(aux_logits=False, init_weights=False, num_classes=4)
    assert sum(p.numel() for p in network.parameters()) == 6_624_904 - 996 * 1025
    assert network.train()(images(2, 3, 32, 32)).shape == (2, 4)


def test_the_inception_module_of_the_paper() -> None:
    """Module 3a, whose parameters the paper gives as 159 K (163,696 with biases)."""
    module = models.PaperInception(192, 64, 96, 128, 16, 32, 32)
    assert module(images(1, 192, 28, 28)).shape == (1, 256, 28, 28)
    assert sum(p.numel() for p in module.parameters()) == 163_696
    assert module.branch3[1][0].kernel_size == (5, 5)
