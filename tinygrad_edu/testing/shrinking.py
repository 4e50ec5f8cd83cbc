"""The smallest inputs at which something still fails: `shrunk` cuts axes and simplifies numbers, greedily.

Needs no Hypothesis: it starts from inputs that failed, and keeps each change after which they still fail.
Builds on NumPy alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

__all__ = ["shrunk"]

Array = Any
Inputs = list[Any]


def shrunk(fails: Callable[[Inputs], bool], inputs: Sequence[Any], tries: int = 200) -> Inputs:
    """Inputs as small and simple as `tries` attempts find for which `fails(inputs)` still holds.

    First axes are cut (all axes of one length together, then one at a time), then numbers become 0, 1, 2 or whole.

    >>> big = [np.arange(12.0).reshape(3, 4) + 0.3]
    >>> shrunk(lambda inputs: inputs[0].max() >= 0.1, big)
    [array([[1.]])]
    """
    current, left = [np.array(x) for x in inputs], tries
    for candidates in (_cut, _simplified):
        progress = True
        while progress and left > 0:
            progress = False
            for smaller in candidates(current):
                left -= 1
                if _still(fails, smaller):
                    current, progress = smaller, True
                    break
                if left <= 0:
                    break
    return current


def _still(fails: Callable[[Inputs], bool], inputs: Inputs) -> bool:
    try:
        with np.errstate(all="ignore"):
            return fails(inputs)
    except Exception:  # noqa: BLE001 - inputs that no longer fit each other are not smaller failures
        return False


def _cut(inputs: Inputs) -> Iterator[Inputs]:
    """The inputs with axes of one length shortened, everywhere or in one place."""
    for length in sorted({n for x in inputs for n in x.shape if n > 1}, reverse=True):
        for shorter in sorted({1, length // 2, length - 1} - {0, length}):
            for part in (slice(shorter), slice(-shorter, None)):
                yield [_part(x, [k for k, n in enumerate(x.shape) if n == length], part) for x in inputs]
                for place, x in enumerate(inputs):
                    for axis, n in enumerate(x.shape):
                        if n == length:
                            yield [*inputs[:place], _part(x, [axis], part), *inputs[place + 1 :]]


def _part(x: Array, axes: Sequence[int], part: slice) -> Array:
    return x[(..., *(part if axis in axes else slice(None) for axis in range(x.ndim)))]  # … keeps a scalar an array


def _simplified(inputs: Inputs) -> Iterator[Inputs]:
    """The inputs with one number replaced by a simpler one."""
    for place, x in enumerate(inputs):
        if x.dtype.kind != "f":
            continue
        for index in np.ndindex(x.shape):
            for simple in (0.0, 1.0, 2.0, np.rint(x[index])):
                if _weight(simple) < _weight(x[index]):
                    changed = np.array(x)
                    changed[index] = simple
                    yield [*inputs[:place], changed, *inputs[place + 1 :]]


def _weight(number: float) -> tuple[bool, float, bool]:
    """How complicated a number is: whole numbers first, then small ones, then positive ones."""
    return (not float(number).is_integer(), abs(float(number)), number < 0)
