"""What recipes are made of: values that fit, kept inside a domain, brought to a shape. Builds on `programs`."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...gates.shaping import PICKED
from ..programs import Builder, Recipe, Unfit

__all__ = ["RECIPES", "axis_of", "inside", "one_axis", "partner", "recipe", "resized", "square"]

Array = Any
Interval = tuple[float, float] | None
RECIPES: dict[str, Recipe] = {}


def recipe(*names: str) -> Callable[[Callable[[Builder, str], int]], Callable[[Builder, str], int]]:
    """Decorator: enter a function of the builder and a name for each of the names."""

    def enter(make: Callable[[Builder, str], int]) -> Callable[[Builder, str], int]:
        for name in names:
            RECIPES[name] = lambda b, name=name: make(b, name)  # type: ignore[misc]
        return make

    return enter


def inside(b: Builder, place: int, interval: Interval) -> int:
    """The value itself where it keeps to the interval, else squeezed into it by a sigmoid."""
    x = b.known[place]
    if interval is None or np.all((interval[0] < x) & (x < interval[1])):
        return place
    low, high = interval
    return b.add("add", b.add("mul", b.add("sigmoid", place), np.float64(high - low)), np.float64(low))


def resized(b: Builder, place: int, shape: tuple[int, ...]) -> int:
    """As many elements as the shape asks for, in turn, some more than once, in that shape."""
    size = b.known[place].size
    if not size:
        raise Unfit
    flat = b.add("reshape", place, shape=(-1,))
    picked = b.add("getitem", flat, np.arange(int(np.prod(shape))) % size, index=(PICKED,))
    return b.add("reshape", picked, shape=shape)


def partner(b: Builder, place: int, complex: bool = False) -> int:
    """Another value, or the same, that broadcasts with this one."""

    def broadcasts(x: Array) -> bool:
        try:
            np.broadcast_shapes(np.shape(x), b.shape(place))
        except ValueError:
            return False
        return True

    return b.pick(broadcasts, complex)


def axis_of(b: Builder, ndim: int) -> Any:
    """An axis, several, or None; from the front or the back."""
    if not ndim or not b.random.randint(0, 2):
        return None
    if ndim > 1 and not b.random.randint(0, 2):
        return tuple(sorted({b.random.randint(0, ndim - 1) for _ in range(2)}))
    return b.random.randint(-ndim, ndim - 1)


def one_axis(b: Builder, place: int) -> int:
    """An axis of a value that has one, from the front or the back."""
    ndim = len(b.shape(place))
    if not ndim:
        raise Unfit
    return b.random.randint(-ndim, ndim - 1)


def square(b: Builder, spread: float = 0.0) -> int:
    """A matrix, or a stack of two, that is regular: its diagonal outweighs its rows, growing by `spread`."""
    n = b.random.randint(1, 3)
    x = b.add("tanh", resized(b, b.pick(), b.random.choice([(n, n), (n, n), (2, n, n)])))
    return b.add("add", x, np.diag(n + 0.5 + spread * np.arange(n)))
