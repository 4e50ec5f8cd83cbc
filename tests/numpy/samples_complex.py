"""Sample calls of complex numbers."""

import numpy as np

from .samples import d, sample

Z = np.array([[0.5 - 1.0j, -2.0 + 0.25j], [1.2 + 0.4j, -0.3 - 0.7j]])
W = np.array([[1.0 + 0.5j, 0.3 - 1.0j], [-0.7 + 0.2j, 2.0 - 0.1j]])
X = np.array([0.5, -1.2])

for _name in ["real", "imag", "angle", "sign", "conj", "abs", "exp", "log", "sqrt", "tan", "arctan", "arcsinh", "sinc"]:
    sample(_name, d(Z))
for _name in ["multiply", "divide", "power", "matmul", "vdot", "vecdot", "dot", "outer", "kron"]:
    sample(_name, d(Z), d(W))
    sample(_name, d(X), d(W[0]))
sample("real", d(X))
sample("imag", d(X))
sample("conj", d(X))
sample("angle", d(X))
sample("angle", d(Z), deg=True)
sample("real_if_close", d(Z))
sample("real_if_close", d(X + 0j), order=1)  # a step off the real line gives a complex array
for _name in ["mean", "sum", "prod", "var", "std", "cumsum", "cumprod", "linalg.norm"]:
    sample(_name, d(Z), axis=0)
sample("var", d(Z), where=np.array([[True, False], [True, True]]))
sample("std", d(Z), where=np.array([[True, True], [True, True]]))
sample("nan_to_num", d(np.array([1 + 2j, complex(np.nan, 1), complex(1, np.inf)])), nan=3.0, posinf=4.0)
sample("astype", d(X), np.complex128)
