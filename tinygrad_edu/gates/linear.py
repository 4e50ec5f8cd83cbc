"""Linear algebra gates of the first slice: matmul, outer, einsum. Builds on the engine."""

from math import prod
from string import ascii_letters
from typing import Any

import numpy as np

from ..engine import gate

__all__ = ["einsum", "matmul", "outer"]


def _matmul_by_x(g: Any, out: Any, x: Any, y: Any) -> Any:
    """dX = dY Yᵀ; a vector counts as a row on the left, as a column on the right."""
    if x.ndim == y.ndim == 2:
        return g @ y.T
    if y.ndim == 1:
        return g[..., None] * y
    if x.ndim == 1:
        return (g[..., None, :] @ y.swapaxes(-1, -2)).reshape((*y.shape[:-2], x.shape[0]))
    return g @ y.swapaxes(-1, -2)


def _matmul_by_y(g: Any, out: Any, x: Any, y: Any) -> Any:
    """dY = Xᵀ d(out); one matrix for a whole batch sees all rows of the batch as one."""
    if x.ndim == y.ndim == 2:
        return x.T @ g
    if x.ndim == 1 and y.ndim > 1:
        return x[:, None] * g[..., None, :]
    if y.ndim > 2:
        return x.swapaxes(-1, -2) @ g
    rows = prod(x.shape[:-1])
    return x.reshape((rows, x.shape[-1])).T @ g.reshape((rows, *y.shape[1:]))


@gate(x=_matmul_by_x, y=_matmul_by_y, symbol="@", numpy=np.matmul)
def matmul(x: Any, y: Any) -> Any:
    """Matrix product: X gets G·Yᵀ and Y gets Xᵀ·G, G the upstream gradient; stacks and vectors as in NumPy."""
    return np.matmul(x, y)


@gate(
    x=lambda g, out, x, y: (g @ np.ravel(y)).reshape(x.shape),
    y=lambda g, out, x, y: (np.ravel(x) @ g).reshape(y.shape),
    symbol="⊗",
)
def outer(x: Any, y: Any) -> Any:
    """Outer product of two vectors: each gets the upstream gradient times the other."""
    return np.outer(x, y)


def explicit(subscripts: str, ndims: tuple[int, ...]) -> tuple[list[list[str]], list[str]]:
    """Einsum subscripts as lists of labels, one list an operand, and the labels of the result.

    An ellipsis becomes labels of its own (digits), aligned at the right as broadcasting does.
    """
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    lengths = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims, strict=True)]
    widest = max((n for n, term in zip(lengths, terms, strict=True) if "..." in term), default=0)

    def labels(term: str, length: int) -> list[str]:
        head, dots, tail = term.partition("...")
        middle = [str(k) for k in range(widest - length, widest)] if dots else []
        return [*head, *middle, *tail]

    operands = [labels(term, length) for term, length in zip(terms, lengths, strict=True)]
    if arrow:
        return operands, labels(right, widest)
    flat = [label for operand in operands for label in operand]
    once = sorted(label for label in set(flat) if flat.count(label) == 1 and not label.isdigit())
    return operands, [str(k) for k in range(widest)] + once


def spelled(operands: list[list[str]], result: list[str]) -> str:
    """Lists of labels as subscripts of letters."""
    every = dict.fromkeys(label for labels in [*operands, result] for label in labels)
    letter = dict(zip(every, ascii_letters, strict=False))
    terms = ["".join(letter[label] for label in labels) for labels in [*operands, result]]
    return ",".join(terms[:-1]) + "->" + terms[-1]


def _einsum_by(g: Any, out: Any, *operands: Any, subscripts: str, optimize: Any, position: int) -> Any:
    """The einsum of g and the other operands that leaves this operand's labels.

    A label that repeats in the operand (a diagonal) is spread by an identity matrix, one that stands nowhere else
    (a plain sum) by a vector of ones.
    """
    terms, result = explicit(subscripts, tuple(operand.ndim for operand in operands))
    x, mine = operands[position], terms[position]
    others = [operand for k, operand in enumerate(operands) if k != position]
    labels = [result, *(term for k, term in enumerate(terms) if k != position)]
    target: list[str] = []
    for n, label in zip(x.shape, mine, strict=True):
        if label in target:
            others.append(np.eye(n, dtype=x.dtype))
            labels.append([label, f"{label}'{len(target)}"])
            label = labels[-1][1]
        elif not any(label in term for term in labels):
            others.append(np.ones(n, x.dtype))
            labels.append([label])
        target.append(label)
    return np.einsum(spelled(labels, target), g, *others, optimize=optimize)


@gate(operands=_einsum_by, symbol="Σ")
def einsum(*operands: Any, subscripts: str, optimize: Any = False) -> Any:
    """Sum of products over labelled axes: each operand gets the einsum of the upstream gradient and the others."""
    return np.einsum(subscripts, *operands, optimize=optimize)
