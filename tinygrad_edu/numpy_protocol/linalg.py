"""numpy.linalg on Values. Builds on `registry`."""

from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..gates import reduction
from .registry import implements, whole

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    if ord not in (None, 2, "fro") or (ord == 2 and axis is None and x.ndim > 1) or (ord == 2 and np.ndim(axis)):
        raise UnsupportedError(
            f"np.linalg.norm(…, ord={ord!r}) has no gate yet: the Euclidean and Frobenius norms have"
        )
    return reduction.norm(x, axis=whole(axis), keepdims=keepdims)
