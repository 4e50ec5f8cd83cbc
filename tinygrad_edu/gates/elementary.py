"""Elementary functions: exp, log, sqrt, abs, the circular and hyperbolic ones, and the activations with a name.

A derivative written as `np.cos(x)` is NumPy's own on arrays and the gate's on Values. Builds on the engine.
"""

from typing import Any

import numpy as np

from ..downstream import conjugate
from ..engine import gate

__all__ = ["abs_", "cos", "exp", "log", "relu", "sigmoid", "sin", "softplus", "sqrt", "tanh"]

_ZERO = np.float64(0)


@gate(x=lambda g, out, x: g * out, elementwise=True, numpy=np.exp)
def exp(x: Any) -> Any:
    """Exponential: its own derivative, so the upstream gradient times the output."""
    return np.exp(x)


@gate(x=lambda g, out, x: g / x, elementwise=True, numpy=np.log)
def log(x: Any) -> Any:
    """Natural logarithm: the upstream gradient over the input."""
    return np.log(x)


@gate(x=lambda g, out, x: g / (2 * out), symbol="√", elementwise=True, numpy=np.sqrt)
def sqrt(x: Any) -> Any:
    """Square root: the upstream gradient over twice the output."""
    return np.sqrt(x)


@gate(x=lambda g, out, x: g * conjugate(np.sign(x)), symbol="|x|", elementwise=True, numpy=np.absolute)
def abs_(x: Any) -> Any:
    """Absolute value: the upstream gradient times the sign of the input (x/|x| conjugated), 0 at 0."""
    return np.abs(x)


@gate(x=lambda g, out, x: g * np.cos(x), elementwise=True, numpy=np.sin)
def sin(x: Any) -> Any:
    """Sine: the upstream gradient times the cosine."""
    return np.sin(x)


@gate(x=lambda g, out, x: -g * np.sin(x), elementwise=True, numpy=np.cos)
def cos(x: Any) -> Any:
    """Cosine: the upstream gradient times minus the sine."""
    return np.cos(x)


@gate(x=lambda g, out, x: g * (1 - out * out), elementwise=True, numpy=np.tanh)
def tanh(x: Any) -> Any:
    """Hyperbolic tangent: the upstream gradient times 1 - tanh²."""
    return np.tanh(x)


@gate(
    x=lambda g, out, x: g * (out * (1 - out)),
    symbol="σ",
    elementwise=True,
    parts=lambda x: 1 / (np.exp(-1 * x) + 1),
)
def sigmoid(x: Any) -> Any:
    """Sigmoid 1/(1+e⁻ˣ): the upstream gradient times σ(1-σ), exact and finite at any input."""
    if np.iscomplexobj(x):
        return 1 / (1 + np.exp(-x))
    z = np.exp(-np.abs(x))
    return (np.where(x >= 0, 1, z) / (1 + z)).astype(z.dtype)


@gate(x=lambda g, out, x: g * (x > 0), elementwise=True, number=lambda x: _ZERO if x <= 0 else x)
def relu(x: Any) -> Any:
    """ReLU max(0, x): lets the upstream gradient pass where the input is positive, 0 at 0."""
    # maximum(x, 0) would share the gradient at 0 with the constant and give 1/2.
    return np.maximum(x, 0)


@gate(
    x=lambda g, out, x: g * sigmoid(x),
    elementwise=True,
    parts=lambda x: np.log(np.exp(x) + 1),
)
def softplus(x: Any) -> Any:
    """Softplus log(1+eˣ), a smooth ReLU: the upstream gradient times σ(x)."""
    return np.logaddexp(0, x)
