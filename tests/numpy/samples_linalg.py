"""Sample calls of numpy.linalg: single matrices and stacks, real and complex, square, wide, tall, degenerate."""

import numpy as np

from .samples import d, sample

A = np.array([[1.5, -2.1, 0.3], [0.25, 3.2, -0.6], [0.7, 0.4, 2.1]])
STACK = np.stack([A, A.T @ np.diag([1.0, -2.0, 0.5])])
Z = A + 1j * np.array([[0.3, 1.1, -0.4], [-0.8, 0.2, 0.9], [0.5, -0.7, 0.1]])
TALL = np.array([[0.5, 1.0], [-1.2, 0.3], [2.0, -0.7], [0.1, 1.4]])
WIDE = TALL.T
SPD = A @ A.T + np.eye(3)
HERMITIAN = Z @ Z.conj().T + np.eye(3)
SINGULAR = np.array([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.3, -1.0, 0.7]])
V = np.array([0.5, -1.2, 2.0])
B = np.array([[0.5, 1.0], [-1.2, 0.3], [2.0, -0.7]])
ROTATION = np.array([[0.6, -0.9], [0.9, 0.4]])
CUBE = np.sin(np.arange(64.0) ** 2).reshape(2, 4, 8)

for _name in ["inv", "det", "slogdet"]:
    for _x in [A, STACK, Z, A[:1, :1], -A]:
        sample(f"linalg.{_name}", d(_x))
for _x in [SINGULAR, np.zeros((2, 2)), np.zeros((3, 3)), np.ones((3, 3)), np.zeros((1, 1)), SINGULAR * (1 + 1j)]:
    sample("linalg.det", d(_x))
sample("linalg.det", d(np.zeros((0, 0))))
for _b in [V, B, V + 1j, np.stack([B, B + 1])]:
    sample("linalg.solve", d(A), d(_b))
sample("linalg.solve", d(STACK), d(B))
sample("linalg.solve", d(STACK), d(V))
sample("linalg.solve", d(Z), d(B))
for _x in [A, TALL, WIDE, Z, TALL + 1j * TALL[::-1]]:
    sample("linalg.pinv", d(_x))
sample("linalg.pinv", d(STACK))
sample("linalg.pinv", d(TALL), rtol=None)
sample("linalg.pinv", d(SPD), hermitian=True)
sample("linalg.lstsq", d(TALL), d(TALL[:, 0] ** 2))
sample("linalg.lstsq", d(TALL), d(TALL**2), rcond=1e-10)
sample("linalg.lstsq", d(WIDE), d(V[:2]))
sample("linalg.tensorinv", d(CUBE[..., :8].reshape(4, 2, 8)))
sample("linalg.tensorinv", d(A), ind=1)
sample("linalg.tensorsolve", d(CUBE), d(np.cos(np.arange(8.0)).reshape(2, 4)))

for _upper in [False, True]:
    sample("linalg.cholesky", d(SPD), upper=_upper)
    sample("linalg.cholesky", d(np.stack([SPD, SPD + np.diag(V**2)])), upper=_upper)
    sample("linalg.cholesky", d(HERMITIAN), upper=_upper)
for _uplo in ["L", "U"]:
    sample("linalg.eigh", d(A), _uplo)
    sample("linalg.eigvalsh", d(A), _uplo)
    sample("linalg.eigvalsh", d(Z), _uplo)
sample("linalg.eigh", d(STACK))
sample("linalg.eigvalsh", d(STACK))
sample("linalg.eigvals", d(ROTATION))
sample("linalg.eigvals", d(A))
sample("linalg.eigvals", d(STACK))
sample("linalg.eigvals", d(Z))
sample("linalg.eig", d(np.array([[2.0, 0.7], [0.4, -1.0]])))
sample("linalg.eig", d(np.stack([SPD @ np.diag([1.0, 2.0, 3.0])])))
for _x in [A, TALL, WIDE, STACK]:
    sample("linalg.svd", d(_x), full_matrices=False)
    sample("linalg.svd", d(_x), compute_uv=False)
    sample("linalg.svdvals", d(_x))
    sample("linalg.qr", d(_x))
    sample("linalg.qr", d(_x), "r")
sample("linalg.svd", d(A))
sample("linalg.svd", d(SPD), hermitian=True)
sample("linalg.svdvals", d(Z))
sample("linalg.qr", d(Z))
sample("linalg.qr", d(TALL + 1j * TALL[::-1]))

for _ord in [None, 1, 2, 3, 2.5, np.inf, -np.inf]:
    sample("linalg.norm", d(V), _ord)
    sample("linalg.norm", d(np.array([0.0, 2.0, -1.0])), _ord)
for _ord in [1, 2, 3, np.inf]:
    sample("linalg.vector_norm", d(V + 1j), ord=_ord)
sample("linalg.norm", d(V), -1)
sample("linalg.norm", d(V), 0.5)
sample("linalg.norm", d(A), axis=1, keepdims=True)
sample("linalg.norm", d(STACK), 3, axis=-1)
sample("linalg.vector_norm", d(STACK), axis=(0, 2), keepdims=True)
sample("linalg.vector_norm", d(STACK), ord=3)
for _ord in ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf]:
    sample("linalg.norm", d(A), _ord)
    sample("linalg.norm", d(STACK[..., :2]), _ord, axis=(2, 0), keepdims=True)
    sample("linalg.matrix_norm", d(Z[:2, :2]), ord=_ord, keepdims=True)
for _p in [None, 2, -2, 1, np.inf, "fro", "nuc"]:
    sample("linalg.cond", d(A), _p)
sample("linalg.cond", d(STACK))
sample("linalg.matrix_norm", d(STACK))

for _n in [-3, -1, 1, 2, 3, 5]:
    sample("linalg.matrix_power", d(A), _n)
sample("linalg.matrix_power", d(STACK), 4)
sample("linalg.matrix_power", d(A), 0)
sample("linalg.multi_dot", [d(A), d(B), d(WIDE)])
sample("linalg.multi_dot", [d(V), d(A), d(B), d(V[:2])])
sample("linalg.multi_dot", [d(A), d(B)])
sample("linalg.outer", d(V), d(V[:2] * 2))
sample("linalg.cross", d(A), d(A[::-1] + 1))
sample("linalg.cross", d(A), d(A[::-1] + 1), axis=0)
sample("linalg.tensordot", d(STACK), d(A))
sample("linalg.tensordot", d(STACK), d(A), axes=1)
sample("linalg.vecdot", d(A), d(V))
sample("linalg.matmul", d(STACK), d(B))
sample("linalg.matrix_transpose", d(STACK))
sample("linalg.diagonal", d(STACK), offset=1)
sample("linalg.trace", d(STACK), offset=-1)
sample("linalg.trace", d(A))
