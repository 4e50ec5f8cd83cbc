"""Samples of inverses and determinants, singular matrices among them, and of matrices taken apart."""

import numpy as np

from .samples import call, samples

A = np.array([[1.5, -2.1, 0.3], [0.25, 3.2, -0.6], [0.7, 0.4, 2.1]])
STACK = np.stack([A, A.T @ np.diag([1.0, -2.0, 0.5])])
Z = A + 1j * np.array([[0.3, 1.1, -0.4], [-0.8, 0.2, 0.9], [0.5, -0.7, 0.1]])
TALL = np.array([[0.5, 1.0], [-1.2, 0.3], [2.0, -0.7], [0.1, 1.4]])
SPD = A @ A.T + np.eye(3)
SINGULAR = np.array([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.3, -1.0, 0.7]])
NIL = np.zeros((3, 3))

samples("inv", *map(call, [A, STACK, Z, A[:1, :1]]))
samples("solve", call(A, TALL[:3]), call(STACK, TALL[:3]), call(A, STACK), call(Z, TALL[:3]))
samples("det", *map(call, [A, STACK, Z, SINGULAR, NIL, np.ones((3, 3)), A[:1, :1], A[:0, :0]]))
samples("cofactor", *map(call, [A, STACK, Z, SINGULAR, NIL, np.ones((4, 4)), A[:1, :1], A[:2, :2]]))
samples("logabsdet", *map(call, [A, STACK, Z, -A]))
samples("det_phase", *map(call, [A, Z]))
samples("pinv", *[call(x, rcond=1e-12) for x in [A, TALL, TALL.T, Z]])

samples("eigh", call(A, upper=False), call(A, upper=True), call(STACK, upper=False))
samples("eig", call(A[:2, :2] @ A[:2, :2].T), call(SPD @ np.diag([1.0, 2.0, 3.0])))
samples("svd", *map(call, [A, STACK, TALL, TALL.T]))
samples("qr", *map(call, [A, STACK, TALL, Z]))
samples("cholesky", *map(call, [SPD, np.stack([SPD, 2 * SPD + np.eye(3)]), Z @ Z.conj().T + np.eye(3)]))
samples("undetermined", call(TALL, TALL[:, :0]).by(0))

samples(
    "p_norm",
    *[call(A, p=p, axis=axis, keepdims=keep) for p in (0.5, 1.5, 3.0) for axis, keep in [(None, False), (1, True)]],
    call(np.array([0.0, 2.0, -1.0]), p=3.0, axis=None, keepdims=False),
    call(Z, p=3.0, axis=0, keepdims=False),
)
