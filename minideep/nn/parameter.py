"""`Parameter`: a tensor that a module learns."""

from __future__ import annotations

from typing import Any

from ..ops.creation import empty
from ..tensor import Tensor


class Parameter(Tensor):
    """A leaf of the graph that counts among the parameters of the module it is assigned to.

    It shares the memory of `data`; what is computed from it is a plain Tensor.

    >>> Parameter(Tensor([1.0, 2.0]))
    Parameter containing:
    tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        data = empty(0) if data is None else data
        if not isinstance(data, Tensor):
            raise TypeError(
                f"Parameter: argument 'data' must be a Tensor, not {type(data).__name__}; make one with "
                "minideep.tensor(data)"
            )
        self.array, self.version = data.array, data.version
        self.node = self.grad = self.view_of = None
        self.requires_grad_(requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A copy of the values: as in PyTorch, the gradient stays behind."""
        return type(self)(self.detach().clone(), self.requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
