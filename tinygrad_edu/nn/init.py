"""Initialisers: what a parameter holds before training. Each fills its parameter in place and returns it.

Fans: `calculate_fans`, `calculate_gain`. Plain: `constant_`, `zeros_`, `ones_`, `normal_`, `uniform_`, `trunc_normal_`,
`uniform_fixed_variance_`, `eye_`, `dirac_`, `sparse_`. By the number of connections: `variance_scaling_`,
`lecun_normal_`, `xavier_*`, `kaiming_*` (`glorot_*` and `he_*` are other names). Shape-aware: `orthogonal_`, and
`lsuv_`, which looks at data. Names, arguments and formulas are PyTorch's unless a docstring says otherwise. Builds on
`random` and the engine.
"""

from collections.abc import Callable
from math import erf, sqrt
from typing import Any, Literal

import numpy as np

from ..engine import Value
from ..errors import SettingError, ShapeError
from ..modes import no_grad
from ..random import generator as shared

__all__ = [
    "calculate_fans",
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "fill",
    "glorot_normal_",
    "glorot_uniform_",
    "he_normal_",
    "he_uniform_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "lecun_normal_",
    "lsuv_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "uniform_fixed_variance_",
    "variance_scaling_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

Mode = Literal["fan_in", "fan_out", "fan_avg"]
Random = np.random.Generator | None


def calculate_fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(fan-in, fan-out): connections into and out of a unit, for [out, in] and for filters [out, in, *window].

    >>> calculate_fans((12, 3, 5, 5))
    (75, 300)
    """
    if len(shape) < 2:
        raise ShapeError(f"fans need a weight of two axes or more, [out, in, …]; got shape {shape}")
    window = int(np.prod(shape[2:]))
    return shape[1] * window, shape[0] * window


def calculate_gain(
    nonlinearity: str, param: float | None = None, *, convention: Literal["pytorch", "nndl"] = "pytorch"
) -> float:
    """How much an activation shrinks a signal's standard deviation: the factor for the weights behind it.

    relu √2, leaky_relu √(2/(1+a²)), selu 3/4, all others 1, in both conventions. For tanh PyTorch uses 5/3, course 004
    (`convention="nndl"`, rows `xavier-tanh`, `xavier-sigmoid`) 1, because tanh z ≈ z; for sigmoid PyTorch uses 1, the
    course 4 (16 times the variance), because σ(z) ≈ z/4 + 1/2.

    >>> calculate_gain("sigmoid"), calculate_gain("sigmoid", convention="nndl")
    (1.0, 4.0)
    """
    slope = 0.01 if param is None else param
    gains = {"relu": sqrt(2), "leaky_relu": sqrt(2 / (1 + slope**2)), "selu": 3 / 4, "sigmoid": 1.0, "tanh": 5 / 3}
    if convention == "nndl":
        gains |= {"sigmoid": 4.0, "tanh": 1.0}
    plain = ("linear", "identity", "conv1d", "conv2d", "conv3d", *(f"conv_transpose{n}d" for n in (1, 2, 3)))
    if nonlinearity not in gains and nonlinearity not in plain:
        raise SettingError(f"calculate_gain: {nonlinearity!r} is not known; choose from {sorted([*gains, *plain])}")
    return gains.get(nonlinearity, 1.0)


def constant_(tensor: Value, val: float) -> Value:
    """Fill with one number.

    >>> from tinygrad_edu import nn
    >>> nn.init.constant_(nn.Parameter([0.0, 0.0]), 0.01).data.tolist()
    [0.01, 0.01]
    """
    tensor._assign(np.full(tensor.shape, val))
    return tensor


def zeros_(tensor: Value) -> Value:
    """Fill with zeros: right for biases; for weights all hidden units then stay equal (row `zero-init`)."""
    return constant_(tensor, 0)


def ones_(tensor: Value) -> Value:
    """Fill with ones."""
    return constant_(tensor, 1)


def normal_(tensor: Value, mean: float = 0.0, std: float = 1.0, generator: Random = None) -> Value:
    """Draw from the normal distribution with this mean and standard deviation.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.normal_(nn.Parameter(np.zeros((200, 200))), std=0.5)
    >>> bool(abs(w.data.std() - 0.5) < 0.02)
    True
    """
    tensor._assign((generator or shared()).normal(mean, std, tensor.shape))
    return tensor


def uniform_(tensor: Value, a: float = 0.0, b: float = 1.0, generator: Random = None) -> Value:
    """Draw evenly from [a, b).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.uniform_(nn.Parameter(np.zeros(100)), -1.0, 2.0)
    >>> bool(-1 <= w.data.min() < w.data.max() < 2)
    True
    """
    tensor._assign((generator or shared()).uniform(a, b, tensor.shape))
    return tensor


def trunc_normal_(
    tensor: Value, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0, generator: Random = None
) -> Value:
    """Draw from the normal distribution, drawing again what falls outside [a, b]; SettingError if nearly all would.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.trunc_normal_(nn.Parameter(np.zeros(1000)), a=-1.0, b=1.0)
    >>> bool(np.abs(w.data).max() <= 1)
    True
    """
    share = (erf((b - mean) / std / sqrt(2)) - erf((a - mean) / std / sqrt(2))) / 2
    if share < 1e-4:
        raise SettingError(
            f"trunc_normal_: [{a}, {b}] holds {share:.2g} of the numbers of mean {mean}, deviation {std}"
        )
    random = generator or shared()
    drawn = random.normal(mean, std, tensor.shape)
    while (outside := (drawn < a) | (drawn > b)).any():
        drawn[outside] = random.normal(mean, std, int(outside.sum()))
    tensor._assign(drawn)
    return tensor


def uniform_fixed_variance_(tensor: Value, variance: float, generator: Random = None) -> Value:
    """Draw evenly from [-r, r] with r = √(3·variance) (course 004, row `fixed-variance-uniform`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.uniform_fixed_variance_(nn.Parameter(np.zeros(1000)), 3.0)
    >>> bool(np.abs(w.data).max() <= 3)
    True
    """
    bound = sqrt(3 * variance)
    return uniform_(tensor, -bound, bound, generator)


def variance_scaling_(
    tensor: Value,
    scale: float = 1.0,
    mode: Mode = "fan_in",
    distribution: Literal["normal", "uniform"] = "normal",
    generator: Random = None,
) -> Value:
    """Draw with mean 0 and variance scale / fan, the fan being in, out or their average, as Keras' VarianceScaling.

    The normal distribution is not truncated (Keras' is).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.variance_scaling_(nn.Parameter(np.zeros((200, 300))), 3.0)
    >>> bool(abs(w.data.var() - 3 / 300) < 0.001)
    True
    """
    fan_in, fan_out = calculate_fans(tensor.shape)
    fans = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
    if mode not in fans:
        raise SettingError(f"mode {mode!r} is not known; choose 'fan_in', 'fan_out' or 'fan_avg'")
    variance = scale / fans[mode]
    if distribution == "uniform":
        return uniform_fixed_variance_(tensor, variance, generator)
    return normal_(tensor, 0, sqrt(variance), generator)


def lecun_normal_(tensor: Value, generator: Random = None) -> Value:
    """Draw with variance 1/fan-in: what course 001's figure calls Xavier (row `xavier-fan-in`)."""
    return variance_scaling_(tensor, 1.0, "fan_in", "normal", generator)


def xavier_uniform_(tensor: Value, gain: float = 1.0, generator: Random = None) -> Value:
    """Draw evenly from ±gain·√(6/(fan-in + fan-out)) (Glorot & Bengio 2010; row `xavier-uniform`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.xavier_uniform_(nn.Parameter(np.zeros((200, 300))))
    >>> bool(np.abs(w.data).max() <= np.sqrt(6 / 500))
    True
    """
    return variance_scaling_(tensor, gain**2, "fan_avg", "uniform", generator)


def xavier_normal_(tensor: Value, gain: float = 1.0, generator: Random = None) -> Value:
    """Draw with variance gain²·2/(fan-in + fan-out) (Glorot & Bengio 2010; row `xavier-normal`).

    For sigmoid layers course 004 takes 16 times the variance: `gain=calculate_gain("sigmoid", convention="nndl")`.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.xavier_normal_(nn.Parameter(np.zeros((200, 300))))
    >>> bool(abs(w.data.var() - 2 / 500) < 0.0004)
    True
    """
    return variance_scaling_(tensor, gain**2, "fan_avg", "normal", generator)


def kaiming_uniform_(
    tensor: Value, a: float = 0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu", generator: Random = None
) -> Value:
    """Draw evenly from ±√(3·gain²/fan); with a = 0 that is √(6/fan) (He et al. 2015; row `he-uniform`).

    `a` is the negative slope of the leaky ReLU that follows.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.kaiming_uniform_(nn.Parameter(np.zeros((200, 300))))
    >>> bool(np.abs(w.data).max() <= np.sqrt(6 / 300))
    True
    """
    return variance_scaling_(tensor, calculate_gain(nonlinearity, a) ** 2, mode, "uniform", generator)


def kaiming_normal_(
    tensor: Value, a: float = 0, mode: Mode = "fan_in", nonlinearity: str = "leaky_relu", generator: Random = None
) -> Value:
    """Draw with variance gain²/fan; with a = 0 that is 2/fan (He et al. 2015; row `he-normal`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.kaiming_normal_(nn.Parameter(np.zeros((200, 300))))
    >>> bool(abs(w.data.var() - 2 / 300) < 0.0006)
    True
    """
    return variance_scaling_(tensor, calculate_gain(nonlinearity, a) ** 2, mode, "normal", generator)


glorot_uniform_, glorot_normal_ = xavier_uniform_, xavier_normal_
he_uniform_, he_normal_ = kaiming_uniform_, kaiming_normal_


def orthogonal_(
    tensor: Value, gain: float = 1, generator: Random = None, *, method: Literal["qr", "svd"] = "qr"
) -> Value:
    """Make rows (or columns, if fewer) orthonormal times `gain`; axes after the first count as one.

    `"qr"` with R's signs made positive is PyTorch's way and uniform over all such matrices; `"svd"` takes U·Vᵀ of a
    normal matrix, course 004's way (row `orthogonal-init`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.orthogonal_(nn.Parameter(np.zeros((3, 3)))).data
    >>> bool(np.allclose(w @ w.T, np.eye(3)))
    True
    """
    if tensor.ndim < 2:
        raise ShapeError(f"orthogonal_ needs two axes or more; got shape {tensor.shape}")
    rows, columns = tensor.shape[0], int(np.prod(tensor.shape[1:]))
    drawn = (generator or shared()).normal(size=(max(rows, columns), min(rows, columns)))
    if method == "svd":
        u, _, vt = np.linalg.svd(drawn, full_matrices=False)
        q = u @ vt
    else:
        q, r = np.linalg.qr(drawn)
        q *= np.where(np.diag(r) < 0, -1, 1)
    tensor._assign(gain * (q if rows >= columns else q.T).reshape(tensor.shape))
    return tensor


def sparse_(tensor: Value, sparsity: float, std: float = 0.01, generator: Random = None) -> Value:
    """Draw a matrix with this standard deviation, then set the share `sparsity` of each column to 0 (Martens 2010).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> w = nn.init.sparse_(nn.Parameter(np.zeros((10, 4))), sparsity=0.3)
    >>> (w.data == 0).sum(axis=0).tolist()
    [3, 3, 3, 3]
    """
    if tensor.ndim != 2:
        raise ShapeError(f"sparse_ needs a matrix; got shape {tensor.shape}")
    random = generator or shared()
    drawn = random.normal(0, std, tensor.shape)
    zeros = np.argsort(random.random(tensor.shape), axis=0) < np.ceil(sparsity * tensor.shape[0])
    tensor._assign(np.where(zeros, 0, drawn))
    return tensor


def eye_(tensor: Value) -> Value:
    """The identity matrix, as far as it fits: a linear layer that passes its input on.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.init.eye_(nn.Parameter(np.zeros((2, 3)))).data.tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    if tensor.ndim != 2:
        raise ShapeError(f"eye_ needs a matrix; got shape {tensor.shape}")
    tensor._assign(np.eye(tensor.shape[0], tensor.shape[1]))
    return tensor


def dirac_(tensor: Value, groups: int = 1) -> Value:
    """Filters that pass their channel on: 1 in the middle of the window of channel i of filter i, in each group.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.init.dirac_(nn.Parameter(np.zeros((1, 1, 3)))).data.tolist()
    [[[0.0, 1.0, 0.0]]]
    """
    if tensor.ndim not in (3, 4, 5) or tensor.shape[0] % groups:
        raise ShapeError(
            f"dirac_ needs filters [out, in, *window], out divisible by groups={groups}; got {tensor.shape}"
        )
    filters = np.zeros(tensor.shape)
    each, middle = tensor.shape[0] // groups, tuple(n // 2 for n in tensor.shape[2:])
    for group in range(groups):
        for k in range(min(each, tensor.shape[1])):
            filters[(group * each + k, k, *middle)] = 1
    tensor._assign(filters)
    return tensor


def lsuv_(model: Any, batch: Any, *, tolerance: float = 0.05, tries: int = 10, generator: Random = None) -> Any:
    """Make each layer's output have variance 1 on a batch, layer after layer (Mishkin & Matas 2016).

    Weights of two axes or more start orthonormal; then each is divided by the standard deviation its layer's output
    has on `batch`, until that is within `tolerance` of 1. Returns the model.
    """
    layers = [m for m in model.modules() if getattr(m, "weight", None) is not None and m.weight.ndim > 1]
    for layer in layers:
        orthogonal_(layer.weight, generator=generator)
        seen: list[float] = []
        with layer.register_forward_hook(lambda module, inputs, out, seen=seen: seen.append(float(np.std(out.data)))):
            for _ in range(tries):
                with no_grad():
                    model(batch)
                std = seen[-1] if seen else 0.0
                if not std or abs(std - 1) < tolerance:
                    break
                layer.weight._assign(layer.weight.data / std)
    return model


Filling = str | float | Callable[[Value], Any]


def fill(tensor: Value, how: Filling) -> None:
    """Fill a parameter as a layer's argument says: a number, a name such as "he_normal" or "xavier_uniform", a
    function.
    """
    if isinstance(how, str):
        known = globals().get(how.rstrip("_") + "_")
        if known is None or how.rstrip("_") + "_" not in __all__:
            names = sorted(name.rstrip("_") for name in __all__ if name.endswith("_"))
            raise SettingError(f"initialiser {how!r} is not known; choose from {names}, a number or a function")
        known(tensor)
    elif callable(how):
        how(tensor)
    else:
        constant_(tensor, how)
