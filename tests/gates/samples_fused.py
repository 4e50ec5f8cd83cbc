"""Samples of the fused gates: classes on any axis, labels as numbers and as probabilities, far logits."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_edu.testing import strategies

from .samples import call, drawn_call, samples

X = np.array([[1.5, -2.0, 0.0], [0.25, 3.0, -0.5]])
CUBE = np.cos(np.arange(12.0)).reshape(2, 3, 2)
SOFT = np.array([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])


@drawn_call
def along_an_axis(draw):
    x = draw(strategies.arrays(strategies.shapes(min_dims=1)))
    return call(x, axis=draw(st.integers(-x.ndim, x.ndim - 1)))


@drawn_call
def classified(draw):
    x = draw(strategies.arrays(strategies.shapes(min_dims=1)))
    axis = draw(st.integers(-x.ndim, x.ndim - 1))
    rest = np.delete(x.shape, axis)
    labels = draw(st.integers(0, 100)) % x.shape[axis] * np.ones(rest, int)
    return call(x, labels, axis=axis, reduction=draw(st.sampled_from(["mean", "sum", "none"])))


def torch_cross_entropy(torch, logits, labels, *, axis, reduction):
    logits = logits.movedim(axis, 1 if logits.ndim > 1 else 0)
    if labels.is_floating_point():
        labels = labels.movedim(axis, 1 if logits.ndim > 1 else 0)
    return torch.nn.functional.cross_entropy(logits, labels, reduction=reduction)


samples(
    "softmax",
    call(X, axis=-1),
    call(CUBE, axis=1),
    call([1000.0, 999.0, -1000.0], axis=0),
    call(X[:0], axis=0),
    drawn=along_an_axis,
    torch=lambda torch, x, *, axis: torch.softmax(x, axis),
)
samples(
    "softmax_cross_entropy",
    call(X, np.array([0, 2]), axis=-1, reduction="mean"),
    call(X, np.array([1, 1]), axis=1, reduction="sum"),
    call(X, np.array([0, 1, 1]), axis=0, reduction="none"),
    call(CUBE, np.array([[0, 2], [1, 1]]), axis=1, reduction="none"),
    call(X, SOFT, axis=-1, reduction="mean"),
    call(X, 2 * SOFT, axis=1, reduction="sum"),
    call(X, SOFT, axis=1, reduction="none"),
    call(X[0], np.array(1), axis=0, reduction="mean"),
    drawn=classified,
    torch=torch_cross_entropy,
)


@drawn_call
def over_some_axes(draw):
    x = draw(strategies.arrays(strategies.shapes(min_dims=1)))
    axes = draw(st.lists(st.integers(0, x.ndim - 1), min_size=1, unique=True))
    return call(x, axis=tuple(axes), eps=draw(st.sampled_from([1e-5, 0.1, 2.0])))


samples(
    "standardise",
    call(X, axis=0, eps=1e-5),
    call(X, axis=-1, eps=0.5),
    call(CUBE, axis=(0, 2), eps=1e-3),
    call(CUBE, axis=None, eps=0.0),
    drawn=over_some_axes,
    torch=lambda torch, x, *, axis, eps: (
        (x - x.mean(axis, keepdim=True)) / torch.sqrt(x.var(axis, correction=0, keepdim=True) + eps)
    ),
)
