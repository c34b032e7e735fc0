"""Floor 5: the networks of the course, with names, arguments and state-dict keys of the libraries that have them."""

from __future__ import annotations

from .alexnet import *
from .comparing import *
from .convnext import *
from .costs import *
from .darts import *
from .densenet import *
from .efficientnet import *
from .googlenet import *
from .historical import *
from .lenet import *
from .mobilenet import *
from .registry import get_model, list_models
from .regnet import *
from .resnet import *
from .resnet_attention import *
from .resnet_cifar import *
from .resnetv2 import *
from .summary import *
from .vgg import *
from .vision_transformer import *
from .vit_timm import *
