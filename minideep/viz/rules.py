"""What an op's declaration says about the way back, as it is written there: the rule for each input."""

from __future__ import annotations

import ast
import functools
import inspect
import linecache
import textwrap
from collections.abc import Callable
from typing import Any

from ..autograd.graph import Leaf, Node

_NORM = "by input (h − mean h − x̂ · mean(h·x̂)) / σ, with h = g·weight, x̂ normalised; by weight Σ g·x̂; by bias Σ g"

# What the rules of the commonest ops come to, where they are written for speed or for every case there is.
MEANINGS: dict[str, dict[str, str]] = {
    "linear": {"input": "g @ weight", "weight": "gᵀ @ input", "bias": "g, summed over the rows"},
    "matmul": {"input": "g @ otherᵀ", "other": "inputᵀ @ g"},
    "conv2d": {
        "input": "g, convolved with the weight turned by 180°",
        "weight": "input, correlated with g",
        "bias": "g, summed over all but the channels",
    },
    "cross_entropy": {"input": "(softmax(input) − 1 at the right class) · g; divided by N for the mean"},
    "mse_loss": {"input": "2 (input − target) · g; divided by N for the mean", "target": "the opposite of that"},
    "softmax": {"input": "y · (g − Σ g·y)"},
    "log_softmax": {"input": "g − softmax(input) · Σ g"},
    "max_pool2d": {"input": "g goes to the greatest of each window, 0 to the others"},
    "avg_pool2d": {"input": "each entry of its window gets the same share of g"},
    "channel_norm": {"": _NORM},
    "layer_norm": {"": _NORM},
    "attention": {"": "back through the product with value, through softmax, and through query @ keyᵀ / √d"},
    "mean": {"input": "g / N, to each of the N entries"},
    "sum": {"input": "g, to each entry"},
    "pow": {"input": "g · exponent · input^(exponent − 1)", "exponent": "g · y · log(input)"},
    "maximum": {"input": "g where input is the greater, half of it at a tie", "other": "g where other is the greater"},
    "minimum": {"input": "g where input is the less, half of it at a tie", "other": "g where other is the less"},
    "embedding": {"weight": "each row of g is added to the row of the weight that was looked up"},
    "part": {"input": "g at the places that were taken, 0 elsewhere"},
    "cat": {"": "each tensor gets its own part of g"},
    "stack": {"": "each tensor gets its own part of g"},
}  # fmt: skip


def meaning_of(node: Node, name: str) -> str:
    """A rule in a few words, for an input or, under '', for all of them; '' where its formula says it well enough."""
    return MEANINGS.get(node.op.name, {}).get(name, "")


def rules_of(node: Node) -> dict[str, str]:
    """The rule by which each input that needs a gradient gets it, as text; under '' what holds for all of them.

    >>> import minideep
    >>> y = minideep.tensor(1.0, requires_grad=True).exp()
    >>> rules_of(y.node)
    {'input': 'g * y'}
    """
    if isinstance(node, Leaf):
        return {"": "the gradient is added to .grad"}
    if not hasattr(node.op, "rule_of"):
        return {"": _of_function(node)}
    if node.op.gradients is not None:
        return {"": written(node.op.gradients)}
    inputs = node.op.inputs
    needed = [name for name, parent in zip(inputs, node.parents, strict=False) if parent is not None]
    rules = {name: written(rule) for name in needed if (rule := node.op.rules.get(name)) is not None}
    return rules or {"": written(next(iter(node.op.rules.values())))}


def _of_function(node: Node) -> str:
    """Of what is no declared op: a Function's backward, or what leads to one of several results."""
    function = getattr(node.op, "function", None)
    return written(function.backward) if function is not None else "the gradient is passed on"


def written(rule: Callable[..., Any]) -> str:
    """A rule as it stands in the source: of a lambda its formula, of a function all of it."""
    while isinstance(rule, functools.partial):
        rule = rule.func
    unknown = f"{getattr(rule, '__name__', 'a rule')}(g, …)"
    try:
        if rule.__name__ == "<lambda>":
            return _formula(rule) or unknown
        return textwrap.dedent(inspect.getsource(rule)).rstrip()
    except (OSError, TypeError, AttributeError, SyntaxError):  # no source: typed in, or in a notebook's own language
        return unknown


def _formula(rule: Callable[..., Any]) -> str | None:
    """The body of a lambda, found in its file by where its code says it stands, with inputs by their public names."""
    code = rule.__code__
    places = [(line, column) for line, _, column, _ in code.co_positions() if line and column]
    for text, start, end in _lambdas(code.co_filename):
        if places and all(start <= place <= end for place in places):
            public = getattr(rule, "wants", None) or []
            new = dict(zip(code.co_varnames[1 : code.co_argcount], public, strict=False))
            body = ast.parse(text, mode="eval")
            for name in ast.walk(body):
                if isinstance(name, ast.Name):
                    name.id = new.get(name.id, name.id)
            return ast.unparse(body)
    return None


@functools.cache
def _lambdas(file: str) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """The bodies of all lambdas of a file, the inner ones first, and where each begins and ends."""
    bodies = [
        node.body for node in ast.walk(ast.parse("".join(linecache.getlines(file)))) if isinstance(node, ast.Lambda)
    ]
    return [
        (ast.unparse(body), (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0))
        for body in reversed(bodies)
    ]
