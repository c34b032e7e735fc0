"""The options of optimizers: what an `__init__` is given, and what of it makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..tensor import Tensor

Group = dict[str, Any]  # "params", and an option by each name


def given(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The options among the arguments of an optimizer's ``__init__``, as ``locals()`` has them."""
    options = {name: value for name, value in arguments.items() if name not in ("self", "params", "__class__")}
    if "betas" in options:
        options["betas"] = tuple(float(beta) for beta in options["betas"])
    return options


_AT_LEAST_ZERO = """
    lr lr_decay eps weight_decay momentum alpha initial_accumulator_value momentum_decay trust_coefficient
""".split()


def check_options(name: str, options: Mapping[str, Any]) -> None:
    """Refuse hyper-parameters that make no sense."""
    lr = options.get("lr")
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError(f"{name}: a Tensor lr must be 1-element, but this one has shape {lr.shape}")
    for option in _AT_LEAST_ZERO:
        if option in options and not options[option] >= 0:
            raise ValueError(f"{name}: expected {option} >= 0, but got {options[option]}")
    if not 0 <= options.get("rho", 0) <= 1:
        raise ValueError(f"{name}: expected 0 <= rho <= 1, but got {options['rho']}")
    for index, beta in enumerate(options.get("betas", ())):
        if not 0 <= beta < 1:
            raise ValueError(f"{name}: expected 0 <= betas[{index}] < 1, but got {beta}")
    if options.get("differentiable"):
        raise NotImplementedError(
            f"{name}: differentiable=True is not there: a step works on raw arrays, which no graph records"
        )
    if options.get("fused") and options.get("foreach"):
        raise RuntimeError(f"{name}: fused and foreach cannot be True together; here both change nothing")
