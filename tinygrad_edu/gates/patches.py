"""Patches: what each position of a sliding window sees. Unfold and fold, and the blocks a convolution multiplies.

Gates `unfold` and `fold`, each the derivative of the other. Call them as

    unfold(x, window=3, stride=1, padding=1, dilation=1)              # (N, C, H, W) → (N, C, 3, 3, H', W')
    fold(patches, size=(H, W), window=3, stride=1, padding=1, …)     # back; where patches overlap they add up

in any number of dimensions. `gather` and `scatter_add` are the same on bare (C, *space, N) arrays, a block of rows at a
time: `gather` copies the patches of an array that is `padded`, `scatter_add` adds them back tap by tap in whole slices.
`times_patches` and `correlation` are their products with matrices. Builds on the engine and `windows`.
"""

from collections.abc import Iterable, Iterator
from math import ceil, prod
from typing import Any

import numpy as np

from ..engine import gate
from ..errors import ShapeError
from .windows import Padding, Size, Windows, batch_first, batch_last

__all__ = ["correlation", "fold", "gather", "padded", "scatter_add", "times_patches", "unfold"]

Rows = tuple[int, int]
BLOCK = 2**21
"""Bytes of patches at once: about a processor's second-level cache."""
SMALL, FEW = 10**6, 256
"""OpenBLAS takes matrices as they are, without packing them first, for so many multiplications; not for few columns."""


def _parts(columns: int, products: int) -> Iterator[slice]:
    """Slices of the columns, each of which takes so many multiplications: for small products, unless of few columns."""
    small = SMALL // max(1, products)
    step = ceil(columns / ceil(columns / small)) if FEW <= small < columns else max(1, columns)
    return (slice(first, first + step) for first in range(0, columns, step))


def times_patches(filters: Any, patches: Any, out: Any) -> Any:
    """Filters (K, taps) times patches (taps, columns), written to `out`; stacks of matrices too."""
    for part in _parts(patches.shape[-1], prod(filters.shape[-2:])):
        np.matmul(filters, patches[..., part], out=out[..., part])
    return out


def correlation(blocks: Iterable[tuple[Any, Any]], out: Any) -> Any:
    """The sum over blocks of y (K, columns) times transposed patches (taps, columns), written to `out` (K, taps).

    Stacks of matrices too. The taller matrix goes first, of which OpenBLAS makes up to twice as many products a second.
    """
    tall = out.shape[-1] > out.shape[-2]
    total = np.zeros_like(out.swapaxes(-1, -2) if tall else out, order="C")
    for y, patches in blocks:
        first, second = (patches, y) if tall else (y, patches)
        for part in _parts(y.shape[-1], prod(out.shape[-2:])):
            total += np.matmul(first[..., part], second[..., part].swapaxes(-1, -2))
    out[...] = total.swapaxes(-1, -2) if tall else total
    return out


def padded(x: Any, out: Any = None, *, padding: Any) -> Any:
    """x (C, *space, N) with zeros before and after each axis of space, (before, after): less than none cuts off."""
    if not any(map(any, padding)):
        return x
    axes = [(n, before, after) for n, (before, after) in zip(x.shape[1:-1], padding, strict=True)]
    if out is None:
        out = np.empty((x.shape[0], *map(sum, axes), x.shape[-1]), x.dtype)
    whole = (slice(None),)
    here = tuple(slice(max(-before, 0), max(n + min(after, 0), 0)) for n, before, after in axes)
    there = tuple(slice(max(before, 0), max(before + n + min(after, 0), before, 0)) for n, before, after in axes)
    out[whole + there] = x[whole + here]
    for axis, inside in enumerate(there, 1):
        out[whole * axis + (slice(inside.start),)] = 0
        out[whole * axis + (slice(inside.stop, None),)] = 0
    return out


def gather(x: Any, windows: Windows, rows: Rows, buffer: Any = None) -> Any:
    """Patches (C, *window, rows, *positions, N) of a block of rows of positions, written to `buffer` if given.

    x has its padding and lies in memory in the order of its axes. All is one copy of a view of it that has an axis for
    the taps and one for the positions; the runs of a row of positions and all samples are copied as wholes.
    """
    if windows.plain:
        return x.reshape((x.shape[0], *windows.window, *windows.positions, x.shape[-1]))
    shape = (x.shape[0], *windows.window, rows[1] - rows[0], *windows.positions[1:], x.shape[-1])
    channel, *space, sample = x.strides
    taps = [stride * apart for stride, apart in zip(space, windows.dilation, strict=True)]
    steps = [stride * step for stride, step in zip(space, windows.stride, strict=True)]
    seen: Any = np.ndarray(shape, x.dtype, x, rows[0] * steps[0], (channel, *taps, *steps, sample))
    if buffer is None:
        return seen.copy()
    patches = buffer[: seen.size].reshape(shape)
    np.copyto(patches, seen)
    return patches


def scatter_add(patches: Any, windows: Windows, rows: Rows, out: Any) -> None:
    """Add the patches of a block of rows to the elements of `out`, (C, *space, N), that they were taken from."""
    whole = (slice(None),)
    for tap, positions, elements in windows.meetings(rows):
        out[whole + elements] += patches[whole + tap + positions]


def _fold_back(g: Any, out: Any, x: Any, **geometry: Any) -> Any:
    return fold(g, size=x.shape[2:], **geometry)


@gate(x=_fold_back, symbol="▦")
def unfold(x: Any, *, window: Size, stride: Size = 1, padding: Padding = 0, dilation: Size = 1) -> Any:
    """Patches of a sliding window: each element gets the sum of the upstream gradients of all patches it is in."""
    windows = Windows.over(x.shape[2:], window, stride=stride, padding=padding, dilation=dilation)
    x = padded(batch_last(x), padding=windows.padding)
    return batch_first(gather(x, windows.inside, (0, windows.positions[0])))


def _unfold_again(g: Any, out: Any, patches: Any, *, size: Any, **geometry: Any) -> Any:
    return unfold(g, **geometry)


@gate(patches=_unfold_again, symbol="▦ᵀ")
def fold(
    patches: Any, *, size: tuple[int, ...], window: Size, stride: Size = 1, padding: Padding = 0, dilation: Size = 1
) -> Any:
    """Patches added up where they overlap: each gets the upstream gradients of the elements it covers."""
    windows = Windows.over(size, window, stride=stride, padding=padding, dilation=dilation)
    expected = (*windows.window, *windows.positions)
    if patches.shape[2:] != expected:
        raise ShapeError(f"patches of shape (N, C, {', '.join(map(str, expected))}) wanted, got {patches.shape}")
    out = np.zeros((patches.shape[1], *size, patches.shape[0]), patches.dtype)
    scatter_add(batch_last(patches), windows, (0, windows.positions[0]), out)
    return batch_first(out)
