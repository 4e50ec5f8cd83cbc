"""What is added to a loss to keep weights small, R(W): `L1`, `L2`, `ElasticNet`, `total`; and a limit instead:
`MaxNorm`.

A penalty applied to a module counts its weights, that is parameters of two axes or more (not biases, nor the scales of
normalisation or slopes of PReLU); applied to a list of Values, those. Builds on `module`.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import Value
from .module import Module

__all__ = ["L1", "L2", "ElasticNet", "MaxNorm", "total", "weights"]


def weights(model: Module | Iterable[Any]) -> list[Any]:
    """What a penalty counts: a module's parameters of two axes or more, or the Values given.

    >>> from tinygrad_edu import nn
    >>> [w.shape for w in weights(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)))]
    [(3, 2)]
    """
    if isinstance(model, Module):
        return [parameter for parameter in model.parameters() if parameter.ndim > 1]
    return list(model)


class Penalty:
    """λ·R(W), to be added to a loss."""

    def __init__(self, lambda_: float) -> None:
        self.lambda_ = lambda_

    def of(self, weight: Any) -> Any:
        """R of one array."""
        raise NotImplementedError

    def __call__(self, model: Module | Iterable[Any]) -> Any:
        return sum((self.of(weight) for weight in weights(model)), np.float64(0)) * self.lambda_


class L2(Penalty):
    """λΣw², or with `half=True` ½λΣw², whose gradient λw is PyTorch's `weight_decay` (row `l2-penalty`).

    >>> from tinygrad_edu import Value
    >>> float(L2(0.1)([Value([3.0, 4.0])]))
    2.5
    """

    def __init__(self, lambda_: float, half: bool = False) -> None:
        super().__init__(lambda_ / 2 if half else lambda_)

    def of(self, weight: Any) -> Any:
        """Σw²."""
        return np.sum(np.square(weight))


class L1(Penalty):
    """λΣ|w|, which makes weights exactly 0 (row `l1-penalty`).

    >>> from tinygrad_edu import Value
    >>> float(L1(0.5)([Value([3.0, -4.0])]))
    3.5
    """

    def of(self, weight: Any) -> Any:
        """Σ|w|."""
        return np.sum(np.abs(weight))


class ElasticNet(Penalty):
    """λΣ(β·w² + |w|), course 001's form (row `elastic-net`); scikit-learn divides the share differently.

    >>> from tinygrad_edu import Value
    >>> float(ElasticNet(0.5, beta=2.0)([Value([1.0, -2.0])]))
    6.5
    """

    def __init__(self, lambda_: float, beta: float = 1.0) -> None:
        super().__init__(lambda_)
        self.beta = beta

    def of(self, weight: Any) -> Any:
        """Σ(β·w² + |w|)."""
        return np.sum(np.square(weight)) * self.beta + np.sum(np.abs(weight))


class MaxNorm:
    """A limit on the length of each unit's incoming weights, restored after an optimiser's step (Srivastava et al.
    2014).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> layer = nn.Linear(2, 1, weight_init=3.0)
    >>> MaxNorm(1.0)(layer)
    >>> round(float(np.linalg.norm(layer.weight.data)), 6)
    1.0
    """

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def __call__(self, model: Module | Iterable[Value]) -> None:
        for weight in weights(model):
            axes = tuple(range(1, weight.ndim))
            length = np.sqrt(np.sum(np.square(weight.data), axis=axes, keepdims=True))
            if np.any(length > self.limit):
                weight._assign(weight.data * np.minimum(1, self.limit / np.maximum(length, 1e-12)))


def total(data_loss: Any, model: Module | Iterable[Any], *penalties: Penalty) -> Any:
    """Data loss plus all penalties: L = (1/N)ΣL_i + λR(W) (course 001, row `data-loss-plus-penalty`).

    >>> from tinygrad_edu import Value
    >>> total(Value(1.0), [Value([3.0, 4.0])], L2(0.1), L1(1.0)).item()
    10.5
    """
    return sum((penalty(model) for penalty in penalties if penalty.lambda_), data_loss)
