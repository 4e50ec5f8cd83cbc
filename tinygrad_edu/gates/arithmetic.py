"""Arithmetic gates: add, sub, mul, div, neg, power, and the change of dtype. Builds on the engine and `downstream`."""

from typing import Any

import numpy as np

from ..downstream import times_first, times_second, unchanged
from ..engine import gate

__all__ = ["add", "astype", "div", "mul", "neg", "power", "square", "sub"]


@gate(x=unchanged, y=unchanged, symbol="+", elementwise=True, numpy=np.add, operator="__add__")
def add(x: Any, y: Any) -> Any:
    """Add: the gate distributes, each input gets the upstream gradient unchanged."""
    return x + y


@gate(
    x=unchanged,
    y=lambda g, out, x, y: -g,
    symbol="−",
    elementwise=True,
    numpy=np.subtract,
    operator="__sub__",
)
def sub(x: Any, y: Any) -> Any:
    """Subtract: the first input gets the upstream gradient, the second its negative."""
    return x - y


@gate(
    x=times_second,
    y=times_first,
    symbol="×",
    elementwise=True,
    numpy=np.multiply,
    operator="__mul__",
)
def mul(x: Any, y: Any) -> Any:
    """Multiply: the gate swaps, each input gets the upstream gradient times the other input."""
    return x * y


@gate(
    x=lambda g, out, x, y: g / y,
    y=lambda g, out, x, y: -g * out / y,
    symbol="÷",
    elementwise=True,
    numpy=np.divide,
    operator="__truediv__",
)
def div(x: Any, y: Any) -> Any:
    """Divide: the numerator gets the upstream gradient over the denominator, the denominator -x/y² of it."""
    return np.divide(x, y)


for _arithmetic in (add, sub, mul, div):
    _arithmetic.alike = True


@gate(x=lambda g, out, x: -g, symbol="−", elementwise=True, numpy=np.negative)
def neg(x: Any) -> Any:
    """Negate: the upstream gradient changes its sign."""
    return -x


def _power_by_base(g: Any, out: Any, x: Any, y: Any) -> Any:
    """y · x^(y-1), and 0 for x⁰ at x = 0, where 0 · 0⁻¹ would give nan."""
    if isinstance(y, float | int):
        return g * 0 if y == 0 else g * (y * x ** (y - 1))
    flat = np.equal(x, 0) & np.equal(y, 0)
    return g * (y * np.where(flat, 1, x) ** (y - 1))


def _power_by_exponent(g: Any, out: Any, x: Any, y: Any) -> Any:
    """x^y · log x, and 0 at x = 0 for y ≥ 0, as in PyTorch and JAX: 0^y is 0 for every y > 0, and 0 · log 0 is nan."""
    zero = np.equal(x, 0) & np.isfinite(out)
    return g * out * np.log(np.where(zero, 1, x).astype(out.dtype))


@gate(x=_power_by_base, y=_power_by_exponent, symbol="^", elementwise=True, numpy=np.power)
def power(x: Any, y: Any) -> Any:
    """Power: the base gets y·x^(y-1) of the upstream gradient, the exponent x^y·log x of it."""
    return np.power(x, y)


@gate(x=lambda g, out, x: g * (2 * x), symbol="x²", elementwise=True, numpy=np.square)
def square(x: Any) -> Any:
    """Square: twice the input times the upstream gradient."""
    return np.square(x)


@gate(x=lambda g, out, x, *, dtype: g, symbol="astype", elementwise=True)
def astype(x: Any, *, dtype: Any) -> Any:
    """Change the dtype: the gradient is brought back to the first one."""
    if np.dtype(dtype).kind not in "fc":
        raise TypeError(f"whole numbers have no derivative; use v.data.astype({np.dtype(dtype)})")
    return np.asarray(x).astype(dtype)
