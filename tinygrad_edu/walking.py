"""The walk back over the recorded gates: downstream = local gradient × upstream, summed where ways meet.

`walk`, with `passed_down`: what one gate passes to its inputs. It reads the record and so knows Values by their base.
Builds on `downstream`, `modes` and `operators`.
"""

from collections.abc import Callable, Sequence
from heapq import heappop, heappush, heappushpop
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from .downstream import fitted, seed, stale, times_first, times_second, unchanged, without_idle
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
    state = State(gradients, waiting, order, sums, leaves_only, oldest)
    while order:
        node = waiting.pop(-heappop(order))
        if plain and not idle:
            node = walk_plain(node, state)
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


class State(NamedTuple):
    """Where a walk stands."""

    gradients: "dict[Value, Any]"
    waiting: "dict[int, Value]"  # whose turn is to come, by serial number
    order: list[int]  # these numbers, negative, as a heap
    sums: "set[Value]"
    leaves_only: bool
    oldest: int  # what is older needs no gradient


def walk_plain(node: Any, state: State) -> Any:
    """Go on from `node` while no gate leaves inputs idle; the first node whose gate does, or None at the end."""
    take = state.gradients.pop if state.leaves_only else state.gradients.__getitem__
    while node is not None:
        if node._x is not None:
            node = walk_direct(node, state)
        elif node.gate.idle:
            break
        else:
            node = pass_on(node, take(node), state)
    return node


def walk_direct(node: Any, state: State) -> Any:
    """Go on from `node` while gates have one or two Values and no settings; the first node that is another, or None.

    Nearly all gates of a graph of single numbers are such: all that `pass_on` does is spelled out for them in one loop
    over each input by itself, since a call for each input takes a seventh more. Who is next is handed its gradient, and
    one of those who wait is `held` outside the heap: in a sum of products that is always the sum so far.
    """
    gradients, waiting, order, sums, leaves_only, oldest = state
    known, take = gradients.get, gradients.pop if leaves_only else gradients.__getitem__
    g, held, newest = take(node), None, -order[0] if order else 0
    while (x := node._x) is not None:
        y, serial, gate, out, a, fits = node._y, node.serial, node.gate, node._data, x._data, False
        after: Any = None
        dx = dy = None  # the last gradients are let go before memory for the next is asked for
        if x.serial > serial or (y is not None and y.serial > serial):
            raise stale(node, x if x.serial > serial else y)
        if y is None:
            dx = gate.derivatives[0](g, out, a) if x.requires_grad and x.serial >= oldest else None
        else:
            (by_x, by_y), b = gate.derivatives, y._data
            fits = gate.alike and (type(a) is type(b) is _scalar or (a.dtype is b.dtype and a.shape == b.shape))
            if x.requires_grad and x.serial >= oldest:
                dx = g if by_x is unchanged else g * b if by_x is times_second else by_x(g, out, a, b)
            if y.requires_grad and y.serial >= oldest:
                dy = g if by_y is unchanged else g * a if by_y is times_first else by_y(g, out, a, b)
        if dx is not None:
            dx = dx if fits or type(dx) is type(a) is _scalar else fitted(dx, a)
            if (before := known(x)) is None:
                after = x if x.gate is not None else None
                if after is None or not leaves_only:
                    gradients[x] = dx
            elif type(before) is _scalar:
                gradients[x] = before + dx
            elif x in sums:
                before += dx
            else:
                _add(x, dx, gradients, sums)
        if dy is not None:
            dy = dy if fits else fitted(dy, b)
            if y is after:
                dx = dx + dy
                if not leaves_only:
                    gradients[y] = dx
            elif (before := known(y)) is None:
                if y.gate is None or not leaves_only:
                    gradients[y] = dy
                if y.gate is not None and after is None:
                    after, dx = y, dy
                elif y.gate is not None:
                    other, after, dx, dy = (after, y, dy, dx) if y.serial > after.serial else (y, after, dx, dy)
                    gradients[other] = dy
                    if held is not None:
                        held, other = (held, other) if held.serial > other.serial else (other, held)
                        newest = _wait(other, waiting, order)
                    else:
                        held = other
            elif type(before) is _scalar:
                gradients[y] = before + dy
            elif y in sums:
                before += dy
            else:
                _add(y, dy, gradients, sums)
        if held is not None and (after is None or held.serial > after.serial):
            if after is not None:
                gradients[after] = dx
            after, held = held, after
            dx = take(after)
        if after is None or after.serial < newest:
            if after is not None:
                gradients[after] = dx
            after = _newest(after, waiting, order)
            if after is None:
                return None
            dx, newest = take(after), -order[0] if order else 0
        node, g = after, dx
    gradients[node] = g
    if held is not None:
        _wait(held, waiting, order)
    return node


def _wait(node: "Value", waiting: "dict[int, Value]", order: list[int]) -> int:
    """Have a node wait for its turn; the serial number of the newest that waits."""
    waiting[node.serial] = node
    heappush(order, -node.serial)
    return -order[0]


def _newest(node: "Value | None", waiting: "dict[int, Value]", order: list[int]) -> "Value | None":
    """The newest of `node` and those that wait; None if there is none."""
    if node is None:
        return waiting.pop(-heappop(order)) if order else None
    waiting[node.serial] = node
    return waiting.pop(-heappushpop(order, -node.serial))


def pass_on(node: Any, g: Any, state: State) -> "Value | None":
    """Add what a gate passes down to what its inputs have got from others; the node to go on with."""
    gradients, waiting, order, sums, _, oldest = state
    inputs, settings, serial, gate, args = node._y, node.settings, node.serial, node.gate, [g, node._data]
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
