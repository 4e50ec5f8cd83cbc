"""Normalising layers: `BatchNorm1d/2d/3d`, `InstanceNorm1d/2d/3d`, `LayerNorm`, `RMSNorm`, `GroupNorm`,
`LocalResponseNorm`.

Their backward comes from the gates they are composed of. Builds on `functional` and `module`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from ..modes import held, hold
from ..numpy_protocol.registry import bare
from . import functional as F
from .module import Module
from .parameter import Parameter, default_dtype

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
]


def _gamma_beta(layer: Any, shape: tuple[int, ...], affine: bool, bias: bool, dtype: Any) -> None:
    """γ = 1 as `weight` and β = 0 as `bias`."""
    dtype = dtype or default_dtype()
    layer.weight = Parameter(np.ones(shape, dtype)) if affine else None
    layer.bias = Parameter(np.zeros(shape, dtype)) if affine and bias else None


class _Running(Module):
    """Normalisation by channel that keeps statistics for inference."""

    dims: ClassVar[tuple[int, ...]]
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def _prepare(self, num_features: int, affine: bool, bias: bool, track: bool, dtype: Any) -> None:
        self.num_features, self.affine, self.track_running_stats = num_features, affine, track
        _gamma_beta(self, (num_features,), affine, bias, dtype)
        dtype = dtype or default_dtype()
        self.register_buffer("running_mean", np.zeros(num_features, dtype) if track else None)
        self.register_buffer("running_var", np.ones(num_features, dtype) if track else None)
        self.register_buffer("num_batches_tracked", np.int64(0) if track else None)

    def _checked(self, input: Any) -> None:
        shape = np.shape(input)
        if len(shape) not in self.dims or shape[1] != self.num_features:
            wanted = " or ".join(f"{n} axes" for n in self.dims)
            raise ShapeError(
                f"{self.label}: input {shape} must have {wanted} and {self.num_features} channels on axis 1"
            )

    def _statistics(self) -> tuple[Any, Any]:
        """The running mean and variance, or None and None."""
        return (None, None) if self.running_mean is None else (held(self, "running_mean"), held(self, "running_var"))

    def _follow(self, mean: Any, var: Any, momentum: Any) -> None:
        """Move the running statistics a share `momentum` of the way to these."""
        for name, new in (("running_mean", mean), ("running_var", var)):
            old = held(self, name)
            hold(self, name, (old * (1 - momentum) + new * momentum).astype(old.dtype))


class _BatchNorm(_Running):
    """Batch normalisation in any number of dimensions."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
        unbiased: bool = True,
        dtype: Any = None,
    ) -> None:
        self.eps, self.momentum, self.unbiased = eps, momentum, unbiased
        self._prepare(num_features, affine, bias, track_running_stats, dtype)

    def forward(self, input: Any) -> Any:
        """The same shape."""
        self._checked(input)
        if self.training and self.running_mean is not None:
            self._track(bare(input))
        mean, var = self._statistics()
        return F.batch_norm(input, mean, var, self.weight, self.bias, self.training, eps=self.eps)

    def _track(self, x: Any) -> None:
        axes = (0, *range(2, x.ndim))
        m = x.size // max(self.num_features, 1)
        if m < 2:
            return
        hold(self, "num_batches_tracked", held(self, "num_batches_tracked") + 1)
        share = 1 / held(self, "num_batches_tracked") if self.momentum is None else self.momentum
        self._follow(x.mean(axes), x.var(axes, ddof=int(self.unbiased)), share)


class BatchNorm1d(_BatchNorm):
    """Standardise each channel of [N, C] or [N, C, L] over the batch, then scale by γ and shift by β (row
    `bn-forward`).

    ε stands inside the root; the batch's variance is the biased one. In training the running statistics follow:
    `momentum=0.1` moves them a tenth of the way (the courses' α = 0.9 weighs the OLD value; Keras' default is 0.99),
    `None` takes the plain mean over all batches (row `bn-inference-average`). The running variance is the unbiased
    m/(m-1) one, as in PyTorch, unless `unbiased=False` (Keras, and course 000's second rule); it starts at 1. Inference
    uses them. `bias=False` leaves β out. (Ioffe & Szegedy 2015.)

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.BatchNorm1d(1)(np.array([[1.0], [3.0]])).data.round(4).tolist()
    [[-1.0], [1.0]]
    """

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of feature maps [N, C, H, W]; as BatchNorm1d otherwise (row `bn-conv`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> maps = nn.BatchNorm2d(3)(np.random.default_rng(0).normal(5, 2, (8, 3, 4, 4)))
    >>> bool(np.abs(maps.data.mean((0, 2, 3))).max() < 1e-12)
    True
    """

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of volumes [N, C, D, H, W]; as BatchNorm1d otherwise.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.BatchNorm3d(3)(np.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    dims = (5,)


class _InstanceNorm(_Running):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        self.eps, self.momentum = eps, momentum
        self._prepare(num_features, affine, bias, track_running_stats, dtype)

    def forward(self, input: Any) -> Any:
        """The same shape."""
        single = np.ndim(input) == self.dims[0] - 1
        batch = np.expand_dims(input, 0) if single else input
        self._checked(batch)
        if self.training and self.running_mean is not None:
            x, axes = bare(batch), tuple(range(2, batch.ndim))
            self._follow(x.mean(axes).mean(0), x.var(axes, ddof=1).mean(0), self.momentum)
        from_input = self.training or self.running_mean is None
        mean, var = self._statistics()
        out = F.instance_norm(batch, mean, var, self.weight, self.bias, from_input, eps=self.eps)
        return out[0] if single else out


class InstanceNorm1d(_InstanceNorm):
    """Standardise each channel of each example over its positions, [N, C, L] or [C, L] (Ulyanov et al. 2016).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.InstanceNorm1d(1)(np.array([[[1.0, 3.0]], [[5.0, 9.0]]])).round(3).tolist()
    [[[-1.0, 1.0]], [[-1.0, 1.0]]]
    """

    dims = (3,)


class InstanceNorm2d(_InstanceNorm):
    """Standardise each channel of each example over its positions, [N, C, H, W] or [C, H, W].

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.InstanceNorm2d(3)(np.ones((2, 3, 4, 4))).shape
    (2, 3, 4, 4)
    """

    dims = (4,)


class InstanceNorm3d(_InstanceNorm):
    """Standardise each channel of each example over its positions, [N, C, D, H, W] or [C, D, H, W].

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.InstanceNorm3d(3)(np.ones((2, 3, 4, 4, 4))).shape
    (2, 3, 4, 4, 4)
    """

    dims = (5,)


class LayerNorm(Module):
    """Standardise each example over its last axes, then scale and shift each element (Ba et al. 2016; row
    `layer-norm`).

    Independent of the batch, so the same in training and inference. Keras' eps is 1e-3.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.LayerNorm(2)(np.array([[1.0, 3.0]])).data.round(4).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        _gamma_beta(self, self.normalized_shape, elementwise_affine, bias, dtype)

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


def _as_shape(lengths: int | Sequence[int]) -> tuple[int, ...]:
    return (lengths,) if isinstance(lengths, int) else tuple(lengths)


class RMSNorm(Module):
    """x/√(mean(x²) + ε)·γ over the last axes; ε is the dtype's own by default (Zhang & Sennrich 2019).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.RMSNorm(2)(np.array([[3.0, 4.0]])).data.round(4).tolist()
    [[0.8485, 1.1314]]
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        _gamma_beta(self, self.normalized_shape, elementwise_affine, False, dtype)
        del self.bias

    def forward(self, input: Any) -> Any:
        """The same shape."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)


class GroupNorm(Module):
    """Standardise groups of channels of each example, then scale and shift each channel (Wu & He 2018).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.GroupNorm(2, 4)(np.array([[1.0, 3.0, 5.0, 9.0]])).data.round(3).tolist()
    [[-1.0, 1.0, -1.0, 1.0]]
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
        dtype: Any = None,
    ) -> None:
        if num_channels % num_groups:
            raise ShapeError(f"GroupNorm: {num_channels} channels don't make {num_groups} groups")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        _gamma_beta(self, (num_channels,), affine, bias, dtype)

    def forward(self, input: Any) -> Any:
        """The same shape."""
        if np.ndim(input) < 2 or input.shape[1] != self.num_channels:
            raise ShapeError(f"{self.label}: input {np.shape(input)} must have {self.num_channels} channels on axis 1")
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class LocalResponseNorm(Module):
    """x/(k + α/n·Σx²)^β over n = size neighbouring channels (row `local-response-norm`).

    `divide_by_size=False` is the paper's formula (Krizhevsky et al. 2012, with k=2, n=5).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.LocalResponseNorm(3, alpha=3.0)(np.ones((1, 3, 1)))[0, :, 0].round(4).tolist()
    [0.4387, 0.3536, 0.4387]
    """

    def __init__(
        self,
        size: int,
        alpha: float = 1e-4,
        beta: float = 0.75,
        k: float = 1.0,
        *,
        divide_by_size: bool = True,
    ) -> None:
        self.size, self.alpha, self.beta, self.k, self.divide_by_size = size, alpha, beta, k, divide_by_size

    def forward(self, input: Any) -> Any:
        """The same shape."""
        divide = self.divide_by_size
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k, divide_by_size=divide)
