"""How far to go along a direction: a step length that fulfils the strong Wolfe conditions.

`strong_wolfe` · `Point`. Builds on nothing but NumPy. Nocedal and Wright 2006, algorithms 3.5 and 3.6, with cubic
interpolation, and with the safeguards of PyTorch's L-BFGS, so that both take the same steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, isnan, sqrt
from typing import Any

import numpy as np

__all__ = ["Line", "Point", "strong_wolfe"]

Array = Any
GROW, STRETCH, NARROW = 10.0, 0.01, 0.1  # how far a bracket may grow, must stretch, and must narrow


@dataclass(frozen=True)
class Point:
    """Where a step of length t leads: the loss, its gradient, and its slope along the direction."""

    t: float
    loss: float
    gradient: Array
    slope: float


class Line:
    """φ(t) = J(x + t d): evaluates points along a direction and counts them."""

    def __init__(self, evaluate: Callable[[Array], tuple[float, Array]], x: Array, direction: Array) -> None:
        self.evaluate, self.x, self.direction = evaluate, x, direction
        self.evaluations = 0

    def at(self, t: float) -> Point:
        """The point at step length t; a nan loss counts as infinite, so that the search turns back."""
        self.evaluations += 1
        loss, gradient = self.evaluate(self.x + t * self.direction)
        return Point(t, np.inf if isnan(loss) else loss, gradient, float(gradient @ self.direction))


def cubic_minimum(a: Point, b: Point, low: float, high: float) -> float:
    """The minimiser between `low` and `high` of the cubic through two points with their slopes, else the middle."""
    if a.t > b.t:
        a, b = b, a
    mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = mean * mean - a.slope * b.slope
    if square >= 0 and isfinite(square):
        root = sqrt(square)
        bottom = b.slope - a.slope + 2 * root
        best = b.t - (b.t - a.t) * ((b.slope + root - mean) / bottom) if bottom else np.nan
        if isfinite(best):
            return min(max(best, low), high)
    return (low + high) / 2


def strong_wolfe(
    line: Line, start: Point, t: float, *, c1: float = 1e-4, c2: float = 0.9, tolerance: float = 1e-9, most: int = 25
) -> Point:
    """A point with φ(t) ≤ φ(0) + c₁ t φ'(0) and |φ'(t)| ≤ c₂ |φ'(0)|, or the best found in `most` steps.

    `start` is the point at 0, where the slope is negative; `t` is the first length tried.

    >>> line = Line(lambda x: (float(x @ x), 2 * x), np.array([3.0]), np.array([-1.0]))
    >>> start = line.at(0.0)
    >>> strong_wolfe(line, start, 1.0, c2=0.1).t
    3.0
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + c1 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    before, now, tried = start, line.at(t), 0
    while tried < most:
        if too_high(now) or (tried > 1 and now.loss >= before.loss):
            break
        if flat(now):
            return now
        if now.slope >= 0:
            break
        reach = cubic_minimum(before, now, now.t + STRETCH * (now.t - before.t), now.t * GROW)
        before, now, tried = now, line.at(reach), tried + 1
    else:
        before = start
    size = float(np.abs(line.direction).max())
    return _narrowed(line, before, now, too_high, flat, tolerance / size if size else np.inf, most - tried)


def _narrowed(
    line: Line,
    one: Point,
    other: Point,
    too_high: Callable[[Point], bool],
    flat: Callable[[Point], bool],
    width: float,
    most: int,
) -> Point:
    """Narrow the bracket between two points until a point in it is flat and low enough: `best` is the lower end."""
    best, worst = (one, other) if one.loss <= other.loss else (other, one)
    crept = False
    for _ in range(most):
        low, high = sorted((best.t, worst.t))
        if high - low < width:
            break
        t = cubic_minimum(best, worst, low, high)
        margin = NARROW * (high - low)
        near = min(high - t, t - low) < margin
        if near and (crept or not low < t < high):
            t = high - margin if high - t < t - low else low + margin
            near = False
        crept = near
        point = line.at(t)
        if too_high(point) or point.loss >= best.loss:
            worst = point
        elif flat(point):
            return point
        else:
            if point.slope * (worst.t - best.t) >= 0:
                worst = best
            best = point
        if worst.loss < best.loss:
            best, worst = worst, best
    return best
