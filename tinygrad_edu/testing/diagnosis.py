"""The likely mistake behind a wrong gradient, in words: `likely_mistake` tries one explanation after the other.

Builds on NumPy alone.
"""

from collections.abc import Iterator, Mapping
from math import prod
from typing import Any

import numpy as np

__all__ = ["likely_mistake"]

Array = Any


def same(a: Any, b: Any, tolerance: float = 1e-5) -> bool:
    """Whether two arrays agree in shape and, to `tolerance` of their size, in numbers."""
    if np.shape(a) != np.shape(b):
        return False
    size = np.max(np.abs(b), initial=0)
    with np.errstate(invalid="ignore"):
        return bool(np.all(np.abs(np.asarray(a) - b) <= tolerance * size + 1e-12))


def _of_another_shape(expected: Array, actual: Array) -> Iterator[str]:
    if actual.shape == expected.shape:
        return
    if same(_summed_to(actual, expected.shape), expected):
        yield "a sum over the broadcast axes is missing: the input was stretched, so its gradient adds up the copies"
    if actual.shape == expected.shape[::-1]:
        yield "the gradient is transposed: its shape is that of the transposed input"
    yield "a gradient has the shape of its input: sum over the axes along which the input was broadcast, then reshape"


def _summed_to(g: Array, shape: tuple[int, ...]) -> Array:
    grown = g.ndim - len(shape)
    if grown < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[grown:], strict=True)):
        return None
    axes = [*range(grown), *(grown + k for k, n in enumerate(shape) if n == 1)]
    return g.sum(axis=tuple(axes)).reshape(shape)


def _not_numbers(expected: Array, actual: Array) -> Iterator[str]:
    if not np.all(np.isfinite(actual)) and np.all(np.isfinite(expected)):
        yield "not a number: a division by 0, or 0 · ∞; treat the elements where that happens on their own"
    if actual.size and not np.any(actual):
        yield "no gradient reaches this input: it was detached, copied out of the graph, or has no derivative"


def _factor(expected: Array, actual: Array, shape: tuple[int, ...]) -> Iterator[str]:
    """One number between what is and what should be: a sign, a count along an axis, any other factor."""
    if not np.any(expected) or not np.all(np.isfinite(actual)):
        return
    ratio = float(np.vdot(expected, actual).real / np.vdot(expected, expected).real)
    if not same(actual, ratio * expected, 1e-6) or abs(ratio - 1) < 1e-2:
        return
    if abs(ratio + 1) < 1e-6:
        yield "the sign is wrong: the gradient is minus what it should be"
    for name, count in [*_counts(expected.shape), *_counts(shape, " of the output")]:
        if abs(ratio - count) < 1e-6:
            yield f"too large by the number of {name} ({count}): a mean divides by it, a constant is summed over it"
        if abs(ratio * count - 1) < 1e-6:
            yield f"too small by the number of {name} ({count}): a sum over the broadcast axis, or one division less"
    if expected.size > 1 or abs(2 * ratio - round(2 * ratio)) < 1e-6:  # any two numbers have some ratio
        yield f"a constant factor: every element is {ratio:.6g} times what it should be"


def _counts(shape: tuple[int, ...], of: str = "") -> Iterator[tuple[str, int]]:
    names = ["rows", "columns"] if len(shape) == 2 else [f"elements along axis {k}" for k in range(len(shape))]
    counts = [*zip(names, shape, strict=True), ("elements", prod(shape))]
    yield from ((name + of, n) for name, n in counts if n > 1)


def _misplaced(expected: Array, actual: Array) -> Iterator[str]:
    if same(actual, expected, 1e-2):
        return
    if expected.ndim > 1 < expected.size and len(set(expected.shape)) == 1 and same(actual, expected.T):
        yield "the gradient is transposed: swap the axes of one factor"
    for axis in range(expected.ndim):
        if same(actual, np.flip(expected, axis)):
            yield f"the gradient is reversed along axis {axis}"
    if expected.size > 1 and same(np.sort(actual, axis=None), np.sort(expected, axis=None)):
        yield "the right numbers in the wrong places: an index, an order of axes or a reshape is wrong"
    for axis, n in enumerate(expected.shape):
        even = np.broadcast_to(actual.mean(axis, keepdims=True), actual.shape)
        if n > 1 and same(actual, even) and np.ptp(expected, axis=axis).any():
            yield f"the gradient is the same all along axis {axis}, but should not be: a reduction over the wrong axis"


def _partly(expected: Array, actual: Array) -> Iterator[str]:
    difference = actual - expected
    if np.max(np.abs(difference), initial=0) <= 1e-2 * np.max(np.abs(expected), initial=0):
        yield "nearly right: an ε too much, an approximation, or lower precision on the way"
    scale = 1e-6 * np.max(np.abs(expected), initial=1e-300)
    right, zero = np.abs(actual - expected) <= scale, actual == 0
    if np.any(right & ~zero) and np.all(right | zero):
        yield "right where it is not 0: elsewhere it is cut off or overwritten (= in place of +=, a mask too wide)"
    if np.any(right) and np.all(right | (expected == 0)):
        yield "right where it should not be 0: elsewhere the gradient passes a gate that is closed (a mask is missing)"
    if difference.size > 1 and same(difference, np.full_like(difference, difference.flat[0])):
        yield f"a constant too much: every element is off by {difference.flat[0]:.6g}"


def _alternative(expected: Array, actual: Array, alternatives: Mapping[str, Any]) -> Iterator[str]:
    for sentence, array in alternatives.items():
        if array is not None and same(actual, array) and not same(expected, array):
            yield sentence


def likely_mistake(
    expected: Any, actual: Any, alternatives: Mapping[str, Any] | None = None, shape: tuple[int, ...] = ()
) -> str:
    """What would explain `actual` in place of `expected`, in words; empty if nothing simple does.

    `alternatives` maps further sentences to the gradients that they would explain, `shape` is that of the output.

    >>> likely_mistake([1.0, 2.0], [-1.0, -2.0])
    'the sign is wrong: the gradient is minus what it should be'
    """
    expected, actual = np.asarray(expected), np.asarray(actual)
    explanations = [
        _of_another_shape(expected, actual),
        _alternative(expected, actual, alternatives or {}),
        _not_numbers(expected, actual),
        _factor(expected, actual, shape),
    ]
    if expected.shape == actual.shape:
        explanations += [_misplaced(expected, actual), _partly(expected, actual)]
    return next((sentence for tries in explanations for sentence in tries), "")
