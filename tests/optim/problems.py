"""Three problems for trajectories: (start, gradient) in plain NumPy, so that an oracle needs no engine.

A parameter list has an array, a vector, a scalar; the gradient depends on the step (mini-batches), is steep in one
direction and flat in another, and in `network` comes from a loss that is not convex.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

Gradient = Callable[[list[Any], int], list[Any]]
STEPS = 50


def quadratic(theta: list[Any], step: int) -> list[Any]:
    """∇ of x²/10 + y² on a vector with offsets that alternate, and of (a − 3)² for a scalar."""
    scales = np.array([0.2, 2.0, 20.0])
    return [scales * (theta[0] - 0.1 * (-1.0) ** step), np.asarray(2 * (theta[1] - 3.0))]


def rosenbrock(theta: list[Any], step: int) -> list[Any]:
    """∇ of Σ (1 − x)² + 5 (y − x²)² over the columns of a 2 × 3 array."""
    x, y = theta[0]
    return [np.stack([-2 * (1 - x) - 20 * x * (y - x * x), 10 * (y - x * x)])]


def network(theta: list[Any], step: int) -> list[Any]:
    """∇ of the mean squared error of tanh(X W + b) v on a mini-batch that goes round."""
    rng = np.random.default_rng(7)
    features, targets = rng.normal(size=(12, 3)), rng.normal(size=12)
    rows = [(4 * step + i) % 12 for i in range(4)]
    x, t, (w, b, v) = features[rows], targets[rows], theta
    hidden = np.tanh(x @ w + b)
    error = 2 * (hidden @ v - t) / 4
    back = np.outer(error, v) * (1 - hidden**2)
    return [x.T @ back, back.sum(0), hidden.T @ error]


def full_quadratic(theta: list[Any]) -> tuple[float, list[Any]]:
    """x²/10 + y² + 10 z² and (a − 3)⁴ + (a − 3)²."""
    scales = np.array([0.1, 1.0, 10.0])
    x, a = theta[0], theta[1] - 3.0
    return float(np.sum(scales * x * x) + a**4 + a * a), [2 * scales * x, np.asarray(4 * a**3 + 2 * a)]


def full_rosenbrock(theta: list[Any]) -> tuple[float, list[Any]]:
    """The loss whose gradient `rosenbrock` is."""
    x, y = theta[0]
    return float(np.sum((1 - x) ** 2 + 5 * (y - x * x) ** 2)), rosenbrock(theta, 0)


def full_network(theta: list[Any]) -> tuple[float, list[Any]]:
    """The mean over all mini-batches of `network`, with a decay that gives a curved bottom."""
    batches = [network(theta, step) for step in range(3)]
    gradient = [sum(parts) / 3 + 0.2 * p for parts, p in zip(zip(*batches, strict=True), theta, strict=True)]
    rng = np.random.default_rng(7)
    x, t, (w, b, v) = rng.normal(size=(12, 3)), rng.normal(size=12), theta
    loss = np.mean((np.tanh(x @ w + b) @ v - t) ** 2) + 0.1 * sum(np.sum(p * p) for p in theta)
    return float(loss), gradient


FULL = {"quadratic": full_quadratic, "rosenbrock": full_rosenbrock, "network": full_network}


def problems() -> dict[str, tuple[list[Any], Gradient]]:
    rng = np.random.default_rng(3)
    return {
        "quadratic": ([np.array([5.0, -7.0, 2.0]), np.array(0.5)], quadratic),
        "rosenbrock": ([np.array([[-1.2, 0.5, 0.0], [1.0, 2.0, 0.0]])], rosenbrock),
        "network": ([rng.normal(size=(3, 4)), np.zeros(4), rng.normal(size=4)], network),
    }
