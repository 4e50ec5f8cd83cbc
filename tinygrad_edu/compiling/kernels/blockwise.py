"""Convolutions of arrays (C, *space, N) by matrix products, a block of the patches at a time, which stays in cache.

`convolved` (filters times patches) · `correlated` (positions times patches, for the weights' gradient) · `spread` (the
transpose of the first, for the input's gradient) · `mirrored` (filters for which the first gives that too). Matrices
may be stacked, one for each group of channels. `work` is memory for the patches of one row of positions at least.
Builds on `gates.patches` and `gates.windows`.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ...gates.patches import correlation, gather, scatter_add, times_patches
from ...gates.windows import Windows

__all__ = ["convolved", "correlated", "mirrored", "spread"]


def blocks(windows: Windows, channels: int, batch: int, work: Any) -> Iterator[tuple[tuple[int, int], slice, int]]:
    """As many rows of positions as `work` has room for, their columns in a matrix of all positions, and its rows."""
    columns, taps, last = prod(windows.positions[1:]) * batch, channels * prod(windows.window), windows.positions[0]
    rows = work.size // (taps * columns)
    for first in range(0, last, rows):
        end = min(first + rows, last)
        yield (first, end), slice(first * columns, end * columns), taps


def convolved(filters: Any, x: Any, work: Any, out: Any = None, **geometry: Any) -> Any:
    """Filters (K, C·window) times the patches of a padded x: (K, positions·N)."""
    windows = Windows.over(x.shape[1:-1], **geometry)
    *stack, k, taps = filters.shape
    if out is None:
        out = np.empty((*stack, k, prod(windows.positions) * x.shape[-1]), x.dtype)
    for rows, columns, _ in blocks(windows, x.shape[0], x.shape[-1], work):
        patches = gather(x, windows, rows, work).reshape((*stack, taps, -1))
        times_patches(filters, patches, out[..., columns])
    return out


def mirrored(weight: Any, out: Any = None, *, groups: int) -> Any:
    """Filters (K, C/groups, *window), each channel's as rows, turned around: (groups, C/groups, K/groups·window)."""
    k, channels, *window = weight.shape
    stack = weight.reshape((groups, k // groups, channels, *window))
    turned = np.flip(stack, tuple(range(3, stack.ndim))).swapaxes(1, 2)
    if out is None:
        out = np.empty((*((groups,) if groups > 1 else ()), channels, weight.size // channels // groups), weight.dtype)
    np.copyto(out.reshape(turned.shape), turned)
    return out


def correlated(y: Any, x: Any, work: Any, out: Any = None, **geometry: Any) -> Any:
    """y (K, positions·N) times the transposed patches of a padded x: (K, C·window)."""
    windows = Windows.over(x.shape[1:-1], **geometry)
    *stack, k, _ = y.shape
    taps = x.shape[0] * prod(windows.window) // prod(stack)
    out = np.empty((*stack, k, taps), x.dtype) if out is None else out
    parts = blocks(windows, x.shape[0], x.shape[-1], work)
    return correlation(
        ((y[..., at], gather(x, windows, rows, work).reshape((*stack, taps, -1))) for rows, at, _ in parts), out
    )


def spread(filters: Any, y: Any, work: Any, out: Any = None, *, size: Any, **geometry: Any) -> Any:
    """Filters (C·window, K) times y (K, positions·N), laid over each other as patches of (C, *size, N)."""
    windows = Windows.over(size, **geometry)
    *stack, taps, _ = filters.shape
    channels = taps * prod(stack) // prod(windows.window)
    batch = y.shape[-1] // prod(windows.positions)
    out = np.empty((channels, *size, batch), y.dtype) if out is None else out
    out.fill(0)
    for rows, columns, every in blocks(windows, channels, batch, work):
        width = columns.stop - columns.start
        patches = np.matmul(filters, y[..., columns], out=work[: every * width].reshape((*stack, taps, width)))
        placed = (channels, *windows.window, rows[1] - rows[0], *windows.positions[1:], batch)
        scatter_add(patches.reshape(placed), windows, rows, out)
    return out
