"""Pooling layers: the largest element or the mean of windows. `MaxPool*d`, `AvgPool*d`, `AdaptiveMaxPool*d`,
`AdaptiveAvgPool*d`, `FractionalMaxPool2d`.

Inputs are (N, C, *space), or (C, *space) of one example. Builds on `convolution`, `functional` and `module`.
"""

from typing import Any, ClassVar

import numpy as np

from ..gates.windows import Size
from . import functional as F
from .convolution import batched
from .module import Module
from .regularisation import Noise

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
]


class _MaxPool(Module):
    dims: ClassVar[int]

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride, self.padding, self.dilation = kernel_size, stride, padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Any) -> Any:
        """(N, C, *space) to (N, C, *positions)."""
        pool = getattr(F, f"max_pool{self.dims}d")
        settings = (self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices)
        return batched(self, input, lambda x: pool(x, *settings))


class MaxPool1d(_MaxPool):
    """The largest element of each window of (N, C, L).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.MaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[3.0, 2.0]]]
    """

    dims = 1


class MaxPool2d(_MaxPool):
    """The largest element of each window, channel by channel; windows side by side unless `stride` says otherwise.

    No parameters (row `max-pool`). At a tie the gradient goes to the first winner, as in PyTorch, while `np.max`
    shares it.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """

    dims = 2


class MaxPool3d(_MaxPool):
    """The largest element of each window of (N, C, D, H, W).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.MaxPool3d(2)(np.zeros((1, 3, 4, 4, 4))).shape
    (1, 3, 2, 2, 2)
    """

    dims = 3


class AvgPool1d(Module):
    """The mean of each window of (N, C, L).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[2.0, 1.0]]]
    """

    dims = 1

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, None

    divisor_override: int | None

    def forward(self, input: Any) -> Any:
        """(N, C, *space) to (N, C, *positions)."""
        pool = getattr(F, f"avg_pool{self.dims}d")
        settings = (self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)
        return batched(self, input, lambda x: pool(x, *settings, self.divisor_override))


class AvgPool2d(AvgPool1d):
    """The mean of each window; the zeros of the padding count, unless `count_include_pad=False` (row `avg-pool`).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """

    dims = 2

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = divisor_override


class AvgPool3d(AvgPool2d):
    """The mean of each window of (N, C, D, H, W).

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AvgPool3d(2)(np.ones((1, 3, 4, 4, 4))).shape
    (1, 3, 2, 2, 2)
    """

    dims = 3


class _Adaptive(Module):
    dims: ClassVar[int]

    def __init__(self, output_size: Any) -> None:
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        """(N, C, *space) to (N, C, *output_size); None keeps an axis."""
        kind = "max" if "Max" in type(self).__name__ else "avg"
        pool = getattr(F, f"adaptive_{kind}_pool{self.dims}d")
        return batched(self, input, lambda x: pool(x, self.output_size))


class AdaptiveAvgPool1d(_Adaptive):
    """The mean of `output_size` regions that cover the axis.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AdaptiveAvgPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[2.0, 1.0]]]
    """

    dims = 1


class AdaptiveAvgPool2d(_Adaptive):
    """The mean of `output_size` regions that cover the image; 1 gives one number a channel.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AdaptiveAvgPool2d(1)(np.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[7.5]]]]
    """

    dims = 2


class AdaptiveAvgPool3d(_Adaptive):
    """The mean of `output_size` regions that cover the volume.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AdaptiveAvgPool3d(2)(np.ones((1, 3, 5, 4, 7))).shape
    (1, 3, 2, 2, 2)
    """

    dims = 3


class AdaptiveMaxPool1d(_Adaptive):
    """The largest element of `output_size` regions that cover the axis.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AdaptiveMaxPool1d(2)(np.array([[[1.0, 3.0, 2.0, 0.0]]])).tolist()
    [[[3.0, 2.0]]]
    """

    dims = 1


class AdaptiveMaxPool2d(_Adaptive):
    """The largest element of `output_size` regions that cover the image.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AdaptiveMaxPool2d((2, None))(np.ones((1, 3, 5, 4))).shape
    (1, 3, 2, 4)
    """

    dims = 2


class AdaptiveMaxPool3d(_Adaptive):
    """The largest element of `output_size` regions that cover the volume.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.AdaptiveMaxPool3d(2)(np.ones((1, 3, 5, 4, 7))).shape
    (1, 3, 2, 2, 2)
    """

    dims = 3


class FractionalMaxPool2d(Noise):
    """Maxima of windows at random fractional steps (Graham 2014; row `fractional-max-pool`).

    Random in inference too, as in PyTorch, unless `average` says over how many fixed steps to take the mean there.

    >>> import numpy as np
    >>> from tinygrad_edu import nn
    >>> nn.FractionalMaxPool2d(2, output_ratio=0.7)(np.ones((1, 3, 10, 10))).shape
    (1, 3, 7, 7)
    """

    dims = 2

    def __init__(
        self,
        kernel_size: Size,
        output_size: Any = None,
        output_ratio: Any = None,
        *,
        random_samples: Any = None,
        average: int = 0,
    ) -> None:
        self.kernel_size, self.output_size, self.output_ratio = kernel_size, output_size, output_ratio
        self.random_samples, self.average = random_samples, average

    def forward(self, input: Any) -> Any:
        """(N, C, H, W) to (N, C, *output_size)."""
        if self.training or not self.average:
            return batched(self, input, lambda x: self._pooled(x, self.random_samples))
        fixed = [np.full(2, (k + 0.5) / self.average) for k in range(self.average)]
        return batched(self, input, lambda x: sum(self._pooled(x, u) for u in fixed) / self.average)

    def _pooled(self, x: Any, samples: Any) -> Any:
        sizes = (self.kernel_size, self.output_size, self.output_ratio)
        return F.fractional_max_pool2d(x, *sizes, random_samples=samples)
