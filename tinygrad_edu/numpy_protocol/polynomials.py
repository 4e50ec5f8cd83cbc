"""Polynomials, the highest power first: polyval, polyadd, polymul, polyder, roots, vander, poly; linspace and its like.

Builds on `registry`.
"""

from typing import Any

import numpy as np

from ..errors import DegenerateError, SettingError
from .registry import Function, array, bare, implements, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """Horner's scheme."""
    p, x = array(p), array(x)
    value = np.zeros_like(x)
    for k in range(p.shape[0]):
        value = value * x + p[k]
    return value


@implements(np.roots)
def roots(p: Any) -> Any:
    """The roots that NumPy finds, each with Newton's steps from there, which carry the derivatives.

    A step from a root leaves the number, and makes the derivatives right to order 1, then 3, then 7: δr = -δp(r)/p'(r).
    Where roots meet, p'(r) is 0 and there is none.
    """
    p = array(p)
    found, slope = np.roots(bare(p)), np.astype(polyder(p), p.dtype)
    size = np.polyval(np.abs(bare(slope)), np.abs(found))
    if np.any(np.abs(np.polyval(bare(slope), found)) <= 1e-6 * size):
        raise DegenerateError(
            "np.roots: roots that meet have no derivative. Use the value of the polynomial (np.polyval), its "
            "coefficients, or np.prod and np.sum of the roots, which are ±p[-1]/p[0] and -p[1]/p[0]"
        )
    for _ in range(3 if found.size else 0):
        found = found - polyval(p, found) / polyval(slope, found)
    return found


def _aligned(combine: Function) -> Function:
    """A sum of two polynomials, the shorter one with zeros before it."""

    def together(a1: Any, a2: Any) -> Any:
        pair = [np.atleast_1d(a) for a in (a1, a2)]
        longest = max(a.shape[0] for a in pair)
        return combine(*[np.concatenate([np.zeros(longest - a.shape[0], a.dtype), a]) for a in pair])

    return together


implements(np.polyadd)(_aligned(np.add))
implements(np.polysub)(_aligned(np.subtract))
implements(np.polymul)(lambda a1, a2: np.convolve(np.atleast_1d(a1), np.atleast_1d(a2)))


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> Any:
    """Long division: the quotient, and the remainder without its leading zeros."""
    u, v = np.atleast_1d(u), np.atleast_1d(v)
    quotient = []
    for _ in range(u.shape[0] - v.shape[0] + 1):
        quotient.append(u[0] / v[0])
        u = np.concatenate([u[1 : v.shape[0]] - quotient[-1] * v[1:], u[v.shape[0] :]])
    return np.stack(quotient) if quotient else np.zeros(1, u.dtype), _without_leading_zeros(u)


def _without_leading_zeros(p: Any) -> Any:
    nonzero = np.flatnonzero(np.abs(p) > 1e-14)
    return p[nonzero[0] :] if nonzero.size else np.zeros(1, p.dtype)


@implements(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


@implements(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    constants = np.broadcast_to(np.atleast_1d(array(0.0 if k is None else k)), (m,))
    for step in range(m):
        grown = p / np.arange(p.shape[0], 0, -1)
        p = np.concatenate([grown, constants[step : step + 1]], dtype=grown.dtype)
    return p


@implements(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The polynomial with these roots; the characteristic one of a matrix has its eigenvalues."""
    roots = array(seq_of_zeros)
    roots = np.linalg.eigvals(roots) if roots.ndim == 2 else roots
    p: Any = np.ones(1, roots.dtype)
    for k in range(roots.shape[0]):
        p = np.concatenate([p, np.zeros(1, p.dtype)]) - np.concatenate([np.zeros(1, p.dtype), p * roots[k]])
    return p


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    x = np.astype(x, np.result_type(x.dtype, int))
    powers = np.arange(x.shape[0] if N is None else N).astype(x.dtype)
    return np.power(x[:, None], powers if increasing else powers[::-1])


@implements(np.polyfit)
def polyfit(x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: bool = False) -> Any:
    """Least squares on the powers of x, each column scaled to length one as NumPy does."""
    refuse("polyfit", rcond=rcond, full=full or None, cov=cov or None)
    powers, y = np.vander(array(x) + 0.0, deg + 1), array(y)
    if w is not None:
        powers, y = powers * array(w)[:, None], y * (array(w)[:, None] if y.ndim > 1 else w)
    scale = np.sqrt(np.sum(np.square(powers), axis=0))
    fitted = np.linalg.pinv(powers / scale) @ y
    return fitted / (scale[:, None] if y.ndim > 1 else scale)


# Evenly spaced numbers


def _ends(start: Any, stop: Any) -> Any:
    """Both ends in one shape and floating dtype; a number of Python takes that of the other."""
    given = [x if isinstance(x, int | float | complex) else array(x) for x in (start, stop)]
    dtype = np.result_type(*[x if isinstance(x, int | float | complex) else x.dtype for x in given], 1.0)
    return np.broadcast_arrays(*[np.astype(array(x), dtype) for x in given])


@implements(np.linspace)
def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
             axis: int = 0, *, device: Any = None) -> Any:  # fmt: skip
    start, stop = _ends(start, stop)
    sections = num - 1 if endpoint else num
    step = (stop - start) / sections if sections > 0 else stop * np.nan
    weights = (np.arange(num) / max(sections, 1)).reshape((num, *[1] * start.ndim)).astype(start.dtype)
    line = np.where(weights == 1, stop, start + weights * (stop - start))
    line = np.moveaxis(line if dtype is None else line.astype(dtype), 0, axis)
    return (line, step) if retstep else line


@implements(np.logspace)
def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None,
             axis: int = 0) -> Any:  # fmt: skip
    exponents = np.linspace(start, stop, num, endpoint, axis=axis)
    base = np.expand_dims(base, axis) if np.ndim(base) else base
    powers = np.power(base, exponents)
    return powers if dtype is None else powers.astype(dtype)


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """start · (stop/start)^t, both ends exact."""
    start, stop = _ends(start, stop)
    if np.any(np.sign(start) * np.sign(stop) <= 0):
        raise SettingError("np.geomspace: start and stop need one sign, and neither may be 0")
    t = np.linspace(0, 1, num, endpoint).reshape((num, *[1] * start.ndim)).astype(start.dtype)
    line = np.where(t == 0, start, np.where(t == 1, stop, start * (stop / start) ** t))
    line = np.moveaxis(line, 0, axis)
    return line if dtype is None else line.astype(dtype)
