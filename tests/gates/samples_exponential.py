"""Samples of the gates in `exponential`."""

import numpy as np

from .samples import call, elementwise, samples

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -0.5]])
Y = np.array([[0.5], [-2.0]])


def bessel(torch, x, *, order):
    """PyTorch has the first two; the third follows from their recurrence."""
    i0, i1 = torch.special.i0(x), torch.special.i1(x)
    return (i0, i1, i0 - 2 * i1 / x)[order]


samples("exp2", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.exp2(x))
samples("expm1", call(X), drawn=elementwise(1), torch=lambda torch, x: torch.expm1(x))
samples("log1p", call(X + 2), drawn=elementwise(1, -0.5, 2), torch=lambda torch, x: torch.log1p(x))
samples("log2", call(X + 3), drawn=elementwise(1, 0.5, 2), torch=lambda torch, x: torch.log2(x))
samples("log10", call(X + 3), drawn=elementwise(1, 0.5, 2), torch=lambda torch, x: torch.log10(x))
samples("cbrt", call(X + 0.1), drawn=elementwise(1, 0.5, 2))
samples("reciprocal", call(X + 0.1), drawn=elementwise(1, 0.5, 2), torch=lambda torch, x: torch.reciprocal(x))
samples("logaddexp", call(X, Y), drawn=elementwise(2), torch=lambda torch, x, y: torch.logaddexp(x, y))
samples("logaddexp2", call(X, Y), drawn=elementwise(2), torch=lambda torch, x, y: torch.logaddexp2(x, y))
samples(
    "bessel_i",
    call(X, order=0),
    call(X, order=1),
    call([-40.0, 29.9, 31.0], order=2),
    drawn=elementwise(1, order=0),
    torch=bessel,
)
