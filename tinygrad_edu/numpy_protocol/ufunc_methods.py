"""The `outer` of every ufunc of two inputs, and an error with a way out for `reduceat` and `at`. Builds on `registry`.

`reduce` stands with the reductions, `accumulate` with the sequences. Covers the ufuncs of the gates and `arithmetic`.
"""

from typing import Any

import numpy as np

from ..operators import UFUNCS
from . import arithmetic  # noqa: F401 - enters ufuncs
from .registry import Function, array, implements, refused

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


def _outer(ufunc: np.ufunc) -> Function:
    """Every pair: the first input gets as many new axes at its end as the second has."""

    def outer(a: Any, b: Any, /, **options: Any) -> Any:
        a, b = array(a), array(b)
        return ufunc(a.reshape(a.shape + (1,) * b.ndim), b, **options)

    return outer


for _ufunc in [ufunc for ufunc in UFUNCS if ufunc.nin == 2 and ufunc.nout == 1 and ufunc.signature is None]:
    implements(_ufunc.outer)(_outer(_ufunc))
    refused(f"add up the parts: np.stack([np.{_ufunc.__name__}.reduce(v[i:j]) for …])", _ufunc.reduceat)
    refused("it writes into an array: build the result, np.where(mask, new, v)", _ufunc.at)
