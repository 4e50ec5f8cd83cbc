"""Gates along a sequence: running sums and products, shifts, convolution, picking by position. Builds on the engine.

`axis` is a number here; NumPy's axis=None is a reshape before.
"""

from typing import Any

import numpy as np

from ..engine import gate

__all__ = ["add_along_axis", "convolve", "cumprod", "cumsum", "roll", "take_along_axis"]


def part(axis: int, *window: int | None) -> tuple[slice, ...]:
    """An index that slices one axis, counted from the front."""
    return (slice(None),) * axis + (slice(*window),)


@gate(
    x=lambda g, out, x, *, axis: np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis),
    symbol="Σ↦",
)
def cumsum(x: Any, *, axis: int) -> Any:
    """Running sum: each element gets the sum of the upstream gradients from its place on."""
    return np.cumsum(x, axis)


@gate(x=lambda g, out, x, *, shift, axis: np.roll(g, [-step for step in shift], axis), symbol="↻")
def roll(x: Any, *, shift: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """Shift along axes, what leaves at one end comes in at the other: the upstream gradient is shifted back."""
    return np.roll(x, shift, axis)


def _later(x: Any, step: int, axis: int) -> Any:
    """The sequence `step` places on, with zeros behind its end."""
    rest = x[part(axis, step, None)]
    return np.concatenate([rest, np.zeros_like(x[part(axis, 0, step)])], axis)


def _cumprod_by_x(g: Any, out: Any, x: Any, *, axis: int) -> Any:
    """(product before i) · (gᵢ + xᵢ₊₁ gᵢ₊₁ + xᵢ₊₁xᵢ₊₂ gᵢ₊₂ + …), the bracket in log₂ n doublings.

    Dividing by xᵢ would be shorter and give 0/0 at a zero.
    """
    axis, n = axis % x.ndim, x.shape[axis]
    before = np.concatenate([np.ones_like(x[part(axis, 0, 1)]), out[part(axis, 0, max(n - 1, 0))]], axis)
    bracket, factor, step = g, _later(x, 1, axis), 1
    while step < n:
        bracket = bracket + factor * _later(bracket, step, axis)
        factor = factor * _later(factor, step, axis)
        step *= 2
    return before * bracket


@gate(x=_cumprod_by_x, symbol="Π↦")
def cumprod(x: Any, *, axis: int) -> Any:
    """Running product: right at zeros too."""
    return np.cumprod(x, axis)


@gate(
    x=lambda g, out, x, y: np.convolve(g, y[::-1], mode="valid"),
    y=lambda g, out, x, y: np.convolve(g, x[::-1], mode="valid"),
    symbol="∗",
)
def convolve(x: Any, y: Any) -> Any:
    """Full convolution of two sequences (a product of polynomials): each gets g correlated with the other."""
    return np.convolve(x, y)


def _put_back(g: Any, out: Any, x: Any, index: Any, *, axis: int) -> Any:
    return add_along_axis(g, index, axis=axis, length=x.shape[axis])


@gate(x=_put_back, symbol="[i]")
def take_along_axis(x: Any, index: Any, *, axis: int) -> Any:
    """Pick one element for each index along an axis: its upstream gradient goes back to where it came from."""
    return np.take_along_axis(x, index, axis)


@gate(x=lambda g, out, x, index, *, axis, length: take_along_axis(g, index, axis=axis), symbol="[i]ᵀ")
def add_along_axis(x: Any, index: Any, *, axis: int, length: int) -> Any:
    """Put elements into zeros of some length along an axis, adding where an index repeats."""
    moved, places = np.moveaxis(x, axis, -1), np.moveaxis(index, axis, -1)
    rows = int(np.prod(moved.shape[:-1]))
    flat = (np.arange(rows).reshape(*moved.shape[:-1], 1) * length + places % max(length, 1)).ravel()
    total = _totals(flat, moved.ravel(), rows * length).astype(x.dtype, copy=False)
    return np.moveaxis(total.reshape(*moved.shape[:-1], length), -1, axis)


def _totals(places: Any, numbers: Any, length: int) -> Any:
    """Sums by place. bincount takes a third of the time of np.add.at, and adds in float64."""
    if numbers.dtype.kind == "c":
        return _totals(places, numbers.real, length) + 1j * _totals(places, numbers.imag, length)
    return np.bincount(places, weights=numbers, minlength=length)
