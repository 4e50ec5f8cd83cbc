"""Samples of the gates that move elements: drawn shapes and axes, every kind of index, repeated ones too."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu.gates.shaping import PICKED
from tinygrad_edu.testing import strategies

from .samples import call, drawn_call, samples

X = np.arange(6.0).reshape(2, 3) - 1.5
CUBE = np.arange(24.0).reshape(2, 3, 4) / 7


def drawn_array(draw, min_dims=1, min_side=0):
    return draw(strategies.arrays(strategies.shapes(min_dims=min_dims, min_side=min_side)))


@drawn_call
def transposed(draw):
    x = drawn_array(draw)
    order = draw(st.permutations(range(x.ndim)))
    return call(x, axes=tuple(a - x.ndim if draw(st.booleans()) else a for a in order))


@drawn_call
def swapped(draw):
    x = drawn_array(draw)
    axis = st.integers(-x.ndim, x.ndim - 1)
    return call(x, axis1=draw(axis), axis2=draw(axis))


@drawn_call
def spread(draw):
    x = drawn_array(draw, min_dims=0)
    grown = draw(hnp.broadcastable_shapes(np.shape(x), max_dims=4, max_side=3))
    return call(x, shape=np.broadcast_shapes(grown, np.shape(x)))


@drawn_call
def joined(draw):
    first = drawn_array(draw)
    axis = draw(st.integers(-first.ndim, first.ndim - 1))
    lengths = draw(st.lists(st.integers(0, 3), max_size=2))
    more = [np.ones([n if k == axis % first.ndim else m for k, m in enumerate(first.shape)]) * n for n in lengths]
    return call(first, *more, axis=axis)


@drawn_call
def stacked(draw):
    first = drawn_array(draw, min_dims=0)
    count = draw(st.integers(1, 3))
    return call(*[first * k for k in range(count)], axis=draw(st.integers(-np.ndim(first) - 1, np.ndim(first))))


def indexed(x, index):
    """The call that x[index] makes: arrays of indices are data, the rest is a setting."""
    parts = index if isinstance(index, tuple) else (index,)
    picks = [part for part in parts if isinstance(part, np.ndarray)]
    setting = tuple(PICKED if isinstance(part, np.ndarray) else part for part in parts)
    return call(x, *picks, index=setting)


@drawn_call
def picked(draw):
    x = drawn_array(draw)
    return indexed(x, draw(strategies.indices(x.shape)))


def scattered(picking):
    """The call of scatter that undoes a call of getitem."""
    x, *picks = picking.inputs
    arrays = iter(picks)
    index = tuple(next(arrays) if part is PICKED else part for part in picking.settings["index"])
    return call(np.cos(np.asarray(x[index])), *picks, index=picking.settings["index"], shape=np.shape(x))


INDICES = [
    indexed(X, 1),
    indexed(X, (slice(None), -1)),
    indexed(X, (Ellipsis, None, slice(None, None, -2))),
    indexed(X, np.array([0, 0, 1, 0])),
    indexed(X, np.array([[True, False, True], [False, False, True]])),
    indexed(X, np.array([False, True])),
    indexed(X, (np.array([1, 1]), np.array([2, 2]))),
    indexed(X, np.array([-1, 1])),
    indexed(X[:, :2], np.array([1, 0])),
    indexed(CUBE, (np.array([[0], [1]]), slice(1, 3), np.array([0, 0]))),
    indexed(CUBE, (slice(None), np.array([True, False, True]), np.array([3, 3]))),
    indexed(CUBE, (0, np.array([2, 2]), None)),
    indexed(X, np.zeros(0, int)),
    indexed(np.float64(2.0), ()),
    indexed(np.float64(2.0), np.array(True)),
    indexed(X, (slice(0, 0),)),
]


def torch_index(index, picks):
    arrays = iter(picks)
    return tuple(next(arrays) if part is PICKED else part for part in index)


def torch_getitem(torch, x, *picks, index):
    return x[torch_index(index, picks)]


samples(
    "reshape",
    call(X, shape=(3, 2)),
    call(X, shape=(-1,)),
    call(2.0, shape=(1, 1)),
    call(np.zeros((0, 2)), shape=(3, 0)),
    torch=lambda torch, x, *, shape: x.reshape(shape),
)
samples("transpose", call(CUBE, axes=(2, 0, 1)), drawn=transposed, torch=lambda torch, x, *, axes: x.permute(axes))
samples(
    "swapaxes",
    call(CUBE, axis1=0, axis2=-1),
    drawn=swapped,
    torch=lambda torch, x, *, axis1, axis2: x.swapaxes(axis1, axis2),
)
samples("expand_dims", call(X, axis=1), call(X, axis=(0, -1)), call(2.0, axis=0), call(X[:0], axis=0))
samples("squeeze", call(X[:1, :1]), call(X[:1], axis=0), call(X[None, :1], axis=(0, 1)), call(X, axis=()))
samples(
    "broadcast_to",
    call([[1.0], [2.0]], shape=(3, 2, 2)),
    call(2.0, shape=()),
    drawn=spread,
    torch=lambda torch, x, *, shape: x.broadcast_to(shape),
)
samples(
    "concatenate",
    call(X, X[:0], X + 1, axis=0),
    call(X, X[:, :1], axis=-1),
    drawn=joined,
    torch=lambda torch, *arrays, axis: torch.cat(arrays, axis),
)
samples(
    "stack",
    call(X, X + 1, X * 2, axis=1),
    call(1.0, 2.0, axis=0),
    drawn=stacked,
    torch=lambda torch, *arrays, axis: torch.stack(arrays, axis),
)
samples("getitem", *INDICES, drawn=picked)
samples("scatter", *map(scattered, INDICES), drawn=picked.map(scattered))
