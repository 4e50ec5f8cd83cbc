"""Statistics: median, percentile, quantile and their nan-forms, average, cov, corrcoef. Builds on `registry`."""

import warnings
from typing import Any

import numpy as np

from ..errors import SettingError, ShapeError
from ..gates.reduction import kept_shape, reduced_axes
from ..modes import current_mode
from .registry import Function, array, bare, fronts, implements, kept, refuse, whole

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


_PICKED = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")  # methods that pick an element


def _places(count: Any, q: Any, method: str) -> Any:
    """Where in a sorted row of `count` elements its quantiles lie: the quantile of 0, 1, 2 … is its own place."""
    places = np.zeros((*count.shape, q.size))
    for n in np.unique(count[count > 0]).tolist():
        places[count == n] = np.quantile(np.arange(float(n)), q.ravel(), method=method)
    return places


def _quantiles(a: Any, q: Any, axis: Any, method: str, keepdims: Any, skip: bool) -> Any:
    """Sort, then go in a straight line between the two elements around each place."""
    a = array(a)
    dtype, q = _dtype(a, q, method), np.asarray(q, float)
    axes, shape = fronts(axis, a.ndim), kept_shape(a.shape, whole(axis))
    if 0 in (a.shape[k] for k in axes):
        raise ShapeError(f"a median, quantile or percentile of no elements: array {a.shape}, axis={axis}")
    rest = tuple(k for k in range(a.ndim) if k not in axes)
    left = tuple(a.shape[k] for k in rest)
    ordered = np.sort(np.transpose(a, rest + axes).reshape((*left, -1 if a.size else 0)), -1)
    numbers = ~np.isnan(ordered)
    count = numbers.sum(-1) if skip else np.full(left, ordered.shape[-1])
    places = _places(count, q, method)
    # A nan is sorted to the end: it is the answer where it counts, or where there is nothing else.
    lost = ~numbers.any(-1) if skip else ~numbers.all(-1)
    places = np.where(np.expand_dims(lost, -1), ordered.shape[-1] - 1, places)
    if skip and current_mode().trace is None and lost.any():
        warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=4)
    found = np.moveaxis(_between(ordered, places), -1, 0)
    found = found.reshape((*q.shape, *(shape if kept(keepdims) else left)))
    return found if found.dtype == dtype else np.astype(found, dtype)


def _dtype(a: Any, q: Any, method: str) -> Any:
    """NumPy's: that of the array, unless an array of places in between is of a larger one."""
    weak = isinstance(q, int | float) and not isinstance(q, np.generic)
    return a.dtype if weak or method in _PICKED else np.result_type(a.dtype, np.asarray(q).dtype)


def _between(ordered: Any, places: Any) -> Any:
    low = np.floor(places).astype(int)
    part = (places - low).astype(ordered.dtype)
    start = np.take_along_axis(ordered, low, -1)
    if current_mode().trace is None and not part.any():
        return start
    return start + part * (np.take_along_axis(ordered, np.ceil(places).astype(int), -1) - start)


def _quantile(name: str, scale: float, skip: bool) -> Function:
    def quantile(a: Any, q: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False,
                 method: str = "linear", keepdims: Any = False, *, weights: Any = None) -> Any:  # fmt: skip
        refuse(name, out=out, weights=weights)
        q = q / scale if isinstance(q, int | float) else np.divide(q, scale)
        return _quantiles(a, q, axis, method, keepdims, skip)

    return quantile


implements(np.quantile)(_quantile("quantile", 1, skip=False))
implements(np.percentile)(_quantile("percentile", 100, skip=False))
implements(np.nanquantile)(_quantile("nanquantile", 1, skip=True))
implements(np.nanpercentile)(_quantile("nanpercentile", 100, skip=True))


@implements(np.median)
def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    return np.quantile(a, 0.5, axis, out, keepdims=kept(keepdims))


@implements(np.nanmedian)
def nanmedian(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
    return np.nanquantile(a, 0.5, axis, out, keepdims=kept(keepdims))


@implements(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False) -> Any:
    a, axis = array(a), whole(axis)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=kept(keepdims))
        total = np.full(mean.shape, a.size / max(mean.size, 1), mean.dtype)
        return (mean, total) if returned else mean
    weights = _weights_over(array(weights), a, axis)
    total = np.sum(weights, axis=axis, keepdims=kept(keepdims))
    if np.any(total == 0):
        raise ZeroDivisionError("np.average: the weights add up to zero")
    mean = np.sum(a * weights, axis=axis, keepdims=kept(keepdims)) / total
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


def _weights_over(weights: Any, a: Any, axis: Any) -> Any:
    """Weights in the shape of `a`: as they are, or one for each place along `axis`."""
    if weights.shape == a.shape:
        return weights
    axes = reduced_axes(axis, a.ndim)
    if axis is None or weights.shape != tuple(a.shape[k] for k in axes):
        raise SettingError(f"np.average: weights {weights.shape} for an array {a.shape}: give its shape, or an axis")
    ordered = np.transpose(weights, tuple(np.argsort(axes).tolist()))
    return np.broadcast_to(ordered.reshape([n if k in axes else 1 for k, n in enumerate(a.shape)]), a.shape)


@implements(np.cov)
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
        fweights: Any = None, aweights: Any = None, *, dtype: Any = None) -> Any:  # fmt: skip
    tables = [array(table) for table in (m, y) if table is not None]
    tables = [np.atleast_2d(t if rowvar or t.ndim == 1 else t.T) for t in tables]
    dtype = np.result_type(*(table.dtype for table in tables), np.float64) if dtype is None else np.dtype(dtype)
    x = tables[0] if len(tables) == 1 and tables[0].dtype == dtype else np.concatenate(tables, 0, dtype=dtype)
    ddof = int(not bias) if ddof is None else ddof
    times = None if fweights is None else np.asarray(fweights)
    weights = times if aweights is None else array(aweights) if times is None else times * array(aweights)
    centred = x - np.average(x, axis=1, weights=weights, keepdims=True)
    if weights is None:
        weights, free = 1, x.shape[1] - ddof
    else:
        share = np.sum(weights * array(aweights)) / np.sum(weights) if aweights is not None and ddof else 1
        free = np.sum(weights) - ddof * share
    if bare(free) <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=3)
        free = np.float64(0)
    return np.squeeze((centred * weights) @ (np.conj(centred) if np.iscomplexobj(x) else centred).T / free)


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    deviation = np.sqrt(np.diag(c).real if np.iscomplexobj(c) else np.diag(c))
    r = c / deviation[:, None] / deviation
    # Rounding may lead a little beyond ±1, where the slope is that of the formula all the same.
    return r + (np.clip(r.data, -1, 1) - r.data) if not np.iscomplexobj(r) else r
