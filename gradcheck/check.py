"""`check`: is the gradient of a function of Tensors right?

Everything happens in float64. The gradient is taken with a random cotangent, never with ones: a sum of all entries
would hide every mistake in softmax and the norms, whose outputs add up to a constant. It is first compared along one
random direction an input; only if that fails (or on demand) is the whole Jacobian built, to find the worst entry and
to name the mistake. The gradient is itself a function of inputs and cotangents, so the second derivative is checked by
checking that function in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minideep.autograd.graph import make_tensor

from .comparison import Comparison, Settings
from .manners import misbehaviour, unrepeatable
from .report import Finding, Report
from .subject import Subject

_ORDERS = ("gradient", "second derivative", "third derivative")
_FLAT = (
    "is zero numerically, or no more than rounding: at this point nothing can be learnt about the rule. Choose another "
    "point, weight the outputs, or say flat=True if the derivative is zero everywhere"
)


def check(
    function: Callable[..., Any],
    *inputs: Any,
    order: int = 2,
    full: bool | None = None,
    tolerance: float = 1e-9,
    flat: bool = False,
    seed: int = 0,
    name: str | None = None,
) -> Report:
    """Compare the gradient of ``function(*inputs)`` with numerical derivatives, and its manners with good ones.

    Inputs of floating point (Tensors or arrays) are differentiated, all others passed on as they are. Checked are the
    gradient and (``order=2``) its own derivative as ``create_graph=True`` gives it; that a second backward pass gives
    the same; that neither inputs nor cotangents are changed, and that gradients share no memory. Whole Jacobians are
    compared where a direction disagrees; always if `full` is True, never if False. A derivative that is zero at the
    point proves nothing, and fails, unless it is said to be `flat`.

    >>> import minideep
    >>> print(check(minideep.exp, minideep.tensor([0.5, 1.5])))
    gradcheck of exp: passed
      checked: gradient, second derivative
    """
    if not 1 <= order <= len(_ORDERS):
        raise ValueError(f"check: order must be 1, 2 or 3, but got {order}")
    report = Report(name or str(getattr(function, "__name__", type(function).__name__)))
    subject = Subject(function, [make_tensor(x) if isinstance(x, np.ndarray) else x for x in inputs])
    with np.errstate(all="ignore"):  # what is not finite is found and reported, not warned of
        subject.leave_out_constants()
        report.notes += [f"output {i} needs no gradient, and is left out" for i in subject.left_out]
        problem = unrepeatable(subject) if subject.positions else "has no input of floating point to differentiate by"
        if problem:
            report.findings.append(Finding("the function", problem))
        else:
            _check_orders(subject, order, Settings(np.random.default_rng((seed, 1)), tolerance, full), flat, report)
    return report


def _check_orders(subject: Subject, order: int, settings: Settings, flat: bool, report: Report) -> None:
    for level, what in enumerate(_ORDERS[:order]):
        comparison = Comparison(subject, what, settings)
        if level == 0:
            report.findings += misbehaviour(subject, comparison.cotangents)
        report.findings += comparison.findings()
        if level == 0:
            report.flat = comparison.flat
            report.all_flat = len(comparison.flat) == len(subject.point)
            report.findings += [] if flat else [Finding(f"gradient by {label}", _FLAT) for label in comparison.flat]
        if not comparison.finite:
            report.notes.append(f"{what}: entries of the output that are not finite take no part")
        if comparison.moved:
            report.notes.append(f"{what}: the point lies on a kink; checked a little off it")
        if report.findings:
            return
        report.checks.append(what)
        subject = comparison.derivative()
