"""Pictures of networks, of their data and of what they compute; and the backward pass, step by step.

Every function here that draws returns the figure, writes it to `path` if one is given, and draws into the axes `ax` if
those are given. Nothing needs a display.
"""

from __future__ import annotations

from .curves import *
from .drawing import *
from .embeddings import *
from .images import *
from .planes import *
from .stepping import *
from .style import *
