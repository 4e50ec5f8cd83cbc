"""Products of arrays: dot, vdot, inner, outer, kron, cross, tensordot, einsum. Builds on `registry`."""

from math import prod
from string import ascii_letters
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..gates import arithmetic, linear
from .registry import array, fronts, implements, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    refuse("dot", out=out)
    if not np.ndim(a) or not np.ndim(b):
        return arithmetic.mul(a, b)
    if np.ndim(b) > 2:
        return np.tensordot(a, b, ((-1,), (-2,)))
    return linear.matmul(a, b)


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return arithmetic.mul(a, b)
    return np.tensordot(a, b, ((-1,), (-1,)))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    refuse("outer", out=out)
    return linear.outer(a, b)


def _spelled(listed: list[Any]) -> tuple[str, Any]:
    """Operands each followed by the list of its axes, as subscripts of letters and the operands."""
    operands, axes = listed[: len(listed) // 2 * 2 : 2], listed[1::2]
    result = listed[-1:] if len(listed) % 2 else []
    numbers = sorted({k for labels in [*axes, *result] for k in labels if k is not Ellipsis})
    letter = {**dict(zip(numbers, ascii_letters, strict=False)), Ellipsis: "..."}
    terms = ["".join(letter[k] for k in labels) for labels in [*axes, *result]]
    return ",".join(terms[: len(axes)]) + ("->" + terms[-1] if result else ""), operands


@implements(np.einsum)
def einsum(subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **options: Any) -> Any:
    refuse("einsum", out=out, **options)
    if not isinstance(subscripts, str):
        subscripts, operands = _spelled([subscripts, *operands])
    return linear.einsum(*operands, subscripts=subscripts, optimize=optimize)


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    return np.dot(conjugated(np.ravel(a)), np.ravel(b))


def conjugated(x: Any) -> Any:
    """The complex conjugate, which a real array is already."""
    return np.conj(x) if np.iscomplexobj(x) else x


@implements(np.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    x1, x2 = (np.moveaxis(array(x), axis, -1) for x in (x1, x2))
    return np.einsum("...i,...i->...", conjugated(x1), x2)


@implements(np.matvec)
def matvec(x1: Any, x2: Any, /) -> Any:
    return (x1 @ array(x2)[..., None])[..., 0]


@implements(np.vecmat)
def vecmat(x1: Any, x2: Any, /) -> Any:
    return (conjugated(array(x1))[..., None, :] @ x2)[..., 0, :]


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    a, b = array(a), array(b)
    ndim = max(a.ndim, b.ndim)
    first, second = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    spread = tuple(n for length in first for n in (length, 1))
    product = a.reshape(spread) * b.reshape(tuple(n for length in second for n in (1, length)))
    return product.reshape(tuple(m * n for m, n in zip(first, second, strict=True)))


@implements(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = np.moveaxis(array(a), axisa, -1), np.moveaxis(array(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ShapeError(f"np.cross({a.shape}, {b.shape}): both need three components along their axis")
    turned = np.roll(a, -1, -1) * np.roll(b, 1, -1) - np.roll(a, 1, -1) * np.roll(b, -1, -1)
    return np.moveaxis(turned, -1, axisc)


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = array(a), array(b)
    over_a, over_b = (range(-axes, 0), range(axes)) if isinstance(axes, int) else map(np.atleast_1d, axes)
    over = [fronts(tuple(axis), x.ndim) for x, axis in ((a, over_a), (b, over_b))]
    free = [[k for k in range(x.ndim) if k not in axis] for x, axis in zip((a, b), over, strict=True)]
    shapes = [tuple(x.shape[k] for k in axis) for x, axis in zip((a, b), over, strict=True)]
    if shapes[0] != shapes[1]:
        raise ShapeError(f"np.tensordot({a.shape}, {b.shape}, axes={axes}): summed lengths {shapes[0]} and {shapes[1]}")
    left, right = tuple(a.shape[k] for k in free[0]), tuple(b.shape[k] for k in free[1])
    rows = np.transpose(a, (*free[0], *over[0])).reshape((prod(left), prod(shapes[0])))
    columns = np.transpose(b, (*over[1], *free[1])).reshape((prod(shapes[0]), prod(right)))
    return (rows @ columns).reshape(left + right)
