"""Floor 4: what networks are built of."""

from __future__ import annotations

from . import functional, init, utils
from .activation import *
from .attention import *
from .batch_norm import *
from .containers import ModuleDict, ModuleList, Sequential
from .conv import *
from .dropout import *
from .embedding import *
from .linear import *
from .loss import *
from .module import Module
from .normalization import *
from .padding import *
from .parameter import Parameter
from .parameter_containers import ParameterDict, ParameterList
from .pooling import *
from .random_pooling import *
from .shape import *
from .transformer import *
from .upsampling import *
