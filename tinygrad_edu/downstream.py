"""Downstream gradients made to fit the inputs they go to: shape, dtype, and what was not used.

`conjugate` · `fitted` · `unbroadcast` (the one place that undoes broadcasting) · `without_idle` · `given_gradient` ·
`unchanged`, `times_first` and `times_second` · `apart` and `placed` (where a leaf keeps its gradient) · `seed` ·
`stale`. Builds on `arrays`, `errors` and `operators`.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import locked
from .errors import GraphError, ShapeError, StaleGraphError
from .modes import current_mode
from .operators import GATES, Operators

if TYPE_CHECKING:
    from .engine import Value

__all__ = [
    "apart",
    "conjugate",
    "fitted",
    "given_gradient",
    "placed",
    "seed",
    "stale",
    "times_first",
    "times_second",
    "unbroadcast",
    "unchanged",
    "without_idle",
]


def unchanged(g: Any, *_: Any) -> Any:
    """The derivative of a sum. The walk knows it and the next two by name and spares itself the calls."""
    return g


def times_second(g: Any, _out: Any, _x: Any, y: Any) -> Any:
    """The derivative of a product by its first factor."""
    return g * y


def times_first(g: Any, _out: Any, x: Any, _y: Any) -> Any:
    """The derivative of a product by its second factor."""
    return g * x


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Bring an upstream gradient back to the shape of an input that was broadcast: sum over the axes it grew along."""
    grown = g.ndim - len(shape)
    if type(g) is np.ndarray and g.shape[grown:] == shape:  # a bias, nearly always
        return np.add.reduce(g, tuple(range(grown)))
    lengths = g.shape[grown:] if grown >= 0 else ()
    if grown < 0 or any(n not in (1, m) for n, m in zip(shape, lengths, strict=True)):
        return GATES["broadcast_to"](g, shape=shape)
    stretched = [grown + i for i, n in enumerate(shape) if n == 1 != lengths[i]]
    return g.sum(axis=(*range(grown), *stretched)).reshape(shape)


_REAL = np.dtype(np.float64)


def conjugate(g: Any) -> Any:
    """The complex conjugate, which a real array (or None) is already.

    A walk passes on g · f'(z), which changes the output by Re(gradient · dz). The gradient of a complex value that a
    caller gives or gets is the conjugate of it, the direction of steepest ascent: ∂/∂x + i ∂/∂y for z = x + iy.
    """
    return np.conj(g) if getattr(g, "dtype", _REAL).kind == "c" else g


def fitted(g: Any, data: Any) -> Any:
    """A downstream gradient with the shape and dtype of the input it belongs to."""
    if (type(g) is type(data) or isinstance(g, Operators)) and g.shape == data.shape and g.dtype is data.dtype:
        return g
    if not isinstance(g, Operators | np.ndarray | np.generic):
        g = np.asarray(g, data.dtype)
    if g.shape != data.shape:
        g = unbroadcast(g, data.shape)
    if g.dtype.kind == "c" != data.dtype.kind:  # a real number can't move along the imaginary axis
        g = np.positive(np.real(g))  # a view would keep the imaginary half alive
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
        inputs = node.inputs if current_mode().trace else [getattr(i, "_data", i) for i in node.inputs]
        mask = gate.idle[position](*inputs)
    elif gate is not None and gate.elementwise:
        mask = idle.get(node)
    if mask is None or mask.shape != x.shape:
        idle.pop(x, None)
        return down
    if first or x in idle:
        idle[x] = mask if first else mask & idle[x]
    if x.shape or isinstance(mask, Operators):
        return np.where(mask, 0, down)
    return down * 0 if mask and np.isfinite(getattr(down, "_data", down)) else x.dtype.type(0) if mask else down


def given_gradient(gradient: Any, value: "Value", *, copy: bool = True) -> Any:
    """A gradient the caller gives for `value`, as an array (or Value) of its shape and dtype."""
    if isinstance(gradient, Operators):
        shape = gradient.shape
    else:
        gradient = np.asarray(gradient)
        shape = gradient.shape
        gradient = gradient.astype(value.dtype, copy=copy)[()]
    if shape == value.shape:
        return gradient
    if shape == ():
        return np.full(value.shape, gradient, value.dtype)
    raise ShapeError(f"{value.label}: a gradient of shape {shape} does not fit a value of shape {value.shape}")


def apart(gradient: Any, given: Any) -> Any:
    """A gradient as it is, or a copy if it lies in the memory of what the caller gave, and may write to."""
    arrays = type(gradient) is type(given) is np.ndarray
    return gradient.copy() if arrays and np.may_share_memory(gradient, given) else gradient


def placed(leaf: "Value", gradient: Any, own: bool = False) -> Any:
    """A leaf's gradient where it is kept: in the room that an optimiser made for it, else as it came.

    It is locked unless it is the leaf's `own`: an array that nothing else looks at, which readers get without a copy.
    """
    if type(gradient) is not np.ndarray:
        return gradient
    room = getattr(leaf, "_room", None)
    if room is None or (room.shape, room.dtype) != (gradient.shape, gradient.dtype):
        return gradient if own else locked(gradient)
    room[...] = gradient
    return room


def seed(root: "Value", gradient: Any, create_graph: bool) -> Any:
    """The upstream gradient a walk starts with: 1 for one element, else what the caller gives."""
    if not root.requires_grad:
        raise GraphError(f"{root.label} has no graph: none of the leaves it was made from requires a gradient")
    if gradient is None:
        if root.size != 1:
            raise GraphError(
                f"{root.label} is not a scalar: call backward(gradient) with an array of its shape, or on v.sum()"
            )
        if root.dtype.kind == "c":
            raise GraphError(
                f"{root.label} is complex: call backward on np.real(v), np.imag(v) or np.abs(v), which have a "
                "gradient, or backward(gradient) with a complex number"
            )
        if not root.shape:
            return root.dtype.type(1)
        gradient = np.ones(root.shape, root.dtype)
    gradient = given_gradient(gradient, root, copy=False)
    return gradient if create_graph or not isinstance(gradient, Operators) else gradient.data


def stale(node: "Value", leaf: Operators) -> StaleGraphError:
    """The error for a leaf that is newer than the gate that recorded it."""
    return StaleGraphError(
        f"{leaf.label} was changed after gate {node.gate} recorded it: the gradient at the old values is gone. "
        "Run the forward computation again, or call backward before the update"
    )
