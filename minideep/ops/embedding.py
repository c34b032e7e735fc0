"""Numbers that stand for words or classes, as vectors."""

from __future__ import annotations

from typing import Any

from ..autograd import op, public
from ..autograd.graph import make_tensor
from ..backend import Array, int32, int64, module_of
from ..tensor import Tensor
from .indexing import gathered_gradient
from .selection import check_range

__all__ = ["embedding", "one_hot"]


def _embedding_gradient(g: Any, input: Array, weight_shape: tuple[int, ...], padding_idx: int | None) -> Any:
    gradient = gathered_gradient(g, weight_shape, (input,))
    if padding_idx is not None:
        gradient[padding_idx] = 0
    return gradient


@op(method=False, weight=_embedding_gradient)
def embedding(input: Array, weight: Array, padding_idx: int | None = None) -> Array:
    """Rows of `weight` (n, d), one for each entry of `input`, (*) to (*, d); row `padding_idx` gets no gradient."""
    if input.dtype not in (int64, int32) or weight.ndim != 2:
        raise RuntimeError(
            f"embedding: expected int64 or int32 positions and a weight (n, d), but got {input.dtype} and a weight "
            f"{weight.shape}"
        )
    if padding_idx is not None and not -len(weight) <= padding_idx < len(weight):
        raise AssertionError(f"embedding: padding_idx={padding_idx} is not one of the {len(weight)} rows of weight")
    check_range("embedding", input, len(weight), IndexError)
    return weight.take(input, axis=0)


@public(method=False)
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Each class number c as a vector with a 1 at c and 0 elsewhere: (*) becomes (*, num_classes), of int64."""
    classes = tensor.array
    if classes.dtype != int64 or not classes.size and num_classes < 1:
        raise RuntimeError(
            f"one_hot: expected int64 class numbers, at least one or with num_classes; got {classes.dtype} "
            f"{tensor.shape}"
        )
    count = int(classes.max()) + 1 if num_classes == -1 else num_classes
    if classes.size and not 0 <= int(classes.min()) <= int(classes.max()) < count:
        raise RuntimeError(
            f"one_hot: class numbers go from 0 to num_classes - 1 = {count - 1}, but the tensor holds others"
        )
    return make_tensor((classes[..., None] == module_of(classes).arange(count)).astype(int64))
