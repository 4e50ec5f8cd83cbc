"""Derivatives by numbers alone, to compare formulas with: each estimate says how it was made and how far to trust it.

`Estimate` · `along` (a function of arrays as a function of one number t) · `complex_step`, `central`, `one_sided`
(derivative of such a function at t = 0) · `derivative` (chooses among them) · `directional`, `gradient` (of functions
of arrays). Builds on NumPy alone.

Sources: Ridders, Accurate computation of F'(x), 1982 (extrapolation with an error estimate); Squire and Trapp, Using
complex variables to estimate derivatives of real functions, 1998.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Estimate", "along", "central", "complex_step", "derivative", "directional", "gradient", "one_sided"]

Array = Any
Line = Callable[[Any], Any]
EPS = float(np.finfo(np.float64).eps)
_UNKNOWN = float("inf")


@dataclass(frozen=True)
class Estimate:
    """A derivative found by numbers: its `value`, the estimated absolute `error` of each element, and the `method`.

    `left` and `right` are the one-sided derivatives: the same as `value` where the function is smooth, the two slopes
    where it has a kink (then `value` is their mean).

    >>> print(central(lambda t: np.exp(t)))
    1 ± 1e-11 by central differences
    """

    value: Array
    error: Array
    method: str
    left: Array
    right: Array

    @property
    def kink(self) -> Array:
        """Where the slopes to the left and to the right differ."""
        return ~(np.abs(self.right - self.left) <= 2 * self.error + 1e-6 * _size(self.value))

    @property
    def trusted(self) -> Array:
        """Where the error is known to be under a thousandth of the derivative's size."""
        return self.error <= 1e-3 * _size(self.value)

    def __str__(self) -> str:
        worst = float(np.max(self.error, initial=0))
        value = f"{self.value.item():.6g}" if np.ndim(self.value) == 0 else np.array2string(self.value, precision=6)
        return f"{value} ± {10 ** np.ceil(np.log10(max(worst, EPS))):.0e} by {self.method}"


def _eps(value: Array) -> float:
    """The rounding of the numbers that a function gives: coarser in single precision."""
    return float(np.finfo(np.result_type(value, np.float16)).eps) if np.asarray(value).dtype.kind in "fc" else EPS


def _size(value: Array) -> float:
    return max(1.0, float(np.max(np.abs(value), initial=0)))


def _smooth(value: Array, error: Array, method: str) -> Estimate:
    return Estimate(value, error, method, value, value)


def along(f: Callable[..., Any], inputs: Sequence[Array], direction: Sequence[Array]) -> Line:
    """The function t ↦ f(*inputs + t · direction) of one number; an input whose direction is None stays as it is.

    >>> phi = along(np.multiply, [2.0, 3.0], [1.0, None])
    >>> float(phi(10))
    36.0
    """

    def phi(t: Any) -> Any:
        return f(*[x if d is None else x + t * d for x, d in zip(inputs, direction, strict=True)])

    return phi


def _quiet(phi: Line) -> Line:
    """`phi` without NumPy's warnings: a step beyond the domain gives nan, which the error estimate then shows."""

    def quiet(t: Any) -> Any:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(phi(t))[()]

    return quiet


def complex_step(phi: Line, step: float = 1e-30) -> Estimate | None:
    """Im φ(i·h)/h: exact to rounding, since nothing is subtracted; None where φ does not accept complex numbers.

    Right for analytic functions only: φ(t) = |t| accepts complex numbers and is not analytic, so `derivative` compares
    with `central` before it believes.

    >>> print(complex_step(lambda t: np.sin(1 + t)))
    0.540302 ± 1e-15 by complex step
    """
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            out = np.asarray(phi(1j * step))[()]
    except Exception:  # noqa: BLE001 - whatever a function raises at complex numbers, it does not accept them
        return None
    if out.dtype.kind != "c":
        return None
    value = out.imag / step
    return _smooth(value, 4 * _eps(out) * np.abs(value) + np.where(np.isfinite(value), 0, _UNKNOWN), "complex step")


def _extrapolate(quotient: Line, base: int, step: float, levels: int) -> tuple[Array, Array]:
    """Ridders' tableau: halve the step, cancel one power of it a column, keep for each element the steadiest entry."""
    rows: list[Any] = [quotient(step)]
    best, error = rows[0], np.full(np.shape(rows[0]), _UNKNOWN)
    for level in range(1, levels):
        row = [quotient(step / 2**level)]
        for column in range(level):
            row.append(row[column] + (row[column] - rows[column]) / (base ** (column + 1) - 1))
            drift = np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - rows[column]))
            better = drift < error
            best, error = np.where(better, row[-1], best), np.where(better, drift, error)
        rows = row
    return best[()], error[()]


def central(phi: Line, step: float = 1e-2, levels: int = 5) -> Estimate:
    """(φ(h) - φ(-h))/2h for halved steps h, extrapolated to h = 0 (Richardson), with Ridders' estimate of the error.

    >>> print(central(lambda t: (2 + t) ** 3))
    12 ± 1e-10 by central differences
    """
    quiet = _quiet(phi)
    biggest = np.abs(quiet(step))

    def quotient(h: Any) -> Any:
        return (quiet(h) - quiet(-h)) / (2 * h)

    with np.errstate(all="ignore"):
        value, drift = _extrapolate(quotient, 4, step, levels)
        return _smooth(value, drift + 2 * _eps(biggest) * biggest * 2**levels / step, "central differences")


def one_sided(phi: Line, side: int = 1, step: float = 1e-3, levels: int = 6) -> Estimate:
    """The slope on one side, (φ(s·h) - φ(0))/(s·h) for halved steps h, extrapolated to h = 0; `side` s is 1 or -1.

    >>> print(one_sided(np.abs, side=-1))
    -1 ± 1e-15 by one-sided differences
    """
    quiet = _quiet(phi)
    here = quiet(0.0)

    def quotient(h: Any) -> Any:
        return (quiet(side * h) - here) / (side * h)

    with np.errstate(all="ignore"):
        value, drift = _extrapolate(quotient, 2, step, levels)
        return _smooth(value, drift + 8 * _eps(here) * np.abs(here) * 2**levels / step, "one-sided differences")


def _sharper(first: Estimate, second: Estimate) -> Estimate:
    """For each element the estimate with the smaller error."""
    better = ~(first.error <= second.error)
    value, error = np.where(better, second.value, first.value), np.where(better, second.error, first.error)
    return _smooth(value, error, first.method)


def _bends(phi: Line, slope: Estimate, step: float = 1e-6) -> bool:
    """Whether φ may have a kink at 0, or its domain an edge: the slope changes within two tiny steps."""
    quiet = _quiet(phi)
    left, here, right = quiet(-step), quiet(0.0), quiet(step)
    with np.errstate(invalid="ignore"):
        change = np.abs((right - here) - (here - left)) / step
    noise = 8 * _eps(here) * np.max(np.abs(here), initial=0) / step
    return not np.all((change <= 1e-3 * _size(slope.value) + noise) & slope.trusted)


def _two_sided(phi: Line) -> Estimate:
    """The slopes on both sides, each where φ is finite there."""
    right, left = one_sided(phi, 1), one_sided(phi, -1)
    use_right, use_left = np.isfinite(right.value), np.isfinite(left.value)
    right_value: Array = np.where(use_right, right.value, left.value)
    left_value: Array = np.where(use_left, left.value, right.value)
    worst = np.maximum(np.where(use_right, right.error, 0), np.where(use_left, left.error, 0))
    error = np.where(use_right | use_left, worst, _UNKNOWN)
    with np.errstate(invalid="ignore"):
        value = (left_value + right_value) / 2
    return Estimate(value, error, "one-sided differences", left_value, right_value)


def derivative(phi: Line) -> Estimate:
    """φ'(0) by the best method that fits: complex step where it agrees with central differences, one-sided at kinks.

    >>> print(derivative(lambda t: np.exp(3 * t)))
    3 ± 1e-14 by complex step
    >>> kink = derivative(lambda t: np.maximum(t, 0))
    >>> float(kink.left), float(kink.right), kink.method
    (0.0, 1.0, 'one-sided differences')
    """
    found = central(phi)
    for step in (1e-4, 1e-6):
        if np.all(found.error <= 1e-8 * _size(found.value)):
            break
        found = _sharper(found, central(phi, step))
    if _bends(phi, found):
        sides = _two_sided(phi)
        if np.any(sides.kink) or not np.all(found.trusted):
            return sides
    exact = complex_step(phi)
    if exact is None or np.shape(exact.value) != np.shape(found.value):
        return found
    with np.errstate(invalid="ignore"):
        agree = np.abs(exact.value - found.value) <= 20 * found.error + 1e-9 * _size(found.value)
    return exact if np.all(agree & found.trusted) else found


def directional(f: Callable[..., Any], inputs: Sequence[Array], direction: Sequence[Array]) -> Estimate:
    """Derivative of f at `inputs` along `direction`: d/dt f(inputs + t · direction) at t = 0.

    >>> print(directional(np.multiply, [2.0, 3.0], [1.0, 1.0]))
    5 ± 1e-14 by complex step
    """
    return derivative(along(f, inputs, direction))


def gradient(f: Callable[..., Any], *inputs: Array, position: int = 0) -> Estimate:
    """Gradient of a scalar function by the input at `position`: one directional derivative an element.

    A complex input z = x + iy gets ∂f/∂x - i ∂f/∂y, so that f changes by Re(gradient · dz).

    >>> print(gradient(lambda x: np.sum(x * x), np.array([1.0, -2.0])))
    [ 2. -4.] ± 1e-14 by complex step
    """
    x = np.asarray(inputs[position])
    directions = [_unit(x, index, 1) for index in np.ndindex(x.shape)]
    found = [directional(f, inputs, _only(inputs, position, d)) for d in directions]
    if x.dtype.kind == "c":
        turned = [directional(f, inputs, _only(inputs, position, d * 1j)) for d in directions]
        found = [_joined(real, imaginary) for real, imaginary in zip(found, turned, strict=True)]

    def gathered(name: str) -> Array:
        return np.array([getattr(e, name) for e in found]).reshape(x.shape)[()]

    methods = sorted({e.method for e in found}) or ["no element"]
    return Estimate(gathered("value"), gathered("error"), " and ".join(methods), gathered("left"), gathered("right"))


def _joined(real: Estimate, imaginary: Estimate) -> Estimate:
    return _smooth(real.value - 1j * imaginary.value, real.error + imaginary.error, real.method)


def _unit(x: Array, index: tuple[int, ...], step: Any) -> Array:
    unit = np.zeros(x.shape, x.dtype)
    unit[index] = step
    return unit[()]


def _only(inputs: Sequence[Array], position: int, direction: Array) -> list[Array]:
    return [direction if k == position else None for k in range(len(inputs))]
