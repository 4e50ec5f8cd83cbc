"""Sample calls of numpy.fft."""

import numpy as np

from .samples import d, sample

X = np.array([0.5, -1.2, 2.0, 0.7, -0.3])
Z = X + 1j * np.array([1.0, 0.4, -0.9, 0.1, 0.6])
GRID = np.sin(np.arange(12.0)).reshape(2, 3, 2) * 2
WAVES = GRID + 1j * np.cos(np.arange(12.0) ** 2).reshape(2, 3, 2)

for _name in ["fft", "ifft"]:
    sample(f"fft.{_name}", d(X))
    sample(f"fft.{_name}", d(Z))
    sample(f"fft.{_name}", d(Z[:1]))
    for _n in [3, 8]:
        sample(f"fft.{_name}", d(Z), _n)
    for _norm in ["ortho", "forward", "backward"]:
        sample(f"fft.{_name}", d(WAVES), axis=1, norm=_norm)
for _name in ["rfft", "ihfft"]:
    for _n in [None, 1, 3, 4, 7, 8]:
        sample(f"fft.{_name}", d(X), _n)
    for _norm in ["ortho", "forward", "backward"]:
        sample(f"fft.{_name}", d(GRID), axis=1, norm=_norm)
for _name in ["irfft", "hfft"]:
    sample(f"fft.{_name}", d(X))
    for _n in [None, 1, 2, 3, 6, 8, 9, 12]:
        sample(f"fft.{_name}", d(Z), _n)
    for _norm in ["ortho", "forward", "backward"]:
        sample(f"fft.{_name}", d(WAVES), axis=1, norm=_norm)
for _name in ["fft", "ifft", "rfft", "irfft"]:
    _input = GRID if _name == "rfft" else WAVES
    sample(f"fft.{_name}2", d(_input))
    sample(f"fft.{_name}2", d(_input), axes=(0, 1), norm="ortho")
    sample(f"fft.{_name}n", d(_input))
    sample(f"fft.{_name}n", d(_input), (3, 4), (0, 1))
    sample(f"fft.{_name}n", d(_input), (3, -1), (1, 0), norm="forward")
    sample(f"fft.{_name}n", d(_input), axes=[2, 0])
for _name in ["fftshift", "ifftshift"]:
    sample(f"fft.{_name}", d(X))
    sample(f"fft.{_name}", d(GRID))
    sample(f"fft.{_name}", d(GRID), 1)
    sample(f"fft.{_name}", d(GRID), axes=(0, 1))
