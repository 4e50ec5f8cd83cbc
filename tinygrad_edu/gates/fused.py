"""Fused gates: formulas with a name whose one gate is faster and safer than its parts: softmax, cross-entropy,
standardise.

Each declares its `parts`, so that a drawing can open it. Builds on the engine and reduction.
"""

from typing import Any, Literal

import numpy as np

from ..engine import gate
from ..errors import ShapeError
from ..modes import constant
from .reduction import count, logsumexp

__all__ = ["log_softmax", "one_hot", "softmax", "softmax_cross_entropy", "standardise"]

Reduction = Literal["mean", "sum", "none"]


def _softmax_parts(x: Any, *, axis: int) -> Any:
    e = np.exp(x)
    return e / np.sum(e, axis=axis, keepdims=True)


@gate(x=lambda g, out, x, *, axis: out * (g - np.sum(g * out, axis=axis, keepdims=True)), parts=_softmax_parts)
def softmax(x: Any, *, axis: int = -1) -> Any:
    """Softmax eˣ/Σeˣ along `axis`: out·(g - Σ g·out), finite at any input."""
    e = np.exp(x - np.maximum.reduce(x, axis, keepdims=True, initial=-np.inf))
    return e / np.add.reduce(e, axis, keepdims=True)


def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """Logarithm of softmax, x - log Σ eˣ along `axis`, finite where softmax rounds to 0.

    >>> import numpy as np
    >>> from tinygrad_edu import Value, log_softmax
    >>> log_softmax(Value([0.0, 1000.0])).data.tolist()
    [-1000.0, 0.0]
    """
    return x - logsumexp(x, axis=axis, keepdims=True)


def one_hot(labels: Any, logits: Any, axis: int) -> Any:
    """Class numbers as rows of zeros with a one, in the shape and dtype of `logits`; probabilities are left alone."""
    if labels.dtype.kind == "f":
        return labels
    return _hot(labels, shape=logits.shape, dtype=logits.dtype, axis=axis)


@constant
def _hot(labels: Any, *, shape: tuple[int, ...], dtype: Any, axis: int) -> Any:
    hot = np.zeros(shape, dtype)
    hot[_places(labels, axis)] = 1
    return hot


def _places(labels: Any, axis: int) -> tuple[Any, ...]:
    """The index that picks each row's labelled class: the row's place, with its label on `axis`."""
    if labels.ndim == 1:
        rows = np.arange(len(labels))
        return (rows, labels) if axis % 2 else (labels, rows)
    grid = [np.arange(n).reshape((n,) + (1,) * (labels.ndim - k)) for k, n in enumerate(labels.shape, 1)]
    grid.insert(axis % (labels.ndim + 1), labels)
    return tuple(grid)


def _all_below(labels: Any, classes: int) -> bool:
    """Whether all whole numbers lie from 0 up to `classes`: seen without their sign, negative ones are large."""
    return bool(np.maximum.reduce(labels.view(labels.dtype.str.replace("i", "u")), None) < classes)


def _checked_labels(logits: Any, labels: Any, axis: int) -> None:
    classes = logits.shape[axis]
    rest = logits.shape[:axis] + logits.shape[axis:][1:]
    wanted = logits.shape if labels.dtype.kind == "f" else rest
    if labels.shape != wanted:
        raise ShapeError(
            f"labels {labels.shape} do not fit logits {logits.shape} with classes on axis {axis}: "
            f"give class numbers of shape {rest} or probabilities of shape {logits.shape}"
        )
    if labels.dtype.kind in "iu" and labels.size and not _all_below(labels, classes):
        raise ShapeError(f"labels run from {labels.min()} to {labels.max()}, but there are classes 0 to {classes - 1}")
    if labels.dtype.kind not in "iuf":
        raise ShapeError(f"labels of dtype {labels.dtype}: give class numbers (integers) or probabilities (floats)")


def _rows(g: Any, logits: Any, axis: int, reduction: Reduction) -> Any:
    """The upstream gradient of each row's loss, shaped to broadcast over its classes."""
    if reduction == "none":
        return np.expand_dims(g, axis)
    return g * (logits.shape[axis] / max(logits.size, 1)) if reduction == "mean" else g


def _by_logits(g: Any, out: Any, logits: Any, labels: Any, *, axis: int, reduction: Reduction) -> Any:
    wanted, found = one_hot(labels, logits, axis), softmax(logits, axis=axis)
    if labels.dtype.kind == "f":
        found = found * np.sum(wanted, axis=axis, keepdims=True)
    return _rows(g, logits, axis, reduction) * (found - wanted)


def _parts(logits: Any, labels: Any, *, axis: int, reduction: Reduction) -> Any:
    p = softmax(logits, axis=axis)
    losses = -np.sum(one_hot(labels, logits, axis) * np.log(p), axis=axis)
    return losses if reduction == "none" else getattr(np, reduction)(losses)


@gate(
    logits=_by_logits,
    labels=lambda g, out, logits, labels, *, axis, reduction: (
        -_rows(g, logits, axis, reduction) * log_softmax(logits, axis=axis)
    ),
    symbol="CE",
    parts=_parts,
)
def softmax_cross_entropy(logits: Any, labels: Any, *, axis: int = -1, reduction: Reduction = "mean") -> Any:
    """Cross-entropy -Σ y log softmax(logits): softmax minus y, over the number of rows for the mean.

    `labels` are class numbers, or probabilities in the shape of the logits; classes lie on `axis`. Never overflows.

    >>> from tinygrad_edu import Value, softmax_cross_entropy
    >>> round(softmax_cross_entropy(Value([[0.0, 0.0]]), [1]).item(), 4)
    0.6931
    """
    _checked_labels(logits, labels, axis)
    scores = logsumexp(logits, axis=axis, keepdims=True)
    if labels.dtype.kind == "f":
        losses = np.add.reduce(labels * (scores - logits), axis)
    else:
        losses = scores.reshape(labels.shape) - logits[_places(labels, axis)]
    if reduction == "none":
        return losses
    total = np.add.reduce(losses, axis=None)
    return total if reduction == "sum" else total / losses.size


def _standardise_parts(x: Any, *, axis: Any, eps: float) -> Any:
    mean = np.mean(x, axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(np.var(x, axis=axis, keepdims=True) + eps)


def _by_standardised(g: Any, out: Any, x: Any, *, axis: Any, eps: float) -> Any:
    """Of the upstream gradient only what is neither a shift nor a stretch of all elements, over the deviation."""
    scale = 1 / np.sqrt(np.var(x, axis=axis, keepdims=True) + eps)
    share = 1 / max(count(x, axis), 1)
    shift, stretch = g.sum(axis=axis, keepdims=True), (g * out).sum(axis=axis, keepdims=True)
    return (g - out * (stretch * share) - shift * share) * scale


@gate(x=_by_standardised, symbol="(x−μ)/σ", parts=_standardise_parts)
def standardise(x: Any, *, axis: Any, eps: float = 1e-5) -> Any:
    """Standardise (x - μ)/√(σ² + ε) over `axis`: (g - mean(g) - out·mean(g·out))/√(σ² + ε)."""
    if x.dtype.kind == "c":
        raise TypeError("complex numbers can't be standardised: standardise their real and imaginary parts")
    n = max(count(x, axis), 1)
    centred = x - np.add.reduce(x, axis, keepdims=True) / n
    centred *= 1 / np.sqrt(np.add.reduce(np.square(centred), axis, keepdims=True) / n + eps)
    return centred
