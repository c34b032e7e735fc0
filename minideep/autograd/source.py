"""Writing out the two functions of an op: the one users call, and `pull`, which goes back through it.

A declaration says all there is to say about an op; interpreting it at every call would cost more than the call. So it
is spelled out once as Python source, as a person would write it by hand for this one op (``minideep.mul.op.source``
shows it), much as `dataclasses` writes an ``__init__``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import backend
from ..backend import as_array
from . import graph
from .anomaly import anomaly
from .graph import Node, Version, next_number
from .modes import mode
from .operands import as_floats, explain, fit, operand, prepare
from .views import View

if TYPE_CHECKING:
    from .op import Op

NUMPY_SPELLING = {"dim": "axis", "keepdim": "keepdims"}
_REQUIRED: Any = inspect.Parameter.empty


def wants(rule: Callable[..., Any]) -> list[str]:
    """The names a rule asks for, besides the gradient."""
    given: list[str] | None = getattr(rule, "wants", None)
    if given is not None:
        return given
    code = rule.__code__
    return list(code.co_varnames[1 : code.co_argcount])


def new_function(op: Op) -> Callable[..., Any]:
    """The function of an op on Tensors, written out at its first call: a program uses few of the ops there are."""
    namespace: dict[str, Any] = {
        "__name__": "minideep.ops", "op": op, "body": op.body, "Tensor": graph.Tensor, "Node": Node, "Version": Version,
        "View": View, "next_number": next_number, "new": object.__new__, "ndarray": np.ndarray, "backend": backend,
        "as_array": as_array, "mode": mode, "anomaly": anomaly, "operand": operand, "prepare": prepare, "fit": fit,
        "as_floats": as_floats, "explain": explain, "required": _required, "UNSET": _REQUIRED, "write": write,
    }  # fmt: skip
    namespace |= {f"default_{p.name}": p.default for p in op.parameters.values()}
    namespace |= {f"plain_{name}": op.plain_types(name) for name in op.inputs}
    namespace |= {f"rule_{name}": op.rule_of(name) for name in op.inputs}
    return FunctionType(_first_call.__code__, namespace, op.name)


def _first_call(*args: Any, **kwargs: Any) -> Any:
    op.pull = write(op)  # type: ignore[name-defined]  # noqa: F821  both are in the namespace of the function
    return op.function(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821


def write(op: Op) -> Callable[..., Any]:
    """Give the op's function its code, and return its `pull`."""
    function = op.function
    written: dict[str, Any] = {}
    exec(compile(op.source, f"<op {op.name}>", "exec"), function.__globals__, written)
    for part in ("__code__", "__defaults__", "__kwdefaults__"):
        setattr(function, part, getattr(written[op.name], part))
    return written["pull"]


def source_of(op: Op) -> str:
    """The two functions of an op as Python source."""
    return (_variadic if op.variadic else _function)(op) + "\n\n" + _pull(op)


def _define(name: str, parameters: str, lines: Sequence[str]) -> str:
    return "\n    ".join([f"def {name}({parameters}):", *(line.replace("\n", "\n    ") for line in lines)])


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _required(op: Op, name: str, value: Any) -> Any:
    if value is _REQUIRED:
        raise TypeError(f"{op.name}() missing required argument '{name}'")
    return value


def _signature(op: Op) -> tuple[str, list[str]]:
    """The parameter list, ending in NumPy's spelling of `dim` and `keepdim`, and the lines that heed it."""
    parts, numpy_parts, lines = [], [], []
    for p in op.parameters.values():
        spelling = NUMPY_SPELLING.get(p.name)
        if p.kind is p.KEYWORD_ONLY and "*" not in parts:
            parts.append("*")
        if p.default is not _REQUIRED:
            parts.append(f"{p.name}=default_{p.name}")
        elif spelling is None:
            parts.append(p.name)
        else:
            parts.append(f"{p.name}=UNSET")
        if spelling:
            numpy_parts.append(f"{spelling}=UNSET")
            lines.append(f"if {spelling} is not UNSET: {p.name} = {spelling}")
            if p.default is _REQUIRED:
                lines.append(f"required(op, {p.name!r}, {p.name})")
    if numpy_parts and "*" not in parts:
        parts.append("*")
    return ", ".join(parts + numpy_parts), lines


def _call(op: Op) -> str:
    """The arguments for the body: raw arrays for the inputs, settings as they are."""
    arguments = []
    for p in op.parameters.values():
        value = f"{p.name}_array" if p.name in op.inputs else p.name
        arguments.append(f"{p.name}={value}" if p.kind is p.KEYWORD_ONLY else value)
    return ", ".join(arguments)


def _saved(op: Op, name: str) -> str:
    """The expression for a value to keep. Of the inputs, only those are kept that a rule which will run asks for."""
    base = name.removesuffix("_shape")
    if name not in op.inputs and base in op.inputs:
        shapeless = op.fits or op.plain_types(base)
        return f"None if {base}_node is None else {base}_array.shape" if shapeless else f"{base}_array.shape"
    if name not in op.inputs and name != "y":
        return name
    value = "y" if name == "y" else f"{name}_array"
    users = [p for p in op.inputs if (rule := op.rule_of(p)) and name in wants(rule)]
    if op.twin or op.gradients or len(op.inputs) == 1:
        return value
    return f"None if {' and '.join(f'{p}_node is None' for p in users)} else {value}"


def _function(op: Op) -> str:
    signature, lines = _signature(op)
    first, arrays = op.inputs[0], [f"{p}_array" for p in op.inputs]
    dtype = op.parameters.get("dtype")
    if dtype is not None and dtype.kind is dtype.KEYWORD_ONLY:
        lines.append(f"if dtype is not None: {first} = {first}.to(dtype)")
    if op.promotes and len(op.inputs) > 1:
        # Tensors of one dtype, and floats beside numbers, are ready as they are: nearly all that comes here.
        alike = [
            f"({p}.array.dtype is {first}.array.dtype if isinstance({p}, Tensor) else "
            f"{p}.__class__ in plain_{p} and {first}.array.dtype.kind == 'f')"
            for p in op.inputs[1:]
        ]
        together, ready = ", ".join(op.inputs), " and ".join([f"isinstance({first}, Tensor)", *alike])
        lines.append(f"if not ({ready}): {together} = prepare(op, {together})")
    for p in op.inputs:
        version = f"; {p}_version = " if p in op.saved_arrays else ""
        lines += [
            f"if isinstance({p}, Tensor):",
            f"    {p}_array = {p}.array" + (version and f"{version}{p}.version"),
            f"    {p}_node = {p}.node if {p}.view_of is None else {p}.view_of.node_of({p})",
            "else:",
            f"    {p}_array = {p} if {p}.__class__ in plain_{p} else operand(op, {p!r}, {p}); {p}_node = None"
            + (version and f"{version}None"),
        ]
    lines += [
        "try:",
        f"    y = body({_call(op)})",
        "except Exception as error:",
        f"    raise explain(op, error, {_tuple(arrays)}) from None",
    ]
    if op.keeps:
        lines.append(f"y, {', '.join(op.keeps)} = y")
    lines.append("if y.__class__ is not ndarray: y = as_array(y)")
    if op.promotes and not op.keeps:
        lines += [
            f"if y.dtype is not backend._default_float and (floats := as_floats(y, {_tuple(arrays)})):",
            f"    {_tuple(arrays)} = floats",
            f"    y = as_array(body({_call(op)}))",
        ]
    return _define(op.name, signature, lines + _result(op))


def _result(op: Op) -> list[str]:
    """The lines that wrap `y` up as a Tensor, with a node if any input has one."""
    lines, nodes = list(_TENSOR), [f"{p}_node" for p in op.inputs if op.rule_of(p)]
    if nodes:
        saved = _tuple([_saved(op, name) for name in op.saved_names])
        version_of = {"y": "result.version"} | {p: f"{p}_version" for p in op.inputs}  # no one can change what is kept
        versions = _tuple([version_of.get(name, "None") for name in op.saved_arrays])
        parents = _tuple([f"{p}_node" if op.rule_of(p) else "None" for p in op.inputs])
        condition = f"({' or '.join(f'{n} is not None' for n in nodes)}) and mode.grad"
        lines += _node(condition, parents, saved, versions)
    if op.view:
        settings = ", ".join(f"{name!r}: {name}" for name in op.settings)
        lines.append(f"result.view_of = View.of({op.inputs[0]}, op, {{{settings}}}, result)")
    arguments = _tuple([*(f"{p}_array" for p in op.inputs), *op.settings])
    lines.append(f"if anomaly.enabled: anomaly.check_forward(op.name, result, {arguments})")
    lines.append("return result")
    return lines


_TENSOR = (
    "result = new(Tensor)",
    "result.array = y",
    "result.node = result.grad = result.view_of = None",
    "result.version = Version()",
)


def _node(condition: str, parents: str, saved: str, versions: str) -> list[str]:
    """The lines of ``result.node = Node(op, …)``: to call the class takes twice as long."""
    return [
        f"if {condition}:",
        "    result.node = node = new(Node)",
        "    node.number, node.op, node.hooks = next_number(), op, None",
        f"    node.parents = {parents}",
        f"    node.saved = {saved}",
        f"    node.versions = {versions}",
    ]


def _pull(op: Op) -> str:
    """The function that hands each rule what it asked for, and skips inputs that need no gradient."""
    lines = [f"{_tuple(op.saved_names)} = saved"] if op.saved_names else []
    gradients = _tuple([f"gradient_{p}" for p in op.inputs])
    if op.gradients is not None:
        parents = "tuple(parent is not None for parent in parents)"
        arguments = [parents if name == "needs" else name for name in wants(op.gradients)]
        call = f"rule_{op.inputs[0]}({', '.join(['g', *arguments])})"
        lines += [f"return {call}"] if op.variadic else [f"{gradients} = {call}", f"return {gradients}"]
        return _define("pull", "g, saved, parents", lines)
    lines.append(f"{_tuple([f'parent_{p}' for p in op.inputs])} = parents")
    for p in op.inputs:
        if p not in op.rules:
            lines.append(f"gradient_{p} = None")
            continue
        gradient = f"rule_{p}({', '.join(['g', *wants(op.rules[p])])})"
        lines.append(f"gradient_{p} = None if parent_{p} is None else {gradient}")
        if op.fits:
            unfit = f"parent_{p} is not None and gradient_{p}.shape != {p}_shape"
            lines.append(f"if {unfit}: gradient_{p} = fit(gradient_{p}, {p}_shape)")
    lines.append(f"return {gradients}")
    return _define("pull", "g, saved, parents", lines)


def _variadic(op: Op) -> str:
    """For an op whose only input is a sequence of tensors; its `gradients` rule returns one for each."""
    signature, lines = _signature(op)
    (p,) = op.inputs
    saved = [f"[array.shape for array in {p}_array]" if n == f"{p}_shape" else f"{p}_array" if n == p else n
             for n in op.saved_names]  # fmt: skip
    versions = f"([t.version for t in {p}],)" if p in op.saved_arrays else "()"
    lines += [
        f"{p} = prepare(op, *{p})",
        f"{p}_array = [t.array for t in {p}]",
        "nodes = tuple([t.node if t.view_of is None else t.view_of.node_of(t) for t in {p}])".replace("{p}", p),
        "try:",
        f"    y = body({_call(op)})",
        "except Exception as error:",
        f"    raise explain(op, error, {p}_array) from None",
        "if y.__class__ is not ndarray: y = as_array(y)",
        *_TENSOR,
        *_node("mode.grad and any([node is not None for node in nodes])", "nodes", _tuple(saved), versions),
        f"if anomaly.enabled: anomaly.check_forward(op.name, result, {p}_array)",
        "return result",
    ]
    return _define(op.name, signature, lines)
