"""Gates of square matrices and systems: inv, solve, det, cofactor, log |det|, its phase, and the pseudoinverse.

The last two axes are the matrix, those before are a stack. A derivative uses transposes and no conjugates, also for
complex matrices, as `complex_numbers` explains. Builds on the engine and shaping.

Sources: Giles, An extended collection of matrix derivative results, 2008; Golub and Pereyra, The differentiation of
pseudo-inverses and nonlinear least squares problems, 1973.
"""

from typing import Any

import numpy as np

from ..downstream import conjugate
from ..engine import gate
from .shaping import PICKED, getitem, scatter

__all__ = ["cofactor", "det", "det_phase", "inv", "logabsdet", "pinv", "solve"]


def bare(x: Any) -> Any:
    """The numbers of an array or a Value: what a decision is made by."""
    return getattr(x, "_data", x)


@gate(x=lambda g, out, x: -(out.mT @ g @ out.mT), symbol="X⁻¹")
def inv(x: Any) -> Any:
    """Inverse: -X⁻ᵀ·g·X⁻ᵀ."""
    return np.linalg.inv(x)


@gate(
    a=lambda g, out, a, b: -(np.linalg.solve(a.mT, g) @ out.mT),
    b=lambda g, out, a, b: np.linalg.solve(a.mT, g),
    symbol="A⁻¹B",
)
def solve(a: Any, b: Any) -> Any:
    """Solve A·X = B: B gets A⁻ᵀ·g, A minus that times Xᵀ."""
    return np.linalg.solve(a, b)


def _minors(n: int) -> tuple[Any, Any, Any]:
    """Rows and columns that remain without row i and column j, and the signs (-1)^(i+j), each for all i, j."""
    rest = np.array([[k for k in range(n) if k != i] for i in range(n)], int).reshape(n, n - 1)
    rows = np.broadcast_to(rest[:, None, :, None], (n, n, n - 1, n - 1))
    columns = np.broadcast_to(rest[None, :, None, :], (n, n, n - 1, n - 1))
    return rows, columns, (-1.0) ** np.add.outer(np.arange(n), np.arange(n))


def _cofactor_by_x(g: Any, out: Any, x: Any) -> Any:
    """C = det(X)·X⁻ᵀ, so (⟨g, C⟩C - C gᵀC)/det; for singular matrices by the cofactors of all minors."""
    n, numbers = x.shape[-1], bare(x)
    if not n:
        return g
    sizes = np.linalg.svd(numbers, compute_uv=False)
    if np.all(sizes[..., -1] > np.sqrt(np.finfo(numbers.dtype).eps) * sizes[..., 0]):
        total = np.sum(g * out, axis=(-2, -1), keepdims=True)
        return (total * out - out @ g.mT @ out) / np.linalg.det(x)[..., None, None]
    rows, columns, signs = _minors(n)
    index = (Ellipsis, PICKED, PICKED)
    inner = cofactor(getitem(x, rows, columns, index=index))
    weights = (g * signs.astype(numbers.dtype))[..., None, None]
    return scatter(weights * inner, rows, columns, index=index, shape=x.shape)


@gate(x=_cofactor_by_x, symbol="cof")
def cofactor(x: Any) -> Any:
    """Matrix of cofactors, det(X)·X⁻ᵀ, made from the singular values so that it exists for singular matrices."""
    if not x.shape[-1]:
        return x * 1
    u, s, vh = np.linalg.svd(x)
    ones = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], -1), -1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], -1), -1)[..., ::-1]
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return (sign[..., None, None] * conjugate(u)) @ ((before * after)[..., None] * conjugate(vh))


@gate(x=lambda g, out, x: g[..., None, None] * cofactor(x), symbol="det")
def det(x: Any) -> Any:
    """Determinant: each element gets its cofactor times the upstream gradient, right for singular matrices too."""
    return np.linalg.det(x)


@gate(x=lambda g, out, x: g[..., None, None] * np.linalg.inv(x).mT, symbol="log|det|")
def logabsdet(x: Any) -> Any:
    """Logarithm of |det X|, never overflowing: X⁻ᵀ times the upstream gradient."""
    return np.linalg.slogdet(x)[1]


def _phase_by_x(g: Any, out: Any, x: Any) -> Any:
    """d phase = i·phase·Im tr(X⁻¹dX); the sign of a real determinant does not change."""
    if x.dtype.kind != "c":
        return np.zeros_like(x)
    return (np.imag(g * out) * 1j)[..., None, None] * np.linalg.inv(x).mT


@gate(x=_phase_by_x, symbol="det/|det|")
def det_phase(x: Any) -> Any:
    """Sign of a determinant, or its phase where it is complex: only a phase changes."""
    return np.linalg.slogdet(x)[0]


def _pinv_by_x(g: Any, out: Any, x: Any, *, rcond: float) -> Any:
    """-PᴴGPᴴ + (1 - XP)GᴴPPᴴ + PᴴPGᴴ(1 - PX) for the conjugates G, of matrices that keep their rank."""
    g = conjugate(g)
    p, ph, gh = out, conjugate(out.mT), conjugate(g.mT)
    down = (gh - x @ (p @ gh)) @ (p @ ph) + (ph @ p) @ (gh - (gh @ p) @ x) - ph @ g @ ph
    return conjugate(down)


@gate(x=_pinv_by_x, symbol="X⁺")
def pinv(x: Any, *, rcond: float) -> Any:
    """Pseudoinverse: the derivative among matrices of the same rank; singular values up to rcond·largest count as 0."""
    return np.linalg.pinv(x, rcond=rcond)
