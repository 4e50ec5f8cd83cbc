"""Shapes: reshape, transpose, atleast_nd, broadcasting, flip, roll, triangles and diagonals. Builds on `registry`."""

from typing import Any

import numpy as np

from ..errors import SettingError
from ..gates import selection, sequences, shaping
from .registry import array, front, fronts, implements, refuse, whole

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Any:
    refuse("reshape", order=None if order in ("C", "F") else order)
    shape = newshape if shape is None else shape
    shape = (int(shape),) if np.ndim(shape) == 0 else tuple(map(int, shape))
    if order == "F":  # the first axis runs fastest, as the last one does in the transpose
        return np.transpose(shaping.reshape(np.transpose(a), shape=shape[::-1]))
    return shaping.reshape(a, shape=shape)


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    return np.reshape(a, (-1,) if a.size else (0,), order)


@implements(np.transpose, np.permute_dims)
def transpose(a: Any, axes: Any = None) -> Any:
    return shaping.transpose(a, axes=tuple(range(a.ndim))[::-1] if axes is None else tuple(map(int, axes)))


@implements(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return shaping.swapaxes(x, axis1=-1, axis2=-2)


@implements(np.swapaxes)
def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    return shaping.swapaxes(a, axis1=axis1, axis2=axis2)


@implements(np.moveaxis)
def moveaxis(a: Any, source: Any, destination: Any) -> Any:
    moved = fronts(source, a.ndim)
    axes = [axis for axis in range(a.ndim) if axis not in moved]
    for place, axis in sorted(zip(fronts(destination, a.ndim), moved, strict=True)):
        axes.insert(place, axis)
    return shaping.transpose(a, axes=tuple(axes))


@implements(np.expand_dims)
def expand_dims(a: Any, axis: Any) -> Any:
    return shaping.expand_dims(a, axis=whole(axis))


@implements(np.squeeze)
def squeeze(a: Any, axis: Any = None) -> Any:
    return shaping.squeeze(a, axis=whole(axis))


@implements(np.broadcast_to)
def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return shaping.broadcast_to(array, shape=(int(shape),) if np.ndim(shape) == 0 else tuple(map(int, shape)))


@implements(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axes = list(range(a.ndim))
    start = start + a.ndim if start < 0 else start
    axes.insert(start - (front(axis, a.ndim) < start), axes.pop(axis))
    return shaping.transpose(a, axes=tuple(axes))


def _at_least(ndim: int, added: Any) -> Any:
    """atleast_nd: `added(x)` are the axes that x lacks."""

    def raise_all(*arys: Any) -> Any:
        raised = tuple(x if x.ndim >= ndim else np.expand_dims(x, added(x)) for x in map(array, arys))
        return raised[0] if len(raised) == 1 else raised

    return raise_all


implements(np.atleast_1d)(_at_least(1, lambda x: 0))
implements(np.atleast_2d)(_at_least(2, lambda x: (0, 1)[: 2 - x.ndim]))
implements(np.atleast_3d)(_at_least(3, lambda x: ((0, 1, 2), (0, 2), 2)[x.ndim]))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    args = tuple(map(array, args))
    shape = np.broadcast_shapes(*[a.shape for a in args])
    return tuple(np.broadcast_to(a, shape) for a in args)


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    if indexing not in ("xy", "ij"):
        raise SettingError(f"np.meshgrid: indexing {indexing!r} is neither 'xy' nor 'ij'")
    count = len(xi)
    order = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else list(range(count))
    grids = [
        np.reshape(array(x), tuple(-1 if k == axis else 1 for k in range(count)))
        for x, axis in zip(xi, order, strict=True)
    ]
    return tuple(grids) if sparse else np.broadcast_arrays(*grids)


@implements(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *,
              device: Any = None) -> Any:  # fmt: skip
    """The fill is what a gradient flows to; the array only lends its shape and dtype."""
    shape = a.shape if shape is None else shape
    return np.broadcast_to(np.astype(array(fill_value), dtype or a.dtype), shape)


# Order turned round


@implements(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    axes = fronts(axis, m.ndim)
    return m[tuple(slice(None, None, -1 if k in axes else 1) for k in range(m.ndim))]


@implements(np.fliplr)
def fliplr(m: Any) -> Any:
    return m[:, ::-1]


@implements(np.flipud)
def flipud(m: Any) -> Any:
    return m[::-1]


@implements(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    first, second = axes
    if k % 4 == 2:
        return np.flip(m, (first, second))
    turned = np.flip(m, second) if k % 4 == 1 else m
    turned = turned if k % 4 == 0 else np.swapaxes(turned, first, second)
    return np.flip(turned, second) if k % 4 == 3 else turned


@implements(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return np.roll(np.ravel(a), shift, 0).reshape(a.shape)
    pairs = np.broadcast_arrays(np.atleast_1d(shift), np.atleast_1d(axis))
    steps, axes = (tuple(map(int, pair)) for pair in pairs)
    return sequences.roll(a, shift=steps, axis=axes)


# Triangles and diagonals


@implements(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    return selection.where(np.tri(*m.shape[-2:], k=k, dtype=bool), m, 0)


@implements(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    return selection.where(np.tri(*m.shape[-2:], k=k - 1, dtype=bool), 0, m)


def diagonal_slice(rows: int, columns: int, offset: int) -> slice:
    """Where a diagonal lies in a matrix laid out as one row: every (columns + 1)th element."""
    length = max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)
    start = offset if offset >= 0 else -offset * columns
    return slice(start, start + length * (columns + 1), columns + 1)


@implements(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    moved = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = moved.shape[-2:]
    return moved.reshape((*moved.shape[:-2], rows * columns))[..., diagonal_slice(rows, columns, offset)]


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 2:
        return np.diagonal(v, k)
    if v.ndim != 1:
        raise SettingError(f"np.diag: {v.ndim} axes; give a vector, which becomes a diagonal, or a matrix")
    n = v.size + abs(k)
    return shaping.scatter(v, index=(diagonal_slice(n, n, k),), shape=(n * n,)).reshape((n, n))


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(v), k)


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), -1, dtype=dtype, out=out)


# A function along axes


@implements(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    axis = front(axis, arr.ndim)
    rows = np.moveaxis(arr, axis, -1)
    left = rows.shape[:-1]
    results = [func1d(row, *args, **kwargs) for row in rows.reshape((-1, rows.shape[-1]))]
    every = np.stack([array(result) for result in results])
    every = every.reshape((*left, *every.shape[1:]))
    return np.moveaxis(every, range(len(left), every.ndim), range(axis, axis + every.ndim - len(left)))


@implements(np.apply_over_axes)
def apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    for axis in np.atleast_1d(axes).tolist():
        reduced = func(a, axis)
        a = reduced if reduced.ndim == a.ndim else np.expand_dims(reduced, axis)
    return a
