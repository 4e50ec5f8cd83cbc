"""Patches: what each position of a sliding window sees. Unfold and fold, and the blocks a convolution multiplies.

Gates `unfold` and `fold`, each the derivative of the other. Call them as

    unfold(x, window=3, stride=1, padding=1, dilation=1)              # (N, C, H, W) → (N, C, 3, 3, H', W')
    fold(patches, size=(H, W), window=3, stride=1, padding=1, …)     # back; where patches overlap they add up

in any number of dimensions. `gather` and `scatter_add` are the same on bare (C, *space, N) arrays, a block of rows at a
time: a patch is copied, or added back, tap by tap in whole slices. Builds on the engine and `windows`.
"""

from math import prod
from typing import Any

import numpy as np

from ..engine import gate
from ..errors import ShapeError
from .windows import Padding, Size, Windows, batch_first, batch_last

__all__ = ["fold", "gather", "scatter_add", "unfold"]

Rows = tuple[int, int]


def gather(x: Any, windows: Windows, rows: Rows, buffer: Any = None) -> Any:
    """Patches (C, *window, rows, *positions, N) of a block of rows of positions, written to `buffer` if given."""
    if windows.plain:
        return x.reshape((x.shape[0], *windows.window, *windows.positions, x.shape[-1]))
    shape = (x.shape[0], *windows.window, rows[1] - rows[0], *windows.positions[1:], x.shape[-1])
    patches = np.empty(shape, x.dtype) if buffer is None else buffer[: prod(shape)].reshape(shape)
    meetings = windows.meetings(rows)
    if len(meetings) < prod(windows.window):
        patches[...] = 0
    whole = (slice(None),)
    for tap, positions, elements in meetings:
        patch = patches[whole + tap]
        patch[whole + positions] = x[whole + elements]
        _surround(patch, positions)
    return patches


def _surround(patch: Any, positions: tuple[slice, ...]) -> None:
    """Zeros at the positions where a tap falls outside the input."""
    for axis, met in enumerate(positions, 1):
        before = (slice(None),) * axis
        if met.start > 0:
            patch[(*before, slice(met.start))] = 0
        if met.stop < patch.shape[axis]:
            patch[(*before, slice(met.stop, None))] = 0


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
    return batch_first(gather(batch_last(x), windows, (0, windows.positions[0])))


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
