"""Gates that are not a straight line of NumPy calls, or not the best one, as such. Builds on `program`.

`EXPANSIONS`: name → function(emitter, *inputs, **settings) that makes the lines and gives the result, or None.
"""

from math import prod
from typing import Any

import numpy as np

from ..program import Function, Var

__all__ = ["EXPANSIONS", "less_one", "one_hot", "places_of"]


def places_of(labels: Any, rows: Any, classes: int) -> Any:
    """Where each row's label lies in a matrix laid flat; ValueError for a label that is none of the classes."""
    try:
        return np.ravel_multi_index((rows, labels), (rows.size, classes))
    except ValueError:
        raise ValueError("a label is none of the classes: labels must be whole numbers from 0 to classes - 1") from None


def less_one(x: Any, places: Any, out: Any = None) -> Any:
    """x less 1 at some places, no two of them the same: a row's probabilities less 1 for its label."""
    if out is None:
        out = np.empty(x.shape, x.dtype)
    if out is not x:
        np.copyto(out, x)
    out.reshape(-1)[places] -= 1
    return out


def one_hot(labels: Any, classes: Any, dtype: Any, out: Any = None) -> Any:
    """1 where the label is the class, as numbers: NumPy subtracts those five times as fast as truth values."""
    if out is None:
        out = np.empty(np.broadcast_shapes(labels.shape, classes.shape), dtype)
    return np.equal(labels, classes, out)


PLACES = Function("places_of", places_of, pure=False)  # it may refuse
LESS_ONE = Function("less_one", less_one, over=True)
HOT = Function("one_hot", one_hot)


def _reduced(x: Any, emitter: Any, axis: Any) -> int:
    """How many elements each sum has."""
    shape = emitter.shape(x)
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return prod(shape[a] for a in axes)


def mean(emitter: Any, x: Any, *, axis: Any, keepdims: bool) -> Any:
    """The sum over the number of elements, as NumPy has it."""
    if emitter.so_far.dtype(x).kind != "f" or emitter.so_far.dtype(x).itemsize < 4:
        return None
    total = emitter.call(np.add.reduce, x, axis, keepdims=keepdims)
    return emitter.call(np.divide, total, _reduced(x, emitter, axis))


def var(emitter: Any, x: Any, *, axis: Any, ddof: int, keepdims: bool) -> Any:
    """The mean of squares of what is centred, as NumPy has it."""
    if emitter.so_far.dtype(x).kind != "f" or emitter.so_far.dtype(x).itemsize < 4:
        return None
    centred = emitter.call(np.subtract, x, mean(emitter, x, axis=axis, keepdims=True))
    squares = emitter.call(np.multiply, centred, centred)
    total = emitter.call(np.add.reduce, squares, axis, keepdims=keepdims)
    return emitter.call(np.divide, total, max(_reduced(x, emitter, axis) - ddof, 0))


def softmax(emitter: Any, x: Any, *, axis: int) -> Any:
    """Exponentials over their sum, in the lines that cross-entropy has too."""
    e, total, _ = _exponentials(emitter, x, axis)
    return emitter.call(np.divide, e, total)


def _exponentials(emitter: Any, x: Any, axis: int) -> tuple[Any, Any, Any]:
    """e^(x − highest), its sum, and x − highest."""
    highest = emitter.call(np.maximum.reduce, x, axis, keepdims=True)
    shifted = emitter.call(np.subtract, x, highest)
    e = emitter.call(np.exp, shifted)
    return e, emitter.call(np.add.reduce, e, axis, keepdims=True), shifted


def hot(emitter: Any, labels: Any, *, shape: tuple[int, ...], dtype: Any, axis: int) -> Any:
    """A one where the class is the label."""
    axis %= len(shape)
    column = (*shape[:axis], 1, *shape[axis + 1 :])
    classes = np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))])
    equal, kind = emitter.call(np.reshape, labels, column), np.dtype(dtype)
    return emitter.so_far.add(emitter.line, HOT, equal, classes, kind.type, shape=shape, dtype=kind)


def places(emitter: Any, labels: Any, rows: int, classes: int) -> Any:
    """Where the labels lie in a matrix of so many rows and classes; they are looked at once."""
    for line in emitter.so_far.lines.values():
        if line.gate is PLACES and (line.inputs[0], line.inputs[2]) == (labels, classes):
            return line.target
    inputs = labels, np.arange(rows), classes
    return emitter.so_far.add(emitter.line, PLACES, *inputs, shape=(rows,), dtype=np.dtype(np.intp))


def difference(emitter: Any, x: Any, y: Any) -> Any:
    """x − y; what is 1 at a label of each row is subtracted there alone."""
    ones, so_far = emitter.so_far.line(y), emitter.so_far
    column = so_far.line(ones.inputs[0]) if ones is not None and ones.gate is HOT else None
    if column is None or column.shape[1:] != (1,) or so_far.kinds.get(x) != (ones.shape, ones.dtype):
        return emitter.call(np.subtract, x, y)
    found = places(emitter, column.inputs[0], *ones.shape)
    return so_far.add(emitter.line, LESS_ONE, x, found, shape=ones.shape, dtype=ones.dtype)


def softmax_cross_entropy(emitter: Any, logits: Any, labels: Any, *, axis: int, reduction: str) -> Any:
    """log Σ e^(x − highest) − (x − highest) of the label, for whole rows of logits and class numbers."""
    shape, kinds = emitter.shape(logits), emitter.so_far.kinds
    if not isinstance(labels, Var) or kinds[labels][1].kind not in "iu" or len(shape) != 2 or axis % 2 != 1:
        return None
    if emitter.shape(labels) != shape[:1]:
        return None
    found = places(emitter, labels, *shape)
    _, total, shifted = _exponentials(emitter, logits, axis)
    scores = emitter.call(np.log, emitter.call(np.reshape, total, shape[:1]))
    picked = emitter.call(np.take, shifted, found)
    losses = emitter.call(np.subtract, scores, picked)
    if reduction == "none":
        return losses
    total = emitter.call(np.add.reduce, losses, 0)
    return emitter.call(np.divide, total, shape[0]) if reduction == "mean" else total


def standardise(emitter: Any, x: Any, *, axis: Any, eps: float) -> Any:
    """What is centred over the deviation, in the lines that its gradient has too."""
    if emitter.so_far.dtype(x).kind != "f" or emitter.so_far.dtype(x).itemsize < 4:
        return None
    centred = emitter.call(np.subtract, x, mean(emitter, x, axis=axis, keepdims=True))
    deviation = emitter.call(np.sqrt, emitter.call(np.add, var(emitter, x, axis=axis, ddof=0, keepdims=True), eps))
    return emitter.call(np.multiply, centred, emitter.call(np.divide, 1, deviation))


EXPANSIONS: dict[str, Any] = {
    "sub": difference,
    "mean": mean,
    "var": var,
    "softmax": softmax,
    "standardise": standardise,
    "softmax_cross_entropy": softmax_cross_entropy,
    "tinygrad_edu.gates.fused._hot": hot,
}
