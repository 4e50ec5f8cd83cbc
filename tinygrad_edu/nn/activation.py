"""Activations as layers, thin coats around `functional.activations`; `inplace` is accepted for PyTorch's sake and has
no effect, since what a graph recorded never changes. Builds on `functional` and `module`.

Each says in `elementwise` whether its output at a place depends on the input there alone (which `diagnose` uses).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import SettingError
from . import functional as F
from .module import Module
from .parameter import Parameter, default_dtype

__all__ = [
    "CELU",
    "ELU",
    "SELU",
    "Hardmax",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
]


class Activation(Module):
    """A layer that applies `function` to each element."""

    elementwise = True
    function: Any

    def forward(self, input: Any) -> Any:
        """The function of each element."""
        return type(self).function(input)


class Sigmoid(Activation):
    """1/(1 + e⁻ˣ): between 0 and 1, saturating on both sides (row `sigmoid`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.Sigmoid()(Value([0.0, 2.0])).data.round(4).tolist()
    [0.5, 0.8808]
    """

    function = F.sigmoid


class Tanh(Activation):
    """(eˣ - e⁻ˣ)/(eˣ + e⁻ˣ): between -1 and 1, saturating on both sides (row `tanh`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.Tanh()(Value([0.0, 2.0])).data.round(4).tolist()
    [0.0, 0.964]
    """

    function = F.tanh


class Softsign(Activation):
    """x/(1 + |x|) (row `softsign`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.Softsign()(Value([-1.0, 3.0])).data.tolist()
    [-0.5, 0.75]
    """

    function = F.softsign


class LogSigmoid(Activation):
    """log σ(x).

    >>> from tinygrad_edu import Value, nn
    >>> nn.LogSigmoid()(Value([0.0, -800.0])).data.round(4).tolist()
    [-0.6931, -800.0]
    """

    function = F.logsigmoid


class _Maybe(Activation):
    """An activation that PyTorch could compute in place."""

    def __init__(self, inplace: bool = False) -> None:
        self.inplace = inplace


class ReLU(_Maybe):
    """max(0, x), with slope 0 at 0 (row `relu`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.ReLU()(Value([-1.0, 2.0])).data.tolist()
    [0.0, 2.0]
    """

    function = F.relu


class ReLU6(_Maybe):
    """min(max(0, x), 6).

    >>> from tinygrad_edu import Value, nn
    >>> nn.ReLU6()(Value([-1.0, 2.0, 9.0])).data.tolist()
    [0.0, 2.0, 6.0]
    """

    function = F.relu6


class SELU(_Maybe):
    """1.0507·(x where x > 0, 1.6733·(eˣ - 1) elsewhere) (Klambauer et al. 2017).

    >>> from tinygrad_edu import Value, nn
    >>> nn.SELU()(Value([-1.0, 2.0])).data.round(4).tolist()
    [-1.1113, 2.1014]
    """

    function = F.selu


class SiLU(_Maybe):
    """x·σ(x).

    >>> from tinygrad_edu import Value, nn
    >>> nn.SiLU()(Value([-1.0, 2.0])).data.round(4).tolist()
    [-0.2689, 1.7616]
    """

    function = F.silu


class LeakyReLU(Activation):
    """x where x > 0, negative_slope·x elsewhere (row `leaky-relu`); Keras' default slope is 0.3.

    >>> from tinygrad_edu import Value, nn
    >>> nn.LeakyReLU(0.1)(Value([-2.0, 2.0])).data.tolist()
    [-0.2, 2.0]
    """

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope, self.inplace = negative_slope, inplace

    def forward(self, input: Any) -> Any:
        """The function of each element."""
        return F.leaky_relu(input, self.negative_slope)


class PReLU(Activation):
    """A leaky ReLU that learns its slope, one for all or one a channel (axis 1) (He et al. 2015; row `prelu`).

    The slope should be left out of weight decay, which would draw it to 0, that is, to ReLU. Keras starts it at 0.

    >>> from tinygrad_edu import Value, nn
    >>> layer = nn.PReLU(init=0.5)
    >>> layer(Value([-2.0, 2.0])).sum().backward()
    >>> layer.weight.grad.tolist()
    [-2.0]
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, *, dtype: Any = None) -> None:
        self.weight = Parameter(np.full(num_parameters, init, dtype or default_dtype()))

    def forward(self, input: Any) -> Any:
        """The function of each element."""
        return F.prelu(input, self.weight)


class ELU(Activation):
    """x where x > 0, alpha·(eˣ - 1) elsewhere (row `elu`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.ELU()(Value([-1.0, 2.0])).data.round(4).tolist()
    [-0.6321, 2.0]
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha, self.inplace = alpha, inplace

    def forward(self, input: Any) -> Any:
        """The function of each element."""
        return F.elu(input, self.alpha)


class CELU(ELU):
    """x where x > 0, alpha·(e^(x/alpha) - 1) elsewhere.

    >>> from tinygrad_edu import Value, nn
    >>> nn.CELU(2.0)(Value([-1.0, 2.0])).data.round(4).tolist()
    [-0.7869, 2.0]
    """

    def forward(self, input: Any) -> Any:
        """The function of each element."""
        return F.celu(input, self.alpha)


class Hardtanh(Activation):
    """x limited to [min_val, max_val].

    >>> from tinygrad_edu import Value, nn
    >>> nn.Hardtanh()(Value([-3.0, 0.5, 3.0])).data.tolist()
    [-1.0, 0.5, 1.0]
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        self.min_val, self.max_val, self.inplace = min_val, max_val, inplace

    def forward(self, input: Any) -> Any:
        """The function of each element."""
        return F.hardtanh(input, self.min_val, self.max_val)


class Softplus(Activation):
    """log(1 + e^(beta·x))/beta, a smooth ReLU.

    >>> from tinygrad_edu import Value, nn
    >>> nn.Softplus()(Value([0.0, 50.0])).data.round(4).tolist()
    [0.6931, 50.0]
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        """The function of each element."""
        return F.softplus(input, self.beta, self.threshold)


class Softmax(Module):
    """eˣ/Σeˣ along `dim`, the last axis by default (row `softmax`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.Softmax()(Value([1.0, 1.0, 1.0, 1.0])).data.tolist()
    [0.25, 0.25, 0.25, 0.25]
    """

    function: Any = F.softmax

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """The same shape, along `dim` positive numbers that sum to 1 (for LogSoftmax their logarithms)."""
        return type(self).function(input, -1 if self.dim is None else self.dim)


class LogSoftmax(Softmax):
    """log softmax along `dim`, finite where softmax rounds to 0.

    >>> from tinygrad_edu import Value, nn
    >>> nn.LogSoftmax()(Value([0.0, 1000.0])).data.tolist()
    [-1000.0, 0.0]
    """

    function = F.log_softmax


class Hardmax(Softmax):
    """1 at the largest element along `dim`, 0 elsewhere: constant for the derivative (row `hardmax`).

    >>> from tinygrad_edu import Value, nn
    >>> nn.Hardmax()(Value([1.0, 3.0, 2.0])).tolist()
    [0.0, 1.0, 0.0]
    """

    function = F.hardmax


def named_activation(name: str) -> Callable[[], Module]:
    """The activation class of a name, written in small letters: 'relu', 'leaky_relu', 'tanh'."""
    classes = {one.lower(): globals()[one] for one in __all__}
    wanted = name.lower().replace("_", "")
    if wanted not in classes:
        raise SettingError(f"activation {name!r} is not known; choose from {sorted(classes)}")
    found: Callable[[], Module] = classes[wanted]
    return found
