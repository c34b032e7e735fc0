"""`Module`: the base of every network and layer."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from ..autograd import no_grad
from ..autograd.hooks import RemovableHandle
from ..backend import DType, float16, float32, float64
from ..ops.conversion import destination
from ..tensor import Tensor
from .hooks import Hook, add
from .state import Stateful


class Module(Stateful):
    """Subclass it; make its parameters and child modules in `__init__`, after that of Module; compute in `forward`.

    >>> import minideep
    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = minideep.nn.Parameter(minideep.tensor(2.0))
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> double = Scale()
    >>> double(minideep.tensor(4.0))
    tensor(8., grad_fn=<MulBackward0>)
    >>> dict(double.named_parameters())
    {'factor': Parameter containing:
    tensor(2., requires_grad=True)}
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._module_hooks is None:
            return self.forward(*args, **kwargs)
        return self._module_hooks.call(self, args, kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f'{type(self).__name__}: Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # ------------------------------------------------------------------------------------------ modes

    def train(self, mode: bool = True) -> Self:
        """Tell this module and all inside it that they are being trained, or not: dropout and batch norm ask."""
        if not isinstance(mode, bool):
            raise ValueError(f"train: training mode is expected to be boolean, but got {mode!r}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say of every parameter whether `backward` should leave a gradient there."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Take the gradients of all parameters away, or with ``set_to_none=False`` make them 0."""
        for param in self.parameters():
            if set_to_none or param.grad is None:
                param.grad = None
            else:
                param.grad = param.grad.detach()
                param.grad.zero_()

    # ------------------------------------------------------------------------------------------ for all inside

    def apply(self, fn: Callable[[Module], None]) -> Self:
        """Call `fn` with every module inside, children first, and at last with this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Tensor], Tensor]) -> Self:
        """Put ``fn(tensor)`` in the place of every parameter, its gradient, and every buffer.

        A parameter stays the object that optimizers know: it is given other memory.
        """
        with no_grad():
            for param in self.parameters():
                for tensor in (param, param.grad):
                    if tensor is not None and (changed := fn(tensor.detach())).array is not tensor.array:
                        tensor.data = changed
            for module in self.modules():
                for name, buffer in module._buffers.items():
                    if buffer is not None:
                        module.__dict__[name] = fn(buffer)
        return self

    def to(self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> Self:
        """Move all parameters and buffers to a device, and those with floats to a dtype, here and in place.

        As `Tensor.to`: ``to(device)``, ``to(dtype)``, ``to(device, dtype)``, ``to(tensor)``, or by keyword.
        """
        dtype, device = destination(args, dtype, device)
        if dtype is not None and np.dtype(dtype).kind != "f":
            raise TypeError(f"to: nn.Module.to only accepts floating point dtypes, but got desired dtype={dtype}")
        return self._apply(lambda t: t.to(device=device, dtype=dtype if t.is_floating_point() else None))

    def float(self) -> Self:
        return self.to(float32)

    def double(self) -> Self:
        return self.to(float64)

    def half(self) -> Self:
        return self.to(float16)

    def type(self, dst_type: DType) -> Self:
        """Convert all parameters and buffers, integers too."""
        return self._apply(lambda t: t.type(dst_type))

    def cpu(self) -> Self:
        return self.to("cpu")

    def cuda(self, device: Any = None) -> Self:
        """Move all parameters and buffers to a GPU: the first, or the one of that number."""
        return self._apply(lambda t: t.cuda(device))

    # ------------------------------------------------------------------------------------------ hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Before `forward`, call ``hook(module, args)``; what it returns, unless None, takes the place of `args`.

        With `with_kwargs`: ``hook(module, args, kwargs)``, which returns both or None.
        """
        return add(self._hooks().forward_pre, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """After `forward`, call ``hook(module, args, output)``, or with `with_kwargs` ``hook(module, args, kwargs,
        output)``; what it returns, unless None, takes the place of the output. With `always_call`, after an error too.
        """
        return add(self._hooks().forward, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Once the gradients of the outputs are known, call ``hook(module, grad_output)``; what it returns, unless
        None, takes their place. They come as a tuple, also where there is only one."""
        return add(self._hooks().backward_pre, hook, prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Once the gradients of the inputs are known, call ``hook(module, grad_input, grad_output)``; what it returns,
        unless None, takes the place of `grad_input`. Both are tuples; an input that needs no gradient has None."""
        return add(self._hooks().backward, hook, prepend)

    # ------------------------------------------------------------------------------------------ text

    def extra_repr(self) -> str:
        """What ``repr`` shows between the brackets besides the children: the settings of a layer."""
        return ""

    def _get_name(self) -> str:
        return self.__class__.__name__

    def _children_repr(self) -> list[str]:
        return [f"({name}): {module!r}" for name, module in self._modules.items()]

    def __repr__(self) -> str:
        extra, children = self.extra_repr(), self._children_repr()
        if not children and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        lines = [*extra.splitlines(), *children]
        return f"{self._get_name()}(\n" + textwrap.indent("\n".join(lines), "  ") + "\n)"
