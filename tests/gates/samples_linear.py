"""Samples of the linear algebra gates: matmul in every case NumPy allows, einsum with every kind of label."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_edu.testing import strategies

from .samples import call, drawn_call, samples

A = np.arange(6.0).reshape(2, 3) - 2.5
V = np.array([0.5, -1.0, 2.0])
STACK = np.cos(np.arange(24.0)).reshape(4, 2, 3)

# (n?,k),(k,m?)->(n?,m?) is NumPy's signature of matmul: either side may be a vector, stacks broadcast.
MATMUL = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)),
    ((4, 2, 3), (3, 2)),
    ((2, 3), (4, 3, 2)),
    ((4, 2, 3), (4, 3, 2)),
    ((4, 2, 3), (1, 3, 2)),
    ((1, 2, 3), (4, 3, 2)),
    ((2, 1, 2, 3), (3, 3, 2)),
    ((3, 2, 3), (2, 1, 3, 2)),
    ((2, 1, 1, 3), (3,)),
    ((3,), (2, 1, 3, 1)),
    ((1, 1), (1, 1)),
    ((2, 0), (0, 3)),
    ((0, 3), (3, 2)),
    ((0,), (0,)),
    ((0, 2, 3), (3, 2)),
    ((2, 3), (0, 3, 2)),
]


def waves(shape, shift):
    return np.sin(np.arange(np.prod(shape), dtype=float) + shift).reshape(shape)


@drawn_call
def multiplied(draw):
    inner, rows, columns = (draw(st.integers(0, 3)) for _ in range(3))
    stacks = draw(strategies.broadcastable(2, max_dims=2))
    left = draw(st.sampled_from([(inner,), (*np.shape(stacks[0]), rows, inner)]))
    right = draw(st.sampled_from([(inner,), (*np.shape(stacks[1]), inner, columns)]))
    return call(draw(strategies.arrays(left)), draw(strategies.arrays(right)))


samples(
    "matmul",
    *[call(waves(left, 1), waves(right, 2)) for left, right in MATMUL],
    drawn=multiplied,
    torch=lambda torch, x, y: torch.matmul(x, y),
)
samples(
    "outer",
    call(V, A[0]),
    call(A, V),
    call(2.0, V),
    call(V[:0], V),
    torch=lambda torch, x, y: torch.outer(x.ravel(), y.ravel()),
)


def summed(subscripts, *shapes, optimize=False):
    return call(*[waves(shape, k) for k, shape in enumerate(shapes)], subscripts=subscripts, optimize=optimize)


EINSUM = [
    summed("ij,jk->ik", (2, 3), (3, 2)),
    summed("ij,jk", (2, 3), (3, 2)),
    summed("ij->ji", (2, 3)),
    summed("ba", (2, 3)),
    summed("ij->", (2, 3)),
    summed("ij->j", (2, 3)),
    summed("ii->i", (3, 3)),
    summed("ii", (3, 3)),
    summed("iii->i", (2, 2, 2)),
    summed("iij->ji", (2, 2, 3)),
    summed("iijj->", (2, 2, 3, 3)),
    summed("ii,i->", (3, 3), (3,)),
    summed("ij,ij->ij", (2, 3), (2, 3)),
    summed("i,j->ij", (2,), (3,)),
    summed("i,i", (3,), (3,)),
    summed(",i->i", (), (3,)),
    summed("...ij,...jk->...ik", (4, 2, 3), (3, 2)),
    summed("...ij,...jk->...ik", (4, 1, 2, 3), (5, 3, 2)),
    summed("...i->...", (2, 3, 2)),
    summed("...ii->...i", (2, 3, 3)),
    summed("i...,i...->...", (3, 2), (3,)),
    summed("...,...", (2, 3), (3,)),
    summed("ij...->...ji", (2, 3, 2)),
    summed("ij,jk->ik", (1, 3), (3, 2)),
    summed("ij,ij->ij", (1, 3), (2, 3)),
    summed("ij,ij->i", (2, 1), (2, 3)),
    summed("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)),
    summed("ij,jk,kl->il", (2, 3), (3, 2), (2, 4), optimize=True),
    summed("a,b,c->", (2,), (3,), (2,)),
    summed("bhqd,bhkd->bhqk", (1, 2, 3, 2), (1, 2, 2, 2)),
    summed("ij,jk->ik", (0, 3), (3, 2)),
    summed("ij,jk->ik", (2, 0), (0, 2)),
]


@drawn_call
def labelled(draw):
    """Up to three operands over labels a to c of lengths 1 to 3, repeated labels and broadcast lengths among them."""
    lengths = {label: draw(st.integers(1, 3)) for label in "abc"}
    terms = draw(st.lists(st.text("abc", max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(terms)))
    result = draw(st.lists(st.sampled_from(used), unique=True)) if used else []
    operands = [draw(strategies.arrays(tuple(lengths[label] for label in term))) for term in terms]
    return call(*operands, subscripts=",".join(terms) + "->" + "".join(result), optimize=draw(st.booleans()))


samples(
    "einsum",
    *EINSUM,
    drawn=labelled,
    torch=lambda torch, *operands, subscripts, optimize: torch.einsum(subscripts, *operands),
)
