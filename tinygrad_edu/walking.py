"""The walk back over the recorded gates: downstream = local gradient × upstream, summed where ways meet.

`walk`, with `passed_down`: what one gate passes to its inputs. It reads the record and so knows Values by their base.
Builds on `downstream`, `modes` and `operators`.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, cast

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
    sums: "set[Value] | None" = None,
) -> "dict[Value, Any]":
    """Gradient of `root` by every value it was made from, in the order the gates are visited: newest first.

    Every value is newer than its inputs, so the serial number alone gives a topological order, without recursion.
    With `leaves_only` a gradient is let go once its gate has used it. With `wrt` the walk ends at these values.
    `watch(node, position, upstream, downstream)` is called for each input a gate passes a gradient to. `sums` is
    filled with the values whose gradient is an array that was made here: more is added to it in place.
    """
    watch = watch or getattr(current_mode().trace, "watch", None)
    plain = not (create_graph or wrt or watch)
    gradients: dict[Value, Any] = {root: seed(root, gradient, create_graph)}
    waiting = {root.serial: root} if root.gate is not None and root not in wrt else {}
    order = [-serial for serial in waiting]
    oldest = min([v.serial for v in wrt], default=0)  # what is older than all of wrt depends on none of it
    idle: dict[Value, Array] = {}
    sums = set() if sums is None else sums
    while order:
        if not plain or idle:
            node = waiting.pop(-heappop(order))
        elif (node := walk_pairs(gradients, waiting, order, sums, leaves_only)) is None:
            break
        g = gradients.pop(node) if leaves_only else gradients[node]
        inputs, downs = passed_down(node, g, create_graph, oldest, wrt)
        for position, down in enumerate(downs):
            if down is None:
                continue
            x = inputs[position]
            down = fitted(down, x._data)
            if idle or node.gate.idle:  # type: ignore[union-attr]  # who waits has a gate
                down = without_idle(down, node, position, idle, x not in gradients)
            if watch is not None:
                watch(node, position, g, down)
            if x in gradients:
                _add(x, down, gradients, sums)
                continue
            gradients[x] = down
            if x.gate is not None and x not in wrt:
                waiting[x.serial] = x
                heappush(order, -x.serial)
    return gradients


def _add(x: "Value", down: Any, gradients: "dict[Value, Any]", sums: "set[Value]") -> None:
    """Sum where ways meet, in place once the sum is an array of the walk's own."""
    before = gradients[x]
    if x in sums and type(before) is type(down) is np.ndarray:
        before += down
        return
    gradients[x] = total = before + down
    if type(total) is np.ndarray:
        sums.add(x)


def walk_pairs(
    gradients: "dict[Value, Any]", waiting: "dict[int, Value]", order: list[int], sums: "set[Value]", leaves_only: bool
) -> Any:
    """Go on while gates have two Values and no settings; the first node that is another, or None at the end.

    Nearly all gates of a graph of single numbers are such: what `walk` does is spelled out here for speed.
    """
    known, take = gradients.get, gradients.pop if leaves_only else gradients.__getitem__
    while order:
        node = waiting.pop(-heappop(order))
        if node._inputs is not None or node.gate.idle:  # type: ignore[union-attr]
            return node
        x, y, serial = node._x, node._y, node.serial
        if x.serial > serial or y.serial > serial:
            raise stale(node, x if x.serial > serial else y)
        down = None  # let go of the last one before memory for the next is asked for
        g, out, a, b = take(node), node._data, x._data, y._data
        by_x, by_y = node.gate.derivatives  # type: ignore[union-attr]
        if x.requires_grad:
            down = by_x(g, out, a, b)
            if type(down) is not _scalar or type(a) is not _scalar:
                down = fitted(down, a)
            if (before := known(x)) is None:
                gradients[x] = down
                if x.gate is not None:
                    waiting[serial := x.serial] = x
                    heappush(order, -serial)
            elif type(before) is _scalar:
                gradients[x] = before + down
            else:
                _add(x, down, gradients, sums)
        if y.requires_grad:
            down = by_y(g, out, a, b)
            if type(down) is not _scalar or type(b) is not _scalar:
                down = fitted(down, b)
            if (before := known(y)) is None:
                gradients[y] = down
                if y.gate is not None:
                    waiting[serial := y.serial] = y
                    heappush(order, -serial)
            elif type(before) is _scalar:
                gradients[y] = before + down
            else:
                _add(y, down, gradients, sums)
    return None


Passed = tuple[tuple[Any, ...], Sequence[Any]]  # the inputs of a gate, and the downstream gradient of each


def passed_down(node: "Value", g: Any, create_graph: bool, oldest: int, wrt: "frozenset[Value]") -> Passed:
    """What a gate passes to each of its inputs, None where nothing is needed: as Values with `create_graph`."""
    inputs, settings, gate, args = node.inputs, node.settings, cast(Any, node.gate), []
    for x in inputs:
        if isinstance(x, Operators):
            if x.serial > node.serial:
                raise stale(node, x)
            args.append(x if create_graph else x._data)
        else:
            args.append(x)
    out, derivatives, downs = node if create_graph else node._data, gate.derivatives_of(len(inputs)), []
    for position, x in enumerate(inputs):
        needed = isinstance(x, Operators) and x.requires_grad and (x.serial >= oldest or x in wrt)
        downs.append(derivatives[position](g, out, *args, **settings) if needed else None)
    return inputs, downs
