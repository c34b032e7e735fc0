"""Small networks for the tests of this room, written once for minideep and PyTorch: `m` is the one or the other."""

from __future__ import annotations

from typing import Any


def affine(m: Any, inputs: int = 2, outputs: int = 3, shift: bool = True) -> Any:
    """A linear layer with a counter, made of what `Module` alone provides."""

    class Affine(m.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = m.nn.Parameter(m.linspace(-1, 1, inputs * outputs, dtype=m.float64).view(outputs, inputs))
            self.register_parameter("shift", m.nn.Parameter(m.ones(outputs, dtype=m.float64)) if shift else None)
            self.register_buffer("calls", m.zeros(1, dtype=m.float64))
            self.register_buffer("scratch", m.ones(2, dtype=m.float64), persistent=False)

        def forward(self, x):
            y = x @ self.weight.t()
            return y if self.shift is None else y + self.shift

        def extra_repr(self) -> str:
            return f"{inputs} -> {outputs}"

    return Affine()


def network(m: Any) -> Any:
    """Two layers, one of them shared, a module that is None, and a parameter of its own."""

    class Network(m.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = affine(m, 2, 3)
            self.second = affine(m, 3, 2, shift=False)
            self.again = self.first
            self.add_module("nothing", None)
            self.scale = m.nn.Parameter(m.ones((), dtype=m.float64))

        def forward(self, x):
            return self.second(self.first(x).tanh()) * self.scale

    return Network()


def rows(m: Any) -> Any:
    """Two samples of two features, of which gradients are wanted."""
    return m.tensor([[1.0, 2.0], [-0.5, 0.25]], dtype=m.float64, requires_grad=True)
