"""Reductions: sum, mean, prod, max, min, var, std, their nan-forms and the `reduce` of ufuncs. Builds on `registry`.

`where=` masks with the element that changes nothing, `initial=` adds one more element, `dtype=` converts first.
"""

import warnings
from typing import Any

import numpy as np

from ..errors import SettingError
from ..gates import reduction, selection
from .registry import Function, array, bare, implements, kept, missing, refuse, ties, whole

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


def given(option: Any) -> bool:
    """Whether an option was given a value other than its default."""
    return option is not None and option is not missing and option is not True


def masked(a: Any, where: Any, neutral: float) -> Any:
    """`a` with the neutral element where the mask is False."""
    return selection.where(np.broadcast_to(bare(where), a.shape).astype(bool), a, neutral) if given(where) else a


def converted(a: Any, dtype: Any) -> Any:
    """`a` in the dtype asked for."""
    return a if dtype is None or np.dtype(dtype) == a.dtype else np.astype(a, dtype)


def counted(a: Any, axis: Any, where: Any) -> Any:
    """How many elements of each reduced slice count, with keepdims."""
    return np.sum(np.broadcast_to(bare(where) if given(where) else True, a.shape), axis, keepdims=True)


def _sum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
         initial: Any = missing, where: Any = missing) -> Any:  # fmt: skip
    refuse("sum", out=out)
    a = masked(converted(a, dtype), where, 0)
    total = reduction.sum_(a, axis=whole(axis), keepdims=kept(keepdims))
    return total + initial if given(initial) else total


def _prod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
          initial: Any = missing, where: Any = missing) -> Any:  # fmt: skip
    refuse("prod", out=out)
    a = masked(converted(a, dtype), where, 1)
    product = reduction.prod(a, axis=whole(axis), keepdims=kept(keepdims))
    return product * initial if given(initial) else product


def _extremum(gate: Any, pair: Function, neutral: float) -> Function:
    def reduce(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = missing,
               where: Any = missing) -> Any:  # fmt: skip
        refuse(pair.__name__, out=out)
        if given(where) and not given(initial):
            raise SettingError(f"{pair.__name__} has no neutral element: a where mask needs `initial` too")
        if given(initial) and not a.size:
            return np.sum(a, axis, keepdims=kept(keepdims)) + initial
        best = gate(masked(a, where, neutral), axis=whole(axis), keepdims=kept(keepdims), ties=ties())
        return pair(best, initial) if given(initial) else best

    return reduce


_max = _extremum(reduction.max_, np.maximum, -np.inf)
_min = _extremum(reduction.min_, np.minimum, np.inf)

implements(np.sum)(_sum)
implements(np.prod)(_prod)
implements(np.max, np.amax)(_max)
implements(np.min, np.amin)(_min)


@implements(np.mean)
def mean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
         where: Any = missing) -> Any:  # fmt: skip
    refuse("mean", out=out)
    a, axis = converted(a, dtype), whole(axis)
    if not given(where):
        return reduction.mean(a, axis=axis, keepdims=kept(keepdims))
    number = counted(a, axis, where).astype(a.dtype)
    average = reduction.sum_(masked(a, where, 0), axis=axis, keepdims=True) / number
    return average if kept(keepdims) else np.squeeze(average, reduction.reduced_axes(axis, a.ndim))


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    refuse("ptp", out=out)
    return _max(a, axis, keepdims=keepdims) - _min(a, axis, keepdims=keepdims)


def _moment(gate: Any, measure: Function, *, name: str) -> Function:
    """Variance or deviation: one gate, or composed where a mask or a mean is given."""

    def reduce(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
               where: Any = missing, mean: Any = missing, correction: Any = missing) -> Any:  # fmt: skip
        # Of a complex array NumPy would centre the whole and divide by the mean of the real part.
        refuse(
            name,
            out=out,
            dtype=dtype if dtype is not None and np.iscomplexobj(a) and np.dtype(dtype).kind != "c" else None,
        )
        a, axis, ddof = converted(a, dtype), whole(axis), ddof if correction is missing else correction
        if not given(where) and mean is missing:
            return gate(a, axis=axis, ddof=ddof, keepdims=kept(keepdims))
        centre = np.mean(a, axis=axis, keepdims=True, where=where) if mean is missing else mean
        free = np.maximum(counted(a, axis, where) - ddof, 0).astype(np.finfo(a.dtype).dtype)  # real
        result = measure(masked(a - centre, where, 0), axis, free)
        return result if kept(keepdims) else np.squeeze(result, reduction.reduced_axes(axis, a.ndim))

    return reduce


def _variance(centred: Any, axis: Any, free: Any) -> Any:
    squares = np.real(centred * np.conj(centred)) if centred.dtype.kind == "c" else np.square(centred)
    return np.sum(squares, axis=axis, keepdims=True) / free


def _deviation(centred: Any, axis: Any, free: Any) -> Any:
    return reduction.norm(centred, axis=axis, keepdims=True) / np.sqrt(free)


_var = implements(np.var)(_moment(reduction.var, _variance, name="var"))
_std = implements(np.std)(_moment(reduction.std, _deviation, name="std"))


# Without the nans


def present(a: Any, where: Any = missing) -> Any:
    """The mask of the elements that are numbers, and that `where` allows."""
    numbers = ~np.isnan(bare(a))
    return numbers & array(bare(where)) if given(where) else numbers


@implements(np.nansum)
def nansum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
           initial: Any = missing, where: Any = missing) -> Any:  # fmt: skip
    return _sum(a, axis, dtype, out, keepdims, initial, present(a, where))


@implements(np.nanprod)
def nanprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
            initial: Any = missing, where: Any = missing) -> Any:  # fmt: skip
    return _prod(a, axis, dtype, out, keepdims, initial, present(a, where))


@implements(np.nanmean)
def nanmean(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *,
            where: Any = missing) -> Any:  # fmt: skip
    return mean(a, axis, dtype, out, keepdims, where=present(a, where))


@implements(np.nanvar)
def nanvar(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
           where: Any = missing, mean: Any = missing, correction: Any = missing) -> Any:  # fmt: skip
    return _var(a, axis, dtype, out, ddof, keepdims, where=present(a, where), mean=mean, correction=correction)


@implements(np.nanstd)
def nanstd(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, *,
           where: Any = missing, mean: Any = missing, correction: Any = missing) -> Any:  # fmt: skip
    return _std(a, axis, dtype, out, ddof, keepdims, where=present(a, where), mean=mean, correction=correction)


def _nan_extremum(extremum: Function, neutral: float) -> Function:
    def reduce(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, initial: Any = missing,
               where: Any = missing) -> Any:  # fmt: skip
        mask = present(a, where)
        best = extremum(a, axis, out, keepdims, initial if given(initial) else neutral, mask)
        nothing = ~mask.any(axis=whole(axis), keepdims=kept(keepdims))
        if given(initial) or not nothing.any():
            return best
        warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=4)
        return np.where(nothing, np.nan, best)

    return reduce


implements(np.nanmax)(_nan_extremum(_max, -np.inf))
implements(np.nanmin)(_nan_extremum(_min, np.inf))


# The reduce of ufuncs, which takes axis 0 where the functions take all


@implements(np.add.reduce)
def add_reduce(array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
               initial: Any = missing, where: Any = True) -> Any:  # fmt: skip
    return _sum(array, axis, dtype, out, keepdims, initial, where)


@implements(np.multiply.reduce)
def multiply_reduce(array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
                    initial: Any = missing, where: Any = True) -> Any:  # fmt: skip
    return _prod(array, axis, dtype, out, keepdims, initial, where)


def _reduce_of(ufunc: np.ufunc, reduction_of: Function) -> None:
    """Enter the `reduce` of a ufunc that has no dtype to change."""

    def reduce(array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
               initial: Any = missing, where: Any = True) -> Any:  # fmt: skip
        refuse(f"{ufunc.__name__}.reduce", out=out)
        return reduction_of(converted(array, dtype), axis, keepdims=keepdims, initial=initial, where=where)

    implements(ufunc.reduce)(reduce)


def _fused(gate: Any, ufunc: np.ufunc, neutral: float) -> Function:
    def reduce(a: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
        result = gate(masked(a, where, neutral), axis=whole(axis), keepdims=keepdims)
        return ufunc(result, initial) if given(initial) else result

    return reduce


_reduce_of(np.maximum, _max)
_reduce_of(np.minimum, _min)
_reduce_of(np.logaddexp, _fused(reduction.logsumexp, np.logaddexp, -np.inf))
_reduce_of(np.hypot, _fused(reduction.norm, np.hypot, 0))
