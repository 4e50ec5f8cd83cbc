"""The loss around the present parameters: on a line or plane through θ, and how sharp it is.

`landscape` · `Landscape` · `filter_normalised` · `sharpness`. Builds on `averaging` (parameters held for a while) and
`pictures` (matplotlib, extra `lessons`, for pictures only). Li et al. 2018.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Value
from ..modes import no_grad
from .averaging import holding, laid_out, put_back
from .flat import Array, as_number
from .pictures import Figure, even_levels, new_figure

__all__ = ["Landscape", "filter_normalised", "landscape", "sharpness"]

Loss = Callable[[], Any]


@dataclass(frozen=True)
class Landscape:
    """`losses[i, j]` is J(θ + x[j] · d₁ + y[i] · d₂); θ itself is at (0, 0)."""

    x: Array
    y: Array
    losses: Array

    def contour(self, levels: int = 20) -> Figure:
        """Contour lines, θ in the middle; save it by `savefig`."""
        figure = new_figure()
        axes = figure.add_subplot()
        lines = axes.contour(self.x, self.y, self.losses, levels=even_levels(self.losses, levels), linewidths=1)
        axes.clabel(lines, lines.levels[1::3], fontsize=7, fmt="%.3g")
        axes.plot(0, 0, marker="+", color="red")
        axes.set(xlabel="along d₁", ylabel="along d₂")
        return figure

    def surface(self) -> Figure:
        """The same in three dimensions."""
        figure = new_figure(6.0, 5.0)
        axes = figure.add_subplot(projection="3d")
        axes.plot_surface(*np.meshgrid(self.x, self.y), self.losses, cmap="viridis", rcount=100, ccount=100)
        axes.set(xlabel="along d₁", ylabel="along d₂", zlabel="loss")
        axes.locator_params(nbins=5)
        axes.tick_params(labelsize=8)
        return figure


def filter_normalised(params: Iterable[Value], rng: np.random.Generator) -> list[Array]:
    """A random direction whose every filter has the norm of the weights' filter (Li et al. 2018, section 4).

    A filter is a row w[k] of a parameter with two or more axes; vectors and scalars (biases, normalisation) stay as
    they are, unless there is nothing else.

    >>> w = Value(np.ones((3, 4)))
    >>> (direction,) = filter_normalised([w], np.random.default_rng(0))
    >>> np.linalg.norm(direction, axis=1).round(6).tolist()
    [2.0, 2.0, 2.0]
    """
    leaves = list(params)
    deep = any(p.ndim > 1 for p in leaves)
    return [np.zeros(p.shape) if deep and p.ndim < 2 else _filterwise(p.numpy(), rng) for p in leaves]


def _filterwise(weights: Array, rng: np.random.Generator) -> Array:
    direction = rng.standard_normal(np.shape(weights))
    axes = tuple(range(1, np.ndim(weights))) or None

    def norm(array: Array) -> Array:
        return np.sqrt(np.sum(np.square(array), axis=axes, keepdims=True))

    return np.reshape(direction * norm(weights) / np.maximum(norm(direction), 1e-12), np.shape(weights))


def landscape(
    loss: Loss,
    params: Iterable[Value],
    directions: Sequence[Sequence[Array]] | None = None,
    *,
    span: float = 1.0,
    points: int = 21,
    seed: int = 0,
) -> Landscape:
    """J on a plane through θ, at points × points places from −span to span along two directions.

    `loss()` computes the loss at the present parameters; nothing is recorded. `directions` are two lists with an array
    for each parameter, by default random and filter-normalised. Afterwards the parameters are bit for bit what they
    were.

    >>> w = Value([1.0, 2.0])
    >>> seen = landscape(lambda: (w * w).sum(), [w], directions=[[[1.0, 0.0]], [[0.0, 1.0]]], span=2.0, points=3)
    >>> seen.losses.tolist()
    [[1.0, 1.0, 9.0], [5.0, 5.0, 13.0], [17.0, 17.0, 25.0]]
    """
    leaves, rng = list(params), np.random.default_rng(seed)
    chosen = [filter_normalised(leaves, rng) for _ in range(2)] if directions is None else directions
    one, two = (np.concatenate([np.ravel(part) for part in direction]) for direction in chosen)
    theta, ticks = laid_out(leaves), np.linspace(-span, span, points)
    losses = np.empty((points, points))
    with no_grad(), holding(leaves, theta):
        for i, v in enumerate(ticks):
            for j, u in enumerate(ticks):
                put_back(leaves, theta + u * one + v * two)
                losses[i, j] = as_number(loss())
    return Landscape(ticks, ticks, losses)


def sharpness(loss: Loss, params: Iterable[Value], radius: float = 1e-3, *, tries: int = 100, seed: int = 0) -> float:
    """The largest rise of the loss in the box |δ| ≤ radius (|θ| + 1), in percent of 1 + J (Keskar et al. 2017).

    Found among `tries` random corners of the box, so a lower bound. Row `sharp-flat-minima`; a measure that changes
    when a network is written with other parameters (Dinh et al. 2017).

    >>> w = Value(0.0)
    >>> round(sharpness(lambda: 50 * w * w, [w], radius=0.1), 9)
    50.0
    """
    leaves, rng = list(params), np.random.default_rng(seed)
    theta = laid_out(leaves)
    with no_grad(), holding(leaves, theta):
        here = as_number(loss())
        highest = here
        for _ in range(tries):
            put_back(leaves, theta + radius * (np.abs(theta) + 1) * rng.choice([-1.0, 1.0], theta.shape))
            highest = max(highest, as_number(loss()))
    return 100 * (highest - here) / (1 + here)
