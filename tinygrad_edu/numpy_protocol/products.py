"""Products of arrays: dot, inner, outer, einsum. Builds on `registry`."""

from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..gates import arithmetic, linear
from .registry import implements, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.dot)
def dot(a: Any, b: Any, out: Any = None) -> Any:
    refuse("dot", out=out)
    if not np.ndim(a) or not np.ndim(b):
        return arithmetic.mul(a, b)
    if np.ndim(b) > 2:
        raise UnsupportedError("np.dot with a second input of over two axes has no gate: write a @ b or np.einsum")
    return linear.matmul(a, b)


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    if not np.ndim(a) or not np.ndim(b):
        return arithmetic.mul(a, b)
    return linear.matmul(a, b if np.ndim(b) == 1 else np.swapaxes(b, -1, -2))


@implements(np.outer)
def outer(a: Any, b: Any, out: Any = None) -> Any:
    refuse("outer", out=out)
    return linear.outer(a, b)


@implements(np.einsum)
def einsum(subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **options: Any) -> Any:
    refuse("einsum", out=out, **options)
    if not isinstance(subscripts, str):
        raise UnsupportedError(
            "np.einsum with lists of axes has no gate: write the subscripts as a string, 'ij,jk->ik'"
        )
    return linear.einsum(*operands, subscripts=subscripts, optimize=optimize)
