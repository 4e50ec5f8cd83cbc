"""The walk back over the recorded gates: downstream = local gradient × upstream, summed where ways meet.

`walk`, with `passed_down`: what one gate passes to its inputs. It reads the record and so knows Values by their base.
Builds on `downstream`, `modes` and `operators`.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import numpy as np

from .downstream import fitted, seed, stale, without_idle
from .modes import current_mode
from .operators import Operators

if TYPE_CHECKING:
    from .engine import Value

__all__ = ["passed_down", "walk"]

Array = Any  # an ndarray, or a NumPy scalar where the shape is ()
_scalar = np.float64


def walk(
    root: "Value",
    gradient: Any = None,
    *,
    create_graph: bool = False,
    leaves_only: bool = False,
    wrt: "frozenset[Value]" = frozenset(),
    watch: "Callable[[Value, int, Any, Any], None] | None" = None,
) -> "dict[Value, Any]":
    """Gradient of `root` by every value it was made from, in the order the gates are visited: newest first.

    Every value is newer than its inputs, so the serial number alone gives a topological order, without recursion.
    With `leaves_only` a gradient is let go once its gate has used it. With `wrt` the walk ends at these values.
    `watch(node, position, upstream, downstream)` is called for each input a gate passes a gradient to.
    """
    watch = watch or getattr(current_mode().trace, "watch", None)
    gradients: dict[Value, Any] = {root: seed(root, gradient, create_graph)}
    waiting = {root.serial: root} if root.gate is not None and root not in wrt else {}
    order = [-serial for serial in waiting]
    oldest = min([v.serial for v in wrt], default=0)  # what is older than all of wrt depends on none of it
    idle: dict[Value, Array] = {}
    sums: set[Value] = set()  # whose gradient is an array that was made here: more is added to it in place
    while order:
        node = waiting.pop(-heappop(order))
        g = gradients.pop(node) if leaves_only else gradients[node]
        gate: Any = node.gate
        if node._inputs is None and not (create_graph or wrt):
            inputs, downs = passed_to_pair(node, g)
        else:
            inputs, downs = passed_down(node, g, create_graph, oldest, wrt)
        for position, down in enumerate(downs):
            if down is None:
                continue
            x = inputs[position]
            data = x._data
            if type(down) is not type(data) or (
                type(down) is not _scalar and (down.shape != data.shape or down.dtype is not data.dtype)
            ):
                down = fitted(down, data)
            if idle or gate.idle:
                down = without_idle(down, node, position, idle, x not in gradients)
            if watch is not None:
                watch(node, position, g, down)
            if x not in gradients:
                gradients[x] = down
                if x.gate is not None and x not in wrt:
                    waiting[x.serial] = x
                    heappush(order, -x.serial)
            elif x in sums:
                gradients[x] += down
            else:
                gradients[x] = gradients[x] + down
                if type(down) is np.ndarray and not create_graph:  # a Value may follow, which no array adds in place
                    sums.add(x)
    return gradients


Passed = tuple[tuple[Any, ...], Sequence[Any]]  # the inputs of a gate, and the downstream gradient of each


def passed_down(node: "Value", g: Any, create_graph: bool, oldest: int, wrt: "frozenset[Value]") -> Passed:
    """What a gate passes to each of its inputs, None where nothing is needed: as Values with `create_graph`."""
    inputs, settings = node.inputs, node.settings
    gate: Any = node.gate
    for x in inputs:
        if isinstance(x, Operators) and x.serial > node.serial:
            raise stale(node, x)
    out: Any = node if create_graph else node._data
    args = inputs if create_graph else [x._data if isinstance(x, Operators) else x for x in inputs]
    return inputs, [
        derivative(g, out, *args, **settings)
        if isinstance(x, Operators) and x.requires_grad and (x.serial >= oldest or x in wrt)
        else None
        for x, derivative in zip(inputs, gate.derivatives_of(len(inputs)), strict=True)
    ]


def passed_to_pair(node: "Value", g: Any) -> Passed:
    """The same for two Values and no settings, spelled out: nearly all gates of a graph of single numbers."""
    x, y, gate = node._x, node._y, node.gate
    if x.serial > node.serial or y.serial > node.serial:
        raise stale(node, x if x.serial > node.serial else y)
    by_x, by_y = gate.derivatives_of(2)  # type: ignore[union-attr]  # who has inputs has a gate
    out, a, b = node._data, x._data, y._data
    return (x, y), (
        by_x(g, out, a, b) if x.requires_grad else None,
        by_y(g, out, a, b) if y.requires_grad else None,
    )
