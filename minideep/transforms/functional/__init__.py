"""The mathematics of the transforms, once: torchvision's functions, on any kind of image.

What each does is decided by its arguments alone, which the classes one folder up draw at random; and every number may
be N of them, one for each image of a batch.
"""

from __future__ import annotations

from .color import *
from .conversion import *
from .filters import *
from .geometry import *
from .images import *
from .resizing import *
from .warping import *
