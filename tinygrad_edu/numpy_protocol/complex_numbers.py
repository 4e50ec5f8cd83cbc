"""Complex numbers: real, imag, angle, sign, real_if_close. Builds on `registry`."""

from typing import Any

import numpy as np

from ..gates import complex_numbers
from ..gates.reduction import quotient
from .registry import implements, on_numbers

__all__: list[str] = []  # entered in the registry, called by NumPy's own names


@implements(np.real)
def real(val: Any) -> Any:
    return complex_numbers.real(val) if val.dtype.kind == "c" else val


implements(np.imag)(complex_numbers.imag)


@implements(np.angle)
def angle(z: Any, deg: bool = False) -> Any:
    turned = complex_numbers.angle(z)
    return turned * (180 / np.pi) if deg else turned


@implements(np.sign)
def sign(x: Any, /) -> Any:
    """z/|z|; of a real number, which jumps and has slope 0, a plain array."""
    return quotient(x, np.abs(x)) if x.dtype.kind == "c" else on_numbers(np.sign, x)


@implements(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    return np.real(a) if np.isrealobj(np.real_if_close(a.data, tol)) else a
