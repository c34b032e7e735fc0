"""Datasets: one that comes along, some that are made, and readers for some that are published."""

from .cifar import *
from .digits import *
from .folder import *
from .mnist import *
from .points import *
from .shapes import *
from .text import *
from .vocabulary import *
