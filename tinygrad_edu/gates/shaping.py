"""Gates that move elements without changing them: reshape, transpose, broadcast, index, join. Builds on the engine.

Each is the adjoint of another: what `broadcast_to` copies, `sum` adds; what `getitem` picks, `scatter` puts back.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from ..engine import gate

__all__ = [
    "PICKED",
    "broadcast_to",
    "concatenate",
    "expand_dims",
    "getitem",
    "reshape",
    "scatter",
    "squeeze",
    "stack",
    "swapaxes",
    "transpose",
]

PICKED = type("Picked", (), {"__repr__": lambda self: "[·]", "__slots__": ()})()
"""Stands in an index setting for an array of indices, which is data and passed by position."""


@gate(x=lambda g, out, x, *, shape: g.reshape(x.shape))
def reshape(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Reshape: the upstream gradient in the old shape."""
    return np.reshape(x, shape)


@lru_cache
def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    """The order of axes that undoes `axes`."""
    order = [axis % len(axes) for axis in axes]
    return tuple(sorted(range(len(order)), key=order.__getitem__))


@gate(x=lambda g, out, x, *, axes: g.transpose(_inverse(axes)), symbol="xᵀ")
def transpose(x: Any, *, axes: tuple[int, ...]) -> Any:
    """Transpose: the upstream gradient with its axes put back."""
    return np.transpose(x, axes)


@gate(x=lambda g, out, x, *, axis1, axis2: np.swapaxes(g, axis1, axis2), symbol="xᵀ")
def swapaxes(x: Any, *, axis1: int, axis2: int) -> Any:
    """Exchange two axes: the upstream gradient with them exchanged back."""
    return np.swapaxes(x, axis1, axis2)


@gate(x=lambda g, out, x, *, axis: g.reshape(x.shape))
def expand_dims(x: Any, *, axis: int | tuple[int, ...]) -> Any:
    """Insert axes of length one: the upstream gradient without them."""
    return np.expand_dims(x, axis)


@gate(x=lambda g, out, x, *, axis: g.reshape(x.shape))
def squeeze(x: Any, *, axis: int | tuple[int, ...] | None = None) -> Any:
    """Remove axes of length one: the upstream gradient with them."""
    return np.squeeze(x, axis)


# The engine sums a gradient back to the shape its input was broadcast from.
@gate(x=lambda g, out, x, *, shape: g, symbol="copy")
def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Copy along new axes: the sum of the upstream gradients of all copies."""
    out = np.empty(shape, np.asarray(x).dtype)
    out[...] = x
    return out


def full_index(index: tuple[Any, ...], picks: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index with its arrays put where `PICKED` stands."""
    arrays = iter(picks)
    return tuple(next(arrays) if part is PICKED else part for part in index)


def _put_back(g: Any, out: Any, x: Any, *picks: Any, index: tuple[Any, ...]) -> Any:
    return scatter(g, *picks, index=index, shape=x.shape)


@gate(x=_put_back, symbol="[ ]")
def getitem(x: Any, *picks: Any, index: tuple[Any, ...]) -> Any:
    """Pick elements: the upstream gradient goes back to where they came from, 0 elsewhere."""
    return x[full_index(index, picks)]


@gate(x=lambda g, out, x, *picks, index, shape: getitem(g, *picks, index=index), symbol="[ ]ᵀ")
def scatter(x: Any, *picks: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """Put elements into zeros, adding where an index repeats: each gets the upstream gradient of its place."""
    out = np.zeros(shape, np.asarray(x).dtype)
    where = full_index(index, picks)
    if any(np.asarray(pick).dtype.kind != "b" for pick in picks):
        np.add.at(out, where, x)
    else:
        out[where] = x
    return out


def _part(g: Any, parts: tuple[Any, ...], position: int, axis: int) -> Any:
    start = sum(part.shape[axis] for part in parts[:position])
    index = [slice(None)] * g.ndim
    index[axis] = slice(start, start + parts[position].shape[axis])
    return g[tuple(index)]


@gate(arrays=lambda g, out, *arrays, axis, position: _part(g, arrays, position, axis), symbol="join")
def concatenate(*arrays: Any, axis: int = 0) -> Any:
    """Join along an axis: each input gets its part of the upstream gradient."""
    return np.concatenate(arrays, axis)


@gate(arrays=lambda g, out, *arrays, axis, position: g[(slice(None),) * (axis % out.ndim) + (position,)])
def stack(*arrays: Any, axis: int = 0) -> Any:
    """Join along a new axis: each input gets its slice of the upstream gradient."""
    return np.stack(arrays, axis)
