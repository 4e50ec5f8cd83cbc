"""A tensor engine as books write it step by step: variables, functions with forward and backward, generations.

`fault(name)` plants one of the faults that such an engine has at one step or another; `FAULTS` are their names.
"""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np

FAULTS = {
    "overwritten": "a value used twice",
    "no generations": "a value used on two paths",
    "not summed over broadcast axes": "broadcasting",
    "max to all": "max at a tie",
    "maximum to both": "maximum at a tie",
    "repeated index": "repeated index",
    "subtraction": "numbers",
    "quotient": "divide",
    "product": "multiply",
    "power": "power",
    "tanh": "tanh",
    "mean": "mean",
    "matmul": "matmul",
    "reshape": "transpose",
}
_planted = ""


@contextmanager
def fault(name):
    global _planted
    _planted = name
    try:
        yield
    finally:
        _planted = ""


def right(name):
    return _planted != name


class Variable:
    """Data, gradient, and the function that made it."""

    __array_priority__ = 100

    def __init__(self, data):
        self.data, self.grad, self.maker, self.generation = np.asarray(data), None, None, 0

    def backward(self):
        self.grad = np.ones_like(self.data)
        waiting, seen = [self.maker] if self.maker else [], {self.maker}
        while waiting:
            if right("no generations"):
                waiting.sort(key=lambda made: made.generation)
            made = waiting.pop()
            downs = made.backward(made.output.grad)
            for x, down in zip(made.inputs, downs if isinstance(downs, tuple) else (downs,), strict=True):
                x.grad = down if x.grad is None or not right("overwritten") else x.grad + down
                if x.maker is not None and (x.maker not in seen or not right("no generations")):
                    seen.add(x.maker)
                    waiting.append(x.maker)

    def __add__(self, other):
        return call(np.add, lambda g, x, y: (g, g), self, other)

    def __sub__(self, other):
        return call(np.subtract, lambda g, x, y: (g, -g if right("subtraction") else g), self, other)

    def __rsub__(self, other):
        return Variable(other) - self

    def __mul__(self, other):
        return call(np.multiply, lambda g, x, y: (g * y, g * x) if right("product") else (g * x, g * y), self, other)

    def __truediv__(self, other):
        square = 2 if right("quotient") else 1
        return call(np.divide, lambda g, x, y: (g / y, -g * x / y**square), self, other)

    def __rtruediv__(self, other):
        return Variable(other) / self

    def __pow__(self, n):
        lower = n - 1 if right("power") else n
        return call(lambda x: x**n, lambda g, x: g * n * x ** max(lower, 0), self)

    def __getitem__(self, index):
        def backward(g, x):
            down = np.zeros_like(x)
            if right("repeated index"):
                np.add.at(down, index, g)
            else:
                down[index] = g
            return down

        return call(lambda x: x[index], backward, self)

    def sum(self, axis=None):
        return call(lambda x: x.sum(axis), lambda g, x: spread(g, x, axis), self)

    def reshape(self, shape):
        return call(lambda x: x.reshape(shape), lambda g, x: g.reshape(x.shape), self)

    @property
    def T(self):
        return call(np.transpose, lambda g, x: g.T if right("reshape") else g.reshape(x.shape), self)

    __radd__, __rmul__ = __add__, __mul__


def spread(g, x, axis):
    return np.broadcast_to(g if axis is None else np.expand_dims(g, axis), x.shape).copy()


def summed_to(g, shape):
    grown = g.ndim - len(shape)
    axes = (*range(grown), *(grown + k for k, n in enumerate(shape) if n == 1))
    return g.sum(axes, keepdims=True).reshape(shape) if axes else g


class Call:
    """A function called: its inputs, its output, and how a gradient goes back."""

    def __init__(self, forward, backward, inputs):
        self.inputs = [x if isinstance(x, Variable) else Variable(x) for x in inputs]
        self.generation = max(x.generation for x in self.inputs)
        self.rule = backward
        self.output = Variable(forward(*[x.data for x in self.inputs]))
        self.output.maker, self.output.generation = self, self.generation + 1

    def backward(self, g):
        downs = self.rule(g, *[x.data for x in self.inputs])
        downs = downs if isinstance(downs, tuple) else (downs,)
        if not right("not summed over broadcast axes"):
            return downs
        return tuple(summed_to(np.asarray(d), x.data.shape) for d, x in zip(downs, self.inputs, strict=True))


def call(forward, backward, *inputs):
    return Call(forward, backward, inputs).output


def product(g, x, y):
    return (g @ y.T, x.T @ g) if right("matmul") else (g @ y.T, (g.T @ x).reshape(y.shape))


def largest(g, x, axis):
    here = x == x.max(axis, keepdims=True)
    return spread(g, x, axis) * (here / here.sum(axis, keepdims=True) if right("max to all") else here)


def larger(g, x, y):
    half = 0.5 if right("maximum to both") else 1.0
    return g * ((x > y) + half * (x == y)), g * ((y > x) + half * (x == y))


def averaged(g, x, axis):
    return spread(g, x, axis) / (x.shape[axis] if right("mean") else x.shape[0])


functions = SimpleNamespace(
    exp=lambda x: call(np.exp, lambda g, x: g * np.exp(x), x),
    log=lambda x: call(np.log, lambda g, x: g / x, x),
    tanh=lambda x: call(np.tanh, lambda g, x: g * (1 - np.tanh(x) ** (2 if right("tanh") else 1)), x),
    sum=lambda x, axis=None: x.sum(axis),
    mean=lambda x, axis: call(lambda x: x.mean(axis), lambda g, x: averaged(g, x, axis), x),
    matmul=lambda x, y: call(np.matmul, product, x, y),
    maximum=lambda x, y: call(np.maximum, larger, x, y),
    amax=lambda x, axis: call(lambda x: x.max(axis), lambda g, x: largest(g, x, axis), x),
)
