"""Layers with settings and inputs on which `test_parity` compares them with PyTorch's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

BOTH, TRAIN, EVAL = ("train", "eval"), ("train",), ("eval",)


class Constant(NamedTuple):
    """An input that no gradient is asked of."""

    array: np.ndarray


class Case(NamedTuple):
    """A module, as one would write it after ``from … import nn``, and what to call it with.

    Of the inputs, a tuple is the shape of random numbers. Arrays of floats get gradients too, unless `Constant`.
    """

    text: str
    inputs: tuple[Any, ...]
    keywords: dict[str, Any]
    modes: tuple[str, ...]

    def __str__(self) -> str:
        kinds = [str(x).replace(" ", "") if isinstance(x, tuple) and type(x) is tuple else "array" for x in self.inputs]
        extra = [f"{name}={getattr(value, 'shape', value)}" for name, value in self.keywords.items()]
        return "-".join([self.text, *kinds, *extra])


def case(text: str, *inputs: Any, modes: tuple[str, ...] = BOTH, **keywords: Any) -> Case:
    return Case(text, inputs, keywords, modes)


def each(text: str, *shapes: tuple[int, ...], modes: tuple[str, ...] = BOTH) -> list[Case]:
    return [case(text, shape, modes=modes) for shape in shapes]


rng = np.random.default_rng(0)


def probabilities(*shape: int) -> np.ndarray:
    return rng.uniform(0.05, 0.95, shape)


def distributions(*shape: int) -> np.ndarray:
    x = rng.uniform(0.05, 0.95, shape)
    return x / x.sum(1, keepdims=True)


def integers(high: int, *shape: int) -> np.ndarray:
    return rng.integers(0, high, shape)


def signs(*shape: int) -> Constant:
    return Constant(rng.choice([-1.0, 1.0], shape))


def hidden(*shape: int) -> np.ndarray:
    """A boolean mask that leaves something of each row."""
    mask = rng.random(shape) < 0.4
    mask[..., 0] = False
    return mask


def later(n: int) -> np.ndarray:
    return np.triu(np.ones((n, n), bool), 1)


# ---------------------------------------------------------------------------------------------- linear, shapes

LINEAR = [
    *each("Linear(4, 3)", (4,), (5, 4), (2, 5, 4), (0, 4)),
    *each("Linear(4, 3, bias=False)", (5, 4), (2, 5, 4)),
    *each("Linear(1, 1)", (1, 1)),
    *each("Identity()", (3,), (2, 0)),
    *each("Identity(54, unused=1)", (3,)),
    *each("Flatten()", (2, 3, 4), (2, 3), (0, 3, 4)),
    *each("Flatten(0, 1)", (2, 3, 4)),
    *each("Flatten(start_dim=-3, end_dim=-2)", (2, 3, 4)),
    *each("Unflatten(1, (2, 3))", (5, 6), (5, 6, 2)),
    *each("Unflatten(-1, (-1, 3))", (5, 6)),
    *each("PixelShuffle(2)", (8, 2, 3), (2, 4, 3, 3), (2, 2, 4, 2, 2)),
    *each("PixelShuffle(upscale_factor=1)", (2, 3, 2, 2)),
    *each("PixelUnshuffle(2)", (2, 4, 6), (2, 3, 4, 2)),
    *each("PixelUnshuffle(downscale_factor=3)", (1, 3, 6)),
    *each("Unfold(2)", (2, 3, 4, 5), (3, 4, 5)),
    *each("Unfold((2, 3), dilation=2, padding=(1, 2), stride=2)", (2, 3, 7, 8)),
    *each("Fold((4, 5), 2)", (2, 12, 12), (12, 12)),
    *each("Fold(output_size=5, kernel_size=3, padding=1, stride=2)", (2, 18, 9)),
    *each("Upsample(scale_factor=2)", (2, 3, 4), (2, 3, 4, 5)),
    *each("Upsample(size=7)", (2, 3, 4), (2, 3, 4, 5)),
    *each("Upsample(size=(7, 3), mode='bilinear')", (2, 3, 4, 5)),
    *each("Upsample(scale_factor=(1.5, 2), mode='bilinear', align_corners=True)", (2, 3, 4, 5)),
    *each("Upsample(scale_factor=1.7, mode='bicubic', recompute_scale_factor=True)", (2, 3, 4, 5)),
    *each("Upsample(None, 1.5, 'linear', False)", (2, 3, 5)),
]

EMBEDDING = [
    case("Embedding(10, 3)", integers(10, 4)),
    case("Embedding(10, 3)", integers(10, 2, 5)),
    case("Embedding(10, 3)", integers(10, 0)),
    case("Embedding(10, 3)", integers(10)),
    case("Embedding(10, 3, padding_idx=2)", np.array([1, 2, 2, 5])),
    case("Embedding(10, 3, padding_idx=-1)", np.array([9, 0, 9])),
    case("Embedding(10, 3, max_norm=1.0)", np.array([1, 2, 2, 5])),
    case("Embedding(10, 3, 1, 0.5, 1.0)", np.array([[1, 2], [2, 5]])),
    case("Embedding(4, 3, max_norm=100.0, norm_type=3)", np.array([1, 2, 2])),
]

# ---------------------------------------------------------------------------------------------- convolutions, pooling

CONV = [
    *each("Conv1d(4, 6, 3)", (2, 4, 7), (4, 7)),
    *each("Conv1d(4, 6, (3,), stride=2, padding=1, dilation=2, groups=2, bias=False)", (2, 4, 9)),
    *each("Conv1d(4, 6, kernel_size=4, padding='same')", (2, 4, 7)),
    *each("Conv1d(4, 6, 4, padding='same', dilation=3, padding_mode='reflect')", (2, 4, 17)),
    *each("Conv1d(4, 6, 4, padding='valid', padding_mode='circular')", (2, 4, 7)),
    *each("Conv1d(4, 6, 4, padding=2, padding_mode='replicate', bias=False)", (2, 4, 7), (4, 7)),
    *each("Conv2d(4, 6, 3)", (2, 4, 5, 6), (4, 5, 6)),
    *each("Conv2d(4, 6, 3, 2, 1)", (2, 4, 5, 6)),
    *each("Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(2, 0), dilation=(1, 2))", (2, 4, 5, 6)),
    *each("Conv2d(4, 4, 3, groups=4, bias=False)", (2, 4, 5, 6)),
    *each("Conv2d(4, 6, 1)", (1, 4, 1, 1)),
    *each("Conv2d(4, 6, (2, 3), padding='same')", (2, 4, 5, 6)),
    *each("Conv2d(4, 6, (2, 3), padding='same', dilation=2, padding_mode='reflect')", (2, 4, 5, 6), (4, 5, 6)),
    *each("Conv2d(4, 6, 3, padding=(2, 1), padding_mode='reflect')", (2, 4, 5, 6), (4, 5, 6)),
    *each("Conv2d(4, 6, 3, padding=(2, 1), padding_mode='replicate')", (2, 4, 5, 6)),
    *each("Conv2d(4, 6, 3, stride=2, padding=2, padding_mode='circular', groups=2)", (2, 4, 5, 6), (4, 5, 6)),
    *each("ConvTranspose1d(4, 6, 3)", (2, 4, 5), (4, 5)),
    *each("ConvTranspose1d(4, 6, 3, 2, 1, 1, 2, False, 2)", (2, 4, 5)),
    *each("ConvTranspose2d(4, 6, 3)", (2, 4, 3, 5), (4, 3, 5)),
    *each("ConvTranspose2d(4, 6, (3, 2), stride=2, padding=(1, 0), output_padding=(1, 0), groups=2)", (2, 4, 3, 5)),
    *each("ConvTranspose2d(4, 6, 3, stride=3, dilation=2, bias=False)", (2, 4, 3, 5)),
    case("ConvTranspose1d(4, 6, 3, stride=2)", (2, 4, 5), output_size=(12,)),
    case("ConvTranspose1d(4, 6, 3, stride=2)", (4, 5), output_size=(6, 11)),
    case("ConvTranspose2d(4, 6, 3, stride=2, padding=1)", (2, 4, 3, 5), output_size=[6, 9]),
    case("ConvTranspose2d(4, 6, 3, stride=3, dilation=2)", (2, 4, 3, 5), output_size=(2, 6, 13, 18)),
]

POOLING = [
    *each("MaxPool1d(2)", (2, 3, 7), (3, 7)),
    *each("MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True)", (2, 3, 8)),
    *each("MaxPool1d(kernel_size=2, return_indices=True)", (2, 3, 7)),
    *each("MaxPool2d(2)", (2, 3, 4, 6), (3, 4, 6)),
    *each("MaxPool2d(3, 2, 1)", (2, 3, 5, 6)),
    *each("MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True)", (2, 3, 6, 5)),
    *each("MaxPool2d(2, 1, 0, 2, True)", (2, 3, 5, 6)),
    *each("AvgPool1d(2)", (2, 3, 7), (3, 7)),
    *each("AvgPool1d((3,), stride=2, padding=1, ceil_mode=True, count_include_pad=False)", (2, 3, 8)),
    *each("AvgPool2d(2)", (2, 3, 4, 6), (3, 4, 6)),
    *each("AvgPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True)", (2, 3, 6, 5)),
    *each("AvgPool2d(3, 2, 1, count_include_pad=False)", (2, 3, 5, 6)),
    *each("AvgPool2d(3, 1, divisor_override=2)", (2, 3, 5, 6)),
    *each("AdaptiveAvgPool1d(3)", (2, 3, 7), (3, 7), (2, 3, 2)),
    *each("AdaptiveAvgPool1d((1,))", (2, 3, 7)),
    *each("AdaptiveAvgPool2d(1)", (2, 3, 5, 6), (3, 5, 6)),
    *each("AdaptiveAvgPool2d((6, 6))", (2, 3, 5, 7)),
    *each("AdaptiveAvgPool2d((None, 2))", (2, 3, 5, 7)),
    *each("AdaptiveMaxPool1d(3)", (2, 3, 7), (3, 7)),
    *each("AdaptiveMaxPool1d(2, return_indices=True)", (2, 3, 7)),
    *each("AdaptiveMaxPool2d((2, 4))", (2, 3, 5, 6), (3, 5, 6)),
    *each("AdaptiveMaxPool2d((None, 2), True)", (2, 3, 5, 7)),
]

PADDING = [
    *each("ZeroPad1d(2)", (2, 3, 4), (3, 4)),
    *each("ZeroPad1d((2, -1))", (2, 3, 4)),
    *each("ZeroPad2d((1, 2, 3, 0))", (2, 3, 4, 5), (3, 4, 5)),
    *each("ZeroPad2d(-1)", (2, 3, 4, 5)),
    *each("ConstantPad1d(2, 3.5)", (2, 3, 4)),
    *each("ConstantPad1d((1, 0), value=2)", (3, 4)),
    *each("ConstantPad2d((1, 2, 3, 0), -1.5)", (2, 3, 4, 5), (4, 5)),
    *each("ReflectionPad1d(2)", (2, 3, 4), (3, 4)),
    *each("ReflectionPad2d((1, 2, 3, 0))", (2, 3, 4, 5), (3, 4, 5)),
    *each("ReplicationPad1d((3, 5))", (2, 3, 4), (3, 4)),
    *each("ReplicationPad2d(2)", (2, 3, 4, 5), (3, 4, 5)),
    *each("CircularPad1d((1, 4))", (2, 3, 4), (3, 4)),
    *each("CircularPad2d((1, 2, 3, 0))", (2, 3, 4, 5), (3, 4, 5)),
]

# ---------------------------------------------------------------------------------------------- normalization

NORMALIZATION = [
    *each("BatchNorm1d(3)", (6, 3), (4, 3, 5)),
    *each("BatchNorm1d(3, eps=0.1, momentum=0.3, affine=False)", (6, 3)),
    *each("BatchNorm1d(3, momentum=None)", (6, 3), (4, 3, 5)),
    *each("BatchNorm1d(3, track_running_stats=False)", (6, 3)),
    *each("BatchNorm1d(3, bias=False)", (6, 3)),
    *each("BatchNorm2d(3)", (2, 3, 4, 5), (1, 3, 1, 2)),
    *each("BatchNorm2d(3, 1e-3, None, False, True)", (2, 3, 4, 5)),
    *each("BatchNorm2d(3, momentum=0.0)", (2, 3, 4, 5)),
    *each("BatchNorm2d(3, affine=False, track_running_stats=False)", (2, 3, 4, 5)),
    *each("InstanceNorm1d(3)", (2, 3, 5), (3, 5)),
    *each("InstanceNorm1d(3, affine=True, track_running_stats=True)", (2, 3, 5), (3, 5)),
    *each("InstanceNorm2d(3)", (2, 3, 4, 5), (3, 4, 5)),
    *each("InstanceNorm2d(3, eps=0.1, momentum=0.3, affine=True, track_running_stats=True)", (2, 3, 4, 5), (3, 4, 5)),
    *each("InstanceNorm2d(3, affine=True, bias=False)", (2, 3, 4, 5)),
    *each("GroupNorm(2, 4)", (3, 4), (2, 4, 5), (2, 4, 3, 3)),
    *each("GroupNorm(1, 4, eps=0.1, affine=False)", (2, 4, 5)),
    *each("GroupNorm(4, 4, bias=False)", (2, 4, 5)),
    *each("LayerNorm(5)", (5,), (2, 5), (2, 3, 5)),
    *each("LayerNorm([3, 5], eps=0.1)", (2, 3, 5)),
    *each("LayerNorm((5,), elementwise_affine=False)", (2, 5)),
    *each("LayerNorm(5, bias=False)", (2, 5)),
    *each("RMSNorm(5)", (5,), (2, 3, 5)),
    *each("RMSNorm((3, 5), eps=0.1)", (2, 3, 5)),
    *each("RMSNorm([5], elementwise_affine=False)", (2, 5)),
    *each("LocalResponseNorm(2)", (2, 5, 4), (2, 5, 3, 3)),
    *each("LocalResponseNorm(size=5, alpha=0.1, beta=0.5, k=2)", (2, 7, 3, 3)),
    case("CosineSimilarity()", (4, 3), (4, 3)),
    case("CosineSimilarity(dim=-1, eps=0.1)", (2, 4, 3), (4, 3)),
]

# ---------------------------------------------------------------------------------------------- activations, dropout

ACTIVATION = [
    *each("ReLU()", (3, 4), ()),
    *each("ReLU(inplace=True)", (3, 4)),
    *each("ReLU6()", (3, 4)),
    *each("ReLU6(True)", (3, 4)),
    *each("LeakyReLU()", (3, 4)),
    *each("LeakyReLU(0.3, inplace=True)", (3, 4)),
    *each("PReLU()", (3, 4), (4,)),
    *each("PReLU(4, init=0.1)", (3, 4), (3, 4, 2, 2)),
    *each("ELU()", (3, 4)),
    *each("ELU(0.5, True)", (3, 4)),
    *each("SELU()", (3, 4)),
    *each("SELU(inplace=True)", (3, 4)),
    *each("CELU(alpha=2.0)", (3, 4)),
    *each("CELU(0.5, inplace=True)", (3, 4)),
    *each("GELU()", (3, 4)),
    *each("GELU(approximate='tanh')", (3, 4)),
    *each("SiLU()", (3, 4)),
    *each("SiLU(True)", (3, 4)),
    *each("Mish()", (3, 4)),
    *each("Mish(inplace=True)", (3, 4)),
    *each("Hardswish()", (3, 4)),
    *each("Hardsigmoid()", (3, 4)),
    *each("Hardtanh()", (3, 4)),
    *each("Hardtanh(-0.5, 0.25, True)", (3, 4)),
    *each("Softplus()", (3, 4)),
    *each("Softplus(beta=2.0, threshold=1.0)", (3, 4)),
    *each("Softsign()", (3, 4)),
    *each("LogSigmoid()", (3, 4)),
    *each("Sigmoid()", (3, 4)),
    *each("Tanh()", (3, 4)),
    *each("GLU()", (3, 4)),
    *each("GLU(dim=0)", (4, 3)),
    *each("Softmax(dim=1)", (3, 4), (2, 3, 4)),
    *each("Softmax(-1)", (3, 4)),
    *each("Softmax2d()", (3, 2, 2), (2, 3, 2, 2)),
    *each("LogSoftmax(dim=0)", (3, 4)),
]

DROPOUT = [
    *each("Dropout()", (3, 4), modes=EVAL),
    *each("Dropout(0.3, inplace=True)", (3, 4), modes=EVAL),
    *each("Dropout(0.0)", (3, 4)),
    *each("Dropout(1.0)", (3, 4)),
    *each("Dropout(1, True)", (3, 4)),
    *each("Dropout1d(p=0.2)", (3, 4, 5), (4, 5), modes=EVAL),
    *each("Dropout2d(0.0)", (3, 4, 5, 2)),
]

# ---------------------------------------------------------------------------------------------- losses

PAIRED = ["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"]
REDUCTIONS = ["mean", "sum", "none"]
# Arrays that stand in the text of a case: `test_parity` makes tensors of them.
ARRAYS = {
    "three": np.array([0.5, 1.0, 2.0]),
    "four_by_three": rng.uniform(0.5, 2, (4, 3)),
}

LOSS = [
    *[case(f"{name}(reduction='{how}')", (4, 3), (4, 3)) for name in PAIRED for how in REDUCTIONS],
    *[case(f"{name}()", (), ()) for name in PAIRED],
    case("SmoothL1Loss(beta=0.3)", (4, 3), (4, 3)),
    case("SmoothL1Loss(beta=0.0)", (4, 3), (4, 3)),
    case("HuberLoss('sum', 0.3)", (4, 3), (4, 3)),
    *[case(f"CrossEntropyLoss(reduction='{how}')", (4, 3), integers(3, 4)) for how in REDUCTIONS],
    case("CrossEntropyLoss()", (3,), integers(3)),
    case("CrossEntropyLoss(three, ignore_index=1, label_smoothing=0.1)", (4, 3, 2), integers(3, 4, 2)),
    case("CrossEntropyLoss(weight=three, reduction='sum')", (4, 3), Constant(distributions(4, 3))),
    *[case(f"NLLLoss(reduction='{how}')", (4, 3), integers(3, 4)) for how in REDUCTIONS],
    case("NLLLoss(three, ignore_index=2)", (4, 3, 2), integers(3, 4, 2)),
    *[case(f"BCELoss(reduction='{how}')", probabilities(4, 3), Constant(probabilities(4, 3))) for how in REDUCTIONS],
    case("BCELoss(weight=four_by_three)", probabilities(4, 3), Constant(probabilities(4, 3))),
    *[case(f"BCEWithLogitsLoss(reduction='{how}')", (4, 3), Constant(probabilities(4, 3))) for how in REDUCTIONS],
    case("BCEWithLogitsLoss(three, pos_weight=three)", (4, 3), Constant(probabilities(4, 3))),
    *[case(f"KLDivLoss(reduction='{how}')", (4, 3), distributions(4, 3)) for how in [*REDUCTIONS, "batchmean"]],
    case("KLDivLoss(reduction='batchmean', log_target=True)", (4, 3), np.log(distributions(4, 3))),
    *[case(f"CosineEmbeddingLoss(0.2, reduction='{how}')", (4, 3), (4, 3), signs(4)) for how in REDUCTIONS],
    *[case(f"HingeEmbeddingLoss(reduction='{how}')", (4, 3), signs(4, 3)) for how in REDUCTIONS],
    case("HingeEmbeddingLoss(margin=0.3)", (4, 3), signs(4, 3)),
    *[case(f"MarginRankingLoss(0.1, reduction='{how}')", (4,), (4,), signs(4)) for how in REDUCTIONS],
    *[case(f"TripletMarginLoss(reduction='{how}')", (4, 3), (4, 3), (4, 3)) for how in REDUCTIONS],
    case("TripletMarginLoss(2.0, p=1.0, eps=1e-3, swap=True)", (4, 3), (4, 3), (4, 3)),
]

# ---------------------------------------------------------------------------------------------- attention


def in_self_attention(text: str, *shape: int, **keywords: Any) -> Case:
    """Where the same array stands, the same tensor is passed."""
    x = rng.normal(size=shape)
    return case(text, x, x, x, **keywords)


ALIKE = rng.normal(size=(3, 2, 4))
FLOAT_MASK = rng.normal(size=(3, 3))

ATTENTION = [
    in_self_attention("MultiheadAttention(4, 2)", 3, 2, 4),
    in_self_attention("MultiheadAttention(4, 2)", 3, 4),
    in_self_attention("MultiheadAttention(4, 2, batch_first=True)", 2, 3, 4),
    in_self_attention("MultiheadAttention(4, 1, bias=False, batch_first=True)", 2, 3, 4, need_weights=False),
    in_self_attention("MultiheadAttention(4, 2)", 3, 2, 4, average_attn_weights=False),
    in_self_attention("MultiheadAttention(4, 2)", 3, 4, average_attn_weights=False, attn_mask=later(3)),
    in_self_attention("MultiheadAttention(4, 4)", 3, 2, 4, attn_mask=later(3), is_causal=True, need_weights=False),
    in_self_attention("MultiheadAttention(4, 2)", 3, 2, 4, attn_mask=FLOAT_MASK),
    in_self_attention("MultiheadAttention(4, 2)", 3, 2, 4, attn_mask=hidden(4, 3, 3)),
    in_self_attention("MultiheadAttention(4, 2)", 3, 2, 4, attn_mask=hidden(4, 3, 3), need_weights=False),
    in_self_attention("MultiheadAttention(4, 2)", 3, 2, 4, key_padding_mask=hidden(2, 3)),
    in_self_attention("MultiheadAttention(4, 2)", 3, 4, key_padding_mask=hidden(3), need_weights=False),
    in_self_attention(
        "MultiheadAttention(4, 2)", 3, 2, 4, key_padding_mask=hidden(2, 3), attn_mask=hidden(3, 3), need_weights=False
    ),
    in_self_attention(
        "MultiheadAttention(4, 2)", 3, 2, 4, key_padding_mask=rng.normal(size=(2, 3)), attn_mask=FLOAT_MASK
    ),
    case("MultiheadAttention(4, 2)", (3, 2, 4), (5, 2, 4), (5, 2, 4)),
    case("MultiheadAttention(4, 2)", ALIKE, ALIKE, (3, 2, 4)),
    case("MultiheadAttention(4, 2, batch_first=True)", ALIKE, ALIKE, (3, 2, 4)),
    case("MultiheadAttention(4, 2, batch_first=True)", (3, 2, 4), ALIKE, ALIKE, need_weights=False),
    case("MultiheadAttention(4, 2, batch_first=True)", (2, 3, 4), (2, 5, 4), (2, 5, 4), need_weights=False),
    case("MultiheadAttention(4, 2, kdim=3, vdim=5)", (3, 2, 4), (5, 2, 3), (5, 2, 5)),
    case("MultiheadAttention(4, 2, vdim=5, bias=False)", (3, 2, 4), (5, 2, 4), (5, 2, 5), need_weights=False),
    case("MultiheadAttention(4, 2, add_bias_kv=True)", (3, 2, 4), (5, 2, 4), (5, 2, 4)),
    case("MultiheadAttention(4, 2, add_bias_kv=True, bias=False, kdim=3)", (3, 4), (5, 3), (5, 4)),
    case("MultiheadAttention(4, 2, add_zero_attn=True)", (3, 2, 4), (5, 2, 4), (5, 2, 4), need_weights=False),
    case(
        "MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True)",
        (3, 2, 4),
        (3, 2, 4),
        (3, 2, 4),
        attn_mask=later(3),
        key_padding_mask=hidden(2, 3),
    ),
]

TRANSFORMER = [
    *each("TransformerEncoderLayer(4, 2, 6, 0.0)", (3, 2, 4), (3, 4)),
    *each("TransformerEncoderLayer(4, 2, 6, 0.0, 'gelu', batch_first=True)", (2, 3, 4)),
    *each("TransformerEncoderLayer(4, 2, 6, 0.0, norm_first=True, layer_norm_eps=0.1)", (3, 2, 4)),
    *each("TransformerEncoderLayer(4, 2, 6, 0.0, bias=False)", (3, 2, 4)),
    *each("TransformerEncoderLayer(4, 2, 6, 0.0, activation=nn.SiLU(), batch_first=True)", (2, 3, 4)),
    case("TransformerEncoderLayer(4, 2, 6, 0.0)", (3, 2, 4), src_mask=later(3), is_causal=True),
    case("TransformerEncoderLayer(4, 2, 6, 0.0)", (3, 2, 4), src_mask=FLOAT_MASK),
    case("TransformerEncoderLayer(4, 2, 6, 0.0)", (3, 2, 4), src_mask=later(3), src_key_padding_mask=hidden(2, 3)),
    *each("TransformerEncoderLayer(4, 2)", (3, 2, 4), modes=EVAL),
    *each("TransformerEncoderLayer(4, 2, 6, dropout=1.0)", (3, 2, 4)),
    case("TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, 0.0), 2, enable_nested_tensor=False)", (3, 2, 4)),
    case(
        "TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, 0.0, batch_first=True), num_layers=2, "
        "norm=nn.LayerNorm(4), enable_nested_tensor=False)",
        (2, 3, 4),
        mask=later(3),
        src_key_padding_mask=hidden(2, 3),
    ),
    case(
        "TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, 0.0), 1, enable_nested_tensor=False)",
        (3, 2, 4),
        mask=later(3),
        is_causal=True,
    ),
]

CASES = [
    *LINEAR, *EMBEDDING, *CONV, *POOLING, *PADDING, *NORMALIZATION, *ACTIVATION, *DROPOUT, *LOSS, *ATTENTION,
    *TRANSFORMER,
]  # fmt: skip

# Settings and inputs that PyTorch refuses.
ERRORS = [
    case("Linear(4, 3)", (5, 3)),
    case("Unflatten(1, 5)", (5, 6)),
    case("Unflatten(1, (2, 2.5))", (5, 6)),
    case("Unflatten(1, (4, 2))", (5, 6)),
    case("PixelShuffle(2)", (3, 2, 2)),
    case("Upsample()", (2, 3, 4)),
    case("Upsample(scale_factor=2, mode='bilinear')", (2, 3, 4)),
    case("Fold(3, 2)", (2, 4, 5)),
    case("Unfold(5)", (1, 1, 3, 3)),
    case("Embedding(10, 3)", np.array([10])),
    case("Embedding(10, 3)", np.array([-1])),
    case("Embedding(10, 3)", (4,)),
    case("Embedding(10, 3, max_norm=1.0)", np.array([10])),
    case("Embedding(10, 3, padding_idx=10)", np.array([1])),
    case("Embedding(10, 3, padding_idx=-11)", np.array([1])),
    case("Conv1d(4, 6, 3, groups=0)", (2, 4, 5)),
    case("Conv2d(4, 6, 3, groups=-1)", (2, 4, 5, 5)),
    case("Conv2d(4, 6, 3, groups=3)", (2, 4, 5, 5)),
    case("Conv2d(4, 6, 3, groups=4)", (2, 4, 5, 5)),
    case("Conv2d(4, 6, 3, padding='full')", (2, 4, 5, 5)),
    case("Conv2d(4, 6, 3, stride=2, padding='same')", (2, 4, 5, 5)),
    case("Conv2d(4, 6, 3, padding_mode='mirror')", (2, 4, 5, 5)),
    case("Conv2d(4, 6, 3, stride=0)", (2, 4, 5, 5)),
    case("Conv2d(4, 6, 3)", (2, 3, 5, 5)),
    case("Conv2d(4, 6, 3)", (2, 4, 2, 5)),
    case("Conv2d(4, 6, 3)", (4, 5)),
    case("Conv2d(4, 6, 3, padding=6, padding_mode='reflect')", (2, 4, 5, 5)),
    case("ConvTranspose2d(4, 6, 3, padding_mode='reflect')", (2, 4, 5, 5)),
    case("ConvTranspose2d(4, 6, 3, output_padding=1)", (2, 4, 5, 5)),
    case("ConvTranspose2d(4, 6, 3, stride=2)", (2, 4, 5, 5), output_size=(10, 11)),
    case("ConvTranspose2d(4, 6, 3, stride=2)", (2, 4, 5, 5), output_size=(11, 13)),
    case("ConvTranspose2d(4, 6, 3, stride=2)", (2, 4, 5, 5), output_size=(4, 11, 11)),
    case("MaxPool2d(0)", (2, 3, 4, 4)),
    case("MaxPool2d(2, padding=2)", (2, 3, 4, 4)),
    case("MaxPool2d(2)", (4, 4)),
    case("AvgPool2d(2, divisor_override=0)", (2, 3, 4, 4)),
    case("AdaptiveAvgPool2d((1, 2, 3))", (2, 3, 4, 4)),
    case("ReflectionPad1d(4)", (2, 3, 4)),
    case("ReflectionPad2d(1)", (4, 4)),
    case("CircularPad1d(5)", (2, 3, 4)),
    case("CircularPad1d(1)", (4,)),
    case("CircularPad2d(1)", (4, 4)),
    case("ZeroPad1d(-2)", (2, 3, 3)),
    case("BatchNorm1d(3)", (3,)),
    case("BatchNorm1d(3)", (2, 3, 4, 4)),
    case("BatchNorm1d(3)", (1, 3), modes=TRAIN),
    case("BatchNorm1d(3)", (2, 4)),
    case("BatchNorm2d(3)", (2, 3, 4)),
    case("BatchNorm2d(3)", (2, 4, 3, 3)),
    case("InstanceNorm1d(3)", (3,)),
    case("InstanceNorm1d(3)", (2, 3, 1)),
    case("InstanceNorm1d(3, affine=True)", (2, 4, 5)),
    case("InstanceNorm2d(3)", (2, 3)),
    case("GroupNorm(3, 4)", (2, 4)),
    case("GroupNorm(2, 4)", (2, 6)),
    case("LayerNorm(5)", (2, 4)),
    case("RMSNorm(5)", (2, 4)),
    case("LocalResponseNorm(2)", (2, 4)),
    case("CosineSimilarity()", (4, 3), (4, 2)),
    case("Hardtanh(1.0, 1.0)", (3,)),
    case("PReLU(3)", (2, 4)),
    case("CELU(0.0)", (3,)),
    case("GELU('exact')", (3,)),
    case("GLU()", (3,)),
    case("Softmax(2)", (3, 4)),
    case("Softmax2d()", (3, 4)),
    case("Dropout(1.1)", (3,)),
    case("Dropout2d(-0.1)", (3, 4, 5, 5)),
    case("MSELoss(reduction='all')", (3,), (3,)),
    case("CrossEntropyLoss()", (4, 3), np.array([0, 1, 2, 3])),
    case("CrossEntropyLoss(label_smoothing=1.5)", (4, 3), integers(3, 4)),
    case("CrossEntropyLoss(three)", (4, 4), integers(3, 4)),
    case("NLLLoss()", (4, 3), integers(3, 5)),
    case("BCELoss()", (4, 3), Constant(probabilities(4, 2))),
    case("BCELoss()", np.array([1.5]), Constant(np.array([1.0]))),
    case("BCEWithLogitsLoss()", (4, 3), Constant(probabilities(4, 2))),
    case("HuberLoss(delta=0.0)", (4,), (4,)),
    case("SmoothL1Loss(beta=-1.0)", (4,), (4,)),
    case("TripletMarginLoss(margin=0.0)", (4, 3), (4, 3), (4, 3)),
    case("MultiheadAttention(4, 3)", (3, 4), (3, 4), (3, 4)),
    case("MultiheadAttention(4, 0)", (3, 4), (3, 4), (3, 4)),
    case("MultiheadAttention(4, 2)", (3, 2, 5), (3, 2, 5), (3, 2, 5)),
    case("MultiheadAttention(4, 2)", (3, 2, 4), (3, 4), (3, 4)),
    case("MultiheadAttention(4, 2)", (1, 3, 2, 4), (1, 3, 2, 4), (1, 3, 2, 4)),
    case("MultiheadAttention(4, 2)", (3, 2, 4), (5, 2, 4), (4, 2, 4)),
    case("MultiheadAttention(4, 2)", (3, 2, 4), (3, 2, 4), (3, 2, 4), attn_mask=later(2)),
    case("MultiheadAttention(4, 2)", (3, 2, 4), (3, 2, 4), (3, 2, 4), attn_mask=integers(2, 3, 3)),
    case("MultiheadAttention(4, 2)", (3, 2, 4), (3, 2, 4), (3, 2, 4), key_padding_mask=hidden(3, 2)),
    case("MultiheadAttention(4, 2)", (3, 2, 4), (3, 2, 4), (3, 2, 4), is_causal=True),
    case("TransformerEncoderLayer(4, 2, 6, activation='swish')", (3, 2, 4)),
    case("TransformerEncoderLayer(4, 2, 6)", (3, 2, 4), is_causal=True),
]
