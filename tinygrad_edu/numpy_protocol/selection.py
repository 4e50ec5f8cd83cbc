"""Choosing elements: `v[index]`, take, unique, select, choose, piecewise, sort, partition. Builds on `registry`."""

from operator import getitem as python_getitem
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import LostGradientError, SettingError, UnsupportedError
from ..gates import sequences, shaping
from ..gates.shaping import PICKED
from .registry import array, bare, front, implements, on_numbers, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(python_getitem)
def getitem(x: Value, index: Any) -> Any:
    """`x[index]`: slices and numbers are settings, arrays of indices and masks are data."""
    parts, picks = [], []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, Value) and part.dtype.kind in "biu":  # what a trace makes of a question about data
            picks.append(part)
            part = PICKED
        elif isinstance(part, Value):
            raise LostGradientError(
                "a Value can't be an index, since no gradient flows through one: use v.data.astype(int)"
            )
        if isinstance(part, list | np.ndarray | bool | np.bool_):
            picks.append(np.asarray(part, *([int] if isinstance(part, list) and not part else [])))
            part = PICKED
        parts.append(part)
    return shaping.getitem(x, *picks, index=tuple(parts))


# By position


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    refuse("take", out=out)
    a, axis = (np.ravel(a), 0) if axis is None else (a, front(axis, a.ndim))
    return a[(slice(None),) * axis + (_placed(indices, a.shape[axis], mode),)]


def _placed(indices: Any, length: int, mode: str) -> Any:
    """Indices as `mode` reads those beyond the axis."""
    indices = np.asarray(indices)
    indices = indices if indices.size else indices.astype(int)
    if mode == "wrap":
        return indices % length
    return np.clip(indices, 0, length - 1) if mode == "clip" else indices


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    indices = array(indices)
    if axis is None:
        return np.take(arr, indices)
    axis = front(axis, arr.ndim)
    rest = np.broadcast_shapes(*[tuple(np.delete(x.shape, axis)) for x in (arr, indices)])

    def spread(x: Any) -> Any:
        return np.broadcast_to(x, (*rest[:axis], x.shape[axis], *rest[axis:]))

    return sequences.take_along_axis(spread(arr), spread(indices), axis=axis)


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    return np.take(a, np.flatnonzero(bare(condition)), axis, out)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return np.take(arr, np.flatnonzero(bare(condition)))


@implements(np.unique)
def unique(ar: Any, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
           axis: int | None = None, *, equal_nan: bool = True, sorted: bool = True) -> Any:  # fmt: skip
    """The elements that are left keep their gradient; of equal ones it goes to the first."""
    _, index, inverse, counts = on_numbers(np.unique, ar, True, True, True, axis, equal_nan=equal_nan)
    more = [x for x, wanted in ((index, return_index), (inverse, return_inverse), (counts, return_counts)) if wanted]
    values = np.take(ar, index, axis)
    return (values, *more) if more else values


# By condition


@implements(np.select)
def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise SettingError(f"np.select: {len(condlist)} conditions for {len(choicelist)} choices")
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = np.where(condition, choice, chosen)
    return chosen


@implements(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    refuse("choose", out=out)
    which = _placed(a, len(choices), mode)
    if which.size and not (which.min() >= 0 and which.max() < len(choices)):
        raise SettingError(f"np.choose: there are {len(choices)} choices, but the indices reach {which.max()}")
    chosen = choices[0]
    for k in range(1, len(choices)):
        chosen = np.where(which == k, choices[k], chosen)
    return np.broadcast_to(chosen, np.broadcast_shapes(which.shape, *[np.shape(c) for c in choices]))


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """Each function sees only the elements of its piece."""
    single = not isinstance(condlist, list) or not (np.ndim(bare(condlist[0])) or not x.ndim)
    masks = [np.asarray(bare(c), bool) for c in ([condlist] if single else condlist)]
    if len(funclist) == len(masks) + 1:
        masks.append(~np.logical_or.reduce(masks))
    if len(funclist) != len(masks):
        raise SettingError(f"np.piecewise: {len(masks)} conditions and {len(funclist)} functions")
    out = np.zeros_like(x)
    for mask, piece in zip(masks, funclist, strict=True):
        found = piece(x[mask], *args, **kw) if callable(piece) else piece
        spread = np.broadcast_to(np.astype(array(found), x.dtype), (int(mask.sum()),))
        out = np.where(mask, shaping.scatter(spread, mask, index=(PICKED,), shape=x.shape), out)
    return out


# By order


@implements(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    refuse("sort", order=order)
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    return np.take_along_axis(a, np.argsort(a, axis, kind="stable"), axis)


@implements(np.partition)
def partition(a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None) -> Any:
    refuse("partition", order=order)
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis)
    return np.take_along_axis(a, np.argpartition(a, kth, axis, kind), axis)


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """Sums of the weights by bin: each weight gets the upstream gradient of its bin."""
    if isinstance(x, Value):
        raise UnsupportedError("np.bincount of a Value: bins are whole numbers, use v.data.astype(int)")
    bins = np.asarray(x)
    weights = np.astype(weights, np.float64)  # as NumPy's
    return sequences.add_along_axis(weights, bins, axis=0, length=max(minlength, int(bins.max(initial=-1)) + 1))
