"""Hooks of modules: what runs before and after `forward`, before and after the way back, and around loading a state."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..autograd import Function
from ..autograd.hooks import RemovableHandle
from ..tensor import Tensor


class Hook(NamedTuple):
    """A function to call, and how."""

    function: Callable[..., Any]
    with_kwargs: bool = False
    always_call: bool = False

    def __call__(self, module: Any, args: Any, kwargs: dict[str, Any], *result: Any) -> Any:
        return self.function(module, args, *([kwargs] if self.with_kwargs else ()), *result)


class Hooks:
    """All hooks of one module, each kind in the order of its calls."""

    def __init__(self) -> None:
        self.forward_pre: OrderedDict[int, Hook] = OrderedDict()
        self.forward: OrderedDict[int, Hook] = OrderedDict()
        self.backward_pre: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.backward: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.load_pre: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.load_post: OrderedDict[int, Callable[..., Any]] = OrderedDict()

    def call(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """``module.forward(*args, **kwargs)`` with the hooks around it."""
        result, called = None, set()
        try:
            args, kwargs = self._prepared(module, args, kwargs)
            crossing = _Crossing(module, self) if self.backward or self.backward_pre else None
            if crossing:
                args = crossing.enter(args)
            result = module.forward(*args, **kwargs)
            for key, hook in self.forward.copy().items():
                called.add(key)
                changed = hook(module, args, kwargs, result)
                result = result if changed is None else changed
            return crossing.leave(result) if crossing else result
        except Exception:
            for key, hook in self.forward.copy().items():
                if hook.always_call and key not in called:
                    _call_silently(hook, module, args, kwargs, result)
            raise

    def _prepared(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments as the hooks before `forward` leave them."""
        for hook in tuple(self.forward_pre.values()):
            changed = hook(module, args, kwargs)
            if changed is None:
                continue
            if not hook.with_kwargs:
                args = changed if isinstance(changed, tuple) else (changed,)
            elif isinstance(changed, tuple) and len(changed) == 2:
                args, kwargs = changed
            else:
                raise RuntimeError(
                    "register_forward_pre_hook: a forward pre-hook with_kwargs must return None or a tuple of "
                    f"(new_args, new_kwargs), but got {changed!r}"
                )
        return args, kwargs


def add(hooks: OrderedDict[int, Any], hook: Any, prepend: bool = False) -> RemovableHandle:
    """Add a hook as the last of its kind, or with `prepend` as the first."""
    handle = RemovableHandle(hooks, hook)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _call_silently(hook: Hook, *arguments: Any) -> None:
    """Call a hook although `forward` failed; what it raises itself must not hide the first error."""
    try:
        hook(*arguments)
    except Exception as error:
        warnings.warn(
            "register_forward_hook: a module forward hook with always_call=True raised an exception that was silenced "
            f"as another error was raised in forward: {error!r}",
            stacklevel=4,
        )


# ---------------------------------------------------------------------------------------------- the way back


class _Gate(Function):
    """The identity, for several tensors at once: going back, what `passes` makes of their gradients goes on.

    For a tensor that no gradient arrives at, `passes` is given zeros (`fill`) or None.
    """

    @staticmethod
    def forward(
        ctx: Any, passes: Callable[[Sequence[Any]], Sequence[Any]], fill: bool, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        ctx.passes = passes
        ctx.set_materialize_grads(fill)
        ctx.mark_non_differentiable(*[tensor for tensor in tensors if not tensor.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> tuple[Any, ...]:
        return (None, None, *ctx.passes(gradients))


class _Crossing:
    """One call of a module with backward hooks: a gate where its inputs enter, another where its outputs leave."""

    def __init__(self, module: Any, hooks: Hooks) -> None:
        self.module, self.hooks = module, hooks
        self.grad_output: tuple[Any, ...] = ()
        self.entered = False
        self.inputs = 0

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.inputs = len(args)
        self.entered = any(isinstance(x, Tensor) and x.requires_grad for x in args)
        return _through_gate(args, self._after, True) if self.entered else args

    def leave(self, result: Any) -> Any:
        outputs = _through_gate(result if isinstance(result, tuple) else (result,), self._before, False)
        return outputs if isinstance(result, tuple) else outputs[0]

    def _before(self, grad_output: tuple[Any, ...]) -> tuple[Any, ...]:
        """The gradients of the outputs are there, those of the inputs not yet."""
        for hook in tuple(self.hooks.backward_pre.values()):
            grad_output = _replaced(
                "register_full_backward_pre_hook", "grad_output", grad_output, hook(self.module, grad_output)
            )
        self.grad_output = grad_output
        if not self.entered:  # no gate will see the inputs' gradients, as there are none
            for hook in tuple(self.hooks.backward.values()):
                changed = hook(self.module, (None,) * self.inputs, grad_output)
                if changed is not None and any(g is not None for g in changed):
                    raise RuntimeError(
                        "register_full_backward_hook: a backward hook for a module where no input requires gradient "
                        "should always return None, or None for all gradients"
                    )
        return grad_output

    def _after(self, grad_input: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in tuple(self.hooks.backward.values()):
            changed = hook(self.module, grad_input, self.grad_output)
            grad_input = _replaced("register_full_backward_hook", "grad_input", grad_input, changed)
        return grad_input


def _through_gate(
    values: tuple[Any, ...], passes: Callable[[tuple[Any, ...]], tuple[Any, ...]], fill: bool
) -> tuple[Any, ...]:
    """The values, of which the tensors go through one gate together; `passes` sees None where there is no tensor."""
    places = [place for place, value in enumerate(values) if isinstance(value, Tensor)]
    if not places:
        return values

    def among_all(gradients: Sequence[Any]) -> Sequence[Any]:
        spread: list[Any] = [None] * len(values)
        for place, gradient in zip(places, gradients, strict=True):
            spread[place] = gradient
        passed = passes(tuple(spread))
        return [passed[place] for place in places]

    through = list(values)
    for place, tensor in zip(places, _Gate.apply(among_all, fill, *[values[p] for p in places]), strict=True):
        through[place] = tensor
    return tuple(through)


def _replaced(name: str, what: str, gradients: tuple[Any, ...], changed: Any) -> tuple[Any, ...]:
    """The gradients, or what a hook returned in their place."""
    if changed is None:
        return gradients
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(gradients):
        raise RuntimeError(
            f"{name}: the hook returned an invalid number of {what}, got {len(changed)}, but expected {len(gradients)}"
        )
    return changed
