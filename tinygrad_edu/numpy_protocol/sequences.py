"""Along an axis: running sums and products, differences, gradient, trapezoid, interp, unwrap, convolve, correlate.

Builds on `registry`.
"""

from typing import Any

import numpy as np

from ..errors import SettingError
from ..gates import sequences
from .reductions import converted
from .registry import Function, array, bare, front, fronts, implements, missing, on_numbers, part, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


# Running sums and products


def _running(gate: Any) -> Function:
    def accumulate(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        refuse(gate.name, out=out)
        a = converted(a, dtype)
        if axis is None or not a.ndim:
            a, axis = np.ravel(a), axis or 0
        return gate(a, axis=axis)

    return accumulate


cumsum = implements(np.cumsum)(_running(sequences.cumsum))
cumprod = implements(np.cumprod)(_running(sequences.cumprod))


def _cumulative(running: Function, start: float) -> Function:
    """The array-API's form: an axis is needed for several, and the neutral element may come first."""

    def accumulate(x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None,
                   include_initial: bool = False) -> Any:  # fmt: skip
        if axis is None and x.ndim > 1:
            raise SettingError(f"cumulative sum or product over {x.ndim} axes: give one axis")
        x = np.atleast_1d(x)
        axis = front(axis or 0, x.ndim)
        result = running(x, axis, dtype, out)
        first = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), start, result.dtype)
        return np.concatenate([first, result], axis) if include_initial else result

    return accumulate


implements(np.cumulative_sum)(_cumulative(cumsum, 0))
implements(np.cumulative_prod)(_cumulative(cumprod, 1))


@implements(np.nancumsum)
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumsum(np.where(np.isnan(a), 0, a), axis, dtype, out)


@implements(np.nancumprod)
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumprod(np.where(np.isnan(a), 1, a), axis, dtype, out)


implements(np.add.accumulate)(lambda array, axis=0, dtype=None, out=None: cumsum(array, axis, dtype, out))
implements(np.multiply.accumulate)(lambda array, axis=0, dtype=None, out=None: cumprod(array, axis, dtype, out))


def _running_best(ufunc: np.ufunc) -> Function:
    """The best so far: each is picked from where it was first reached."""

    def accumulate(array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        refuse(f"{ufunc.__name__}.accumulate", out=out)
        data, axis = bare(array), front(axis, array.ndim)
        best = ufunc.accumulate(data, axis)
        places = np.arange(data.shape[axis]).reshape([-1 if k == axis else 1 for k in range(data.ndim)])
        new = np.ones(data.shape, bool)
        new[part(axis, 1, None)] = best[part(axis, 1, None)] != best[part(axis, None, -1)]
        return np.take_along_axis(array, np.maximum.accumulate(np.where(new, places, 0), axis), axis)

    return accumulate


implements(np.maximum.accumulate)(_running_best(np.maximum))
implements(np.minimum.accumulate)(_running_best(np.minimum))


# Differences


@implements(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = missing, append: Any = missing) -> Any:
    a = array(a)
    axis = front(axis, a.ndim)
    column = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    parts = [array(x) for x in (prepend, a, append) if x is not missing]
    present = [x if x.ndim else np.broadcast_to(x, column) for x in parts]
    a = np.concatenate(present, axis) if len(present) > 1 else a
    for _ in range(n):
        a = a[part(axis, 1, None)] - a[part(axis, None, -1)]
    return a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    steps = np.diff(np.ravel(ary))
    ends = [np.astype(np.ravel(array(x)), ary.dtype) for x in (to_begin, steps, to_end) if x is not None]
    return np.concatenate(ends) if len(ends) > 1 else steps


def _spacings(varargs: Any, f: Any, axes: list[int]) -> list[Any]:
    """The step along each axis: a number, or the differences of the coordinates."""
    dtype, shape = np.result_type(f.dtype, 1.0), f.shape
    given = [np.astype(array(x), dtype) for x in (varargs or (1.0,))]
    given = given * len(axes) if len(given) == 1 else given
    if len(given) != len(axes):
        raise TypeError(f"np.gradient: {len(given)} spacings for {len(axes)} axes")
    for x, axis in zip(given, axes, strict=True):
        if x.ndim and x.shape != (shape[axis],):
            raise SettingError(f"np.gradient: coordinates {x.shape} for an axis of length {shape[axis]}")
    return [np.diff(x).reshape([-1 if k == axis else 1 for k in range(len(shape))]) if x.ndim else x
            for x, axis in zip(given, axes, strict=True)]  # fmt: skip


def _slope(f: Any, step: Any, axis: int, edge_order: int) -> Any:
    """Central differences inside, one-sided ones of order 1 or 2 at both ends, for any spacing (second order)."""
    n = f.shape[axis]
    if n < edge_order + 1:
        raise SettingError(
            f"np.gradient: {n} elements along axis {axis}; edge_order={edge_order} needs {edge_order + 1}"
        )
    step = np.broadcast_to(step, [n - 1 if k == axis else 1 for k in range(f.ndim)])
    slopes = np.diff(f, axis=axis) / step
    left, right = step[part(axis, None, -1)], step[part(axis, 1, None)]
    before, after = slopes[part(axis, None, -1)], slopes[part(axis, 1, None)]
    inside = (right * before + left * after) / (left + right)
    first, last = slopes[part(axis, 0, 1)], slopes[part(axis, n - 2, None)]
    if edge_order == 2:
        bend = (after - before) / (left + right)
        first = first - left[part(axis, 0, 1)] * bend[part(axis, 0, 1)]
        last = last + right[part(axis, n - 3, None)] * bend[part(axis, n - 3, None)]
    return np.concatenate([first, inside, last], axis)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = array(f)
    axes = list(fronts(axis, f.ndim))
    steps = _spacings(varargs, f, axes)
    slopes = tuple(_slope(f, step, along, edge_order) for step, along in zip(steps, axes, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = array(y)
    axis = front(axis, y.ndim)
    if x is not None:
        dx = np.diff(array(x), axis=-1 if np.ndim(x) == 1 else axis)
        dx = dx.reshape([-1 if k == axis else 1 for k in range(y.ndim)]) if dx.ndim == 1 else dx
    return np.sum(dx * (y[part(axis, 1, None)] + y[part(axis, None, -1)]) / 2, axis=axis)


# Interpolation and phase


@implements(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Piecewise linear: differentiable by the point, the knots and their heights."""
    x, xp, fp = (converted(each, np.result_type(each.dtype, np.float64)) for each in map(array, (x, xp, fp)))
    if period is not None:
        left = right = None
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp, kind="stable")
        xp, fp = xp[order], fp[order]
        xp, fp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period]), np.concatenate([fp[-1:], fp, fp[:1]])
    n, points = xp.shape[0], bare(x)
    low = np.clip(np.searchsorted(xp, points, side="right") - 1, 0, max(n - 2, 0))
    high = np.minimum(low + 1, n - 1)
    inside = (points >= bare(xp)[0]) & (points <= bare(xp)[-1]) & (high > low)
    width = np.where(inside, xp[high] - xp[low], 1)
    middle = fp[low] + np.where(inside, x - xp[low], 0) / width * (fp[high] - fp[low])
    below, above = fp[0] if left is None else left, fp[-1] if right is None else right
    return np.where(points < bare(xp)[0], below, np.where(points > bare(xp)[-1], above, middle))


@implements(np.unwrap)
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """Whole periods are added, which are constant: the slope is one."""
    return p + (on_numbers(np.unwrap, p, discont, axis, period=period) - bare(p))


# Sliding products


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    every = sequences.convolve(a, v)
    shorter, longer = sorted((a.shape[0], v.shape[0]))
    if mode == "full":
        return every
    if mode == "valid":
        return every[shorter - 1 : longer]
    if mode == "same":
        return every[(shorter - 1) // 2 :][:longer]
    raise SettingError(f"np.convolve: mode {mode!r} is none of 'full', 'same', 'valid'")


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = np.atleast_1d(a), np.atleast_1d(v)
    v = np.conj(v) if np.iscomplexobj(v) else v
    if mode == "same" and v.shape[0] > a.shape[0]:
        return np.convolve(a[::-1], v, mode)[::-1]
    return np.convolve(a, v[::-1], mode)
