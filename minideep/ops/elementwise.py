"""The table of derivatives."""
from __future__ import annotations
import numpy as np
from ..autograd import elementwise

exp = elementwise(np.exp, x=lambda g, y: g * y)
log = elementwise(np.log, x=lambda g, x: g / x)
tanh = elementwise(np.tanh, x=lambda g, y: g * (1 - y * y))
add = elementwise(np.add, "add", a=lambda g: g, b=lambda g: g)
sub = elementwise(np.subtract, "sub", a=lambda g: g, b=lambda g: -g)
mul = elementwise(np.multiply, "mul", a=lambda g, b: g * b, b=lambda g, a: g * a)
div = elementwise(np.true_divide, "div", a=lambda g, b: g / b, b=lambda g, y, b: -g * y / b)
neg = elementwise(np.negative, "neg", x=lambda g: -g)
