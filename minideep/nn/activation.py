"""Activations: each function of `functional` that stands between linear layers, as a module.

Except for `GLU`, which halves a side, and the softmaxes, they work on every entry by itself. With ``inplace=True`` the
result is written into the input's memory, which saves as much; the engine refuses it where a gradient needs the input.
"""

from __future__ import annotations

from typing import Any

from ..backend import DType
from ..ops.creation import empty, full
from ..tensor import Tensor
from . import functional as F
from . import init as initial
from .function_module import FunctionModule
from .module import Module
from .parameter import Parameter

__all__ = [
    "CELU", "ELU", "GELU", "GLU", "SELU", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid",
    "LogSoftmax", "Mish", "PReLU", "ReLU", "ReLU6", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softplus", "Softsign",
    "Swish", "Tanh",
]  # fmt: skip


class _Settingless(FunctionModule):
    def __init__(self) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input)


class _InPlace(FunctionModule):
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(inplace=inplace)

    def forward(self, input: Tensor) -> Tensor:
        return self.function(input, inplace=True) if self.inplace else self.function(input)


# ---------------------------------------------------------------------------------------------- smooth


class Sigmoid(_Settingless):
    """σ(x) = 1 / (1 + e⁻ˣ), from 0 to 1."""

    function = staticmethod(F.sigmoid)


class Tanh(_Settingless):
    """tanh x = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), from −1 to 1."""

    function = staticmethod(F.tanh)


class LogSigmoid(_Settingless):
    """log σ(x), exact also where σ(x) is next to 0."""

    function = staticmethod(F.logsigmoid)


class Softsign(_Settingless):
    """x / (1 + |x|), from −1 to 1, which it nears more slowly than tanh."""

    function = staticmethod(F.softsign)


class Softplus(FunctionModule):
    """log(1 + exp(beta · x)) / beta, a smooth ReLU, which is x itself where beta · x exceeds `threshold`."""

    function = staticmethod(F.softplus)

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__(beta=beta, threshold=threshold)


class GELU(FunctionModule):
    """x · Φ(x), with the normal distribution function Φ; ``approximate="tanh"`` for an approximation of it.

    Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016.
    """

    function = staticmethod(F.gelu)

    def __init__(self, approximate: str = "none") -> None:
        super().__init__(approximate=approximate)


class SiLU(_InPlace):
    """x · σ(x). Elfwing, Uchibe and Doya, "Sigmoid-Weighted Linear Units", 2017."""

    function = staticmethod(F.silu)


class Swish(Module):
    """x · σ(βx), in which β is learnt, from `beta` on; or stays what it is, if not `learnable`.

    It is x/2 at β = 0, `SiLU` at 1, and tends to ReLU. Ramachandran, Zoph and Le, "Searching for Activation Functions",
    2017.
    """

    beta: Tensor

    def __init__(
        self, beta: float = 1.0, learnable: bool = True, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        value = full((), float(beta), device=device, dtype=dtype)
        if learnable:
            self.beta = Parameter(value)
        else:
            self.register_buffer("beta", value)

    def forward(self, input: Tensor) -> Tensor:
        return F.swish(input, self.beta)

    def extra_repr(self) -> str:
        return f"beta={self.beta.item():.4g}, learnable={isinstance(self.beta, Parameter)}"


class Mish(_InPlace):
    """x · tanh(log(1 + eˣ)). Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", 2019."""

    function = staticmethod(F.mish)


# ---------------------------------------------------------------------------------------------- bent at a point


class ReLU(_InPlace):
    """max(x, 0). Its derivative at 0 is 0.

    >>> ReLU()(Tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    function = staticmethod(F.relu)


class ReLU6(_InPlace):
    """x between 0 and 6, the nearer of them beyond: numbers that few bits can hold. (MobileNet, 2017.)"""

    function = staticmethod(F.relu6)


class LeakyReLU(FunctionModule):
    """x if x > 0, else ``negative_slope · x``. Maas, Hannun and Ng, 2013."""

    function = staticmethod(F.leaky_relu)

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(negative_slope=negative_slope, inplace=inplace)


class PReLU(Module):
    """x if x > 0, else weight · x: a `LeakyReLU` that learns its slope, one for all or one for each channel (dim 1).

    He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015.
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: DType | None = None
    ) -> None:
        super().__init__()
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        initial.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class Hardtanh(FunctionModule):
    """x between `min_val` and `max_val`, the nearer of them beyond."""

    function = staticmethod(F.hardtanh)

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        if max_val <= min_val:
            raise AssertionError(f"Hardtanh: expected max_val above min_val, but got {max_val} and {min_val}")
        super().__init__(min_val=min_val, max_val=max_val, inplace=inplace)


class Hardsigmoid(_InPlace):
    """(x + 3) / 6 between 0 and 1: σ(x) drawn with a ruler."""

    function = staticmethod(F.hardsigmoid)


class Hardswish(_InPlace):
    """x · hardsigmoid(x). Howard et al., "Searching for MobileNetV3", 2019."""

    function = staticmethod(F.hardswish)


# ---------------------------------------------------------------------------------------------- exponential below zero


class ELU(FunctionModule):
    """x if x > 0, else alpha · (eˣ − 1). Clevert, Unterthiner and Hochreiter, 2015."""

    function = staticmethod(F.elu)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)


class SELU(_InPlace):
    """λ · ELU(x) with those λ and alpha with which deep layers keep mean 0 and variance 1.

    Klambauer et al., "Self-Normalizing Neural Networks", 2017.
    """

    function = staticmethod(F.selu)


class CELU(FunctionModule):
    """x if x > 0, else alpha · (exp(x / alpha) − 1): an ELU without a kink for any alpha. Barron, 2017."""

    function = staticmethod(F.celu)

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(alpha=alpha, inplace=inplace)


# ---------------------------------------------------------------------------------------------- along a dimension


class GLU(FunctionModule):
    """a · σ(b), where a and b are the two halves of the input along `dim`. Dauphin et al., 2016."""

    function = staticmethod(F.glu)

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim=dim)


class Softmax(FunctionModule):
    """exp x / Σ exp x along `dim`: positive numbers that add up to 1."""

    function = staticmethod(F.softmax)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)


class Softmax2d(Module):
    """Softmax over the channels of each pixel of an image (C, H, W), or of a batch of them (N, C, H, W)."""

    def forward(self, input: Tensor) -> Tensor:
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected an input (C, H, W) or (N, C, H, W), but got {input.shape}")
        return F.softmax(input, -3)


class LogSoftmax(FunctionModule):
    """x − log Σ exp x along `dim`: the log of Softmax, without a log of 0 on the way."""

    function = staticmethod(F.log_softmax)

    def __init__(self, dim: int | None = None) -> None:
        super().__init__(dim=dim)
