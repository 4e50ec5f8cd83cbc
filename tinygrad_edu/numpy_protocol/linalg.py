"""numpy.linalg on Values: systems, determinants, decompositions, and the products under their linalg names.

Norms stand in `norms`. Builds on `registry`.
"""

from math import prod
from typing import Any

import numpy as np

from ..errors import SettingError, ShapeError
from ..gates import decompositions, inverses
from .registry import array, bare, constant, fronts, implements, missing, on_numbers, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names

_RESULTS = {
    name: type(getattr(np.linalg, name)(np.eye(1))) for name in ("eig", "eigh", "qr", "slogdet", "svd")
}  # NumPy's named tuples

constant(np.linalg.matrix_rank)


# Systems and determinants

implements(np.linalg.inv)(inverses.inv)
implements(np.linalg.det)(inverses.det)


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    return inverses.solve(a, b[:, None])[..., 0] if b.ndim == 1 else inverses.solve(a, b)


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    sign = inverses.det_phase(a) if np.iscomplexobj(a) else on_numbers(np.linalg.slogdet, a)[0]
    return _RESULTS["slogdet"](sign, inverses.logabsdet(a))


def _hermitian(a: Any) -> Any:
    """The matrix whose lower triangle is that of a."""
    return np.tril(a) + decompositions.adjoint(np.tril(a, -1))


@implements(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = missing) -> Any:
    if rcond is None:
        precise = max(a.shape[-2:]) * float(np.finfo(a.dtype).eps)
        rcond = 1e-15 if rtol is missing else precise if rtol is None else rtol
    return inverses.pinv(_hermitian(a) if hermitian else a, rcond=bare(rcond))


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """(pinv(a) @ b, squared residuals, rank, singular values); the rank is constant for the derivative."""
    a, b = array(a), array(b)
    m, n = a.shape
    rcond = np.finfo(np.result_type(a.dtype, b.dtype)).eps * max(m, n) if rcond in (None, -1) else rcond
    rank = np.linalg.lstsq(bare(a), bare(b), rcond)[2]
    x = inverses.pinv(a, rcond=float(rcond)) @ b
    squares = np.abs(b - a @ x) ** 2 if np.iscomplexobj(a) or np.iscomplexobj(b) else np.square(b - a @ x)
    residuals = np.atleast_1d(np.sum(squares, 0)) if rank == n and m > n else np.empty(0, x.dtype)
    return x, residuals, rank, np.linalg.svdvals(a)


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = array(a), array(b)
    if axes is not None:
        last = fronts(axes, a.ndim)
        a = np.transpose(a, (*(k for k in range(a.ndim) if k not in last), *last))
    shape = a.shape[b.ndim :]
    if a.size != prod(shape) ** 2 or a.size != b.size**2:
        raise ShapeError(f"np.linalg.tensorsolve: {a.shape} is not square as a map from {shape} to {b.shape}")
    return np.linalg.solve(a.reshape((b.size, prod(shape))), b.reshape((b.size,))).reshape(shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    if ind <= 0:
        raise SettingError(f"np.linalg.tensorinv(…, ind={ind}): ind must be positive")
    rows = prod(a.shape[ind:])
    return np.linalg.inv(a.reshape((a.size // max(rows, 1), rows))).reshape(a.shape[ind:] + a.shape[:ind])


# Decompositions


@implements(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    adjoint = decompositions.adjoint
    return adjoint(decompositions.cholesky(adjoint(a))) if upper else decompositions.cholesky(a)


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    if UPLO.upper() not in ("L", "U"):
        raise SettingError(f"np.linalg.eigh(…, UPLO={UPLO!r}): 'L' or 'U'")
    w, v = decompositions.unpacked_eig(decompositions.eigh(a, upper=UPLO.upper() == "U"))
    return _RESULTS["eigh"](np.real(w), v)


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return eigh(a, UPLO)[0]


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    return _RESULTS["eig"](*decompositions.unpacked_eig(decompositions.eig(a)))


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    return eig(a)[0]


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    return decompositions.unpacked_svd(decompositions.svd(x), x.shape[-2])[1]


def _completed(x: Any, vectors: Any, whole: Any) -> Any:
    """Orthonormal columns with those that NumPy completes a basis with behind them."""
    rest = whole[..., vectors.shape[-1] :]
    return np.concatenate([vectors, decompositions.undetermined(x, rest)], -1) if rest.shape[-1] else vectors


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    a = _hermitian(a) if hermitian else a
    u, s, v = decompositions.unpacked_svd(decompositions.svd(a), a.shape[-2])
    if not compute_uv:
        return s
    if full_matrices and a.shape[-2] != a.shape[-1]:
        whole = np.linalg.svd(bare(a))
        u, v = _completed(a, u, whole.U), _completed(a, v, decompositions.adjoint(whole.Vh))
    return _RESULTS["svd"](u, s, decompositions.adjoint(v))


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    if mode not in ("reduced", "complete", "r"):
        refuse("linalg.qr", mode=mode)
    m, n = a.shape[-2:]
    k = min(m, n)
    q, r = decompositions.unpacked_qr(decompositions.qr(a[..., :k] if n > m else a), m)
    if n > m:
        r = np.concatenate([r, decompositions.adjoint(q) @ a[..., k:]], -1)
    if mode == "r":
        return r
    if mode == "complete" and m > n:
        q = _completed(a, q, np.linalg.qr(bare(a), "complete").Q)
        r = np.concatenate([r, np.zeros((*r.shape[:-2], m - n, n), r.dtype)], -2)
    return _RESULTS["qr"](q, r)


# Products under their linalg names


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Squares of squares: as many products as the binary digits of n."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    half = matrix_power(a, n // 2) if n > 1 else None
    square = half @ half if half is not None else a
    return square @ a if n > 1 and n % 2 else square


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any, *, out: Any = None) -> Any:
    refuse("linalg.multi_dot", out=out)
    arrays = [array(x) for x in arrays]
    labels, terms, last = iter("abcdefghijklmnopqrstuvwxyz"), [], ""
    for x in arrays:
        first = last or (next(labels) if x.ndim == 2 or x is not arrays[0] else "")
        last = next(labels) if x.ndim == 2 or x is arrays[0] else ""
        terms.append(first + last)
    result = (terms[0][0] if arrays[0].ndim == 2 else "") + (terms[-1][-1] if arrays[-1].ndim == 2 else "")
    return np.einsum(f"{','.join(terms)}->{result}", *arrays, optimize="optimal")


@implements(np.linalg.outer)
def outer(x1: Any, x2: Any, /) -> Any:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ShapeError(f"np.linalg.outer({np.shape(x1)}, {np.shape(x2)}): both must be vectors, as for np.outer not")
    return np.outer(x1, x2)


@implements(np.linalg.cross)
def cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return np.cross(x1, x2, axis=axis)


@implements(np.linalg.tensordot)
def tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return np.tensordot(x1, x2, axes)


@implements(np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return np.vecdot(x1, x2, axis=axis)


@implements(np.linalg.matmul)
def matmul(x1: Any, x2: Any, /) -> Any:
    return np.matmul(x1, x2)


@implements(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return np.matrix_transpose(x)


@implements(np.linalg.diagonal)
def diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return np.diagonal(x, offset, -2, -1)


@implements(np.linalg.trace)
def trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return np.trace(x, offset, -2, -1, dtype)
