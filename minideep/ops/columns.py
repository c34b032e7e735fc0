"""Convolution of raw arrays as matrix products.

Every window of the input, written as a column, makes a matrix; the weight times this matrix is the convolution (im2col:
`unfold` shows it plainly). The matrix is many times as large as the input, so it is never made whole: one block of it
at a time is laid out, small enough to stay in the cache, in whichever of three ways takes fewer passes over memory:

- all kh·kw entries of a window below each other: kh·kw shifted copies of the input, one product;
- by rows: what a window sees one row further down is what the window below it sees. So kw copies, shifted along the
  width, hold the matrices of all kernel rows, each beginning a row further on: fewer copies, kh products to be added;
- as it is: for a 1×1 kernel the input itself is the matrix.

Images with few positions are laid out side by side, so that the products are wide enough to be quick.

Three functions share this. The sum of ``g[n,f,o] · weight[f,c,t] · input[n,c,i]``, where window o sees entry i at tap
t, is linear in each of g, weight and input. Its derivatives for them are `convolve`, `weight_gradient` and
`convolve_transposed`: functions of the other two, whose own derivatives are again among the three.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..backend import CPU, Array, device_of
from ..parallel import hands, share
from ..sums import in_float32
from .windows import Windows

_FEW = 128  # positions: products with one image of fewer are too narrow to be quick
_WIDE = 512  # positions that such images make side by side
_ABREAST = 12  # such images at least, if they fit into the cache; of many more, the entries lie too far apart
_CACHED = 2**21  # bytes of a block on the CPU
_BUSY = 2**26  # bytes of a block elsewhere: large enough to keep a GPU busy
_RUNS = 4  # of blocks, dealt to threads
_WORTH_SHARING = 2**21  # multiplications in all: below, waking other threads takes longer than the work


class Geometry(NamedTuple):
    """Where the windows of a convolution lie, along the height and along the width, and its number of groups."""

    rows: Windows
    columns: Windows
    groups: int


class _Block(NamedTuple):
    """What is laid out at once: parts of the images, of the groups of channels, and of the rows of the output."""

    images: slice
    groups: slice
    rows: slice


def contiguous(x: Array) -> Array:
    return x if x.flags.c_contiguous else x.copy()


# ---------------------------------------------------------------------------------------------- the layout


class _Layout:
    """How the windows of an input are laid out as matrices, the weight to match, and in which blocks."""

    def __init__(self, x: Array, filters: int, geometry: Geometry) -> None:
        self.rows, self.columns, self.groups = geometry
        self.images, self.channels = x.shape[:2]
        self.filters = filters
        self.depth = self.channels // self.groups
        self.positions = self.rows.count * self.columns.count
        self.on_cpu = device_of(x) is CPU
        self.tap_by_tap = self.depth == 1 and filters < 4 * self.groups and self.on_cpu and x.dtype.kind == "f"
        self.as_it_is = self.rows.trivial and self.columns.trivial
        self.by_rows = self.rows.stride == 1 and self._rows_pay()
        self.copies = self.columns.taps * (1 if self.by_rows else self.rows.taps)
        self.side_by_side = self.positions <= _FEW and self.images > 1
        products = self.filters * self.depth * self.rows.taps * self.columns.taps * self.positions * self.images
        self.hands = hands() if self.on_cpu and products >= _WORTH_SHARING else 1
        self.blocks = list(self._cut(x.itemsize))

    def _rows_pay(self) -> bool:
        """Whether to lay out by rows: counted in copied entries for each position.

        An addition counts half, as it runs over longer pieces; the weight, which has to be put in order first, counts
        twelvefold, as it is copied in pieces of a few entries.
        """
        height, width = self.rows.taps, self.columns.taps
        if self.tap_by_tap:
            return height > 1
        weight = 12 * self.filters * self.depth * height * width
        by_rows = width * self.channels + (height - 1) * self.filters / 2 + weight / (self.images * self.positions or 1)
        return by_rows < height * width * self.channels

    def _cut(self, itemsize: int) -> Iterator[_Block]:
        """The blocks; those with the same rows follow each other, as what is padding is the same in them."""
        height, size = self.rows.count, _CACHED if self.on_cpu else _BUSY
        if self.side_by_side:
            positions = self.positions or 1
            fitting = size // (self.channels * self.copies * positions * itemsize or 1)
            for images in _pieces(self.images, max(_WIDE // positions, min(fitting, _ABREAST), 1), self.hands):
                yield _Block(images, slice(0, self.groups), slice(0, height))
            return
        row = self.depth * self.copies * self.columns.count * itemsize  # of one group
        more = self.rows.reach - 1 if self.by_rows else 0  # rows that the last windows of a block see below it
        image = row * (height + more) or 1
        count = max(size // (image * self.groups), 1), max(size // image, 1)
        height_at_once = height if image <= size else max(size // row - more, more + 1)
        for rows in _pieces(height, height_at_once):
            for images in _pieces(self.images, count[0], self.hands):
                for groups in _pieces(self.groups, count[1]):
                    yield _Block(images, groups, rows)

    def loaded(self, block: _Block) -> Windows:
        """The windows along the height whose entries are copied: those of the block, or single rows that they share."""
        top, bottom = block.rows.start, block.rows.stop
        rows = self.rows._replace(start=self.rows.start + top * self.rows.stride, count=bottom - top)
        return rows._replace(taps=1, count=rows.count + rows.reach - 1) if self.by_rows else rows

    def split(self, weight: Array) -> list[Array]:
        """The weight as `_Columns.times` wants it: matrices of each group, to be multiplied by those of the windows."""
        filters, depth, height, width = weight.shape
        if self.tap_by_tap:
            taps = weight.reshape(self.groups, filters // self.groups, height, width)
            return [taps.swapaxes(2, 3) if self.by_rows else taps]
        if not self.by_rows:
            return [contiguous(weight).reshape(self.groups, filters // self.groups, depth * height * width)]
        parts = contiguous(weight.transpose(2, 0, 1, 3))
        return list(parts.reshape(height, self.groups, filters // self.groups, depth * width))

    def join(self, parts: list[Array]) -> Array:
        """What `split` took apart."""
        height, width = self.rows.taps, self.columns.taps
        if self.tap_by_tap:
            taps = parts[0].swapaxes(2, 3) if self.by_rows else parts[0]
            return taps.reshape(self.filters, 1, height, width)
        if not self.by_rows:
            return parts[0].reshape(self.filters, self.depth, height, width)
        return np.stack(parts).reshape(height, self.filters, self.depth, width).transpose(1, 2, 0, 3)

    def grouped(self, y: Array, block: _Block) -> Array:
        """The part of an array like the output that belongs to a block, (images, groups, filters, positions)."""
        per_group, width = self.filters // self.groups, self.columns.count
        if self.side_by_side:
            part = contiguous(y[block.images].transpose(1, 2, 3, 0))
            return part.reshape(1, self.groups, per_group, self.positions * part.shape[-1])
        whole = y.reshape(self.images, self.groups, per_group, self.positions)
        return whole[block.images, block.groups, :, block.rows.start * width : block.rows.stop * width]

    def work_off(self, work: Callable[[list[_Block]], Any]) -> list[Any]:
        """``[work(blocks), …]``: of all, or of some in each of several threads."""
        runs = max(min(len(self.blocks), _RUNS), 1) if self.hands > 1 else 1
        results: list[Any] = [None] * runs

        def run(i: int) -> None:
            results[i] = work(self.blocks[i::runs])

        share(run, range(runs))
        return results


def _pieces(count: int, size: int, hands: int = 1) -> Iterator[slice]:
    """``range(count)`` cut into equal pieces of at most `size`, as many for each hand."""
    pieces = min(-(-count // (size * hands)) * hands, count)
    for i in range(pieces):
        yield slice(count * i // pieces, count * (i + 1) // pieces)


class _Columns:
    """The windows of one block at a time, as columns of matrices in memory that is used again for every block."""

    def __init__(self, layout: _Layout, x: Array) -> None:
        self.layout = layout
        self.x = contiguous(x) if layout.as_it_is else x
        self.memory = self.spare = np.empty_like(x, shape=(0,))
        self.borders: Any = None  # where the zeros of the padding are, as long as they are

    def times(self, parts: list[Array], block: _Block, out: Array | None) -> Array:
        """The weight, as `_Layout.split` gives it, times the windows: (images, groups, filters, positions)."""
        copies = self._copies(block)
        if self.layout.tap_by_tap:
            return np.einsum("ngabp,gfab->ngfp", self._taps(copies), parts[0][block.groups], out=out)
        matrices = self._matrices(copies)
        out = np.matmul(parts[0][block.groups], matrices[0], out=out)
        for part, matrix in zip(parts[1:], matrices[1:], strict=True):
            if self.spare.shape != out.shape:
                self.spare = np.empty_like(out)
            np.add(out, np.matmul(part[block.groups], matrix, out=self.spare), out=out)
        return out

    def times_transposed(self, g: Array, block: _Block) -> list[Array]:
        """Such an array times the windows transposed: something for each part of the weight."""
        copies = self._copies(block)
        if self.layout.tap_by_tap:
            products = [np.vecdot(self._taps(copies)[:, :, None], g[..., None, None, :])]
        else:
            products = [np.matmul(g, matrix.swapaxes(-1, -2)) for matrix in self._matrices(copies)]
        return [p[0] if len(p) == 1 else np.add.reduce(p, axis=0) for p in products]

    def _matrices(self, copies: Array) -> list[Array]:
        """The matrices (images, groups, entries of a window, positions), one for each part of the weight."""
        images, groups, depth, above, beside, rows, width = copies.shape
        matrix = copies.reshape(images, groups, depth * above * beside, rows * width)
        if not self.layout.by_rows:
            return [matrix]
        reach, step = self.layout.rows.reach, self.layout.rows.dilation * width
        size = (rows - reach + 1) * width
        return [matrix[..., start : start + size] for start in range(0, reach * width, step)]

    def _taps(self, copies: Array) -> Array:
        """For one channel a group, what windows see at each tap, (images, groups, taps, taps, positions): a view."""
        images, groups, _, above, beside, rows, width = copies.shape
        taps = copies.reshape(images, groups, above, beside, rows * width)
        if not self.layout.by_rows:
            return taps
        size = (rows - self.layout.rows.reach + 1) * width
        starts = np.lib.stride_tricks.sliding_window_view(taps[:, :, 0], size, axis=-1)
        return starts[..., :: self.layout.rows.dilation * width, :]

    def _copies(self, block: _Block) -> Array:
        """What the windows of a block see: (images, groups, depth, taps, taps, rows, columns · images side by side)."""
        layout, groups = self.layout, block.groups.stop - block.groups.start
        x = self.x[block.images, block.groups.start * layout.depth : block.groups.stop * layout.depth]
        source = contiguous(x.transpose(1, 2, 3, 0))[None] if layout.side_by_side else x[..., None]
        rows, columns, images = layout.loaded(block), layout.columns, source.shape[-1]
        shape = (len(source), groups, layout.depth, rows.taps, columns.taps, rows.count, columns.count * images)
        if layout.as_it_is:
            return source[:, :, block.rows].reshape(shape)
        if self.memory.size < math.prod(shape):
            self.memory, self.borders = np.empty_like(source, shape=(math.prod(shape),)), None
        copies = self.memory[: math.prod(shape)].reshape(shape)
        of_taps = copies.reshape(*source.shape[:2], *shape[3:6], columns.count, images)
        seen_y = [rows.seen(tap) for tap in range(rows.taps)]
        seen_x = [columns.seen(tap) for tap in range(columns.taps)]
        borders = shape, [out for out, _ in seen_y]
        if borders != self.borders:
            copies[...] = 0
            self.borders = borders
        for i, (out_y, in_y) in enumerate(seen_y):
            for j, (out_x, in_x) in enumerate(seen_x):
                of_taps[:, :, i, j, out_y, out_x] = source[:, :, in_y, in_x]
        return copies


# ---------------------------------------------------------------------------------------------- the three functions


@in_float32
def convolve(x: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    """``y[n,f,o] = bias[f] + Σ weight[f,c,t] · x[n,c,i]`` over c, t and the entry i that window o sees at tap t."""
    layout = _Layout(x, len(weight), geometry)
    parts = layout.split(weight)
    shape = layout.images, layout.filters, layout.rows.count, layout.columns.count
    y = np.empty_like(x, shape=shape, order="C")
    if bias is not None:
        bias = bias.reshape(layout.groups, -1, 1)

    def work(blocks: list[_Block]) -> None:
        columns = _Columns(layout, x)
        for block in blocks:
            out = columns.times(parts, block, None if layout.side_by_side else layout.grouped(y, block))
            if bias is not None:
                np.add(out, bias[block.groups], out=out)
            if layout.side_by_side:
                y[block.images] = out.reshape(*shape[1:], -1).transpose(3, 0, 1, 2)

    layout.work_off(work)
    return y


@in_float32
def weight_gradient(x: Array, g: Array, geometry: Geometry) -> Array:
    """``Σ g[n,f,o] · x[n,c,i]`` over n and o, for each f, c and tap t at which window o sees entry i."""
    layout, g = _Layout(x, g.shape[1], geometry), contiguous(g)
    shape = layout.filters, layout.depth, layout.rows.taps, layout.columns.taps

    def work(blocks: list[_Block]) -> list[Array]:
        columns, sums = _Columns(layout, x), layout.split(np.zeros_like(x, shape=shape, order="C"))
        for block in blocks:
            products = columns.times_transposed(layout.grouped(g, block), block)
            for total, product in zip(sums, products, strict=True):
                total[block.groups] += product
        return sums

    return layout.join([functools.reduce(np.add, parts) for parts in zip(*layout.work_off(work), strict=True)])


@in_float32
def convolve_transposed(g: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    """``x[n,c,i] = bias[c] + Σ weight[f,c,t] · g[n,f,o]`` over f and the windows o that see i at some tap t.

    Entries `stride` apart are seen by windows that follow each other, at taps in reverse order: so each of these sets
    of entries is an ordinary convolution of g, with stride 1, and with those taps of the weight that reach them.
    """
    rows, columns, groups = geometry
    filters, depth = weight.shape[:2]
    weight = weight.reshape(groups, filters // groups, depth, rows.taps, columns.taps).swapaxes(1, 2)
    weight = weight.reshape(groups * depth, filters // groups, rows.taps, columns.taps)
    if rows.stride == columns.stride == 1:
        (over_y, taps_y), (over_x, taps_x) = _windows_on(rows, 0), _windows_on(columns, 0)
        return convolve(g, weight[:, :, taps_y, taps_x], bias, Geometry(over_y, over_x, groups))
    x = np.empty_like(g, shape=(len(g), groups * depth, rows.size, columns.size), order="C")
    for top in range(min(rows.stride, rows.size)):
        for left in range(min(columns.stride, columns.size)):
            (over_y, taps_y), (over_x, taps_x) = _windows_on(rows, top), _windows_on(columns, left)
            if over_y.taps and over_x.taps:
                part = convolve(g, weight[:, :, taps_y, taps_x], bias, Geometry(over_y, over_x, groups))
            else:
                part = 0 if bias is None else bias[:, None, None]
            x[:, :, top :: rows.stride, left :: columns.stride] = part
    return x


def _windows_on(windows: Windows, phase: int) -> tuple[Windows, slice]:
    """Entries `phase`, `phase + stride`, … as windows over the outputs that see them, and at which taps they do."""
    reachable = [t for t in range(windows.taps) if (phase - windows.start - t * windows.dilation) % windows.stride == 0]
    last = reachable[-1] if reachable else 0
    start = (phase - windows.start - last * windows.dilation) // windows.stride
    common = math.gcd(windows.stride, windows.dilation)
    count = len(range(phase, windows.size, windows.stride))
    over = Windows(windows.count, len(reachable), 1, windows.dilation // common, start, count)
    return over, slice(last, None, -(windows.stride // common))
