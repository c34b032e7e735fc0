"""One function at a time, forward and backward, on the shapes that nets of the lessons give it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engines import Engine
from ..workload import Run, Sizes, normal, workload

Shape = tuple[int, ...]


def kernel(
    name: str, function: Callable[..., Any], shapes: Sequence[Shape], tiny: Sequence[Shape], **bars: float
) -> None:
    """Declare ``function(m, *inputs)``, with inputs of these shapes, as a workload: its value and all its gradients."""

    def build(m: Engine, rng: np.random.Generator, shapes: Sequence[Shape]) -> Run:
        leaves = [m.tensor(normal(rng, *shape), requires_grad=True) for shape in shapes]

        def forward(*inputs: Any) -> Any:
            return function(m, *inputs)

        cotangent = m.tensor(normal(rng, *forward(*leaves).shape))
        return lambda: m.gradients(forward, leaves, cotangent)

    sizes: Sizes = {"shapes": shapes}
    workload(name, sizes=sizes, tiny={"shapes": tiny}, **bars)(build)


def convolution(name: str, x: Shape, weight: Shape, settings: Sizes, tiny: Sequence[Shape], **bars: float) -> None:
    kernel(f"conv2d_{name}", lambda m, x, w: m.conv2d(x, w, **settings), [x, weight], tiny, **bars)


PADDED, SMALL = {"padding": 1}, [(2, 4, 5, 5), (4, 4, 3, 3)]
DEPTHWISE, SMALL_DEPTHWISE = {"padding": 1, "groups": 64}, [(2, 64, 5, 5), (64, 1, 3, 3)]
convolution("3x3", (16, 64, 32, 32), (64, 64, 3, 3), PADDED, SMALL, ratio_bar=1.8, memory_bar=1.25)
convolution("3x3_few", (32, 16, 16, 16), (32, 16, 3, 3), PADDED, SMALL)
convolution("3x3_deep", (16, 128, 16, 16), (128, 128, 3, 3), PADDED, SMALL)
convolution("3x3_deepest", (16, 256, 8, 8), (256, 256, 3, 3), PADDED, SMALL)
convolution("3x3_strided", (16, 64, 32, 32), (128, 64, 3, 3), {"padding": 1, "stride": 2}, SMALL)
convolution("1x1", (16, 64, 32, 32), (128, 64, 1, 1), {}, [(2, 4, 5, 5), (3, 4, 1, 1)])
convolution("7x7_first", (16, 3, 64, 64), (32, 3, 7, 7), {"padding": 3, "stride": 2}, [(2, 3, 9, 9), (4, 3, 7, 7)])
convolution("patches", (32, 3, 64, 64), (192, 3, 8, 8), {"stride": 8}, [(2, 3, 16, 16), (4, 3, 8, 8)])
convolution("depthwise", (16, 64, 32, 32), (64, 1, 3, 3), DEPTHWISE, SMALL_DEPTHWISE, ratio_bar=2.0)
convolution("grouped", (16, 64, 32, 32), (64, 16, 3, 3), {"padding": 1, "groups": 4}, [(2, 8, 5, 5), (8, 2, 3, 3)])
kernel(
    "conv_transpose2d",
    lambda m, x, w: m.conv_transpose2d(x, w, stride=2, padding=1),
    [(16, 64, 16, 16), (64, 32, 4, 4)],
    [(2, 3, 4, 4), (3, 2, 4, 4)],
)

TOKENS, FEW_TOKENS = (64, 65, 192), (2, 3, 8)
IMAGES, FEW_IMAGES = (16, 64, 32, 32), (2, 3, 4, 4)
WIDTH, CHANNELS, HEADS = (192,), (64,), (32, 3, 65, 64)
kernel(
    "layer_norm",
    lambda m, x, w, b: m.layer_norm(x, w.shape, w, b),
    [TOKENS, WIDTH, WIDTH],
    [FEW_TOKENS, (8,), (8,)],
    ratio_bar=1.5,
)
kernel("softmax", lambda m, x: m.softmax(x, -1), [TOKENS], [FEW_TOKENS], ratio_bar=1.5)
kernel("gelu", lambda m, x: m.gelu(x), [TOKENS], [FEW_TOKENS], ratio_bar=1.5)
kernel("relu", lambda m, x: m.relu(x), [IMAGES], [FEW_IMAGES])
kernel(
    "batch_norm",
    lambda m, x, w, b: m.batch_norm(x, None, None, w, b, training=True),
    [IMAGES, CHANNELS, CHANNELS],
    [FEW_IMAGES, (3,), (3,)],
)
kernel("max_pool2d", lambda m, x: m.max_pool2d(x, 2), [IMAGES], [FEW_IMAGES])
kernel("avg_pool2d", lambda m, x: m.avg_pool2d(x, 2), [IMAGES], [FEW_IMAGES])
kernel(
    "attention",
    lambda m, q, k, v: m.scaled_dot_product_attention(q, k, v),
    [HEADS, HEADS, HEADS],
    [(2, 2, 3, 4)] * 3,
)
kernel("matmul", lambda m, a, b: m.matmul(a, b), [(512, 512), (512, 512)], [(2, 3), (3, 4)])
kernel("matmul_batched", lambda m, a, b: m.matmul(a, b), [(96, 65, 64), (96, 64, 65)], [(2, 2, 3), (2, 3, 4)])
kernel("add_broadcast", lambda m, x, b: x + b, [TOKENS, WIDTH], [FEW_TOKENS, (8,)])
kernel("sum_last", lambda m, x: m.sum(x, -1), [TOKENS], [FEW_TOKENS])
kernel("cat", lambda m, x, y: m.cat([x, y], 1), [TOKENS, TOKENS], [FEW_TOKENS, FEW_TOKENS])
kernel("index_slices", lambda m, x: x[:, 1:] * x[:, :-1], [TOKENS], [FEW_TOKENS])


@workload("index_rows", sizes={"rows": 2048, "width": 192, "count": 8192}, tiny={"rows": 5, "width": 3, "count": 9})
def index_rows(m: Engine, rng: np.random.Generator, rows: int, width: int, count: int) -> Run:
    """Rows chosen by an array of integers with repetitions, as an embedding does."""
    x, cotangent = m.tensor(normal(rng, rows, width), requires_grad=True), m.tensor(normal(rng, count, width))
    chosen = m.tensor(rng.integers(0, rows, count))
    return lambda: m.gradients(lambda x: x[chosen], [x], cotangent)
