"""Gates that take a matrix apart: eigh, eig, svd, qr, cholesky. Builds on the engine.

A gate has one output, a decomposition several. So its output is all of them packed in one array, and the caller cuts
them out by indexing (`unpacked_…`), which gates do: one decomposition forward, one derivative that sees the upstream
gradients of all parts together, the second order for free. The values lie in a row above the vectors:

    eigh, eig   [w; V]     (n + 1, n)
    svd         [U; s; V]  (m + 1 + n, k), V = conj(Vh)ᵀ
    qr          [Qᵀ, R]    (n, m + n)

Where values repeat, or are 0, their vectors are not determined: a function of the values alone has its gradient, one
of those vectors raises `DegenerateError`. So does a second derivative there, even where it exists, since the gates see
0/0 and not its limit. Functions that see the arbitrary phase of complex vectors raise it too. eigh and cholesky read
one triangle, and give the gradient of what they read.

The formulas are written for conjugates (G, as in .grad), in the notation of their sources: Giles, Collected matrix
derivative results for forward and reverse mode algorithmic differentiation, 2008; Wan and Zhang, Automatic
differentiation for complex valued SVD, 2019; Boeddeker et al., On the computation of complex-valued gradients with
application to statistically optimum beamforming, 2017; Roberts and Roberts, QR and LQ decomposition matrix
backpropagation algorithms, 2020.
"""

from typing import Any

import numpy as np

from ..downstream import conjugate
from ..engine import gate
from ..errors import DegenerateError
from .inverses import bare

__all__ = ["cholesky", "eig", "eigh", "qr", "svd", "undetermined", "unpacked_eig", "unpacked_qr", "unpacked_svd"]


def adjoint(x: Any) -> Any:
    """The conjugate transpose."""
    return conjugate(x.mT)


def skew(x: Any) -> Any:
    """X - Xᴴ: how vectors turn among each other."""
    return x - adjoint(x)


def resolved(numerator: Any, gap: Any, what: str, values: Any, g: Any) -> Any:
    """numerator / gap between the vectors i and j, 0 where the gap is and the function uses neither vector.

    Where it uses one of them there is no derivative, or one that 0/0 does not tell: DegenerateError. On the diagonal
    stands the change of a vector's phase, which must be 0.
    """
    n, eps = values.shape[-1], np.finfo(values.dtype).eps
    size = np.abs(bare(g))
    largest = np.max(np.abs(bare(values)), -1, initial=0)[..., None, None]
    zero = np.abs(bare(gap)) <= 8 * n * eps * largest
    used = np.any(size > 0, -2)
    turning = np.abs(bare(numerator)) > np.sqrt(eps) * np.max(size, (-2, -1), initial=0)[..., None, None]
    square = zero.shape[-2] == n
    apart = ~np.eye(n, dtype=bool) & (used[..., None, :] | used[..., :, None]) if square else used[..., None, :]
    if np.any(zero & (apart | turning)):
        raise degenerate(what)
    return np.where(zero, 0, numerator) / np.where(zero, 1, gap)


def degenerate(what: str) -> DegenerateError:
    """The error for a function of vectors that their matrix does not determine."""
    return DegenerateError(
        f"gate {what}: where values repeat or are 0, the vectors have no derivative, and the values no second one; nor "
        "has a function for which the phase of complex vectors counts. Use the values to first order, a function of "
        "the whole matrix (np.sum(x * x) for the sum of squared values; inv, solve, pinv, matrix_power), or move the "
        "matrix off the repeated values"
    )


def _halved(x: Any) -> Any:
    """A factor for square matrices that halves the diagonal."""
    return 1 - np.eye(x.shape[-1], dtype=x.dtype) / 2


def folded(hermitian: Any, upper: bool) -> Any:
    """The gradient of a triangle that stands for a whole Hermitian matrix."""
    both = (hermitian + adjoint(hermitian)) * _halved(hermitian)
    return np.triu(both) if upper else np.tril(both)


def unpacked_eig(packed: Any) -> tuple[Any, Any]:
    """Values and vectors of eigh or eig."""
    return packed[..., 0, :], packed[..., 1:, :]


def _diagonal(x: Any) -> Any:
    """A vector as a diagonal matrix."""
    return x[..., None] * np.eye(x.shape[-1], dtype=x.dtype)


def _eigh_by_x(g: Any, out: Any, x: Any, *, upper: bool) -> Any:
    """V (diag gw + skew(Vᴴ gV) / 2(wⱼ - wᵢ)) Vᴴ."""
    (w, v), (gw, gv) = unpacked_eig(out), unpacked_eig(conjugate(g))
    w = np.real(w)
    gap = w[..., None, :] - w[..., :, None]
    inner = _diagonal(np.real(gw)) + resolved(skew(adjoint(v) @ gv) / 2, gap, "eigh", w, gv)
    return conjugate(folded(v @ inner @ adjoint(v), upper))


@gate(x=_eigh_by_x, symbol="VΛVᴴ")
def eigh(x: Any, *, upper: bool = False) -> Any:
    """Eigenvalues and -vectors of a symmetric matrix, packed [w; V]: values pass vᵢvᵢᴴ back, vectors turn."""
    w, v = np.linalg.eigh(x, "U" if upper else "L")
    return np.concatenate([w[..., None, :].astype(v.dtype), v], -2)


def _eig_by_x(g: Any, out: Any, x: Any) -> Any:
    """V⁻ᴴ (diag gw + (Vᴴ gV - VᴴV Re diag(Vᴴ gV)) / conj(wⱼ - wᵢ)) Vᴴ, the vectors having length one."""
    (w, v), (gw, gv) = unpacked_eig(out), unpacked_eig(conjugate(g))
    turned = adjoint(v) @ gv
    independent = np.linalg.svd(bare(v), compute_uv=False)[..., -1:]
    if np.any(independent <= 8 * w.shape[-1] * np.finfo(independent.dtype).eps):
        raise degenerate("eig")
    lengths = np.real(np.diagonal(turned, 0, -2, -1))[..., None, :]
    gap = conjugate(w[..., None, :] - w[..., :, None])
    inner = _diagonal(gw) + resolved(turned - adjoint(v) @ v * lengths, gap, "eig", w, gv)
    return conjugate(np.linalg.solve(adjoint(v), inner @ adjoint(v)))


@gate(x=_eig_by_x, symbol="VΛV⁻¹")
def eig(x: Any) -> Any:
    """Eigenvalues and -vectors of a square matrix, packed [w; V], complex where they are."""
    w, v = np.linalg.eig(x)
    return np.concatenate([w[..., None, :], v], -2)


def unpacked_svd(packed: Any, m: int) -> tuple[Any, Any, Any]:
    """U, s and V of an svd of a matrix of m rows."""
    return packed[..., :m, :], np.real(packed[..., m, :]), packed[..., m + 1 :, :]


def _outside(g: Any, vectors: Any, s: Any) -> Any:
    """(1 - UUᴴ) gU / s: how vectors leave the space they span."""
    rest = g - vectors @ (adjoint(vectors) @ g)
    return resolved(rest, np.broadcast_to(s[..., None, :], rest.shape), "svd", s, g)


def _svd_by_x(g: Any, out: Any, x: Any) -> Any:
    """U (diag gs + (a + b)/2(sⱼ - sᵢ) + (a - b)/2(sⱼ + sᵢ)) Vᴴ for the turns a of U and b of V, and what leaves."""
    m, n = x.shape[-2:]
    (u, s, v), (gu, gs, gv) = unpacked_svd(out, m), unpacked_svd(conjugate(g), m)
    a, b = skew(adjoint(u) @ gu) / 2, skew(adjoint(v) @ gv) / 2
    apart, together = s[..., None, :] - s[..., :, None], s[..., None, :] + s[..., :, None]
    both = np.concatenate([gu, gv], -2)
    inner = _diagonal(gs) + resolved(a + b, apart, "svd", s, both) + resolved(a - b, together, "svd", s, both)
    down = u @ inner @ adjoint(v)
    if m > n:
        down = down + _outside(gu, u, s) @ adjoint(v)
    if n > m:
        down = down + u @ adjoint(_outside(gv, v, s))
    return conjugate(down)


@gate(x=_svd_by_x, symbol="UΣVᴴ")
def svd(x: Any) -> Any:
    """Singular values and vectors, packed [U; s; V]: values pass uᵢvᵢᴴ back, vectors turn."""
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return np.concatenate([u, s[..., None, :].astype(u.dtype), adjoint(vh)], -2)


def unpacked_qr(packed: Any, m: int) -> tuple[Any, Any]:
    """Q and R of a qr of a matrix of m rows."""
    return packed[..., :m].mT, packed[..., m:]


def _qr_by_x(g: Any, out: Any, x: Any) -> Any:
    """(gQ + Q S) R⁻ᴴ, with S the Hermitian matrix of the upper triangle of gR Rᴴ - Qᴴ gQ."""
    m = x.shape[-2]
    (q, r), (gq, gr) = unpacked_qr(out, m), unpacked_qr(conjugate(g), m)
    diagonal = np.abs(np.diagonal(bare(r), 0, -2, -1))
    if np.any(diagonal <= 8 * m * np.finfo(diagonal.dtype).eps * np.max(diagonal, -1, initial=0, keepdims=True)):
        raise DegenerateError(f"gate qr(x {x.shape}): Singular matrix, whose columns do not determine Q: no derivative")
    triangle = np.triu(gr @ adjoint(r) - adjoint(q) @ gq)
    s = (triangle + adjoint(triangle)) * _halved(x)
    return conjugate(adjoint(np.linalg.solve(r, adjoint(gq + q @ s))))


@gate(x=_qr_by_x, symbol="QR")
def qr(x: Any) -> Any:
    """Q and R of a matrix with at least as many rows as columns and full rank, packed [Qᵀ, R]."""
    q, r = np.linalg.qr(x)
    return np.concatenate([q.mT, r], -1)


def _cholesky_by_x(g: Any, out: Any, x: Any) -> Any:
    """L⁻ᴴ Φ(Lᴴ gL) L⁻¹, where Φ takes the lower triangle and half the diagonal."""
    inner = np.tril(adjoint(out) @ conjugate(g)) * _halved(x)
    left = np.linalg.solve(adjoint(out), inner)
    return conjugate(folded(adjoint(np.linalg.solve(adjoint(out), adjoint(left))), upper=False))


@gate(x=_cholesky_by_x, symbol="LLᴴ")
def cholesky(x: Any) -> Any:
    """Lower triangle L of a positive definite matrix L·Lᴴ, read from its lower triangle."""
    return np.linalg.cholesky(x)


def _nothing(g: Any, out: Any, x: Any, vectors: Any) -> Any:
    if np.any(np.abs(bare(g)) > 0):
        raise DegenerateError(
            "these vectors only complete a basis and have no derivative: ask for full_matrices=False (svd) or "
            "mode='reduced' (qr), or use the first min(m, n) of them"
        )
    return np.zeros_like(x)


@gate(x=_nothing, symbol="⊥")
def undetermined(x: Any, vectors: Any) -> Any:
    """Vectors that belong to the matrix x but are not determined by it: an error for a gradient that is not 0."""
    return vectors
