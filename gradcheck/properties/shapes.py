"""Columns about shapes: broadcasting, dimensions to work along, dimensions of size 0 and 1."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..entry import Sample
from ..evaluation import Bound, Evaluation
from ..specimen import Specimen
from .column import DoesNotApply, Wrong, check_numerically, column, compare, count, judge, ours

_PAIRS = [((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (2, 3)), ((2, 3), ()), ((), ()), ((0, 3), (1, 3))]
_TRIPLES = [((2, 3), (3,), ()), ((), (2, 3), (1,)), ((2, 1), (), (3,)), ((1, 3), (2, 1), (2, 3))]
_NUMPY_SPELLING = {"dim": "axis", "keepdim": "keepdims"}


@column("broadcasting", "br")
def broadcasting(specimen: Specimen) -> str:
    """Inputs of different shapes, on either side and 0-d: values, and gradients summed back to each shape."""
    promotes = specimen.op is not None and specimen.op.promotes
    if not (promotes or specimen.entry.elementwise):
        raise DoesNotApply("does not work entry by entry; where it broadcasts, its samples say how")
    base = next((b for b in specimen.bound if len(b.arrays) in (2, 3) and not b.constants), None)
    if base is None:
        raise DoesNotApply("one input only: nothing to broadcast against")
    rng = np.random.default_rng(specimen.seed)
    variants = []
    for shapes in _PAIRS if len(base.arrays) == 2 else _TRIPLES:
        arrays = [_resampled(a, shape, rng) for a, shape in zip(base.arrays, shapes, strict=True)]
        variants.append(Bound(base.sample(arrays)))
    for bound in variants:
        check_numerically(specimen, bound)
    judge(specimen, variants)
    return count(len(variants), "shape")


def _resampled(array: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """An array of another shape with values close to those of this one, so that they stay where the op is defined."""
    values = rng.permutation(array.ravel()) if array.size else rng.normal(size=1)
    return np.asarray(np.resize(values, shape) * (1 + 1e-2 * rng.uniform(size=shape)))


@column("dimensions", "di")
def dimensions(specimen: Specimen) -> str:
    """Negative, several and no dimensions to work along; `axis=` and `keepdims=` mean `dim=` and `keepdim=`."""
    name = next((p for p in ("dim", "dims") if p in specimen.parameters), None)
    if name is None:
        raise DoesNotApply("takes no dimension to work along")
    given, ndim = _with_dimension(specimen, name)
    looked = _negative_means_the_same(specimen, given, name, ndim) + _spelled_as_numpy_does(specimen, given)
    wanted = [*range(-ndim, ndim), None, (0,), (0, -1), (-1, 0), tuple(range(ndim))]
    looked += judge(specimen, [Bound(Sample(**{**given, name: dim})) for dim in wanted])
    if not looked:
        raise DoesNotApply(f"its `{name}` fits these shapes in one way only")
    return count(looked)


def _with_dimension(specimen: Specimen, name: str) -> tuple[dict[str, Any], int]:
    """The arguments, by name, of a sample with a tensor of several dimensions and one of them chosen; and how many."""
    signature = inspect.signature(specimen.function)
    if any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        raise DoesNotApply(f"takes its `{name}` one by one, as its samples do")
    for bound, sample in zip(specimen.bound, specimen.samples, strict=True):
        arrays = [a for a in (*bound.arrays, *bound.constants) if a.ndim >= 2]
        given = dict(signature.bind_partial(*sample.args, **sample.kwargs).arguments)
        if arrays and name in given:
            return given, arrays[0].ndim
    raise DoesNotApply(f"no sample has a tensor of at least 2 dimensions and a `{name}`")


def _negative_means_the_same(specimen: Specimen, given: dict[str, Any], name: str, ndim: int) -> int:
    dim = given[name]
    if not isinstance(dim, int) or isinstance(dim, bool):
        return 0
    first = _call(specimen, given)
    complaints = []
    for n in (ndim, ndim + 1):  # an op that adds a dimension counts it
        other = dim - n if dim >= 0 else dim + n
        try:
            compare(_call(specimen, {**given, name: other}), first, f"{name}={other} against {name}={dim}")
            return 1
        except (Wrong, IndexError) as complaint:
            complaints.append(str(complaint))
    raise Wrong(complaints[0])


def _spelled_as_numpy_does(specimen: Specimen, given: dict[str, Any]) -> int:
    spelled = {_NUMPY_SPELLING.get(key, key): value for key, value in given.items()}
    if spelled == given or not set(spelled) <= set(specimen.parameters):
        return 0
    compare(_call(specimen, spelled), _call(specimen, given), "axis= against dim=")
    return 1


def _call(specimen: Specimen, given: dict[str, Any]) -> Evaluation:
    return ours(specimen, Bound(Sample(**given)), order=specimen.order)


@column("empty and size 1", "sz")
def sizes(specimen: Specimen) -> str:
    """Dimensions of size 0 and 1, wherever PyTorch allows them."""
    if not any(b.arrays or b.constants for b in specimen.bound):
        raise DoesNotApply("takes no tensor")
    given = [b for b in specimen.bound if any(a.size <= 1 or 1 in a.shape for a in (*b.arrays, *b.constants))]
    looked = judge(specimen, [*given, *(variant for bound in specimen.bound[:2] for variant in _shrunk(bound))])
    if not looked:
        raise DoesNotApply("no call with a dimension of size 0 or 1 is valid")
    return count(looked)


def _shrunk(bound: Bound) -> Iterator[Bound]:
    """A sample cut down to size 0 or 1 along one dimension: of all tensors at once, or of the first alone."""
    arrays = [*bound.arrays, *bound.constants]
    for axis, n, everywhere in itertools.product(
        range(max((a.ndim for a in arrays), default=0)), (0, 1), (True, False)
    ):
        part = (slice(None),) * axis + (slice(0, n),)
        cut = [a[part].copy() if a.ndim > axis and (everywhere or not i) else a for i, a in enumerate(arrays)]
        yield Bound(bound.sample(cut[: len(bound.arrays)], cut[len(bound.arrays) :]))
