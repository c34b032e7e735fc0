"""Vision transformers in smaller sizes, with timm's names: tiny and small are those of DeiT.

Touvron et al., "Training data-efficient image transformers & distillation through attention", 2021.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any

import numpy as np

from .. import nn
from ..construction import tensor
from ..nn import functional as F
from ..nn import init
from ..ops.creation import empty
from ..tensor import Tensor
from ..transforms.functional.images import InterpolationMode
from ..transforms.functional.resizing import weights
from .blocks import zero_bias
from .registry import register
from .vision_transformer import Parts, TokenModel, grid_of, layer_norm

__all__ = ["vit_small_patch16_224", "vit_tiny_patch16_224"]


class Attention(nn.Module):
    """Self-attention whose queries, keys and values come from one linear layer."""

    def __init__(self, dim: int, num_heads: int, attn_drop: float = 0.0, proj_drop: float = 0.0) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f"Attention: dim must be divisible by num_heads, but got {dim} and {num_heads}")
        self.num_heads, self.head_dim = num_heads, dim // num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.attn_drop = nn.Dropout(attn_drop)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(self, x: Tensor, maps: list[Tensor] | None = None) -> Tensor:
        heads = self.qkv(x).unflatten(2, (3, self.num_heads, self.head_dim)).permute(2, 0, 3, 1, 4)
        q, k, v = heads.unbind(0)
        if maps is None:
            y = F.scaled_dot_product_attention(q, k, v, dropout_p=self.attn_drop.p if self.training else 0.0)
        else:
            maps.append(F.softmax(q * self.head_dim**-0.5 @ k.transpose(-2, -1), -1))
            y = self.attn_drop(maps[-1]) @ v
        return self.proj_drop(self.proj(y.transpose(1, 2).flatten(2)))


class Block(nn.Module):
    """x + attention(norm(x)), then the same with a network."""

    def __init__(
        self, dim: int, num_heads: int, hidden: int, proj_drop: float, attn_drop: float, drop_path: float
    ) -> None:
        super().__init__()
        self.norm1 = layer_norm(dim)
        self.attn = Attention(dim, num_heads, attn_drop, proj_drop)
        self.drop_path1 = nn.DropPath(drop_path)
        self.norm2 = layer_norm(dim)
        self.mlp = nn.Sequential(
            OrderedDict(
                fc1=nn.Linear(dim, hidden),
                act=nn.GELU(),
                drop1=nn.Dropout(proj_drop),
                fc2=nn.Linear(hidden, dim),
                drop2=nn.Dropout(proj_drop),
            )
        )
        self.drop_path2 = nn.DropPath(drop_path)

    def forward(self, x: Tensor, maps: list[Tensor] | None = None) -> Tensor:
        x = x + self.drop_path1(self.attn(self.norm1(x), maps))
        return x + self.drop_path2(self.mlp(self.norm2(x)))


class VisionTransformer(TokenModel):
    """timm's, with its names and arguments; see `TokenModel` for what it can do. With 0 classes there is no head."""

    def __init__(
        self,
        img_size: int = 224,
        patch_size: int = 16,
        in_chans: int = 3,
        num_classes: int = 1000,
        embed_dim: int = 768,
        depth: int = 12,
        num_heads: int = 12,
        mlp_ratio: float = 4.0,
        drop_rate: float = 0.0,
        pos_drop_rate: float = 0.0,
        proj_drop_rate: float = 0.0,
        attn_drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.patch_size, self.embed_dim = patch_size, embed_dim
        self.grid = grid_of("VisionTransformer", img_size, patch_size)
        self.cls_token = nn.Parameter(empty(1, 1, embed_dim))
        self.pos_embed = nn.Parameter(empty(1, math.prod(self.grid) + 1, embed_dim))
        projection = nn.Conv2d(in_chans, embed_dim, patch_size, patch_size)
        self.patch_embed = nn.Sequential(OrderedDict(proj=projection))
        self.pos_drop = nn.Dropout(pos_drop_rate)
        chances = [drop_path_rate * i / max(depth - 1, 1) for i in range(depth)]
        hidden = int(embed_dim * mlp_ratio)
        blocks = [Block(embed_dim, num_heads, hidden, proj_drop_rate, attn_drop_rate, chance) for chance in chances]
        self.blocks = nn.Sequential(*blocks)
        self.norm = layer_norm(embed_dim)
        self.head_drop = nn.Dropout(drop_rate)
        self.head = nn.Linear(embed_dim, num_classes) if num_classes else nn.Identity()
        self._init_weights()

    def _init_weights(self) -> None:
        init.trunc_normal_(self.pos_embed, std=0.02)
        init.normal_(self.cls_token, std=1e-6)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                init.trunc_normal_(module.weight, std=0.02)
                zero_bias(module)

    def _parts(self) -> Parts:
        return Parts(self.patch_embed, self.cls_token, self.pos_embed, self.pos_drop, self.blocks, self.norm)

    def forward_head(self, tokens: Tensor) -> Tensor:
        return self.head(self.head_drop(tokens[:, 0]))

    def _resized(self, patches: Tensor, grid: tuple[int, int]) -> Tensor:
        """As Pillow does: with averages over what a new place covers, where there are fewer of them."""
        rows, columns = [_cubic(side, size, patches) for side, size in zip(self.grid, grid, strict=True)]
        return rows @ patches @ columns.transpose(0, 1)


def _cubic(side: int, size: int, like: Tensor) -> Tensor:
    """The matrix (size, side) that takes one side to another size."""
    matrix = weights(np.array([0]), np.array([side]), side, size, InterpolationMode.BICUBIC, antialias=True)[0]
    return tensor(matrix, dtype=like.dtype, device=like.device)


@register("timm", 2021, parameters=5_717_416, gmacs=1.3, top1=75.5)
def vit_tiny_patch16_224(**kwargs: Any) -> VisionTransformer:
    return VisionTransformer(embed_dim=192, num_heads=3, **kwargs)


@register("timm", 2021, parameters=22_050_664, gmacs=4.6, top1=81.4)
def vit_small_patch16_224(**kwargs: Any) -> VisionTransformer:
    return VisionTransformer(embed_dim=384, num_heads=6, **kwargs)
