"""What the families of NumPy functions share: entering the registry, refusing an option, reading an axis.

`implements` · `refuse` · `whole` · `ties` · `missing`. Builds on `operators` and `modes`.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..modes import current_mode
from ..operators import FUNCTIONS

__all__ = ["Function", "implements", "missing", "refuse", "ties", "whole"]

missing: Any = np._NoValue
Function = Callable[..., Any]


def implements(*functions: Function) -> Callable[[Function], Function]:
    """Enter the decorated function as what these NumPy functions do with Values."""

    def enter(way: Function) -> Function:
        for function in functions:
            FUNCTIONS[function] = way
        return way

    return enter


def refuse(name: str, **options: Any) -> None:
    """Raise for any option that was given and has no derivative here."""
    for option, given in options.items():
        if given is not None and given is not missing:
            raise UnsupportedError(f"np.{name}(…, {option}=…) can't be differentiated here: leave {option} out")


def whole(axis: Any) -> Any:
    """An axis, or a sequence of them, as Python integers."""
    return axis if axis is None or isinstance(axis, int) else tuple(map(int, axis)) if np.ndim(axis) else int(axis)


def ties() -> str:
    """The tie policy in force."""
    return current_mode().ties
