"""Hypothesis strategies for what is checked: arrays, shapes, indices, networks, training. Needs the extra `test`.

`arrays` · `shapes` · `broadcastable` · `axes` · `indices` · `networks` · `problems` (`graphs` draws graphs of gates).
Numbers lie on a coarse grid, so that ties, zeros and both ends of the interval come up often and a failing example is
short. Builds on Hypothesis, NumPy and `networks`.
"""

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from .networks import random_network, random_problem

__all__ = ["arrays", "axes", "broadcastable", "indices", "networks", "problems", "shapes"]

Strategy = st.SearchStrategy[Any]
GRID = 16


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 3) -> Strategy:
    """Shapes, small first."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def numbers(low: float = -2.0, high: float = 2.0) -> Strategy:
    """Numbers on a grid from `low` to `high`; shrinks towards `low`."""
    return st.integers(0, GRID).map(lambda k: low + (high - low) * k / GRID)


def arrays(shape: Any, low: float = -2.0, high: float = 2.0) -> Strategy:
    """Arrays of double precision with elements on a grid from `low` to `high`; a NumPy scalar where the shape is ()."""
    shape = shape if isinstance(shape, st.SearchStrategy) else st.just(shape)
    return shape.flatmap(lambda s: hnp.arrays(np.float64, s, elements=numbers(low, high))).map(lambda x: x[()])


def broadcastable(count: int, low: float = -2.0, high: float = 2.0, max_dims: int = 3) -> Strategy:
    """Tuples of `count` arrays whose shapes NumPy broadcasts against each other, 0-d and empty ones among them."""
    drawn = hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=max_dims, min_side=0, max_side=3)
    return drawn.flatmap(lambda found: st.tuples(*[arrays(shape, low, high) for shape in found.input_shapes]))


def axes(ndim: int) -> Strategy:
    """What a reduction of `ndim` axes takes: None, a number, or a tuple, counted from the front or the back."""
    if not ndim:
        return st.none()
    return st.none() | st.integers(-ndim, ndim - 1) | hnp.valid_tuple_axes(ndim, min_size=1)


def indices(shape: tuple[int, ...]) -> Strategy:
    """What may stand in x[…] for an array of `shape`: basic, boolean, integer arrays (repeating), and mixtures."""
    basic = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)
    if not shape or 0 in shape:
        return basic
    masks = hnp.arrays(np.bool_, shape)
    whole = hnp.integer_array_indices(shape, result_shape=shapes(1, 2))
    mixed = st.tuples(hnp.arrays(np.intp, shapes(1, 2), elements=st.integers(0, shape[0] - 1)), st.just(Ellipsis))
    return basic | masks | whole | mixed


def networks(most: int = 5) -> Strategy:
    """Random networks of up to `most` layers, as descriptions: `network.build(nn)` makes the modules."""
    return st.randoms(use_true_random=False).map(lambda random: random_network(random, most))


def problems() -> Strategy:
    """Random training problems: a network, data, a loss, an optimiser; `problem.losses(nn, optim, model)` trains."""
    return st.randoms(use_true_random=False).map(random_problem)
