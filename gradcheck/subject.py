"""What is being checked: a function of Tensors, seen as a function of float64 arrays that can be gone back through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minideep import autograd, backend
from minideep.autograd.graph import Leaf, make_tensor
from minideep.tensor import Tensor


@dataclass
class Pulled:
    """One trip back: the gradients (None where nothing arrived), and the very arrays that were involved."""

    gradients: list[Any]
    again: list[Any]  # from going back through the same graph a second time
    inputs: list[Any]
    outputs: list[Any]
    cotangents: list[Any]


class Subject:
    """A function and the inputs it is checked at: those of floating point are differentiated, the others held fixed.

    `labels` name the inputs in a report, `output_label` the outputs.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: Sequence[Any],
        labels: Sequence[str] = (),
        output_label: Callable[[int, int], str] | None = None,
    ) -> None:
        self.function = function
        self.size = 0.0  # of numbers that the outputs are made of, if larger than they
        self.left_out: list[int] = []  # outputs that are constants by intent
        self.inputs = list(inputs)
        self.positions = [i for i, x in enumerate(self.inputs) if _is_float(x)]
        self.devices = [x.device if isinstance(x, Tensor) else backend.device_of(x) for x in self._floats()]
        self.point = [backend.to_numpy(getattr(x, "array", x)).astype(np.float64) for x in self._floats()]
        self.labels = list(labels) or [f"input {i}" for i in self.positions]
        self.output_label = output_label or (lambda i, n: "output" if n == 1 else f"output {i}")

    def _floats(self) -> list[Any]:
        return [self.inputs[i] for i in self.positions]

    def tensors(self, point: Sequence[np.ndarray], tracked: bool) -> list[Tensor]:
        """The point as fresh Tensors, which record what is done with them if `tracked`."""
        copies = [np.array(x, order="K") for x in point]  # in the order of memory that the inputs came in
        made = [make_tensor(backend.to_device(x, at)) for x, at in zip(copies, self.devices, strict=True)]
        return [leaf(t) for t in made] if tracked else made

    def call(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """The outputs that have a derivative: all Tensors of floats that the function returns, but for `left_out`."""
        arguments = list(self.inputs)
        for position, tensor in zip(self.positions, tensors, strict=True):
            arguments[position] = tensor
        floats = [y for y in tensors_in(self.function(*arguments)) if y.dtype.kind in "fc"]
        return [y for i, y in enumerate(floats) if i not in self.left_out]

    def leave_out_constants(self) -> None:
        """Leave out results without a gradient that come beside others with one, such as a layer's running mean."""
        with autograd.enable_grad():
            attached = [y.requires_grad for y in self.call(self.tensors(self.point, tracked=True))]
        if any(attached):
            self.left_out = [i for i, has_gradient in enumerate(attached) if not has_gradient]

    def values(self, point: Sequence[np.ndarray]) -> list[np.ndarray]:
        with autograd.no_grad():
            return [backend.to_numpy(y.array) for y in self.call(self.tensors(point, tracked=False))]

    def vector(self, point: Sequence[np.ndarray]) -> np.ndarray:
        """All outputs in one long vector: the form in which numerical derivatives are taken."""
        return np.concatenate([y.ravel() for y in self.values(point)] or [np.zeros(0)])

    def pull(self, cotangents: Sequence[np.ndarray], twice: bool = False) -> Pulled:
        """Go back once (or twice through the same graph) with these gradients of the outputs."""
        xs = self.tensors(self.point, tracked=True)
        with autograd.enable_grad():
            ys = self.call(xs)
        us = [make_tensor(backend.to_device(np.array(u), y.device)) for u, y in zip(cotangents, ys, strict=True)]
        used = [(y, u) for y, u in zip(ys, us, strict=True) if y.requires_grad]
        gradients: list[Any] = [None] * len(xs)
        again = gradients
        if used:
            outputs, weights = [y for y, _ in used], [u for _, u in used]
            gradients = list(autograd.grad(outputs, xs, weights, retain_graph=twice, allow_unused=True))
            again = list(autograd.grad(outputs, xs, weights, allow_unused=True)) if twice else gradients
        return Pulled([_raw(g) for g in gradients], [_raw(g) for g in again], [x.array for x in xs],
                      [y.array for y in ys], [u.array for u in us])  # fmt: skip

    def gradients(self, cotangents: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What going back delivers, as NumPy arrays, zeros where nothing arrived."""
        pulled = self.pull(cotangents)
        return [
            np.zeros(x.shape) if g is None else backend.to_numpy(g)
            for g, x in zip(pulled.gradients, self.point, strict=True)
        ]

    def derivative(self, cotangents: Sequence[np.ndarray]) -> Subject:
        """The gradient of this subject as a subject: its inputs are these inputs and the cotangents."""
        count = len(self.point)

        def gradient(*arguments: Tensor) -> list[Tensor]:
            tracked = autograd.is_grad_enabled()
            xs, us = arguments[:count], arguments[count:]
            xs = xs if tracked else tuple(leaf(make_tensor(x.array)) for x in xs)
            with autograd.enable_grad():
                ys = self.call(xs)
                used = [(y, u) for y, u in zip(ys, us, strict=True) if y.requires_grad]
                if not used:
                    return [x.mul(0) for x in xs]
                arrived = autograd.grad(
                    [y for y, _ in used], xs, [u for _, u in used], create_graph=tracked, allow_unused=True
                )
            return [x.detach().mul(0) if g is None else g for g, x in zip(arrived, xs, strict=True)]

        labels = [*self.labels, *(f"cotangent {i}" for i in range(len(cotangents)))]
        names = self.labels
        return Subject(gradient, [*self.point, *cotangents], labels, lambda i, _: f"gradient of {names[i]}")


def leaf(tensor: Tensor) -> Tensor:
    """A tensor that gradients are wanted of, also if it is complex (which the library itself does not offer)."""
    tensor.node = Leaf(tensor)
    return tensor


def tensors_in(result: Any) -> Iterable[Tensor]:
    """All Tensors in a result, which may be nested tuples, lists and dicts."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, tuple | list):
        for part in result:
            yield from tensors_in(part)
    elif isinstance(result, dict):
        yield from tensors_in(list(result.values()))


def _is_float(x: Any) -> bool:
    return hasattr(x, "dtype") and hasattr(x, "ndim") and np.dtype(x.dtype).kind == "f"


def _raw(gradient: Any) -> Any:
    return None if gradient is None else gradient.array
