"""Joining and cutting: concatenate, stack, block, split, tile, repeat, insert, delete. Builds on `registry`."""

from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import SettingError
from ..gates import shaping
from .registry import array, front, fronts, implements, part, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


def joined(dtype: Any, arrays: Any) -> list[Any]:
    """The arrays, in the dtype asked for."""
    return [array(a) if dtype is None else np.astype(array(a), dtype) for a in arrays]


@implements(np.concatenate)
def concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: Any = None
) -> Any:
    refuse("concatenate", out=out, casting=casting)
    arrays = joined(dtype, arrays)
    if axis is None:
        return shaping.concatenate(*[np.ravel(a) for a in arrays], axis=0)
    return shaping.concatenate(*arrays, axis=axis)


@implements(np.stack)
def stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: Any = None) -> Any:
    refuse("stack", out=out, casting=casting)
    arrays = joined(dtype, arrays)
    return shaping.stack(*arrays, axis=axis)


@implements(np.vstack)
def vstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    return np.concatenate([np.atleast_2d(a) for a in tup], 0, dtype=dtype)


@implements(np.hstack)
def hstack(tup: Any, *, dtype: Any = None, casting: Any = None) -> Any:
    arrays = [np.atleast_1d(a) for a in tup]
    return np.concatenate(arrays, 0 if arrays[0].ndim == 1 else 1, dtype=dtype)


@implements(np.dstack)
def dstack(tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in tup], 2)


@implements(np.column_stack)
def column_stack(tup: Any) -> Any:
    return np.concatenate([a if a.ndim > 1 else np.atleast_2d(a).T for a in map(array, tup)], 1)


@implements(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    return np.concatenate([array(arr), array(values)], axis)


def _depth(arrays: Any) -> int:
    """How deeply lists are nested in each other."""
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


@implements(np.block)
def block(arrays: Any) -> Any:
    """The innermost lists are joined along the last axis, the ones around them along the one before."""

    def leaves(item: Any) -> list[Any]:
        return [leaf for inner in item for leaf in leaves(inner)] if isinstance(item, list) else [array(item)]

    depth = _depth(arrays)
    ndim = max(depth, *(leaf.ndim for leaf in leaves(arrays)))

    def assembled(item: Any, level: int) -> Any:
        if isinstance(item, list):
            return np.concatenate([assembled(inner, level - 1) for inner in item], -level)
        item = array(item)
        return np.expand_dims(item, tuple(range(ndim - item.ndim)))

    return assembled(arrays, depth)


# Cutting


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    axis = front(axis, ary.ndim)
    n = ary.shape[axis]
    if np.ndim(indices_or_sections):
        cuts = [0, *np.asarray(indices_or_sections).tolist(), n]
    else:
        size, longer = divmod(n, int(indices_or_sections))
        cuts = np.cumsum([0] + [size + 1] * longer + [size] * (int(indices_or_sections) - longer)).tolist()
    return [ary[part(axis, start, stop)] for start, stop in pairwise(cuts)]


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    if not np.ndim(indices_or_sections) and ary.shape[axis] % int(indices_or_sections):
        raise SettingError(f"np.split: {ary.shape[axis]} elements do not divide into {indices_or_sections} equal parts")
    return np.array_split(ary, indices_or_sections, axis)


implements(np.vsplit)(lambda ary, indices_or_sections: np.split(ary, indices_or_sections, 0))
implements(np.hsplit)(lambda ary, indices_or_sections: np.split(ary, indices_or_sections, min(ary.ndim - 1, 1)))
implements(np.dsplit)(lambda ary, indices_or_sections: np.split(ary, indices_or_sections, 2))


@implements(np.unstack)
def unstack(x: Any, /, *, axis: int = 0) -> Any:
    return tuple(np.moveaxis(x, axis, 0))


# Copies


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    reps = [int(n) for n in np.atleast_1d(reps)]
    ndim = max(A.ndim, len(reps))
    shape, reps = (1,) * (ndim - A.ndim) + A.shape, [1] * (ndim - len(reps)) + reps
    pairs = [n for pair in zip(reps, shape, strict=True) for n in pair]
    singles = [n for length in shape for n in (1, length)]
    copies = np.broadcast_to(A.reshape(tuple(singles)), pairs)
    return copies.reshape(tuple(r * n for r, n in zip(reps, shape, strict=True)))


@implements(np.repeat)
def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    a, axis = (np.ravel(a), 0) if axis is None else (a, front(axis, a.ndim))
    repeats = np.asarray(repeats)
    if repeats.size > 1:
        return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis)
    count = int(repeats.ravel()[0])
    copies = np.broadcast_to(np.expand_dims(a, axis + 1), (*a.shape[: axis + 1], count, *a.shape[axis + 1 :]))
    return copies.reshape((*a.shape[:axis], a.shape[axis] * count, *a.shape[axis + 1 :]))


@implements(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    shape = (int(new_shape),) if np.ndim(new_shape) == 0 else tuple(map(int, new_shape))
    flat = np.ravel(a)
    places = np.arange(np.prod(shape, dtype=int))
    return np.take(flat, places % flat.size).reshape(shape) if flat.size else np.zeros(shape, a.dtype)


# Elements put in and taken out


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    arr, axis = (np.ravel(arr), 0) if axis is None else (arr, axis)
    return np.take(arr, np.delete(np.arange(arr.shape[axis]), obj), axis)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """The new elements are joined at the end, then everything is put in the order that NumPy gives the indices."""
    arr, values = array(arr), array(values)
    arr, axis = (np.ravel(arr), 0) if axis is None else (arr, front(axis, arr.ndim))
    n, indices = arr.shape[axis], np.arange(arr.shape[axis])[obj] if isinstance(obj, slice) else np.asarray(obj)
    indices = np.flatnonzero(indices) if indices.dtype == bool else indices
    values = values.reshape((1,) * (arr.ndim - values.ndim) + values.shape)
    if not indices.ndim:
        values = np.moveaxis(values, 0, axis)
    count = values.shape[axis] if indices.size == 1 else indices.size
    shape = (*arr.shape[:axis], count, *arr.shape[axis + 1 :])
    every = np.concatenate([arr, np.astype(np.broadcast_to(values, shape), arr.dtype)], axis)
    return np.take(every, np.insert(np.arange(n), obj, np.arange(n, n + count)), axis)


@implements(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    places = np.argwhere(filt)
    for along in fronts(axis, filt.ndim):
        low, high = (places[:, along].min(), places[:, along].max() + 1) if len(places) else (0, 0)
        window = (low if "f" in trim.lower() else None, high if "b" in trim.lower() else None)
        filt = filt[part(along, *window)]
    return filt
