"""Class numbers as targets: rows with a one (`one_hot`), smoothed (`smooth_labels`), weighed, or left out.

Builds on the engine; what depends on the numbers themselves is looked at anew at each run of a compiled function.
"""

from typing import Any, Literal

import numpy as np

from ...engine import Value
from ...errors import OutOfRangeError, SettingError, ShapeError
from ...modes import constant, current_mode

__all__ = ["IGNORED", "Smoothing", "any_ignored", "class_rows", "class_weights", "one_hot", "smooth_labels", "smoothed"]

Smoothing = Literal["uniform", "others"]
IGNORED = -100  # no class, as in PyTorch


def one_hot(labels: Any, num_classes: int = -1) -> Any:
    """Class numbers as rows of zeros with a one, on a new last axis: a plain array of float64.

    >>> import numpy as np
    >>> one_hot(np.array([2, 0])).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    labels = labels.data if isinstance(labels, Value) else np.asarray(labels)
    classes = int(np.max(labels, initial=-1)) + 1 if num_classes < 0 else num_classes
    if labels.dtype.kind not in "iu":
        raise ShapeError(f"one_hot: labels of dtype {labels.dtype}; give class numbers (integers)")
    return _one_hot(labels, classes)


@constant
def _one_hot(labels: Any, classes: int) -> Any:
    if labels.size and not (labels.min() >= 0 and labels.max() < classes):
        raise OutOfRangeError(
            f"one_hot: labels run from {labels.min()} to {labels.max()}, classes from 0 to {classes - 1}"
        )
    return np.eye(classes)[labels]


def smooth_labels(labels: Any, eps: float, num_classes: int = -1, *, mode: Smoothing = "uniform") -> Any:
    """Class numbers as probabilities that leave a share eps to other classes.

    "uniform" is (1 - eps)·y + eps/K, PyTorch's and Szegedy et al.'s (2016); "others" gives 1 - eps to the class and
    eps/(K - 1) to each other one, as course 004 prints (row `label-smoothing`); equal for eps_uniform = eps·K/(K - 1).

    >>> smooth_labels([0], 0.3, 4, mode="others").round(2).tolist()
    [[0.7, 0.1, 0.1, 0.1]]
    """
    return smoothed(one_hot(labels, num_classes), eps, -1, mode)


def smoothed(hot: Any, eps: float, axis: int, mode: Smoothing) -> Any:
    """One-hot rows along `axis` as probabilities that leave a share eps to other classes."""
    classes = hot.shape[axis]
    if mode not in ("uniform", "others"):
        raise SettingError(f"label smoothing mode {mode!r} is not known; choose 'uniform' or 'others'")
    share = eps / classes if mode == "uniform" else eps / max(classes - 1, 1)
    return hot * (1 - eps - (share if mode == "others" else 0)) + share


def any_ignored(target: Any, ignore_index: int) -> bool:
    """Whether rows may be left out.

    A program can't ask anew at each run. It leaves rows out where another number than PyTorch's -100 was asked for, or
    where the first labels have them; else its gate refuses such labels.
    """
    if current_mode().trace is None:
        return bool((target == ignore_index).any())
    first = getattr(target, "_data", target)
    return ignore_index != IGNORED or (isinstance(first, np.ndarray) and bool((first == IGNORED).any()))


def class_rows(scores: Any, target: Any, ignore_index: int, axis: int) -> tuple[Any, Any]:
    """One-hot rows of class numbers on `axis`, and which rows count, as numbers."""
    target = target if isinstance(target, Value) else np.asarray(target)
    rest, classes = tuple(np.delete(scores.shape, axis).tolist()), scores.shape[axis]
    if target.shape != rest:
        raise ShapeError(f"class numbers {target.shape} do not fit scores {scores.shape}: {rest} is wanted")
    if target.dtype.kind not in "iu":
        raise ShapeError(f"class numbers of dtype {target.dtype}; give integers")
    hot = _hot(target, ignored=ignore_index, classes=classes, axis=axis, dtype=scores.dtype)
    return hot, (target != ignore_index).astype(scores.dtype)


@constant
def _hot(labels: Any, *, ignored: int, classes: int, axis: int, dtype: Any) -> Any:
    kept = np.where(labels != ignored, labels, 0)
    if kept.size and not (kept.min() >= 0 and kept.max() < classes):
        raise ShapeError(
            f"class numbers run from {kept.min()} to {kept.max()}, but there are classes 0 to {classes - 1}"
        )
    return np.moveaxis(np.eye(classes, dtype=dtype)[kept], -1, axis)


def class_weights(weight: Any, scores: Any, axis: int) -> Any:
    """Class weights shaped to broadcast over the scores."""
    if weight is None:
        return np.ones((), scores.dtype)
    weight = np.asarray(weight, scores.dtype)
    if weight.shape != (scores.shape[axis],):
        raise ShapeError(f"class weights {weight.shape} do not fit scores {scores.shape}: one for each of axis {axis}")
    return weight.reshape([-1 if k == axis else 1 for k in range(scores.ndim)])
