"""Recipes of gates that work element by element, each kept to its domain. Builds on `parts`."""

import numpy as np

from ..programs import Builder, Unfit
from .parts import Interval, inside, partner, recipe

__all__ = ["BINARY", "UNARY"]

UNARY: dict[str, Interval] = {
    "abs": None, "arccos": (-0.9, 0.9), "arccosh": (1.2, 9), "arcsin": (-0.9, 0.9), "arcsinh": None, "arctan": None,
    "arctanh": (-0.9, 0.9), "cbrt": (0.1, 50), "cosh": (-3, 3), "deg2rad": None, "exp": (-5, 3), "exp2": (-5, 5),
    "expm1": (-5, 3), "log": (0.1, 50), "log10": (0.1, 50), "log1p": (-0.9, 50), "log2": (0.1, 50),
    "rad2deg": (-1, 1), "reciprocal": (0.2, 9), "relu": None, "sigmoid": None, "sinc": (-3, 3), "sinh": (-3, 3),
    "softplus": None, "sqrt": (0.1, 50), "tan": (-1.2, 1.2), "variable": None,
}  # fmt: skip
UNARY_COMPLEX = ("sin", "cos", "neg", "square", "tanh", "real", "imag", "conjugate")
BINARY: dict[str, tuple[Interval, Interval]] = {
    "add": (None, None), "sub": (None, None), "mul": (None, None), "div": (None, (0.3, 9)),
    "power": ((0.2, 4), (-3, 3)), "arctan2": (None, (0.2, 9)), "hypot": (None, (0.2, 9)), "copysign": (None, None),
    "fmod": (None, (0.3, 9)), "remainder": (None, (0.3, 9)), "logaddexp": (None, None), "logaddexp2": (None, None),
    "heaviside": (None, None),
}  # fmt: skip


@recipe(*UNARY)
def unary(b: Builder, name: str) -> int:
    return b.add(name, inside(b, b.pick(), UNARY[name]))


@recipe(*UNARY_COMPLEX)
def unary_complex(b: Builder, name: str) -> int:
    return b.add(name, b.pick(lambda x: np.all(np.abs(x.imag) < 3), complex=True))


@recipe("angle")
def angle(b: Builder, name: str) -> int:
    return b.add(name, b.pick(lambda x: np.all(np.abs(x) > 0.1) and (x.dtype.kind == "f" or np.all(x.imag)), True))


@recipe(*BINARY)
def binary(b: Builder, name: str) -> int:
    complex = name in ("add", "sub", "mul")
    jumps = name in ("copysign", "heaviside")  # at 0: rounding decides the side
    x = b.pick(lambda x: not jumps or np.all(np.abs(x) > 1e-6), complex=complex)
    x, y = inside(b, x, BINARY[name][0]), inside(b, partner(b, x, complex), BINARY[name][1])
    if name == "copysign" and np.any(np.abs(b.known[y]) < 1e-6):
        raise Unfit
    if name in ("fmod", "remainder"):
        turns = b.known[x] / b.known[y]
        if np.any(np.abs(turns - np.rint(turns)) < 1e-3):  # a jump
            raise Unfit
    return b.add(name, x, y)


@recipe("maximum", "minimum")
def larger(b: Builder, name: str) -> int:
    x = b.pick()
    return b.add(name, x, partner(b, x), ties="split")


@recipe("where")
def where(b: Builder, name: str) -> int:
    x = b.pick()
    y = partner(b, x)
    shape = np.broadcast_shapes(b.shape(x), b.shape(y))
    mask = np.array([b.random.randint(0, 1) for _ in range(int(np.prod(shape)))], bool).reshape(shape)
    return b.add(name, mask, x, y)


@recipe("ldexp")
def ldexp(b: Builder, name: str) -> int:
    return b.add(name, b.pick(), np.asarray(b.random.randint(-2, 2))[()])


@recipe("bessel_i")
def bessel(b: Builder, name: str) -> int:
    return b.add(name, inside(b, b.pick(), (0.1, 5)), order=b.random.randint(0, 2))


@recipe("astype")
def as_double(b: Builder, name: str) -> int:
    return b.add(name, b.pick(), dtype=np.dtype(np.float64))
