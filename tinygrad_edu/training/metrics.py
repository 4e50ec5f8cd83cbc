"""Figures of merit in scikit-learn's names and formulas: what was right first, then what was predicted.

`accuracy_score` · `hamming_loss` · `confusion_matrix` · `r2_score` · `root_mean_squared_error`. Plain NumPy;
builds on `errors`.
"""

from typing import Any

import numpy as np

from ..errors import ShapeError

__all__ = ["accuracy_score", "confusion_matrix", "r2_score", "root_mean_squared_error"]


def _pair(metric: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    y_true, y_pred = np.asarray(y_true), np.asarray(y_pred)
    if y_true.shape != y_pred.shape or not y_true.size:
        raise ShapeError(f"{metric}: y_true {y_true.shape} and y_pred {y_pred.shape} must have one shape, not empty")
    return y_true, y_pred


def accuracy_score(y_true: Any, y_pred: Any) -> float:
    """Share of predictions that are right (course 003, row `metrics`); rows of labels only if right in all of them.

    >>> accuracy_score([0, 1, 2, 2], [0, 1, 2, 0])
    0.75
    >>> accuracy_score([[1, 0], [1, 1]], [[1, 0], [1, 0]])
    0.5
    """
    y_true, y_pred = _pair("accuracy_score", y_true, y_pred)
    right = y_true == y_pred
    return float(np.mean(right if right.ndim < 2 else right.all(axis=1)))


def hamming_loss(y_true: Any, y_pred: Any) -> float:
    """Share of single labels that are wrong, in rows of labels (course 004, row `multi-label-output`).

    >>> hamming_loss([[1, 0], [1, 1]], [[1, 0], [1, 0]])
    0.25
    """
    y_true, y_pred = _pair("hamming_loss", y_true, y_pred)
    return float(np.mean(y_true != y_pred))


def confusion_matrix(y_true: Any, y_pred: Any, classes: int | None = None) -> Any:
    """Counts, a row for each true class number and a column for each predicted one; all off the diagonal are mistakes.

    >>> confusion_matrix([0, 1, 1], [0, 1, 0]).tolist()
    [[1, 0], [1, 1]]
    """
    y_true, y_pred = _pair("confusion_matrix", y_true, y_pred)
    size = classes if classes is not None else int(max(y_true.max(), y_pred.max())) + 1
    if min(y_true.min(), y_pred.min()) < 0 or max(y_true.max(), y_pred.max()) >= size:
        raise ShapeError(f"confusion_matrix: class numbers have to be 0 to {size - 1}")
    return np.bincount(y_true * size + y_pred, minlength=size * size).reshape(size, size)


def root_mean_squared_error(y_true: Any, y_pred: Any) -> float:
    """√ mean (y - ŷ)²: a typical error, in the unit of y.

    >>> root_mean_squared_error([0.0, 0.0], [3.0, -3.0])
    3.0
    """
    y_true, y_pred = _pair("root_mean_squared_error", y_true, y_pred)
    return float(np.sqrt(np.mean(np.square(y_true - y_pred))))


def r2_score(y_true: Any, y_pred: Any) -> float:
    """R² = 1 - Σ(y - ŷ)² / Σ(y - ȳ)²: 1 is perfect, 0 no better than the mean.

    Where y never changes: 1 if all is right, else 0, as in scikit-learn.

    >>> r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    y_true, y_pred = _pair("r2_score", y_true, y_pred)
    left, spread = np.square(y_true - y_pred).sum(), np.square(y_true - y_true.mean()).sum()
    return float(1 - left / spread) if spread else float(not left)
