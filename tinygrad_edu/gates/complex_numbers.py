"""Parts of complex numbers: real, imag, conjugate, angle. Builds on the engine.

A derivative is written as for real numbers: it passes on g · f'(z), and the output changes by Re(g · f'(z) · dz). So a
part that no f'(z) describes states the factor of dz whose real part it is: Im dz = Re(-i · dz). `.grad` and the
functions of `calculus` give the conjugate, the direction of steepest ascent.
"""

from typing import Any

import numpy as np

from ..engine import gate
from .reduction import quotient

__all__ = ["angle", "conjugate", "imag", "real"]


# A walk makes g complex again where x is.
@gate(x=lambda g, out, x: g, symbol="Re", elementwise=True)
def real(x: Any) -> Any:
    """Real part: the upstream gradient unchanged."""
    return np.real(x)


@gate(x=lambda g, out, x: g * (-1j if x.dtype.kind == "c" else 0), symbol="Im", elementwise=True)
def imag(x: Any) -> Any:
    """Imaginary part: -i times the upstream gradient, which is i times it in .grad."""
    return np.imag(x)


@gate(x=lambda g, out, x: np.conj(g), symbol="z̄", elementwise=True, numpy=np.conjugate)
def conjugate(x: Any) -> Any:
    """Conjugate: the conjugate of the upstream gradient."""
    return np.conjugate(x)


def _angle_by_x(g: Any, out: Any, x: Any) -> Any:
    """d angle = Im(dz/z) = Re(-i · dz/z), and 0 at 0; a real number's angle is 0 or π and does not change."""
    return quotient(g * -1j, x) if x.dtype.kind == "c" else np.zeros_like(x)


@gate(x=_angle_by_x, symbol="∠", elementwise=True)
def angle(x: Any) -> Any:
    """Angle of a complex number in radians: -i/z of the upstream gradient, 0 at 0."""
    return np.angle(x)
