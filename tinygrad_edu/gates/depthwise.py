"""Convolution of channels that see one input channel each: no matrix to multiply, so tap by tap in whole slices.

`correlate`, `spread` and `weigh` are what `conv`, `conv_transpose` and `conv_weight` do then, on bare arrays of
(C, *space, N) and (C, m, *positions, N), m being the filters of a channel. A few channels at a time stay in the
processor's cache while all taps pass over them. Builds on `windows`.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from .windows import Windows

__all__ = ["correlate", "spread", "weigh"]

BLOCK = 2**18
"""Bytes of one tap's products: with what they are made of and added to, about a processor's second-level cache."""

Meeting = tuple[slice, int, tuple[int, ...], tuple[slice, ...], tuple[slice, ...]]


def _meetings(windows: Windows, shape: tuple[int, ...], itemsize: int) -> Iterator[Meeting]:
    """Channels, filter, tap, positions and elements of all products; `shape` is (C, m, *positions, N)."""
    channels, filters = shape[:2]
    step = max(1, BLOCK // max(prod(shape[2:]) * itemsize, 1))
    for first in range(0, channels, step):
        for k in range(filters):
            for tap, positions, elements in windows.meetings():
                yield slice(first, first + step), k, tap, positions, elements


def _times(x: Any, weights: Any, room: Any) -> Any:
    """Each channel times its weight, in a room that is used again for every tap."""
    return np.multiply(x, weights.reshape((-1,) + (1,) * (x.ndim - 1)), out=room[: x.size].reshape(x.shape))


def _room(shape: tuple[int, ...], dtype: Any) -> Any:
    whole = prod(shape[2:])
    return np.empty(whole * max(1, BLOCK // max(whole * dtype.itemsize, 1)), dtype)


def correlate(x: Any, weight: Any, windows: Windows, out: Any) -> None:
    """Add to `out` (C, m, *positions, N) each channel of x times its weights (C, m, *window)."""
    room = _room(out.shape, out.dtype)
    for channels, k, tap, positions, elements in _meetings(windows, out.shape, out.itemsize):
        products = _times(x[(channels, *elements)], weight[(channels, k, *tap)], room)
        out[(channels, k, *positions)] += products


def spread(y: Any, weight: Any, windows: Windows, out: Any) -> None:
    """Add to `out` (C, *space, N) each position of y (C, m, *positions, N) times the weights, where the taps fall."""
    room = _room(y.shape, out.dtype)
    for channels, k, tap, positions, elements in _meetings(windows, y.shape, out.itemsize):
        out[(channels, *elements)] += _times(y[(channels, k, *positions)], weight[(channels, k, *tap)], room)


def weigh(x: Any, y: Any, windows: Windows, weight: Any) -> None:
    """Set `weight` (C, m, *window) to the sums of x times y over positions and batch."""
    weight[...] = 0
    axes = list(range(x.ndim))
    for channels, k, tap, positions, elements in _meetings(windows, y.shape, y.itemsize):
        seen, upstream = x[(channels, *elements)], y[(channels, k, *positions)]
        weight[(channels, k, *tap)] = np.einsum(seen, axes, upstream, axes, [0])
