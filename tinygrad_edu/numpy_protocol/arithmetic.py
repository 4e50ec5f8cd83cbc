"""Arithmetic beyond a gate's own ufunc: maximum, minimum, clip, where. Builds on `registry`."""

from typing import Any

import numpy as np

from ..engine import Value
from ..gates import selection
from ..operators import UFUNCS
from .registry import Function, implements, missing, refuse, ties

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


def _chooser(gate: Any) -> Function:
    return lambda x, y, /, **options: gate(x, y, ties=ties(), **options)


UFUNCS[np.maximum] = _chooser(selection.maximum)
UFUNCS[np.minimum] = _chooser(selection.minimum)
UFUNCS[np.positive] = lambda x, /: x


@implements(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None,
         **options: Any) -> Any:  # fmt: skip
    refuse("clip", out=out, **options)
    low = min if a_min is None or a_min is missing else a_min
    high = max if a_max is None or a_max is missing else a_max
    limited = a if low is None or low is missing else np.maximum(a, low)
    return limited if high is None or high is missing else np.minimum(limited, high)


UFUNCS[np._core.umath.clip] = clip  # type: ignore[attr-defined]  # the ufunc of array.clip has no public name


@implements(np.where)
def where(condition: Any, x: Any = missing, y: Any = missing, /) -> Any:
    mask = condition.data if isinstance(condition, Value) else condition
    if x is missing or y is missing:
        return np.where(mask)
    return selection.where(np.asarray(mask, bool), x, y)
