"""Noise in training that is averaged out in inference: dropout in its forms, Gaussian noise, stochastic depth.

`p` is the probability to DROP, as in PyTorch (the courses' p is the probability to keep).
Builds on `random` and the gates.
"""

from typing import Any

from ...errors import GraphError, SettingError, ShapeError
from ...modes import current_mode
from ...random import drawn

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "gaussian_noise",
    "probability",
    "stochastic_depth",
    "untraced",
]


def probability(what: str, p: float) -> float:
    """`p` itself if it is a probability, else ValueError."""
    if not 0 <= p <= 1:
        raise SettingError(f"{what}: p={p} is no probability; give a number from 0 to 1")
    return p


def untraced(what: str) -> None:
    """GraphError while tracing: what a layer does anew at each call, a trace would do once and freeze."""
    if current_mode().everything:
        raise GraphError(f"{what} in training can't be traced: the trace would freeze it; call model.eval() first")


def dropout(input: Any, p: float = 0.5, training: bool = True, *, inverted: bool = True) -> Any:
    """Each element 0 with probability p in training, the others over 1 - p, so that the mean stays (inverted dropout).

    With `inverted=False` the others stay as they are and inference multiplies by 1 - p instead, as in Srivastava et al.
    (2014) and course 004 (rows `dropout-vanilla`, `inverted-dropout`).

    >>> import numpy as np
    >>> sorted(set(dropout(np.ones(100), 0.5).tolist()))
    [0.0, 2.0]
    """
    probability("dropout", p)
    if not training:
        return input if inverted else input * (1 - p)
    return input * _mask(input, input.shape, p, inverted)


def _mask(input: Any, shape: tuple[int, ...], p: float, inverted: bool) -> Any:
    kept = (drawn("random", shape) >= p).astype(input.dtype)
    return kept / (1 - p) if inverted and p < 1 else kept


def _channels(name: str, input: Any, p: float, training: bool, axes: int) -> Any:
    """Dropout of whole channels: [N, C, …] with `axes` axes behind, or [C, …] of one example."""
    probability(name, p)
    if input.ndim not in (axes + 1, axes + 2):
        raise ShapeError(
            f"{name}: input {input.shape} must be [N, C, …] or [C, …] with {axes} axes behind the channels"
        )
    if not training:
        return input
    return input * _mask(input, input.shape[:-axes] + (1,) * axes, p, True)


def dropout1d(input: Any, p: float = 0.5, training: bool = True) -> Any:
    """Whole channels of [N, C, L] are 0 with probability p in training.

    >>> import numpy as np
    >>> dropout1d(np.ones((2, 3, 4)), training=False).shape
    (2, 3, 4)
    """
    return _channels("dropout1d", input, p, training, 1)


def dropout2d(input: Any, p: float = 0.5, training: bool = True) -> Any:
    """Whole channels of [N, C, H, W] are 0 with probability p in training (row `dropout-fc-only`).

    >>> import numpy as np
    >>> sorted(set(dropout2d(np.ones((20, 3, 2, 2))).ravel().tolist()))
    [0.0, 2.0]
    """
    return _channels("dropout2d", input, p, training, 2)


def dropout3d(input: Any, p: float = 0.5, training: bool = True) -> Any:
    """Whole channels of [N, C, D, H, W] are 0 with probability p in training.

    >>> import numpy as np
    >>> dropout3d(np.ones((2, 3, 1, 1, 1)), training=False).shape
    (2, 3, 1, 1, 1)
    """
    return _channels("dropout3d", input, p, training, 3)


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False) -> Any:
    """Dropout to SELU's lower limit, rescaled so that mean 0 and variance 1 stay (Klambauer et al. 2017).

    >>> import numpy as np
    >>> alpha_dropout(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    probability("alpha_dropout", p)
    if not training or p == 0:
        return input
    low = -1.0507009873554805 * 1.6732632423543772
    scale = 0.0 if p == 1 else ((1 - p) * (1 + p * low**2)) ** -0.5
    kept = (drawn("random", input.shape) >= p).astype(input.dtype)
    return (input * kept + low * (1 - kept)) * scale - scale * p * low


def gaussian_noise(input: Any, std: float = 0.1, training: bool = True) -> Any:
    """x plus normal noise of this standard deviation in training.

    >>> import numpy as np
    >>> gaussian_noise(np.array([1.0, 2.0]), training=False).tolist()
    [1.0, 2.0]
    """
    if not training or std == 0:
        return input
    return input + drawn("normal", 0, std, input.shape).astype(input.dtype)


def stochastic_depth(input: Any, p: float, mode: str = "batch", training: bool = True) -> Any:
    """The whole input, or with mode "row" each example, 0 with probability p in training, else over 1 - p, as
    torchvision.

    >>> import numpy as np
    >>> sorted(set(stochastic_depth(np.ones((40, 2)), 0.5, "row").ravel().tolist()))
    [0.0, 2.0]
    """
    probability("stochastic_depth", p)
    if mode not in ("batch", "row"):
        raise SettingError(f"stochastic_depth: mode {mode!r} is not known; choose 'batch' or 'row'")
    if not training or p == 0:
        return input
    rows = input.shape[:1] if mode == "row" else (1,)
    return input * _mask(input, rows + (1,) * (input.ndim - 1), p, True)
