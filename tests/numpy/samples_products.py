"""Sample calls of products."""

import numpy as np

from .samples import d, sample

A = np.array([[1.5, -2.1, 0.3], [0.25, 3.2, -0.6]])
B = np.array([[0.5, 1.0], [-1.2, 0.3], [2.0, -0.7]])
V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.4, -0.3])
CUBE = np.linspace(-2.3, 3.1, 12).reshape(2, 3, 2) ** 3 / 4

for _name in ["dot", "matmul"]:
    sample(_name, d(A), d(B))
    sample(_name, d(A), d(V))
    sample(_name, d(V), d(B))
    sample(_name, d(V), d(W))
    sample(_name, d(A), d(CUBE))
    sample(_name, d(V), d(CUBE))
sample("dot", d(A), d(np.float64(2.0)))
sample("inner", d(A), d(V))
sample("inner", d(A), d(A * 2))
sample("inner", d(CUBE), d(B))
sample("outer", d(A), d(V))
sample("vdot", d(A), d(B))
sample("vecdot", d(A), d(V))
sample("vecdot", d(A), d(A + 1), axis=0)
sample("matvec", d(A), d(V))
sample("vecmat", d(V), d(B))
sample("vecmat", d(A), d(CUBE))
sample("kron", d(A), d(B))
sample("kron", d(V), d(B))
sample("cross", d(V), d(W))
sample("cross", d(A), d(V))
sample("cross", d(A), d(B), axisb=0, axisc=0)
sample("tensordot", d(CUBE), d(A), ((1,), (1,)))
sample("tensordot", d(CUBE), d(B))
sample("tensordot", d(V), d(W), 0)
sample("tensordot", d(CUBE), d(A), (-1, 0))
sample("einsum", "ij,jk->ik", d(A), d(B))
sample("einsum", "ij,j", d(A), d(V))
sample("einsum", "ii->i", d(A[:, :2]))
sample("einsum", "i...,...i->...", d(CUBE), d(np.moveaxis(CUBE, 0, -1)))
sample("einsum", d(A), [0, 1], d(B), [1, 2], [2, 0])
sample("einsum", d(CUBE), [Ellipsis, 0], d(V[:2]), [0])
sample("linalg.norm", d(A))
sample("linalg.norm", d(A), axis=1, keepdims=True)
