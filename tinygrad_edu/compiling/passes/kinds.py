"""Shapes and dtypes of what a NumPy function will give, without running it on the numbers. Builds on NumPy."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["kind_of", "stand_in"]


def stand_in(shape: tuple[int, ...], dtype: Any) -> Any:
    """An array that takes no memory: of ones, or of zeros where they may be places along an axis."""
    number = np.zeros((), dtype) if np.dtype(dtype).kind in "iu" else np.ones((), dtype)
    return np.broadcast_to(number, shape) if shape else number[()]


def kind_of(
    function: Callable[..., Any], inputs: Sequence[Any], settings: Mapping[str, Any]
) -> tuple[tuple[int, ...], Any]:
    """The shape and dtype of function(*inputs, **settings), where arrays are given as stand-ins."""
    if isinstance(function, np.ufunc) and function.signature is None and function.nout == 1 and not settings:
        types = [x.dtype if isinstance(x, np.ndarray | np.generic) else type(x) for x in inputs]
        if all(isinstance(t, np.dtype) or t in (int, float, complex) for t in types):
            return np.broadcast_shapes(*map(np.shape, inputs)), function.resolve_dtypes((*types, None))[-1]
    with np.errstate(all="ignore"):
        out = function(*inputs, **settings)
    return np.shape(out), out.dtype
