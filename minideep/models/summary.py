"""`summary`: what a network consists of, layer by layer, and what each layer costs, while an image runs through."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .. import nn
from ..autograd import no_grad
from ..ops.creation import zeros
from ..tables import aligned
from ..tensor import Tensor
from .costs import Field
from .vit_timm import Attention

__all__ = ["Row", "Summary", "multiplications", "summary"]


@dataclass(frozen=True)
class Row:
    """One call of a layer, or of a module that makes something of what its layers gave.

    `receptive_field` is None where a result depends on the whole image, or there is none.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int  # its own, without those of modules inside; 0 if it was called before
    macs: int
    receptive_field: int | None
    activation_bytes: int  # of memory that the result has for itself


@dataclass(frozen=True)
class Summary:
    """The rows, and sums over the network. `parameters` counts those of layers that were not called, too."""

    rows: tuple[Row, ...]
    parameters: int
    trainable: int
    buffers: int
    parameter_bytes: int

    @property
    def macs(self) -> int:
        return sum(row.macs for row in self.rows)

    @property
    def activation_bytes(self) -> int:
        return sum(row.activation_bytes for row in self.rows)

    def __str__(self) -> str:
        head = ("layer", "type", "output", "parameters", "MACs", "field", "activations")
        body = [
            (
                *(row.name, row.type, "×".join(map(str, row.output_shape[1:])), f"{row.parameters:,}", f"{row.macs:,}"),
                *("" if row.receptive_field is None else f"{row.receptive_field}", _mebibytes(row.activation_bytes)),
            )
            for row in self.rows
        ]
        sums = [
            f"parameters: {self.parameters:,} ({self.trainable:,} trainable), {_mebibytes(self.parameter_bytes)}; "
            f"numbers in buffers: {self.buffers:,}",
            f"MACs: {self.macs:,}; activations: {_mebibytes(self.activation_bytes)}",
        ]
        return "\n".join([*aligned([head, *body], left=3), *sums])

    __repr__ = __str__


def _mebibytes(count: int) -> str:
    return f"{count / 2**20:.2f} MiB"


def summary(model: nn.Module, input_size: Sequence[int]) -> Summary:
    """Run one input of `input_size`, (C, H, W) for an image, through the network in evaluation, and tell what happened.

    The network is left as it was. MACs are multiplications, each with its addition, of convolutions, linear layers and
    attention; those of norms and activations are not counted, as usual.

    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(1800, 10))
    >>> summary(network, (3, 32, 32))
    layer  type     output   parameters    MACs  field  activations
    ---------------------------------------------------------------
    0      Conv2d   8×15×15         224  48,600      3     0.01 MiB
    1      ReLU     8×15×15           0       0      3     0.01 MiB
    2      Flatten  1800              0       0            0.00 MiB
    3      Linear   10           18,010  18,000            0.00 MiB
    parameters: 18,234 (18,234 trainable), 0.07 MiB; numbers in buffers: 0
    MACs: 66,600; activations: 0.01 MiB
    """
    parameters = list(model.parameters())
    like = {"dtype": parameters[0].dtype, "device": parameters[0].device} if parameters else {}
    watcher = _Watcher()
    with watcher.on(model), no_grad():
        model(zeros(1, *input_size, **like))
    return Summary(
        tuple(watcher.rows),
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        buffers=sum(buffer.numel() for buffer in model.buffers()),
        parameter_bytes=sum(p.array.nbytes for p in parameters),
    )


# ---------------------------------------------------------------------------------------------- watching


class _Watcher:
    """Hooks on every module that note what goes in and out."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.called: set[nn.Module] = set()
        self.fields: dict[int, Field | None] = {}  # of tensors that modules were given or gave, by their id,
        self.kept: list[Tensor] = []  # which are kept so that no other gets the same id
        self.widest: dict[tuple[int, ...], Field] = {}  # of all tensors with these sides

    @contextmanager
    def on(self, model: nn.Module) -> Iterator[None]:
        modes = {module: module.training for module in model.modules()}
        handles = []
        for name, module in model.named_modules():
            handles.append(module.register_forward_pre_hook(self._enter))
            handles.append(module.register_forward_hook(functools.partial(self._leave, name)))
        model.eval()
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            for module, mode in modes.items():
                module.training = mode

    def _enter(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        for x in inputs:
            if isinstance(x, Tensor) and id(x) not in self.fields:
                self._note(x, self._field(x))

    def _leave(self, name: str, module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        result = output[0] if isinstance(output, tuple) else output
        if not (isinstance(result, Tensor) and inputs and isinstance(inputs[0], Tensor)):
            return
        leaf = not any(True for _ in module.children())
        made = leaf or id(result) not in self.fields  # and not by a module inside
        if made:
            field = seen(module, self.fields[id(inputs[0])], inputs[0], result) if leaf else self._field(result)
            self._note(result, field)
        own = list(module.parameters(recurse=False)) if module not in self.called else []
        macs = multiplications(module, inputs, result)
        self.called.add(module)
        if not (made or own or macs):
            return
        field = self.fields[id(result)]
        shares = result is inputs[0] or result.view_of is not None or getattr(module, "inplace", False)
        self.rows.append(
            Row(
                name or type(module).__name__,
                type(module).__name__,
                result.shape,
                sum(p.numel() for p in own),
                macs,
                field.size if field and result.ndim == 4 else None,
                result.array.nbytes if made and not shares else 0,
            )
        )

    def _note(self, x: Tensor, field: Field | None) -> None:
        self.fields[id(x)] = field
        self.kept.append(x)
        sides = x.shape[2:]
        if field is not None and field.size >= self.widest.get(sides, Field()).size:
            self.widest[sides] = field

    def _field(self, x: Tensor) -> Field | None:
        """Of a tensor that no module made, a sum or a row of such: the widest that others of its size have."""
        if id(x) in self.fields:
            return self.fields[id(x)]
        if x.ndim != 4:
            return None
        return self.widest.get(x.shape[2:]) if self.kept else Field()


# ---------------------------------------------------------------------------------------------- what modules do


@functools.singledispatch
def multiplications(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> int:
    """How many multiplications a call of a module takes, those of modules inside it not counted.

    For a module of your own that multiplies in its `forward`: ``@multiplications.register`` a function of its class.
    """
    return 0


@multiplications.register(nn.Conv1d)
@multiplications.register(nn.Conv2d)
def _of_convolution(module: nn.Conv2d, inputs: tuple[Any, ...], output: Tensor) -> int:
    return output.numel() * math.prod(module.weight.shape[1:])


@multiplications.register(nn.ConvTranspose1d)
@multiplications.register(nn.ConvTranspose2d)
def _of_transposed(module: nn.ConvTranspose2d, inputs: tuple[Any, ...], output: Tensor) -> int:
    return inputs[0].numel() * math.prod(module.weight.shape[1:])


@multiplications.register
def _of_linear(module: nn.Linear, inputs: tuple[Any, ...], output: Tensor) -> int:
    return output.numel() * module.in_features


@multiplications.register
def _of_attention(module: Attention, inputs: tuple[Any, ...], output: Tensor) -> int:
    """Queries with keys, and weights with values."""
    return 2 * output.shape[1] * output.numel()


@multiplications.register
def _of_multihead_attention(module: nn.MultiheadAttention, inputs: tuple[Any, ...], output: Tensor) -> int:
    query, key, value = inputs[:3]
    projections = module.embed_dim * (query.numel() + key.numel() + value.numel())
    length = key.shape[-2 if module.batch_first or key.ndim == 2 else 0]
    return projections + 2 * length * output.numel()


def seen(module: nn.Module, field: Field | None, input: Tensor, output: Tensor) -> Field | None:
    """The field of a module's result: that of its input, seen through windows; None once it is the whole image."""
    if field is None or input.ndim != 4 or output.ndim != 4:
        return None
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        size, stride, dilation = (_one(getattr(module, name, 1)) for name in ("kernel_size", "stride", "dilation"))
        return field.through(size, stride, dilation)
    return field if input.shape[2:] == output.shape[2:] else None


def _one(sides: Any) -> int:
    """Of two sides, the larger."""
    return max(sides) if isinstance(sides, tuple | list) else sides
