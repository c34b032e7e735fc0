"""PyTorch's ``torch.nn.functional``: the ops of the network rooms under one roof."""

from __future__ import annotations

from ..ops.activation import *
from ..ops.attention import *
from ..ops.channel_norm import *
from ..ops.convolution import *
from ..ops.cross_entropy import *
from ..ops.dropout import *
from ..ops.elementwise import sigmoid, tanh
from ..ops.embedding import *
from ..ops.gelu import *
from ..ops.layer_norm import *
from ..ops.linalg import linear
from ..ops.loss import *
from ..ops.normalization import *
from ..ops.pooling import *
from ..ops.resample import *
from ..ops.softmax import *
from ..ops.windows import *
