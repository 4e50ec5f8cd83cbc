"""Samples of the arithmetic gates."""

import numpy as np

from .samples import call, elementwise, samples

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -0.5]])
Y = np.array([[0.5], [-2.0]])

samples("add", call(X, Y), drawn=elementwise(2), torch=lambda torch, x, y: x + y)
samples("sub", call(X, Y), drawn=elementwise(2), torch=lambda torch, x, y: x - y)
samples("mul", call(X, Y), drawn=elementwise(2), torch=lambda torch, x, y: x * y)
samples("div", call(X, Y), drawn=elementwise(2, 0.5, 2), torch=lambda torch, x, y: x / y)
samples("neg", call(X), drawn=elementwise(1), torch=lambda torch, x: -x)
samples("square", call(X), drawn=elementwise(1), torch=lambda torch, x: x.square())
samples(
    "power",
    call([0.5, 1.5, 2.0], [[2.0], [-1.5], [0.0]]),
    call(X, 2.0).by(0),
    call(X, np.array([2, 3, 0])),
    call(X + 4, -1).by(0),
    call([0.0, 2.0], [0.0, 0.0]).by(0),
    call(0.0, 2.0),
    call([0.0, 0.0, 1.0], [1.0, 2.0, 3.0]).by(0),
    drawn=elementwise(2, 0.25, 2.25),
    torch=lambda torch, x, y: x**y,
)


samples("astype", call(X, dtype=np.dtype(np.float64)))
