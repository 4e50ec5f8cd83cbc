"""Samples of the Fourier gates: odd, even and single lengths, along any axis, in every norm."""

import numpy as np

from .samples import call, samples

X = np.array([0.5, -1.2, 2.0, 0.7, -0.3])
Z = X + 1j * np.array([1.0, 0.4, -0.9, 0.1, 0.6])
GRID = np.sin(np.arange(12.0)).reshape(2, 3, 2)
WAVES = GRID + 1j * np.cos(np.arange(12.0)).reshape(2, 3, 2)
NORMS = ["backward", "ortho", "forward"]

for _name in ["fft", "ifft"]:
    samples(
        _name,
        *[call(x, axis=-1, norm=None) for x in (X, Z, Z[:4], Z[:1])],
        *[call(WAVES, axis=1, norm=norm) for norm in NORMS],
    )
samples(
    "rfft",
    *[call(x, axis=-1, norm=None) for x in (X, X[:4], X[:1], X[:2])],
    *[call(GRID, axis=1, norm=norm) for norm in NORMS],
)
samples(
    "irfft",
    *[call(Z[: n // 2 + 1], n=n, axis=-1, norm=None) for n in (1, 2, 3, 4, 5, 8)],
    call(X, n=8, axis=-1, norm=None),
    *[call(WAVES, n=n, axis=1, norm=norm) for norm in NORMS for n in (4, 5)],
)
