"""Where a sliding window meets its input: the index arithmetic that convolution, pooling and unfold share.

`Windows` (sizes, strides, padding … of a sliding window in any number of dimensions, and where each of its taps falls),
`batch_last`, `moved_last` and `batch_first` (the memory order in which all of them compute), `each` (a setting for each
dimension). Builds on `errors`.

What falls outside the input is left out tap by tap (`meetings`), or the input is padded and the windows run `inside`.
Arrays are seen as (channels, *space, batch), so that for each tap the whole batch lies side by side in memory and one
slice moves all of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numpy as np

from ..errors import ShapeError

__all__ = ["Padding", "Size", "Windows", "batch_first", "batch_last", "each", "moved_last"]

Size = int | Sequence[int]
Padding = int | str | Sequence[int] | Sequence[tuple[int, int]]
Slices = tuple[slice, ...]


def batch_last(x: Any) -> Any:
    """(N, C, *space) as a contiguous (C, *space, N): free of charge if the memory already lies so."""
    turned = x.transpose((*range(1, x.ndim), 0))
    return turned if turned.flags.c_contiguous else moved_last(x)


def moved_last(x: Any, out: Any = None) -> Any:
    """The first axis moved behind the others, in memory too: (N, C, *space) → (C, *space, N).

    Samples a multiple of 4 KB apart, as images of 32×32 are, fall on the same lines of a cache, which holds eight of
    them: so many are copied at a time.
    """
    turned = x.transpose((*range(1, x.ndim), 0))
    out = np.empty(turned.shape, x.dtype) if out is None else out
    step = 8 if x.strides[0] % 4096 == 0 else max(1, len(x))
    for first in range(0, len(x), step):
        some = (..., slice(first, first + step))
        np.copyto(out[some], turned[some])
    return out


def batch_first(y: Any) -> Any:
    """(C, *space, N) as the (N, C, *space) that a user sees; the memory stays."""
    return y.transpose((y.ndim - 1, *range(y.ndim - 1)))


def each(setting: Size, dims: int, name: str, least: int = 1) -> tuple[int, ...]:
    """A setting for each dimension: one number stands for all."""
    given = tuple(map(int, setting)) if isinstance(setting, Iterable) else (int(setting),) * dims
    if len(given) != dims or min(given, default=least) < least:
        raise ShapeError(f"{name}={setting} should be one number, or {dims}, each at least {least}")
    return given


def _pairs(padding: Padding, window: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Any:
    """Padding before and after each axis; in pairs it may be negative, elements left out."""
    dims = len(window)
    if isinstance(padding, str):
        if padding == "valid":
            return ((0, 0),) * dims
        if padding != "same" or max(stride) > 1:
            raise ShapeError(f"padding={padding!r} should be 'valid', or 'same' with a stride of 1, or numbers")
        return tuple((d * (k - 1) // 2, (d * (k - 1) + 1) // 2) for k, d in zip(window, dilation, strict=True))
    if isinstance(padding, Iterable) and any(isinstance(p, Iterable) for p in padding):
        return tuple((int(before), int(after)) for before, after in padding)  # type: ignore[misc]  # pairs
    return tuple((p, p) for p in each(padding, dims, "padding", 0))  # type: ignore[arg-type]  # numbers


@dataclass(frozen=True)
class Windows:
    """A window of `window` taps, `dilation` apart, that takes `positions` steps of `stride` over axes of length `size`.

    It starts `before` elements before the first one; those, and what it meets behind the last one, count as padding.

    >>> Windows.over((7,), (3,), stride=2, padding=1).positions
    (4,)
    """

    size: tuple[int, ...]
    window: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    dilation: tuple[int, ...]
    positions: tuple[int, ...]

    @staticmethod
    def over(
        size: Sequence[int],
        window: Size,
        *,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        ceil_mode: bool = False,
    ) -> "Windows":
        """The windows over an input, or ShapeError with the sum that does not come out."""
        dims = len(size)
        window, stride = each(window, dims, "window"), each(stride, dims, "stride")
        dilation = each(dilation, dims, "dilation")
        return _over(tuple(size), window, stride, _pairs(padding, window, stride, dilation), dilation, ceil_mode)

    @property
    def plain(self) -> bool:
        """Whether each element of the input is one patch: a 1×1 convolution is a matrix product as it stands."""
        return self.size == self.positions and prod(self.window) == prod(self.stride) == 1 and not any(self.before)

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """What is added before and after each axis."""
        return tuple(zip(self.before, self.after, strict=True))

    @property
    def inside(self) -> "Windows":
        """The same windows over an input that has its padding; these, where there is none."""
        return _inside(self) if any(self.before) or any(self.after) else self

    @property
    def tiling(self) -> bool:
        """Whether no two windows overlap."""
        return all(s >= d * (k - 1) + 1 for s, k, d in zip(self.stride, self.window, self.dilation, strict=True))

    def blocks(self, at_once: int) -> Iterator[tuple[int, int]]:
        """The rows of positions (along the first axis), so many at a time."""
        rows = self.positions[0]
        return ((first, min(first + at_once, rows)) for first in range(0, rows, at_once))

    def meetings(self, rows: tuple[int, int] | None = None) -> "list[tuple[tuple[int, ...], Slices, Slices]]":
        """For each tap that meets the input: its place in the window, the positions, and the elements met there.

        `rows` limits the positions along the first axis; they are then counted from its beginning.
        """
        return _meetings(self, rows or (0, self.positions[0]))

    def whole(self, positions: Slices) -> bool:
        """Whether a tap meets the input at every position."""
        return all(s.start == 0 and s.stop == n for s, n in zip(positions, self.positions, strict=True))


@lru_cache(maxsize=512)
def _inside(windows: Windows) -> Windows:
    none = (0,) * len(windows.size)
    size = tuple(map(sum, zip(windows.before, windows.size, windows.after, strict=True)))
    return replace(windows, size=size, before=none, after=none)


@lru_cache(maxsize=512)
def _over(size: Any, window: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Windows:
    positions = tuple(map(_positions, size, window, stride, padding, dilation, [ceil_mode] * len(size)))
    before, after = zip(*padding, strict=True)
    return Windows(size, window, stride, before, after, dilation, positions)


def _positions(n: int, k: int, s: int, padding: tuple[int, int], d: int, ceil_mode: bool) -> int:
    """⌊(n + 2p - d(k - 1) - 1)/s⌋ + 1; in ceil_mode one more if it starts before the padding behind."""
    room = n + sum(padding) - d * (k - 1) - 1
    count = room // s + 1
    if ceil_mode and room % s and count * s < n + padding[0]:
        count += 1
    if count < 1 or n < 1:
        pads = "+".join(map(str, padding))
        raise ShapeError(
            f"a window of {k} does not fit: ⌊({n} + {pads} - {d}·({k} - 1) - 1)/{s}⌋ + 1 = {count} positions. "
            "Give more padding, a smaller window or a larger input"
        )
    return count


@lru_cache(maxsize=2048)
def _meetings(windows: Windows, rows: tuple[int, int]) -> list[tuple[tuple[int, ...], Slices, Slices]]:
    limits = [rows, *((0, n) for n in windows.positions[1:])]
    axes = [list(_along(windows, axis, *limit)) for axis, limit in enumerate(limits)]
    return [tuple(zip(*parts, strict=True)) for parts in product(*axes)]  # type: ignore[misc]  # three tuples


def _along(windows: Windows, axis: int, first: int, last: int) -> Iterator[tuple[int, slice, slice]]:
    """Along one axis: each tap, the positions at which it meets the input, the elements that it meets."""
    n, s = windows.size[axis], windows.stride[axis]
    for tap in range(windows.window[axis]):
        offset = tap * windows.dilation[axis] - windows.before[axis]
        low, high = max(first, -(offset // s)), min(last, (n - 1 - offset) // s + 1)
        if low < high:
            yield tap, slice(low - first, high - first), slice(low * s + offset, (high - 1) * s + offset + 1, s)
