"""Samples of the gates in `trigonometric`."""

import numpy as np

from .samples import call, elementwise, samples

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -0.5]])
Y = np.array([[0.5], [-2.0]])

samples("tan", call(X), drawn=elementwise(1, -1, 1), torch=lambda torch, x: torch.tan(x))
samples("sinh", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.sinh(x))
samples("cosh", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.cosh(x))
samples("arcsin", call(X / 4), drawn=elementwise(1, -0.75, 0.75), torch=lambda torch, x: torch.arcsin(x))
samples("arccos", call(X / 4), drawn=elementwise(1, -0.75, 0.75), torch=lambda torch, x: torch.arccos(x))
samples("arctan", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.arctan(x))
samples("arcsinh", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.arcsinh(x))
samples("arccosh", call(X + 4), drawn=elementwise(1, 1.5, 3), torch=lambda torch, x: torch.arccosh(x))
samples("arctanh", call(X / 4), drawn=elementwise(1, -0.75, 0.75), torch=lambda torch, x: torch.arctanh(x))
samples("arctan2", call(X, Y), drawn=elementwise(2, 0.5, 2), torch=lambda torch, y, x: torch.arctan2(y, x))
samples("hypot", call(X, Y), drawn=elementwise(2, 0.5, 2), torch=lambda torch, x, y: torch.hypot(x, y))
samples("deg2rad", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.deg2rad(x))
samples("rad2deg", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.rad2deg(x))
samples("sinc", call(X), call([0.31, 0.32, -0.3, 0.01]), drawn=elementwise(1), torch=lambda torch, x: torch.sinc(x))
