"""Losses as modules, thin coats around `functional.losses`, with PyTorch's names and defaults.

PyTorch's deprecated `size_average` and `reduce` do not exist; what stood behind them is keyword-only.
Builds on `functional` and `module`.
"""

from typing import Any

import numpy as np

from . import functional as F
from .module import Module
from .parameter import default_dtype

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HingeEmbeddingLoss",
    "HingeLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MultiClassHingeLoss",
    "MultiMarginLoss",
    "NLLLoss",
    "SmoothL1Loss",
]


class Loss(Module):
    """A loss whose arguments are kept as attributes (weights as buffers, as in PyTorch) and passed to `function`."""

    function: Any

    def __init__(self, **settings: Any) -> None:
        for name, value in settings.items():
            if name.endswith("weight"):
                self.register_buffer(name, None if value is None else np.asarray(value, default_dtype()))
            else:
                setattr(self, name, value)
        self._settings = tuple(settings)

    def forward(self, input: Any, target: Any, *more: Any) -> Any:
        """The loss of `input`, which the model gave, beside `target`, which was wanted."""
        return type(self).function(input, target, *more, **{name: getattr(self, name) for name in self._settings})


class MSELoss(Loss):
    """Mean squared error; `reduction="half_sum"` is ½Σ(f - y)², course 004's (row `half-squared-loss`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.MSELoss()(Value([1.0, 3.0]), [0.0, 0.0]).item()
    5.0
    """

    function = F.mse_loss

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class L1Loss(Loss):
    """Mean absolute error.

    >>> from tinygrad_edu import Value, nn
    >>> nn.L1Loss()(Value([1.0, 3.0]), [0.0, 0.0]).item()
    2.0
    """

    function = F.l1_loss

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)


class SmoothL1Loss(Loss):
    """½d²/beta near, |d| - beta/2 far.

    >>> from tinygrad_edu import Value, nn
    >>> nn.SmoothL1Loss(reduction="none")(Value([0.5, 3.0]), [0.0, 0.0]).data.tolist()
    [0.125, 2.5]
    """

    function = F.smooth_l1_loss

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction, beta=beta)


class HuberLoss(Loss):
    """½d² near, delta·(|d| - delta/2) far (Huber 1964).

    >>> from tinygrad_edu import Value, nn
    >>> nn.HuberLoss("none", delta=2.0)(Value([0.5, 3.0]), [0.0, 0.0]).data.tolist()
    [0.125, 4.0]
    """

    function = F.huber_loss

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction, delta=delta)


class BCELoss(Loss):
    """Binary cross-entropy of probabilities (row `bce-loss`).

    >>> from tinygrad_edu import Value, nn
    >>> round(nn.BCELoss()(Value([0.5, 0.9]), [1.0, 1.0]).item(), 4)
    0.3993
    """

    function = F.binary_cross_entropy

    def __init__(self, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(weight=weight, reduction=reduction)


class BCEWithLogitsLoss(Loss):
    """Binary cross-entropy of σ(logits), never overflowing (row `bce-with-logits`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.BCEWithLogitsLoss()(Value([-1000.0]), [1.0]).item()
    1000.0
    """

    function = F.binary_cross_entropy_with_logits

    def __init__(self, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None) -> None:
        super().__init__(weight=weight, reduction=reduction, pos_weight=pos_weight)


class CrossEntropyLoss(Loss):
    """Cross-entropy of softmax(logits), classes on axis 1 (rows `categorical-cross-entropy`, `label-smoothing`).

    `smoothing_mode="others"` spreads ε over the K - 1 other classes, as course 004; "uniform" over all K, as PyTorch.

    >>> from tinygrad_edu import Value, nn
    >>> round(nn.CrossEntropyLoss()(Value([[0.0, 0.0]]), [1]).item(), 4)
    0.6931
    """

    function = F.cross_entropy

    def __init__(
        self,
        weight: Any = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
        smoothing_mode: str = "uniform",
    ) -> None:
        super().__init__(
            weight=weight,
            ignore_index=ignore_index,
            reduction=reduction,
            label_smoothing=label_smoothing,
            smoothing_mode=smoothing_mode,
        )


class NLLLoss(Loss):
    """Minus the log-probability of the right class, from log-probabilities.

    >>> from tinygrad_edu import Value, nn
    >>> import numpy as np
    >>> round(nn.NLLLoss()(Value(np.log([[0.2, 0.8]])), [1]).item(), 4)
    0.2231
    """

    function = F.nll_loss

    def __init__(self, weight: Any = None, *, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__(weight=weight, ignore_index=ignore_index, reduction=reduction)


class KLDivLoss(Loss):
    """t·(log t - input) of log-probabilities; `reduction="batchmean"` is the divergence.

    >>> from tinygrad_edu import Value, nn
    >>> import numpy as np
    >>> round(nn.KLDivLoss(reduction="batchmean")(Value(np.log([[0.5, 0.5]])), np.array([[0.9, 0.1]])).item(), 4)
    0.3681
    """

    function = F.kl_div

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction, log_target=log_target)


class HingeLoss(Loss):
    """max(0, margin - y·s) for labels ±1.

    >>> from tinygrad_edu import Value, nn
    >>> nn.HingeLoss()(Value([0.5, 2.0]), [1.0, 1.0]).item()
    0.25
    """

    function = F.hinge_loss

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(margin=margin, reduction=reduction)


class HingeEmbeddingLoss(Loss):
    """The distance where y = 1, max(0, margin - distance) where y = -1.

    >>> from tinygrad_edu import Value, nn
    >>> nn.HingeEmbeddingLoss(reduction="none")(Value([0.3, 0.3]), [1.0, -1.0]).data.tolist()
    [0.3, 0.7]
    """

    function = F.hinge_embedding_loss

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(margin=margin, reduction=reduction)


class MultiMarginLoss(Loss):
    """Multi-class hinge loss divided by the number of classes, as PyTorch.

    >>> from tinygrad_edu import Value, nn
    >>> round(nn.MultiMarginLoss()(Value([[3.2, 5.1, -1.7]]), [0]).item(), 4)
    0.9667
    """

    function = F.multi_margin_loss

    def __init__(self, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean") -> None:
        super().__init__(p=p, margin=margin, weight=weight, reduction=reduction)


class MultiClassHingeLoss(Loss):
    """The courses' SVM loss Σ_{j≠y} max(0, s_j - s_y + margin) (row `svm-hinge-loss`), not divided by the classes.

    >>> from tinygrad_edu import Value, nn
    >>> round(nn.MultiClassHingeLoss()(Value([[3.2, 5.1, -1.7]]), [0]).item(), 4)
    2.9
    """

    function = F.multi_class_hinge_loss

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(margin=margin, reduction=reduction)


class GaussianNLLLoss(Loss):
    """½(log var + (input - target)²/var); `full=True` adds the constant ½log 2π (row `gaussian-nll`).

    Called as loss(input, target, var): the predicted mean, what was wanted, the predicted variance.

    >>> from tinygrad_edu import Value, nn
    >>> nn.GaussianNLLLoss()(Value([1.0]), [3.0], [1.0]).item()
    2.0
    """

    function = F.gaussian_nll_loss

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(full=full, eps=eps, reduction=reduction)
