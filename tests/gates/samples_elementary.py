"""Samples of the elementary functions; kinks and far points are among the numbers."""

import numpy as np

from .samples import call, elementwise, samples

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -0.5]])
POSITIVE = np.array([[1.5, 2.0, 1e-3], [0.25, 3.0, 50.0]])


def torch_named(name):
    return lambda torch, x: getattr(torch, name)(x)


for _name in ["exp", "sin", "cos", "tanh", "sigmoid", "relu", "abs"]:
    samples(_name, call(X), drawn=elementwise(1), torch=torch_named(_name))

samples("log", call(POSITIVE), drawn=elementwise(1, 0.25, 2.25), torch=torch_named("log"))
samples("sqrt", call(POSITIVE), drawn=elementwise(1, 0.25, 2.25), torch=torch_named("sqrt"))
samples("softplus", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.nn.functional.softplus(x))
