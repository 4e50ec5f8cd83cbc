"""Activation functions, each a gate or a short composition of gates; `input` is an array or a Value.

`relu`, `relu6`, `leaky_relu`, `prelu`, `elu`, `selu`, `celu`, `silu`, `sigmoid`, `logsigmoid`, `tanh`,
`hardtanh`, `softsign`, `softplus`, `softmax`, `log_softmax`, `hardmax`, `sign_output`. Builds on the gates.
"""

from typing import Any

import numpy as np

from ...engine import Value
from ...errors import ShapeError
from ...gates import elementary, fused
from ...gates.elementary import relu, sigmoid
from ...modes import constant

__all__ = [
    "celu",
    "elu",
    "hardmax",
    "hardtanh",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "prelu",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "sign_output",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017


def tanh(input: Any) -> Any:
    """(eˣ - e⁻ˣ)/(eˣ + e⁻ˣ) = 2σ(2x) - 1.

    >>> float(tanh(0.0))
    0.0
    """
    return np.tanh(input)


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, negative_slope·x elsewhere; the slope at 0 is the negative one, as in PyTorch (Keras: 0.3).

    >>> float(leaky_relu(-2.0))
    -0.02
    """
    return np.where(input > 0, input, input * negative_slope)


def prelu(input: Any, weight: Any) -> Any:
    """x where x > 0, weight·x elsewhere, one learned slope for all or one a channel (axis 1) (He et al. 2015).

    >>> prelu(np.array([-2.0, 2.0]), np.array([0.5])).tolist()
    [-1.0, 2.0]
    """
    if weight.size > 1:
        channels = input.shape[1] if input.ndim > 1 else None
        if channels != weight.size:
            raise ShapeError(f"prelu: input {input.shape} has {channels} channels on axis 1, weight {weight.shape}")
        weight = weight.reshape((weight.size,) + (1,) * (input.ndim - 2))
    return np.where(input > 0, input, input * weight)


def elu(input: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, alpha·(eˣ - 1) elsewhere (Clevert et al. 2016).

    >>> elu(np.array([-1.0, 2.0])).round(4).tolist()
    [-0.6321, 2.0]
    """
    return np.where(input > 0, input, alpha * np.expm1(np.minimum(input, 0)))


def celu(input: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, alpha·(e^(x/alpha) - 1) elsewhere (Barron 2017).

    >>> celu(np.array([-1.0, 2.0]), 2.0).round(4).tolist()
    [-0.7869, 2.0]
    """
    return elu(input / alpha) * alpha


def selu(input: Any) -> Any:
    """ELU with alpha 1.6733, times 1.0507: mean 0 and variance 1 are kept from layer to layer (Klambauer et al.
    2017).

    >>> selu(np.array([-1.0, 2.0])).round(4).tolist()
    [-1.1113, 2.1014]
    """
    return elu(input, SELU_ALPHA) * SELU_SCALE


def silu(input: Any) -> Any:
    """x·σ(x), also called swish.

    >>> silu(np.array([-1.0, 2.0])).round(4).tolist()
    [-0.2689, 1.7616]
    """
    return input * sigmoid(input)


def relu6(input: Any) -> Any:
    """min(max(0, x), 6); the slope at 0 and 6 is 0, as in PyTorch.

    >>> relu6(np.array([-1.0, 2.0, 9.0])).tolist()
    [0.0, 2.0, 6.0]
    """
    return hardtanh(input, 0.0, 6.0)


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x limited to [min_val, max_val]; the slope at both ends is 0, as in PyTorch.

    >>> hardtanh(np.array([-3.0, 0.5, 3.0])).tolist()
    [-1.0, 0.5, 1.0]
    """
    inside = np.greater(input, min_val) & np.less(input, max_val)
    limits = np.where(np.less_equal(input, min_val), min_val, max_val).astype(input.dtype)
    return np.where(inside, input, limits)


def logsigmoid(input: Any) -> Any:
    """log σ(x) = -softplus(-x), finite where σ rounds to 0.

    >>> logsigmoid(np.array([0.0, -800.0])).round(4).tolist()
    [-0.6931, -800.0]
    """
    return -elementary.softplus(-input)


def softsign(input: Any) -> Any:
    """x / (1 + |x|).

    >>> softsign(np.array([-1.0, 3.0])).tolist()
    [-0.5, 0.75]
    """
    return input / (1 + np.abs(input))


def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """log(1 + e^(beta·x))/beta, a smooth ReLU; PyTorch's `threshold` is kept, though nothing here overflows.

    >>> softplus(np.array([0.0, 50.0])).round(4).tolist()
    [0.6931, 50.0]
    """
    scaled = input if beta == 1 else input * beta
    smooth = elementary.softplus(scaled)
    return np.where(np.greater(scaled, threshold), input, smooth if beta == 1 else smooth / beta)


def softmax(input: Any, dim: int = -1) -> Any:
    """eˣ/Σeˣ along `dim`: positive and summing to 1, finite at any input.

    >>> import numpy as np
    >>> softmax(np.array([5.0, 2.0, -1.0, 3.0])).round(3).tolist()
    [0.842, 0.042, 0.002, 0.114]
    """
    return fused.softmax(input, axis=dim)


def log_softmax(input: Any, dim: int = -1) -> Any:
    """x - log Σeˣ along `dim`, finite where softmax rounds to 0.

    >>> log_softmax(np.array([0.0, 1000.0])).tolist()
    [-1000.0, 0.0]
    """
    return fused.log_softmax(input, axis=dim)


def hardmax(input: Any, dim: int = -1) -> Any:
    """1 at the (first) largest element along `dim`, 0 elsewhere: the limit of softmax(x/T) for T → 0; a plain array.

    >>> import numpy as np
    >>> hardmax(np.array([5.0, 2.0, -1.0, 3.0])).tolist()
    [1.0, 0.0, 0.0, 0.0]
    """
    return _highest(input.data if isinstance(input, Value) else input, dim)


@constant
def _highest(x: Any, axis: int) -> Any:
    out: Any = np.zeros(x.shape, x.dtype)
    np.put_along_axis(out, np.expand_dims(np.argmax(x, axis=axis), axis), 1, axis)
    return out


def sign_output(input: Any) -> Any:
    """+1 where x ≥ 0, -1 elsewhere: a perceptron's decision; a plain array, since its derivative is 0.

    >>> sign_output(np.array([-0.5, 0.0, 2.0])).tolist()
    [-1.0, 1.0, 1.0]
    """
    return np.where(np.greater_equal(input, 0), 1.0, -1.0)
