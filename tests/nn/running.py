"""How a `Case` is run, on minideep or on PyTorch (`library`), in a dtype and on a device."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.nn.cases import ARRAYS, Case, Constant


def made(case: Case, library: Any, dtype: str = "float64", device: str = "cpu") -> Any:
    """The module of a case."""
    arrays = {name: library.tensor(array) for name, array in ARRAYS.items()}
    names = {name: getattr(library.nn, name) for name in dir(library.nn) if name[0].isupper()}
    return eval(case.text, {**names, **arrays, "nn": library.nn}).to(device, getattr(library, dtype))


def inputs_of(
    case: Case, library: Any, dtype: str = "float64", device: str = "cpu"
) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """Inputs, keywords, and the leaves among the inputs. The same array twice is the same tensor twice."""
    rng = np.random.default_rng(7)

    def tensor(array: Any) -> Any:
        made = library.tensor(array, device=device)
        return made.to(getattr(library, dtype)) if made.is_floating_point() else made

    known: dict[int, Any] = {}
    leaves, inputs = [], []
    for given in case.inputs:
        shape = given if isinstance(given, tuple) and not isinstance(given, Constant) else None
        if shape is None and id(given) in known:
            inputs.append(known[id(given)])
            continue
        if isinstance(given, Constant):
            x = tensor(given.array)
        else:
            x = tensor(given if shape is None else np.asarray(rng.normal(size=shape) * 2))
            if x.is_floating_point():
                leaves.append(x.requires_grad_())
                x = x * 1  # so that modules may change it in place
        known[id(given)] = x
        inputs.append(x)
    keywords = {name: tensor(x) if isinstance(x, np.ndarray) else x for name, x in case.keywords.items()}
    return inputs, keywords, leaves


def step(module: Any, case: Case, library: Any, dtype: str = "float64", device: str = "cpu") -> Any:
    """Results, gradients of inputs and parameters, and the state afterwards."""
    inputs, keywords, leaves = inputs_of(case, library, dtype, device)
    results = module(*inputs, **keywords)
    results = [y for y in (results if isinstance(results, tuple) else (results,)) if y is not None]
    for y in results:
        if y.requires_grad:
            cotangent = np.random.default_rng(5).normal(size=tuple(y.shape))
            y.backward(library.tensor(cotangent, device=device).to(y.dtype), retain_graph=True)
    gradients = [p.grad for p in (*leaves, *module.parameters())]
    return [y.detach() for y in results], gradients, list(module.state_dict().values())
