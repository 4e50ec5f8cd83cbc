"""Elementwise functions beyond a gate's own ufunc: maximum, fmax, clip, float_power, divmod, where … .

Builds on `registry`.
"""

from typing import Any

import numpy as np

from ..engine import Value
from ..gates import arithmetic, elementary, exponential, selection, trigonometric
from ..operators import UFUNCS
from .registry import Function, array, bare, implements, missing, on_numbers, refuse, ties

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


def _chooser(gate: Any) -> Function:
    return lambda x, y, /, **options: gate(x, y, ties=ties(), **options)


UFUNCS[np.maximum] = _chooser(selection.maximum)
UFUNCS[np.minimum] = _chooser(selection.minimum)
UFUNCS[np.positive] = lambda x, /: x
UFUNCS[np.fabs] = elementary.abs_
UFUNCS[np.radians] = UFUNCS[np.deg2rad]
UFUNCS[np.degrees] = UFUNCS[np.rad2deg]


def _without_nan(choose: Function) -> Function:
    """The choice between two numbers, or the one beside a nan."""
    return lambda x, y, /: np.where(np.isnan(x), y, np.where(np.isnan(y), x, choose(x, y)))


UFUNCS[np.fmax] = _without_nan(np.maximum)
UFUNCS[np.fmin] = _without_nan(np.minimum)


@implements(np.clip, np._core.umath.clip)  # type: ignore[attr-defined]  # the ufunc of array.clip has no public name
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None,
         **options: Any) -> Any:  # fmt: skip
    refuse("clip", out=out, **options)
    low = min if a_min is None or a_min is missing else a_min
    high = max if a_max is None or a_max is missing else a_max
    limited = a if low is None or low is missing else np.maximum(a, low)
    return limited if high is None or high is missing else np.minimum(limited, high)


@implements(np.where)
def where(condition: Any, x: Any = missing, y: Any = missing, /) -> Any:
    mask = condition.data if isinstance(condition, Value) else condition
    if x is missing or y is missing:
        return np.where(mask)
    mask = np.not_equal(mask, 0) if isinstance(mask, Value) else np.asarray(mask, bool)
    return selection.where(mask, x, y)


@implements(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Only what is a number keeps its gradient; of a complex number each part by itself."""
    if np.iscomplexobj(x):
        real, imaginary = (nan_to_num(part, copy, nan, posinf, neginf) for part in (np.real(x), np.imag(x)))
        return real + 1j * imaginary
    finite = np.isfinite(x)
    rest = on_numbers(np.nan_to_num, np.where(finite, 0, bare(x)), nan=nan, posinf=posinf, neginf=neginf)
    return np.where(finite, x, rest)


@implements(np.float_power)
def float_power(x1: Any, x2: Any, /) -> Any:
    """A power in double precision at least."""
    wide = np.result_type(array(x1).dtype, array(x2).dtype, np.float64)
    return np.power(np.astype(array(x1), wide), np.astype(array(x2), wide))


@implements(np.divmod)
def divmod_(x1: Any, x2: Any, /) -> Any:
    """The whole quotient, a plain array, and the remainder."""
    return np.floor_divide(x1, x2), np.remainder(x1, x2)


@implements(np.modf)
def modf(x: Any, /) -> Any:
    """The fraction, which has slope one, and the whole part, a plain array."""
    whole = np.trunc(x)
    return np.where(np.isinf(x), 0, x - np.where(np.isinf(whole), 0, whole)), whole


@implements(np.frexp)
def frexp(x: Any, /) -> Any:
    """The mantissa between 1/2 and 1, and the exponent of two, a plain array."""
    _, exponent = on_numbers(np.frexp, x)
    return np.ldexp(x, -exponent), exponent


implements(np.i0)(lambda x: exponential.bessel_i(x, order=0))
implements(np.sinc)(lambda x: trigonometric.sinc(x))
implements(np.astype)(lambda x, dtype, /, *, copy=True, device=None: arithmetic.astype(x, dtype=np.dtype(dtype)))
implements(np.copy)(lambda a, order="K", subok=False: +a)
