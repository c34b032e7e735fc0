"""How an op is declared: once, its forward in plain NumPy and one rule for each input.

    exp = elementwise(np.exp, x=lambda g, y: g * y)

    @op(input=lambda g, dims: np.transpose(g, np.argsort(dims)))
    def permute(input: Array, dims: tuple[int, ...]) -> Array:
        return np.transpose(input, dims)

The body sees raw arrays. Its parameters annotated `Array` are the op's inputs, the others its settings. A rule takes
the gradient `g` of the result and asks **by name** for what else it needs, and only that is kept: an input, its shape
(``input_shape``), the result (``y``), a setting, or an intermediate that the body hands over (``keeps``). From the
declaration comes a function on Tensors, written out by `source.py` as one would by hand: no loops, no look-ups.

Going back, rules run on raw arrays; under ``create_graph`` the same rules run on Tensors, which makes the gradient
itself differentiable. A fused op has a rule too quick for that (it works in place, or with `keeps`): its `twin`, the
same function composed of other ops, takes over there.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ParamSpec

import numpy as np

from ..backend import as_array
from . import graph
from .graph import Node, Step, make_tensor, walk_back
from .source import NUMPY_SPELLING, new_function, source_of, wants, write

P = ParamSpec("P")
Rule = Callable[..., Any]


class Op(Step):
    """What is known of an op: its name, its body, its rules and what they need; `function` is what users call."""

    function: Callable[..., Any]

    def __init__(self, name: str, body: Callable[..., Any], parameters: dict[str, inspect.Parameter]) -> None:
        self.name, self.body = name, body
        self.inputs = [p for p in parameters if "Array" in str(parameters[p].annotation)]
        self.settings = [p for p in parameters if p not in self.inputs]
        self.variadic = any("Sequence[Array]" in str(p.annotation) for p in parameters.values())
        self.parameters = parameters
        self.rules: dict[str, Rule] = {}
        self.gradients: Rule | None = None
        self.twin: Callable[..., Any] | None = None
        self.keeps: Sequence[str] = ()
        self.view = self.promotes = self.fits = False
        self.saved_arrays: list[str] = []
        self.saved_names: list[str] = []

    @property
    def differentiable(self) -> bool:
        return bool(self.rules) or self.gradients is not None

    def plain_types(self, name: str) -> frozenset[type]:
        """What an input may be besides a Tensor or an array: a number, beside others that an op brings to one dtype and
        where the body says ``Array | float``; None, where that is the default."""
        numbers = self.fits and len(self.inputs) > 1 or "float" in str(self.parameters[name].annotation)
        optional = self.parameters[name].default is None
        return frozenset(((float, int, bool) if numbers else ()) + ((type(None),) if optional else ()))

    def rule_of(self, name: str) -> Rule | None:
        return self.gradients or self.rules.get(name)

    @functools.cached_property
    def source(self) -> str:
        """The function and `pull` as Python source."""
        return source_of(self)

    @functools.cached_property
    def pull(self) -> Callable[..., Iterable[Any]]:
        """The gradients of the inputs whose parent is not None, as the source has it."""
        return write(self)

    def __repr__(self) -> str:
        return f"<op {self.name}({', '.join(self.parameters)})>"

    def pull_tracked(self, node: Node, g: Any, parents: Sequence[Any]) -> Iterable[Any]:
        if self.twin is not None:
            return self._pull_through_twin(node, g, parents)
        saved = [self._revive(name, value, node) for name, value in zip(self.saved_names, node.saved, strict=True)]
        results = self.pull(g, tuple(saved), parents)
        return [make_tensor(as_array(r)) if _is_raw(r) else r for r in results]

    def _revive(self, name: str, value: Any, node: Node) -> Any:
        """A saved array as the Tensor it came from; numbers, and arrays of indices or masks, stay what they are."""
        if name == "y" and value is not None:
            return make_tensor(value, node)
        if name not in self.inputs or value is None:
            return value
        if self.variadic:
            return [make_tensor(v, parent) for v, parent in zip(value, node.parents, strict=True)]
        parent = node.parents[self.inputs.index(name)]
        is_float = hasattr(value, "dtype") and value.dtype.kind == "f"
        return make_tensor(value, parent) if parent is not None or is_float else value

    def _pull_through_twin(self, node: Node, g: Any, parents: Sequence[Any]) -> list[Any]:
        """The gradients by going back through the twin, computed again from inputs cut off from what lies below."""
        values = dict(zip(self.saved_names, node.saved, strict=True))
        cut = [None if parent is None else Node(_alias, (), (), ()) for parent in node.parents]
        for name, alias in zip(self.inputs, cut, strict=True):
            if values[name] is not None:
                values[name] = make_tensor(values[name], alias)
        result = self.twin(**{name: values[name] for name in self.parameters})  # type: ignore[misc]
        targets = [
            alias for alias, parent in zip(cut, parents, strict=True) if alias is not None and parent is not None
        ]
        arrived = walk_back([result.node], [g], targets, retain_graph=True, create_graph=True)
        for alias, parent in zip(cut, node.parents, strict=True):
            if alias is not None:
                alias.parents = (parent,)  # from now on, what the gradients depend on is the input itself
        return [None if alias is None else arrived.get(alias) for alias in cut]


def _is_raw(value: Any) -> bool:
    return value is not None and not isinstance(value, graph.Tensor | graph.Pieces)


class _Alias(Step):
    """The identity: another node for the same value, to tell one use of a tensor from the others."""

    name = "alias"

    def pull(self, g: Any, saved: Any, parents: Sequence[Any]) -> Iterable[Any]:
        return (g,)


_alias = _Alias()

# Everything declared, for the Tensor's methods, the NumPy protocols and gradcheck's catalogue.
registry: dict[str, Callable[..., Any]] = {}
numpy_functions: dict[Any, Callable[..., Any]] = {}
methods: dict[str, Callable[..., Any]] = {}


def public(
    *, name: str | None = None, method: bool | str = True, numpy: Iterable[Any] = ()
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Make a function composed of ops public: a Tensor method too (under its own or another name), and NumPy's."""

    def register(function: Callable[P, Any]) -> Callable[P, Any]:
        function = _with_numpy_spelling(function)
        registry[name or function.__name__] = function
        for numpy_function in numpy:
            numpy_functions[numpy_function] = function
        if method:
            methods[method if isinstance(method, str) else name or function.__name__] = function
        return function

    return register


def _with_numpy_spelling(function: Callable[P, Any]) -> Callable[P, Any]:
    """The function, taking ``axis=`` and ``keepdims=`` where it has `dim` and `keepdim`."""
    parameters = inspect.signature(function).parameters
    if hasattr(function, "op") or not (NUMPY_SPELLING.keys() & parameters.keys()):
        return function  # what `source.py` writes takes both already

    @functools.wraps(function)
    def renaming(*args: P.args, **kwargs: P.kwargs) -> Any:
        if kwargs:
            for ours, numpys in NUMPY_SPELLING.items():
                if numpys in kwargs:
                    kwargs[ours] = kwargs.pop(numpys)
        return function(*args, **kwargs)

    return renaming


def apply(function: Callable[..., Any], *arguments: Any) -> Any:
    """An op inside a rule, which runs on Tensors and on raw arrays: the op for those, its body alone for these."""
    tracked = any(isinstance(x, graph.Tensor) for x in arguments)
    return function(*arguments) if tracked else function.op.body(*arguments)  # type: ignore[attr-defined]


def op(
    *,
    name: str | None = None,
    twin: Callable[..., Any] | None = None,
    gradients: Rule | None = None,
    keeps: Sequence[str] = (),
    view: bool = False,
    promotes: bool = False,
    method: bool | str = True,
    numpy: Iterable[Any] = (),
    **rules: Rule,
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Declare an op: `rules` by input, or one rule for all of them (`gradients`) that returns a tuple.

    `keeps` names what the body returns after its result. `view`: the result may share the input's memory. `promotes`:
    the inputs are broadcast and brought to one dtype, and gradients summed back to each input's shape.
    """

    def declare(body: Callable[P, Any]) -> Callable[P, Any]:
        parameters = dict(inspect.signature(body).parameters)
        declared = Op(name or body.__name__.strip("_"), body, parameters)
        declared.rules, declared.gradients, declared.twin, declared.keeps = rules, gradients, twin, keeps
        declared.view, declared.promotes, declared.fits = view, promotes, promotes
        function = _compile(declared)
        function.__doc__, function.__module__ = body.__doc__, body.__module__
        return public(name=declared.name, method=method, numpy=numpy)(function)

    return declare


_TABLE_NAMES = {"x": "input", "a": "input", "b": "other"}


def elementwise(
    body: Callable[..., Any], name: str | None = None, *, method: bool = True, numpy: Iterable[Any] = (), **rules: Rule
) -> Callable[..., Any]:
    """One line of a derivative table: a function of x, or of a and b, computed entry by entry.

    Users know x and a as ``input``, b as ``other``. A `body` that is a NumPy ufunc is answered to under NumPy's name,
    as are the functions in `numpy`.
    """
    names = ["x"] if getattr(body, "nin", None) == 1 else ["a", "b"]
    if not isinstance(body, np.ufunc):
        names = list(inspect.signature(body).parameters)
    public_names = [_TABLE_NAMES.get(n, n) for n in names]
    parameters = {
        n: inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="Array") for n in public_names
    }
    declared = Op(name or body.__name__, body, parameters)
    declared.rules = {_TABLE_NAMES.get(n, n): _renamed(rule) for n, rule in rules.items()}
    declared.promotes, declared.fits = True, len(names) > 1
    function = _compile(declared)
    function.__doc__ = f"{declared.name}({', '.join(names)}), entry by entry."
    function.__module__ = "minideep"
    numpy = (body,) if isinstance(body, np.ufunc) else numpy
    return public(name=declared.name, method=method, numpy=numpy)(function)


def _renamed(rule: Rule) -> Rule:
    """The rule, asking for inputs under their public names."""
    rule.__dict__["wants"] = [_TABLE_NAMES.get(name, name) for name in wants(rule)]
    return rule


def _what_is_wrong(op: Op) -> str:
    """Why a declaration could only fail, or silently give no gradient, when it is used; '' if nothing is wrong."""
    inputs = ", ".join(op.inputs)
    if not op.inputs:
        return "an op needs an input: annotate a parameter of its body as Array"
    if op.rules and op.gradients:
        return "expected one rule for each input, or gradients= for all of them, but got both"
    if reserved := {"g", "y"} & set(op.parameters):
        return f"'{reserved.pop()}' cannot name a parameter: rules know the result as y, its gradient as g"
    if unknown := set(op.rules) - set(op.inputs):
        return f"there is a rule for '{unknown.pop()}', but the inputs are {inputs}"
    if op.twin and (missing := set(op.parameters) - set(inspect.signature(op.twin).parameters)):
        return f"its twin has no parameter '{missing.pop()}'"
    known = {"y", *op.parameters, *op.keeps, *(f"{name}_shape" for name in op.inputs)}
    if op.gradients:
        known.add("needs")
    for rule in filter(None, (*op.rules.values(), op.gradients)):
        if strange := set(wants(rule)) - known:
            return f"a rule asks for '{strange.pop()}', but there is only {', '.join(sorted(known))}"
    return ""


def _compile(declared: Op) -> Callable[..., Any]:
    """Work out what the rules need, and turn the declaration into the function users call and its `pull`."""
    if wrong := _what_is_wrong(declared):
        raise TypeError(f"{declared.name}: {wrong}")
    rules = [rule for rule in (*declared.rules.values(), declared.gradients) if rule is not None]
    needs = [name for rule in rules for name in wants(rule)]
    if declared.twin is not None:
        needs += declared.parameters
    if declared.fits:
        needs += [f"{name}_shape" for name in declared.inputs if declared.rule_of(name)]
    declared.saved_names = [name for name in dict.fromkeys(needs) if name != "needs"]
    declared.saved_arrays = [n for n in declared.saved_names if n in ("y", *declared.inputs, *declared.keeps)]
    declared.function = new_function(declared)
    declared.function.__dict__["op"] = declared
    declared.function.__signature__ = inspect.Signature(list(declared.parameters.values()))  # type: ignore[attr-defined]
    return declared.function
