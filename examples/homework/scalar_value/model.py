"""A solution."""

import math


class Value:
    """A number that remembers how it was made."""

    def __init__(self, data, inputs=(), back=lambda g: ()):
        self.data, self.grad, self.inputs, self.back = data, 0.0, inputs, back

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), lambda g: (g * other.data, g * self.data))

    def __pow__(self, n):
        return Value(self.data**n, (self,), lambda g: (g * n * self.data ** (n - 1),))

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), lambda g: (g * (1 - t * t),))

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for x in v.inputs:
                    visit(x)
                order.append(v)

        visit(self)
        self.grad = 1.0
        for v in reversed(order):
            for x, g in zip(v.inputs, v.back(v.grad), strict=True):
                x.grad += g
