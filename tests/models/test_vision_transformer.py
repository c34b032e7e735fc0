"""Vision transformers: sizes, tokens, masks, attention. (That they equal the references: another file.)"""

from __future__ import annotations

import numpy as np
import pytest

import minideep as md
from minideep.models import interpolate_embeddings, vision_transformer, vit_timm
from minideep.nn import init


def torchvisions(size: int = 32, **arguments):
    return vision_transformer.VisionTransformer(size, 8, 2, 3, 12, 24, **{"num_classes": 5, **arguments}).eval()


def timms(size: int = 32, **arguments):
    sizes = {"patch_size": 8, "embed_dim": 12, "depth": 2, "num_heads": 3, "mlp_ratio": 2.0, "num_classes": 5}
    return vit_timm.VisionTransformer(size, **{**sizes, **arguments}).eval()


def varied(model):
    """With values that let one see everything: class token, head and biases do not start as 0."""
    for parameter in model.parameters():
        init.normal_(parameter, std=0.3)
    return model


both = pytest.mark.parametrize("make", [torchvisions, timms])


def same(ours, theirs) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=2e-5)


# ---------------------------------------------------------------------------------------------- one and the other

NAMES = {
    "cls_token": "class_token", "pos_embed": "encoder.pos_embedding", "patch_embed.proj": "conv_proj",
    "blocks.": "encoder.layers.encoder_layer_", "norm1": "ln_1", "norm2": "ln_2",
    "attn.qkv.": "self_attention.in_proj_",
    "attn.proj": "self_attention.out_proj", "mlp.fc1": "mlp.0", "mlp.fc2": "mlp.3", "norm.": "encoder.ln.",
    "head.": "heads.head.",
}  # fmt: skip


def test_both_do_the_same_under_different_names() -> None:
    ours, state = varied(timms()), {}
    for name, tensor in ours.state_dict().items():
        for old, new in NAMES.items():
            name = name.replace(old, new)
        state[name] = tensor
    theirs = torchvisions()
    theirs.load_state_dict(state)
    images = md.randn(2, 3, 32, 32)
    same(ours(images), theirs(images))


def test_old_names_are_renamed() -> None:
    model, state = varied(torchvisions()), {}
    for name, tensor in model.state_dict().items():
        state[name.replace("mlp.0", "mlp.linear_1").replace("mlp.3", "mlp.linear_2")] = tensor
    assert "encoder.layers.encoder_layer_1.mlp.linear_2.bias" in state
    other = torchvisions()
    other.load_state_dict(state)
    images = md.randn(2, 3, 32, 32)
    same(other(images), model(images))


# ---------------------------------------------------------------------------------------------- sizes


@both
@pytest.mark.parametrize("size", [(16, 16), (48, 24)])
def test_any_size(make, size) -> None:
    """Where the positions are all the same, they are at every size."""
    model = varied(make())
    images = md.randn(2, 3, *size)
    assert model(images).shape == (2, 5)
    positions = model._parts().positions
    positions.data.fill_(0.5)
    moved = model._positions_on((size[0] // 8, size[1] // 8), positions)
    assert moved.shape == (1, 1 + size[0] * size[1] // 64, 12)
    np.testing.assert_allclose(moved.detach().numpy(), 0.5, rtol=1e-6)


def test_positions_of_another_size_are_those_of_torchvision() -> None:
    small, large = varied(torchvisions(32)), torchvisions(48)
    large.load_state_dict(interpolate_embeddings(48, 8, small.state_dict()))
    images = md.randn(2, 3, 48, 48)
    same(small(images), large(images))


def test_positions_learn_at_another_size() -> None:
    for model in (varied(torchvisions()), varied(timms())):
        model(md.randn(2, 3, 48, 40)).sum().backward()
        positions = model._parts().positions
        assert (positions.grad != 0).any(-1).all()


def test_interpolate_embeddings() -> None:
    state = torchvisions(32).state_dict()
    assert interpolate_embeddings(32, 8, state, reset_heads=True).keys() == state.keys()
    without = interpolate_embeddings(64, 8, state, reset_heads=True)
    assert [name for name in state if name not in without] == ["heads.head.weight", "heads.head.bias"]
    assert without["encoder.pos_embedding"].shape == (1, 65, 12)
    assert state["encoder.pos_embedding"].shape == (1, 17, 12)
    with pytest.raises(
        ValueError, match=r"interpolate_embeddings: expected positions \(1, 1 \+ n², E\) .*\(1, 16, 12\)"
    ):
        interpolate_embeddings(64, 8, {"encoder.pos_embedding": md.zeros(1, 16, 12)})


@both
@pytest.mark.parametrize("shape", [(2, 3, 32, 33), (2, 3, 20, 32), (2, 3, 0, 32), (3, 32, 32)])
def test_images_that_cannot_be_cut(make, shape) -> None:
    message = (
        r"VisionTransformer: expected images \(N, C, H, W\) whose sides are multiples of the patch size 8, but got "
    )
    with pytest.raises(ValueError, match=message):
        make()(md.zeros(shape))


@both
def test_models_whose_images_cannot_be_cut(make) -> None:
    with pytest.raises(
        ValueError, match="VisionTransformer: Input shape indivisible by patch size! It is 30, patches 8"
    ):
        make(30)


# ---------------------------------------------------------------------------------------------- tokens and attention


@both
def test_tokens(make) -> None:
    model, images = varied(make()), md.randn(2, 3, 32, 32)
    tokens = model.forward_features(images)
    assert tokens.shape == (2, 17, 12)
    same(model.forward_head(tokens), model(images))


@both
def test_attention(make) -> None:
    model, images, maps = varied(make()), md.randn(2, 3, 16, 32), []
    same(model.forward_features(images, maps=maps), model.forward_features(images))
    assert [m.shape for m in maps] == [(2, 3, 9, 9)] * 2
    for weights in maps:
        np.testing.assert_allclose(weights.detach().numpy().sum(-1), 1, rtol=1e-5)
    assert all((weights >= 0).all() for weights in maps)


@both
def test_the_class_token_sees_what_its_attention_says(make) -> None:
    """Where all patches look alike but for their positions, these decide; without them, attention is even."""
    model, maps = varied(make()), []
    model._parts().positions.data.fill_(0.0)
    model.forward_features(md.ones(1, 3, 32, 32), maps=maps)
    patches = maps[0][0, :, 0, 1:].detach().numpy()
    np.testing.assert_allclose(patches, patches[:, :1] * np.ones(16), rtol=1e-4)


@both
def test_masked_patches_are_not_seen(make) -> None:
    model, images = varied(make()), md.randn(2, 3, 32, 32)
    token = md.nn.Parameter(md.randn(12))
    mask = md.rand(2, 16) < 0.5
    tokens = model.forward_features(images, mask, token)
    other = images.clone()
    pixels = mask.unflatten(1, (1, 4, 1, 4, 1)).expand(2, 3, 4, 8, 4, 8).reshape(2, 3, 32, 32)
    other[pixels] = 5.0
    same(model.forward_features(other, mask, token), tokens)
    assert (model.forward_features(other) - tokens).abs().max().item() > 1e-2
    same(model.forward_features(images, mask & False, token), model.forward_features(images))
    tokens.sum().backward()
    assert token.grad.any()


@both
def test_only_the_patches_that_are_kept(make) -> None:
    model, images = varied(make()), md.randn(2, 3, 32, 32)
    everything = md.arange(16).expand(2, 16)
    same(model.forward_features(images, keep=everything), model.forward_features(images))
    keep = md.tensor([[3, 0, 9], [15, 2, 1]])
    tokens = model.forward_features(images, keep=keep)
    assert tokens.shape == (2, 4, 12)
    same(model.forward_features(images, keep=keep.flip(1))[:, 1:], tokens[:, 1:].flip(1))
    other = images.clone()
    other[0, :, 8:, 8:16] = 5.0  # patches 5, 9 and 13 of the first
    changed = (model.forward_features(other, keep=keep) - tokens).abs().amax((1, 2))
    assert changed[0].item() > 1e-3
    assert changed[1].item() == 0
    other = images.clone()
    other[0, :, 8:16] = 5.0  # patches 4 to 7, which are not kept
    same(model.forward_features(other, keep=keep), tokens)


def test_masks_that_do_not_fit() -> None:
    model, images = torchvisions(), md.zeros(2, 3, 32, 32)
    name = "VisionTransformer: "
    with pytest.raises(ValueError, match=name + "mask and mask_token go together, but only one of them was given"):
        model.forward_features(images, mask=md.ones(2, 16, dtype=md.bool))
    with pytest.raises(ValueError, match=name + r"expected mask of shape \(2, 16\), but got \(2, 17\)"):
        model.forward_features(images, md.ones(2, 17, dtype=md.bool), md.zeros(12))
    with pytest.raises(ValueError, match=name + r"expected keep of shape \(2, 3\), but got \(1, 3\)"):
        model.forward_features(images, keep=md.zeros(1, 3, dtype=md.int64))


# ---------------------------------------------------------------------------------------------- arguments


def test_first_values() -> None:
    model = torchvisions(representation_size=7)
    assert not model.heads.head.weight.any()
    assert not model.class_token.any()
    assert model.heads.pre_logits.out_features == 7
    assert model(md.zeros(1, 3, 32, 32)).shape == (1, 5)
    assert timms().pos_embed.std().item() == pytest.approx(0.02, rel=0.2)


def test_dropouts() -> None:
    model = torchvisions(dropout=0.1, attention_dropout=0.2)
    assert [m.p for m in model.modules() if isinstance(m, md.nn.Dropout)] == [0.1] * 7
    assert model.encoder.layers[1].self_attention.dropout == 0.2
    chances = {"drop_rate": 0.1, "pos_drop_rate": 0.2, "proj_drop_rate": 0.3, "attn_drop_rate": 0.4}
    model = timms(**chances, drop_path_rate=0.5)
    block = model.blocks[1]
    found = [
        model.head_drop,
        model.pos_drop,
        block.attn.proj_drop,
        block.mlp.drop1,
        block.mlp.drop2,
        block.attn.attn_drop,
    ]
    assert [layer.p for layer in found] == [0.1, 0.2, 0.3, 0.3, 0.3, 0.4]
    assert [layer.drop_path2.drop_prob for layer in model.blocks] == [0.0, 0.5]
    images = md.randn(2, 3, 32, 32)
    assert (model.train()(images) != model(images)).any()


def test_a_model_without_a_head() -> None:
    model = timms(num_classes=0)
    images = md.randn(2, 3, 32, 32)
    same(model(images), model.forward_features(images)[:, 0])


def test_heads_that_do_not_divide_the_tokens() -> None:
    with pytest.raises(ValueError, match="Attention: dim must be divisible by num_heads, but got 12 and 5"):
        timms(num_heads=5)
