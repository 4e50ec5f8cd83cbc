"""Losses, PyTorch's by name and formula: `input` is what the model gave, `target` what was wanted.

`reduction` is "mean", "sum" or "none"; where the courses sum and halve, `mse_loss` also takes "half_sum". Shapes must
agree: a (4, 1) prediction beside (4,) targets is refused, since broadcasting would compare each with all.
Regression: `mse_loss`, `l1_loss`, `smooth_l1_loss`, `huber_loss`, `gaussian_nll_loss`. Classes: `cross_entropy`,
`nll_loss`, `binary_cross_entropy`, `binary_cross_entropy_with_logits`, `hinge_loss`, `hinge_embedding_loss`,
`multi_margin_loss`, `multi_class_hinge_loss`, `kl_div`. Targets: `one_hot`, `smooth_labels`. Builds on the gates.
"""

from math import log, pi
from typing import Any, Literal

import numpy as np

from ...engine import Value
from ...errors import OutOfRangeError, SettingError, ShapeError
from ...gates.elementary import relu, softplus
from ...gates.fused import log_softmax, softmax_cross_entropy
from ...gates.selection import where
from ...modes import current_mode

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "gaussian_nll_loss",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "multi_class_hinge_loss",
    "multi_margin_loss",
    "nll_loss",
    "one_hot",
    "smooth_l1_loss",
    "smooth_labels",
]

Reduction = Literal["mean", "sum", "none"]
Smoothing = Literal["uniform", "others"]


def reduced(losses: Any, reduction: str) -> Any:
    """Losses of single elements as the loss of a batch."""
    return losses if known(reduction) == "none" else getattr(np, reduction)(losses)


def known(reduction: str) -> Any:
    """`reduction` itself if there is such a one, else ValueError."""
    if reduction not in ("mean", "sum", "none"):
        raise SettingError(f"reduction {reduction!r} is not known; choose 'mean', 'sum' or 'none'")
    return reduction


def same_shape(loss: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Both as arrays or Values of one shape, or ShapeError."""
    input, target = (x if isinstance(x, Value) else np.asarray(x) for x in (input, target))
    if input.shape != target.shape:
        raise ShapeError(
            f"{loss}: input {input.shape} and target {target.shape} must have one shape; broadcasting would compare "
            "each prediction with every target: reshape one of them"
        )
    return input, target


def _weighed(what: str, losses: Any, weight: Any, reduction: str) -> Any:
    """Losses reduced; with a weight for each, "mean" is Σ w·loss/Σ w."""
    if weight is None:
        return reduced(losses, reduction)
    weight = _fitting(what, losses, weight)
    return np.sum(losses * weight) / np.sum(weight) if reduction == "mean" else reduced(losses * weight, reduction)


def _fitting(what: str, losses: Any, weight: Any) -> Any:
    weight = weight if isinstance(weight, Value) else np.asarray(weight, losses.dtype)
    if weight.shape != losses.shape:
        raise ShapeError(f"{what}: weight {weight.shape} must have the input's shape {losses.shape}")
    return weight


def mse_loss(
    input: Any,
    target: Any,
    *,
    reduction: Literal["mean", "sum", "none", "half_sum"] = "mean",
    weight: Any = None,
) -> Any:
    """Squared error (input - target)², averaged; "half_sum" is ½Σ(…)², course 004's squared loss with gradient f - y.

    With `weight`, one for each element, "mean" is Σ w·(…)²/Σ w, as in PyTorch.

    >>> import numpy as np
    >>> float(mse_loss(np.array([1.0, 2.0]), np.array([0.0, 0.0])))
    2.5
    """
    input, target = same_shape("mse_loss", input, target)
    squares = np.square(input - target)
    if reduction == "half_sum":
        return _weighed("mse_loss", squares, weight, "sum") / 2
    return _weighed("mse_loss", squares, weight, reduction)


def l1_loss(input: Any, target: Any, *, reduction: Reduction = "mean", weight: Any = None) -> Any:
    """Absolute error |input - target|; its gradient is 0 where they agree. `weight` as for `mse_loss`.

    >>> float(l1_loss([1.0, 3.0], [0.0, 0.0]))
    2.0
    """
    input, target = same_shape("l1_loss", input, target)
    return _weighed("l1_loss", np.abs(input - target), weight, reduction)


def huber_loss(input: Any, target: Any, reduction: Reduction = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """½d² for |d| ≤ delta, delta·(|d| - delta/2) beyond, with d = input - target (Huber 1964).

    With `weight`, one for each element, "mean" is still over their number, as in PyTorch (unlike `mse_loss`).

    >>> huber_loss([0.5, 3.0], [0.0, 0.0], "none").tolist()
    [0.125, 2.5]
    """
    input, target = same_shape("huber_loss", input, target)
    distance = np.abs(input - target)
    near = np.minimum(distance, delta)
    losses = near * (distance - near / 2)
    return reduced(losses if weight is None else losses * _fitting("huber_loss", losses, weight), reduction)


def smooth_l1_loss(input: Any, target: Any, *, reduction: Reduction = "mean", beta: float = 1.0) -> Any:
    """½d²/beta for |d| < beta, |d| - beta/2 beyond: Huber's loss over beta; with beta = 0 the absolute error."""
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return huber_loss(input, target, reduction, beta) / beta


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, reduction: Reduction = "mean"
) -> Any:
    """½(log var + (input - target)²/var), with ½log 2π added if `full`; `var` is held at eps or above.

    `var` is a number, has the input's shape, or lacks (or has as 1) its last axis. As in PyTorch the limit eps takes
    no gradient away.
    """
    input, target = same_shape("gaussian_nll_loss", input, target)
    var = var if isinstance(var, Value) else np.asarray(var, input.dtype)
    if var.shape == input.shape[:-1] and var.shape != input.shape and var.ndim:
        var = np.expand_dims(var, -1)
    if var.shape not in ((), input.shape, (*input.shape[:-1], 1)):
        raise ShapeError(f"gaussian_nll_loss: var {var.shape} fits neither input {input.shape} nor its rows")
    plain = var.data if isinstance(var, Value) else var
    if np.any(plain < 0):
        raise SettingError("gaussian_nll_loss: var has negative entries; predict log var and take exp, or use softplus")
    var = var + (np.maximum(plain, eps) - plain)
    losses = (np.log(var) + np.square(input - target) / var) / 2 + (log(2 * pi) / 2 if full else 0)
    return reduced(losses, reduction)


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: Reduction = "mean") -> Any:
    """-(y·log p + (1 - y)·log(1 - p)) of probabilities p; each logarithm is held at -100 or above, as in PyTorch."""
    input, target = same_shape("binary_cross_entropy", input, target)
    plain = input.data if isinstance(input, Value) else input
    if plain.size and not (np.min(plain) >= 0 and np.max(plain) <= 1):
        raise SettingError(
            f"binary_cross_entropy: input runs from {np.min(plain)} to {np.max(plain)} and is no probability; "
            "give logits to binary_cross_entropy_with_logits"
        )
    return reduced(_weighted(-(target * _held_log(input) + (1 - target) * _held_log(1 - input)), weight), reduction)


def _weighted(losses: Any, weight: Any) -> Any:
    return losses if weight is None else losses * np.asarray(weight, losses.dtype)


def _held_log(p: Any) -> Any:
    """log p, or -100 where it is lower."""
    tiny = np.less(p, 4e-44)  # e⁻¹⁰⁰
    return where(tiny, np.full(p.shape, -100, p.dtype), np.log(np.where(tiny, 1, p)))


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: Reduction = "mean", pos_weight: Any = None
) -> Any:
    """Binary cross-entropy of σ(z), written softplus(z) - z·y: never overflows; `pos_weight` multiplies the loss at y
    = 1.

    >>> float(binary_cross_entropy_with_logits([-1000.0], [1.0]))
    1000.0
    """
    input, target = same_shape("binary_cross_entropy_with_logits", input, target)
    if pos_weight is None:
        losses = softplus(input) - input * target
    else:
        losses = (1 - target) * input + (1 + (np.asarray(pos_weight, input.dtype) - 1) * target) * softplus(-input)
    return reduced(_weighted(losses, weight), reduction)


def one_hot(labels: Any, num_classes: int = -1) -> Any:
    """Class numbers as rows of zeros with a one, on a new last axis: a plain array of float64.

    >>> import numpy as np
    >>> one_hot(np.array([2, 0])).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    labels = np.asarray(labels)
    classes = int(labels.max(initial=-1)) + 1 if num_classes < 0 else num_classes
    if labels.dtype.kind not in "iu":
        raise ShapeError(f"one_hot: labels of dtype {labels.dtype}; give class numbers (integers)")
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
    return _smoothed(one_hot(labels, num_classes), eps, -1, mode)


def _smoothed(hot: Any, eps: float, axis: int, mode: Smoothing) -> Any:
    classes = hot.shape[axis]
    if mode not in ("uniform", "others"):
        raise SettingError(f"label smoothing mode {mode!r} is not known; choose 'uniform' or 'others'")
    share = eps / classes if mode == "uniform" else eps / max(classes - 1, 1)
    return hot * (1 - eps - (share if mode == "others" else 0)) + share


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: Reduction = "mean",
    label_smoothing: float = 0.0,
    smoothing_mode: Smoothing = "uniform",
    from_logits: bool = True,
) -> Any:
    """-Σ w·y·log softmax(input) over classes on axis 1 (axis 0 of a single example), as PyTorch.

    `target` holds class numbers (without the class axis) or probabilities (shaped as the input). `weight` is one
    number a class; with class numbers the mean divides by the sum of their weights, and `ignore_index` rows count for
    nothing. `smoothing_mode="others"` is course 004's ε/(K-1); `from_logits=False` takes probabilities instead of
    scores.

    >>> import numpy as np
    >>> p = np.array([[0.3, 0.2, 0.1, 0.4]])
    >>> round(float(cross_entropy(p, np.array([1]), from_logits=False)), 4)
    1.6094
    """
    input, target = (x if isinstance(x, Value) else np.asarray(x) for x in (input, target))
    axis = 1 if input.ndim > 1 else 0
    by_class = target.dtype.kind in "iu"
    ignored = by_class and _any_ignored(target, ignore_index)
    if weight is None and not label_smoothing and not ignored and from_logits:
        return softmax_cross_entropy(input, target, axis=axis, reduction=known(reduction))
    logp = log_softmax(input, axis=axis) if from_logits else np.log(input)
    if by_class:
        hot, counted = _class_rows(logp, target, ignore_index, axis)
    else:
        hot, counted = target, np.ones(np.delete(logp.shape, axis))
        same_shape("cross_entropy", logp, hot)
    weights = _class_weights(weight, logp, axis)
    wanted = _smoothed(hot, label_smoothing, axis, smoothing_mode) if label_smoothing else hot
    losses = -np.sum(wanted * weights * logp, axis=axis) * counted.astype(logp.dtype)
    if reduction != "mean":
        return reduced(losses, reduction)
    return np.sum(losses) / (np.sum(np.sum(hot * weights, axis=axis) * counted) if by_class else counted.size)


def _any_ignored(target: Any, ignore_index: int) -> bool:
    """Whether rows are left out. A trace doesn't look: where no class has that number, the gate refuses such labels."""
    return ignore_index >= 0 if current_mode().trace is not None else bool((target == ignore_index).any())


def _class_rows(scores: Any, target: Any, ignore_index: int, axis: int) -> tuple[Any, Any]:
    """One-hot rows of class numbers on `axis`, and which rows count."""
    rest, classes = tuple(np.delete(scores.shape, axis).tolist()), scores.shape[axis]
    if target.shape != rest:
        raise ShapeError(f"class numbers {target.shape} do not fit scores {scores.shape}: {rest} is wanted")
    counted = target != ignore_index
    kept = np.where(counted, target, 0)
    if kept.size and not (kept.min() >= 0 and kept.max() < classes):
        raise ShapeError(
            f"class numbers run from {kept.min()} to {kept.max()}, but there are classes 0 to {classes - 1}"
        )
    return np.moveaxis(one_hot(kept, classes).astype(scores.dtype), -1, axis), counted


def _class_weights(weight: Any, scores: Any, axis: int) -> Any:
    """Class weights shaped to broadcast over the scores."""
    if weight is None:
        return np.ones((), scores.dtype)
    weight = np.asarray(weight, scores.dtype)
    if weight.shape != (scores.shape[axis],):
        raise ShapeError(f"class weights {weight.shape} do not fit scores {scores.shape}: one for each of axis {axis}")
    return weight.reshape([-1 if k == axis else 1 for k in range(scores.ndim)])


def nll_loss(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = -100, reduction: Reduction = "mean"
) -> Any:
    """-w·log p of the right class, from log-probabilities with classes on axis 1."""
    axis = 1 if input.ndim > 1 else 0
    hot, counted = _class_rows(input, np.asarray(target), ignore_index, axis)
    hot = hot * _class_weights(weight, input, axis)
    losses = -np.sum(hot * input, axis=axis) * counted.astype(input.dtype)
    if reduction != "mean":
        return reduced(losses, reduction)
    return np.sum(losses) / np.sum(np.sum(hot, axis=axis) * counted)


def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Any:
    """t·(log t - input), `input` being log-probabilities: "batchmean" is the divergence, "mean" also divides by
    classes.
    """
    input, target = same_shape("kl_div", input, target)
    if log_target:
        losses = np.exp(target) * (target - input)
    else:
        zero = np.equal(target, 0)
        losses = target * (np.log(np.where(zero, 1, target)) - input)
    return np.sum(losses) / input.shape[0] if reduction == "batchmean" else reduced(losses, reduction)


def hinge_loss(input: Any, target: Any, margin: float = 1.0, *, reduction: Reduction = "mean") -> Any:
    """max(0, margin - y·s) for labels y = ±1: the two-class support vector machine.

    >>> hinge_loss([0.5, 2.0], [1.0, 1.0], reduction="none").tolist()
    [0.5, 0.0]
    """
    input, target = same_shape("hinge_loss", input, target)
    return reduced(relu(margin - target * input), reduction)


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, *, reduction: Reduction = "mean") -> Any:
    """The distance itself where y = 1, max(0, margin - distance) where y = -1."""
    input, target = same_shape("hinge_embedding_loss", input, target)
    return reduced(np.where(target > 0, input, relu(margin - input)), reduction)


def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: Reduction = "mean"
) -> Any:
    """Σ_{j≠y} w_y·max(0, margin - s_y + s_j)^p divided by the number of classes, as PyTorch."""
    scores = input if input.ndim > 1 else input.reshape((1, -1))
    hot, _ = _class_rows(scores, np.atleast_1d(target), -100, 1)
    right = np.sum(scores * hot, axis=1, keepdims=True)
    over = relu(margin - right + scores) * (1 - hot)
    over = over if p == 1 else np.square(over)
    losses = np.sum(over, axis=1) * np.sum(hot * _class_weights(weight, scores, 1), axis=1) / scores.shape[1]
    return reduced(losses if input.ndim > 1 else losses[0], reduction)


def multi_class_hinge_loss(input: Any, target: Any, margin: float = 1.0, *, reduction: Reduction = "mean") -> Any:
    """Σ_{j≠y} max(0, s_j - s_y + margin): the courses' SVM loss, not divided by the number of classes.

    >>> import numpy as np
    >>> scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    >>> multi_class_hinge_loss(scores, np.array([0, 1, 2]), reduction="none").round(1).tolist()
    [2.9, 0.0, 12.9]
    """
    return multi_margin_loss(input, target, margin=margin, reduction=reduction) * input.shape[-1]
