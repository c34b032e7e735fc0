"""The whole catalogue: nothing public is missing from it, every op has its properties, generated samples too."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import minideep
from gradcheck import Sample, check, strict
from gradcheck.evaluation import MINIDEEP, Bound, evaluate
from gradcheck.mutants import MISTAKES, ops_behind, trial
from gradcheck.properties import COLUMNS, FAILED, DoesNotApply, examine
from gradcheck.properties.behaviour import on_device
from gradcheck.properties.column import check_numerically
from gradcheck.specimen import Specimen, full_catalogue
from minideep import Tensor
from minideep.autograd import registry
from minideep.autograd.op import Op

CATALOGUE = full_catalogue()
each_op = pytest.mark.parametrize("name", list(CATALOGUE))


@functools.cache
def specimen(name: str) -> Specimen:
    return Specimen(CATALOGUE[name])


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """All that users can call: what was declared public, and the functions of torch.nn.functional."""
    homes = (minideep, minideep.nn.functional, Tensor)
    for name, function in registry.items():
        if any(getattr(home, name, None) is function for home in homes):
            yield name, function
    for name in getattr(minideep.nn.functional, "__all__", []):
        yield name, getattr(minideep.nn.functional, name)


def test_every_public_op_has_an_entry() -> None:
    covered = {specimen(name).function for name in CATALOGUE}
    missing = sorted(
        {name for name, function in public_functions() if name not in CATALOGUE and function not in covered}
    )
    assert not missing, f"add an entry to gradcheck/catalogue for: {', '.join(missing)}"


def test_every_rule_is_gone_back_through() -> None:
    """Ops that are not public take part in some public function's samples."""
    seen: set[Op] = set()
    for name in CATALOGUE:
        for bound in specimen(name).differentiable:
            seen.update(ops_behind(evaluate(MINIDEEP, specimen(name).function, bound).raw))
    for function in (there_and_back, slope_of_parts):
        seen.update(ops_behind([function(minideep.ones(3, requires_grad=True))]))
    declared = {f.op for f in registry.values() if getattr(f, "op", None) is not None and f.op.differentiable}
    assert not sorted(op.name for op in declared - seen)


def there_and_back(x: Tensor) -> Tensor:
    """To another device and back: on a machine with one kind of arrays, no entry can do that."""
    strict.register()
    return (x.to("strict") * 2.0).to("cpu")


@minideep.enable_grad()
def slope_of_parts(x: Tensor) -> Tensor:
    """A derivative that is itself differentiated: the gradients of parts become ops of their own."""
    x = x if x.requires_grad else x.clone().requires_grad_()
    return minideep.autograd.grad((x[[0, 2, 0]] * x[1:2]).square().sum(), x, create_graph=True)[0]


@pytest.mark.parametrize("function", [there_and_back, slope_of_parts])
def test_functions_that_no_entry_can_hold(function: Callable[[Tensor], Tensor]) -> None:
    assert check(function, minideep.randn(3))


@each_op
def test_properties(name: str) -> None:
    cells = [examine(specimen(name), column) for column in COLUMNS.values()]
    failed = [f"{cell.column}: {cell.text}" for cell in cells if cell.state == FAILED]
    assert not failed, "\n".join(failed)


@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if entry.generated is not None])
def test_generated_samples(name: str) -> None:
    """Both derivatives against numerical ones (against PyTorch: tests/test_parity.py)."""
    hypothesis = pytest.importorskip("hypothesis")
    subject = specimen(name)

    @hypothesis.given(CATALOGUE[name].generated())
    def run(sample: Sample) -> None:
        check_numerically(subject, Bound(sample), order=2)

    run()


@each_op
def test_every_mistake_is_caught(name: str) -> None:
    """Not six, but all kinds of wrong gradients that make a difference."""
    if CATALOGUE[name].flat or not specimen(name).differentiable:
        pytest.skip("has no gradient to get wrong")
    assert not trial(specimen(name), wanted=10 * len(MISTAKES)).survived


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # log(0) is -inf, whoever computes it
@pytest.mark.parametrize("device", ["strict", pytest.param("cuda", marks=pytest.mark.gpu)])
@each_op
def test_other_arrays(name: str, device: str) -> None:
    """The samples on the stand-in, and with ``pytest -m gpu`` the same on CuPy."""
    if "strict arrays" in CATALOGUE[name].skips:
        pytest.skip(CATALOGUE[name].skips["strict arrays"])
    try:
        on_device(specimen(name), device, tolerance=1e-12 if device == "strict" else 1e-9)
    except DoesNotApply as reason:
        pytest.skip(str(reason))
