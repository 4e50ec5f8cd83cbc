"""The p-norm gate; the Euclidean norm stands in `reduction`. Builds on the engine and reduction."""

from typing import Any

import numpy as np

from ..downstream import conjugate
from ..engine import gate
from .reduction import Axis, kept, quotient

__all__ = ["p_norm"]


def _by_x(g: Any, out: Any, x: Any, *, p: float, axis: Axis, keepdims: bool) -> Any:
    """sign(x)·(|x|/‖x‖)^(p-1) of the upstream gradient, the sign of a complex number conjugated."""
    share = quotient(np.abs(x), kept(out, x, axis))
    if p < 1:  # an infinite slope at 0 stays infinite
        return kept(g, x, axis) * conjugate(np.sign(x)) * share ** (p - 1)
    nothing = np.equal(x, 0)
    return kept(g, x, axis) * conjugate(np.sign(x)) * np.where(nothing, 0, np.where(nothing, 1, share) ** (p - 1))


@gate(x=_by_x, symbol="‖x‖ₚ")
def p_norm(x: Any, *, p: float, axis: Axis = None, keepdims: bool = False) -> Any:
    """p-norm (Σ|x|^p)^(1/p): each element gets sign(x)·(|x|/‖x‖)^(p-1) of the upstream gradient, 0 where x is 0."""
    return np.add.reduce(np.abs(x) ** p, axis, keepdims=keepdims) ** (1 / p)
