"""Datasets: one that comes along, some that are made, and readers for some that are published."""

from .cifar import CIFAR10, CIFAR100
from .digits import Digits
from .folder import ImageFolder
from .images import Images
from .mnist import MNIST, FashionMNIST
from .points import spirals, two_moons, xor
from .shapes import Shapes
from .text import Text
from .vocabulary import Vocabulary

__all__ = [
    "CIFAR10", "CIFAR100", "MNIST", "Digits", "FashionMNIST", "ImageFolder", "Images", "Shapes", "Text", "Vocabulary",
    "spirals", "two_moons", "xor",
]  # fmt: skip
