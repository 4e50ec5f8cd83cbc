"""Gates that choose between inputs: maximum, minimum, where. Builds on the engine.

`ties` is recorded with the gate; NumPy calls take it from `tie_policy`.
"""

from typing import Any

import numpy as np

from ..engine import gate

__all__ = ["maximum", "minimum", "where"]


def _share(mine: Any, other: Any, wins: Any, ties: str, first: bool) -> Any:
    """Which part of the upstream gradient an input gets: 1 where it wins, at a tie as `ties` says."""
    if ties == "both" or (ties == "first" and first):
        return wins(mine, other) | np.equal(mine, other)
    if ties == "first":
        return wins(mine, other)
    return wins(mine, other) + np.equal(mine, other) * mine.dtype.type(0.5)


def _router(wins: Any) -> dict[str, Any]:
    def by_x(g: Any, out: Any, x: Any, y: Any, *, ties: str) -> Any:
        return g * _share(x, y, wins, ties, first=True)

    def by_y(g: Any, out: Any, x: Any, y: Any, *, ties: str) -> Any:
        return g * _share(y, x, wins, ties, first=False)

    return {"x": by_x, "y": by_y}


@gate(**_router(np.greater), symbol="max", elementwise=True)
def maximum(x: Any, y: Any, *, ties: str = "split") -> Any:
    """Larger of two: the gate routes, the larger input gets the upstream gradient and the other 0."""
    return np.maximum(x, y)


@gate(**_router(np.less), symbol="min", elementwise=True)
def minimum(x: Any, y: Any, *, ties: str = "split") -> Any:
    """Smaller of two: the gate routes, the smaller input gets the upstream gradient and the other 0."""
    return np.minimum(x, y)


@gate(
    x=lambda g, out, mask, x, y: np.where(mask, g, 0),
    y=lambda g, out, mask, x, y: np.where(mask, 0, g),
    idle={"x": lambda mask, x, y: np.logical_not(mask), "y": lambda mask, x, y: np.not_equal(mask, 0)},
    symbol="?",
    elementwise=True,
)
def where(mask: Any, x: Any, y: Any) -> Any:
    """Choose by a mask: the chosen input gets the upstream gradient, the other nothing at all."""
    return np.where(mask, x, y)
