"""How it began: neurons of 1943 to 1960 with their learning rules, the multi-layer perceptron, and the Neocognitron."""

from __future__ import annotations

from collections.abc import Sequence

from .. import nn
from ..autograd import no_grad
from ..nn import functional as F
from ..ops.creation import zeros
from ..ops.random import randn
from ..tensor import Tensor

__all__ = ["ADALINE", "MLP", "CLayer", "McCullochPitts", "Neocognitron", "Perceptron", "SLayer"]


class McCullochPitts(nn.Module):
    """1 if Σ wᵢ xᵢ ≥ θ, otherwise 0; somebody has to choose w and θ. McCulloch and Pitts, 1943.

    >>> import minideep
    >>> both = McCullochPitts(minideep.tensor([1.0, 1.0]), threshold=2)
    >>> both(minideep.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))
    tensor([0., 0., 0., 1.])
    """

    weights: Tensor

    def __init__(self, weights: Tensor, threshold: float) -> None:
        super().__init__()
        self.register_buffer("weights", weights)
        self.threshold = threshold

    def forward(self, x: Tensor) -> Tensor:
        return (x @ self.weights >= self.threshold).to(x.dtype)


# ---------------------------------------------------------------------------------------------- neurons that learn


class _Neuron(nn.Module):
    """w · x + b, corrected sample by sample: w += η (y - answer) x, b += η (y - answer)."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(zeros(in_features), requires_grad=False)
        self.bias = nn.Parameter(zeros(()), requires_grad=False)

    def activation(self, x: Tensor) -> Tensor:
        """w · x + b, of one sample (features,) or of several (N, features)."""
        return x @ self.weight + self.bias

    def answer(self, x: Tensor) -> Tensor:
        """What the rule compares with the label."""
        raise NotImplementedError(f"{type(self).__name__}: a neuron says in answer(x) what is compared with the label")

    @no_grad()
    def update(self, x: Tensor, y: Tensor, lr: float = 1.0) -> float:
        """Correct the weights by one sample; returns its error y - answer."""
        error = y - self.answer(x)
        self.weight += lr * error * x
        self.bias += lr * error
        return error.item()

    def fit(self, x: Tensor, y: Tensor, epochs: int, lr: float) -> list[float]:
        """Go through the samples (N, features) with labels (N,) that often; returns the mean squared error of each
        time, and stops after one without any."""
        history: list[float] = []
        while len(history) < epochs and 0.0 not in history[-1:]:
            errors = [self.update(sample, label, lr) for sample, label in zip(x, y, strict=True)]
            history.append(sum(error**2 for error in errors) / len(errors))
        return history


class Perceptron(_Neuron):
    """1 if w · x + b ≥ 0, otherwise 0, learnt by Rosenblatt's rule, 1957.

    Where a plane separates the classes the rule finds one, after finitely many mistakes. XOR it never learns.

    >>> import minideep
    >>> x = minideep.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> neuron = Perceptron(2)
    >>> neuron.fit(x, minideep.tensor([0.0, 1.0, 1.0, 1.0]), epochs=10, lr=1.0)
    [0.5, 0.5, 0.25, 0.0]
    >>> neuron(x)
    tensor([0., 1., 1., 1.])
    """

    def forward(self, x: Tensor) -> Tensor:
        return (self.activation(x) >= 0).to(x.dtype)

    def answer(self, x: Tensor) -> Tensor:
        return self(x)


class ADALINE(_Neuron):
    """1 if w · x + b ≥ 0, otherwise -1, learnt by the rule of Widrow and Hoff, 1960.

    It compares labels (1 and -1) with w · x + b itself, and so goes down the gradient of half the squared error.
    """

    def forward(self, x: Tensor) -> Tensor:
        return (self.activation(x) >= 0).to(x.dtype) * 2 - 1

    def answer(self, x: Tensor) -> Tensor:
        return self.activation(x)


# ---------------------------------------------------------------------------------------------- two layers


class MLP(nn.Module):
    """σ(σ(X W1 + b1) W2 + b2), with its gradients by hand in `backward`.

    Rumelhart, Hinton and Williams, "Learning Representations by Back-Propagating Errors", 1986.
    """

    def __init__(self, input_size: int, hidden_size: int, output_size: int) -> None:
        super().__init__()
        self.W1 = nn.Parameter(randn(input_size, hidden_size) * 0.1)
        self.b1 = nn.Parameter(zeros(1, hidden_size))
        self.W2 = nn.Parameter(randn(hidden_size, output_size) * 0.1)
        self.b2 = nn.Parameter(zeros(1, output_size))

    def _hidden(self, X: Tensor) -> Tensor:
        return (X @ self.W1 + self.b1).sigmoid()

    def forward(self, X: Tensor) -> Tensor:
        return (self._hidden(X) @ self.W2 + self.b2).sigmoid()

    @no_grad()
    def backward(self, X: Tensor, y: Tensor, output: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The gradients of W1, b1, W2 and b2: of the binary cross-entropy, summed over outputs, mean over samples.

        With that loss σ' cancels, and the gradient at the last sum is (output - y) / N.
        """
        hidden = self._hidden(X)
        last = (output - y) / len(X)
        first = last @ self.W2.t() * hidden * (1 - hidden)
        return X.t() @ first, first.sum(0, keepdim=True), hidden.t() @ last, last.sum(0, keepdim=True)


# ---------------------------------------------------------------------------------------------- the Neocognitron


class SLayer(nn.Module):
    """Simple cells: each plane looks for one feature, everywhere; (N, C, H, W) to (N, planes, H, W).

    ``r · relu((1 + Σ a x) / (1 + r/(1+r) · b v) - 1)``, with v the root of the mean of x² over the same window: what
    fits a must outweigh how much there is in the window at all. a and b are made positive by their absolute value.
    """

    def __init__(self, in_channels: int, planes: int, window: int, selectivity: float = 1.0) -> None:
        super().__init__()
        self.excite = nn.Conv2d(in_channels, planes, window, padding=window // 2, bias=False)
        self.inhibit = nn.Parameter(zeros(planes, 1, 1) + 1)
        self.selectivity = selectivity

    def forward(self, x: Tensor) -> Tensor:
        window, padding, r = self.excite.kernel_size, self.excite.padding, self.selectivity
        excitation = F.conv2d(x, self.excite.weight.abs(), padding=padding)
        strength = (F.avg_pool2d((x * x).mean(1, keepdim=True), window, 1, padding) + 1e-12).sqrt()
        return r * F.relu((1 + excitation) / (1 + r / (1 + r) * self.inhibit.abs() * strength) - 1)


class CLayer(nn.Module):
    """Complex cells: a feature may lie a little elsewhere; the mean m over windows side by side, as m / (1 + m)."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window

    def forward(self, x: Tensor) -> Tensor:
        mean = F.avg_pool2d(x, self.window)
        return mean / (1 + mean)


class Neocognitron(nn.Sequential):
    """Simple and complex cells in turn, until each plane of the last has one cell; after Fukushima, 1980.

    Images (N, 1, side, side) of entries ≥ 0 become (N, planes[-1]). Fukushima's cells taught themselves; these learn by
    gradients like any other module.

    >>> import minideep
    >>> Neocognitron(planes=[8, 16, 10], side=16)(minideep.ones(2, 1, 16, 16)).shape
    (2, 10)
    """

    def __init__(self, planes: Sequence[int], side: int, window: int = 5) -> None:
        cells: list[nn.Module] = []
        for i, (before, after) in enumerate(zip([1, *planes], planes, strict=False)):
            pooled = side if i == len(planes) - 1 else 2
            if not 1 <= pooled <= side:
                raise ValueError(f"Neocognitron: {len(planes)} layers want a side of at least {2 ** (len(planes) - 1)}")
            cells += [SLayer(before, after, window), CLayer(pooled)]
            side //= pooled
        super().__init__(*cells, nn.Flatten())
