"""Picking elements: `v[index]`. Builds on `registry`."""

from operator import getitem as python_getitem
from typing import Any

import numpy as np

from ..engine import Value
from ..errors import LostGradientError
from ..gates import shaping
from ..gates.shaping import PICKED
from .registry import implements

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(python_getitem)
def getitem(x: Value, index: Any) -> Any:
    """`x[index]`: slices and numbers are settings, arrays of indices and masks are data."""
    parts, picks = [], []
    for part in index if isinstance(index, tuple) else (index,):
        if isinstance(part, Value):
            raise LostGradientError(
                "a Value can't be an index, since no gradient flows through one: use v.data.astype(int)"
            )
        if isinstance(part, list | np.ndarray | bool | np.bool_):
            picks.append(np.asarray(part, *([int] if isinstance(part, list) and not part else [])))
            part = PICKED
        parts.append(part)
    return shaping.getitem(x, *picks, index=tuple(parts))
