"""The engines that are compared, each under PyTorch's names, so that a workload is written once.

An engine is a namespace of functions (``m.tanh``, ``m.conv2d``) and the few things the libraries do in different ways:
making tensors, going back, and updating parameters. What an engine has no counterpart for it `Lacks`, and is left out
of the workloads that need it. The peers' functions are written as their users would write them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import numpy as np

Function = Callable[..., Any]


class Lacks(Exception):
    """An engine has no function of that name."""


class Engine:
    """A library under PyTorch's names; `homes` are the modules in which it keeps its functions."""

    name = title = package = ""
    homes: Sequence[Any] = ()

    def __getattr__(self, function: str) -> Any:
        for home in self.homes:
            if hasattr(home, function):
                self.__dict__[function] = getattr(home, function)  # found at once from now on
                return self.__dict__[function]
        raise Lacks(f"{self.title} has no {function}")

    def tensor(self, array: np.ndarray, requires_grad: bool = False) -> Any:
        raise NotImplementedError

    def gradients(self, function: Function, leaves: Sequence[Any], cotangent: Any = None) -> tuple[Any, list[Any]]:
        """`function` of the leaves, and its gradients with respect to each."""
        raise NotImplementedError

    def values(self, leaves: Sequence[Any]) -> Sequence[Any]:
        """What to update in place, under `no_grad`, to change parameters."""
        return leaves

    def no_grad(self) -> AbstractContextManager[Any]:
        return contextlib.nullcontext()

    def numpy(self, value: Any) -> np.ndarray:
        """A result as a NumPy array, for comparison."""
        return np.asarray(value)

    @classmethod
    def installed(cls) -> bool:
        return importlib.util.find_spec(cls.package) is not None

    @classmethod
    def version(cls) -> str:
        return version(cls.package)


class _Taped(Engine):
    """Tensors that remember where they came from, with ``backward`` and ``.grad``."""

    def tensor(self, array: np.ndarray, requires_grad: bool = False) -> Any:
        return self.homes[0].tensor(array, requires_grad=requires_grad)

    def gradients(self, function: Function, leaves: Sequence[Any], cotangent: Any = None) -> tuple[Any, list[Any]]:
        for leaf in leaves:
            leaf.grad = None
        y = function(*leaves)
        y.backward(cotangent)
        return y, [leaf.grad for leaf in leaves]

    def no_grad(self) -> AbstractContextManager[Any]:
        return self.homes[0].no_grad()

    def numpy(self, value: Any) -> np.ndarray:
        return value.detach().numpy()


class Minideep(_Taped):
    """Ours; the plain loop of an optimizer goes over raw arrays, as with the peers whose tensors hold some."""

    name = title = package = "minideep"
    zeros_like, sqrt = staticmethod(np.zeros_like), staticmethod(np.sqrt)

    def __init__(self) -> None:
        import minideep

        self.homes = (minideep, minideep.nn.functional)

    def gradients(self, function: Function, leaves: Sequence[Any], cotangent: Any = None) -> tuple[Any, list[Any]]:
        y, gradients = super().gradients(function, leaves, cotangent)
        return y, [g.array for g in gradients]

    def values(self, leaves: Sequence[Any]) -> Sequence[Any]:
        return [leaf.array for leaf in leaves]

    def numpy(self, value: Any) -> np.ndarray:
        return value.array if hasattr(value, "array") else value


class Torch(_Taped):
    name, title, package = "torch", "PyTorch", "torch"

    def __init__(self) -> None:
        import torch
        import torch.utils.data

        self.homes = (torch, torch.nn.functional)
        self.data = torch.utils.data
        self.batch_norm = torch.nn.functional.batch_norm  # torch.batch_norm is another one


class NumPy(Engine):
    """Raw arrays: what the arithmetic costs without an engine. It knows no gradients."""

    name, title, package = "numpy", "NumPy", "numpy"
    homes = (np,)

    def tensor(self, array: np.ndarray, requires_grad: bool = False) -> np.ndarray:
        return array

    def gradients(self, function: Function, leaves: Sequence[Any], cotangent: Any = None) -> tuple[Any, list[Any]]:
        raise Lacks("NumPy has no gradients")


class _Composed(Engine):
    """PyTorch's functions composed of NumPy's, which `self.xp` holds in a form that the engine can differentiate."""

    xp: Any

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        return self.xp.matmul(x, weight.T) + bias

    def relu(self, x: Any) -> Any:
        return self.xp.maximum(x, 0)

    def softmax(self, x: Any, dim: int) -> Any:
        e = self.xp.exp(x - self.xp.max(x, axis=dim, keepdims=True))
        return e / self.xp.sum(e, axis=dim, keepdims=True)

    def layer_norm(self, x: Any, shape: tuple[int, ...], weight: Any, bias: Any, eps: float = 1e-5) -> Any:
        centred = x - self.xp.mean(x, axis=-1, keepdims=True)
        variance = self.xp.mean(centred * centred, axis=-1, keepdims=True)
        return centred / self.xp.sqrt(variance + eps) * weight + bias

    def scaled_dot_product_attention(self, q: Any, k: Any, v: Any) -> Any:
        scores = self.xp.matmul(q, self.xp.swapaxes(k, -1, -2)) * (1 / math.sqrt(q.shape[-1]))
        return self.xp.matmul(self.softmax(scores, -1), v)

    def cat(self, tensors: Sequence[Any], dim: int) -> Any:
        return self.xp.concatenate(tensors, axis=dim)


class Autograd(_Composed):
    """HIPS autograd: functions of arrays, differentiated as a whole."""

    name, title, package = "autograd", "HIPS autograd", "autograd"
    zeros_like, sqrt = staticmethod(np.zeros_like), staticmethod(np.sqrt)  # for the state of an optimizer: raw arrays

    def __init__(self) -> None:
        import autograd
        import autograd.numpy
        import autograd.scipy.special

        self.xp, self._make_vjp = autograd.numpy, autograd.make_vjp
        self.homes = (autograd.numpy, autograd.scipy.special)

    def tensor(self, array: np.ndarray, requires_grad: bool = False) -> np.ndarray:
        return array.copy()

    def gradients(self, function: Function, leaves: Sequence[Any], cotangent: Any = None) -> tuple[Any, list[Any]]:
        vjp, y = self._make_vjp(function, tuple(range(len(leaves))))(*leaves)
        return y, list(vjp(np.ones_like(y) if cotangent is None else cotangent))

    def gelu(self, x: Any) -> Any:
        return x * (0.5 * (1 + self.erf(x * math.sqrt(0.5))))

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        chosen = logits[np.arange(len(labels)), labels]
        return self.xp.mean(self.logsumexp(logits, axis=1) - chosen)


class MyGrad(_Composed):
    """MyGrad, as it comes: guarding the memory of its tensors against writing, which can be switched off."""

    name, title, package = "mygrad", "MyGrad", "mygrad"
    zeros_like, sqrt = staticmethod(np.zeros_like), staticmethod(np.sqrt)

    def __init__(self) -> None:
        import mygrad
        import mygrad.nnet

        self.xp, self.homes = mygrad, (mygrad,)
        self._nnet = mygrad.nnet
        self.cross_entropy = mygrad.nnet.losses.softmax_crossentropy

    def tensor(self, array: np.ndarray, requires_grad: bool = False) -> Any:
        if array.dtype.kind != "f":
            return array
        return self.xp.tensor(array, constant=not requires_grad)

    def gradients(self, function: Function, leaves: Sequence[Any], cotangent: Any = None) -> tuple[Any, list[Any]]:
        for leaf in leaves:
            leaf.null_grad()
        y = function(*leaves)
        y.backward(None if cotangent is None else cotangent.data)
        return y, [leaf.grad for leaf in leaves]

    def values(self, leaves: Sequence[Any]) -> Sequence[Any]:
        return [leaf.data for leaf in leaves]

    def relu(self, x: Any) -> Any:
        return self._nnet.activations.relu(x)

    def softmax(self, x: Any, dim: int) -> Any:
        e = self.xp.exp(x - x.data.max(axis=dim, keepdims=True))
        return e / self.xp.sum(e, axis=dim, keepdims=True)

    def conv2d(self, x: Any, weight: Any, stride: int = 1, padding: int = 0, groups: int = 1) -> Any:
        if groups != 1:
            raise Lacks("MyGrad has no grouped convolution")
        if any((size + 2 * padding - taps) % stride for size, taps in zip(x.shape[2:], weight.shape[2:], strict=True)):
            raise Lacks("MyGrad's windows have to end where the image does")
        return self._nnet.layers.conv_nd(x, weight, stride=stride, padding=padding)

    def max_pool2d(self, x: Any, size: int) -> Any:
        return self._nnet.layers.max_pool(x, (size, size), size)


ENGINES: dict[str, type[Engine]] = {e.name: e for e in (Minideep, Torch, NumPy, Autograd, MyGrad)}


def engines(names: Sequence[str]) -> Iterator[Engine]:
    """The engines of these names that are installed."""
    return (ENGINES[name]() for name in names if ENGINES[name].installed())
