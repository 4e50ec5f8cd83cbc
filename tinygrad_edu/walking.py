"""The walk back over the recorded gates: downstream = local gradient × upstream, summed where ways meet.

`walk`, with `passed_down`: what one gate passes to its inputs. It reads the record and so knows Values by their base.
Builds on `downstream`, `modes` and `operators`.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush, heappushpop
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from .downstream import fitted, seed, stale, without_idle
from .modes import current_mode
from .operators import Operators

if TYPE_CHECKING:
    from .engine import Value

__all__ = ["passed_down", "walk"]

Array = Any  # an ndarray, or a NumPy scalar where the shape is ()
_scalar, _array = np.float64, np.ndarray


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
    plain = not (create_graph or watch or any(v.gate for v in wrt))  # a walk that ends at leaves ends by itself
    gradients: dict[Value, Any] = {root: seed(root, gradient, create_graph)}
    waiting = {root.serial: root} if root.gate is not None and root not in wrt else {}
    order = [-serial for serial in waiting]
    oldest = min([v.serial for v in wrt], default=0)  # what is older than all of wrt depends on none of it
    idle: dict[Value, Array] = {}
    sums = set() if sums is None else sums
    while order:
        node = waiting.pop(-heappop(order))
        if plain and not idle:
            node = walk_plain(node, gradients, waiting, order, sums, leaves_only, oldest)
            if node is None:
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
    if x in sums and type(before) is type(down) is _array:
        before += down
        return
    gradients[x] = total = before + down
    if type(total) is _array:
        sums.add(x)


def walk_plain(
    node: Any,
    gradients: "dict[Value, Any]",
    waiting: "dict[int, Value]",
    order: list[int],
    sums: "set[Value]",
    leaves_only: bool,
    oldest: int,
) -> Any:
    """Go on from `node` while no gate leaves inputs idle; the first node whose gate does, or None at the end."""
    while node is not None:
        if node._inputs is None:
            node = walk_pairs(node, gradients, waiting, order, sums, leaves_only, oldest)
        elif node.gate.idle:
            break
        else:
            g = gradients.pop(node) if leaves_only else gradients[node]
            node = pass_on(node, g, gradients, waiting, order, sums, oldest)
    return node


def walk_pairs(
    node: Any,
    gradients: "dict[Value, Any]",
    waiting: "dict[int, Value]",
    order: list[int],
    sums: "set[Value]",
    leaves_only: bool,
    oldest: int,
) -> Any:
    """Go on from `node` while gates have two Values and no settings; the first node that is another, or None.

    Nearly all gates of a graph of single numbers are such: what `pass_on` does is spelled out for them, for each input
    by itself, since a call for each takes a seventh more.
    """
    known, take = gradients.get, gradients.pop if leaves_only else gradients.__getitem__
    while node is not None and node._inputs is None:
        x, y, serial = node._x, node._y, node.serial
        if x.serial > serial or y.serial > serial:
            raise stale(node, x if x.serial > serial else y)
        g, (by_x, by_y), out = take(node), node.gate.derivatives, node._data
        a, b = x._data, y._data
        node = dx = dy = None  # the last gradients are let go before memory for the next is asked for
        if x.requires_grad and x.serial >= oldest:
            dx = by_x(g, out, a, b)
            if type(dx) is not type(a) or (type(a) is _array and (dx.dtype is not a.dtype or dx.shape != a.shape)):
                dx = fitted(dx, a)
            if (before := known(x)) is None:
                gradients[x] = dx
                node = x if x.gate is not None else None
            elif type(before) is _scalar:
                gradients[x] = before + dx
            elif x in sums:
                before += dx
            else:
                _add(x, dx, gradients, sums)
        if y.requires_grad and y.serial >= oldest:
            dy = by_y(g, out, a, b)
            if type(dy) is not type(b) or (type(b) is _array and (dy.dtype is not b.dtype or dy.shape != b.shape)):
                dy = fitted(dy, b)
            if (before := known(y)) is None:
                gradients[y] = dy
                if y.gate is not None:
                    if node is not None:
                        _wait(node, waiting, order)
                    node = y
            elif type(before) is _scalar:
                gradients[y] = before + dy
            elif y in sums:
                before += dy
            else:
                _add(y, dy, gradients, sums)
        if node is None or (order and -node.serial > order[0]):
            node = _newest(node, waiting, order)
    return node


def _wait(node: "Value", waiting: "dict[int, Value]", order: list[int]) -> None:
    """Have a node wait for its turn."""
    waiting[node.serial] = node
    heappush(order, -node.serial)


def _newest(node: "Value | None", waiting: "dict[int, Value]", order: list[int]) -> "Value | None":
    """The newest of `node` and those that wait; None if there is none."""
    if node is None:
        return waiting.pop(-heappop(order)) if order else None
    waiting[node.serial] = node
    return waiting.pop(-heappushpop(order, -node.serial))


def pass_on(
    node: Any,
    g: Any,
    gradients: "dict[Value, Any]",
    waiting: "dict[int, Value]",
    order: list[int],
    sums: "set[Value]",
    oldest: int,
) -> "Value | None":
    """Add what a gate passes down to what its inputs have got from others; the node to go on with."""
    inputs, settings, serial, gate, args = node._inputs, node.settings, node.serial, node.gate, [g, node._data]
    for x in inputs:
        if isinstance(x, Operators):
            if x.serial > serial:
                raise stale(node, x)
            args.append(x._data)
        else:
            args.append(x)
    after: Any = None
    ways = gate.derivatives if gate.variadic is None else gate.derivatives_of(len(inputs))
    for x, derivative in zip(inputs, ways, strict=False):
        needed = isinstance(x, Operators) and x.requires_grad and x.serial >= oldest
        if needed:
            down = derivative(*args, **settings) if settings else derivative(*args)
            if type(down) is not _scalar or type(x._data) is not _scalar:
                down = fitted(down, x._data)
            if x in gradients:
                _add(x, down, gradients, sums)
                continue
            gradients[x] = down
            if x.gate is not None:
                if after is not None:
                    _wait(after, waiting, order)
                after = x
    return after if after is not None and (not order or -after.serial < order[0]) else _newest(after, waiting, order)


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
    out, downs = node if create_graph else node._data, []
    ways = gate.derivatives if gate.variadic is None else gate.derivatives_of(len(inputs))
    for x, derivative in zip(inputs, ways, strict=False):
        needed = isinstance(x, Operators) and x.requires_grad and (x.serial >= oldest or x in wrt)
        downs.append(derivative(g, out, *args, **settings) if needed else None)
    return inputs, downs
