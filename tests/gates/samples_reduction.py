"""Samples of the reductions: every kind of axis, zeros, ties, one element, no element."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_edu.testing import strategies

from .samples import call, drawn_call, reducing, samples

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -0.5]])
CUBE = np.arange(12.0).reshape(2, 3, 2) % 5 - 1.75
TIED = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [-1.0, 0.0, -1.0]])


def everywhere(**settings):
    """Axis None, one, negative, two; kept or not; a vector, one element, a scalar."""
    kinds = [call(X, axis=a, keepdims=k, **settings) for a in (None, 0, -1, (0, 1), (-1,)) for k in (False, True)]
    return [*kinds, call(CUBE, axis=(0, -1), keepdims=False, **settings), call([2.0], axis=0, **settings)]


def dims(x, axis):
    return tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)


def over_each(function):
    """A PyTorch reduction that takes one axis, over several in turn."""

    def reduce(torch, x, *, axis=None, keepdims=False, **settings):
        for each in sorted((d % x.ndim for d in dims(x, axis)), reverse=True):
            x = getattr(torch, function)(x, each, keepdim=keepdims)
        return x

    return reduce


def over_all(function, **constant):
    """A PyTorch reduction that takes several axes; the settings named in `constant` change their names."""

    def reduce(torch, x, *, axis=None, keepdims=False, **settings):
        if not x.ndim:
            return getattr(torch, function)(x, dim=None, keepdim=keepdims)
        more = {theirs: settings[ours] for ours, theirs in constant.items()}
        return getattr(torch, function)(x, dim=dims(x, axis), keepdim=keepdims, **more)

    return reduce


EMPTY = [call(np.zeros((0, 3)), axis=0), call(np.zeros((2, 0)), axis=None), call(np.zeros((2, 0)), axis=0)]

samples("sum", *everywhere(), *EMPTY, call(2.0), drawn=reducing(min_side=0), torch=over_all("sum"))
samples("mean", *everywhere(), EMPTY[2], call(2.0), drawn=reducing(), torch=over_all("mean"))
samples(
    "prod",
    *everywhere(),
    *EMPTY,
    call(2.0),
    call([0.0, 2.0, 3.0]),
    call([[0.0, 2.0], [0.0, 0.0]], axis=1),
    drawn=reducing(min_side=0),
    torch=over_each("prod"),
)
for _name in ["max", "min"]:
    samples(
        _name,
        *everywhere(ties="split"),
        call(2.0, ties="split"),
        *[call(TIED, axis=axis, ties=ties) for axis in (None, 0, 1, (1, 0)) for ties in ("split", "first")],
        call([[1.0, 3.0], [2.0, -1.0]], axis=0, ties="both"),
        EMPTY[2],
        drawn=reducing(ties="split"),
    )
samples(
    "logsumexp",
    *everywhere(),
    call(2.0),
    call([1000.0, 999.0]),
    EMPTY[2],
    drawn=reducing(),
    torch=lambda torch, x, *, axis=None, keepdims=False: torch.logsumexp(x, dims(x, axis), keepdims),
)
samples(
    "norm",
    *everywhere(),
    *EMPTY,
    call(2.0),
    call([[0.0, 0.0], [3.0, 4.0]], axis=1),
    drawn=reducing(min_side=0),
)


@drawn_call
def spread(draw):
    x = draw(strategies.arrays(strategies.shapes(min_dims=1, min_side=2)))
    return call(x, axis=draw(strategies.axes(x.ndim)), ddof=draw(st.integers(0, 1)), keepdims=draw(st.booleans()))


samples(
    "var",
    *everywhere(ddof=0),
    call(X, axis=1, ddof=1),
    call(X, axis=None, ddof=-1),
    drawn=spread,
    torch=lambda torch, x, *, axis=None, ddof=0, keepdims=False: torch.var(
        x, dims(x, axis), correction=ddof, keepdim=keepdims
    ),
)
samples("std", *everywhere(ddof=0), call(X, axis=1, ddof=1), call([[2.0, 2.0], [1.0, 3.0]], axis=1), drawn=spread)
