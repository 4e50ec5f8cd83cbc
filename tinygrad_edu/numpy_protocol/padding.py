"""np.pad on Values: surround with a constant, a ramp, a statistic, or with elements from elsewhere.

Builds on `registry` and `picking`.
"""

from typing import Any

import numpy as np

from ..gates import picking
from .registry import Function, front, implements, part, refuse

__all__: list[str] = []  # entered in the registry, called by NumPy's own names

_STATISTICS: dict[str, Function] = {"maximum": np.max, "mean": np.mean, "median": np.median, "minimum": np.min}


@implements(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    """All of NumPy's modes but "empty", a function, and odd reflections."""
    if isinstance(pad_width, dict):
        named = {front(axis, array.ndim): width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(named.get(axis, 0), 2).tolist() for axis in range(array.ndim)]
    if mode in _STATISTICS:
        return _by_strips(array, pad_width, _statistic(_STATISTICS[mode]), options.pop("stat_length", None), options)
    if mode == "linear_ramp":
        return _by_strips(array, pad_width, _ramp, options.pop("end_values", 0), options)
    fill = options.pop("constant_values", 0)
    refuse("pad", reflect_type=None if options.pop("reflect_type", "even") == "even" else "odd", **options)
    return picking.pad(array, pad_width, mode=mode, constant_values=fill)


def _by_strips(x: Any, widths: Any, strip: Function, option: Any, others: dict[str, Any]) -> Any:
    """Along one axis after the other: a strip before, one after; a corner is made from the strips before it."""
    refuse("pad", **others)
    widths = np.broadcast_to(np.asarray(widths, int), (x.ndim, 2)).tolist()
    options = np.broadcast_to(np.asarray(option), (x.ndim, 2)).tolist()
    for axis, ((before, after), (first, last)) in enumerate(zip(widths, options, strict=True)):
        turned = np.flip(x, axis)
        strips = [strip(x, axis, before, first), x, np.flip(strip(turned, axis, after, last), axis)]
        x = np.concatenate(strips, axis)
    return x


def _statistic(measure: Function) -> Function:
    """A strip that repeats the mean, say, of the `length` elements next to it, of all by default."""

    def strip(x: Any, axis: int, width: int, length: Any) -> Any:
        found = measure(x[part(axis, 0, length)], axis=axis, keepdims=True)
        return np.broadcast_to(found, (*x.shape[:axis], width, *x.shape[axis + 1 :]))

    return strip


def _ramp(x: Any, axis: int, width: int, end: Any) -> Any:
    """A strip that goes in a straight line from `end` to the edge."""
    edge = x[part(axis, 0, 1)]
    steps = (np.arange(width) / max(width, 1)).astype(x.dtype)
    steps = steps.reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return end + (edge - end) * steps
