"""Layers that slide filters over space: `Conv1d/2d/3d`, `ConvTranspose1d/2d/3d`; patches: `Unfold`, `Fold`.

Inputs are (N, C, *space), or (C, *space) of one example. Builds on `functional` and `module`.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from ..errors import SettingError, ShapeError
from ..gates.windows import Size, each
from . import functional as F
from . import init
from .module import Module
from .parameter import empty

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "Fold",
    "Unfold",
]


def batched(layer: Any, input: Any, function: Callable[[Any], Any]) -> Any:
    """`function` of (N, C, *space), also for one example without N."""
    axes = np.ndim(input) - layer.dims
    if axes not in (1, 2):
        space = ", ".join("DHW"[3 - layer.dims :])
        raise ShapeError(f"{layer.label}: input {np.shape(input)} should be (N, C, {space}) or (C, {space})")
    if axes == 2:
        return function(input)
    out = function(np.expand_dims(input, 0))
    return tuple(x[0] for x in out) if isinstance(out, tuple) else out[0]


class _Convolution(Module):
    """What both directions share: weights, and PyTorch's settings as tuples."""

    dims: ClassVar[int]
    kernel_size: Size
    stride: Size
    padding: Any
    dilation: Size
    groups: int

    def _build(self, first: int, second: int, out_channels: int, bias: bool, dtype: Any) -> None:
        """Weight [first, second/groups, *window] and bias, evenly from ±1/√(second/groups·window)."""
        if self.groups < 1 or first % self.groups or second % self.groups:
            raise ShapeError(
                f"{type(self).__name__}: {first} and {second} channels can't be divided into {self.groups} groups"
            )
        self.weight = empty(
            first, second // self.groups, *each(self.kernel_size, self.dims, "kernel_size"), dtype=dtype
        )
        self.bias = empty(out_channels, dtype=dtype) if bias else None
        bound = 1 / sqrt(max(int(np.prod(self.weight.shape[1:])), 1))
        for tensor in (self.weight, self.bias):
            if tensor is not None:
                init.uniform_(tensor, -bound, bound)


class _Conv(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Any = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        dtype: Any = None,
    ) -> None:
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise SettingError(
                f"padding_mode {padding_mode!r} is not known; choose 'zeros', 'reflect', 'replicate', 'circular'"
            )
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.padding_mode = padding_mode
        self._build(out_channels, in_channels, out_channels, bias, dtype)

    def forward(self, input: Any) -> Any:
        """(N, in_channels, *space) to (N, out_channels, *positions)."""
        return batched(self, input, self._convolved)

    def _convolved(self, x: Any) -> Any:
        if x.shape[1] != self.in_channels:
            raise ShapeError(
                f"{self.label}: input {x.shape} has {x.shape[1]} channels on axis 1, {self.in_channels} wanted"
            )
        padding = self.padding
        if self.padding_mode != "zeros":
            x, padding = F.pad(x, self._widths(), self.padding_mode), 0
        convolve = getattr(F, f"conv{self.dims}d")
        settings = {"stride": self.stride, "padding": padding, "dilation": self.dilation, "groups": self.groups}
        return convolve(x, self.weight, self.bias, **settings)

    def _widths(self) -> list[int]:
        """Padding before and after each axis, the last axis first."""
        window, gaps = (each(size, self.dims, "size") for size in (self.kernel_size, self.dilation))
        spread = [d * (k - 1) for k, d in zip(window, gaps, strict=True)]
        if self.padding == "same":
            pairs = [(n // 2, n - n // 2) for n in spread]
        else:
            pairs = [(p, p) for p in each(0 if self.padding == "valid" else self.padding, self.dims, "padding", 0)]
        return [p for pair in reversed(pairs) for p in pair]


class Conv1d(_Conv):
    """Convolution over one axis, (N, C, L): 1-D motifs in signals and texts (row `beyond-vision`); otherwise as
    Conv2d.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Conv1d(3, 4, 5)(np.zeros((2, 3, 9))).shape
    (2, 4, 5)
    """

    dims = 1


class Conv2d(_Conv):
    """Convolution: each of `out_channels` filters, as deep as the input, slides over it and gives one map (row
    `conv2d-forward`).

    out[n, k] = bias[k] + Σ_c weight[k, c] ∗ input[n, c], a correlation (no flip), as everywhere in this field. Each
    axis comes out as ⌊(N - F + 2P)/S⌋ + 1; `padding` may be "same" or "valid". With `groups` each group of channels
    has filters of its own. `padding_mode` "reflect", "replicate" or "circular" fills the border from the input
    instead of zeros.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> layer = nn.Conv2d(3, 12, 5)
    >>> layer(np.zeros((1, 3, 32, 32))).shape, layer.num_parameters()
    ((1, 12, 28, 28), 912)
    """

    dims = 2


class Conv3d(_Conv):
    """Convolution over three axes, (N, C, D, H, W); otherwise as Conv2d.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Conv3d(1, 4, 3, padding=1)(np.zeros((2, 1, 5, 6, 7))).shape
    (2, 4, 5, 6, 7)
    """

    dims = 3


class _ConvTranspose(_Convolution):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        *,
        dtype: Any = None,
    ) -> None:
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.output_padding = output_padding
        self._build(in_channels, out_channels, out_channels, bias, dtype)

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """(N, in_channels, *positions) to (N, out_channels, *space); `output_size` chooses among the sizes that a
        stride leaves open.
        """
        return batched(self, input, lambda x: self._spread(x, output_size))

    def _spread(self, x: Any, output_size: Any) -> Any:
        if x.shape[1] != self.in_channels:
            raise ShapeError(
                f"{self.label}: input {x.shape} has {x.shape[1]} channels on axis 1, {self.in_channels} wanted"
            )
        more = self.output_padding if output_size is None else self._room(x, output_size)
        convolve = getattr(F, f"conv_transpose{self.dims}d")
        settings = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation, "groups": self.groups}
        return convolve(x, self.weight, self.bias, output_padding=more, **settings)

    def _room(self, x: Any, output_size: Any) -> tuple[int, ...]:
        """The output padding that makes this size."""
        wanted = each(tuple(output_size)[-self.dims :], self.dims, "output_size")
        settings = (each(s, self.dims, "size", 0) for s in (self.kernel_size, self.stride, self.padding, self.dilation))
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in zip(x.shape[2:], *settings, strict=True)]
        return tuple(w - n for w, n in zip(wanted, least, strict=True))


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution over one axis; otherwise as ConvTranspose2d.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.ConvTranspose1d(3, 4, 2, stride=2)(np.zeros((2, 3, 5))).shape
    (2, 4, 10)
    """

    dims = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution: spreads each position over a window, Conv2d's derivative by its input; makes images
    larger.

    Each axis comes out as (n - 1)·S - 2P + D·(F - 1) + 1 + output_padding. `weight` is [in, out/groups, *window].

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.ConvTranspose2d(8, 3, 2, stride=2)(np.zeros((1, 8, 14, 14))).shape
    (1, 3, 28, 28)
    """

    dims = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution over three axes; otherwise as ConvTranspose2d.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.ConvTranspose3d(1, 2, 2)(np.zeros((1, 1, 3, 3, 3))).shape
    (1, 2, 4, 4, 4)
    """

    dims = 3


class Unfold(Module):
    """Patches as columns, (N, C, H, W) to (N, C·window, positions).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Unfold(2)(np.arange(9.0).reshape(1, 1, 3, 3))[0, :, 0].tolist()
    [0.0, 1.0, 3.0, 4.0]
    """

    dims = 2

    def __init__(self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> None:
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Any) -> Any:
        """(N, C, H, W) to (N, C·window, positions)."""
        return batched(self, input, lambda x: F.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride))


class Fold(Module):
    """Columns back to images, adding up where they overlap: (N, C·window, positions) to (N, C, *output_size).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.Fold((3, 3), 2)(np.ones((1, 4, 4)))[0, 0].tolist()
    [[1.0, 2.0, 1.0], [2.0, 4.0, 2.0], [1.0, 2.0, 1.0]]
    """

    dims = 1

    def __init__(
        self, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> None:
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, input: Any) -> Any:
        """(N, C·window, positions) to (N, C, *output_size)."""
        settings = (self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)
        return batched(self, input, lambda x: F.fold(x, *settings))
