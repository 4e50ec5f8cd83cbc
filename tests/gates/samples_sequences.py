"""Samples of the gates in `sequences`."""

import numpy as np

from .samples import call, samples

X = np.array([[1.5, -2.0, 0.0, 0.7], [0.25, 3.0, -0.5, 1.1]])

samples("cumsum", call(X, axis=0), call(X, axis=-1), torch=lambda torch, x, axis: torch.cumsum(x, axis))
samples(
    "cumprod",
    call(X, axis=0),
    call(X, axis=-1),
    call([0.0, 2.0, 0.0, 3.0, 1.5], axis=0),
    torch=lambda torch, x, axis: torch.cumprod(x, axis),
)
samples("convolve", call([1.0, -2.0, 0.5], [0.5, 3.0]), call([1.5], [2.0, -1.0, 0.5]))
INDEX = np.array([[0, 3, 3], [-1, 1, 0]])
samples(
    "take_along_axis",
    call(X, INDEX, axis=1).by(0),
    call(X, np.array([[1, 0, 1, 1]]), axis=0).by(0),
)
samples(
    "add_along_axis",
    call(X[:, :3], INDEX, axis=1, length=5).by(0),
    call(X[:1], np.array([[1, 0, 1, 1]]), axis=0, length=2).by(0),
)
samples("roll", call(X, shift=(1, -2), axis=(0, 1)), torch=lambda torch, x, shift, axis: torch.roll(x, shift, axis))
