"""The table of models: every constructor under its name, what was published about it, and how weights get into it."""

from __future__ import annotations

import difflib
import fnmatch
import functools
import os
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from ..nn import Module
from ..nn.init import skipped
from ..saving import load

AnyModel = TypeVar("AnyModel", bound=Module)
Weights: TypeAlias = "str | os.PathLike[str] | Mapping[str, Any]"


@dataclass(frozen=True)
class Published:
    """What others say of a model; None where they say nothing. Tests hold our models against it.

    `source` is whose names, shapes and function the model has: a library, or "paper". `gmacs` are 10⁹ multiplications,
    each with its addition, for one image of `input_size`; `top1` is the share, in %, of ImageNet's validation images
    that weights of that source (torchvision's first, where it has several) get right.
    """

    source: str
    year: int
    parameters: int | None = None
    gmacs: float | None = None
    top1: float | None = None
    input_size: tuple[int, int, int] = (3, 224, 224)


@dataclass(frozen=True)
class Entry:
    """A model of the table."""

    constructor: Callable[..., Module]
    published: Published


MODELS: dict[str, Entry] = {}


def register(
    source: str, year: int, *, with_weights: Mapping[str, Any] | None = None, **published: Any
) -> Callable[[Callable[..., AnyModel]], Callable[..., AnyModel]]:
    """Decorate what builds a model: its name goes into the table, and it takes `weights` beside its own arguments.

    `with_weights` are the defaults that the model has instead of its own if there are weights; the other arguments are
    those of `Published`. `progress` is taken for the sake of torchvision's callers: nothing is downloaded here.
    """

    def record(build: Callable[..., AnyModel]) -> Callable[..., AnyModel]:
        name = build.__name__

        @functools.wraps(build)
        def constructor(*, weights: Weights | None = None, progress: bool = True, **kwargs: Any) -> AnyModel:
            if "pretrained" in kwargs:
                raise TypeError(f"{name}: there is no argument 'pretrained'; weights= takes the path of a file")
            if weights is None:
                return build(**kwargs)
            with skipped():
                model = build(**{**(with_weights or {}), **kwargs})
            load_weights(model, weights, name)
            return model

        del constructor.__wrapped__  # so that help shows this signature
        MODELS[name] = Entry(constructor, Published(source, year, **published))
        return constructor

    return record


def list_models(pattern: str = "*") -> list[str]:
    """The names, in order, that match a pattern with wildcards, or (without any) that contain it.

    >>> from minideep import models
    >>> models.list_models("vgg1?")
    ['vgg11', 'vgg13', 'vgg16', 'vgg19']
    """
    wanted = pattern if any(c in pattern for c in "*?[") else f"*{pattern}*"
    return [name for name in sorted(MODELS) if fnmatch.fnmatchcase(name, wanted.lower())]


def get_model(name: str, **kwargs: Any) -> Module:
    """``models.<name>(**kwargs)``, of a name that is only known when the program runs."""
    return find(name).constructor(**kwargs)


def find(name: str) -> Entry:
    """The entry of a name, in whatever case."""
    if name.lower() in MODELS:
        return MODELS[name.lower()]
    nearest = difflib.get_close_matches(name.lower(), MODELS, 3, 0.5)
    hint = f"; did you mean {' or '.join(nearest)}?" if nearest else "; list_models() has all names"
    raise ValueError(f"get_model: there is no model '{name}'{hint}")


# ---------------------------------------------------------------------------------------------- weights

_WRAPPERS = ("state_dict", "model")  # under which training scripts keep the state dict among other things
_SHOWN = 4


def load_weights(model: Module, weights: Weights, name: str) -> None:
    """Load the file at a path, or a state dict, into a model, all of it; one that does not fit is told where."""
    state: Any = weights
    if isinstance(weights, str | os.PathLike):
        if not os.path.exists(weights):
            raise FileNotFoundError(
                f"{name}: weights: there is no file '{os.fspath(weights)}'; nothing is downloaded here: get a "
                ".safetensors or .pth file and give its path"
            )
        state = load(weights)
    for key in _WRAPPERS:
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise RuntimeError(f"{name}: the weights are of another network{_differences(error, model, state)}") from None


def _differences(error: RuntimeError, model: Module, state: Mapping[str, Any]) -> str:
    """The first of them, and how to mend it where only the number of classes is another."""
    _, *lines = str(error).splitlines()
    shown = [textwrap.shorten(line.strip(), 240, placeholder=" …") for line in lines[:_SHOWN]]
    if len(lines) > _SHOWN:
        shown.append(f"… and {len(lines) - _SHOWN} more")
    last, tensor = list(model.state_dict().items())[-1]
    theirs = getattr(state.get(last), "shape", tensor.shape)
    classes = "" if len(theirs) != 1 or theirs == tensor.shape else f" (it has num_classes={theirs[0]})"
    return f"{classes}:\n\t" + "\n\t".join(shown)
