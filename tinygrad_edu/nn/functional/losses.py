"""Losses, PyTorch's by name and formula: `input` is what the model gave, `target` what was wanted.

`reduction` is "mean", "sum" or "none"; where the courses sum and halve, `mse_loss` also takes "half_sum". Shapes must
agree: a (4, 1) prediction beside (4,) targets is refused, since broadcasting would compare each with all.
Regression: `mse_loss`, `l1_loss`, `smooth_l1_loss`, `huber_loss`, `gaussian_nll_loss`. Classes: `cross_entropy`,
`nll_loss`, `binary_cross_entropy`, `binary_cross_entropy_with_logits`, `hinge_loss`, `hinge_embedding_loss`,
`multi_margin_loss`, `multi_class_hinge_loss`, `kl_div`. Builds on the gates and `labels`.
"""

from math import log, pi
from typing import Any, Literal

import numpy as np

from ...engine import Value
from ...errors import SettingError, ShapeError
from ...gates.elementary import relu, softplus
from ...gates.fused import log_softmax, softmax_cross_entropy
from ...gates.selection import where
from ...modes import constant
from .labels import IGNORED, Smoothing, any_ignored, class_rows, class_weights, smoothed

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
    "smooth_l1_loss",
]

Reduction = Literal["mean", "sum", "none"]


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
    var = var + _lift(var.data if isinstance(var, Value) else var, eps)
    losses = (np.log(var) + np.square(input - target) / var) / 2 + (log(2 * pi) / 2 if full else 0)
    return reduced(losses, reduction)


@constant
def _lift(var: Any, eps: float) -> Any:
    """What variances below eps lack to it; SettingError for negative ones."""
    if np.any(var < 0):
        raise SettingError("gaussian_nll_loss: var has negative entries; predict log var and take exp, or use softplus")
    return np.maximum(var, eps) - var


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: Reduction = "mean") -> Any:
    """-(y·log p + (1 - y)·log(1 - p)) of probabilities p; each logarithm is held at -100 or above, as in PyTorch."""
    input, target = same_shape("binary_cross_entropy", input, target)
    losses = -(target * _held_log(input, input) + (1 - target) * _held_log(1 - input, input))
    return reduced(_weighted(losses, weight), reduction)


def _weighted(losses: Any, weight: Any) -> Any:
    return losses if weight is None else losses * np.asarray(weight, losses.dtype)


def _held_log(p: Any, input: Any) -> Any:
    """log p, or -100 where it is lower; p is `input` or 1 - `input`."""
    tiny = _tiny(*(x.data if isinstance(x, Value) else x for x in (p, input)))
    return where(tiny, np.full(p.shape, -100, p.dtype), np.log(np.where(tiny, 1, p)))


@constant
def _tiny(p: Any, input: Any) -> Any:
    """Where p is below e⁻¹⁰⁰; SettingError if it is negative, for then `input` holds no probabilities."""
    if p.size and not np.min(p) >= 0:
        raise SettingError(
            f"binary_cross_entropy: input runs from {np.min(input)} to {np.max(input)} and is no probability; "
            "give logits to binary_cross_entropy_with_logits"
        )
    return np.less(p, 4e-44)


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


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = IGNORED,
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
    ignored = by_class and any_ignored(target, ignore_index)
    if weight is None and not label_smoothing and not ignored and from_logits:
        return softmax_cross_entropy(input, target, axis=axis, reduction=known(reduction))
    logp = log_softmax(input, axis=axis) if from_logits else np.log(input)
    if by_class:
        hot, counted = class_rows(logp, target, ignore_index, axis)
    else:
        hot, counted = target, np.ones(np.delete(logp.shape, axis), logp.dtype)
        same_shape("cross_entropy", logp, hot)
    weights = class_weights(weight, logp, axis)
    wanted = smoothed(hot, label_smoothing, axis, smoothing_mode) if label_smoothing else hot
    losses = -np.sum(wanted * weights * logp, axis=axis) * counted
    if reduction != "mean":
        return reduced(losses, reduction)
    return np.sum(losses) / (np.sum(np.sum(hot * weights, axis=axis) * counted) if by_class else counted.size)


def nll_loss(
    input: Any, target: Any, weight: Any = None, *, ignore_index: int = IGNORED, reduction: Reduction = "mean"
) -> Any:
    """-w·log p of the right class, from log-probabilities with classes on axis 1."""
    axis = 1 if input.ndim > 1 else 0
    hot, counted = class_rows(input, target, ignore_index, axis)
    hot = hot * class_weights(weight, input, axis)
    losses = -np.sum(hot * input, axis=axis) * counted
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
    hot, _ = class_rows(scores, np.atleast_1d(target), IGNORED, 1)
    right = np.sum(scores * hot, axis=1, keepdims=True)
    over = relu(margin - right + scores) * (1 - hot)
    over = over if p == 1 else np.square(over)
    losses = np.sum(over, axis=1) * np.sum(hot * class_weights(weight, scores, 1), axis=1) / scores.shape[1]
    return reduced(losses if input.ndim > 1 else losses[0], reduction)


def multi_class_hinge_loss(input: Any, target: Any, margin: float = 1.0, *, reduction: Reduction = "mean") -> Any:
    """Σ_{j≠y} max(0, s_j - s_y + margin): the courses' SVM loss, not divided by the number of classes.

    >>> import numpy as np
    >>> scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    >>> multi_class_hinge_loss(scores, np.array([0, 1, 2]), reduction="none").round(1).tolist()
    [2.9, 0.0, 12.9]
    """
    return multi_margin_loss(input, target, margin=margin, reduction=reduction) * input.shape[-1]
