"""Remainders, signs and steps: functions that are smooth between the points where they jump. Builds on the engine.

At a jump there is no derivative; the gates give the one of the side that NumPy's value belongs to, and 0 at the kink of
an absolute value.
"""

from typing import Any

import numpy as np

from ..engine import gate

__all__ = ["copysign", "fmod", "heaviside", "ldexp", "remainder"]


@gate(
    x=lambda g, out, x, y: g,
    y=lambda g, out, x, y: -g * np.floor_divide(x, y),
    symbol="mod",
    elementwise=True,
    numpy=np.remainder,
)
def remainder(x: Any, y: Any) -> Any:
    """Remainder x - y·⌊x/y⌋ with the sign of the divisor: the divisor gets -⌊x/y⌋ of the upstream gradient."""
    return np.remainder(x, y)


@gate(
    x=lambda g, out, x, y: g,
    y=lambda g, out, x, y: -g * np.rint((x - out) / y),
    symbol="fmod",
    elementwise=True,
    numpy=np.fmod,
)
def fmod(x: Any, y: Any) -> Any:
    """Remainder with the sign of the dividend: the divisor gets minus the whole quotient of the gradient."""
    return np.fmod(x, y)


@gate(
    x=lambda g, out, x, y: g * np.where(np.signbit(y), -np.sign(x), np.sign(x)),
    y=lambda g, out, x, y: np.zeros_like(g),
    elementwise=True,
    numpy=np.copysign,
)
def copysign(x: Any, y: Any) -> Any:
    """The size of x with the sign of y: ±1 of the upstream gradient, 0 for y."""
    return np.copysign(x, y)


@gate(
    x=lambda g, out, x, y: np.zeros_like(g),
    y=lambda g, out, x, y: g * np.equal(x, 0),
    symbol="H",
    elementwise=True,
    numpy=np.heaviside,
)
def heaviside(x: Any, y: Any) -> Any:
    """Step: 0 below 0, 1 above and y at 0. It is flat, so only y gets the upstream gradient, where x is 0."""
    return np.heaviside(x, y)


@gate(x=lambda g, out, x, y: np.ldexp(g, y), symbol="x·2ⁱ", elementwise=True, numpy=np.ldexp)
def ldexp(x: Any, y: Any) -> Any:
    """x times two to a whole power: so is the upstream gradient."""
    return np.ldexp(x, y)
