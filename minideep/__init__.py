"""minideep: deep learning from scratch, written to be read."""

from __future__ import annotations

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from . import autograd, cuda
from .autograd import detect_anomaly, enable_grad, inference, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .backend import (
    Generator,
    device,
    float16,
    float32,
    float64,
    get_default_dtype,
    initial_seed,
    int8,
    int16,
    int32,
    int64,
    manual_seed,
    set_default_dtype,
    uint8,
)
from .backend import (
    bool_ as bool,
)
from .ops.activation import celu, prelu, relu, selu
from .ops.arrangement import *
from .ops.channel_norm import *
from .ops.contraction import *
from .ops.convolution import *
from .ops.creation import *
from .ops.dropout import dropout
from .ops.elementwise import *
from .ops.extremes import *
from .ops.layer_norm import *
from .ops.linalg import *
from .ops.normalization import cosine_similarity
from .ops.order import *
from .ops.pooling import adaptive_avg_pool1d, avg_pool1d, max_pool1d, max_pool2d
from .ops.random import *
from .ops.reduction import *
from .ops.resample import pixel_shuffle, pixel_unshuffle
from .ops.running import *
from .ops.selection import *
from .ops.shape import *
from .ops.softmax import *
from .ops.ternary import *
from .printing import set_printoptions
from .saving import load, save
from .tensor import Tensor

half, float, double = float16, float32, float64
short, int, long = int16, int32, int64
__version__ = "0.1.0"

# log(0) is -inf and 0/0 is nan, here as in PyTorch, without a word: NumPy's warnings about it would name lines of ours.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minideep(\.|$)")

if TYPE_CHECKING:
    from . import data, models, nn, optim, training, transforms, viz
    from .models import summary


_ROOMS = ("data", "models", "nn", "optim", "training", "transforms", "viz")


def __getattr__(name: str) -> object:
    """The rooms above the engine are opened when somebody first asks for them."""
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name == "summary":
        return import_module(".models", __name__).summary
    raise AttributeError(f"{__name__}: module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS, "summary"})


if find_spec("einops"):  # not required, but where it is installed it works on Tensors
    from . import interop
