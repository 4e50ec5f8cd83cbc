"""Samples of the parts of complex numbers. `tests/engine/test_complex.py` compares gradients with PyTorch's."""

import numpy as np

from .samples import call, samples

Z = np.array([[0.5 - 1.0j, -2.0 + 0.25j], [1.0 + 0.0j, -0.3 - 0.7j]])
X = np.array([0.5, -1.5])

samples("real", call(Z), call(0.3 + 2j), call(X), call(Z[:0]))
samples("imag", call(Z), call(0.3 + 2j), call(X), call(Z[:0]))
samples("conjugate", call(Z), call(0.3 + 2j), call(X), call(Z[:0]))
samples("angle", call(Z), call(0.3 + 2j), call(X), call(Z[:0]))
