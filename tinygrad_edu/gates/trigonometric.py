"""Circular and hyperbolic functions and their inverses, angles, distances and sinc. Builds on the engine.

sin, cos and tanh stand in `elementary`. A derivative in one over 1 ± x² is factored, so that it neither cancels near
the ends of the function's range nor overflows for large inputs.
"""

from math import factorial, pi
from typing import Any

import numpy as np

from ..engine import gate
from .reduction import quotient

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sinc",
    "sinh",
    "tan",
]


@gate(x=lambda g, out, x: g * (1 + out * out), elementwise=True, numpy=np.tan)
def tan(x: Any) -> Any:
    """Tangent: the upstream gradient times 1 + tan²."""
    return np.tan(x)


@gate(x=lambda g, out, x: g * np.cosh(x), elementwise=True, numpy=np.sinh)
def sinh(x: Any) -> Any:
    """Hyperbolic sine: the upstream gradient times the hyperbolic cosine."""
    return np.sinh(x)


@gate(x=lambda g, out, x: g * np.sinh(x), elementwise=True, numpy=np.cosh)
def cosh(x: Any) -> Any:
    """Hyperbolic cosine: the upstream gradient times the hyperbolic sine."""
    return np.cosh(x)


@gate(x=lambda g, out, x: g / np.sqrt((1 - x) * (1 + x)), elementwise=True, numpy=np.arcsin)
def arcsin(x: Any) -> Any:
    """Arc sine: the upstream gradient over √(1 - x²)."""
    return np.arcsin(x)


@gate(x=lambda g, out, x: -g / np.sqrt((1 - x) * (1 + x)), elementwise=True, numpy=np.arccos)
def arccos(x: Any) -> Any:
    """Arc cosine: minus the upstream gradient over √(1 - x²)."""
    return np.arccos(x)


def _arctan_by_x(g: Any, out: Any, x: Any) -> Any:
    """g / (1 + x²); a real x is not squared, which would overflow."""
    if np.iscomplexobj(x):
        return g / (1 + x * x)
    c = 1 / np.hypot(1, x)
    return g * c * c


@gate(x=_arctan_by_x, elementwise=True, numpy=np.arctan)
def arctan(x: Any) -> Any:
    """Arc tangent: the upstream gradient over 1 + x²."""
    return np.arctan(x)


@gate(
    x=lambda g, out, x: g / (np.sqrt(1 + x * x) if np.iscomplexobj(x) else np.hypot(1, x)),
    elementwise=True,
    numpy=np.arcsinh,
)
def arcsinh(x: Any) -> Any:
    """Inverse hyperbolic sine: the upstream gradient over √(1 + x²)."""
    return np.arcsinh(x)


@gate(x=lambda g, out, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)), elementwise=True, numpy=np.arccosh)
def arccosh(x: Any) -> Any:
    """Inverse hyperbolic cosine: the upstream gradient over √(x² - 1)."""
    return np.arccosh(x)


@gate(x=lambda g, out, x: g / ((1 - x) * (1 + x)), elementwise=True, numpy=np.arctanh)
def arctanh(x: Any) -> Any:
    """Inverse hyperbolic tangent: the upstream gradient over 1 - x²."""
    return np.arctanh(x)


def _arctan2_by_y(g: Any, out: Any, y: Any, x: Any) -> Any:
    r = np.hypot(x, y)
    return g * (x / r) / r


def _arctan2_by_x(g: Any, out: Any, y: Any, x: Any) -> Any:
    r = np.hypot(x, y)
    return -g * (y / r) / r


@gate(y=_arctan2_by_y, x=_arctan2_by_x, symbol="∠", elementwise=True, numpy=np.arctan2)
def arctan2(y: Any, x: Any) -> Any:
    """Angle of the point (x, y): y gets x/r² of the upstream gradient, x gets -y/r². At the origin there is none."""
    return np.arctan2(y, x)


@gate(
    x=lambda g, out, x, y: g * quotient(x, out),
    y=lambda g, out, x, y: g * quotient(y, out),
    symbol="√(x²+y²)",
    elementwise=True,
    numpy=np.hypot,
)
def hypot(x: Any, y: Any) -> Any:
    """Length of the point (x, y): each input gets its share x/r of the upstream gradient, 0 at the origin."""
    return np.hypot(x, y)


@gate(x=lambda g, out, x: np.deg2rad(g), symbol="°→rad", elementwise=True, numpy=np.deg2rad)
def deg2rad(x: Any) -> Any:
    """Degrees to radians: π/180 of the upstream gradient."""
    return np.deg2rad(x)


@gate(x=lambda g, out, x: np.rad2deg(g), symbol="rad→°", elementwise=True, numpy=np.rad2deg)
def rad2deg(x: Any) -> Any:
    """Radians to degrees: 180/π of the upstream gradient."""
    return np.rad2deg(x)


_SINC_SERIES = [(-1) ** k * 2 * k / factorial(2 * k + 1) for k in range(10, 0, -1)]


def _sinc_by_x(g: Any, out: Any, x: Any) -> Any:
    """(cos πx - sinc x)/x; near 0, where that cancels, its power series, which can be differentiated at any order."""
    near = np.abs(x) * pi < 1
    small, large = np.where(near, x, 0), np.where(near, 1, x)
    square, series = small * small * pi**2, 0.0
    for coefficient in _SINC_SERIES:
        series = series * square + coefficient
    far = (np.cos(pi * large) - np.sinc(large)) / large
    return g * np.where(near, series * small * pi**2, far)


@gate(x=_sinc_by_x, elementwise=True)
def sinc(x: Any) -> Any:
    """Normalised sinc sin(πx)/(πx): the upstream gradient times (cos πx - sinc x)/x, 0 at 0."""
    return np.sinc(x)
