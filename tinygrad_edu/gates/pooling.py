"""Pooling in any number of dimensions: the largest element of each window, or their average.

    max_pool(x, window=2, stride=2, padding=0, dilation=1, ceil_mode=False)          # (N, C, *space)
    max_pool_indices(x, …)                                        # the winners' places in their plane, as PyTorch's
    avg_pool(x, window=2, stride=2, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None)
    adaptive_max_pool(x, size=(7, 7)), adaptive_avg_pool(x, size=(7, 7))
    fractional_max_pool(x, size=(9, 9), window=2, samples=u)      # u in [0, 1): (N, C, dims) or (dims,)

x by position, settings by keyword, a number for all dimensions or one for each; `stride` is the window if left out. At
a tie the gradient goes to the first winner, as in PyTorch (`np.max` shares it). Regions of different lengths (adaptive,
fractional) are made even by picking their elements side by side; a short one repeats its last. Builds on the engine,
`picking` and `windows`.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ..engine import gate
from ..errors import ShapeError
from .picking import pick
from .windows import Size, Windows, batch_first, batch_last, each

__all__ = [
    "adaptive_avg_pool",
    "adaptive_max_pool",
    "avg_pool",
    "fractional_max_pool",
    "max_pool",
    "max_pool_indices",
    "pick_winners",
    "route_to_winners",
    "spread_windows",
    "sum_windows",
]


def _windows(size: Any, *, window: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: Any = False
             ) -> Windows:  # fmt: skip
    """The windows of a pooling: padding may cover half a window at most, so that each one sees something."""
    stride = window if stride is None else stride
    windows = Windows.over(size, window, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
    if any(2 * p > d * (k - 1) + 1 for p, k, d in zip(windows.before, windows.window, windows.dilation, strict=True)):
        raise ShapeError(f"padding={padding} should be at most half of window={window}")
    return windows


# Largest of a window


def _won(x: Any, out: Any, windows: Windows) -> Iterator[tuple[Any, Any, Any]]:
    """For each tap: positions, elements, where it is the first to equal the maximum."""
    free = np.ones(out.shape, bool)
    with_nan = out.size > 0 and np.isnan(out.max())
    for _, positions, elements in windows.meetings():
        here, there = (slice(None), *positions), (slice(None), *elements)
        wins = np.equal(x[there], out[here])
        if with_nan:
            wins |= np.isnan(x[there])
        wins &= free[here]
        free[here] ^= wins
        yield here, there, wins


def _route(g: Any, out: Any, x: Any, **geometry: Any) -> Any:
    return route_to_winners(g, x, out, **geometry)


def _zero(g: Any, out: Any, array: Any, x: Any, maximum: Any, **geometry: Any) -> Any:
    return np.zeros(x.shape, x.dtype)


def _zero_maximum(g: Any, out: Any, array: Any, x: Any, maximum: Any, **geometry: Any) -> Any:
    return np.zeros(maximum.shape, maximum.dtype)


@gate(x=_route, symbol="max")
def max_pool(
    x: Any,
    *,
    window: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> Any:
    """Largest element of each window: the gate routes, the first winner gets the upstream gradient and the others 0."""
    windows = _windows(
        x.shape[2:], window=window, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    x = batch_last(x)
    out = np.full((x.shape[0], *windows.positions, x.shape[-1]), -np.inf, x.dtype)
    for _, positions, elements in windows.meetings():
        largest = out[(slice(None), *positions)]
        np.maximum(largest, x[(slice(None), *elements)], out=largest)
    return batch_first(out)


def _pick(g: Any, out: Any, array: Any, x: Any, maximum: Any, **geometry: Any) -> Any:
    return pick_winners(g, x, maximum, **geometry)


@gate(
    array=_pick,
    x=_zero,
    maximum=_zero_maximum,
    symbol="maxᵀ",
)
def route_to_winners(
    array: Any, x: Any, maximum: Any, *, window: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any
) -> Any:
    """Put one element for each window where it has its maximum: each gets the upstream gradient of that place."""
    windows = _windows(
        x.shape[2:], window=window, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    array, x, maximum = map(batch_last, (array, x, maximum))
    out = np.zeros(x.shape, array.dtype)
    for here, there, wins in _won(x, maximum, windows):
        if windows.tiling:
            np.multiply(array[here], wins, out=out[there])
        else:
            out[there] += array[here] * wins
    return batch_first(out)


@gate(
    array=lambda g, out, array, x, maximum, **geometry: route_to_winners(g, x, maximum, **geometry),
    x=_zero,
    maximum=_zero_maximum,
    symbol="[max]",
)
def pick_winners(
    array: Any, x: Any, maximum: Any, *, window: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: Any
) -> Any:
    """Pick from each window the element at the place where x has its maximum: the gradient goes back there."""
    windows = _windows(
        x.shape[2:], window=window, stride=stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode
    )
    array, x, maximum = map(batch_last, (array, x, maximum))
    out = np.zeros(maximum.shape, array.dtype)
    for here, there, wins in _won(x, maximum, windows):
        out[here] += array[there] * wins
    return batch_first(out)


def max_pool_indices(x: Any, **geometry: Any) -> Any:
    """Where each window has its (first) maximum: places in the plane laid out as one row, integers (N, C, *positions).

    `x` and the settings are those of `max_pool`; the result is constant for the derivative.
    """
    x = getattr(x, "data", x) if not isinstance(x, np.ndarray) else x
    windows, maximum = _windows(x.shape[2:], **geometry), batch_last(max_pool(x, **geometry))
    places = np.arange(prod(windows.size)).reshape(*windows.size, 1)
    indices = np.zeros(maximum.shape, np.int64)
    for here, there, wins in _won(batch_last(x), maximum, windows):
        indices[here] += wins * places[there[1:]]
    return batch_first(indices)


# Sum and average of a window


def _spread(g: Any, out: Any, x: Any, **geometry: Any) -> Any:
    return spread_windows(g, size=x.shape[2:], **geometry)


@gate(x=_spread, symbol="Σ")
def sum_windows(x: Any, *, window: Size, stride: Size | None = None, padding: Size = 0, ceil_mode: bool = False) -> Any:
    """Sum of each window: every element gets the sum of the upstream gradients of all windows it is in."""
    windows = _windows(x.shape[2:], window=window, stride=stride, padding=padding, ceil_mode=ceil_mode)
    x = batch_last(x)
    out = np.zeros((x.shape[0], *windows.positions, x.shape[-1]), x.dtype)
    for _, positions, elements in windows.meetings():
        out[(slice(None), *positions)] += x[(slice(None), *elements)]
    return batch_first(out)


@gate(x=lambda g, out, x, *, size, **geometry: sum_windows(g, **geometry), symbol="Σᵀ")
def spread_windows(
    x: Any,
    *,
    size: tuple[int, ...],
    window: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
) -> Any:
    """Give each element of a window what stands for it: each window gets the sum of its upstream gradients."""
    windows = _windows(size, window=window, stride=stride, padding=padding, ceil_mode=ceil_mode)
    x = batch_last(x)
    out = np.zeros((x.shape[0], *size, x.shape[-1]), x.dtype)
    for _, positions, elements in windows.meetings():
        out[(slice(None), *elements)] += x[(slice(None), *positions)]
    return batch_first(out)


def avg_pool(
    x: Any,
    *,
    window: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """Average of each window of x (N, C, *space), composed of `sum_windows` and a product.

    Divides by the number of elements of the window, those in the padding counted or not, or by `divisor_override`.

    >>> import numpy as np
    >>> avg_pool(np.arange(4.0).reshape(1, 1, 4), window=2).tolist()
    [[[0.5, 2.5]]]
    """
    total = sum_windows(x, window=window, stride=stride, padding=padding, ceil_mode=ceil_mode)
    if divisor_override is not None:
        return total * (1 / divisor_override)
    windows = _windows(x.shape[2:], window=window, stride=stride, padding=padding, ceil_mode=ceil_mode)
    counts = 1.0 / _counts(windows, count_include_pad)
    return total * (float(counts.flat[0]) if np.ptp(counts) == 0 else counts.astype(x.dtype))


def _counts(windows: Windows, with_padding: bool) -> Any:
    """How many elements each window holds: the product of its lengths along the axes."""
    counts = np.ones(windows.positions)
    axes = zip(
        windows.size, windows.window, windows.stride, windows.before, windows.after, windows.positions, strict=True
    )
    for axis, (n, k, s, before, after, positions) in enumerate(axes):
        start = np.arange(positions) * s - before
        low, high = (-before, n + after) if with_padding else (0, n)
        lengths = np.minimum(start + k, high) - np.maximum(start, low)
        counts *= lengths.reshape([-1 if a == axis else 1 for a in range(counts.ndim)])
    return counts


# Windows of different lengths


def _regions_max(x: Any, starts: list[Any], lengths: list[Any]) -> Any:
    """The maximum of regions given along each axis: their elements picked side by side, then an even pooling."""
    window = tuple(int(length.max()) for length in lengths)
    sources = [
        (start[:, None] + np.minimum(np.arange(k), length[:, None] - 1)).ravel()
        for start, length, k in zip(starts, lengths, window, strict=True)
    ]
    return max_pool(pick(x, *sources, axes=tuple(range(2, x.ndim))), window=window)


def _adaptive(n: int, m: int) -> tuple[Any, Any]:
    """Starts ⌊i·n/m⌋ and lengths of m regions, ending at ⌈(i + 1)·n/m⌉, that cover an axis of length n."""
    i = np.arange(m)
    start = i * n // m
    return start, -((i + 1) * -n // m) - start


def _sizes(x: Any, size: Any) -> tuple[int, ...]:
    """The wanted size along each axis; None keeps an axis as it is."""
    wanted = [size] * (x.ndim - 2) if size is None or isinstance(size, int) else size
    if len(wanted) != x.ndim - 2:
        raise ShapeError(f"size={size} should be one number or {x.ndim - 2}, for x {x.shape}")
    return each([n if m is None else m for n, m in zip(x.shape[2:], wanted, strict=True)], x.ndim - 2, "size")


def adaptive_max_pool(x: Any, *, size: Any) -> Any:
    """Maximum of regions ⌊i·n/m⌋ … ⌈(i + 1)·n/m⌉ that cover each axis of x (N, C, *space): (N, C, *size).

    >>> import numpy as np
    >>> adaptive_max_pool(np.arange(5.0).reshape(1, 1, 5), size=2).tolist()
    [[[2.0, 4.0]]]
    """
    starts, lengths = zip(*map(_adaptive, x.shape[2:], _sizes(x, size)), strict=True)
    return _regions_max(x, list(starts), list(lengths))


def adaptive_avg_pool(x: Any, *, size: Any) -> Any:
    """Average of the regions of `adaptive_max_pool`: an even pooling where the sizes divide, else a product per axis.

    >>> import numpy as np
    >>> adaptive_avg_pool(np.arange(5.0).reshape(1, 1, 5), size=2).tolist()
    [[[1.0, 3.0]]]
    """
    wanted = _sizes(x, size)
    if all(n % m == 0 for n, m in zip(x.shape[2:], wanted, strict=True)):
        return avg_pool(x, window=tuple(n // m for n, m in zip(x.shape[2:], wanted, strict=True)))
    for axis, m in enumerate(wanted, 2):
        start, length = (part[:, None] for part in _adaptive(x.shape[axis], m))
        place = np.arange(x.shape[axis])
        average = ((place >= start) & (place < start + length)) / length
        x = np.swapaxes(np.swapaxes(x, axis, -1) @ average.T.astype(x.dtype), axis, -1)
    return x


def fractional_max_pool(x: Any, *, size: Any, window: Size, samples: Any) -> Any:
    """Maximum of windows at fractional steps (Graham 2014, course 001 row `fractional-max-pool`), starts as PyTorch's.

    With α = (n - k)/(m - 1) and a sample u in [0, 1) for each axis, window i starts at ⌊α(i + u)⌋ - ⌊αu⌋, the last one
    at n - k. `samples` (dims,) serves all; of shape (N, C, dims) each plane has its own.

    >>> import numpy as np
    >>> fractional_max_pool(np.arange(5.0).reshape(1, 1, 5), size=2, window=2, samples=[0.3]).tolist()
    [[[1.0, 4.0]]]
    """
    dims, samples = x.ndim - 2, np.asarray(samples)
    wanted, window = _sizes(x, size), each(window, dims, "window")
    if samples.ndim == 3:
        planes = [
            [
                fractional_max_pool(x[n : n + 1, c : c + 1], size=wanted, window=window, samples=u)
                for c, u in enumerate(us)
            ]
            for n, us in enumerate(samples)
        ]
        return np.concatenate([np.concatenate(row, axis=1) for row in planes], axis=0)
    if samples.shape != (dims,):
        raise ShapeError(
            f"fractional_max_pool: samples of shape ({dims},) or (N, C, {dims}) wanted, got {samples.shape}"
        )
    starts = [_fractional(n, m, k, u) for n, m, k, u in zip(x.shape[2:], wanted, window, samples, strict=True)]
    return _regions_max(x, starts, [np.full(m, k) for m, k in zip(wanted, window, strict=True)])


def _fractional(n: int, m: int, k: int, u: float) -> Any:
    if m + k - 1 > n:
        raise ShapeError(f"fractional_max_pool: {m} windows of {k} do not fit an axis of {n}")
    step = (n - k) / max(m - 1, 1)
    starts = np.floor((np.arange(m) + u) * step).astype(int) - int(u * step)
    starts[-1] = n - k
    return starts
