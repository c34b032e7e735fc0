"""Every op of the catalogue beside PyTorch's: values, dtypes, derivatives, spellings and errors.

The catalogue holds the calls; PyTorch, called with the same arguments, is the oracle.
"""

from __future__ import annotations

import inspect
import operator
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gradcheck.catalogue  # noqa: F401  the entries register themselves
import minideep as md
from gradcheck.entry import Failure, Sample, catalogue
from gradcheck.evaluation import MINIDEEP, Bound, Library, evaluate
from gradcheck.evaluation import torch as torch_library
from gradcheck.specimen import Specimen
from tests.support import NO_TORCH, close, compare, field_names, same_error, torch

if torch is None:
    pytest.skip(NO_TORCH, allow_module_level=True)
pytestmark = pytest.mark.filterwarnings("ignore")  # PyTorch deprecates some of what it is asked here

OPS = [Specimen(entry) for entry in catalogue.values() if entry.torch is not None]


def ops_with(condition: Callable[[Specimen], Any]) -> pytest.MarkDecorator:
    """Run a test for each op of which something is true."""
    return pytest.mark.parametrize("op", [op for op in OPS if condition(op)], ids=lambda op: op.name)


every_op = ops_with(lambda op: True)


@pytest.fixture(autouse=True, scope="module")
def plain_kernels() -> Iterator[None]:
    """PyTorch's quickest attention has no second derivative; its plain one has."""
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        yield


THEIRS: Library = torch_library()  # type: ignore[assignment]


# ---------------------------------------------------------------------------------------------- values and derivatives


def call(library: Library, function: Callable[..., Any], sample: Sample, dtype: Any = None) -> Any:
    """What a function returns for a sample, all of whose arrays are copied first."""
    bound = Bound(sample)
    arrays = [library.tensor(a.astype(dtype or a.dtype)) for a in bound.arrays]
    args, kwargs = bound.fill(arrays, [library.tensor(c.copy()) for c in bound.constants], library.setting)
    library.manual_seed(0)
    return function(*args, **kwargs)


def same_result(op: Specimen, sample: Sample, dtype: Any, rtol: float) -> None:
    """The same structure, names, shapes and dtypes; the same values, unless they are drawn at random."""
    ours, theirs = call(MINIDEEP, op.function, sample, dtype), call(THEIRS, op.torch, sample, dtype)
    if op.random or "empty" in op.name:
        ours, theirs = shapes(ours), shapes(theirs)
    compare(ours, theirs, rtol, where=f"{op.name}{shown(sample)}")


def shapes(result: Any) -> Any:
    if isinstance(result, tuple | list):
        return [shapes(part) for part in result]
    return tuple(result.shape), str(result.dtype).removeprefix("torch.")


# Ops whose second derivative PyTorch fails to compute for some of what it takes; so it does for some empty tensors.
STUMBLES = {"clamp", "group_norm", "layer_norm"}


def same_derivatives(op: Specimen, sample: Sample, dtype: Any, order: int, rtol: float) -> None:
    """The same gradients, and the same gradients of them, for the same random cotangents."""
    bound = Bound(sample)
    arrays = [a.astype(dtype) for a in bound.arrays]
    ours = evaluate(MINIDEEP, op.function, bound, arrays, order=order)
    try:
        theirs = evaluate(THEIRS, op.torch, bound, arrays, order=order)
    except RuntimeError as refusal:
        empty = any(a.size == 0 for a in [*arrays, *bound.constants])
        if empty or op.name in STUMBLES or "not differentiable with respect to argument" in str(refusal):
            return
        raise
    where = f"{op.name}{shown(sample)}"
    floats = [y.dtype for y in theirs.outputs if isinstance(y, np.ndarray) and y.dtype.kind == "f"]
    rtol = max([rtol, *(100 * float(np.finfo(dtype).eps) for dtype in floats)])
    for kind in ("gradients", "second")[:order]:
        for position, (found, expected) in enumerate(zip(getattr(ours, kind), getattr(theirs, kind), strict=True)):
            same_gradient(found, expected, rtol, f"{where}: {kind}[{position}]")


def same_gradient(found: Any, expected: Any, rtol: float, where: str) -> None:
    """Equal, where no gradient counts as one of zeros."""
    if found is None or expected is None:
        other = expected if found is None else found
        assert other is None or not np.any(np.nan_to_num(other)), f"{where}: {found} instead of {expected}"
        return
    assert found.dtype == expected.dtype, f"{where}: dtype {found.dtype} instead of {expected.dtype}"
    close(found, expected, rtol, rtol / 10, where)


def shown(sample: Sample) -> str:
    """A sample as it would be called, with shapes for arrays."""

    def text(value: Any) -> str:
        if isinstance(value, np.ndarray):
            return f"{value.dtype}{list(value.shape)}"
        if isinstance(value, tuple | list):
            return f"[{', '.join(map(text, value))}]"
        return repr(value)

    return f"({', '.join([*map(text, sample.args), *(f'{k}={text(v)}' for k, v in sample.kwargs.items())])})"


def differentiable(op: Specimen, sample: Sample) -> bool:
    return op.entry.differentiable and not op.random and bool(Bound(sample).arrays)


@every_op
def test_values(op: Specimen) -> None:
    for sample in op.samples:
        same_result(op, sample, np.float64, 1e-9)


@every_op
def test_float32(op: Specimen) -> None:
    """To within rounding; what is sensitive to it loses a few digits more."""
    for sample in op.samples:
        same_result(op, sample, np.float32, 1e-5)
        if differentiable(op, sample):
            same_derivatives(op, sample, np.float32, 1, 1e-4)


@ops_with(lambda op: op.entry.differentiable)
def test_derivatives(op: Specimen) -> None:
    for sample in op.samples:
        if differentiable(op, sample):
            same_derivatives(op, sample, np.float64, 2, 1e-9)


@ops_with(lambda op: op.entry.generated)
@given(data=st.data())
def test_generated(op: Specimen, data: st.DataObject) -> None:
    sample = data.draw(op.entry.generated())
    same_result(op, sample, np.float64, 1e-9)
    if differentiable(op, sample):
        same_derivatives(op, sample, np.float64, 2, 1e-8)


LAYOUT_MATTERS = {"view", "view_as"}  # which refuse to copy


@every_op
def test_layouts(op: Specimen) -> None:
    """How an array lies in memory makes no difference: backwards, with gaps, in another order of dimensions."""
    for bound in op.bound:
        if op.random or "empty" in op.name or op.name in LAYOUT_MATTERS or not bound.arrays:
            continue
        order = 1 if differentiable(op, bound.original) else 0
        arrays = [[lay(a) for a in bound.arrays] for lay in (compact, scattered)]
        once, again = (evaluate(MINIDEEP, op.function, bound, a, order=order) for a in arrays)
        for kind in ("outputs", "gradients"):
            for found, expected in zip(getattr(again, kind), getattr(once, kind), strict=True):
                if isinstance(expected, np.ndarray):
                    close(found, expected, 1e-12, 1e-12, f"{op.name}{shown(bound.original)}: {kind}")


def compact(array: np.ndarray) -> np.ndarray:
    return np.array(array, order="C")


def scattered(array: np.ndarray) -> np.ndarray:
    """The same array, its dimensions in reverse order in memory, its entries backwards and two apart."""
    space = np.full([2 * n for n in array.T.shape], np.nan)
    view = space[(..., *(slice(None, None, -2) for _ in array.shape))].T
    view[...] = array
    return view


SPECIAL = np.array([0.0, 1.0, -1.0, 0.5, -2.5, 3.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, -1e-30])
# Where PyTorch's kernels make nan of what has a value: gelu(inf), remainders of numbers that are far apart.
LOST = {"fmod", "gelu", "remainder"}


@ops_with(lambda op: op.entry.elementwise and not op.random and 0 < len(op.bound[0].arrays) < 3)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_special_values(op: Specimen, dtype: Any) -> None:
    """Of zero, infinities, nan, the very large and the very small: all pairs where there are two inputs."""
    bound = op.bound[0]
    arrays = [grid.ravel().astype(dtype) for grid in np.meshgrid(*[SPECIAL] * len(bound.arrays))]
    constants = [np.resize(c, arrays[0].shape) for c in bound.constants]
    order = 1 if op.entry.differentiable else 0
    ours = evaluate(MINIDEEP, op.function, bound, arrays, constants, order)
    theirs = evaluate(THEIRS, op.torch, bound, arrays, constants, order)
    (found,), (expected,) = ours.outputs, theirs.outputs
    known = ~np.isnan(expected) if op.name in LOST else np.ones(expected.shape, bool)
    special_close(found, expected, known, op.name)
    of_nan = np.any([np.isnan(a) for a in arrays], axis=0)  # there, a gradient is nobody's business
    for found, expected in zip(ours.gradients, theirs.gradients, strict=True):
        if expected is not None:
            special_close(found, expected, ~of_nan & ~np.isnan(expected), f"{op.name}: gradient")


def special_close(found: np.ndarray, expected: np.ndarray, known: np.ndarray, where: str) -> None:
    """Equal entry by entry, as large and small ones stand side by side."""
    assert found.dtype == expected.dtype, where
    rtol = 1e-9 if found.dtype == np.float64 else 1e-5
    np.testing.assert_allclose(found[known], expected[known], rtol=rtol, atol=1e-29, err_msg=where)


# ---------------------------------------------------------------------------------------------- spellings


def is_method(op: Specimen) -> bool:
    return hasattr(torch.Tensor, op.name)


def with_tensor_first(op: Specimen) -> Iterator[Sample]:
    """The samples whose first argument becomes the tensor that a method belongs to."""
    for sample in op.samples:
        if sample.args and isinstance(sample.args[0], np.ndarray):
            yield sample


@ops_with(lambda op: is_method(op) and op.name not in ("where", "new_empty", "unfold"))  # its unfold is another one
def test_method(op: Specimen) -> None:
    """Where PyTorch has a method of the name, ours does what the function does."""
    assert hasattr(md.Tensor, op.name), f"Tensor.{op.name} is missing"
    for sample in with_tensor_first(op):
        ours = call(MINIDEEP, method_call(op.name), sample)
        same_ours(ours, call(MINIDEEP, op.function, sample), f"Tensor.{op.name}{shown(sample)}")


def test_the_method_where_belongs_to_the_input() -> None:
    mask, x = md.tensor([True, False]), md.tensor([1.0, 2.0])
    assert x.where(mask, md.zeros(2)).tolist() == [1, 0]
    assert x.where(x > 1, 5.0).tolist() == [5, 2]


def method_call(name: str) -> Callable[..., Any]:
    """Calls the method of a name, or reads the property of that name, of its first argument."""
    if isinstance(getattr(md.Tensor, name), property):
        return operator.attrgetter(name)
    return lambda self, *args, **kwargs: getattr(self, name)(*args, **kwargs)


def same_ours(found: Any, expected: Any, where: str) -> None:
    """Two results of our own are equal, entry by entry."""
    if isinstance(expected, tuple | list):
        assert field_names(found) == field_names(expected), where
        assert len(found) == len(expected), where
        for pair in zip(found, expected, strict=True):
            same_ours(*pair, where)
    elif isinstance(expected, md.Tensor):
        assert found.dtype == expected.dtype, where
        np.testing.assert_array_equal(found.detach().numpy(), expected.detach().numpy(), err_msg=where)
    else:
        assert found == expected, where


OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "div": "truediv", "floor_divide": "floordiv", "remainder": "mod",
    "pow": "pow", "matmul": "matmul", "neg": "neg", "abs": "abs", "bitwise_and": "and", "bitwise_or": "or",
    "bitwise_xor": "xor", "bitwise_not": "invert", "bitwise_left_shift": "lshift", "bitwise_right_shift": "rshift",
    "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge",
}  # fmt: skip
REFLECTED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}


@ops_with(lambda op: op.name in OPERATORS)
def test_operator(op: Specimen) -> None:
    """`x + y`, `2 + x` and `-x`, on both sides."""
    dunder = OPERATORS[op.name]
    for sample in op.samples:
        if sample.kwargs or not any(isinstance(a, np.ndarray) for a in sample.args):
            continue
        with_operator = operator_call(dunder, isinstance(sample.args[0], np.ndarray))
        compare(
            call(MINIDEEP, with_operator, sample),
            call(THEIRS, with_operator, sample),
            where=f"__{dunder}__{shown(sample)}",
        )


def operator_call(dunder: str, tensor_first: bool) -> Callable[..., Any]:
    if tensor_first:
        return lambda self, *other: getattr(self, f"__{dunder}__")(*other)
    return lambda other, self: getattr(self, f"__{REFLECTED.get(dunder, 'r' + dunder)}__")(other)


# Where PyTorch's code wants other names than its documentation, or tells its overloads apart by position.
OTHER_NAMES = """arange broadcast_to is_tensor linspace one_hot randint randint_like repeat_interleave scatter
    swapaxes where""".split()


@every_op
def test_keywords(op: Specimen) -> None:
    """Every argument can be given by PyTorch's name for it."""
    for sample in op.samples:
        named = by_keyword(op.function, sample)
        if named is None:
            continue
        ours = call(MINIDEEP, op.function, named)
        same_ours(ours, call(MINIDEEP, op.function, sample), f"{op.name}{shown(named)}")
        if op.entry.torch == "" and op.name not in OTHER_NAMES and tensors_first(named):
            self = [named.kwargs.pop("input")] if op.torch is getattr(torch.Tensor, op.name, None) else []
            call(THEIRS, op.torch, Sample(*self, **named.kwargs))


def by_keyword(function: Callable[..., Any], sample: Sample) -> Sample | None:
    """The sample with all arguments named; None if some have no name (``*sizes``)."""
    if sample.kwargs.keys() & {"axis", "keepdims"}:
        return None  # in NumPy's spelling already
    bound = inspect.signature(function).bind(*sample.args, **sample.kwargs)
    kinds = {p.name: p.kind for p in bound.signature.parameters.values()}
    nameless = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY)
    if any(kinds[name] in nameless for name in bound.arguments):
        return None
    extra = [bound.arguments.pop(n) for n in list(bound.arguments) if kinds[n] is inspect.Parameter.VAR_KEYWORD]
    return Sample(**bound.arguments, **(extra[0] if extra else {}))


def tensors_first(sample: Sample) -> bool:
    """Whether `input` is a tensor, or there is none: PyTorch calls a number in its place `self`."""
    return isinstance(sample.kwargs.get("input"), np.ndarray | list | tuple | None)


# In place, values change here, shapes do not.
RESHAPING = {"squeeze", "unsqueeze", "transpose", "swapaxes", "swapdims", "t"}


@ops_with(lambda op: hasattr(torch.Tensor, f"{op.name}_") and op.name not in RESHAPING)
def test_in_place(op: Specimen) -> None:
    """Where PyTorch has an in-place form: the same values, gradients and refusals."""
    name = f"{op.name}_"
    assert hasattr(md.Tensor, name), f"Tensor.{name} is missing"
    for sample in with_tensor_first(op):
        if op.random:
            continue
        ours, theirs = (changed_in_place(library, name, sample) for library in (MINIDEEP, THEIRS))
        if "derivative for" in str(theirs):
            continue  # PyTorch has it of the form that is not in place alone
        where = f"Tensor.{name}{shown(sample)}"
        if isinstance(ours, Exception) or isinstance(theirs, Exception):
            same_error(ours, theirs)
        else:
            compare(ours[0], theirs[0], where=where)
            if op.entry.differentiable:
                compare(ours[1], theirs[1], where=f"{where}: gradients")


def changed_in_place(library: Library, name: str, sample: Sample) -> Any:
    """The tensor after an in-place call, and the gradients of what went in; or the exception it raised."""
    bound = Bound(sample)
    leaves = [library.leaf(a.copy()) for a in bound.arrays]
    inputs = [leaf * 1 for leaf in leaves]
    (self, *args), kwargs = bound.fill(inputs, [library.tensor(c.copy()) for c in bound.constants], library.setting)
    before = getattr(self, "_version", 0)
    try:
        result = getattr(self, name)(*args, **kwargs)
        assert result is self
        assert self._version > before
        if not self.requires_grad:
            return self, None
        weight = library.tensor(np.random.default_rng(0).normal(size=tuple(self.shape)))
        return self, list(library.grad([self * 1], leaves, [weight], allow_unused=True, materialize_grads=True))
    except Exception as error:
        return error


# ---------------------------------------------------------------------------------------------- errors


@ops_with(lambda op: op.entry.errors)
def test_errors(op: Specimen) -> None:
    """What PyTorch refuses, we refuse, with an error of the same class and a text that tells what to do."""
    for failure in op.failures:
        ours, theirs = refusal(MINIDEEP, op.function, failure), refusal(THEIRS, op.torch, failure)
        where = f"{op.name}{shown(failure.sample)}"
        assert ours is not None, f"{where} raised nothing; PyTorch: {theirs!r}"
        assert theirs is not None, f"{where}: PyTorch raises nothing; ours: {ours!r}"
        same_error(ours, theirs)
        assert isinstance(ours, failure.error), where
        assert failure.text in str(ours), f"{where}: {ours}"


def refusal(library: Library, function: Callable[..., Any], failure: Failure) -> Exception | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(library, function, failure.sample)
        except Exception as error:
            return error
    return None
