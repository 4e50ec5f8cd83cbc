"""Surfaces z = f(x, y) on which methods show their character. Builds on nothing: they take numbers, arrays and Values.

`bowl` · `ravine` · `saddle` · `rosenbrock` · `beale`.
"""

from typing import Any

__all__ = ["beale", "bowl", "ravine", "rosenbrock", "saddle"]

Number = Any


def bowl(x: Number, y: Number) -> Number:
    """x²/10 + y², steeper along y than along x (course 000, row `optimizer-contour`); least at (0, 0).

    >>> bowl(-7.0, 2.0)
    8.9
    """
    return x * x / 10 + y * y


def ravine(x: Number, y: Number, kappa: float = 50.0) -> Number:
    """½ (x² + κ y²), κ the condition number (row `ill-conditioning`); least at (0, 0).

    Gradient descent with the best rate, 2/(1 + κ), comes closer by (κ − 1)/(κ + 1) a step.

    >>> ravine(1.0, 1.0)
    25.5
    """
    return (x * x + kappa * y * y) / 2


def saddle(x: Number, y: Number) -> Number:
    """x² − y² (row `saddle-point`): up along x, down along y, flat at (0, 0).

    >>> saddle(2.0, 1.0)
    3.0
    """
    return x * x - y * y


def rosenbrock(x: Number, y: Number) -> Number:
    """(1 − x)² + 100 (y − x²)², a bent valley (Rosenbrock 1960); least at (1, 1).

    >>> rosenbrock(1.0, 1.0), round(rosenbrock(-1.2, 1.0), 6)
    (0.0, 24.2)
    """
    a, b = 1 - x, y - x * x
    return a * a + 100 * (b * b)


def beale(x: Number, y: Number) -> Number:
    """(1.5 − x + x y)² + (2.25 − x + x y²)² + (2.625 − x + x y³)², plains and a steep edge; least at (3, ½).

    >>> beale(3.0, 0.5)
    0.0
    """
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y * y, 2.625 - x + x * y * y * y
    return a * a + b * b + c * c
