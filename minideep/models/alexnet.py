"""AlexNet: deeper and wider than what came before it, with ReLU and dropout, and by far the best at ImageNet in 2012.

Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", 2012. Theirs ran on
two GPUs that each had half of the channels; `alexnet_lrn` has no such halves, and `alexnet`, torchvision's, is that of
Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014.
"""

from __future__ import annotations

from typing import Any

from .. import nn
from ..nn import init
from ..tensor import Tensor
from .registry import register

__all__ = ["AlexNet", "alexnet", "alexnet_lrn"]


class AlexNet(nn.Module):
    """Five convolutions with these `widths`, and three linear layers. Images (N, 3, H, W), from 63×63 pixels on.

    With `normalize`, local response normalization follows the first two.
    """

    def __init__(
        self,
        num_classes: int = 1000,
        dropout: float = 0.5,
        *,
        widths: tuple[int, int, int, int, int] = (64, 192, 384, 256, 256),
        normalize: bool = False,
    ) -> None:
        super().__init__()
        one, two, three, four, five = widths

        def pool() -> nn.Module:
            return nn.MaxPool2d(kernel_size=3, stride=2)

        def norm() -> list[nn.Module]:
            return [nn.LocalResponseNorm(size=5, alpha=1e-4, beta=0.75, k=2)] if normalize else []

        self.features = nn.Sequential(
            *(nn.Conv2d(3, one, 11, stride=4, padding=2), nn.ReLU(inplace=True), *norm(), pool()),
            *(nn.Conv2d(one, two, 5, padding=2), nn.ReLU(inplace=True), *norm(), pool()),
            *(nn.Conv2d(two, three, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(three, four, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(four, five, 3, padding=1), nn.ReLU(inplace=True), pool()),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            *(nn.Dropout(dropout), nn.Linear(five * 6 * 6, 4096), nn.ReLU(inplace=True)),
            *(nn.Dropout(dropout), nn.Linear(4096, 4096), nn.ReLU(inplace=True)),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


@register("torchvision", 2014, parameters=61_100_840, gmacs=0.714, top1=56.522)
def alexnet(**kwargs: Any) -> AlexNet:
    return AlexNet(**kwargs)


@register("paper", 2012)
def alexnet_lrn(**kwargs: Any) -> AlexNet:
    """The paper's widths and normalization, in one piece: `features.{0,4,8,10,12}` and `classifier.{1,4,6}`.

    First values are the paper's: normal with deviation 0.01, and biases of 1 in the second, fourth and fifth
    convolution and in the hidden linear layers. Its alpha, 1e-4, counts a fifth here: PyTorch divides it by the size.
    """
    model = AlexNet(widths=(96, 256, 384, 384, 256), normalize=True, **kwargs)
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer, bias in zip(layers, (0, 1, 0, 1, 1, 1, 1, 0), strict=True):
        init.normal_(layer.weight, 0, 0.01)
        init.constant_(layer.get_parameter("bias"), bias)
    return model
