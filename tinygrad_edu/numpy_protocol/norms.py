"""Norms and condition numbers of vectors and matrices. Builds on `registry` and `linalg`.

A norm has a kink at 0: its gradient there is 0. Maxima share ties as `tie_policy` says.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import SettingError, ShapeError
from ..gates import norms, reduction
from .registry import array, implements, on_numbers, whole

__all__: list[str] = []  # entered in the registry, called by NumPy's own names

Axis = int | tuple[int, ...] | None


def _vector(x: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    """The norm of vectors; with ord=0 the number of elements that are not 0, constant."""
    if ord in (None, 2):
        return reduction.norm(x, axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise SettingError(f"norm order {ord!r} is one of matrices: give a number, or two axes")
    if ord == 0:
        return on_numbers(np.linalg.norm, x, 0, axis, keepdims)
    if np.isinf(ord):
        return (np.max if ord > 0 else np.min)(np.abs(x), axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis, keepdims=keepdims)
    return norms.p_norm(x, p=float(ord), axis=axis, keepdims=keepdims)


_OF_SINGULAR: dict[Any, Callable[..., Any]] = {2: np.max, -2: np.min, "nuc": np.sum}
_OF_SUMS: dict[Any, tuple[Callable[..., Any], int]] = {
    1: (np.max, -2),
    -1: (np.min, -2),
    np.inf: (np.max, -1),
    -np.inf: (np.min, -1),
}


def _matrix(x: Any, ord: Any, axis: tuple[int, int], keepdims: bool) -> Any:
    """The norm of the matrices that lie along two axes."""
    if ord in (None, "fro", "f"):
        return reduction.norm(x, axis=axis, keepdims=keepdims)
    moved = np.moveaxis(x, axis, (-2, -1))
    if ord in _OF_SINGULAR:
        result = _OF_SINGULAR[ord](np.linalg.svdvals(moved), -1)
    elif ord in _OF_SUMS:
        best, summed = _OF_SUMS[ord]
        result = best(np.sum(np.abs(moved), summed), -1)
    else:
        raise SettingError(f"norm order {ord!r} of matrices: one of 'fro', 'nuc', 1, -1, 2, -2, inf, -inf")
    return result.reshape(reduction.kept_shape(x.shape, axis)) if keepdims else result


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    axis = whole(axis)
    if axis is None and (ord is None or x.ndim == 1):
        return _vector(x, ord, None, keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _vector(x, ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ShapeError(f"np.linalg.norm of shape {x.shape}: give one axis for vectors, or two for matrices")
    return _matrix(x, ord, (axes[0], axes[1]), keepdims)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return _vector(x, ord, whole(axis), keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _matrix(x, ord, (-2, -1), keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    x = array(x)
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return _matrix(x, p, (-2, -1), False) * _matrix(np.linalg.inv(x), p, (-2, -1), False)
