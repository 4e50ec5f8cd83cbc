"""What the families of NumPy functions share: entering the registry, refusing an option, reading an axis.

`implements` (differentiable) · `constant` (runs on the data, gives plain arrays) · `refused` (raises, with the reason)
enter functions; `CONSTANT` and `REFUSED` remember which and why. `refuse`, `whole`, `front`, `fronts`, `kept`, `array`,
`bare`, `part`, `ties`, `missing` and `called` serve the entries. Builds on `operators` and `modes`.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..errors import OutOfRangeError, UnsupportedError
from ..modes import current_mode
from ..operators import FUNCTIONS, UFUNCS, Operators

__all__ = [
    "CONSTANT",
    "REFUSED",
    "Function",
    "array",
    "bare",
    "called",
    "constant",
    "front",
    "fronts",
    "implements",
    "kept",
    "missing",
    "on_numbers",
    "part",
    "refuse",
    "refused",
    "ties",
    "whole",
]

missing: Any = np._NoValue
Function = Callable[..., Any]

CONSTANT: set[Function] = set()
"""Functions whose results have no derivative, or 0: they run on the data and give plain arrays."""
STATIC: set[Function] = set()
"""Those of them whose results depend on shapes and dtypes alone, so that a trace may keep the answer."""
REFUSED: dict[Function, str] = {}
"""Functions that raise on Values, with the reason and what to write instead."""


def _enter(function: Function, way: Function) -> None:
    if isinstance(function, np.ufunc):
        UFUNCS[function] = way
    else:
        FUNCTIONS[function] = way


def implements(*functions: Function) -> Callable[[Function], Function]:
    """Enter the decorated function as what these NumPy functions do with Values."""

    def enter(way: Function) -> Function:
        for function in functions:
            _enter(function, way)
        return way

    return enter


def bare(x: Any) -> Any:
    """The data of a Value, of Values in a list or tuple too; anything else as it is."""
    if isinstance(x, Operators):
        trace = current_mode().trace
        return x.data if trace is None else trace.constant(x)
    return type(x)(map(bare, x)) if type(x) in (list, tuple) else x


def on_numbers(function: Function, *args: Any, **kwargs: Any) -> Any:
    """What a function gives for the data of its arguments; a trace records the call."""
    trace = current_mode().trace
    if trace is not None:
        return (trace.fixed if function in STATIC else trace.call)(function, *args, **kwargs)
    return function(*map(bare, args), **{key: bare(x) for key, x in kwargs.items()})


def constant(*functions: Function) -> None:
    """Enter functions that are constant for the derivative: they see the data and return plain arrays.

    A trace records them, to ask anew when the program runs.
    """

    def on_data(function: Function) -> Function:
        return partial(on_numbers, function)

    for function in functions:
        _enter(function, on_data(function))
        CONSTANT.add(function)


def static(*functions: Function) -> None:
    """Enter functions that are constant for the derivative and depend on shapes and dtypes alone."""
    STATIC.update(functions)
    constant(*functions)


def refused(reason: str, *functions: Function) -> None:
    """Enter functions that can't be differentiated: they raise `UnsupportedError` with the reason."""

    def refusal(function: Function) -> Function:
        def way(*_: Any, **__: Any) -> Any:
            raise UnsupportedError(f"{called(function)} can't be differentiated here: {reason}")

        return way

    for function in functions:
        _enter(function, refusal(function))
        REFUSED[function] = reason


def called(function: Function) -> str:
    """A NumPy function as its caller writes it: np.linalg.solve."""
    module = getattr(function, "__module__", None) or "numpy"
    return f"{module}.{function.__name__}".replace("numpy", "np", 1)


def refuse(name: str, **options: Any) -> None:
    """Raise for any option that was given and has no derivative here."""
    for option, given in options.items():
        if given is not None and given is not missing:
            raise UnsupportedError(f"np.{name}(…, {option}=…) can't be differentiated here: leave {option} out")


def whole(axis: Any) -> Any:
    """An axis, or a sequence of them, as Python integers."""
    return axis if axis is None or isinstance(axis, int) else tuple(map(int, axis)) if np.ndim(axis) else int(axis)


def fronts(axes: Any, ndim: int) -> tuple[int, ...]:
    """Axes counted from the front, all of them for None; raises where there is no such axis, or one is named twice."""
    try:
        return tuple(range(ndim)) if axes is None else normalize_axis_tuple(axes, ndim)
    except np.exceptions.AxisError as error:
        raise OutOfRangeError(str(error)) from error


def front(axis: Any, ndim: int) -> int:
    """An axis counted from the front; raises where there is no such axis."""
    return fronts(axis, ndim)[0]


def kept(keepdims: Any) -> bool:
    """The option keepdims, which NumPy's own functions may hand on as not given."""
    return bool(keepdims) and keepdims is not missing


def array(x: Any) -> Any:
    """A Value as it is, anything else as an array; a list that holds a Value raises LostGradientError."""
    return x if isinstance(x, Operators) else np.asarray(x)


def part(axis: int, *window: int | None) -> tuple[slice, ...]:
    """An index that slices one axis, counted from the front."""
    return (slice(None),) * axis + (slice(*window),)


def ties() -> str:
    """The tie policy in force."""
    return current_mode().ties
