"""Shapes: reshape, transpose, moveaxis, broadcast_to, concatenate, stack. Builds on `registry`."""

from typing import Any

import numpy as np

from ..gates import shaping
from .registry import implements, refuse, whole

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.reshape)
def reshape(a: Any, /, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Any:
    refuse("reshape", order=None if order == "C" else order)
    shape = newshape if shape is None else shape
    return shaping.reshape(a, shape=(int(shape),) if np.ndim(shape) == 0 else tuple(map(int, shape)))


@implements(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    refuse("ravel", order=None if order == "C" else order)
    return shaping.reshape(a, shape=(-1,) if a.size else (0,))


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
    moved = [int(s) % a.ndim for s in np.atleast_1d(source)]
    axes = [axis for axis in range(a.ndim) if axis not in moved]
    for place, axis in sorted(zip([int(d) % a.ndim for d in np.atleast_1d(destination)], moved, strict=True)):
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


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    refuse("concatenate", out=out, dtype=dtype, casting=casting)
    if axis is None:
        return shaping.concatenate(*[np.ravel(a) for a in arrays], axis=0)
    return shaping.concatenate(*arrays, axis=axis)


@implements(np.stack)
def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = None) -> Any:
    refuse("stack", out=out, dtype=dtype, casting=casting)
    return shaping.stack(*arrays, axis=axis)
