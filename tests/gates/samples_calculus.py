"""Samples of the gates of calculus: the variable of a derivative, and a function that is run again."""

import numpy as np

from tinygrad_edu import Value
from tinygrad_edu.calculus.checkpointing import Segment

from .samples import call, elementwise, samples

X, Y = np.array([[0.5, -1.0], [2.0, 0.25]]), np.array([1.5, -0.5])

samples("variable", call(X), call(2.0), call(X[:0]), drawn=elementwise(1), torch=lambda torch, x: x.clone())


def run_again(function, *inputs):
    return call(*inputs, segment=Segment(function, [Value(x) for x in inputs]))


samples(
    "recomputed",
    run_again(lambda x: np.tanh(x) * x, X),
    run_again(lambda x, y: np.sin(x) * y, X, Y),
    run_again(lambda x, y: {"product": x @ y, "sum": np.sum(np.exp(x))}, X, Y),
)
