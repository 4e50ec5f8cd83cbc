"""Downstream gradients made to fit the inputs they go to: shape, dtype, and what was not used.

`fitted` · `unbroadcast` · `without_idle` · `given_gradient`. The one place that undoes broadcasting. Builds on
`errors` and `operators`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ShapeError
from .operators import GATES, Operators

if TYPE_CHECKING:
    from .engine import Value

__all__ = ["fitted", "given_gradient", "unbroadcast", "without_idle"]


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Bring an upstream gradient back to the shape of an input that was broadcast: sum over the axes it grew along."""
    grown = g.ndim - len(shape)
    lengths = g.shape[grown:] if grown >= 0 else ()
    if grown < 0 or any(n not in (1, m) for n, m in zip(shape, lengths, strict=True)):
        return GATES["broadcast_to"](g, shape=shape)
    stretched = [grown + i for i, n in enumerate(shape) if n == 1 != lengths[i]]
    return g.sum(axis=(*range(grown), *stretched)).reshape(shape)


def fitted(g: Any, data: Any) -> Any:
    """A downstream gradient with the shape and dtype of the input it belongs to."""
    if not isinstance(g, Operators | np.ndarray | np.generic):
        g = np.asarray(g, data.dtype)
    if g.shape != data.shape:
        g = unbroadcast(g, data.shape)
    if g.dtype != data.dtype:
        g = GATES["astype"](g, dtype=data.dtype)
    return g[()] if type(g) is np.ndarray and not g.ndim else g


def without_idle(down: Any, node: "Value", position: int, idle: "dict[Value, Any]", first: bool) -> Any:
    """`down` with 0 where the input was not used: np.where(x > 0, log(x), 0) must not turn 0 · inf into nan at x = 0.

    An element that `where` did not choose stays unused through the elementwise gates behind it. `idle` holds the masks
    of the walk; `first` says that no other gradient reached this input yet (one that did, and uses it, ends the mask).
    """
    gate, x = node.gate, node.inputs[position]
    mask = None
    if gate is not None and position in gate.idle:
        mask = gate.idle[position](*[getattr(i, "_data", i) for i in node.inputs])
    elif gate is not None and gate.elementwise:
        mask = idle.get(node)
    if mask is None or mask.shape != x.shape:
        idle.pop(x, None)
        return down
    if first or x in idle:
        idle[x] = mask if first else mask & idle[x]
    if x.shape:
        return np.where(mask, 0, down)
    return down * 0 if mask and np.isfinite(getattr(down, "_data", down)) else x.dtype.type(0) if mask else down


def given_gradient(gradient: Any, value: "Value") -> Any:
    """A gradient the caller gives for `value`, as an array (or Value) of its shape and dtype."""
    if isinstance(gradient, Operators):
        shape = gradient.shape
    else:
        gradient = np.asarray(gradient)
        shape = gradient.shape
        gradient = gradient.astype(value.dtype, copy=True)[()]
    if shape == value.shape:
        return gradient
    if shape == ():
        return np.full(value.shape, gradient, value.dtype)
    raise ShapeError(f"{value.label}: a gradient of shape {shape} does not fit a value of shape {value.shape}")
