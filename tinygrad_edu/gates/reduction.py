"""Gates that reduce axes: sum, mean, max, min, prod, var, std, norm, logsumexp. Builds on the engine and shaping.

`axis` is None (all), a number or a tuple; `keepdims` keeps the reduced axes with length one.
"""

from typing import Any

import numpy as np

from ..downstream import conjugate
from ..engine import gate
from .shaping import broadcast_to

__all__ = [
    "kept_shape",
    "logsumexp",
    "max_",
    "mean",
    "min_",
    "norm",
    "prod",
    "quotient",
    "reduced_axes",
    "std",
    "sum_",
    "var",
]

Axis = int | tuple[int, ...] | None


def reduced_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes reduced, counted from the front."""
    if axis is None or not ndim:  # NumPy lets a scalar be reduced over axis 0
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def kept_shape(shape: tuple[int, ...], axis: Axis) -> tuple[int, ...]:
    """The shape after a reduction with keepdims=True."""
    axes = reduced_axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def kept(reduced: Any, x: Any, axis: Axis) -> Any:
    """A reduced array with its axes back at length one, so that it broadcasts against `x`."""
    return reduced.reshape(kept_shape(x.shape, axis))


def count(x: Any, axis: Axis) -> int:
    """How many elements each reduced one was made from."""
    return int(np.prod([x.shape[a] for a in reduced_axes(axis, x.ndim)], dtype=int))


@gate(x=lambda g, out, x, *, axis, keepdims: broadcast_to(kept(g, x, axis), shape=x.shape), symbol="Σ")
def sum_(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Sum: every element gets the upstream gradient."""
    return np.add.reduce(x, axis, keepdims=keepdims)


@gate(
    x=lambda g, out, x, *, axis, keepdims: broadcast_to(kept(g, x, axis) / max(count(x, axis), 1), shape=x.shape),
)
def mean(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Mean: every element gets the upstream gradient over their number."""
    return np.mean(x, axis, keepdims=keepdims)


def _share(g: Any, out: Any, x: Any, *, axis: Axis, keepdims: bool, ties: str) -> Any:
    """The upstream gradient at the winners, shared as `ties` says; a nan wins over everything."""
    winners = np.equal(x, kept(out, x, axis)) | np.not_equal(x, x)
    if ties == "first":
        axes = reduced_axes(axis, x.ndim)
        rest = tuple(i for i in range(x.ndim) if i not in axes)
        rows = winners.transpose(rest + axes).reshape(*[x.shape[i] for i in rest], -1)
        first = (rows & (np.cumsum(rows, axis=-1) == 1)).reshape([x.shape[i] for i in rest + axes])
        winners = first.transpose(np.argsort(rest + axes))
    elif ties == "split":
        winners = winners / winners.sum(reduced_axes(axis, x.ndim), keepdims=True).astype(x.dtype)
    return kept(g, x, axis) * winners


@gate(x=_share, symbol="max")
def max_(x: Any, *, axis: Axis = None, keepdims: bool = False, ties: str = "split") -> Any:
    """Maximum: the gate routes, the largest element gets the upstream gradient and the others 0."""
    return np.maximum.reduce(x, axis, keepdims=keepdims)


@gate(x=_share, symbol="min")
def min_(x: Any, *, axis: Axis = None, keepdims: bool = False, ties: str = "split") -> Any:
    """Minimum: the gate routes, the smallest element gets the upstream gradient and the others 0."""
    return np.minimum.reduce(x, axis, keepdims=keepdims)


def _product_of_others(x: Any, axis: Axis) -> Any:
    """For each element the product of all others: up a tree of pairs, then down with each pair exchanged.

    Dividing the product by the element would give 0/0 at a zero.
    """
    axes = reduced_axes(axis, x.ndim)
    order = (*(i for i in range(x.ndim) if i not in axes), *axes)
    moved = np.transpose(x, order)
    rest, n = moved.shape[: x.ndim - len(axes)], count(x, axis)
    padding = np.ones((*rest, (1 << max(n - 1, 0).bit_length()) - n), x.dtype)
    pairs = [np.concatenate([moved.reshape((*rest, n)), padding], axis=-1)]
    while pairs[-1].shape[-1] > 1:
        pairs.append(pairs[-1][..., 0::2] * pairs[-1][..., 1::2])
    others = np.ones((*rest, 1), x.dtype)
    for level in pairs[-2::-1]:
        swapped = level.reshape((*rest, level.shape[-1] // 2, 2))[..., ::-1]
        others = (np.expand_dims(others, -1) * swapped).reshape(level.shape)
    return np.transpose(others[..., :n].reshape(moved.shape), tuple(np.argsort(order).tolist()))


@gate(x=lambda g, out, x, *, axis, keepdims: kept(g, x, axis) * _product_of_others(x, axis), symbol="Π")
def prod(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Product: each element gets the upstream gradient times the product of the others, right at zeros too."""
    return np.multiply.reduce(x, axis, keepdims=keepdims)


def _centred(x: Any, axis: Axis) -> Any:
    return x - np.mean(x, axis=axis, keepdims=True)


@gate(
    x=lambda g, out, x, *, axis, ddof, keepdims: (
        kept(g, x, axis) * (2 / (count(x, axis) - ddof)) * conjugate(_centred(x, axis)) if x.size else x * 0
    ),
    parts=lambda x, *, axis, ddof, keepdims: (
        np.sum(np.square(_centred(x, axis)), axis=axis, keepdims=keepdims) / (count(x, axis) - ddof)
    ),
)
def var(x: Any, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Variance: each element gets 2·(x - mean)/(n - ddof) of the upstream gradient."""
    return np.var(x, axis, ddof=ddof, keepdims=keepdims)


def quotient(numerator: Any, denominator: Any) -> Any:
    """numerator / denominator, and 0 where the denominator is 0: the subgradient of a norm at its kink."""
    zero = np.equal(denominator, 0)
    return numerator * np.where(zero, 0, 1 / np.where(zero, 1, denominator))


@gate(
    x=lambda g, out, x, *, axis, ddof, keepdims: (
        kept(quotient(g, out), x, axis) / (count(x, axis) - ddof) * conjugate(_centred(x, axis)) if x.size else x * 0
    ),
    parts=lambda x, *, axis, ddof, keepdims: np.sqrt(np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)),
)
def std(x: Any, *, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Any:
    """Standard deviation: each element gets (x - mean)/((n - ddof)·std) of the upstream gradient, 0 where std is 0."""
    return np.std(x, axis, ddof=ddof, keepdims=keepdims)


_SMALLEST = {np.dtype(kind).char: np.finfo(kind).tiny / np.finfo(kind).eps for kind in (np.float16, np.float32, float)}


def _sum_of_squares(x: Any, axis: Axis, keepdims: bool) -> Any:
    with np.errstate(over="ignore"):
        squares = np.square(x) if x.dtype.kind != "c" else np.square(x.real) + np.square(x.imag)
        return np.add.reduce(squares, axis, keepdims=keepdims)


@gate(x=lambda g, out, x, *, axis, keepdims: kept(quotient(g, out), x, axis) * conjugate(x), symbol="‖x‖")
def norm(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Euclidean norm over `axis` (all by default): each element gets x/‖x‖ of the upstream gradient, 0 at x = 0."""
    total = _sum_of_squares(x, axis, keepdims)
    if np.logical_and(total > _SMALLEST[total.dtype.char], total < np.inf).all():
        return np.sqrt(total)
    # Squares leave the range long before the norm does: those of 1e20 and 1e-25 in single precision.
    largest = np.maximum.reduce(np.abs(x), axis, keepdims=True, initial=0)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1).astype(total.dtype)
    return np.sqrt(_sum_of_squares(x / scale, axis, keepdims)) * scale.reshape(total.shape)


@gate(
    x=lambda g, out, x, *, axis, keepdims: kept(g, x, axis) * np.exp(x - kept(out, x, axis)),
    symbol="log Σ exp",
    parts=lambda x, *, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
)
def logsumexp(x: Any, *, axis: Axis = None, keepdims: bool = False) -> Any:
    """Log of the sum of exponentials, never overflowing: each element gets its softmax share of the gradient."""
    highest = np.maximum.reduce(x, axis, keepdims=True)
    shift = np.where(np.isfinite(highest), highest, 0)
    total = np.log(np.add.reduce(np.exp(x - shift), axis, keepdims=True)) + shift
    return total if keepdims else total.reshape(np.add.reduce(x, axis).shape)
