"""Data: datasets, the orders in which they are gone through, and the loader that makes batches of them."""

from .collate import *
from .dataset import *
from .datasets import *
from .fetching import *
from .loader import *
from .sampler import *
