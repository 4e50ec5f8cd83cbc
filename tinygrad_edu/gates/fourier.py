"""Fourier transforms along one axis: fft, ifft, rfft, irfft. Builds on the engine.

The matrix of a Fourier transform is its own transpose, so fft passes fft(g) on, and ifft passes ifft(g) on, with the
same `norm`. Lengths are those of the input: a caller crops or pads before. All others (in several dimensions, of
Hermitian sequences) are composed of these.
"""

from typing import Any

import numpy as np

from ..engine import gate

__all__ = ["fft", "ifft", "irfft", "resized", "rfft"]


def resized(x: Any, n: int, axis: int) -> Any:
    """x with n elements along an axis: cropped, or followed by zeros."""
    lengths = list(x.shape)
    kept = (slice(None),) * (axis % x.ndim) + (slice(0, n),)
    lengths[axis] = n - x.shape[axis]
    return x[kept] if lengths[axis] <= 0 else np.concatenate([x, np.zeros(lengths, x.dtype)], axis)


@gate(x=lambda g, out, x, *, axis, norm: np.fft.fft(g, None, axis, norm))
def fft(x: Any, *, axis: int = -1, norm: str | None = None) -> Any:
    """Discrete Fourier transform: the same transform of the upstream gradient."""
    return np.fft.fft(x, None, axis, norm)


@gate(x=lambda g, out, x, *, axis, norm: np.fft.ifft(g, None, axis, norm))
def ifft(x: Any, *, axis: int = -1, norm: str | None = None) -> Any:
    """Inverse Fourier transform: the same transform of the upstream gradient."""
    return np.fft.ifft(x, None, axis, norm)


# The engine takes the real part, as x is real.
@gate(x=lambda g, out, x, *, axis, norm: np.fft.fft(resized(g, x.shape[axis], axis), None, axis, norm))
def rfft(x: Any, *, axis: int = -1, norm: str | None = None) -> Any:
    """Fourier transform of real numbers, the half that determines it: the transform of g with zeros behind it."""
    return np.fft.rfft(x, None, axis, norm)


def _irfft_by_x(g: Any, out: Any, x: Any, *, n: int, axis: int, norm: str | None) -> Any:
    """All bins but the first, and the middle one of an even length, stand for two."""
    weights = np.full(x.shape[axis], 2.0, g.dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return np.fft.ihfft(g, None, axis, norm) * weights.reshape((-1,) + (1,) * (x.ndim - 1 - axis % x.ndim))


@gate(x=_irfft_by_x)
def irfft(x: Any, *, n: int, axis: int = -1, norm: str | None = None) -> Any:
    """Inverse of rfft, n real numbers from n//2 + 1 bins: the spectrum of g, twice where a bin stands for two."""
    return np.fft.irfft(x, n, axis, norm)
