"""Backpropagation on single numbers in sixty lines: the lesson's engine, and the oracle the real one is tested with.

`Scalar`: a number, what it was made from, and the local gradients. Slow and simple on purpose, and shares no code with
the engine. The tutorial *Build an engine in sixty lines* writes it. Builds on the standard library alone.
"""

import math
from typing import Any

__all__ = ["Scalar"]


class Scalar:
    """A number, the scalars it was made from, and its local gradient by each of them.

    >>> x, y, z = Scalar(-2.0), Scalar(5.0), Scalar(-4.0)
    >>> f = (x + y) * z
    >>> f.backward()
    >>> f.data, x.grad, y.grad, z.grad
    (-12.0, -4.0, -4.0, 3.0)
    """

    def __init__(self, data: float, inputs: tuple["Scalar", ...] = (), local_gradients: tuple[float, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self.inputs = inputs
        self.local_gradients = local_gradients

    def __add__(self, other: Any) -> "Scalar":
        other = wrap(other)
        return Scalar(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> "Scalar":
        other = wrap(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, exponent: float) -> "Scalar":
        slope = exponent * self.data ** (exponent - 1)
        return Scalar(self.data**exponent, (self,), (slope,))

    def exp(self) -> "Scalar":
        """e to the power of the number."""
        out = math.exp(self.data)
        return Scalar(out, (self,), (out,))

    def tanh(self) -> "Scalar":
        """Hyperbolic tangent."""
        out = math.tanh(self.data)
        return Scalar(out, (self,), (1 - out * out,))

    def relu(self) -> "Scalar":
        """max(x, 0)."""
        return Scalar(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def __neg__(self) -> "Scalar":
        return self * -1

    def __sub__(self, other: Any) -> "Scalar":
        return self + -wrap(other)

    def __rsub__(self, other: Any) -> "Scalar":
        return wrap(other) - self

    def __truediv__(self, other: Any) -> "Scalar":
        return self * wrap(other) ** -1

    def __rtruediv__(self, other: Any) -> "Scalar":
        return wrap(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        """Add ∂(self)/∂x to the `grad` of every scalar x that this one was made from."""
        self.grad = 1.0
        for scalar in reversed(in_order(self)):
            for x, local in zip(scalar.inputs, scalar.local_gradients, strict=True):
                x.grad += local * scalar.grad


def wrap(x: Any) -> Scalar:
    """`x` as a Scalar."""
    return x if isinstance(x, Scalar) else Scalar(x)


def in_order(scalar: Scalar, done: list[Scalar] | None = None) -> list[Scalar]:
    """Every scalar after all it was made from."""
    done = [] if done is None else done
    for x in scalar.inputs:
        in_order(x, done)
    if scalar not in done:
        done.append(scalar)
    return done
