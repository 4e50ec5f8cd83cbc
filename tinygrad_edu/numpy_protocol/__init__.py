"""Plain NumPy calls on Values: which gate, or which composition of gates, each NumPy function runs.

Every entry has NumPy's own signature; an option without a derivative is refused, never ignored. Functions that are
constant for the derivative (comparisons, argmax, shapes) run on the data and return plain arrays. A file a theme, all
on `registry`. Builds on the gates.
"""

from . import (
    arithmetic,
    complex_numbers,
    constants,
    fft,
    joining,
    linalg,
    norms,
    padding,
    polynomials,
    products,
    reductions,
    refusals,
    selection,
    sequences,
    shapes,
    statistics,
    ufunc_methods,
)
from .registry import constant, implements, refused

__all__ = [
    "arithmetic",
    "complex_numbers",
    "constant",
    "constants",
    "fft",
    "implements",
    "joining",
    "linalg",
    "norms",
    "padding",
    "polynomials",
    "products",
    "reductions",
    "refusals",
    "refused",
    "selection",
    "sequences",
    "shapes",
    "statistics",
    "ufunc_methods",
]
