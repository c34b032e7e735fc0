"""Vision transformers: an image cut into patches, read as a text of so many words.

Each patch becomes a token by one linear map; a position, learnt, is added to each, and a class token put in front. What
the encoder's blocks, attention and then a network, make of that one token is what the head classifies. Dosovitskiy et
al., "An Image is Worth 16x16 Words", 2021.

`TokenModel` holds what does not depend on names; `VisionTransformer` has torchvision's. (timm's: `vit_timm`.)
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from .. import nn
from ..nn import functional as F
from ..nn import init
from ..ops.arrangement import cat
from ..ops.creation import empty, zeros
from ..ops.ternary import where
from ..tensor import Tensor
from .blocks import Layer, zero_bias
from .registry import register

__all__ = ["VisionTransformer", "interpolate_embeddings", "vit_b_16", "vit_b_32", "vit_l_16"]


layer_norm = partial(nn.LayerNorm, eps=1e-6)


class Parts(NamedTuple):
    """What a vision transformer consists of, whatever the names."""

    to_patches: nn.Module  # images to (N, E, h, w)
    class_token: Tensor  # (1, 1, E)
    positions: Tensor  # (1, 1 + patches, E)
    dropout: nn.Module
    blocks: Iterable[nn.Module]  # each called with tokens, and with a list for its attention, or None
    norm: nn.Module


class TokenModel(nn.Module, ABC):
    """From images (N, C, H, W) to tokens (N, 1 + patches, E), and from the first of them to logits.

    Sides of images are multiples of a patch's; where an image is larger or smaller than those the model was made for,
    positions are interpolated. Subclasses name the modules and parameters, and say in `_parts` which is which.
    """

    patch_size: int
    grid: tuple[int, int]  # how many patches an image of the usual size has along its sides

    @abstractmethod
    def _parts(self) -> Parts: ...

    @abstractmethod
    def forward_head(self, tokens: Tensor) -> Tensor:
        """Logits (N, classes) from what `forward_features` returns."""

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))

    def forward_features(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        mask_token: Tensor | None = None,
        keep: Tensor | None = None,
        maps: list[Tensor] | None = None,
    ) -> Tensor:
        """All tokens behind the last norm, the class token first, then the patches in rows from the top left.

        - `mask`, booleans (N, patches), with `mask_token`, (E,): the patches of which the network sees that token
          instead, with their positions. (BEiT, iBOT, DINOv2)
        - `keep`, integers (N, K): the patches that the network is given at all, in this order. (MAE)
        - `maps`, a list: to it each block adds its attention, (N, heads, tokens, tokens).

        >>> import minideep
        >>> model = VisionTransformer(32, 16, num_layers=2, num_heads=3, hidden_dim=12, mlp_dim=48)
        >>> images, maps = minideep.randn(5, 3, 64, 32), []
        >>> model.forward_features(images, maps=maps).shape, [m.shape for m in maps]
        ((5, 9, 12), [(5, 3, 9, 9), (5, 3, 9, 9)])
        """
        parts = self._parts()
        tokens = self._embedded(parts, x, mask, mask_token, keep)
        for block in parts.blocks:
            tokens = block(tokens, maps)
        return parts.norm(tokens)

    def _embedded(
        self, parts: Parts, x: Tensor, mask: Tensor | None, mask_token: Tensor | None, keep: Tensor | None
    ) -> Tensor:
        name, side = type(self).__name__, self.patch_size
        if x.ndim != 4 or x.shape[2] % side or x.shape[3] % side or 0 in x.shape[2:]:
            raise ValueError(
                f"{name}: expected images (N, C, H, W) whose sides are multiples of the patch size {side}, but got "
                f"{x.shape}"
            )
        grid = parts.to_patches(x)
        positions = self._positions_on((grid.shape[2], grid.shape[3]), parts.positions)
        patches = grid.flatten(2).transpose(1, 2)
        if (mask is None) != (mask_token is None):
            raise ValueError(f"{name}: mask and mask_token go together, but only one of them was given")
        if mask is not None and mask_token is not None:
            _expect(name, "mask", mask, patches.shape[:2])
            patches = where(mask.unsqueeze(-1), mask_token, patches)
        patches = patches + positions[:, 1:]
        if keep is not None:
            _expect(name, "keep", keep, (len(patches), *keep.shape[-1:]))
            patches = patches.gather(1, keep.unsqueeze(-1).expand(-1, -1, patches.shape[2]))
        first = (parts.class_token + positions[:, :1]).expand(len(patches), -1, -1)
        return parts.dropout(cat([first, patches], 1))

    def _positions_on(self, grid: tuple[int, int], positions: Tensor) -> Tensor:
        if grid == self.grid:
            return positions
        patches = positions[:, 1:].transpose(1, 2).unflatten(2, self.grid)
        return cat([positions[:, :1], self._resized(patches, grid).flatten(2).transpose(1, 2)], 1)

    def _resized(self, patches: Tensor, grid: tuple[int, int]) -> Tensor:
        """Positions (1, E, h, w) on another grid."""
        return F.interpolate(patches, grid, mode="bicubic", align_corners=True)


def _expect(name: str, argument: str, given: Tensor, shape: tuple[int, ...]) -> None:
    if given.shape != shape:
        raise ValueError(f"{name}: expected {argument} of shape {shape}, but got {given.shape}")


def grid_of(name: str, image_size: int, patch_size: int) -> tuple[int, int]:
    """How many patches there are along the sides."""
    if image_size % patch_size:
        raise ValueError(f"{name}: Input shape indivisible by patch size! It is {image_size}, patches {patch_size}")
    return image_size // patch_size, image_size // patch_size


# ---------------------------------------------------------------------------------------------- torchvision's


class MLPBlock(nn.Sequential):
    """Linear, GELU, Linear, with a dropout behind each."""

    _version = 2  # in 1, the layers had the names linear_1 and linear_2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(in_dim, mlp_dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(mlp_dim, in_dim), nn.Dropout(dropout)
        )
        for layer in (self[0], self[3]):
            init.xavier_uniform_(layer.weight)
            init.normal_(layer.bias, std=1e-6)

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, local_metadata: dict[str, Any], *others: Any
    ) -> None:
        if (local_metadata.get("version") or 1) < 2:
            for old, new in (("linear_1", "0"), ("linear_2", "3")):
                for name in ("weight", "bias"):
                    if f"{prefix}{old}.{name}" in state_dict:
                        state_dict[f"{prefix}{new}.{name}"] = state_dict.pop(f"{prefix}{old}.{name}")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *others)


class EncoderBlock(nn.Module):
    """x + attention(norm(x)), then the same with a network."""

    def __init__(
        self,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer: Layer = layer_norm,
    ) -> None:
        super().__init__()
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: Tensor, maps: list[Tensor] | None = None) -> Tensor:
        x = self.ln_1(input)
        x, weights = self.self_attention(x, x, x, need_weights=maps is not None, average_attn_weights=False)
        if maps is not None:
            maps.append(weights)
        x = self.dropout(x) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """The positions, the blocks and the last norm, which torchvision keeps together."""

    def __init__(
        self, seq_length: int, num_layers: int, hidden_dim: int, dropout: float, block: Layer, norm_layer: Layer
    ) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(empty(1, seq_length, hidden_dim))
        init.normal_(self.pos_embedding, std=0.02)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential(OrderedDict((f"encoder_layer_{i}", block()) for i in range(num_layers)))
        self.ln = norm_layer(hidden_dim)


class VisionTransformer(TokenModel):
    """torchvision's, with its names and arguments; see `TokenModel` for what it can do."""

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        norm_layer: Layer = layer_norm,
    ) -> None:
        super().__init__()
        self.image_size, self.patch_size, self.hidden_dim = image_size, patch_size, hidden_dim
        self.grid = grid_of("VisionTransformer", image_size, patch_size)
        self.conv_proj = nn.Conv2d(3, hidden_dim, patch_size, patch_size)
        init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / (3 * patch_size**2)))
        zero_bias(self.conv_proj)
        self.class_token = nn.Parameter(zeros(1, 1, hidden_dim))
        block = partial(EncoderBlock, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer)
        length = math.prod(self.grid) + 1
        self.encoder = Encoder(length, num_layers, hidden_dim, dropout, block, norm_layer)
        self.heads = _heads(hidden_dim, representation_size, num_classes)

    def _parts(self) -> Parts:
        encoder = self.encoder
        return Parts(
            self.conv_proj, self.class_token, encoder.pos_embedding, encoder.dropout, encoder.layers, encoder.ln
        )

    def forward_head(self, tokens: Tensor) -> Tensor:
        return self.heads(tokens[:, 0])


def _heads(hidden_dim: int, representation_size: int | None, num_classes: int) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if representation_size is not None:
        layers["pre_logits"] = before = nn.Linear(hidden_dim, representation_size)
        init.trunc_normal_(before.weight, std=math.sqrt(1 / hidden_dim))
        zero_bias(before)
        layers["act"] = nn.Tanh()
    layers["head"] = head = nn.Linear(representation_size or hidden_dim, num_classes)
    init.zeros_(head.weight)
    zero_bias(head)
    return nn.Sequential(layers)


def interpolate_embeddings(
    image_size: int,
    patch_size: int,
    model_state: Mapping[str, Any],
    interpolation_mode: str = "bicubic",
    reset_heads: bool = False,
) -> dict[str, Any]:
    """A state dict for a model of this `image_size`, from one of another; with `reset_heads`, without the head."""
    state = dict(model_state)
    positions = state["encoder.pos_embedding"]
    old, new = math.isqrt(positions.shape[1] - 1), image_size // patch_size
    if old**2 != positions.shape[1] - 1:
        raise ValueError(
            "interpolate_embeddings: expected positions (1, 1 + n², E) of images as wide as high, but got "
            f"{positions.shape}"
        )
    if new == old:
        return state
    patches = positions[:, 1:].transpose(1, 2).unflatten(2, (old, old))
    patches = F.interpolate(patches, (new, new), mode=interpolation_mode, align_corners=True)
    state["encoder.pos_embedding"] = cat([positions[:, :1], patches.flatten(2).transpose(1, 2)], 1)
    return {key: value for key, value in state.items() if not (reset_heads and key.startswith("heads"))}


@register("torchvision", 2020, parameters=86_567_656, gmacs=17.564, top1=81.072)
def vit_b_16(image_size: int = 224, **kwargs: Any) -> VisionTransformer:
    return VisionTransformer(image_size, 16, 12, 12, 768, 3072, **kwargs)


@register("torchvision", 2020, parameters=88_224_232, gmacs=4.409, top1=75.912)
def vit_b_32(image_size: int = 224, **kwargs: Any) -> VisionTransformer:
    return VisionTransformer(image_size, 32, 12, 12, 768, 3072, **kwargs)


@register("torchvision", 2020, parameters=304_326_632, gmacs=61.555, top1=79.662)
def vit_l_16(image_size: int = 224, **kwargs: Any) -> VisionTransformer:
    return VisionTransformer(image_size, 16, 24, 16, 1024, 4096, **kwargs)
