"""Floor 0: arrays and where they live.

An array is NumPy's on the CPU and CuPy's on a GPU. Everything above calls ``np.…`` and lets NumPy's protocols (NEP 13
and 18) find the right implementation; what the two libraries spell differently stands here, and nowhere else is CuPy
named. A device is one entry of ``_modules``, so a test can add a third kind of array.
"""

from __future__ import annotations

import builtins
import contextlib
import functools
import importlib
import os
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    Array = Any
else:

    class Array:
        """What implements NumPy's protocols: np.ndarray, cupy.ndarray, …; as an annotation, an input of an op."""


DType = np.dtype[Any]

float16, float32, float64 = (np.dtype(f"float{bits}") for bits in (16, 32, 64))
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, bool_ = np.dtype("uint8"), np.dtype("bool")
_default_float = float32


def get_default_dtype() -> DType:
    """The dtype of a tensor made of Python floats: float32 unless `set_default_dtype` changed it."""
    return _default_float


def set_default_dtype(dtype: Any) -> None:
    """Make `dtype`, a floating-point one, the dtype of tensors made of Python floats."""
    global _default_float
    if not is_floating(np.dtype(dtype)):
        raise TypeError(f"set_default_dtype: only floating-point dtypes can be the default, but got {dtype}")
    _default_float = np.dtype(dtype)


def is_floating(dtype: DType) -> builtins.bool:
    return dtype.kind == "f"


def is_numpy_scalar(value: Any) -> builtins.bool:
    return isinstance(value, np.generic)


# ---------------------------------------------------------------------------------------------- devices


class device:
    """Where an array lives: ``device("cpu")``, ``device("cuda")``, ``device("cuda:1")`` or ``device("cuda", 1)``."""

    __slots__ = ("index", "type")
    type: str
    index: int | None

    def __init__(self, type: str | device, index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index  # type: ignore[assignment]
        if not isinstance(type, str):
            raise TypeError(f"device: expected a string such as 'cpu' or 'cuda:0', but got {type!r}")
        kind, _, number = type.partition(":")
        if kind not in _modules or (number and not number.isdigit()):
            kinds = ", ".join(_modules)
            raise RuntimeError(f"device: expected one of {kinds}, with ':index' if there are several, but got {type!r}")
        self.type, self.index = kind, int(number) if number else index

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        inside = f"type='{self.type}'" + ("" if self.index is None else f", index={self.index}")
        return f"device({inside})"


def _load_cupy() -> ModuleType:
    try:
        return importlib.import_module("cupy")
    except ImportError as error:
        raise RuntimeError(
            "device: 'cuda' needs CuPy, which is not installed: pip install cupy-cuda12x (or cupy-cuda13x: the CUDA "
            "version that nvidia-smi shows); without a GPU use device='cpu'"
        ) from error


# How to reach the module behind each kind of device, and the special-function module that goes with it.
_modules: dict[str, Callable[[], Any]] = {"cpu": lambda: np, "cuda": _load_cupy}
_special: dict[str, str] = {"cpu": "scipy.special", "cuda": "cupyx.scipy.special"}
_array_types: dict[type, str] = {np.ndarray: "cpu"}
CPU = device("cpu")


def kinds() -> list[str]:
    """The names of the kinds of device there are: 'cpu', 'cuda'."""
    return list(_modules)


def register_device(kind: str, module: Any, array_type: type) -> None:
    """Make arrays of `array_type` known as device `kind`; `module` is its NumPy-like namespace."""
    _modules[kind] = lambda: module
    _array_types[array_type] = kind


def device_of(array: Array) -> device:
    """The device an array lives on."""
    if array.__class__ is np.ndarray:
        return CPU
    kind = _array_types.get(type(array))
    if kind is None:
        kind = "cuda" if type(array).__module__.startswith("cupy") else "cpu"
    return device(kind, array.device.id) if kind == "cuda" else device(kind)


def module_of(array: Array) -> Any:
    """The library an array belongs to: NumPy, CuPy, …; for making new arrays beside it."""
    return np if array.__class__ is np.ndarray else _modules[device_of(array).type]()


def module_for(where: device) -> Any:
    """The library that makes arrays on a device, with that device made current."""
    module = _modules[where.type]()
    if where.type == "cuda":
        if not cuda_device_count():
            raise RuntimeError("device: CuPy is installed, but no GPU was found; use device='cpu'")
        module.cuda.Device(where.index or 0).use()
    return module


_imported = functools.cache(importlib.import_module)


def special(array: Array) -> Any:
    """``scipy.special`` for the library the array belongs to (imported when first asked for)."""
    return _imported(_special.get(device_of(array).type, "scipy.special"))


def special_function(name: str) -> Callable[[Array], Array]:
    """The function of that name in ``scipy.special``, on whichever library its argument belongs to."""

    def function(x: Array) -> Array:
        namespace = module_of(x)
        y = getattr(namespace if hasattr(namespace, name) else special(x), name)(x)
        return y.astype(float16) if x.dtype == float16 else y

    function.__name__ = name
    return function


def to_numpy(array: Array) -> np.ndarray:
    """The values as a NumPy array: itself on the CPU, a copy from anywhere else."""
    if isinstance(array, np.ndarray | np.generic):
        return np.asarray(array)
    return array.get()


def to_device(array: Array, where: device) -> Array:
    """The array on `where`: itself if it is there already, else a copy."""
    here = device_of(array)
    if here.type == where.type and where.index in (None, here.index):
        return array
    return module_for(where).asarray(array if here.type == where.type else to_numpy(array))


_SCALARS = (np.generic, int, float)


def as_array(value: Any) -> Array:
    """A result of a NumPy call as a proper array: 0-d results come back from NumPy as scalars."""
    return np.asarray(value) if isinstance(value, _SCALARS) else value


def widened(x: Array) -> Array:
    """float16 as float32, to compute with and round once at the end; anything else as it is."""
    return x.astype(float32) if x.dtype == float16 else x


def product(a: Array, b: Array) -> Array:
    """``a @ b``: the shorter way for matrices and vectors; float16, slow in NumPy, by way of float32."""
    if a.dtype is float16 and a.__class__ is b.__class__ is np.ndarray:
        return product(a.astype(float32), b.astype(float32)).astype(float16)
    return np.dot(a, b) if a.ndim <= 2 and b.ndim <= 2 else np.matmul(a, b)


def cuda_device_count() -> int:
    try:
        return int(_load_cupy().cuda.runtime.getDeviceCount())
    except Exception:  # CuPy raises errors of its own when the driver or the GPU is missing
        return 0


# ---------------------------------------------------------------------------------------------- random numbers


class Generator:
    """A stream of random numbers on one device; every random function takes one as ``generator=``.

    >>> g = Generator().manual_seed(0)
    >>> state = g.get_state(); first = g.on(np).random(); g.set_state(state)
    >>> g.on(np).random() == first
    True
    """

    def __init__(self, device: str | device = "cpu") -> None:
        self.device = _device_class(device)
        self._seed = 0
        self._stream: Any = None

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream again from `seed`; returns the generator."""
        self._seed, self._stream = int(seed), None
        return self

    def seed(self) -> int:
        """Start again from a seed that the operating system chooses, and return it."""
        return self.manual_seed(int.from_bytes(os.urandom(7), "little"))._seed

    def initial_seed(self) -> int:
        return self._seed

    def on(self, module: Any) -> Any:
        """The library's own generator behind this one (np.random.Generator, cupy.random.Generator)."""
        if self._stream is None:
            self._stream = module.random.default_rng(self._seed % 2**64)
        return self._stream

    def get_state(self) -> Any:
        """Everything needed to continue the stream from here."""
        stream = self.on(module_for(self.device))
        return self._seed, getattr(stream, "bit_generator", stream).state

    def set_state(self, state: Any) -> None:
        self._seed, inner = state
        self._stream = None
        stream = self.on(module_for(self.device))
        getattr(stream, "bit_generator", stream).state = inner


_device_class = device  # `Generator.__init__` names its parameter `device`, as PyTorch does
_generators: dict[tuple[str, int], Generator] = {}
_base_seed = int.from_bytes(os.urandom(4), "little")


def default_generator(where: device = CPU) -> Generator:
    """The generator that random functions on `where` use when they are given none."""
    key = (where.type, where.index or 0)
    if key not in _generators:
        _generators[key] = Generator(where).manual_seed(_base_seed)
    return _generators[key]


@contextlib.contextmanager
def drawing_from(generator: Generator) -> Iterator[None]:
    """Inside, what is given no generator draws from this one, on its device; afterwards all is as it was.

    >>> with drawing_from(Generator().manual_seed(3)):
    ...     default_generator().initial_seed()
    3
    """
    key = (generator.device.type, generator.device.index or 0)
    before = default_generator(generator.device)
    _generators[key] = generator
    try:
        yield
    finally:
        _generators[key] = before


def manual_seed(seed: int) -> Generator:
    """Seed the generators of all devices; returns the CPU's."""
    global _base_seed
    _base_seed = int(seed)
    for generator in _generators.values():
        generator.manual_seed(seed)
    return default_generator()


def initial_seed() -> int:
    """The seed that the last `manual_seed` set, or the one chosen at the start."""
    return _base_seed
