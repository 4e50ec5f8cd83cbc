"""What a sliding window does, on arrays (C, *space, N): every tap moves whole runs of the batch at once.

`patches_of` and `overlaid` (gather and scatter, for convolutions) · `largest_along` and `routed_along` (max-pooling, an
axis at a time) · `first_wins` and `routed_to_winner` (the latter in two steps, for windows of two) · `summed_along` and
`spread_along` (average pooling). Builds on `gates.patches` and `gates.windows`.
"""

from typing import Any

import numpy as np

from ...gates.patches import gather, scatter_add
from ...gates.windows import Windows

__all__ = [
    "first_wins",
    "largest_along",
    "overlaid",
    "patches_of",
    "routed_along",
    "routed_to_winner",
    "spread_along",
    "summed_along",
]


def patches_of(x: Any, out: Any = None, *, window: Any, stride: Any, dilation: Any) -> Any:
    """The patch of each position of a padded x: (C, *space, N) → (C, *window, *positions, N)."""
    windows = Windows.over(x.shape[1:-1], window, stride=stride, dilation=dilation)
    return gather(x, windows, (0, windows.positions[0]), None if out is None else out.reshape(-1))


def overlaid(patches: Any, out: Any = None, *, size: Any, window: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """Patches laid back where they were taken from, added up where they overlap."""
    windows = Windows.over(size, window, stride=stride, padding=padding, dilation=dilation)
    out = np.empty((patches.shape[0], *size, patches.shape[-1]), patches.dtype) if out is None else out
    out.fill(0)
    scatter_add(patches, windows, (0, windows.positions[0]), out)
    return out


def meetings_along(x: Any, axis: int, window: int, stride: int, padding: int, dilation: int, ceil: bool) -> Any:
    """The number of positions of a window along one axis, and for each tap the positions and elements that meet."""
    windows = Windows.over((x.shape[axis],), window, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil)
    before = (slice(None),) * axis
    return windows, [((*before, *there), (*before, *here)) for _, there, here in windows.meetings()]


def result_along(x: Any, axis: int, length: int, out: Any) -> Any:
    """`out`, or memory for x with another length along an axis."""
    return np.empty((*x.shape[:axis], length, *x.shape[axis + 1 :]), x.dtype) if out is None else out


def largest_along(
    x: Any, out: Any = None, *, axis: int, window: int, stride: int, padding: int, dilation: int, ceil: bool
) -> Any:
    """The largest element of each window along one axis."""
    windows, taps = meetings_along(x, axis, window, stride, padding, dilation, ceil)
    out = result_along(x, axis, windows.positions[0], out)
    if window == 2 and len(taps) == 2 and all(windows.whole(there[axis:]) for there, _ in taps):
        return np.maximum(x[taps[0][1]], x[taps[1][1]], out=out)
    out.fill(-np.inf)
    for there, here in taps:
        np.maximum(out[there], x[here], out=out[there])
    return out


def routed_along(
    g: Any,
    x: Any,
    largest: Any,
    out: Any = None,
    *,
    axis: int,
    window: int,
    stride: int,
    padding: int,
    dilation: int,
    ceil: bool,
) -> Any:
    """One number for each window, put where it has its largest element along an axis, at a tie the first."""
    windows, taps = meetings_along(x, axis, window, stride, padding, dilation, ceil)
    out = np.empty(x.shape, g.dtype) if out is None else out
    out.fill(0)
    free = np.ones(largest.shape, bool)
    for there, here in taps:
        wins = np.equal(x[here], largest[there])
        wins &= free[there]
        free[there] ^= wins
        if windows.tiling:
            np.multiply(g[there], wins, out=out[here])
        else:
            out[here] += g[there] * wins
    return out


def halves(x: Any, axis: int) -> tuple[Any, Any]:
    """The first and the second of each two neighbours along an axis."""
    before = (slice(None),) * axis
    return x[(*before, slice(0, None, 2))], x[(*before, slice(1, None, 2))]


def first_wins(x: Any, largest: Any, out: Any = None, *, axis: int) -> Any:
    """Whether the first of two neighbours is the largest: all that a gradient must know of a window of two."""
    return np.equal(halves(x, axis)[0], largest, out)


def routed_to_winner(g: Any, wins: Any, out: Any = None, *, axis: int) -> Any:
    """One number for two neighbours, put where the larger one is; the other gets 0."""
    out = np.empty((*g.shape[:axis], 2 * g.shape[axis], *g.shape[axis + 1 :]), g.dtype) if out is None else out
    first, second = halves(out, axis)
    np.multiply(g, wins, out=first)
    np.subtract(g, first, out=second)
    return out


def summed_along(
    x: Any, out: Any = None, *, axis: int, window: int, stride: int, padding: int, dilation: int, ceil: bool
) -> Any:
    """The sum of each window along one axis."""
    windows, taps = meetings_along(x, axis, window, stride, padding, dilation, ceil)
    out = result_along(x, axis, windows.positions[0], out)
    out.fill(0)
    for there, here in taps:
        out[there] += x[here]
    return out


def spread_along(
    g: Any,
    out: Any = None,
    *,
    size: int,
    axis: int,
    window: int,
    stride: int,
    padding: int,
    dilation: int,
    ceil: bool,
) -> Any:
    """One number for each window, added to all its elements along one axis."""
    out = result_along(g, axis, size, out)
    _, taps = meetings_along(out, axis, window, stride, padding, dilation, ceil)
    out.fill(0)
    for there, here in taps:
        out[here] += g[there]
    return out
