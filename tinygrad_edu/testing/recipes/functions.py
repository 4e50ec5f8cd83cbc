"""Functions that read the same on NumPy and on PyTorch: compositions here, not gates. Builds on `parts`."""

from collections.abc import Callable
from typing import Any

import numpy

from ...calculus import checkpoint
from ..programs import Builder
from .parts import recipe, resized

__all__ = ["FUNCTIONS"]


def _times(vectors: Any, numbers: Any) -> Any:
    return vectors * numbers[..., None, :]


def _symmetric_exponential(np: Any, x: Any) -> Any:
    w, v = np.linalg.eigh((x + x.mT) * 0.5)
    return _times(v, np.exp(w * 0.1)) @ v.mT


def _singular_tanh(np: Any, x: Any) -> Any:
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    return _times(u, np.tanh(s * 0.3)) @ vh


def _orthonormal_times_triangle(np: Any, x: Any) -> Any:
    q, r = np.linalg.qr(x)
    sign = np.sign(np.diagonal(r, 0, -2, -1))  # which signs there are is a matter of rounding
    return _times(q, sign) * 2 + sign[..., None] * r


def _sorted_eigenvalues(np: Any, x: Any) -> Any:
    found = np.linalg.eigvals(x)
    found = np.real(found) if "complex" in str(found.dtype) else found
    found = np.sort(found)
    return found if hasattr(found, "shape") else found[0]


def _checkpointed(np: Any, x: Any) -> Any:
    def f(x: Any) -> Any:
        return np.tanh(x * x) * x

    return f(x) if np is not numpy or isinstance(x, numpy.ndarray | numpy.generic) else checkpoint(f)(x)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "symmetric exponential": _symmetric_exponential,
    "singular tanh": _singular_tanh,
    "orthonormal times triangle": _orthonormal_times_triangle,
    "sorted eigenvalues": _sorted_eigenvalues,
}
"""Compositions by name: each takes the module that stands for NumPy, then its inputs."""
SHARED: dict[str, Callable[..., Any]] = {
    "checkpoint": _checkpointed,
    "tril": lambda np, x: np.tril(x),
    "triu": lambda np, x: np.triu(x),
    "trace": lambda np, x: np.trace(x),
    "diag": lambda np, x: np.diag(x),
    "flip": lambda np, x: np.flip(x, (0, 1)),
    "rot90": lambda np, x: np.rot90(x),
    "kron": lambda np, x: np.kron(x, x[:1] * 0.5),
    "diff": lambda np, x: np.diff(x),
    "clip": lambda np, x: np.clip(x, -1.0, 0.5),
    "tensordot": lambda np, x: np.tensordot(x, x, 2),
    "quantile": lambda np, x: np.quantile(x, 0.3, 1),
    "nanmedian": lambda np, x: np.nanquantile(x, 0.5, 0),
    "cov": lambda np, x: np.cov(x),
    "vander": lambda np, x: np.vander(x[0]),
    "trapezoid": lambda np, x: np.trapezoid(x),
    "matrix_power": lambda np, x: np.linalg.matrix_power(x @ x.mT * 0.2, 2),
    "i0": lambda np, x: np.i0(np.tanh(x)),
    "nan_to_num": lambda np, x: np.nan_to_num(x),
    "tile": lambda np, x: np.tile(x, (2, 1)),
}
FUNCTIONS |= SHARED


@recipe(*SHARED)
def function(b: Builder, name: str) -> int:
    x = resized(b, b.pick(), (b.random.randint(2, 3), b.random.randint(2, 3)))
    return b.add(name, x)
