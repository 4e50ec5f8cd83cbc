"""Affine layers: `Linear`, `Bilinear`, `Maxout`, `DropConnectLinear`, and the single unit: `Neuron`, `Perceptron`.

Builds on `functional`, `init` and `module`.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from ..errors import ShapeError
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter, empty

__all__ = ["Bilinear", "DropConnectLinear", "Linear", "Maxout", "Neuron", "Perceptron"]


def initialise(layer: Any, fan_in: int, weight_init: init.Filling | None, bias_init: init.Filling | None) -> None:
    """Fill a layer's weight and bias: by default evenly from ±1/√fan_in, as PyTorch does."""
    bound = 1 / sqrt(fan_in) if fan_in else 0
    for tensor, how in ((layer.weight, weight_init), (layer.bias, bias_init)):
        if tensor is None:
            continue
        if how is None:
            init.uniform_(tensor, -bound, bound)
        else:
            init.fill(tensor, how)


class Linear(Module):
    """Fully connected layer x Wᵀ + b over the last axis (course 001, row `fully-connected-layer`).

    `weight` is [out_features, in_features], both start evenly from ±1/√in_features as in PyTorch, unless
    `weight_init` or `bias_init` says otherwise: a number, the name of an initialiser ("glorot_uniform", "he_normal")
    or a function.

    >>> from tinygrad_edu import nn
    >>> nn.Linear(784, 10, weight_init="he_normal", bias_init=0.01)
    Linear(in_features=784, out_features=10)
    >>> nn.Linear(784, 10).num_parameters()
    7850
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        dtype: Any = None,
        weight_init: init.Filling | None = None,
        bias_init: init.Filling | None = None,
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.weight = empty(out_features, in_features, dtype=dtype)
        self.bias = empty(out_features, dtype=dtype) if bias else None
        initialise(self, in_features, weight_init, bias_init)

    def forward(self, input: Any) -> Any:
        """[…, in_features] to […, out_features]."""
        return F.linear(input, self.weight, self.bias)


class Bilinear(Module):
    """x₁ᵀ W_k x₂ + b_k for each output feature k; weights start evenly from ±1/√in1_features.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Bilinear(2, 3, 4)(np.zeros((5, 2)), np.zeros((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self, in1_features: int, in2_features: int, out_features: int, bias: bool = True, *, dtype: Any = None
    ) -> None:
        self.in1_features, self.in2_features, self.out_features = in1_features, in2_features, out_features
        self.weight = empty(out_features, in1_features, in2_features, dtype=dtype)
        self.bias = empty(out_features, dtype=dtype) if bias else None
        initialise(self, in1_features, None, None)

    def forward(self, input1: Any, input2: Any) -> Any:
        """[…, in1] and […, in2] to […, out]."""
        return F.bilinear(input1, input2, self.weight, self.bias)


class Maxout(Module):
    """The largest of several affine maps, max_k(w_kᵀx + b_k) (Goodfellow et al. 2013; course 001, row `maxout`).

    With a second piece of zeros it is ReLU. `weight` is [num_pieces·out_features, in_features].

    >>> from tinygrad_edu import Value, nn
    >>> unit = nn.Maxout(1, 1, bias=False)
    >>> unit.weight.data = [[1.0], [-1.0]]
    >>> unit(Value([[-3.0]])).item()
    3.0
    """

    def __init__(
        self, in_features: int, out_features: int, num_pieces: int = 2, bias: bool = True, *, dtype: Any = None
    ) -> None:
        self.in_features, self.out_features, self.num_pieces = in_features, out_features, num_pieces
        self.weight = empty(num_pieces * out_features, in_features, dtype=dtype)
        self.bias = empty(num_pieces * out_features, dtype=dtype) if bias else None
        initialise(self, in_features, None, None)

    def forward(self, input: Any) -> Any:
        """[…, in_features] to […, out_features]."""
        pieces = F.linear(input, self.weight, self.bias)
        return np.max(pieces.reshape((*pieces.shape[:-1], self.num_pieces, self.out_features)), axis=-2)


class DropConnectLinear(Linear):
    """A linear layer that drops single weights with probability p in training and scales them by 1 - p in inference.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.DropConnectLinear(3, 2, p=0.5)(np.ones((4, 3))).shape
    (4, 2)
    """

    def __init__(
        self, in_features: int, out_features: int, p: float = 0.5, bias: bool = True, *, dtype: Any = None
    ) -> None:
        super().__init__(in_features, out_features, bias, dtype=dtype)
        self.p = F.probability("DropConnectLinear", p)

    def forward(self, input: Any) -> Any:
        """[…, in_features] to […, out_features]."""
        return F.dropconnect(input, self.weight, self.bias, self.p, self.training)


class Neuron(Module):
    """One unit a(wᵀx + b) (McCulloch & Pitts 1943; course 004, row `mp-neuron`): […, in_features] to […].

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> both = nn.Neuron(2, lambda z: (z.data >= 0) * 1)
    >>> both.weight.data, both.bias.data = [[1.0, 1.0]], [-1.5]
    >>> both(np.array([[0, 0], [0, 1], [1, 0], [1, 1]])).tolist()
    [0, 0, 0, 1]
    """

    def __init__(self, in_features: int, activation: Callable[[Any], Any] = F.sigmoid, *, dtype: Any = None) -> None:
        self.in_features, self.activation = in_features, activation
        self.weight = empty(1, in_features, dtype=dtype)
        self.bias = empty(1, dtype=dtype)
        initialise(self, in_features, None, None)

    def forward(self, input: Any) -> Any:
        """[…, in_features] to […]."""
        return self.activation(F.linear(input, self.weight, self.bias)[..., 0])


class Perceptron(Module):
    """+1 where wᵀx + b ≥ 0, else -1, learned by Rosenblatt's rule (1958; course 004, rows `perceptron`,
    `perceptron-rule`).

    The rule w ← w + η·y·x, b ← b + η·y at each mistake (y(wᵀx + b) ≤ 0) is no gradient descent on a smooth loss, so it
    stands here and not in an optimiser. Starts at zero, as in scikit-learn.

    >>> import numpy as np
    >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([-1, -1, -1, 1])
    >>> model = Perceptron(2)
    >>> model.fit(X, y)[-1]
    0
    >>> model(X).tolist()
    [-1.0, -1.0, -1.0, 1.0]
    """

    def __init__(self, in_features: int, eta0: float = 1.0) -> None:
        self.in_features, self.eta0 = in_features, eta0
        self.weight, self.bias = Parameter(np.zeros(in_features)), Parameter(np.zeros(1))

    def forward(self, input: Any) -> Any:
        """[…, in_features] to ±1 of shape […], a plain array."""
        return F.sign_output(self.decision(input))

    def decision(self, input: Any) -> Any:
        """wᵀx + b, whose sign decides."""
        if np.shape(input)[-1:] != (self.in_features,):
            raise ShapeError(f"{self.label}: input {np.shape(input)} must end in {self.in_features}")
        return np.asarray(input) @ self.weight.data + self.bias.data[0]

    def fit(self, X: Any, y: Any, max_iter: int = 1000) -> list[int]:
        """Go through the samples (labels ±1) in order until an epoch has no mistake: mistakes of each epoch."""
        X, y = np.asarray(X, float), np.asarray(y, float)
        if y.shape != X.shape[:1] or not np.isin(y, (-1, 1)).all():
            raise ShapeError(f"{self.label}: labels {y.shape} must be -1 or 1, one for each row of {X.shape}")
        mistakes: list[int] = []
        w, b = self.weight.numpy(), self.bias.data[0]
        while len(mistakes) < max_iter and (not mistakes or mistakes[-1]):
            mistakes.append(0)
            for x, label in zip(X, y, strict=True):
                if label * (x @ w + b) <= 0:
                    w, b = w + self.eta0 * label * x, b + self.eta0 * label
                    mistakes[-1] += 1
        self.weight._assign(w)
        self.bias._assign([b])
        return mistakes
