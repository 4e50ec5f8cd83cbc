"""Convolution in any number of dimensions: three gates that are each other's derivatives.

    conv(x, weight, bias, stride=1, padding=0, dilation=1, groups=1)  # (N, C, *space), (K, C/groups, *window)
    conv_transpose(x, weight, bias, size=(H, W), stride=1, …)         # (N, K, *positions) → (N, C, *size)
    conv_weight(x, y, window=(3, 3), stride=1, …)                     # (N, C, *space), (N, K, *positions) → weight

Data by position (`bias` may be left out), settings by keyword; a setting is a number or one for each dimension.
`padding` may also be "same", "valid" or a pair (before, after) for each dimension. `conv1d`, `conv2d`, `conv3d` and
`conv_transpose1d`, `…2d`, `…3d` (with `output_padding` instead of `size`) also take bias=None, and insist on their
number of axes.

With s = Σ conv(x, w)·y, linear in each of the three, conv is ∂s/∂y, conv_transpose ∂s/∂x and conv_weight ∂s/∂w: so the
derivative of each is made of the other two. All three run over blocks of patches small enough to stay in the
processor's cache: weights as a matrix times patches as a matrix. Builds on the engine, `patches` and `windows`.
"""

import threading
from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ..engine import gate
from ..errors import ShapeError
from . import depthwise
from .patches import BLOCK, correlation, gather, padded, scatter_add, times_patches
from .windows import Padding, Size, Windows, batch_first, batch_last, each

__all__ = [
    "conv",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "conv_weight",
    "transposed_size",
]

_thread = threading.local()


def _workspace(count: int, dtype: Any) -> Any:
    """Memory for `count` numbers, a thread's own and used again by each call.

    Fresh memory would be fetched from the system page by page, which takes as long as a small layer itself.
    """
    if count * dtype.itemsize > BLOCK:
        return np.empty(count, dtype)
    if not hasattr(_thread, "bytes"):
        _thread.bytes = np.empty(BLOCK, np.uint8)
    return _thread.bytes[: count * dtype.itemsize].view(dtype)


def _checked(x: Any, weight: Any, groups: int) -> None:
    """ShapeError unless x (N, C, *space) and weight (K, C/groups, *window) belong together."""
    if x.ndim != weight.ndim or x.ndim < 3:
        raise ShapeError(f"x {x.shape} and weight {weight.shape} should both have 2 axes more than the space has")
    if x.shape[1] != weight.shape[1] * groups:
        raise ShapeError(
            f"x has {x.shape[1]} channels, weight is for {weight.shape[1]}·{groups} (its channels times groups)"
        )
    _divided(weight.shape[0], groups)


def _divided(channels: int, groups: int) -> None:
    if groups < 1 or channels % groups:
        raise ShapeError(f"{channels} channels can't be divided into groups={groups}")


def _columns(windows: Windows, taps: int, batch: int, dtype: Any) -> Iterator[tuple[Any, slice, Any]]:
    """The blocks of rows of positions, each with its columns in a matrix of all positions and a buffer for patches."""
    rows, columns = windows.positions[0], prod(windows.positions[1:]) * batch
    at_once = rows if windows.plain else min(rows, max(1, BLOCK // max(1, taps * columns * dtype.itemsize)))
    buffer = None if windows.plain else _workspace(taps * at_once * columns, dtype)
    for first, last in windows.blocks(at_once):
        yield (first, last), slice(first * columns, last * columns), buffer


def _bias_sum(g: Any, out: Any, x: Any, weight: Any, *bias: Any, position: int, **settings: Any) -> Any:
    return np.sum(g, axis=(0, *range(2, g.ndim)))


def _x_of_conv(g: Any, out: Any, x: Any, weight: Any, *bias: Any, **settings: Any) -> Any:
    return conv_transpose(g, weight, size=x.shape[2:], **settings)


def _weight_of_conv(g: Any, out: Any, x: Any, weight: Any, *bias: Any, **settings: Any) -> Any:
    return conv_weight(x, g, window=weight.shape[2:], **settings)


@gate(x=_x_of_conv, weight=_weight_of_conv, bias=_bias_sum, symbol="∗")
def conv(
    x: Any, weight: Any, *bias: Any, stride: Size = 1, padding: Padding = 0, dilation: Size = 1, groups: int = 1
) -> Any:
    """Convolution: the input gets the upstream gradient spread by the weights, these get it summed over patches."""
    _checked(x, weight, groups)
    windows = Windows.over(x.shape[2:], weight.shape[2:], stride=stride, padding=padding, dilation=dilation)
    dtype = np.result_type(x, weight, *bias)
    x, filters = batch_last(x.astype(dtype, copy=False)), weight.reshape(groups, weight.shape[0] // groups, -1)
    if weight.shape[1] == 1 < groups:
        return batch_first(_by_channel(x, weight, windows, bias, dtype))
    out = np.empty((*filters.shape[:2], prod(windows.positions) * x.shape[-1]), dtype)
    x, windows = padded(x, padding=windows.padding), windows.inside
    for rows, columns, buffer in _columns(windows, prod(filters.shape[::2]), x.shape[-1], dtype):
        patches = gather(x, windows, rows, buffer).reshape(groups, filters.shape[2], -1)
        block = times_patches(filters, patches, out[..., columns])
        for b in bias:
            block += b.reshape((*filters.shape[:2], 1))
    return batch_first(out.reshape((weight.shape[0], *windows.positions, x.shape[-1])))


def _by_channel(x: Any, weight: Any, windows: Windows, bias: Any, dtype: Any) -> Any:
    """A convolution in which each channel of x has filters of its own; x and the result have the batch last."""
    out = np.zeros((x.shape[0], weight.shape[0] // x.shape[0], *windows.positions, x.shape[-1]), dtype)
    for b in bias:
        out += b.reshape(out.shape[:2] + (1,) * (out.ndim - 2))
    depthwise.correlate(x, weight.reshape(out.shape[:2] + windows.window), windows, out)
    return out.reshape((weight.shape[0], *out.shape[2:]))


def _x_of_transpose(g: Any, out: Any, x: Any, weight: Any, *bias: Any, size: Any, **settings: Any) -> Any:
    return conv(g, weight, **settings)


def _weight_of_transpose(g: Any, out: Any, x: Any, weight: Any, *bias: Any, size: Any, **settings: Any) -> Any:
    return conv_weight(g, x, window=weight.shape[2:], **settings)


@gate(x=_x_of_transpose, weight=_weight_of_transpose, bias=_bias_sum, symbol="∗ᵀ")
def conv_transpose(
    x: Any,
    weight: Any,
    *bias: Any,
    size: tuple[int, ...],
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Transposed convolution: spreads each position over a window; the input gets the gradient's convolution."""
    windows = Windows.over(size, weight.shape[2:], stride=stride, padding=padding, dilation=dilation)
    _positioned(x, weight, windows, groups)
    dtype, batch, channels = np.result_type(x, weight, *bias), x.shape[0], weight.shape[1] * groups
    filters = weight.reshape(groups, weight.shape[0] // groups, -1).swapaxes(1, 2)
    x = batch_last(x.astype(dtype, copy=False)).reshape(*filters.shape[::2], prod(windows.positions) * batch)
    out = np.zeros((channels, *size, batch), dtype)
    if weight.shape[1] == 1 < groups:
        y = x.reshape((*x.shape[:2], *windows.positions, batch))
        depthwise.spread(y, weight.reshape((*x.shape[:2], *windows.window)), windows, out)
    else:
        _spread(x, filters, windows, out)
    for b in bias:
        out += b.reshape((channels,) + (1,) * (out.ndim - 1))
    return batch_first(out)


def _spread(x: Any, filters: Any, windows: Windows, out: Any) -> None:
    """Add to `out` the transposed convolution of x (groups, filters, positions·N): its patches, block by block."""
    channels, batch, dtype = out.shape[0], out.shape[-1], out.dtype
    for rows, columns, buffer in _columns(windows, prod(filters.shape[:2]), batch, dtype):
        shape = (*filters.shape[:2], columns.stop - columns.start)
        patches = np.matmul(
            filters, x[..., columns], out=(out if buffer is None else buffer[: prod(shape)]).reshape(shape)
        )
        if buffer is not None:
            placed = (channels, *windows.window, rows[1] - rows[0], *windows.positions[1:], batch)
            scatter_add(patches.reshape(placed), windows, rows, out)


def _x_of_weight(g: Any, out: Any, x: Any, y: Any, *, window: Any, **settings: Any) -> Any:
    return conv_transpose(y, g, size=x.shape[2:], **settings)


def _y_of_weight(g: Any, out: Any, x: Any, y: Any, *, window: Any, **settings: Any) -> Any:
    return conv(x, g, **settings)


@gate(x=_x_of_weight, y=_y_of_weight, symbol="∗ʷ")
def conv_weight(
    x: Any,
    y: Any,
    *,
    window: tuple[int, ...],
    stride: Size = 1,
    padding: Padding = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Correlation of patches with positions: the weights for which a convolution of x would best agree with y."""
    windows = Windows.over(x.shape[2:], window, stride=stride, padding=padding, dilation=dilation)
    _divided(x.shape[1], groups)
    weight = np.empty((y.shape[1], x.shape[1] // groups, *windows.window), np.result_type(x, y))
    _positioned(y, weight, windows, groups)
    x, y = (batch_last(array.astype(weight.dtype, copy=False)) for array in (x, y))
    batch = x.shape[-1]
    y = y.reshape(groups, weight.shape[0] // groups, prod(windows.positions) * batch)
    filters = weight.reshape(*y.shape[:2], -1)
    if weight.shape[1] == 1 < groups:
        filters[...] = 0
        many = y.reshape((*y.shape[:2], *windows.positions, batch))
        depthwise.weigh(x, many, windows, weight.reshape((*y.shape[:2], *windows.window)))
        return weight
    x, windows = padded(x, padding=windows.padding), windows.inside
    blocks = _columns(windows, prod(filters.shape[::2]), batch, x.dtype)
    taps = (groups, filters.shape[2], -1)
    correlation(((y[..., at], gather(x, windows, rows, buffer).reshape(taps)) for rows, at, buffer in blocks), filters)
    return weight


def _positioned(y: Any, weight: Any, windows: Windows, groups: int) -> None:
    """ShapeError unless y has the weights' channels and a place for each position of the window."""
    expected = (weight.shape[0], *windows.positions)
    if y.shape[1:] != expected:
        raise ShapeError(f"an array of shape (N, {', '.join(map(str, expected))}) was expected, got {y.shape}")
    _divided(weight.shape[0], groups)


def _convolved(dims: int, x: Any, weight: Any, bias: Any, settings: Any) -> Any:
    _in_dimensions(f"conv{dims}d", dims, x, weight)
    return conv(x, weight, *(() if bias is None else (bias,)), **settings)


def conv1d(x: Any, weight: Any, bias: Any = None, **settings: Any) -> Any:
    """Convolution along one axis: x (N, C, n), weight (K, C/groups, k) → (N, K, ⌊(n + 2p - d(k - 1) - 1)/s⌋ + 1).

    out[:, k, i] = bias[k] + Σ weight[k, c, t] · x[:, c, s·i + d·t - p] over channels c and taps t, with 0 outside x and
    settings stride s, padding p, dilation d, groups. What the field calls convolution is a correlation: nothing is
    flipped. ShapeError where shapes do not fit.

    >>> conv1d([[[1.0, 2.0, 4.0]]], [[[-1.0, 1.0]]]).tolist()
    [[[1.0, 2.0]]]
    """
    return _convolved(1, x, weight, bias, settings)


def conv2d(x: Any, weight: Any, bias: Any = None, **settings: Any) -> Any:
    """Convolution over images: x (N, C, H, W), weight (K, C/groups, kH, kW) → (N, K, H', W'), as `conv1d` on each axis.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), padding=1).tolist()
    [[[[4.0, 6.0, 4.0], [6.0, 9.0, 6.0], [4.0, 6.0, 4.0]]]]
    """
    return _convolved(2, x, weight, bias, settings)


def conv3d(x: Any, weight: Any, bias: Any = None, **settings: Any) -> Any:
    """Convolution over volumes: x (N, C, D, H, W), weight (K, C/groups, kD, kH, kW), as `conv1d` on each axis.

    >>> conv3d(np.ones((2, 3, 4, 5, 6)), np.ones((7, 3, 2, 2, 2)), stride=2).shape
    (2, 7, 2, 2, 3)
    """
    return _convolved(3, x, weight, bias, settings)


def _transposed(dims: int, x: Any, weight: Any, bias: Any, output_padding: Size, settings: Any) -> Any:
    """Output padding is elements that no window reaches: less padding behind, for the convolution this is made from."""
    _in_dimensions(f"conv_transpose{dims}d", dims, x, weight)
    geometry = {name: settings[name] for name in ("stride", "padding", "dilation") if name in settings}
    size = transposed_size(np.shape(x)[2:], np.shape(weight)[2:], output_padding=output_padding, **geometry)
    pads, more = each(settings.get("padding", 0), dims, "padding", 0), each(output_padding, dims, "output_padding", 0)
    settings = {**settings, "padding": tuple((p, p - m) for p, m in zip(pads, more, strict=True))}
    return conv_transpose(x, weight, *(() if bias is None else (bias,)), size=size, **settings)


def conv_transpose1d(x: Any, weight: Any, bias: Any = None, *, output_padding: Size = 0, **settings: Any) -> Any:
    """The derivative of `conv1d` by its input, as a layer: x (N, K, n), weight (K, C/groups, k) → (N, C, m).

    Each position is spread over a window: out[:, c, s·i + d·t - p] gets weight[k, c, t] · x[:, k, i], and
    m = (n - 1)s - 2p + d(k - 1) + 1 + output_padding. ShapeError where shapes do not fit.

    >>> conv_transpose1d([[[1.0, 2.0]]], [[[1.0, 1.0, 1.0]]], stride=2).tolist()
    [[[1.0, 1.0, 3.0, 2.0, 2.0]]]
    """
    return _transposed(1, x, weight, bias, output_padding, settings)


def conv_transpose2d(x: Any, weight: Any, bias: Any = None, *, output_padding: Size = 0, **settings: Any) -> Any:
    """The derivative of `conv2d` by its input, as a layer; sizes as in `conv_transpose1d` on each axis.

    >>> conv_transpose2d(np.ones((1, 2, 4, 4)), np.ones((2, 3, 2, 2)), stride=2, output_padding=1).shape
    (1, 3, 9, 9)
    """
    return _transposed(2, x, weight, bias, output_padding, settings)


def conv_transpose3d(x: Any, weight: Any, bias: Any = None, *, output_padding: Size = 0, **settings: Any) -> Any:
    """The derivative of `conv3d` by its input, as a layer; sizes as in `conv_transpose1d` on each axis.

    >>> conv_transpose3d(np.ones((1, 2, 3, 3, 3)), np.ones((2, 1, 2, 2, 2))).shape
    (1, 1, 4, 4, 4)
    """
    return _transposed(3, x, weight, bias, output_padding, settings)


def _in_dimensions(name: str, dims: int, x: Any, weight: Any) -> None:
    if np.ndim(x) != dims + 2 or np.ndim(weight) != dims + 2:
        raise ShapeError(
            f"{name}: x {np.shape(x)} and weight {np.shape(weight)} should have {dims + 2} axes each, (N, C, *space) "
            "and (K, C/groups, *window); give a single image its batch axis with x[None]"
        )


def transposed_size(
    positions: tuple[int, ...],
    window: tuple[int, ...],
    *,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    dilation: Size = 1,
) -> tuple[int, ...]:
    """The size of a transposed convolution's result: (n - 1)s - 2p + d(k - 1) + 1 + output_padding along each axis.

    >>> transposed_size((4,), (3,), stride=2, padding=1, output_padding=1)
    (8,)
    """
    dims = len(positions)
    steps, gaps = each(stride, dims, "stride"), each(dilation, dims, "dilation")
    pads, more = each(padding, dims, "padding", 0), each(output_padding, dims, "output_padding", 0)
    if any(m >= max(s, d) for m, s, d in zip(more, steps, gaps, strict=True)):
        raise ShapeError(f"output_padding={output_padding} should be less than stride={stride} or dilation={dilation}")
    axes = zip(positions, window, steps, pads, more, gaps, strict=True)
    size = tuple((n - 1) * s - 2 * p + d * (k - 1) + 1 + m for n, k, s, p, m, d in axes)
    if min(size, default=1) < 1:
        raise ShapeError(f"(n - 1)s - 2p + d(k - 1) + 1 + output_padding = {size} for n {positions}: take less padding")
    return size
