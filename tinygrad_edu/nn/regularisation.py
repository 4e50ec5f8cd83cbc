"""Layers that add noise in training and are calm in inference: `Dropout` and its kin, `GaussianNoise`,
`StochasticDepth`.

Builds on `functional` and `module`.
"""

from typing import Any

import numpy as np

from ..errors import SettingError, ShapeError
from ..random import generator
from . import functional as F
from .module import Module

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "GaussianNoise",
    "StochasticDepth",
    "survival_probabilities",
]


class Noise(Module):
    """A layer that is random in training: `mc_predict` leaves these switched on."""


class Dropout(Noise):
    """Each element 0 with probability p in training, the others over 1 - p (rows `dropout-vanilla`,
    `inverted-dropout`).

    `p` is the probability to drop, as in PyTorch; `keep_prob` names the courses' instead. `inverted=False` leaves
    training unscaled and multiplies by the probability to keep in inference.

    >>> from tinygrad_edu import nn
    >>> nn.Dropout(keep_prob=0.8)
    Dropout(p=0.2)
    """

    def __init__(
        self, p: float = 0.5, inplace: bool = False, *, keep_prob: float | None = None, inverted: bool = True
    ) -> None:
        self.p = F.probability(type(self).__name__, p if keep_prob is None else round(1 - keep_prob, 12))
        self.inplace, self.inverted = inplace, inverted

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.dropout(input, self.p, self.training, inverted=self.inverted)


class _Channels(Noise):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        self.p, self.inplace = F.probability(type(self).__name__, p), inplace

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return getattr(F, type(self).__name__.lower())(input, self.p, self.training)


class Dropout1d(_Channels):
    """Whole channels of [N, C, L] are 0 with probability p in training.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> sorted(set(nn.Dropout1d(0.5)(np.ones((20, 3, 4))).ravel().tolist()))
    [0.0, 2.0]
    """


class Dropout2d(_Channels):
    """Whole channels of [N, C, H, W] are 0 with probability p in training.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> sorted(set(nn.Dropout2d(0.5)(np.ones((20, 3, 2, 2))).ravel().tolist()))
    [0.0, 2.0]
    """


class Dropout3d(_Channels):
    """Whole channels of [N, C, D, H, W] are 0 with probability p in training.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Dropout3d(0.5).eval()(np.ones((1, 1, 1, 1, 2))).tolist()
    [[[[[1.0, 1.0]]]]]
    """


class AlphaDropout(_Channels):
    """Dropout that keeps mean 0 and variance 1, for nets with SELU.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AlphaDropout(0.5).eval()(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.alpha_dropout(input, self.p, self.training)


class GaussianNoise(Noise):
    """x plus normal noise of standard deviation `std` in training.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.GaussianNoise(0.1).eval()(np.array([1.0, 2.0])).tolist()
    [1.0, 2.0]
    """

    def __init__(self, std: float = 0.1) -> None:
        self.std = std

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.gaussian_noise(input, self.std, self.training)


class StochasticDepth(Noise):
    """x + b·block(x) with b = 1 with probability `survival_prob` in training, else 0 (Huang et al. 2016; row
    `stochastic-depth`).

    Inference takes x + survival_prob·block(x); `mode="train_scale"` divides by the probability in training instead,
    as torchvision. A block that is skipped is not computed at all.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> block = nn.StochasticDepth(nn.Lambda(lambda x: 10 * x), survival_prob=0.8)
    >>> block.eval()(np.array([1.0])).tolist()
    [9.0]
    """

    def __init__(self, block: Module, survival_prob: float = 0.5, mode: str = "test_scale") -> None:
        if mode not in ("test_scale", "train_scale"):
            raise SettingError(f"StochasticDepth: mode {mode!r} is not known; choose 'test_scale' or 'train_scale'")
        self.block, self.mode = block, mode
        self.survival_prob = F.probability("StochasticDepth", survival_prob)

    def forward(self, input: Any) -> Any:
        """The same shape."""
        if self.training:
            F.untraced("StochasticDepth")
        if self.training and generator().random() >= self.survival_prob:
            return input
        branch = self.block(input)
        if branch.shape != input.shape:
            raise ShapeError(f"{self.label}: the block makes {branch.shape} of {input.shape}; it must keep the shape")
        if self.training == (self.mode == "test_scale"):
            return input + branch
        return input + branch * (1 / self.survival_prob if self.training else self.survival_prob)


def survival_probabilities(depth: int, last: float = 0.5) -> Any:
    """p_l = 1 - (l/L)(1 - p_L) for blocks l = 1 … L: early blocks, which all later ones need, survive more often.

    >>> survival_probabilities(4).tolist()
    [0.875, 0.75, 0.625, 0.5]
    """
    return 1 - np.arange(1, depth + 1) / depth * (1 - last)
