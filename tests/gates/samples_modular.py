"""Samples of the gates in `modular`."""

import numpy as np

from .samples import call, samples

X = np.array([[1.6, -2.1, 0.3], [0.25, 3.1, -0.6]])
Y = np.array([[0.7], [-1.3]])

samples("remainder", call(X, Y), torch=lambda torch, x, y: torch.remainder(x, y))
samples("fmod", call(X, Y), torch=lambda torch, x, y: torch.fmod(x, y))
samples("copysign", call(X, Y), torch=lambda torch, x, y: torch.copysign(x, y))
samples("heaviside", call(X, Y), call(np.zeros(2), np.array([0.5, 2.0])).by(1))
samples("ldexp", call(X, np.array([1, -2, 3])).by(0), call(X, 2).by(0))
