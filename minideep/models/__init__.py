"""Floor 5: the networks of the course, with names, arguments and state-dict keys of the libraries that have them."""

from __future__ import annotations

from .registry import get_model, list_models
from .resnet import *
from .resnet_attention import *
from .resnet_cifar import *
from .resnetv2 import *
from .vgg import *
