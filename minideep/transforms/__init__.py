"""Augmentation: torchvision's transforms on arrays and Tensors, one image or a batch.

Each class holds settings, draws what is random, and calls `minideep.transforms.functional`, where the mathematics is.
A batch is augmented image by image, with draws of its own for each, but computed together.
"""

from __future__ import annotations

from . import functional
from .auto_augment import *
from .base import RandomTransform, Transform
from .color import *
from .containers import *
from .conversion import *
from .functional.images import InterpolationMode
from .geometry import *
from .mixing import *
from .noise import *
from .policies import *
from .policy_search import *
from .warping import *
