"""numpy.fft on Values: transforms in one and several dimensions, of real and Hermitian sequences. Builds on `registry`.

In several dimensions a transform is one after the other along the axes; NumPy's rules for `s` and `axes` hold.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..gates import fourier
from ..gates.fourier import resized
from .registry import implements, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names

_SWAPPED = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _length(n: int | None, default: int) -> int:
    n = default if n is None else int(n)
    if n < 1:
        raise ShapeError(f"a Fourier transform of {n} points: give n of at least 1")
    return n


def _along(name: str, gate: Callable[..., Any]) -> Callable[..., Any]:
    def transform(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
        refuse(f"fft.{name}", out=out)
        return gate(resized(a, _length(n, a.shape[axis]), axis), axis=axis, norm=norm)

    return implements(getattr(np.fft, name))(transform)


_along("fft", fourier.fft)
_along("ifft", fourier.ifft)


@implements(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    refuse("fft.rfft", out=out)
    if np.iscomplexobj(a):
        raise TypeError("np.fft.rfft takes real numbers: use np.fft.fft for complex ones")
    return fourier.rfft(resized(a, _length(n, a.shape[axis]), axis), axis=axis, norm=norm)


@implements(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    refuse("fft.irfft", out=out)
    n = _length(n, 2 * (a.shape[axis] - 1))
    return fourier.irfft(resized(a, n // 2 + 1, axis), n=n, axis=axis, norm=norm)


@implements(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    refuse("fft.hfft", out=out)
    return np.fft.irfft(np.conj(a), n, axis, _SWAPPED[norm])


@implements(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    refuse("fft.ihfft", out=out)
    return np.conj(np.fft.rfft(a, n, axis, _SWAPPED[norm]))


def _plan(a: Any, s: Any, axes: Any) -> list[tuple[int | None, int]]:
    """(length, axis) of each transform; a length of -1, or None, is the input's."""
    axes = range(-len(s), 0) if s is not None and axes is None else range(a.ndim) if axes is None else axes
    lengths = [None] * len(axes) if s is None else [None if n in (-1, None) else int(n) for n in s]
    if len(lengths) != len(axes):
        raise ShapeError(f"np.fft: s={s} and axes={tuple(axes)} are of different lengths")
    return list(zip(lengths, map(int, axes), strict=True))


def _over(function: Callable[..., Any], a: Any, plan: list[tuple[int | None, int]], norm: Any) -> Any:
    for n, axis in reversed(plan):
        a = function(a, n, axis, norm)
    return a


def _in_several(name: str, axes: Any, apply: Callable[..., Any]) -> None:
    def transform(a: Any, s: Any = None, axes: Any = axes, norm: Any = None, out: Any = None) -> Any:
        refuse(f"fft.{name}", out=out)
        return apply(a, _plan(a, s, axes), norm)

    implements(getattr(np.fft, name))(transform)


def _rfftn(a: Any, plan: Any, norm: Any) -> Any:
    return _over(np.fft.fft, _over(np.fft.rfft, a, plan[-1:], norm), plan[:-1], norm)


def _irfftn(a: Any, plan: Any, norm: Any) -> Any:
    for n, axis in plan[:-1]:
        a = np.fft.ifft(a, n, axis, norm)
    return _over(np.fft.irfft, a, plan[-1:], norm)


for _suffix, _axes in (("2", (-2, -1)), ("n", None)):
    _in_several(f"fft{_suffix}", _axes, lambda a, plan, norm: _over(np.fft.fft, a, plan, norm))
    _in_several(f"ifft{_suffix}", _axes, lambda a, plan, norm: _over(np.fft.ifft, a, plan, norm))
    _in_several(f"rfft{_suffix}", _axes, _rfftn)
    _in_several(f"irfft{_suffix}", _axes, _irfftn)


def _shift(function: Callable[..., Any], by: Callable[[int], int]) -> None:
    def shifted(x: Any, axes: Any = None) -> Any:
        axes = tuple(range(x.ndim)) if axes is None else tuple(np.atleast_1d(axes).tolist())
        return np.roll(x, tuple(by(x.shape[axis]) for axis in axes), axes)

    implements(function)(shifted)


_shift(np.fft.fftshift, lambda n: n // 2)
_shift(np.fft.ifftshift, lambda n: -(n // 2))
