"""A strict stand-in for CuPy: arrays that live on the CPU but are as unforgiving as those on a GPU.

No machine that runs the tests needs a GPU for this: a `StrictArray` answers to NumPy's protocols like a CuPy array,
but refuses what CuPy refuses: to become an `np.ndarray` unasked, to be mixed with one, to answer functions, keywords
and ufunc methods that CuPy lacks. What it lacks was read off CuPy 14.2, whose classes load without a GPU.

>>> register()
>>> import minideep
>>> minideep.tensor([1.0, 2.0], device="strict").exp().device
device(type='strict')
"""

from __future__ import annotations

import types
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from minideep import backend

# Functions that NumPy has and CuPy has not.
_LACKING = frozenset(
    """asmatrix block bmat einsum_path frompyfunc fromregex geomspace histogram_bin_edges insert isnat matvec
    nanpercentile nanquantile nested_iters polyder polydiv polyint spacing unstack vecdot vecmat""".split()
)
# Keywords that NumPy's functions take and CuPy's do not.
_LACKING_KEYWORDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(["sum", "prod", "max", "min", "amax", "amin"], frozenset({"initial", "where"})),
    **dict.fromkeys(["all", "any", "mean"], frozenset({"where"})),
    **dict.fromkeys(["var", "std"], frozenset({"where", "mean", "correction"})),
    **dict.fromkeys(["sort", "argsort"], frozenset({"stable", "order"})),
    **dict.fromkeys(["partition", "argpartition", "isin"], frozenset({"kind"})),
    "clip": frozenset({"min", "max"}),
    "reshape": frozenset({"shape", "copy"}),
    "take": frozenset({"mode"}),
    "count_nonzero": frozenset({"keepdims"}),
    "unique": frozenset({"sorted"}),
    "nanmax": frozenset({"initial", "where"}),
    "nanmin": frozenset({"initial", "where"}),
    "nansum": frozenset({"initial", "where"}),
}
_UFUNC_METHODS = {
    "reduce": {"add", "multiply"},
    "accumulate": {"add", "multiply"},
    "reduceat": set(),
    "at": {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"},
}
_GENERATOR = frozenset(
    """beta binomial chisquare dirichlet exponential f gamma geometric hypergeometric integers logseries poisson power
    random standard_exponential standard_gamma standard_normal uniform""".split()
)
_SCALARS = (bool, int, float, complex, np.generic)


class StrictArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that pretends to live somewhere else."""

    __slots__ = ("__weakref__", "_hidden")
    _hidden: np.ndarray
    _known: ClassVar[weakref.WeakValueDictionary[int, StrictArray]] = weakref.WeakValueDictionary()

    def __new__(cls, hidden: np.ndarray) -> StrictArray:
        """The one strict array that hides this NumPy array: so that ``view.base is array`` can be true."""
        found = cls._known.get(id(hidden))
        if found is None:
            found = cls._known[id(hidden)] = object.__new__(cls)
            found._hidden = hidden
        return found

    # ------------------------------------------------------------------------------------------ what it refuses

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array is not allowed: use .get() to construct one explicitly")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _apply(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        name = function.__name__
        if name in _LACKING or not all(issubclass(t, (StrictArray, np.ndarray)) for t in types):
            return NotImplemented
        return _call(name, function, args, kwargs)

    def __index__(self) -> int:
        raise TypeError("an array on a device cannot be interpreted as an integer: use .item()")

    # ------------------------------------------------------------------------------------------ what it allows

    def get(self) -> np.ndarray:
        """The values as a NumPy array, by an explicit copy."""
        return self._hidden.copy()

    def __getitem__(self, index: Any) -> StrictArray:
        return _wrap(self._hidden[_open_index(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._hidden[_open_index(index)] = _open(_no_ndarray("__setitem__", value))

    def __len__(self) -> int:
        return len(self._hidden)

    def __iter__(self) -> Any:
        return (_wrap(x) for x in self._hidden)

    def __bool__(self) -> bool:
        return bool(self._hidden)

    def __int__(self) -> int:
        return int(self._hidden)

    def __float__(self) -> float:
        return float(self._hidden)

    def __repr__(self) -> str:
        return f"strict {self._hidden!r}"

    def __deepcopy__(self, memo: Any) -> StrictArray:
        return StrictArray(self._hidden.copy())

    @property
    def T(self) -> StrictArray:
        return StrictArray(self._hidden.T)

    @property
    def base(self) -> StrictArray | None:
        """The array whose memory this is a view of."""
        return StrictArray(self._hidden.base) if isinstance(self._hidden.base, np.ndarray) else None

    @property
    def data(self) -> types.SimpleNamespace:
        """Where the memory is: ``array.data.ptr``."""
        return types.SimpleNamespace(ptr=self._hidden.__array_interface__["data"][0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("ctypes", "resize", "setflags"):
            raise AttributeError(f"CuPy's arrays have no {name}")
        value = getattr(self._hidden, name)
        if not callable(value):
            return value

        def method(*args: Any, **kwargs: Any) -> Any:
            return _call(name, value, args, kwargs)

        return method


def _apply(ufunc: np.ufunc, method: str, inputs: Any, kwargs: Any) -> Any:
    """NumPy's ufunc, or a method of it, on what the arrays hide, if CuPy would answer."""
    name = ufunc.__name__
    if name in _LACKING or name not in _UFUNC_METHODS.get(method, {name}):
        raise TypeError(f"CuPy has no {name}{'' if method == '__call__' else '.' + method}")
    lacking = {"where", "initial", "axes", "signature", "subok"}.intersection(kwargs)
    if lacking:
        raise TypeError(f"CuPy's {name} takes no {min(lacking)}=")
    if method == "at":
        target, index, *values = inputs
        _no_ndarray(f"{name}.at", values)
        return ufunc.at(_open(target), _open_index(index), *map(_open, values))
    for x in (*inputs, *kwargs.get("out", ())):
        if isinstance(x, np.ndarray):
            raise TypeError(f"CuPy's {name} does not take numpy.ndarray: move it to the device first")
        if not isinstance(x, (StrictArray, *_SCALARS)):
            return NotImplemented
    return _wrap(getattr(ufunc, method)(*map(_open, inputs), **_open(kwargs)))


def _call(name: str, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """NumPy's function on what the arrays hide, if CuPy would answer."""
    missing = _LACKING_KEYWORDS.get(name, frozenset()).intersection(kwargs)
    if missing:
        raise TypeError(f"CuPy's {name} takes no {min(missing)}=")
    of_an_array = isinstance(getattr(function, "__self__", None), np.ndarray)
    repeats = [kwargs.get("repeats"), *args[0 if of_an_array else 1 :]]
    if name == "repeat" and any(isinstance(n, StrictArray) for n in repeats):
        raise TypeError("CuPy's repeat takes a number or a list of numbers of repetitions, not an array")
    if name == "lexsort" and isinstance(args[0], tuple | list):
        raise TypeError("CuPy's lexsort takes one array of keys, not a sequence of them")
    _no_ndarray(name, [*args, *kwargs.values()])
    return _wrap(function(*_open(args), **_open(kwargs)))


def _no_ndarray(name: str, value: Any) -> Any:
    """The value, if it holds no array of NumPy's."""
    if isinstance(value, np.ndarray):
        raise TypeError(f"CuPy's {name} does not take numpy.ndarray: move it to the device first")
    if isinstance(value, tuple | list):
        for part in value:
            _no_ndarray(name, part)
    return value


def _open(value: Any) -> Any:
    """What strict arrays hide, also in tuples, lists and dicts."""
    if isinstance(value, StrictArray):
        return value._hidden
    if type(value) in (tuple, list):
        return type(value)(map(_open, value))
    if type(value) is dict:
        return {key: _open(part) for key, part in value.items()}
    return value


def _open_index(index: Any) -> Any:
    """An index for the hidden array: NumPy arrays in it are refused, as are two masks at once."""
    _no_ndarray("indexing", index)
    opened = _open(index)
    parts = opened if isinstance(opened, tuple) else (opened,)
    if sum(isinstance(p, np.ndarray) and p.dtype == bool for p in parts) > 1:
        raise TypeError("CuPy does not take more than one boolean array in an index")
    return opened


def _wrap(value: Any) -> Any:
    """Results that are arrays, or scalars where NumPy makes them of 0-d arrays, as strict arrays."""
    if isinstance(value, np.ndarray | np.generic):
        return StrictArray(np.asarray(value))
    if type(value) in (tuple, list):
        return type(value)(map(_wrap, value))
    if isinstance(value, tuple):  # a named tuple, such as unique's
        return type(value)(*map(_wrap, value))
    return value


# ---------------------------------------------------------------------------------------------- the namespace


class _Generator:
    """`default_rng` of the stand-in: NumPy's numbers, and only the distributions that CuPy's generator has."""

    def __init__(self, seed: Any = None) -> None:
        self._stream = np.random.default_rng(seed)

    def __getattr__(self, name: str) -> Any:
        if name not in _GENERATOR:
            raise AttributeError(f"CuPy's random Generator has no {name}")
        draw = getattr(self._stream, name)
        return lambda *args, **kwargs: StrictArray(np.asarray(draw(*_open(args), **_open(kwargs))))

    @property
    def state(self) -> Any:
        return self._stream.bit_generator.state

    @state.setter
    def state(self, state: Any) -> None:
        self._stream.bit_generator.state = state


class _Random:
    default_rng = _Generator
    Generator = _Generator


class _Ufunc:
    """A ufunc of the namespace, with its methods."""

    def __init__(self, ufunc: np.ufunc) -> None:
        self._ufunc = ufunc

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        return _apply(self._ufunc, "__call__", inputs, kwargs)

    def __getattr__(self, method: str) -> Any:
        return lambda *inputs, **kwargs: _apply(self._ufunc, method, inputs, kwargs)


class _Namespace:
    """What ``import cupy`` would give: NumPy's functions on strict arrays, without those that CuPy lacks."""

    __name__ = "strict"
    random = _Random
    ndarray = StrictArray

    @staticmethod
    def asarray(value: Any, dtype: Any = None, **_: Any) -> StrictArray:
        """The explicit way in: what comes from NumPy is copied, as to a GPU."""
        if isinstance(value, StrictArray):
            return value if dtype is None else value.astype(dtype, copy=False)
        return StrictArray(np.array(value, dtype=dtype))

    array = asarray

    @staticmethod
    def asnumpy(value: StrictArray) -> np.ndarray:
        return value.get()

    @staticmethod
    def from_dlpack(value: Any) -> StrictArray:
        return StrictArray(np.from_dlpack(value))

    def __getattr__(self, name: str) -> Any:
        if name in _LACKING or not hasattr(np, name):
            raise AttributeError(f"CuPy has no {name}")
        value = getattr(np, name)
        if isinstance(value, np.ufunc):
            return _Ufunc(value)
        if not callable(value) or isinstance(value, type):
            return value
        return lambda *args, **kwargs: _call(name, value, args, kwargs)


namespace = _Namespace()


def register() -> None:
    """Make device "strict" known to minideep."""
    backend.register_device("strict", namespace, StrictArray)
