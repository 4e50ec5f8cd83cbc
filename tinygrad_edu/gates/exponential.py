"""Exponentials, logarithms and roots of other bases, and the Bessel function that NumPy has. Builds on the engine.

Each derivative is written so that it neither overflows nor cancels where the function itself does not.
"""

from math import log as ln
from typing import Any

import numpy as np

from ..engine import gate

__all__ = ["bessel_i", "cbrt", "exp2", "expm1", "log1p", "log2", "log10", "logaddexp", "logaddexp2", "reciprocal"]


@gate(x=lambda g, out, x: g * (out * ln(2)), symbol="2ˣ", elementwise=True, numpy=np.exp2)
def exp2(x: Any) -> Any:
    """Power of two: log 2 times the output of the upstream gradient."""
    return np.exp2(x)


# exp(x), and not out + 1, which rounds to 0 where the exponential is small.
@gate(x=lambda g, out, x: g * np.exp(x), symbol="eˣ−1", elementwise=True, numpy=np.expm1)
def expm1(x: Any) -> Any:
    """Exponential minus one, exact near 0: the upstream gradient times the exponential."""
    return np.expm1(x)


@gate(x=lambda g, out, x: g / (1 + x), symbol="log(1+x)", elementwise=True, numpy=np.log1p)
def log1p(x: Any) -> Any:
    """Logarithm of one plus the input, exact near 0: the upstream gradient over one plus the input."""
    return np.log1p(x)


@gate(x=lambda g, out, x: g / (x * ln(2)), symbol="log₂", elementwise=True, numpy=np.log2)
def log2(x: Any) -> Any:
    """Logarithm of base two: the upstream gradient over x·log 2."""
    return np.log2(x)


@gate(x=lambda g, out, x: g / (x * ln(10)), symbol="log₁₀", elementwise=True, numpy=np.log10)
def log10(x: Any) -> Any:
    """Logarithm of base ten: the upstream gradient over x·log 10."""
    return np.log10(x)


@gate(x=lambda g, out, x: g / (3 * out * out), symbol="∛", elementwise=True, numpy=np.cbrt)
def cbrt(x: Any) -> Any:
    """Cube root, of negative numbers too: the upstream gradient over three times the square of the output."""
    return np.cbrt(x)


@gate(x=lambda g, out, x: -g * out * out, symbol="1/x", elementwise=True, numpy=np.reciprocal)
def reciprocal(x: Any) -> Any:
    """Reciprocal: minus the square of the output, times the upstream gradient."""
    return np.reciprocal(x)


def _share(exponential: Any, mine: Any, out: Any) -> Any:
    """The part of the sum that an input makes up: exp(mine - out), and 0 or 1 where the sum is infinite."""
    finite = np.isfinite(out)
    infinite = np.equal(mine, out) & np.greater(out, 0)
    return np.where(finite, exponential(np.where(finite, mine - np.where(finite, out, 0), 0)), infinite)


@gate(
    x=lambda g, out, x, y: g * _share(np.exp, x, out),
    y=lambda g, out, x, y: g * _share(np.exp, y, out),
    symbol="log(eˣ+eʸ)",
    elementwise=True,
    numpy=np.logaddexp,
)
def logaddexp(x: Any, y: Any) -> Any:
    """Logarithm of a sum of exponentials, never overflowing: each input gets its softmax share of the gradient."""
    return np.logaddexp(x, y)


@gate(
    x=lambda g, out, x, y: g * _share(np.exp2, x, out),
    y=lambda g, out, x, y: g * _share(np.exp2, y, out),
    symbol="log₂(2ˣ+2ʸ)",
    elementwise=True,
    numpy=np.logaddexp2,
)
def logaddexp2(x: Any, y: Any) -> Any:
    """Logarithm of base two of a sum of powers of two: each input gets its share of the gradient."""
    return np.logaddexp2(x, y)


def _bessel_by_x(g: Any, out: Any, x: Any, *, order: int) -> Any:
    """Iₙ' = (Iₙ₋₁ + Iₙ₊₁)/2, with I₋₁ = I₁ (Abramowitz and Stegun, 9.6.26)."""
    return g * ((bessel_i(x, order=abs(order - 1)) + bessel_i(x, order=order + 1)) / 2)


def _bessel_series(x: Any, order: int) -> Any:
    """Σ (x/2)^(2k+n) / (k!(k+n)!), whose terms have one sign: nothing cancels (9.6.10)."""
    half = x / 2
    term = total = half**order / float(np.prod(np.arange(1.0, order + 1)))
    for k in range(1, 80):
        term = term * (half * half) / (k * (k + order))
        total = total + term
    return total


def _bessel_far(x: Any, order: int) -> Any:
    """eˣ/√(2πx) · (1 - (4n²-1)/8x + …), to rounding for x > 30 and small orders (9.7.1)."""
    term = total = np.ones_like(x)
    for k in range(1, 25):
        term = term * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k * x)
        total = total + term
    half = np.exp(x / 2)
    return half / np.sqrt(2 * np.pi * x) * half * total


@gate(x=_bessel_by_x, symbol="Iₙ", elementwise=True)
def bessel_i(x: Any, *, order: int) -> Any:
    """Modified Bessel function Iₙ, at order 0 `np.i0`: half the sum of its neighbours' orders.

    >>> import numpy as np
    >>> bessel_i(np.array([0.0, 1.0]), order=1).round(6).tolist()
    [0.0, 0.565159]
    """
    if order == 0:
        return np.i0(x).astype(np.asarray(x).dtype, copy=False).reshape(np.shape(x))[()]
    size = np.abs(x)
    near = size <= 30
    value = np.where(near, _bessel_series(np.where(near, size, 0), order), _bessel_far(np.where(near, 31, size), order))
    return (value * np.where(x < 0, (-1) ** order, 1)).astype(np.asarray(x).dtype)
