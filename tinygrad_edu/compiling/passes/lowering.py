"""How gates with windows become lines on batch-last memory: matrix products of patches, and pooling axis by axis.

`LOWERED`: gate → function(lines, *inputs, **settings) that makes the lines and gives the result, (C, *space, N), or
None to leave the gate as it is. Builds on `kernels` and `substitution`.
"""

from collections.abc import Callable, Mapping
from math import ceil, prod
from typing import Any

import numpy as np

from ...gates.patches import BLOCK, padded
from ...gates.windows import Windows
from ...operators import GATES
from ..kernels.blockwise import convolved, correlated, mirrored, spread
from ..kernels.sliding import (
    first_wins,
    largest_along,
    overlaid,
    patches_of,
    routed_along,
    routed_to_winner,
    spread_along,
    summed_along,
)
from ..program import Function, Instruction, Operand, Var
from .blocks import EMPTY
from .substitution import Rewriter

__all__ = ["LOWERED", "Lines"]

GATHERED, SCATTERED = 5, 20  # multiplications in the time of which a number is copied, or added to another
ADD = Function("np.add", np.add)
MATMUL = Function("np.matmul", np.matmul)
PADDED = Function("padded", padded)
MIRRORED = Function("mirrored", mirrored)
CONVOLVED = Function("convolved", convolved)
CORRELATED = Function("correlated", correlated)
SPREAD_BACK = Function("spread", spread)
PATCHES = Function("patches_of", patches_of)
OVERLAID = Function("overlaid", overlaid)
LARGEST = Function("largest_along", largest_along)
ROUTED = Function("routed_along", routed_along)
FIRST_WINS = Function("first_wins", first_wins)
TO_WINNER = Function("routed_to_winner", routed_to_winner)
SUMMED = Function("summed_along", summed_along)
SPREAD = Function("spread_along", spread_along)

Order = Callable[[Operand, Instruction], Operand]
Shape = tuple[int, ...]


class Lines:
    """Makes lines in the place of one; `recorded` is the shape and dtype of each variable with the batch first."""

    def __init__(self, line: Instruction, so_far: Rewriter, recorded: Mapping[Var, Any], first: Order, last: Order):
        self.line, self.so_far, self.recorded = line, so_far, recorded
        self._first, self._last = first, last

    def first(self, x: Operand) -> Operand:
        """An operand with the batch first."""
        return self._first(x, self.line)

    def last(self, x: Operand) -> Operand:
        """An operand with the batch last."""
        return self._last(x, self.line)

    def shape(self, x: Operand) -> Shape:
        """The shape of an operand with the batch first."""
        return self.recorded[x][0]

    def fits(self, *inputs: Operand) -> bool:
        """Whether all inputs are variables of the result's dtype, which is floating, with something in them."""
        return self.line.dtype.kind == "f" and all(
            isinstance(x, Var) and self.recorded[x][1] == self.line.dtype and 0 not in self.recorded[x][0]
            for x in inputs
        )

    def add(self, gate: Any, *inputs: Operand, shape: Shape, **settings: Any) -> Var:
        """A new line."""
        return self.so_far.add(self.line, gate, *inputs, shape=shape, dtype=self.line.dtype, settings=settings)

    def reshape(self, x: Operand, to: Shape) -> Var:
        """The same numbers in another shape."""
        gate, dtype = GATES["reshape"], self.line.dtype
        return self.so_far.add(self.line, gate, x, shape=to, dtype=dtype, settings={"shape": to})

    def turned(self, x: Var) -> Var:
        """Matrices transposed."""
        *rest, n, m = self.so_far.shape(x)
        axes = (*range(len(rest)), len(rest) + 1, len(rest))
        return self.add(GATES["transpose"], x, shape=(*rest, m, n), axes=axes)

    def product(self, a: Var, b: Var) -> Var:
        """Matrices multiplied."""
        (*rest, n, _), (*_, m) = self.so_far.shape(a), self.so_far.shape(b)
        return self.add(MATMUL, a, b, shape=(*rest, n, m))

    def named(self, x: Var) -> Var:
        """The last line under the old line's name."""
        line = self.so_far.lines.pop(x)
        return self.so_far.keep(line.having(target=self.line.target, name=self.line.name))


# Convolution: patches are columns (C k, positions N), weights rows (K, C k), for each group


class _Convolution:
    def __init__(self, lines: Lines, shape: Shape, window: Shape, groups: int, settings: Any) -> None:
        self.lines, self.groups = lines, groups
        self.batch, self.channels, *size = shape
        self.size = tuple(size)
        self.windows = Windows.over(self.size, window, **settings)
        self.columns = prod(self.windows.positions) * self.batch
        self.taps = prod(window) * self.channels

    @property
    def small(self) -> bool:
        """Whether all patches at once stay in cache: they are kept for the weights' gradient."""
        return self.taps * self.columns * self.lines.line.dtype.itemsize <= BLOCK

    def work(self) -> Var:
        """Memory for the patches of some rows of positions, of about as many each time."""
        dtype, row = self.lines.line.dtype, self.taps * self.columns // self.windows.positions[0]
        times = ceil(self.windows.positions[0] / max(1, BLOCK // (row * dtype.itemsize)))
        shape = (ceil(self.windows.positions[0] / times) * row,)
        return self.lines.so_far.add(
            self.lines.line, EMPTY, shape=shape, dtype=dtype, name="work", settings={"shape": shape, "dtype": dtype}
        )

    def times_patches(self, filters: Var, x: Operand) -> Var:
        """Filters times what each position sees."""
        if self.small or self.windows.inside.plain:
            return self.lines.product(filters, self.patches(x))
        shape = (*self.lines.so_far.shape(filters)[:-1], self.columns)
        return self.lines.add(CONVOLVED, filters, self.padded(x), self.work(), shape=shape, **self.geometry)

    def correlation(self, y: Var, x: Operand) -> Var:
        """Numbers at positions times what each of them sees."""
        if self.small or self.windows.inside.plain:
            return self.lines.product(y, self.lines.turned(self.patches(x)))
        shape = (*self.lines.so_far.shape(y)[:-1], self.taps // self.groups)
        return self.lines.add(CORRELATED, y, self.padded(x), self.work(), shape=shape, **self.geometry)

    def laid_back(self, filters: Var, y: Var) -> Var:
        """Filters times numbers at positions, added up where patches overlap."""
        shape = (self.channels, *self.size, self.batch)
        geometry = {"size": self.size, "padding": self.windows.padding, **self.geometry}
        if not (self.small or self.windows.plain):
            return self.lines.add(SPREAD_BACK, filters, y, self.work(), shape=shape, **geometry)
        patches = self.lines.product(filters, y)
        if self.windows.plain:
            return patches
        return self.lines.add(OVERLAID, self.lines.reshape(patches, self.placed), shape=shape, **geometry)

    def better_gathered(self, filters: int) -> bool:
        """Whether patches of the numbers at positions, for mirrored filters, take less time than laying back.

        They are more, or fewer, as filters are than channels; and a number gathered costs about as much as five
        multiplications of a product, one that is added where it belongs as twenty.
        """
        channels, windows = self.channels // self.groups, self.windows
        if self.small or windows.plain or max(windows.stride) > 1:
            return False
        more = prod(self.size) / prod(windows.positions)
        return more * filters * (channels + GATHERED) < channels * (filters + SCATTERED)

    def mirrored(self, shape: Shape) -> "_Convolution":
        """The convolution of numbers at positions, (N, K, *positions), that gives what this one's are laid back to."""
        w = self.windows
        spans = [d * (k - 1) for d, k in zip(w.dilation, w.window, strict=True)]
        padding = tuple((s - b, s - a) for s, b, a in zip(spans, w.before, w.after, strict=True))
        return _Convolution(self.lines, shape, w.window, self.groups, {"padding": padding, "dilation": w.dilation})

    @property
    def geometry(self) -> dict[str, Any]:
        """The window, as settings."""
        return {"window": self.windows.window, "stride": self.windows.stride, "dilation": self.windows.dilation}

    @property
    def placed(self) -> Shape:
        """The shape of all patches."""
        return (self.channels, *self.windows.window, *self.windows.positions, self.batch)

    def padded(self, x: Operand) -> Operand:
        """An operand with its padding."""
        x, windows = self.lines.last(x), self.windows
        if windows.inside is windows:
            return x
        shape = (self.channels, *windows.inside.size, self.batch)
        return self.lines.add(PADDED, x, shape=shape, padding=windows.padding)

    def matrix(self, x: Operand, rows: int, columns: int) -> Var:
        """An operand as a matrix, or one for each group of rows."""
        by_group = () if self.groups == 1 else (self.groups,)
        return self.lines.reshape(x, (*by_group, rows // self.groups, columns))

    def patches(self, x: Operand) -> Var:
        """What each position sees, as columns."""
        x = self.padded(x)
        if not self.windows.inside.plain:
            x = self.lines.add(PATCHES, x, shape=self.placed, **self.geometry)
        return self.matrix(x, self.taps, self.columns)

    def filters(self, weight: Operand) -> Var:
        """The weights as rows."""
        return self.matrix(self.lines.first(weight), self.lines.shape(weight)[0], self.taps // self.groups)

    def at_positions(self, y: Operand) -> Var:
        """Numbers at the window's positions as columns."""
        return self.matrix(self.lines.last(y), self.lines.shape(y)[1], self.columns)

    def finished(self, out: Var, bias: Any) -> Var:
        """A bias added to each channel, and the result in its shape."""
        batch, channels, *space = self.lines.line.shape
        for b in bias:
            flat = self.lines.reshape(out, (channels, prod(space) * batch))
            column = self.lines.reshape(self.lines.first(b), (channels, 1))
            out = self.lines.add(ADD, flat, column, shape=self.lines.so_far.shape(flat))
        return self.lines.named(self.lines.reshape(out, (channels, *space, batch)))


def _conv(
    lines: Lines, x: Operand, weight: Operand, *bias: Operand, groups: int = 1, **settings: Any
) -> Operand | None:
    """Weights times patches."""
    if not lines.fits(x, weight, *bias):
        return None
    work = _Convolution(lines, lines.shape(x), lines.shape(weight)[2:], groups, settings)
    return work.finished(work.times_patches(work.filters(weight), x), bias)


def _conv_transpose(
    lines: Lines, x: Operand, weight: Operand, *bias: Operand, groups: int = 1, **settings: Any
) -> Operand | None:
    """Transposed weights times positions, laid over each other."""
    if not lines.fits(x, weight, *bias):
        return None
    settings.pop("size")
    work = _Convolution(lines, lines.line.shape, lines.shape(weight)[2:], groups, settings)
    filters = lines.shape(weight)[0] // groups
    if work.better_gathered(filters):
        exchanged = (*((groups,) if groups > 1 else ()), work.channels // groups, filters * prod(work.windows.window))
        mirror = lines.add(MIRRORED, lines.first(weight), shape=exchanged, groups=groups)
        return work.finished(work.mirrored(lines.shape(x)).times_patches(mirror, x), bias)
    out = work.laid_back(lines.turned(work.filters(weight)), work.at_positions(x))
    return work.finished(out, bias)


def _conv_weight(
    lines: Lines, x: Operand, y: Operand, *, window: Shape, groups: int = 1, **settings: Any
) -> Operand | None:
    """Positions times transposed patches; weights have no batch."""
    if not lines.fits(x, y):
        return None
    work = _Convolution(lines, lines.shape(x), window, groups, settings)
    made = work.correlation(work.at_positions(y), x)
    return lines.named(lines.reshape(made, lines.line.shape))


# Pooling: windows along one axis after the other, the last axis first, so that the first of equals in a row comes first


class _Pooling:
    def __init__(self, lines: Lines, shape: Shape, settings: Any) -> None:
        self.lines = lines
        settings = {"padding": 0, "dilation": 1, "ceil_mode": False, **settings}
        if settings.get("stride") is None:
            settings["stride"] = settings["window"]
        self.ceil = bool(settings["ceil_mode"])
        self.windows = Windows.over(shape[2:], **settings)

    @property
    def axes(self) -> list[int]:
        """The axes of the space in batch-last memory, from the last one on."""
        return list(range(len(self.windows.size), 0, -1))

    def along(self, axis: int) -> dict[str, Any]:
        """The window along one axis, as settings."""
        w, k = self.windows, axis - 1
        return {
            "axis": axis,
            "window": w.window[k],
            "stride": w.stride[k],
            "padding": w.before[k],
            "dilation": w.dilation[k],
            "ceil": self.ceil,
        }

    def shrunk(self, shape: Shape, axis: int) -> Shape:
        """A shape after pooling along an axis."""
        return (*shape[:axis], self.windows.positions[axis - 1], *shape[axis + 1 :])

    def stages(self, x: Operand) -> list[Var]:
        """The maxima along the last axis, then of those along the one before it, and so on."""
        found: list[Any] = [self.lines.last(x)]
        for axis in self.axes:
            shape = self.shrunk(self.lines.so_far.shape(found[-1]), axis)
            found.append(self.lines.add(LARGEST, found[-1], shape=shape, **self.along(axis)))
        return found

    def routed(self, axis: int, g: Operand, x: Var, largest: Var) -> Var:
        """Back along one axis; of two neighbours, what the way back must know is found without it, and small."""
        add, shape = self.lines.add, self.lines.so_far.shape(x)
        w, k = self.windows, axis - 1
        pairs = w.window[k] == w.stride[k] == 2 and 2 * w.positions[k] == w.size[k] and not w.before[k]
        if not pairs or w.dilation[k] != 1:
            return add(ROUTED, g, x, largest, shape=shape, **self.along(axis))
        so_far, half = self.lines.so_far, self.lines.so_far.shape(largest)
        wins = so_far.add(
            self.lines.line, FIRST_WINS, x, largest, shape=half, dtype=np.dtype(bool), settings={"axis": axis}
        )
        return add(TO_WINNER, g, wins, shape=shape, axis=axis)


def _max_pool(lines: Lines, x: Operand, **settings: Any) -> Operand | None:
    """Largest along each axis in turn."""
    if not lines.fits(x):
        return None
    return lines.named(_Pooling(lines, lines.shape(x), settings).stages(x)[-1])


def _route(lines: Lines, g: Operand, x: Operand, maximum: Operand, **settings: Any) -> Operand | None:
    """Back through the maxima of each axis, in turn."""
    if not lines.fits(g, x, maximum):
        return None
    pooling = _Pooling(lines, lines.shape(x), settings)
    stages = pooling.stages(x)
    found = lines.last(g)
    for axis, before, after in zip(pooling.axes[::-1], stages[-2::-1], stages[:0:-1], strict=True):
        found = pooling.routed(axis, found, before, after)
    return lines.named(found)


def _sum_windows(lines: Lines, x: Operand, **settings: Any) -> Operand | None:
    """Sums along each axis in turn."""
    if not lines.fits(x):
        return None
    pooling, found = _Pooling(lines, lines.shape(x), settings), lines.last(x)
    for axis in pooling.axes:
        shape = pooling.shrunk(lines.so_far.shape(found), axis)
        found = lines.add(SUMMED, found, shape=shape, **pooling.along(axis))
    return lines.named(found)


def _spread_windows(lines: Lines, g: Operand, *, size: Shape, **settings: Any) -> Operand | None:
    """Spread along each axis in turn."""
    if not lines.fits(g):
        return None
    pooling, found = _Pooling(lines, lines.line.shape, settings), lines.last(g)
    for axis in pooling.axes[::-1]:
        n, shape = size[axis - 1], lines.so_far.shape(found)
        shape = (*shape[:axis], n, *shape[axis + 1 :])
        found = lines.add(SPREAD, found, shape=shape, size=n, **pooling.along(axis))
    return lines.named(found)


LOWERED: dict[str, Callable[..., Operand | None]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "conv_weight": _conv_weight,
    "max_pool": _max_pool,
    "route_to_winners": _route,
    "sum_windows": _sum_windows,
    "spread_windows": _spread_windows,
}
