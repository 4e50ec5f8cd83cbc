"""Convolution, pooling, patches and padding of (N, C, *space), under PyTorch's names and argument order.

`conv1d` … `conv3d`, `conv_transpose1d` … `3d`, `conv_output_size`; `max_pool*d`, `avg_pool*d`, `adaptive_max_pool*d`,
`adaptive_avg_pool*d`, `fractional_max_pool2d`; `unfold`, `fold`, `pad`. The sums are done in gates, and so are
gradients: here PyTorch's arguments become theirs. Builds on the gates and `random`.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...gates import patches, picking, pooling
from ...gates.convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from ...gates.windows import Size, Windows, each
from ...random import generator
from .regularisation import untraced

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_output_size",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "fold",
    "fractional_max_pool2d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "pad",
    "unfold",
]

PAD_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


def conv_output_size(
    n: int, f: int, stride: int = 1, padding: int = 0, dilation: int = 1, *, strict: bool = False
) -> int:
    """⌊(N - F + 2P)/S⌋ + 1, F being the window's spread (row `conv-output-size`); `strict` refuses what does not
    divide.

    >>> conv_output_size(32, 5), conv_output_size(7, 3, stride=2), conv_output_size(32, 5, padding=2)
    (28, 3, 32)
    """
    room, spread = n + 2 * padding, dilation * (f - 1) + 1
    if spread > room:
        raise ShapeError(f"a window of {spread} does not fit an axis of {n} with padding {padding}")
    if strict and (room - spread) % stride:
        raise ShapeError(
            f"({n} - {spread} + 2·{padding})/{stride} + 1 = {(room - spread) / stride + 1:.2f}: the window does not "
            "fit evenly; change stride or padding"
        )
    return (room - spread) // stride + 1


def _spatial(name: str, input: Any, dims: int) -> None:
    if np.ndim(input) != dims + 2:
        axes = " ".join("DHW"[3 - dims :])
        raise ShapeError(f"{name}: input {np.shape(input)} should be (N, C, {axes.replace(' ', ', ')})")


def _max_pool(dims: int) -> Callable[..., Any]:
    def pool(
        input: Any,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Any:
        _spatial(f"max_pool{dims}d", input, dims)
        geometry = {"window": kernel_size, "stride": stride, "padding": padding, "dilation": dilation}
        out = pooling.max_pool(input, **geometry, ceil_mode=ceil_mode)
        return (out, pooling.max_pool_indices(input, **geometry, ceil_mode=ceil_mode)) if return_indices else out

    return _named(
        pool, f"max_pool{dims}d", "The largest element of each window (row `max-pool`); a tie goes to the first."
    )


def _avg_pool(dims: int) -> Callable[..., Any]:
    def pool(
        input: Any,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Any:
        _spatial(f"avg_pool{dims}d", input, dims)
        return pooling.avg_pool(
            input,
            window=kernel_size,
            stride=stride,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )

    return _named(pool, f"avg_pool{dims}d", "The mean of each window (row `avg-pool`).")


def _adaptive(kind: str, dims: int) -> Callable[..., Any]:
    gate = getattr(pooling, f"adaptive_{kind}_pool")

    def pool(input: Any, output_size: Any) -> Any:
        _spatial(f"adaptive_{kind}_pool{dims}d", input, dims)
        return gate(input, size=output_size)

    what = "largest element" if kind == "max" else "mean"
    return _named(
        pool, f"adaptive_{kind}_pool{dims}d", f"The {what} of regions that cover each axis, `output_size` of them."
    )


def _named(function: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


max_pool1d, max_pool2d, max_pool3d = map(_max_pool, (1, 2, 3))
avg_pool1d, avg_pool2d, avg_pool3d = map(_avg_pool, (1, 2, 3))
adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = (_adaptive("max", n) for n in (1, 2, 3))
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = (_adaptive("avg", n) for n in (1, 2, 3))


def fractional_max_pool2d(
    input: Any, kernel_size: Size, output_size: Any = None, output_ratio: Any = None, *, random_samples: Any = None
) -> Any:
    """Maxima of windows at random, fractional steps (Graham 2014; row `fractional-max-pool`).

    The output has `output_size`, or `output_ratio` times the input's. `random_samples` (2,) or (N, C, 2) in [0, 1)
    stand for the random numbers; by default each plane draws its own.
    """
    _spatial("fractional_max_pool2d", input, 2)
    if (output_size is None) == (output_ratio is None):
        raise ShapeError("fractional_max_pool2d: give either output_size or output_ratio")
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, Sequence) else (output_ratio, output_ratio)
        output_size = tuple(int(n * r) for n, r in zip(input.shape[2:], ratios, strict=True))
    if random_samples is None:
        untraced("fractional_max_pool2d")
        random_samples = generator().random((*input.shape[:2], 2))
    return pooling.fractional_max_pool(input, size=output_size, window=kernel_size, samples=random_samples)


def unfold(input: Any, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1) -> Any:
    """Patches as columns, im2col: (N, C, H, W) to (N, C·window, positions) (row `im2col`).

    >>> import numpy as np
    >>> unfold(np.arange(9.0).reshape(1, 1, 3, 3), 2).shape
    (1, 4, 4)
    """
    _spatial("unfold", input, 2)
    columns = patches.unfold(input, window=kernel_size, dilation=dilation, padding=padding, stride=stride)
    n, c, kh, kw, h, w = columns.shape
    return columns.reshape((n, c * kh * kw, h * w))


def fold(
    input: Any, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Any:
    """Columns back to images, col2im: overlapping elements are added up; the adjoint of `unfold`."""
    size, window = each(output_size, 2, "output_size"), each(kernel_size, 2, "kernel_size")
    windows = Windows.over(size, window, dilation=dilation, padding=padding, stride=stride)
    taps, positions = prod(window), prod(windows.positions)
    if np.ndim(input) != 3 or input.shape[1] % taps or input.shape[2] != positions:
        raise ShapeError(f"fold: input {np.shape(input)} should be (N, C·{taps}, {positions}) for output_size {size}")
    blocks = input.reshape((input.shape[0], input.shape[1] // taps, *window, *windows.positions))
    return patches.fold(blocks, size=size, window=window, dilation=dilation, padding=padding, stride=stride)


def pad(input: Any, pad: Sequence[int], mode: str = "constant", value: float = 0.0) -> Any:
    """Longer axes: `pad` is (before, after) of the last axis, then of the one before it …, as in PyTorch.

    `mode` is "constant", "reflect", "replicate" or "circular".

    >>> import numpy as np
    >>> from tinygrad_edu.nn import functional as F
    >>> F.pad(np.array([1.0, 2.0, 3.0]), (1, 2), mode="reflect").tolist()
    [2.0, 1.0, 2.0, 3.0, 2.0, 1.0]
    """
    if mode not in PAD_MODES:
        raise ShapeError(f"pad: mode {mode!r} is not known; choose from {sorted(PAD_MODES)}")
    if len(pad) % 2 or len(pad) > 2 * np.ndim(input):
        raise ShapeError(f"pad: {tuple(pad)} should hold (before, after) of at most {np.ndim(input)} axes")
    pairs = [(int(pad[k]), int(pad[k + 1])) for k in range(0, len(pad), 2)][::-1]
    widths = [(0, 0)] * (np.ndim(input) - len(pairs)) + pairs
    options = {"constant_values": value} if mode == "constant" else {}
    return picking.pad(input, widths, mode=PAD_MODES[mode], **options)
